"""The machine sees a broken rule: each of the catalogue is caught, and the domain passes with the same budget."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.lifecycle.broken_rules import CATALOGUE
from tests.domain.lifecycle.machine import Lifecycle
from tests.domain.lifecycle.profiles import PROFILES
from tests.domain.lifecycle.walks import walk

if TYPE_CHECKING:
    from tests.domain.lifecycle.broken_rules import BrokenRule

BY_HAND = os.environ.get("HYPOTHESIS_PROFILE") != "short"
"""A mutation run (`short`) breaks rules by itself, and needs no catalogue."""
BUDGET = 400 if BY_HAND else 60
"""Walks for each kind of gateway."""
EASY = ("the_system_may_ask", "doubt_is_written_after_the_call", "the_lease_is_shorter_than_the_call",
        "a_late_answer_is_dropped", "a_late_answer_is_only_noted", "each_attempt_has_a_new_reference",
        "a_claim_leaves_no_trace", "the_reason_is_the_one_of_the_click", "sent_again_when_the_lease_ran_out",
        "a_hint_closes_without_a_look", "included_again_after_it_was_gone", "guards_run_only_once")  # fmt: skip
"""Caught by the machine within a moment too; the others take it more examples than a day's run has."""


def walk_all() -> None:
    """Walk the whole budget; the seeds are the same every time."""
    for seed in range(BUDGET):
        for profile in PROFILES:
            walk(profile, seed)


def test_the_domain_as_it_is_passes() -> None:
    walk_all()


def test_the_catalogue_names_each_rule_once() -> None:
    names = [broken.name for broken in CATALOGUE]
    assert len(set(names)) == len(names) >= 14
    assert set(EASY) <= set(names)


if BY_HAND:

    @pytest.mark.parametrize("broken", CATALOGUE, ids=lambda broken: broken.name)
    def test_a_broken_rule_is_caught_with_the_same_budget(broken: BrokenRule, monkeypatch: pytest.MonkeyPatch) -> None:
        broken.break_it(monkeypatch)
        with pytest.raises(AssertionError):
            walk_all()

    @pytest.mark.parametrize("broken", [each for each in CATALOGUE if each.name in EASY], ids=lambda each: each.name)
    def test_the_machine_itself_catches_a_broken_rule(broken: BrokenRule, monkeypatch: pytest.MonkeyPatch) -> None:
        broken.break_it(monkeypatch)
        bounded = settings(
            max_examples=1_000,
            stateful_step_count=50,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        with pytest.raises(AssertionError):
            run_state_machine_as_test(Lifecycle, settings=bounded)
