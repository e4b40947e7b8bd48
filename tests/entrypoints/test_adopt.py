"""`negativations adopt`: from the bureau's list and from a file."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData

HEADER = "documento;nome;contrato;vencimento;valor;operacao;situacao\n"


def line(due: date, *, amount: str = "119,90", state: str = "INCLUSAO", document: str = "900.009.001-68") -> str:
    return f"{document};MARINA;CONTRATO-7;{due:%d/%m/%Y};{amount};INCLUSÃO;{state}\n"


@pytest.fixture
def due(stored: StoredData) -> date:
    """Due date of the example customer's invoice 60003."""
    return LocalErp(stored.home / "erp.sqlite").invoice("60003").due_date


@pytest.fixture
def extract(tmp_path: Path, due: date) -> Path:
    path = tmp_path / "extrato.csv"
    path.write_text(
        HEADER + line(due) + line(due - timedelta(days=700)) + line(due, document="111.444.777-35"), encoding="latin-1"
    )
    return path


def test_dry_run_stores_nothing(cli: Cli, stored: StoredData, extract: Path) -> None:
    result = cli.json("negativations", "adopt", "--file", str(extract), "--dry-run").document
    assert (result["rows"], result["adopted"], result["refused"]) == (3, 1, 2)
    assert result["findings"] == {"sem_fatura": 1, "cliente_desconhecido": 1}
    assert [row["line"] for row in result["records"]] == [3, 4]
    assert stored.negativations() == []
    text = cli.run("negativations", "adopt", "--file", str(extract), "--dry-run").stdout
    assert "A adotar" in text
    assert "90000900168" not in text.replace(".", "").replace("-", "")


def test_file_is_adopted_after_a_yes_and_only_once(cli: Cli, stored: StoredData, extract: Path) -> None:
    assert cli.run("negativations", "adopt", "--file", str(extract), answers="n\n", expect=130).stdout
    assert stored.negativations() == []
    assert "1 registro(s) adotado(s)" in cli.run("negativations", "adopt", "--file", str(extract), answers="s\n").stderr
    (made,) = stored.negativations()
    assert (made.is_adopted, made.reference) == (True, "CONTRATO-7")
    again = cli.json("negativations", "adopt", "--file", str(extract), "--yes").document
    assert (again["adopted"], again["already_known"], again["refused"]) == (0, 1, 2)


def test_adopted_record_is_removed_on_payment(cli: Cli, bureau: BureauSimulator, stored: StoredData) -> None:
    cli.negativate("9001", "60003", "DEV")
    cli.run("removals", "run", "--timeout", "20")
    (stored.home / "credit_protection.sqlite").unlink()  # as before this software: only the bureau has the record
    (stored.home / "key").unlink()
    creditor = "99009000000110"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET", "demo-secret")
        parameters = ("--param", "client_id=demo-client", "--param", f"base_url={bureau.url}")
        cli.run(
            "integration", "add", "--gateway", "credito_na_medida", "--description", "Birô", "--creditor", creditor,
            *parameters,
        )  # fmt: skip
    result = cli.json("negativations", "adopt", "--from-bureau", "--yes").document
    assert (result["rows"], result["adopted"]) == (1, 1)
    cli.run("invoices", "pay", "60003")
    cli.run("removals", "run", "--timeout", "20")
    (made,) = stored.negativations()
    assert made.observed.value == "gone"
    assert bureau.counts()["removed"] == 1


def test_paid_record_is_adopted_into_the_removal_queue(cli: Cli, extract: Path) -> None:
    cli.run("invoices", "pay", "60003")
    result = cli.json("negativations", "adopt", "--file", str(extract), "--yes").document
    assert (result["adopted"], result["adopted_for_removal"]) == (1, 1)
    (row,) = cli.json("removals", "list").document["removals"]
    assert row["causes"] == ["settlement"]
    assert row["waits"] == "Espera um trabalhador."


def test_exactly_one_source_is_required(cli: Cli, extract: Path) -> None:
    assert cli.json("negativations", "adopt", expect=2).error["code"] == "origem_da_adocao"
    both = ("--from-bureau", "--file", str(extract))
    assert cli.json("negativations", "adopt", *both, expect=2).error["code"] == "origem_da_adocao"
    assert cli.json("negativations", "adopt", "--file", "none.csv", expect=2).error["field"] == "file"


def test_auditor_may_not_adopt(cli: Cli, extract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "auditor")
    refused = cli.json("negativations", "adopt", "--file", str(extract), "--dry-run", expect=5)
    assert refused.error["code"] == "sem_permissao"


def test_integration_transmitted_by_the_erp_adopts_nothing(cli: Cli, stored: StoredData, extract: Path) -> None:
    cli.run("integration", "edit", "--set", "owns_transmission=false")
    refused = cli.json("negativations", "adopt", "--file", str(extract), "--yes", expect=1).error
    assert refused["code"] == "transmissao_do_erp"
    assert cli.negativate("9001", "60003", "DEV", expect=1).error["code"] == "transmissao_do_erp"
    assert stored.negativations() == []


def test_check_exits_with_1_while_there_are_alarms(cli: Cli, extract: Path) -> None:
    assert cli.json("removals", "check").document == {"alarms": []}
    assert "Nenhum alarme" in cli.run("removals", "check").stdout
    cli.run("negativations", "adopt", "--file", str(extract), "--yes")
    silent = cli.json("removals", "check", expect=1).document["alarms"]
    assert [alarm["code"] for alarm in silent] == ["erp_sem_leitura", "trabalhador_parado"]
    cli.run("sweep")
    cli.run("removals", "run")
    assert cli.json("removals", "check").document == {"alarms": []}
    late = (datetime.now().astimezone().date() - timedelta(days=30)).isoformat()
    cli.run("invoices", "pay", "60003", "--on", late)
    (alarm,) = cli.json("removals", "check", expect=1).document["alarms"]
    assert (alarm["code"], alarm["severity"], alarm["count"]) == ("prazo_atingido", "critical", 1)
    assert "removals list" in cli.run("removals", "check", expect=1).stdout
    (row,) = cli.json("removals", "list").document["removals"]
    assert row["business_days_left"] < 0
