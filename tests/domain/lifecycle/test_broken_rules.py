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

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
BUDGET = 60 if PROFILE == "short" else 500
"""Walks for each kind of gateway."""

_catalogue = pytest.mark.parametrize("broken", CATALOGUE, ids=lambda broken: broken.name)


def _walk_all() -> None:
    for seed in range(BUDGET):
        for profile in PROFILES:
            walk(profile, seed)


@pytest.mark.skipif(PROFILE == "short", reason="a mutation run breaks rules by itself")
@_catalogue
def test_a_broken_rule_is_caught(broken: BrokenRule, monkeypatch: pytest.MonkeyPatch) -> None:
    broken.break_it(monkeypatch)
    with pytest.raises(AssertionError):
        _walk_all()


def test_the_domain_as_it_is_passes_with_the_same_budget() -> None:
    _walk_all()


def test_the_catalogue_names_each_rule_once() -> None:
    assert len({broken.name for broken in CATALOGUE}) == len(CATALOGUE) >= 14


@pytest.mark.skipif(PROFILE != "thorough", reason="the walks do it every day; the machine itself under `thorough`")
@_catalogue
def test_the_machine_catches_it_too(broken: BrokenRule, monkeypatch: pytest.MonkeyPatch) -> None:
    broken.break_it(monkeypatch)
    bounded = settings(
        max_examples=10_000,
        stateful_step_count=50,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Lifecycle, settings=bounded)
