"""Mutants of the rules about the bureau's answers: each breaks one, and the model must catch it."""

# ruff: noqa: ANN401 - a patch passes on whatever it is given
from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from credit_protection.application import answer_effects
from credit_protection.domain import bureau_answers, negativations
from credit_protection.domain.comparison import (
    answered,
    bureau_decisions,
    bureau_differences,
    bureau_records,
    bureau_side,
)
from credit_protection.domain.comparison.answered import AnswerShown
from credit_protection.domain.observations import answers, transitions
from tests.domain.comparison.rule_mutants import RuleMutant

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

BUREAU_MUTANTS: list[RuleMutant] = []


def _mutant(apply: Callable[[pytest.MonkeyPatch], None]) -> None:
    BUREAU_MUTANTS.append(RuleMutant(apply.__name__, apply))


def _replace(patch: pytest.MonkeyPatch, original: object, mutated: object) -> None:
    """Wherever it is used, in the domain and in the use cases."""
    modules = [module for name, module in sys.modules.items() if name.startswith("credit_protection.")]
    bindings = [(module, name) for module in modules for name, value in vars(module).items() if value is original]
    assert bindings
    for module, name in bindings:
        patch.setattr(module, name, mutated)


# ------------------------------------------------------------------------------------------------ not found


@_mutant
def not_found_closes_without_a_look_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "_removal_not_found", answers.not_found)


@_mutant
def not_found_counts_within_the_quiet_period(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "_too_early", lambda each, _until, context: transitions.removed(each, context.now, context))


@_mutant
def look_up_by_the_id_alone_closes(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, answer_effects.find_record, lambda gateway, key, _before: gateway.find(key))


@_mutant
def exit_without_proof_is_silent(patch: pytest.MonkeyPatch) -> None:
    removed = transitions.removed
    patch.setattr(answers, "removed", lambda each, at, context, **_: removed(each, at, context))


@_mutant
def exit_after_our_removal_is_shown(patch: pytest.MonkeyPatch) -> None:
    removed = transitions.removed
    patch.setattr(answers, "removed", lambda each, at, context, **_: removed(each, at, context, is_proven=False))


@_mutant
def lost_removal_explains_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "is_without_proof", lambda each: each.known_at is not None)


@_mutant
def unconfirmed_record_that_is_missing_is_closed(patch: pytest.MonkeyPatch) -> None:
    def closes(each: Any, context: Any) -> Any:
        return transitions.removed(replace(each, known_at=context.now), context.now, context)

    patch.setattr(answers, "_unconfirmed_missing", closes)


@_mutant
def unconfirmed_record_is_removed_unseen(patch: pytest.MonkeyPatch) -> None:
    sync = negativations.sync_transmission

    def hasty(each: Any, capabilities: Any, due_at: Any) -> Any:
        synced = sync(replace(each, is_unconfirmed=False), capabilities, due_at)
        return replace(synced, is_unconfirmed=each.is_unconfirmed)

    _replace(patch, sync, hasty)


@_mutant
def what_waits_for_a_person_is_not_shown(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, answered.shown_by_answer, lambda *_: AnswerShown())


@_mutant
def similar_contracts_are_not_named(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, bureau_records.near_references, lambda _: [])


# ------------------------------------------------------------------------------------------------ the list


@_mutant
def list_is_compared_within_the_quiet_period(patch: pytest.MonkeyPatch) -> None:
    compare = bureau_side.is_comparable
    _replace(patch, compare, lambda each, as_of, given: compare(each, as_of + given.quiet_period, given))


# ------------------------------------------------------------------------------------------------ other records


@_mutant
def another_persons_record_is_taken_for_ours(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, bureau_answers.is_another_person, lambda *_: False)


@_mutant
def record_under_another_id_is_taken_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "_STANDS", frozenset())


@_mutant
def one_duplicate_hides_the_others(patch: pytest.MonkeyPatch) -> None:
    duplicate = bureau_differences.duplicate
    _replace(patch, duplicate, lambda each, ids: duplicate(each, list(ids)[:1]))


@_mutant
def duplicates_are_removed_as_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bureau_decisions, "first_id", lambda theirs: theirs)


@_mutant
def duplicates_are_no_difference(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, bureau_side.other_id, lambda *_, **__: None)


# ------------------------------------------------------------------------------------------------ lists that miss


@_mutant
def one_list_closes_an_unknown_record(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, bureau_side.is_over, lambda *_, is_found, **__: not is_found)


@_mutant
def two_lists_at_once_close_an_unknown_record(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bureau_side, "LISTS_APART", timedelta(0))


@_mutant
def one_list_closes_a_duplicate_without_a_look_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bureau_side, "LOOKED_UP_FIRST", frozenset())


@_mutant
def duplicate_that_a_look_up_finds_is_closed(patch: pytest.MonkeyPatch) -> None:
    over = bureau_side.is_over
    _replace(patch, over, lambda *given, **more: over(*given, **{**more, "is_found": False}))


@_mutant
def unknown_record_that_is_gone_stays(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, bureau_side.is_over, lambda *_, **__: False)
