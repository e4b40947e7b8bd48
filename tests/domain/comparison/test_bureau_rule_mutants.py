"""The bureau's model catches every rule mutant, and the domain passes with the same budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.comparison.bureau_rule_mutants import BUREAU_MUTANTS
from tests.domain.comparison.bureau_walks import walk, walk_all
from tests.domain.comparison.test_rule_mutants import RUNS_MUTANTS

if TYPE_CHECKING:
    from tests.domain.comparison.rule_mutants import RuleMutant

BUDGET = 2_000 if RUNS_MUTANTS else 300


def test_unchanged_domain_passes() -> None:
    walk_all(BUDGET)


@given(st.integers(0, 2**32))
def test_any_walk_passes(seed: int) -> None:
    walk(seed)


def test_mutant_names_are_unique() -> None:
    assert len({mutant.name for mutant in BUREAU_MUTANTS}) == len(BUREAU_MUTANTS) == 21


if RUNS_MUTANTS:

    @pytest.mark.parametrize("mutant", BUREAU_MUTANTS, ids=lambda mutant: mutant.name)
    def test_walks_catch_rule_mutant_with_the_same_budget(mutant: RuleMutant, monkeypatch: pytest.MonkeyPatch) -> None:
        mutant.apply(monkeypatch)
        with pytest.raises(AssertionError):
            walk_all(BUDGET)
