"""`negativate`: preview, confirmation, creation."""

from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData

CHOICE = ("--customer", "9001", "--invoice", "60003", "--nature", "DEV")


def test_negativation_is_created_after_the_preview_and_a_yes(
    cli: Cli, stored: StoredData, bureau: BureauSimulator
) -> None:
    result = cli.run("negativate", *CHOICE, answers="s\n")
    assert "MARINA TESTE DA SILVA" in result.stdout
    assert "***.009.001-**" in result.stdout
    assert "aguardando envio" in result.stdout
    assert "90000900168" not in result.stdout + result.stderr
    (made,) = stored.negativations()
    assert made.requested_by.startswith("os:")
    assert bureau.counts()["requests"] == 0


def test_answer_no_creates_nothing(cli: Cli, stored: StoredData) -> None:
    assert "[cancelado]" in cli.run("negativate", *CHOICE, answers="\n", expect=130).stderr
    assert "[cancelado]" in cli.run("negativate", *CHOICE, answers="não\n", expect=130).stderr
    assert stored.negativations() == []
    assert stored.count("cp_inclusion_request") == 0


def test_dry_run_creates_nothing(cli: Cli, stored: StoredData) -> None:
    document = cli.json("negativate", *CHOICE, "--dry-run").document
    assert (document["blocked"], document["total"], document["findings"]) == (False, "119.90", [])
    assert [row["id"] for row in document["invoices"]] == ["60003"]
    blocked = cli.json("negativate", *CHOICE[:-1], "DUP", "--dry-run", expect=1).document
    assert blocked["blocked"] is True
    assert [finding["code"] for finding in blocked["findings"]] == ["natureza_pessoa"]
    assert "natureza_pessoa" in cli.run("negativate", *CHOICE[:-1], "DUP", "--dry-run", expect=1).stdout
    assert stored.negativations() == []


def test_several_invoices_and_an_edited_amount_are_negativated(cli: Cli, stored: StoredData) -> None:
    further = ("--invoice", "60004", "--amount", "60004=50,25", "--remark", "lote de teste")
    document = cli.negativate("9001", "60003", "DEV", *further).document
    assert [row["amount"] for row in document["negativations"]] == ["119.90", "50.25"]
    assert len(stored.negativations()) == 2


def test_warnings_are_shown_and_do_not_refuse(cli: Cli) -> None:
    result = cli.negativate("9005", invoice_of(cli, "9005"), "OUT")
    warned = {finding["code"] for finding in result.document["findings"]}
    assert warned == {"natureza_sem_marca", "nascimento_desconhecido", "servico_nao_rescindido"}


def test_refusal_prints_every_finding_once(cli: Cli) -> None:
    result = cli.run("negativate", "--customer", "9004", "--invoice", "60003", "--nature", "DUP", "--yes", expect=1)
    assert result.stderr.startswith("Erro [recusado_por_regra]: ")
    assert result.stderr.count("menor_de_idade") == 1
    assert "natureza_pessoa" in result.stderr
    assert "menor_de_idade" not in result.stdout


def test_amount_of_an_invoice_that_was_not_chosen_is_refused(cli: Cli, stored: StoredData) -> None:
    assert cli.negativate("9001", "60003", "DEV", "--amount", "60004=1", expect=2).error["code"] == "valor_sem_fatura"
    assert cli.negativate("9001", "60003", "DEV", "--amount", "60003=x", expect=2).error["code"] == "valor_formato"
    assert stored.negativations() == []


def test_unknown_customer_or_invoice_is_not_found(cli: Cli) -> None:
    assert cli.negativate("1", "60003", "DEV", expect=6).error["code"] == "cliente_desconhecido"
    assert cli.negativate("9001", "1", "DEV", expect=6).error["code"] == "fatura_desconhecida"


def invoice_of(cli: Cli, customer: str) -> str:
    rows = cli.json("invoices", "overdue", "--customer", customer).document["invoices"]
    return str(rows[0]["id"])
