"""Bad input through the command line: its exit code, and no partial record."""

from pathlib import Path

import pytest

from credit_protection.domain.queries import CreditQuery, QueryStatus
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData

QUERY = ("query", "--customer", "9001", "-p", "ESSENCIAL")
CLOSED_PORT = "http://127.0.0.1:1"


def nothing_was_stored(stored: StoredData, bureau: BureauSimulator) -> None:
    assert stored.count("cp_negativation") == 0
    assert stored.count("cp_negativation_invoice") == 0
    assert stored.count("cp_inclusion_request") == 0
    assert stored.count("cp_event") == 0
    assert stored.count("cp_credit_query") == 0
    assert bureau.counts()["requests"] == 0


def single_failed_query(stored: StoredData, *, kept: int = 0) -> CreditQuery:
    """The stored query without a report; no file was written. What was received for it may be kept as evidence."""
    (query,) = stored.queries()
    assert stored.count("cp_credit_report") == kept
    assert not list(Path().iterdir())
    assert query.error_message
    assert bool(query.size) is bool(query.sha256) is bool(query.media_type) is bool(kept)
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
def test_inclusion_is_refused_by_the_rules(
    cli: Cli, stored: StoredData, bureau: BureauSimulator, customer: str, invoice: str, nature: str, code: str
) -> None:
    result = cli.negativate(customer, invoice, nature, expect=1)
    assert result.error["code"] == "recusado_por_regra"
    assert code in result.codes
    nothing_was_stored(stored, bureau)


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
def test_customer_is_refused_by_the_rules(
    cli: Cli, stored: StoredData, bureau: BureauSimulator, customer: str, nature: str, code: str
) -> None:
    rows = cli.json("invoices", "overdue", "--customer", customer).document["invoices"]
    assert code in cli.negativate(customer, rows[0]["id"], nature, expect=1).codes
    nothing_was_stored(stored, bureau)


def test_wrong_check_digits_in_the_erp_are_refused(cli: Cli, stored: StoredData, bureau: BureauSimulator) -> None:
    stored.change_erp("UPDATE customers SET document = '90000900169' WHERE id = '9001'")
    result = cli.negativate("9001", "60003", "DEV", expect=1)
    assert "cpf_digitos" in result.codes
    assert "90000900169" not in result.stdout + result.stderr
    assert cli.json(*QUERY, expect=2).error["code"] == "cpf_digitos"
    nothing_was_stored(stored, bureau)


def test_invoice_that_is_not_due_is_refused(cli: Cli, stored: StoredData, bureau: BureauSimulator) -> None:
    stored.change_erp("UPDATE invoices SET due_date = date('now', '+3 days') WHERE id = '60003'")
    assert "fatura_a_vencer" in cli.negativate("9001", "60003", "DEV", expect=1).codes
    nothing_was_stored(stored, bureau)


def test_negativated_invoice_is_refused(cli: Cli, stored: StoredData) -> None:
    cli.negativate("9001", "60003", "DEV")
    result = cli.negativate("9001", "60004", "DEV", "--invoice", "60003", expect=1)
    assert result.codes == ["fatura_ja_negativada"]
    assert len(stored.negativations()) == 1
    assert stored.count("cp_inclusion_request") == 1


def test_invoices_of_two_subscriptions_are_refused(cli: Cli, stored: StoredData, bureau: BureauSimulator) -> None:
    rows = cli.json("invoices", "overdue", "--customer", "9018").document["invoices"]
    first = rows[0]
    other = next(row for row in rows if row["subscription_id"] != first["subscription_id"])
    result = cli.negativate("9018", first["id"], "MEN", "--invoice", other["id"], expect=1)
    assert "fatura_de_outro_servico" in result.codes
    nothing_was_stored(stored, bureau)


@pytest.mark.parametrize("amount", ["119,91", "0"])
def test_amount_above_the_balance_or_not_positive_is_refused(
    cli: Cli, stored: StoredData, bureau: BureauSimulator, amount: str
) -> None:
    (code,) = cli.negativate("9001", "60003", "DEV", "--amount", f"60003={amount}", expect=1).codes
    assert code in {"valor_acima_do_saldo", "valor_nao_positivo"}
    nothing_was_stored(stored, bureau)


@pytest.mark.parametrize(("amount", "code"), [("-5", "valor_negativo"), ("1.50", "valor_ambiguo")])
def test_amount_that_is_negative_or_ambiguous_is_refused(
    cli: Cli, stored: StoredData, bureau: BureauSimulator, amount: str, code: str
) -> None:
    assert cli.negativate("9001", "60003", "DEV", "--amount", f"60003={amount}", expect=2).error["code"] == code
    nothing_was_stored(stored, bureau)


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
def test_impossible_query_is_refused_and_not_sent(
    cli: Cli, stored: StoredData, bureau: BureauSimulator, arguments: tuple[str, ...], code: str
) -> None:
    assert cli.json("query", *arguments, expect=2).error["code"] == code
    nothing_was_stored(stored, bureau)


def test_wrong_client_secret_fails_the_query(cli: Cli, stored: StoredData, bureau: BureauSimulator) -> None:
    bureau.set_options(client_secret="another")
    result = cli.json(*QUERY, expect=4)
    assert result.error["code"] == "credenciais_recusadas"
    query = single_failed_query(stored)
    assert result.error["query_id"] == query.id
    assert (query.status, query.cost) == (QueryStatus.FAILED, None)


def test_missing_credit_fails_the_query(cli: Cli, stored: StoredData, bureau: BureauSimulator) -> None:
    bureau.set_options(balance=1)
    assert cli.json(*QUERY, expect=4).error["code"] == "sem_credito"
    query = single_failed_query(stored)
    assert (query.status, query.cost) == (QueryStatus.FAILED, None)


def test_unreachable_bureau_fails_the_query(cli: Cli, stored: StoredData, bureau: BureauSimulator) -> None:
    moved = ("--param", f"base_url={CLOSED_PORT}", "--secret", "client_secret")
    cli.run("integration", "edit", *moved, answers="anew-secret\n")
    result = cli.run(*QUERY, expect=3)
    assert result.stderr.startswith("Erro [biro_indisponivel]: ")
    assert single_failed_query(stored).status is QueryStatus.FAILED
    assert bureau.counts()["requests"] == 0


@pytest.mark.parametrize("fault", ["html_instead_of_pdf", "empty_pdf", "truncated_pdf", "garbage"])
def test_answer_that_is_no_pdf_leaves_the_outcome_unknown(
    cli: Cli, stored: StoredData, bureau: BureauSimulator, fault: str
) -> None:
    bureau.add_fault("query", fault)
    cli.json(*QUERY, expect=3)
    assert single_failed_query(stored, kept=int(fault != "empty_pdf")).status is QueryStatus.UNKNOWN
    assert bureau.counts()["requests"] == 1


@pytest.mark.parametrize("fault", ["lost_reply", "gateway_timeout", "server_error"])
def test_lost_answer_leaves_the_outcome_unknown(
    cli: Cli, stored: StoredData, bureau: BureauSimulator, fault: str
) -> None:
    bureau.add_fault("query", fault)
    result = cli.run(*QUERY, expect=3)
    query = single_failed_query(stored)
    assert f"Consulta registrada: {query.id}" in result.stderr
    assert query.status is QueryStatus.UNKNOWN
    assert str(query.cost) == "R$ 2,90"
    assert bureau.counts()["requests"] == 1
    assert cli.json("queries", "export", query.id, expect=1).error["code"] == "consulta_sem_resposta"


def test_pdf_cannot_be_exported_as_a_spreadsheet(cli: Cli) -> None:
    query_id = cli.id_of(*QUERY, "-o", "asked.pdf")
    result = cli.json("queries", "export", query_id, "--format", "xlsx", expect=2)
    assert result.error["code"] == "exportacao_sem_dados"
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
def test_actor_without_the_permission_is_refused(
    cli: Cli,
    stored: StoredData,
    bureau: BureauSimulator,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", role)
    assert "Erro [sem_permissao]: " in cli.run(*arguments, expect=5).stderr
    nothing_was_stored(stored, bureau)
    assert stored.count("cp_settlement") == 0
    monkeypatch.delenv("CREDIT_PROTECTION_ROLE")
    rows = cli.json("invoices", "overdue", "--customer", "9001").document["invoices"]
    assert [row["balance"] for row in rows] == ["119.90"] * 3


@pytest.mark.parametrize("act", ["delete", "withdraw", "resume", "stop", "attest"])
def test_acting_on_a_negativation_needs_the_removal_permission(
    cli: Cli, stored: StoredData, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "atendente")
    further = {"delete": ["--yes"], "stop": ["--remark", "x"], "attest": ["--remark", "x", "--yes"]}.get(act, [])
    assert cli.json("negativations", act, made["id"], *further, expect=5).error["code"] == "sem_permissao"
    assert stored.negativations()[0].version == 1
