"""`invoices`: the ERP's side."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from credit_protection.plugins import hookimpl, plugin_manager
from credit_protection.ports.host import HostCapabilities
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData


def test_example_is_imported_into_an_empty_erp_without_a_question(bare: Cli) -> None:
    assert bare.json("invoices", "import").document["customers"] == 200
    assert (bare.home / "erp.sqlite").exists()


def test_import_over_existing_data_asks(cli: Cli, tmp_path: Path) -> None:
    text = files("credit_protection.adapters.hosts.local").joinpath("example_provider.json").read_text(encoding="utf-8")
    provider = json.loads(text)
    provider["clientes"] = [one for one in provider["clientes"] if one["id_cliente"] == 9001]
    provider["faturas"] = [one for one in provider["faturas"] if one["cliente"]["id_cliente"] == 9001]
    provider["nao_negativar"], provider["acordos"] = [], []
    path = tmp_path / "provider.json"
    path.write_text(json.dumps(provider), encoding="utf-8")
    cli.run("invoices", "import", str(path), answers="n\n", expect=130)
    assert len(cli.json("invoices", "overdue").document["invoices"]) == 50
    assert cli.json("invoices", "import", str(path), "--yes").document["customers"] == 1
    assert len(cli.json("invoices", "overdue").document["invoices"]) == 3


def test_one_customer_abroad_does_not_stop_the_import(bare: Cli, tmp_path: Path) -> None:
    def customer(number: int, document: str, **address: str) -> dict[str, object]:
        place = {"logradouro": "RUA", "numero": "1", "cep": "35500-000", "estado": "MG", "uf": "MG", **address}
        service = {"id_cliente_servico": number, "status_prefixo": "cancelado", "endereco_cobranca": place}
        return {"id_cliente": number, "nome_razaosocial": "MARIA", "cpf_cnpj": document, "servicos": [service]}

    path = tmp_path / "provider.json"
    file = {
        "hoje": "2026-11-28",
        "empresa": {"documento": "99009000000110", "nome_razaosocial": "P", "uf": "MG"},
        "clientes": [customer(1, "90000900168"), customer(2, "", estado="EX", uf="EXTERIOR", cep="00000-000")],
        "faturas": [{"id_fatura": 5, "valor": "10.00", "data_vencimento": "2026-01-05", "cliente": {"id_cliente": 2}}],
    }
    path.write_text(json.dumps(file), encoding="utf-8")

    imported = bare.json("invoices", "import", str(path)).document

    assert (imported["customers"], imported["invoices"]) == (1, 0)
    assert [each["record"] for each in imported["left_out"]] == ["Cliente 2", "Fatura 5"]
    assert "Estado não reconhecido" in imported["left_out"][0]["reason"]
    assert "Cliente 2" in bare.run("invoices", "import", str(path), "--yes").stdout


def test_import_says_what_it_does_not_ask_about(cli: Cli) -> None:
    said = cli.run("invoices", "import", "--help").stdout
    assert "antes de substituir o que há." in said


def test_invalid_import_file_is_refused(bare: Cli, tmp_path: Path) -> None:
    path = tmp_path / "provider.json"
    path.write_text("{}", encoding="utf-8")
    bare.run("invoices", "import", str(path), expect=2)
    bare.run("invoices", "import", str(tmp_path / "nothing.json"), expect=2)


def test_overdue_invoices_are_filtered(cli: Cli) -> None:
    def listed(*wanted: str) -> list[str]:
        return [row["id"] for row in cli.json("invoices", "overdue", *wanted).document["invoices"]]

    assert listed("--customer", "9001") == ["60003", "60004", "60005"]
    assert listed("--customer", "9001", "--min-days", "50", "--max-days", "70") == ["60004"]
    assert listed("--customer", "9001", "--min-balance", "119,91") == []
    assert len(listed("--city", "divinopolis", "--limit", "7")) == 7
    assert "MARINA TESTE DA SILVA" in cli.run("invoices", "overdue", "--customer", "9001").stdout


def test_payment_and_reversal_report_their_effect(cli: Cli, bureau: BureauSimulator) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    cli.run("removals", "run", "--timeout", "20")
    paid = cli.json("invoices", "pay", "60003").document
    assert (paid["balance"], paid["invoice_status"]) == ("0.00", "paid")
    (turned,) = paid["negativations"]
    assert (turned["id"], turned["status"], turned["causes"]) == (made["id"], "removal_queued", ["settlement"])
    assert turned["days_left"] >= 5
    back = cli.json("invoices", "reverse", paid["settlement_id"]).document
    assert back["negativations"][0]["desired"] == "included"
    assert back["balance"] == "119.90"
    assert bureau.counts()["included"] == 1


def test_partial_payment_removes_nothing(cli: Cli) -> None:
    cli.negativate("9001", "60003", "DEV")
    paid = cli.json("invoices", "pay", "60003", "--amount", "19,90", "--on", "2026-11-01").document
    assert paid["balance"] == "100.00"
    assert paid["negativations"][0]["desired"] == "included"


def test_payment_of_another_invoice_removes_nothing(cli: Cli) -> None:
    assert "nada a remover" in cli.run("invoices", "pay", "60003").stdout


@pytest.mark.parametrize(
    ("arguments", "expect", "code"),
    [
        (("pay", "1"), 6, "fatura_desconhecida"),
        (("pay", "60003", "--amount", "1000"), 2, "valor_da_baixa"),
        (("pay", "60003", "--amount", "much"), 2, "valor_formato"),
        (("pay", "60003", "--amount", "1.50"), 2, "valor_ambiguo"),
        (("pay", "60003", "--amount", "-1"), 2, "valor_negativo"),
        (("overdue", "--min-balance", "119.90"), 2, "valor_ambiguo"),
        (("overdue", "--min-days", "999999999"), 2, "filtro_invalido"),
        (("pay", "60003", "--on", "yesterday"), 2, "data_formato"),
        (("reverse", "nothing"), 6, "baixa_desconhecida"),
    ],
)
def test_invalid_payment_or_reversal_is_refused(
    cli: Cli, stored: StoredData, arguments: tuple[str, ...], expect: int, code: str
) -> None:
    assert cli.json("invoices", *arguments, expect=expect).error["code"] == code
    assert stored.count("cp_settlement") == 0


def test_second_payment_is_refused(cli: Cli, stored: StoredData) -> None:
    cli.run("invoices", "pay", "60003", "--on", "20/11/2026")
    assert cli.json("invoices", "pay", "60003", expect=1).error["code"] == "fatura_quitada"
    assert stored.count("cp_settlement") == 1


def test_commands_of_the_local_erp_are_refused_on_another_erp(cli: Cli) -> None:
    class Other:
        code = "other"
        capabilities = HostCapabilities(overdue=False)

        def creditors(self) -> list[object]:
            return []

    class Plugin:
        @hookimpl
        def credit_protection_host(self) -> object:
            return Other()

    plugin = Plugin()
    plugin_manager().register(plugin)
    try:
        assert cli.json("invoices", "pay", "60003", expect=2).error["code"] == "erp_nao_e_local"
        assert cli.json("invoices", "overdue", expect=2).error["code"] == "erp_sem_vencidas"
    finally:
        plugin_manager().unregister(plugin)
