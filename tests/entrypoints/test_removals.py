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


# ------------------------------------------------------------------------------------------------ what still waits


def test_run_reads_the_erp_and_applies_payments_before_it_sends(
    cli: Cli, bureau: BureauSimulator, stored: StoredData
) -> None:
    cli.negativate("9001", "60003", "DEV")
    cli.run("removals", "run", "--timeout", "20")
    with sqlite3.connect(stored.home / "credit_protection.sqlite") as database:  # as a cron of every four hours has it
        database.execute("DELETE FROM cp_watermark WHERE name LIKE 'host.%'")
    stored.change_erp("UPDATE invoices SET balance = 0, paid_on = date('now') WHERE id = '60003'")
    performed = cli.json("removals", "run", "--timeout", "20").document["performed"]
    assert performed[0]["action"] == "remove"
    assert bureau.counts()["removed"] == 1


def test_run_with_the_bureau_down_says_what_waits_why_and_until_when(cli: Cli, bureau: BureauSimulator) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    cli.run("removals", "run", "--timeout", "20")
    cli.run("invoices", "pay", "60003")
    bureau.add_fault("remove", "unavailable", retry_after=600)
    for _ in range(2):  # the second finds the integration paused, and nothing to perform
        result = cli.json("removals", "run", "--timeout", "0", expect=3)
        (row,) = result.document["waiting"]
        assert row["negativation_id"] == made["id"]
        assert row["deadline"] is not None
        assert row["not_before"] is not None
        assert "pausada" in row["waits"]
    text = cli.run("removals", "run", "--timeout", "0", expect=3).stdout
    assert "Nada foi enviado." in text
    assert "Nada a enviar" not in text
    assert "Ainda espera" in text
    assert "Nada a enviar." not in text


def test_run_says_nothing_is_to_be_sent_only_where_nothing_waits(cli: Cli) -> None:
    assert "Nada a enviar." in cli.run("removals", "run").stdout


def test_run_without_the_gateway_says_so(cli: Cli, stored: StoredData) -> None:
    cli.negativate("9001", "60003", "DEV")
    cli.run("removals", "run", "--timeout", "20")
    with sqlite3.connect(stored.home / "credit_protection.sqlite") as database:
        database.execute("UPDATE cp_integration SET gateway = 'outro'")
    cli.run("invoices", "pay", "60003")
    result = cli.json("removals", "run", "--timeout", "0", expect=3)
    (row,) = result.document["waiting"]
    assert "'outro'" in row["waits"]
    assert [row["code"] for row in cli.json("removals", "check", expect=1).document["alarms"]] == ["gateway_ausente"]


def test_run_with_an_unreadable_erp_sends_and_exits_with_3(cli: Cli, stored: StoredData) -> None:
    with sqlite3.connect(stored.home / "erp.sqlite") as connection:
        connection.execute("PRAGMA user_version = 999")
    result = cli.json("removals", "run", "--timeout", "0", expect=3)
    assert result.document == {"performed": []}
    assert "ERP não pôde ser lido" in result.stderr
