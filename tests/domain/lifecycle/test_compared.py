"""The life cycle with the sides compared: walks pass, Hypothesis finds nothing, and rule mutants are caught."""

# ruff: noqa: ANN401 - a patch passes on whatever it is given
from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain import negativations
from credit_protection.domain.comparison import bureau_side, entries, readings
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Change
from credit_protection.domain.observations import answers, transitions
from credit_protection.domain.settlements import SettlementKind
from credit_protection.domain.state_table import Observed
from tests.domain.lifecycle import random_walks, rule_mutants
from tests.domain.lifecycle.bureau import Delay, Plan
from tests.domain.lifecycle.compared_model import ComparedModel
from tests.domain.lifecycle.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.domain.lifecycle.profiles import Profile

RUNS_MUTANTS = os.environ.get("HYPOTHESIS_PROFILE") != "short"
BUDGET = 120 if RUNS_MUTANTS else 20
"""Walks for each kind of gateway."""


def _delete_and_regret(model: ComparedModel, random: Random) -> None:
    """A person deletes, a worker asks the bureau, and the person withdraws before the answer: few walks would."""
    position = random.randrange(4)
    model.lose(position)
    model.delete(position, None, "")
    model.pass_time(2)
    model.work(position, Plan.WORKS, Delay.NONE, answer_lost=False)
    model.withdraw(position)
    model.deliver(len(model.calls) - 1)
    model.work(position, Plan.WORKS, Delay.NONE, answer_lost=False)


STEPS: tuple[tuple[int, Callable[[ComparedModel, Random], None]], ...] = (
    (6, lambda model, _: model.read()),
    (3, lambda model, random: model.end_silently(random.randrange(3), random.randrange(5))),
    (3, lambda model, random: model.adopt(is_shown=random.random() < 0.3)),
    (1, lambda model, _: model.change_account()),
    (2, lambda model, random: model.lose(random.randrange(4))),
    (5, lambda model, _: model.reconcile()),
    (2, _delete_and_regret),
)
_ACTS: list[Callable[[ComparedModel, Random], None]] = [act for _, act in (*random_walks.STEPS, *STEPS)]
_WEIGHTS = [weight for weight, _ in (*random_walks.STEPS, *STEPS)]


def walk(profile: Profile, seed: int) -> None:
    random = Random(f"{profile.name}-{seed}")  # noqa: S311 - a repeatable walk, no secret
    model = ComparedModel(profile, customer_is_company=random.random() < 0.3)
    model.request(1, "OUT")
    model.confirm()
    for act in random.choices(_ACTS, _WEIGHTS, k=50):
        act(model, random)
    model.finish()


def walk_all() -> None:
    for seed in range(BUDGET):
        for profile in PROFILES:
            walk(profile, seed)


def test_unchanged_domain_passes() -> None:
    walk_all()


@given(st.sampled_from(PROFILES), st.integers(0, 2**32))
def test_any_walk_passes(profile: Profile, seed: int) -> None:
    walk(profile, seed)


def silent_end_is_missed(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(entries._KINDS, InvoiceStatus.IN_AGREEMENT)


def bad_debt_settles(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(entries._KINDS, InvoiceStatus.WRITTEN_OFF, SettlementKind.CANCELLATION)


def reading_writes_nothing(patch: pytest.MonkeyPatch) -> None:
    rule_mutants._replace(patch, entries.ledger_change, lambda *_, **__: entries.LedgerChange())


def reading_has_no_instant(patch: pytest.MonkeyPatch) -> None:
    own = entries._own
    rule_mutants._replace(patch, own, lambda *given: replace(own(*given), as_of=None))


def older_status_is_believed(patch: pytest.MonkeyPatch) -> None:
    merge = readings.merge

    def stubborn(stored: Any, reading: Any) -> Any:
        merged = merge(stored, reading)
        return merged if stored is None or merged is None else replace(merged, reading=stored.reading)

    rule_mutants._replace(patch, merge, stubborn)


def unconfirmed_record_that_is_missed_was_never_there(patch: pytest.MonkeyPatch) -> None:
    def absent(each: Any, context: Any) -> Change:
        return transitions.transition(
            replace(each, is_unconfirmed=False), Observed.ABSENT, context, EventKind.NOT_FOUND
        )

    rule_mutants._replace(patch, answers._unconfirmed_missing, absent)


def unconfirmed_record_is_removed_unseen(patch: pytest.MonkeyPatch) -> None:
    sync = negativations.sync_transmission

    def trusting(each: Any, *given: Any) -> Any:
        return replace(sync(replace(each, is_unconfirmed=False), *given), is_unconfirmed=each.is_unconfirmed)

    rule_mutants._replace(patch, sync, trusting)


def lost_record_is_not_shown(patch: pytest.MonkeyPatch) -> None:
    rule_mutants._replace(patch, bureau_side.missing, lambda *_: None)


def unconfirmed_record_is_called_gone(patch: pytest.MonkeyPatch) -> None:
    missing = bureau_side.missing
    rule_mutants._replace(
        patch, missing, lambda each, *near: missing(replace(each, known_at=each.known_at or each.created_at), *near)
    )


MUTANTS = (
    silent_end_is_missed,
    bad_debt_settles,
    reading_writes_nothing,
    reading_has_no_instant,
    older_status_is_believed,
    unconfirmed_record_that_is_missed_was_never_there,
    unconfirmed_record_is_removed_unseen,
    lost_record_is_not_shown,
    unconfirmed_record_is_called_gone,
)
if RUNS_MUTANTS:

    @pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
    def test_walks_catch_rule_mutant(
        mutant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mutant(monkeypatch)
        with pytest.raises(AssertionError):
            walk_all()
