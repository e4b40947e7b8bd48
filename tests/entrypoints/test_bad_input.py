"""Bad input, and what it gets: each through the command line, with its exit code, and no record half-made."""

from pathlib import Path

import pytest

from credit_protection.domain.queries import CreditQuery, QueryStatus
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, Stores

QUERY = ("query", "--customer", "9001", "-p", "ESSENCIAL")
NOBODY_LISTENS = "http://127.0.0.1:1"


def nothing_was_made(stores: Stores, bureau: BureauSimulator) -> None:
    assert stores.count("cp_negativation") == 0
    assert stores.count("cp_negativation_invoice") == 0
    assert stores.count("cp_inclusion_request") == 0
    assert stores.count("cp_event") == 0
    assert stores.count("cp_credit_query") == 0
    assert bureau.counts()["requests"] == 0


def the_one_failed_query(stores: Stores) -> CreditQuery:
    """It is stored, with no report, and no file lies about."""
    (query,) = stores.queries()
    assert stores.count("cp_credit_report") == 0
    assert not list(Path().iterdir())
    assert query.error_message
    assert (query.size, query.sha256, query.media_type) == (0, "", "")
    return query


# ---------------------------------------------------------------------------------------------------------- inclusions


@pytest.mark.parametrize(
    ("customer", "invoice", "nature", "code"),
    [
        ("9001", "60003", "DUP", "natureza_pessoa"),
        ("9002", "60007", "DEV", "natureza_pessoa"),
        ("9001", "60003", "XXX", "natureza_desconhecida"),
        ("9001", "60001", "DEV", "fatura_paga"),
        ("9001", "60007", "DEV", "fatura_de_outro_cliente"),
    ],
    ids=["PJ nature for a PF", "PF nature for a PJ", "unknown nature", "already paid", "of another customer"],
)
def test_an_inclusion_that_the_rules_refuse(
    cli: Cli, stores: Stores, bureau: BureauSimulator, customer: str, invoice: str, nature: str, code: str
) -> None:
    ran = cli.negativate(customer, invoice, nature, expect=1)
    assert ran.error["code"] == "recusado_por_regra"
    assert code in ran.codes
    nothing_was_made(stores, bureau)


@pytest.mark.parametrize(
    ("customer", "nature", "code"),
    [
        ("9004", "DEV", "menor_de_idade"),
        ("9006", "DEV", "endereco_incompleto"),
        ("9007", "DEV", "endereco_incompleto"),
        ("9008", "DEV", "endereco_incompleto"),
        ("9020", "DUP", "divida_antiga"),
        ("9021", "MEN", "divida_antiga"),
        ("9011", "MEN", "nao_negativar"),
        ("9003", "DUP", "cnpj_alfanumerico"),
    ],
    ids=["minor", "no CEP", "no number", "no UF", "old", "almost old", "deceased", "CNPJ with letters"],
)
def test_a_customer_that_the_rules_refuse(
    cli: Cli, stores: Stores, bureau: BureauSimulator, customer: str, nature: str, code: str
) -> None:
    rows = cli.json("invoices", "overdue", "--customer", customer).document["invoices"]
    assert code in cli.negativate(customer, rows[0]["id"], nature, expect=1).codes
    nothing_was_made(stores, bureau)


def test_wrong_check_digits_in_the_erp(cli: Cli, stores: Stores, bureau: BureauSimulator) -> None:
    stores.change_erp("UPDATE customers SET document = '90000900169' WHERE id = '9001'")
    ran = cli.negativate("9001", "60003", "DEV", expect=1)
    assert "cpf_digitos" in ran.codes
    assert "90000900169" not in ran.stdout + ran.stderr
    assert cli.json(*QUERY, expect=2).error["code"] == "cpf_digitos"
    nothing_was_made(stores, bureau)


def test_an_invoice_that_is_not_due(cli: Cli, stores: Stores, bureau: BureauSimulator) -> None:
    stores.change_erp("UPDATE invoices SET due_date = date('now', '+3 days') WHERE id = '60003'")
    assert "fatura_a_vencer" in cli.negativate("9001", "60003", "DEV", expect=1).codes
    nothing_was_made(stores, bureau)


def test_an_invoice_that_is_already_negativated(cli: Cli, stores: Stores) -> None:
    cli.negativate("9001", "60003", "DEV")
    ran = cli.negativate("9001", "60004", "DEV", "--invoice", "60003", expect=1)
    assert ran.codes == ["fatura_ja_negativada"]
    assert len(stores.negativations()) == 1
    assert stores.count("cp_inclusion_request") == 1


def test_invoices_of_two_subscriptions(cli: Cli, stores: Stores, bureau: BureauSimulator) -> None:
    rows = cli.json("invoices", "overdue", "--customer", "9018").document["invoices"]
    first = rows[0]
    other = next(row for row in rows if row["subscription_id"] != first["subscription_id"])
    ran = cli.negativate("9018", first["id"], "MEN", "--invoice", other["id"], expect=1)
    assert "fatura_de_outro_servico" in ran.codes
    nothing_was_made(stores, bureau)


@pytest.mark.parametrize("amount", ["119,91", "0", "-5"])
def test_an_amount_above_the_open_balance_or_none_at_all(
    cli: Cli, stores: Stores, bureau: BureauSimulator, amount: str
) -> None:
    (code,) = cli.negativate("9001", "60003", "DEV", "--amount", f"60003={amount}", expect=1).codes
    assert code in {"valor_acima_do_saldo", "valor_nao_positivo"}
    nothing_was_made(stores, bureau)


# ---------------------------------------------------------------------------------------------------------- queries


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("90010020056", "-p", "ESSENCIAL"), "cpf_digitos"),
        (("12345678000196", "-p", "ESSENCIAL"), "cnpj_digitos"),
        (("12345", "-p", "ESSENCIAL"), "documento_formato"),
        (("90010020055\n", "-p", "NADA"), "produto_desconhecido"),
        (("90010020055", "-p", "MEDIDA-PJ"), "produto_pessoa"),
        (("90010020055", "-p", "NEG-INC"), "produto_nao_e_consulta"),
        (("90010020055", "-p", "SCORE"), "insumo_obrigatorio"),
        (("90010020055", "-p", "ESSENCIAL", "--input", "cor=azul"), "insumo_desconhecido"),
        (("12ABC34501DE35", "-p", "ESSENCIAL"), "cnpj_alfanumerico"),
    ],
)
def test_a_query_that_cannot_be_asked(
    cli: Cli, stores: Stores, bureau: BureauSimulator, arguments: tuple[str, ...], code: str
) -> None:
    assert cli.json("query", *arguments, expect=2).error["code"] == code
    nothing_was_made(stores, bureau)


def test_a_wrong_client_secret(cli: Cli, stores: Stores, bureau: BureauSimulator) -> None:
    bureau.set_options(client_secret="another")
    ran = cli.json(*QUERY, expect=4)
    assert ran.error["code"] == "credenciais_recusadas"
    query = the_one_failed_query(stores)
    assert ran.error["query_id"] == query.id
    assert (query.status, query.cost) == (QueryStatus.FAILED, None)


def test_no_credit(cli: Cli, stores: Stores, bureau: BureauSimulator) -> None:
    bureau.set_options(balance=1)
    assert cli.json(*QUERY, expect=4).error["code"] == "sem_credito"
    query = the_one_failed_query(stores)
    assert (query.status, query.cost) == (QueryStatus.FAILED, None)


def test_a_bureau_that_is_down(cli: Cli, stores: Stores, bureau: BureauSimulator) -> None:
    cli.run("integration", "edit", "--param", f"base_url={NOBODY_LISTENS}")
    ran = cli.run(*QUERY, expect=3)
    assert ran.stderr.startswith("Erro [biro_indisponivel]: ")
    assert the_one_failed_query(stores).status is QueryStatus.FAILED
    assert bureau.counts()["requests"] == 0


@pytest.mark.parametrize("fault", ["html_instead_of_pdf", "empty_pdf", "truncated_pdf", "garbage"])
def test_an_answer_that_is_no_pdf(cli: Cli, stores: Stores, bureau: BureauSimulator, fault: str) -> None:
    bureau.add_fault("query", fault)
    cli.json(*QUERY, expect=3)
    assert the_one_failed_query(stores).status is QueryStatus.UNKNOWN
    assert bureau.counts()["requests"] == 1


@pytest.mark.parametrize("fault", ["lost_reply", "gateway_timeout", "server_error"])
def test_an_answer_that_is_lost(cli: Cli, stores: Stores, bureau: BureauSimulator, fault: str) -> None:
    bureau.add_fault("query", fault)
    ran = cli.run(*QUERY, expect=3)
    query = the_one_failed_query(stores)
    assert f"Consulta registrada: {query.id}" in ran.stderr
    assert query.status is QueryStatus.UNKNOWN
    assert str(query.cost) == "R$ 2,90"
    assert bureau.counts()["requests"] == 1
    assert cli.json("queries", "export", query.id, expect=1).error["code"] == "consulta_sem_resposta"


def test_a_spreadsheet_of_a_pdf(cli: Cli) -> None:
    query_id = cli.id_of(*QUERY, "-o", "asked.pdf")
    ran = cli.json("queries", "export", query_id, "--format", "xlsx", expect=2)
    assert ran.error["code"] == "exportacao_sem_dados"
    assert [path.name for path in Path().iterdir()] == ["asked.pdf"]


# ---------------------------------------------------------------------------------------------------------- permissions


@pytest.mark.parametrize(
    ("role", "arguments"),
    [
        ("atendente", ("negativate", "--customer", "9001", "--invoice", "60003", "--nature", "DEV", "--yes")),
        ("atendente", ("invoices", "pay", "60003")),
        ("atendente", ("invoices", "import", "--yes")),
        ("atendente", ("integration", "add")),
        ("atendente", ("integration", "edit", "--description", "x")),
        ("atendente", ("integration", "delete", "--yes")),
        ("atendente", ("products", "sync")),
        ("atendente", ("sweep",)),
        ("atendente", ("worker",)),
        ("operador", ("removals", "run")),
        ("operador", ("integration", "test")),
        ("auditor", QUERY),
        ("visitante", ("integration", "list")),
    ],
)
def test_an_actor_without_the_permission(
    cli: Cli,
    stores: Stores,
    bureau: BureauSimulator,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", role)
    assert "Erro [sem_permissao]: " in cli.run(*arguments, expect=5).stderr
    nothing_was_made(stores, bureau)
    assert stores.count("cp_settlement") == 0
    monkeypatch.delenv("CREDIT_PROTECTION_ROLE")
    rows = cli.json("invoices", "overdue", "--customer", "9001").document["invoices"]
    assert [row["balance"] for row in rows] == ["119.90"] * 3


@pytest.mark.parametrize("act", ["delete", "withdraw", "resume", "stop", "attest"])
def test_only_who_may_remove_acts_on_a_negativation(
    cli: Cli, stores: Stores, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "atendente")
    further = {"delete": ["--yes"], "stop": ["--why", "x"], "attest": ["--why", "x", "--yes"]}.get(act, [])
    assert cli.json("negativations", act, made["id"], *further, expect=5).error["code"] == "sem_permissao"
    assert stores.negativations()[0].version == 1
