"""Short drills, and drills without a rule, which must report harm."""

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from credit_protection.domain.documents import Cpf, parse_document
from tests.drill.__main__ import HARM_DONE, TOO_SLOW, verdict
from tests.drill.audit import missing_negativations
from tests.drill.plan import StepKind, cpf, steps
from tests.drill.progress import Progress
from tests.drill.supervisor import Supervisor
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
    "no time": ("--negativations", "6", "--kills", "8", "--drain", "30", "--limit", "0", "--seed", "6"),
    "without rules 7 and 8": (*DIRECTED, "--without-rule", "7+8"),
}


@dataclass(frozen=True)
class RunResult:
    """The exit code, last line and output of a drill."""

    code: int
    report: dict[str, Any]
    output: str

    @property
    def counts(self) -> dict[str, int]:
        return {name: self.report[name] for name in ZEROS}


Drills = Callable[[str], RunResult]


def run(arguments: Sequence[str]) -> RunResult:
    command = [sys.executable, "-m", "tests.drill", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=220, check=False)
    return RunResult(done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stdout)


@pytest.fixture(scope="module")
def drills(new_database: NewDatabase) -> Iterator[Drills]:
    """All drills at once, each in processes of its own, for they mostly wait."""
    running: dict[str, subprocess.Popen[str]] = {}
    for name, arguments in DRILLS.items():
        command = [sys.executable, "-m", "tests.drill", *arguments]
        if "postgresql" in arguments:
            command += ["--url", new_database()]
        running[name] = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @functools.cache
    def result(name: str) -> RunResult:
        output, _ = running[name].communicate(timeout=220)
        return RunResult(running[name].returncode, json.loads(output.splitlines()[-1]), output)

    yield result
    for process in running.values():
        process.terminate()
        process.wait()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_killed_workers_lose_nothing_and_repeat_nothing(drills: Drills, database: str) -> None:
    drill = drills(database)
    assert (drill.code, drill.counts) == (0, ZEROS), drill.output
    assert drill.report["kills"] >= 8


def test_no_double_record_where_the_bureau_checks_none(drills: Drills) -> None:
    drill = drills("no duplicate check")
    assert (drill.code, drill.counts) == (0, ZEROS), drill.output


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("without rule 6", "repeated"),
        ("without rule 6, no duplicate check", "doubled"),
        ("without rules 7 and 8", "paid_at_bureau"),
    ],
)
def test_drill_without_a_rule_reports_harm(drills: Drills, name: str, harm: str) -> None:
    """Kills are random: a drill that happened to do no harm is repeated with other seeds."""
    drill = drills(name)
    for chosen_seed in range(101, 104):
        if drill.code == 0:
            drill = run([*DRILLS[name], "--seed", str(chosen_seed)])
    assert drill.code == HARM_DONE, drill.output
    assert drill.report[harm] >= 1, drill.output


def test_drill_whose_time_is_over_requests_everything_and_reports_a_slow_machine(drills: Drills) -> None:
    drill = drills("no time")
    assert (drill.code, drill.counts) == (TOO_SLOW, ZEROS), drill.output
    assert drill.report["too_slow"]
    assert drill.report["steps_missing"] == drill.report["not_requested"] == 0
    assert "This machine was too slow: " in drill.output


def test_load_waits_for_no_kill_after_kills_were_stopped() -> None:
    progress = Progress(steps=1000, kills=100)
    progress.report(0, 0.5, is_person=False)
    assert not progress.may_run(0.5, is_person=True)
    progress.stop_kills()
    assert progress.may_run(0.5, is_person=True)
    assert progress.is_killed_enough
    assert not progress.may_kill


def test_drain_that_goes_on_too_long_ends_and_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Though some work is finished again and again."""
    seconds = [0.0]
    clock = SimpleNamespace(monotonic=lambda: seconds[0], sleep=lambda _: seconds.__setitem__(0, seconds[0] + 5))
    monkeypatch.setattr("tests.drill.supervisor.time", clock)
    drained = Supervisor(SimpleNamespace(), SimpleNamespace(), 1, tmp_path / "log")  # type: ignore[arg-type]
    monkeypatch.setattr(drained, "_tick", lambda **_: None)
    monkeypatch.setattr(drained, "_open_work", lambda: 1000 - int(seconds[0]) // 5)
    assert not drained.drain(10.0)
    assert seconds[0] == 50
    assert drained.failed == ["990 transmissions or settlements are still open after a drain of 50 seconds"]


@pytest.mark.parametrize(
    ("is_harmless", "kills_missing", "steps_missing", "code", "sentence"),
    [
        (True, 0, 0, 0, "Nothing was lost."),
        (True, 3, 12, TOO_SLOW, "3 kills and 12 steps of the plan are missing; nothing was lost"),
        (False, 3, 12, HARM_DONE, "The drill found harm."),
    ],
)
def test_verdict_distinguishes_harm_from_a_slow_machine(
    is_harmless: bool, kills_missing: int, steps_missing: int, code: int, sentence: str
) -> None:
    found, explanation = verdict(is_harmless=is_harmless, kills_missing=kills_missing, steps_missing=steps_missing)
    assert found == code
    assert sentence in explanation


def test_only_requested_invoices_without_negativation_count_as_lost() -> None:
    invoices = [("I1", 119_90, "open", 0), ("I2", 119_90, "open", 0), ("I3", 0, "paid", 1)]
    assert missing_negativations([], invoices, {"I2"}) == ["I1: requested, and has no negativation"]


def test_seed_gives_the_same_plan_with_every_kind_of_step() -> None:
    assert steps(200, 7) == steps(200, 7) != steps(200, 8)
    assert {step.kind for step in steps(200, 7)} == set(StepKind)
    assert all(isinstance(parse_document(cpf(number)), Cpf) for number in range(1000))
