"""The drill in its short form, and that it sees what it is for."""

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from credit_protection.domain.documents import Cpf, parse_document
from tests.drill.plan import Act, cpf, steps
from tests.postgresql import NewDatabase

pytestmark = [pytest.mark.drill, pytest.mark.xdist_group("drill")]
ROOT = Path(__file__).parents[2]
ZEROS = {"lost": 0, "paid_at_bureau": 0, "unpaid_removed": 0, "repeated": 0, "doubled": 0, "stuck": 0}
SHORT = ("--negativations", "40", "--kills", "8", "--drain", "90", "--limit", "90")
DIRECTED = ("--negativations", "6", "--kills", "3", "--drain", "12", "--limit", "60")
DRILLS = {
    "sqlite": (*SHORT, "--seed", "3"),
    "postgresql": (*SHORT, "--seed", "4", "--database", "postgresql"),
    "no duplicate check": (*DIRECTED, "--seed", "5", "--duplicate-check-off"),
    "without rule 6": (*DIRECTED, "--without-rule", "6"),
    "without rule 6, no duplicate check": (*DIRECTED, "--without-rule", "6", "--duplicate-check-off"),
    "without rules 7 and 8": (*DIRECTED, "--without-rule", "7+8"),
}


@dataclass(frozen=True)
class Played:
    """What a drill came to."""

    code: int
    told: dict[str, Any]
    said: str

    @property
    def counts(self) -> dict[str, int]:
        return {name: self.told[name] for name in ZEROS}


Drills = Callable[[str], Played]


def _play(arguments: list[str]) -> Played:
    command = [sys.executable, "-m", "tests.drill", *arguments]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=220, check=False)
    return Played(told.returncode, json.loads(told.stdout.splitlines()[-1]), told.stdout)


@pytest.fixture(scope="module")
def drills(new_database: NewDatabase) -> Iterator[Drills]:
    """All of them at once, each in processes of its own, for they mostly wait."""
    running: dict[str, subprocess.Popen[str]] = {}
    for name, arguments in DRILLS.items():
        command = [sys.executable, "-m", "tests.drill", *arguments]
        if "postgresql" in arguments:
            command += ["--url", new_database()]
        running[name] = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @functools.cache
    def played(name: str) -> Played:
        said, _ = running[name].communicate(timeout=220)
        return Played(running[name].returncode, json.loads(said.splitlines()[-1]), said)

    yield played
    for process in running.values():
        process.terminate()
        process.wait()


def test_nothing_is_lost_and_nothing_done_twice_on_sqlite(drills: Drills) -> None:
    drill = drills("sqlite")
    assert (drill.code, drill.counts) == (0, ZEROS), drill.said
    assert drill.told["kills"] >= 8


@pytest.mark.postgresql
def test_nothing_is_lost_and_nothing_done_twice_on_postgresql(drills: Drills) -> None:
    drill = drills("postgresql")
    assert (drill.code, drill.counts) == (0, ZEROS), drill.said
    assert drill.told["kills"] >= 8


def test_no_double_record_where_the_bureau_checks_none(drills: Drills) -> None:
    drill = drills("no duplicate check")
    assert (drill.code, drill.counts) == (0, ZEROS), drill.said


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("without rule 6", "repeated"),
        ("without rule 6, no duplicate check", "doubled"),
        ("without rules 7 and 8", "paid_at_bureau"),
    ],
)
def test_a_drill_without_a_rule_does_harm_and_says_so(drills: Drills, name: str, harm: str) -> None:
    """Kills come when they come: a drill that happened to do no harm is played again, with other seeds."""
    drill = drills(name)
    for seed in range(101, 104):
        if drill.code == 0:
            drill = _play([*DRILLS[name], "--seed", str(seed)])
    assert drill.code == 1, drill.said
    assert drill.told[harm] >= 1, drill.said


def test_a_seed_gives_the_same_plan_and_every_act_is_in_it() -> None:
    assert steps(200, 7) == steps(200, 7) != steps(200, 8)
    assert {step.act for step in steps(200, 7)} == set(Act)
    assert all(isinstance(parse_document(cpf(number)), Cpf) for number in range(1000))
