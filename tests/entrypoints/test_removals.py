"""`removals` and `sweep`."""

import sqlite3

from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData


def test_queue_lists_what_waits_why_and_until_when(cli: Cli) -> None:
    assert cli.json("removals", "list").document == {"removals": [], "next": None}
    assert "vazia" in cli.run("removals", "list").stdout
    cli.negativate("9001", "60003", "DEV")
    cli.run("removals", "run", "--timeout", "20")
    cli.run("invoices", "pay", "60003")
    (row,) = cli.json("removals", "list").document["removals"]
    assert (row["status"], row["causes"], row["next_action"]) == ("removal_queued", ["settlement"], "remove")
    assert row["deadline"] is not None
    assert row["days_left"] >= 5
    text = cli.run("removals", "list").stdout
    assert "fatura baixada" in text
    assert "na fila de remoção" in text


def test_run_continues_until_idle_and_reports_each_call(cli: Cli, bureau: BureauSimulator) -> None:
    for customer, invoice, nature in (("9001", "60003", "DEV"), ("9001", "60004", "DEV"), ("9002", "60007", "DUP")):
        cli.negativate(customer, invoice, nature)
    performed = cli.json("removals", "run", "--timeout", "20").document["performed"]
    assert [row["action"] for row in performed].count("include") == 3
    assert bureau.counts()["included"] == 3
    cli.run("invoices", "pay", "60003")
    result = cli.json("removals", "run", "--timeout", "20")
    assert result.document["performed"][0]["action"] == "remove"
    assert result.document["performed"][-1]["status_text"] == "removida"
    assert "removida" in result.stderr
    assert cli.json("removals", "run").document == {"performed": []}
    counts = bureau.counts()
    assert (counts["included"], counts["removed"], counts["repeated"]) == (2, 1, 0)


def test_run_does_not_wait_longer_than_its_timeout(cli: Cli, bureau: BureauSimulator) -> None:
    bureau.set_options(processing_seconds=3600)
    cli.negativate("9001", "60003", "DEV")
    performed = cli.json("removals", "run", "--timeout", "0").document["performed"]
    assert [row["status"] for row in performed] == ["sent"]


def test_run_reports_failures_and_exits_with_0(cli: Cli, bureau: BureauSimulator) -> None:
    bureau.add_fault("include", "reject", code="CADASTRO", message="Cadastro recusado")
    cli.negativate("9001", "60003", "DEV")
    (row,) = cli.json("removals", "run", "--timeout", "0").document["performed"]
    assert row["status"] == "refused"
    bureau.clear_faults()
    bureau.add_fault("include", "unavailable", retry_after=60)
    cli.negativate("9001", "60004", "DEV")
    row = cli.json("removals", "run", "--timeout", "0").document["performed"][0]
    assert (row["status"], row["error_code"]) == ("waiting", "limite_de_chamadas")


def test_sweep_finds_unreported_payments(cli: Cli, stored: StoredData) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    cli.run("removals", "run", "--timeout", "20")
    stored.change_erp("UPDATE invoices SET balance = 0, paid_on = date('now') WHERE id = '60003'")
    swept = cli.json("sweep").document
    assert swept["host_failed"] == ""
    assert swept["found_by_polling"] >= 1
    assert cli.json("negativations", "show", made["id"]).document["status"] == "removal_queued"


def test_sweep_reports_an_unreadable_erp(cli: Cli, stored: StoredData) -> None:
    (stored.home / "erp.sqlite").write_bytes(b"this is no database, and it is long enough to be looked at" * 40)
    assert "erp.sqlite" in cli.json("sweep").document["host_failed"]
    assert "erp.sqlite" in cli.run("sweep").stdout


def test_unreadable_erp_is_unavailable(cli: Cli, stored: StoredData) -> None:
    with sqlite3.connect(stored.home / "erp.sqlite") as connection:
        connection.execute("PRAGMA user_version = 999")
    assert cli.json("invoices", "overdue", expect=3).error["code"] == "erp_indisponivel"
    assert cli.negativate("9001", "60003", "DEV", expect=3).error["code"] == "erp_indisponivel"
    assert stored.negativations() == []
