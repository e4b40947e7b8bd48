"""`reconcile` and `restored`, over the simulated bureau."""

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, Document, StoredData

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()


@pytest.fixture
def standing(cli: Cli, bureau: BureauSimulator, stored: StoredData) -> str:
    """The bureau's id of a record that was included yesterday."""
    cli.negativate("9001", "60003", "DEV")
    cli.run("removals", "run", "--timeout", "20")
    change(stored, "observed_since = ?, created_at = ?", YESTERDAY, YESTERDAY)
    (record,) = bureau.ledger()["records"]
    return str(record["id"])


def change(stored: StoredData, assignment: str, *values: str) -> None:
    with sqlite3.connect(stored.home / "credit_protection.sqlite") as connection:
        connection.execute(f"UPDATE cp_negativation SET {assignment}", values)  # noqa: S608 - from the test


def codes(cli: Cli) -> list[str]:
    return [row["code"] for row in bureau_side(cli)]


def bureau_side(cli: Cli) -> list[Document]:
    rows = cli.run("divergences", "list", "--json").document["divergences"]
    return [row for row in rows if row["side"] == "bureau"]


def test_sides_that_agree_open_nothing(cli: Cli, standing: str) -> None:
    assert standing
    document = cli.json("reconcile").document
    assert (document["rows"], document["matched"], document["is_ended"], document["opened"]) == (1, 1, True, {})
    assert "Terminou" in cli.run("reconcile", "Birô").stdout


def test_silent_deletion_unknown_record_and_another_id_are_named(
    cli: Cli, bureau: BureauSimulator, standing: str
) -> None:
    debt = bureau.record(standing)
    key = {name: debt[name] for name in ("documento", "contrato", "vencimento", "valor")}
    later = str(date.fromisoformat(debt["vencimento"]) + timedelta(days=1))
    bureau.add_records([{**key, "vencimento": later}, {**key, "contrato": "ANTIGO-1"}])
    assert sorted(cli.json("reconcile").document["opened"]) == ["consta_sem_registro", "duplicada"]
    bureau.remove_at_bureau(standing)
    cli.json("reconcile")
    assert sorted(codes(cli)) == ["consta_sem_registro", "registro_de_outro"]
    assert cli.json("reconcile").document["opened"] == {}


def test_another_nature_at_the_bureau_is_a_notice(
    cli: Cli, bureau: BureauSimulator, standing: str, stored: StoredData
) -> None:
    assert bureau.record(standing)["natureza"] == "DEV"
    change(stored, "nature_code = ?", "FAT")
    assert cli.json("reconcile").document["opened"] == {"difere_no_biro": 1}
    (row,) = bureau_side(cli)
    assert (row["severity"], row["ours"], row["theirs"]) == ("notice", "natureza FAT", "natureza DEV")
    change(stored, "nature_code = ?", "DEV")
    cli.json("reconcile")
    assert bureau_side(cli) == []


def test_record_that_is_gone_is_decided_by_a_person(cli: Cli, bureau: BureauSimulator, standing: str) -> None:
    bureau.remove_at_bureau(standing)
    cli.json("reconcile")
    (row,) = bureau_side(cli)
    assert row["code"] == "nao_consta"
    cli.run("divergences", "decide", row["id"], "remove", "--remark", "visto no portal")
    shown = cli.json("negativations", "show", row["negativation_id"]).document
    assert shown["status"] == "removed_by_bureau"


def test_record_removed_here_that_stands_there_goes_back_to_the_queue(
    cli: Cli, bureau: BureauSimulator, standing: str, stored: StoredData
) -> None:
    debt = bureau.record(standing)
    cli.run("invoices", "pay", "60003")
    cli.run("removals", "run", "--timeout", "20")
    (made,) = stored.negativations()
    assert made.is_closed
    bureau.add_records([{name: debt[name] for name in ("documento", "contrato", "vencimento", "valor")}])
    triggers = (
        '[{"cause": "settlement", "at": "%s", "deadline": "2026-01-01", "actor_id": null, "reason": null, "note": ""}]'
    )
    change(stored, "observed_since = ?, created_at = ?, triggers = ?", YESTERDAY, YESTERDAY, triggers % YESTERDAY)
    assert cli.json("reconcile").document["reopened"] == 1
    assert codes(cli) == ["consta_apos_remocao"]
    (row,) = cli.json("removals", "list").document["removals"]
    assert (row["id"], row["next_action"], row["causes"]) == (made.id, "look_up", ["settlement", "late_answer"])


def test_file_needs_its_instant_and_shows_what_stands(
    cli: Cli, bureau: BureauSimulator, standing: str, tmp_path: Path
) -> None:
    debt = bureau.record(standing)
    file = tmp_path / "extrato.csv"
    lines = ["documento;nome;contrato;vencimento;valor;operacao;situacao"]
    lines.append(f"{debt['documento']};Ana;OUTRO;{debt['vencimento']};10,00;INCLUSAO;INCLUSAO")
    file.write_text("\n".join(lines), "utf-8")
    assert cli.json("reconcile", "--file", str(file), expect=2).error["code"] == "instante_do_extrato"
    future = (datetime.now(UTC) + timedelta(days=2)).strftime("%d/%m/%Y %H:%M")
    assert cli.json("reconcile", "--file", str(file), "--as-of", future, expect=2).error["field"] == "as_of"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    document = cli.json("reconcile", "--file", str(file), "--as-of", now).document
    assert document["is_ended"]
    assert (document["opened"], document["missing"]) == ({"consta_sem_registro": 1}, 0)


def test_bureau_that_is_down_ends_with_3(cli: Cli, bureau: BureauSimulator, standing: str) -> None:
    assert standing
    bureau.add_fault("find", "unavailable")
    document = cli.json("reconcile", expect=3).document
    assert not document["is_ended"]
    assert document["stopped"].endswith(".")


def test_after_a_restore_inclusions_wait_until_a_person_continues(cli: Cli, bureau: BureauSimulator) -> None:
    document = cli.json("restored", "--remark", "backup de ontem").document
    assert (document["is_held"], document["pending"]) == (True, ["Birô"])
    made = cli.negativate("9001", "60003", "DEV").document["negativations"][0]["id"]
    result = cli.run("removals", "run", "--timeout", "0")
    assert "restored --continue" in result.stderr
    assert bureau.counts()["records"] == 0
    assert "restored --continue" in cli.json("negativations", "show", made).document["blocked_by"]
    assert "inclusoes_em_espera" in {
        each["code"] for each in cli.json("removals", "check", expect=1).document["alarms"]
    }
    assert cli.json("restored", "--continue", "--remark", "ok", expect=1).error["code"] == "falta_reconciliar"
    cli.run("reconcile")
    assert cli.json("restored", "--continue", "--remark", "conferido").document["is_held"] is False
