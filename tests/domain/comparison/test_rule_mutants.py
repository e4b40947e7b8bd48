"""The comparison's model catches every rule mutant, and the domain passes with the same budget."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.comparison.rule_mutants import MUTANTS
from tests.domain.comparison.walks import walk, walk_all

if TYPE_CHECKING:
    from tests.domain.comparison.rule_mutants import RuleMutant

RUNS_MUTANTS = os.environ.get("HYPOTHESIS_PROFILE") != "short"
"""A mutation run (`short`) makes mutants by itself, and needs none of these."""
BUDGET = 2_000 if RUNS_MUTANTS else 300


def test_unchanged_domain_passes() -> None:
    walk_all(BUDGET)


@given(st.integers(0, 2**32))
def test_any_walk_passes(seed: int) -> None:
    walk(seed)


def test_mutant_names_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) == 45


if RUNS_MUTANTS:

    @pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
    def test_walks_catch_rule_mutant_with_the_same_budget(mutant: RuleMutant, monkeypatch: pytest.MonkeyPatch) -> None:
        mutant.apply(monkeypatch)
        with pytest.raises(AssertionError):
            walk_all(BUDGET)
