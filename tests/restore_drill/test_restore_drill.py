"""Short restore drills, and drills without a rule, which must report harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.restore_drill.__main__ import main, run_drill
from tests.restore_drill.databases import PostgresqlDatabase, SqliteFile
from tests.restore_drill.plan import Act, AtBackup, stories

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgresql import NewDatabase

pytestmark = [pytest.mark.drill, pytest.mark.xdist_group("restore_drill")]
DEBTS = 40
"""Enough for each story once."""


@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "told by the age of the watermark"])
def test_old_backup_loses_nothing_and_includes_nothing_by_itself(tmp_path: Path, *, is_declared: bool) -> None:
    drill = run_drill(tmp_path, SqliteFile(tmp_path), debts=DEBTS, seed=3, is_declared=is_declared)
    assert drill.findings.is_clean, drill.findings
    assert {"nao_consta", "consta_sem_registro", "baixa_nao_confirmada"} <= drill.told.keys()


def test_erp_that_does_not_declare_reversals_is_believed_without_a_person(tmp_path: Path) -> None:
    drill = run_drill(tmp_path, SqliteFile(tmp_path), debts=DEBTS, seed=3, reports_reversals=False)
    assert drill.findings.is_clean, drill.findings
    assert "baixa_nao_confirmada" not in drill.told


@pytest.mark.postgresql
def test_old_backup_of_postgresql(tmp_path: Path, new_database: NewDatabase) -> None:
    drill = run_drill(tmp_path, PostgresqlDatabase(new_database()), debts=DEBTS, seed=4)
    assert drill.findings.is_clean, drill.findings


@pytest.mark.parametrize(
    ("rule", "harm"),
    [
        ("hold", "early"),
        ("reconciliation", "unfound"),
        ("rereading", "paid_stays"),
        ("contradiction", "unwarned"),
    ],
)
def test_drill_without_a_rule_reports_harm(tmp_path: Path, rule: str, harm: str) -> None:
    drill = run_drill(tmp_path, SqliteFile(tmp_path), debts=DEBTS, seed=5, rule=rule)
    assert getattr(drill.findings, harm), drill.findings


def test_command_reports_its_counts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.restore_drill.drill.RestoreDrill.run", lambda drill: drill.findings.lost.append("i1"))
    assert main(["--debts", "1"]) == 1
    assert '"lost": 1' in capsys.readouterr().out


def test_seed_gives_the_same_plan_with_every_state_and_act() -> None:
    assert stories(90, 6, 7) == stories(90, 6, 7) != stories(90, 6, 8)
    assert {story.at_backup for story in stories(DEBTS, 6, 7)} == set(AtBackup)
    assert {act for story in stories(DEBTS, 6, 7) for act in story.kinds} == set(Act)
    assert any(story.asked_again for story in stories(400, 6, 7))
