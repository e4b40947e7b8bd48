"""Short drills of the agreement, and drills without a rule, which must report harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agreement_drill.changes import CHANGES
from tests.agreement_drill.differences import DIFFERENCES, UNCONFIRMED
from tests.agreement_drill.drill import Drill
from tests.agreement_drill.switches import without_rule
from tests.agreement_drill.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agreement_drill.drill import Report
    from tests.postgresql import NewDatabase

pytestmark = pytest.mark.drill
HARM = {
    "lag": "unnamed",
    "two_readings": "unexplained",
    "balance_fell": "removed_owed",
    "second_copy": "removed_owed",
    "unapplied_entries": "unnamed",
    "brake": "beyond_brake",
    "unconfirmed": "standing_settled",
    "look_up_before_absence": "unexplained",
    "suspect_list": "unexplained",
    "instant_of_the_list": "unexplained",
    "reopened": "unnamed",
    "account": "unnamed",
    "held": "unnamed",
    "five_years": "unnamed",
    "all_of_a_group": "removed_owed",
}
"""What the audit finds where a rule is switched off."""
_SEEDS = {"all_of_a_group": 8}
"""A group goes only as a whole where the seed is even."""


def drill(url: str, *, size: int, seed: int) -> Report:
    with World(url, seed, size) as world:
        return Drill(world).run()


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'drill.sqlite'}"


def test_sides_that_drifted_apart_agree_or_are_named_on_sqlite(tmp_path: Path) -> None:
    report = drill(sqlite(tmp_path), size=150, seed=3)
    assert report.is_clean, report.findings
    assert report.counts["removed"] > 40


@pytest.mark.postgresql
def test_sides_that_drifted_apart_agree_or_are_named_on_postgresql(new_database: NewDatabase) -> None:
    report = drill(new_database(), size=150, seed=6)
    assert report.is_clean, report.findings


@pytest.mark.parametrize(("rule", "harm"), HARM.items())
def test_drill_without_a_rule_reports_harm(tmp_path: Path, rule: str, harm: str) -> None:
    with without_rule(rule):
        report = drill(sqlite(tmp_path), size=100, seed=_SEEDS.get(rule, 7))
    assert report.findings.counts()[harm] >= 1, report.findings


def test_there_are_as_many_kinds_as_were_promised() -> None:
    assert len(CHANGES) >= 20
    assert len({*DIFFERENCES, *UNCONFIRMED}) >= 10
    assert len(HARM) >= 8
