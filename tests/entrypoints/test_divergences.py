"""`divergences` and `payments recheck`, over the local ERP."""

import sqlite3

import pytest

from tests.entrypoints.command_line import Cli, Document, StoredData


def change_erp(stored: StoredData, statement: str, *values: object) -> None:
    """Change a record of the ERP, without any event."""
    with sqlite3.connect(stored.home / "erp.sqlite") as connection:
        connection.execute(statement, values)


def read_again(cli: Cli, *invoice_ids: str) -> None:
    cli.run("payments", "recheck", *invoice_ids)
    cli.run("sweep")


def listed(cli: Cli, *wanted: str) -> list[Document]:
    rows: list[Document] = cli.json("divergences", "list", *wanted).document["divergences"]
    return rows


@pytest.fixture
def moved(cli: Cli, stored: StoredData) -> str:
    """The id of the negativation of an invoice that the ERP moved to another person."""
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    change_erp(stored, "UPDATE invoices SET customer_id = '9002' WHERE id = '60003'")
    read_again(cli, "60003")
    return str(made["id"])


def test_divergence_is_listed_shown_and_filtered(cli: Cli, moved: str) -> None:
    (row,) = listed(cli)
    assert (row["code"], row["side"], row["negativation_id"]) == ("devedor_difere", "erp", moved)
    assert row["decide_by"] is not None
    assert cli.json("divergences", "show", row["id"]).document == row
    said = cli.run("divergences", "show", row["id"]).stdout
    assert row["message"] in " ".join(said.split())
    assert listed(cli, "--negativation", moved) == listed(cli, "--code", "devedor_difere") == [row]
    assert listed(cli, "--awaiting") == listed(cli, "--integration", "Birô") == [row]
    assert listed(cli, "--decided") == listed(cli, "--closed") == listed(cli, "--code", "retido") == []


def test_whole_document_is_not_shown(cli: Cli, moved: str, stored: StoredData) -> None:
    assert moved
    documents = {each.document.value for each in stored.negativations()}
    said = cli.run("divergences", "list").stdout + cli.run("divergences", "list", "--json").stdout
    assert not [each for each in documents if each in said]


def test_person_keeps_with_a_remark(cli: Cli, moved: str) -> None:
    assert moved
    (row,) = listed(cli)
    assert cli.json("divergences", "decide", row["id"], "keep", expect=2).error["code"] == "motivo_obrigatorio"
    decided = cli.json("divergences", "decide", row["id"], "keep", "--remark", "conferido").document
    assert (decided["decision"], decided["remark"]) == ("keep", "conferido")
    assert listed(cli, "--decided") == [decided]
    assert listed(cli, "--awaiting") == []


def test_person_removes(cli: Cli, moved: str) -> None:
    (row,) = listed(cli)
    given = ("--remark", "a dívida é de outra pessoa", "--reason", "correction")
    said = cli.run("divergences", "decide", row["id"], "remove", *given)
    assert "remover" in said.stdout
    shown = cli.json("negativations", "show", moved).document
    assert shown["desired"] == "removed"


def test_divergence_closes_when_the_erp_agrees_again(cli: Cli, moved: str, stored: StoredData) -> None:
    assert moved
    (row,) = listed(cli)
    change_erp(stored, "UPDATE invoices SET customer_id = '9001' WHERE id = '60003'")
    read_again(cli, "60003")
    assert listed(cli) == []
    (closed,) = listed(cli, "--closed")
    assert closed["id"] == row["id"]
    assert cli.json("divergences", "decide", row["id"], "keep", "--remark", "x", expect=1).error["code"] == (
        "divergencia_encerrada"
    )


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("show", "nenhuma"), 6),
        (("decide", "nenhuma", "keep", "--remark", "x"), 6),
        (("decide", "nenhuma", "talvez", "--remark", "x"), 2),
        (("list", "--code", "inexistente"), 2),
    ],
)
def test_wrong_command_is_refused(cli: Cli, arguments: tuple[str, ...], exit_code: int) -> None:
    cli.json("divergences", *arguments, expect=exit_code)


def test_continue_is_for_the_brake_alone(cli: Cli, moved: str) -> None:
    assert moved
    (row,) = listed(cli)
    given = ("divergences", "decide", row["id"], "continue", "--remark", "x")
    assert cli.json(*given, expect=2).error["code"] == "decisao_nao_cabe"


@pytest.mark.parametrize(("role", "exit_code"), [("administrador", 0), ("operador", 0), ("auditor", 5)])
def test_permissions(cli: Cli, moved: str, monkeypatch: pytest.MonkeyPatch, role: str, exit_code: int) -> None:
    assert moved
    (row,) = listed(cli)
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", role)
    cli.run("divergences", "list")
    cli.run("divergences", "decide", row["id"], "keep", "--remark", "x", expect=exit_code)


# ------------------------------------------------------------------------------------------------ rechecks


def test_recheck_says_what_is_read_again(cli: Cli, stored: StoredData) -> None:
    document = cli.json("payments", "recheck", "60003", "60004", "60003").document
    assert document == {"invoice_ids": ["60003", "60004"], "result": "recorded"}
    assert stored.count("cp_recheck") == 2
    assert "sweep" in cli.run("payments", "recheck", "60003").stderr


def test_recheck_needs_an_invoice_and_a_permission(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.run("payments", "recheck", expect=2)
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "auditor")
    cli.run("payments", "recheck", "60003", expect=5)


def test_payment_that_no_event_told_is_found_by_a_recheck(cli: Cli, stored: StoredData) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    change_erp(stored, "UPDATE invoices SET balance = 0, paid_on = due_date WHERE id = '60003'")
    read_again(cli, "60003")
    assert cli.json("negativations", "show", made["id"]).document["desired"] == "removed"


def test_renumbered_invoice_is_linked(cli: Cli, stored: StoredData) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    given = ("negativations", "relink", made["id"], "--remark", "mesmo boleto", "--yes")
    assert cli.json(*given, expect=2).error["code"] == "nada_a_ligar"
    change_erp(stored, "UPDATE invoices SET id = '70003' WHERE id = '60003'")
    assert cli.json(*given, "--invoice", "60003=60002", expect=1).error["code"] == "fatura_nao_confere"
    linked = cli.json(*given).document
    assert linked["id"] == made["id"]
    assert "negativation.relink" in [row["act"] for row in cli.json("audit", "list").document["audit"]]
    assert "ligada a outra fatura" in cli.run("negativations", "show", made["id"]).stdout


def test_invoice_that_nothing_agrees_with_must_be_named(cli: Cli, stored: StoredData) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    change_erp(stored, "DELETE FROM invoices WHERE id = '60003'")
    answer = cli.json("negativations", "relink", made["id"], "--remark", "procurei", "--yes", expect=2)
    assert answer.error["code"] == "fatura_ambigua"
    assert "60003" in answer.error["message"]
