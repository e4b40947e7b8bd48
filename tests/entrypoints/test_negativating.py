"""`negativate`: the preview, the question, the negativation."""

from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, Stores

CHOICE = ("--customer", "9001", "--invoice", "60003", "--nature", "DEV")


def test_a_person_sees_the_preview_and_says_yes(cli: Cli, stores: Stores, bureau: BureauSimulator) -> None:
    ran = cli.run("negativate", *CHOICE, answers="s\n")
    assert "MARINA TESTE DA SILVA" in ran.stdout
    assert "***.009.001-**" in ran.stdout
    assert "aguardando envio" in ran.stdout
    assert "90000900168" not in ran.stdout + ran.stderr
    (made,) = stores.negativations()
    assert made.requested_by.startswith("os:")
    assert bureau.counts()["requests"] == 0


def test_the_answer_no_makes_nothing(cli: Cli, stores: Stores) -> None:
    assert "[cancelado]" in cli.run("negativate", *CHOICE, answers="\n", expect=130).stderr
    assert "[cancelado]" in cli.run("negativate", *CHOICE, answers="não\n", expect=130).stderr
    assert stores.negativations() == []
    assert stores.count("cp_inclusion_request") == 0


def test_a_dry_run_shows_and_makes_nothing(cli: Cli, stores: Stores) -> None:
    document = cli.json("negativate", *CHOICE, "--dry-run").document
    assert (document["blocked"], document["total"], document["findings"]) == (False, "119.90", [])
    assert [row["id"] for row in document["invoices"]] == ["60003"]
    blocked = cli.json("negativate", *CHOICE[:-1], "DUP", "--dry-run", expect=1).document
    assert blocked["blocked"] is True
    assert [finding["code"] for finding in blocked["findings"]] == ["natureza_pessoa"]
    assert "natureza_pessoa" in cli.run("negativate", *CHOICE[:-1], "DUP", "--dry-run", expect=1).stdout
    assert stores.negativations() == []


def test_several_invoices_and_an_edited_amount(cli: Cli, stores: Stores) -> None:
    further = ("--invoice", "60004", "--amount", "60004=50,25", "--why", "lote de teste")
    document = cli.negativate("9001", "60003", "DEV", *further).document
    assert [row["amount"] for row in document["negativations"]] == ["119.90", "50.25"]
    assert len(stores.negativations()) == 2


def test_warnings_are_shown_and_do_not_refuse(cli: Cli) -> None:
    ran = cli.negativate("9005", invoice_of(cli, "9005"), "OUT")
    warned = {finding["code"] for finding in ran.document["findings"]}
    assert warned == {"natureza_sem_marca", "nascimento_desconhecido", "servico_nao_rescindido"}


def test_a_refusal_prints_every_finding_once(cli: Cli) -> None:
    ran = cli.run("negativate", "--customer", "9004", "--invoice", "60003", "--nature", "DUP", "--yes", expect=1)
    assert ran.stderr.startswith("Erro [recusado_por_regra]: ")
    assert ran.stderr.count("menor_de_idade") == 1
    assert "natureza_pessoa" in ran.stderr
    assert "menor_de_idade" not in ran.stdout


def test_an_amount_for_an_invoice_that_was_not_chosen_is_refused(cli: Cli, stores: Stores) -> None:
    assert cli.negativate("9001", "60003", "DEV", "--amount", "60004=1", expect=2).error["code"] == "valor_sem_fatura"
    assert cli.negativate("9001", "60003", "DEV", "--amount", "60003=x", expect=2).error["code"] == "valor_formato"
    assert stores.negativations() == []


def test_an_unknown_customer_or_invoice_is_not_found(cli: Cli) -> None:
    assert cli.negativate("1", "60003", "DEV", expect=6).error["code"] == "cliente_desconhecido"
    assert cli.negativate("9001", "1", "DEV", expect=6).error["code"] == "fatura_desconhecida"


def invoice_of(cli: Cli, customer: str) -> str:
    rows = cli.json("invoices", "overdue", "--customer", customer).document["invoices"]
    return str(rows[0]["id"])
