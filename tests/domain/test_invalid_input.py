"""Each operator error has its own code and a Portuguese sentence that says what to do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.documents import PersonType, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Severity
from credit_protection.domain.guards import Candidate, InclusionTerms, evaluate
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product, ProductInput, ProductKind, check_inputs
from credit_protection.testing.strategies import TODAY
from tests.domain.invalid_candidates import (
    ANA,
    F1,
    PADARIA,
    TERMS,
    Mutation,
    address,
    customer,
    first,
    first_amount,
    open_elsewhere,
)
from tests.domain.message_checks import assert_says_what_to_do

ONLY_PJ = InclusionNature("1", "Duplicata (PJ)", frozenset({PersonType.PJ}))
QUERY = Product("10", "Consulta", ProductKind.QUERY, inputs=(ProductInput("SCORE", "Modelo de score", required=True),))


@dataclass(frozen=True)
class InvalidCase:
    """What is wrong, the code of its finding, and the mutation."""

    what: str
    code: str
    mutate: Mutation
    candidate: Candidate = ANA


def only_pj(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
    return candidate, replace(terms, natures={"1": ONLY_PJ})


INVALID_CASES = [
    InvalidCase("wrong check digits of a CPF", "cpf_digitos", customer(document="900.100.200-56")),
    InvalidCase("wrong check digits of a CNPJ", "cnpj_digitos", customer(document="11.222.333/0001-82"), PADARIA),
    InvalidCase("a nature for the other person type", "natureza_pessoa", only_pj),
    InvalidCase("an invoice that is not due", "fatura_a_vencer", first(due_date=date(2026, 9, 20))),
    InvalidCase("an invoice due today", "fatura_a_vencer", first(due_date=TODAY)),
    InvalidCase("an invoice already paid", "fatura_paga", first(status=InvoiceStatus.PAID)),
    InvalidCase("an invoice already negativated", "fatura_ja_negativada", open_elsewhere),
    InvalidCase("an invoice of another customer", "fatura_de_outro_cliente", first(customer_id="c2")),
    InvalidCase("an invoice of another subscription", "fatura_de_outro_servico", first(subscription_id="s2")),
    InvalidCase("an amount above the balance", "valor_acima_do_saldo", first_amount(lambda _: Money(100_01))),
    InvalidCase("a debt of five years less the margin", "divida_antiga", first(due_date=date(2021, 10, 15))),
    InvalidCase("no street", "endereco_incompleto", address(street="")),
    InvalidCase("no CEP", "endereco_incompleto", address(postal_code="")),
    InvalidCase("a minor", "menor_de_idade", customer(birth_date=date(2010, 1, 1))),
]


@pytest.mark.parametrize("case", INVALID_CASES, ids=lambda case: case.what)
def test_each_invalid_case_is_refused_with_its_code_and_a_sentence(case: InvalidCase) -> None:
    candidate, terms = case.mutate(case.candidate, TERMS)
    (finding,) = evaluate(candidate, terms)

    assert (finding.code, finding.severity) == (case.code, Severity.BLOCK)
    assert_says_what_to_do(finding.message)
    digits = "".join(character for character in candidate.customer.document if character.isalnum())
    assert candidate.customer.document not in finding.message
    assert digits not in finding.message


def test_codes_of_invalid_cases_are_distinct() -> None:
    assert (
        len({case.code for case in INVALID_CASES}) == len(INVALID_CASES) - 2
    )  # due later and today; two parts of an address


UNFIT: list[tuple[str, Callable[[], object]]] = [
    ("cpf_digitos", lambda: parse_document("90010020056")),
    ("cnpj_digitos", lambda: parse_document("11222333000182")),
    ("documento_formato", lambda: parse_document("900")),
    ("produto_indisponivel", lambda: check_inputs(replace(QUERY, hidden=True), PersonType.PF, {})),
    (
        "produto_nao_e_consulta",
        lambda: check_inputs(replace(QUERY, kind=ProductKind.REMOVAL), PersonType.PF, {}),
    ),
    (
        "produto_pessoa",
        lambda: check_inputs(replace(QUERY, person_types=frozenset({PersonType.PJ})), PersonType.PF, {}),
    ),
    ("insumo_obrigatorio", lambda: check_inputs(QUERY, PersonType.PF, {})),
]


@pytest.mark.parametrize(("code", "act"), UNFIT)
def test_invalid_query_is_refused_with_its_code_and_a_sentence(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        act()

    assert caught.value.code == code
    assert_says_what_to_do(caught.value.message)


def test_candidate_has_no_findings_before_its_mutation() -> None:
    assert evaluate(replace(ANA, invoices=(F1,)), TERMS) == []
