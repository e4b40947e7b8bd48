"""The model catches every rule mutant, and the domain passes with the same budget."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.lifecycle.machine import Lifecycle
from tests.domain.lifecycle.profiles import PROFILES
from tests.domain.lifecycle.random_walks import walk
from tests.domain.lifecycle.rule_mutants import MUTANTS

if TYPE_CHECKING:
    from tests.domain.lifecycle.rule_mutants import RuleMutant

RUNS_MUTANTS = os.environ.get("HYPOTHESIS_PROFILE") != "short"
"""A mutation run (`short`) makes mutants by itself, and needs none of these."""
BUDGET = 400 if RUNS_MUTANTS else 60
"""Walks for each kind of gateway."""


def walk_all() -> None:
    """Walk the whole budget; the seeds are the same every time."""
    for seed in range(BUDGET):
        for profile in PROFILES:
            walk(profile, seed)


def test_unchanged_domain_passes() -> None:
    walk_all()


def test_mutant_names_are_unique() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) == 43


if RUNS_MUTANTS:

    @pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
    def test_walks_catch_rule_mutant_with_the_same_budget(mutant: RuleMutant, monkeypatch: pytest.MonkeyPatch) -> None:
        mutant.apply(monkeypatch)
        with pytest.raises(AssertionError):
            walk_all()

    @pytest.mark.parametrize("mutant", [each for each in MUTANTS if each.is_obvious], ids=lambda each: each.name)
    def test_state_machine_catches_obvious_mutant(mutant: RuleMutant, monkeypatch: pytest.MonkeyPatch) -> None:
        mutant.apply(monkeypatch)
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
