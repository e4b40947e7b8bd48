"""Rule 1: never without a person. A request, the negativations that it makes, and the order sent for each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.capabilities import Capabilities, FieldLimit, Overflow, Registry
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Address
from credit_protection.domain.documents import Cnpj, Cpf
from credit_protection.domain.errors import InvalidInput, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards import Candidate, evaluate
from credit_protection.domain.integrations import Integration, IntegrationSettings
from credit_protection.domain.money import ZERO, Money, total
from credit_protection.domain.negativations import Change, NegativatedInvoice, Negativation, Transmission
from credit_protection.domain.requests import InclusionOrder, InclusionRequest, create, inclusion_order, new_request
from credit_protection.domain.settlements import Entry, InvoiceOutcome, Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.testing.strategies import NOW, TODAY, actors, candidates
from tests.domain.invalid_candidates import ANA, CAPABILITIES, F1, F2, PADARIA, TERMS
from tests.domain.message_checks import assert_says_what_to_do

RUI = Actor("u1", "Rui", frozenset({Permission.NEGATIVATE}))
PLAIN = Integration("i1", "spc_brasil", "Birô", "cr1", {}, {}, NOW)
GROUPED = replace(PLAIN, settings=IntegrationSettings(grouped=True))
GROUPING = replace(CAPABILITIES, grouping=True)
CREDITOR = Creditor("cr1", Cnpj("11222333000181"), "Provedor Ltda", "SP")


def numbered() -> Callable[[], tuple[str, str]]:
    numbers = count(1)

    def names() -> tuple[str, str]:
        number = next(numbers)
        return f"n{number}", f"CP-{number}"

    return names


def asked(candidate: Candidate = ANA, actor: Actor = RUI) -> InclusionRequest:
    return new_request(candidate, request_id="r1", actor=actor, integration=PLAIN, remark="cobrança esgotada", now=NOW)


def created(
    candidate: Candidate = ANA,
    integration: Integration = PLAIN,
    gateway: Capabilities = CAPABILITIES,
    findings: tuple[Finding, ...] = (),
) -> list[Change]:
    return create(
        asked(candidate),
        candidate,
        iter(findings),
        integration=integration,
        capabilities=gateway,
        host="local",
        new_ids=numbered(),
    )


# ------------------------------------------------------------------------------------------------ asking


def test_person_requests_listed_invoices() -> None:
    assert asked() == InclusionRequest(
        id="r1",
        integration_id="i1",
        actor_id="u1",
        actor_name="Rui",
        requested_at=NOW,
        customer_id="c1",
        subscription_id="s1",
        invoice_ids=("1001", "1002"),
        nature_code="1",
        remark="cobrança esgotada",
    )


def test_system_can_not_request() -> None:
    with pytest.raises(RuleViolation) as caught:
        asked(actor=SYSTEM)

    assert (caught.value.code, caught.value.findings) == ("sem_pessoa", ())
    assert caught.value.message == "Só uma pessoa pode pedir uma negativação. Entre com um usuário seu."


def test_request_needs_an_explicit_list() -> None:
    with pytest.raises(RuleViolation) as caught:
        asked(replace(ANA, invoices=()))

    assert caught.value.code == "sem_fatura"
    assert caught.value.message == "Escolha pelo menos uma fatura vencida."
    assert_says_what_to_do(caught.value.message)


@given(candidates(), actors(), st.booleans())
def test_each_request_has_a_person_and_invoices(candidate: Candidate, actor: Actor, is_person: bool) -> None:
    one = replace(actor, is_person=is_person)
    if not is_person:
        with pytest.raises(RuleViolation):
            asked(candidate, one)
        return
    request = asked(candidate, one)
    assert request.actor_id == one.id
    assert request.invoice_ids == tuple(invoice.id for invoice in candidate.invoices)
    assert request.invoice_ids


# ------------------------------------------------------------------------------------------------ creating


def test_each_invoice_makes_a_negativation_of_its_own() -> None:
    first, second = created(replace(ANA, amounts={"1002": Money(50_00)}))

    assert first.negativation == Negativation(
        id="n1",
        request_id="r1",
        integration_id="i1",
        creditor_id="cr1",
        registry=Registry.SPC,
        host="local",
        customer_id="c1",
        subscription_id="s1",
        customer_name="Ana da Silva",
        document=Cpf("90010020055"),
        invoices=(NegativatedInvoice("1001", "F-1001", date(2026, 7, 1), Money(100_00), Money(100_00), Money(100_00)),),
        nature_code="1",
        reference="CP-1",
        requested_by="u1",
        created_at=NOW,
        transmission=Transmission(Action.INCLUDE, NOW),
        observed=Observed.ABSENT,
        observed_since=NOW,
    )
    assert first.events == (
        Event(
            EventKind.CREATED,
            "n1",
            NOW,
            "u1",
            "cobrança esgotada",
            {"request": "r1", "amount": "R$ 100,00", "reference": "CP-1"},
        ),
    )
    assert second.negativation.invoices == (
        NegativatedInvoice("1002", "F-1002", date(2026, 8, 3), Money(100_00), Money(50_00), Money(60_00)),
    )
    assert (second.negativation.id, second.negativation.reference) == ("n2", "CP-2")
    assert second.negativation.amount == Money(50_00)


def test_grouping_makes_one_negativation_if_the_gateway_can() -> None:
    (one,) = created(integration=GROUPED, gateway=GROUPING)

    assert [invoice.invoice_id for invoice in one.negativation.invoices] == ["1001", "1002"]
    assert one.negativation.amount == Money(160_00)
    assert one.negativation.due_date == date(2026, 7, 1)
    assert len(created(integration=GROUPED)) == 2
    assert len(created(gateway=GROUPING)) == 2


def test_block_refuses_with_all_findings_and_a_warning_does_not() -> None:
    warning = Finding("nascimento_desconhecido", Severity.WARN, "Confira.", "birth_date")
    block = Finding("menor_de_idade", Severity.BLOCK, "Confira.", "birth_date")

    assert len(created(findings=(warning,))) == 2
    with pytest.raises(RuleViolation) as caught:
        created(findings=(warning, block))
    assert caught.value.findings == (warning, block)
    assert caught.value.code == "recusado_por_regra"
    assert caught.value.message == "As regras não permitem esta negativação. Veja os motivos."


def test_malformed_document_creates_nothing_even_without_findings() -> None:
    with pytest.raises(InvalidInput):
        created(replace(ANA, customer=replace(ANA.customer, document="1")))


@pytest.mark.parametrize("reference", ["", "A" * 17, "cp-1", "CP_1", "CP 1", "CP-1\n", "ÇP-1"])
def test_reference_is_at_most_sixteen_capitals_digits_and_hyphens(reference: str) -> None:
    with pytest.raises(ValueError, match="contract reference"):
        create(
            asked(),
            ANA,
            (),
            integration=PLAIN,
            capabilities=CAPABILITIES,
            host="local",
            new_ids=lambda: ("n1", reference),
        )


@pytest.mark.parametrize("reference", ["A", "A" * 16, "CP-2026-000001"])
def test_valid_reference_is_accepted(reference: str) -> None:
    one, _ = create(
        asked(), ANA, (), integration=PLAIN, capabilities=CAPABILITIES, host="local", new_ids=lambda: ("n1", reference)
    )
    assert one.negativation.reference == reference


def test_no_record_is_below_the_bureaus_smallest_debt() -> None:
    gateway = replace(GROUPING, minimum_amount=Money(10_00))
    small = replace(ANA, invoices=(replace(F1, balance=Money(6_00)), replace(F2, balance=Money(6_00))))
    assert "valor_minimo" in [found.code for found in evaluate(small, replace(TERMS, capabilities=gateway))]


@given(candidates(), st.booleans(), st.booleans())
def test_created_negativations_match_the_request(candidate: Candidate, grouped: bool, grouping: bool) -> None:
    changes = created(
        candidate,
        replace(PLAIN, settings=IntegrationSettings(grouped=grouped)),
        replace(CAPABILITIES, grouping=grouping, registry=Registry.SERASA),
    )
    made = [change.negativation for change in changes]

    assert len(made) == (1 if grouped and grouping else len(candidate.invoices))
    covered = [invoice for negativation in made for invoice in negativation.invoices]
    assert [each.invoice_id for each in covered] == [invoice.id for invoice in candidate.invoices]
    assert [each.amount for each in covered] == [candidate.amount_of(invoice) for invoice in candidate.invoices]
    assert [each.principal for each in covered] == [invoice.amount for invoice in candidate.invoices]
    assert total(negativation.amount for negativation in made) == total(each.amount for each in covered)
    for change in changes:
        negativation = change.negativation
        assert negativation.requested_by == "u1"
        assert negativation.registry is Registry.SERASA
        assert negativation.desired is Desired.INCLUDED
        assert negativation.observed is Observed.ABSENT
        assert negativation.transmission == Transmission(Action.INCLUDE, NOW)
        assert not negativation.is_closed
        assert [event.kind for event in change.events] == [EventKind.CREATED]
        assert change.events[0].actor_id == "u1"
        assert candidate.customer.document not in repr(change.events)
    assert len({negativation.reference for negativation in made}) == len(made)


# ------------------------------------------------------------------------------------------------ earlier payments

EARLY = Settlement("p1", "1002", SettlementKind.PAYMENT, TODAY, Money(10_00))
"""The part of the second invoice that its balance reflected when it was negativated."""


def standing_of(second: Negativation, *entries: Entry, tolerance: Money = ZERO) -> InvoiceOutcome:
    return second.settlement_statuses(entries, tolerance)["1002"].outcome


def test_payments_must_cover_the_whole_invoice_whenever_they_were_made() -> None:
    _, change = created()
    rest = replace(EARLY, id="p2", amount=Money(90_00))

    assert change.negativation.invoices[0].principal == Money(100_00)
    assert standing_of(change.negativation, EARLY) is InvoiceOutcome.PARTLY_PAID
    assert standing_of(change.negativation, EARLY, rest) is InvoiceOutcome.PAID
    assert standing_of(change.negativation, rest) is InvoiceOutcome.PARTLY_PAID
    assert standing_of(change.negativation, rest, tolerance=Money(10_00)) is InvoiceOutcome.PAID


def test_reversal_undoes_a_whole_payment() -> None:
    _, change = created()
    whole = replace(EARLY, id="p2", amount=None)

    assert standing_of(change.negativation, whole) is InvoiceOutcome.PAID
    assert standing_of(change.negativation, whole, Reversal("p2", "1002", TODAY)) is InvoiceOutcome.OWED


# ------------------------------------------------------------------------------------------------ the order


def test_order_has_debtor_creditor_and_debt() -> None:
    company = replace(ANA, customer=replace(ANA.customer, email="ana@exemplo.com.br", phone="17999990000"))
    first, _ = created(company)

    assert inclusion_order(first.negativation, company.customer, CREDITOR, CAPABILITIES) == InclusionOrder(
        document=Cpf("90010020055"),
        name="Ana da Silva",
        birth_date=date(1980, 5, 17),
        address=ANA.customer.address,
        email="ana@exemplo.com.br",
        phone="17999990000",
        creditor=Cnpj("11222333000181"),
        reference="CP-1",
        nature_code="1",
        due_date=date(2026, 7, 1),
        amount=Money(100_00),
    )


def test_texts_are_fitted_to_the_bureaus_limits() -> None:
    limits = {
        "name": FieldLimit(9),
        "city": FieldLimit(20),
        "street": FieldLimit(14),
        "district": FieldLimit(6, Overflow.REFUSE),
    }
    first, _ = created()
    order = inclusion_order(first.negativation, ANA.customer, CREDITOR, replace(CAPABILITIES, field_limits=limits))

    assert order.name == "Ana Silva"
    assert order.address == Address("R das Acácias", "120", "", "Centro", "S José do Rio Preto", "SP", "15015000")


def test_text_that_cannot_fit_is_refused() -> None:
    first, _ = created(PADARIA)
    with pytest.raises(RuleViolation) as caught:
        inclusion_order(
            first.negativation, PADARIA.customer, CREDITOR, replace(CAPABILITIES, field_limits={"city": FieldLimit(5)})
        )

    assert caught.value.code == "campo_longo"
    assert caught.value.message == "Um texto do cadastro não cabe no limite do birô. Abrevie no ERP."
    assert_says_what_to_do(caught.value.message)


@given(candidates(), st.integers(1, 40))
def test_order_fits_or_is_refused_as_the_guard_found(candidate: Candidate, length: int) -> None:
    gateway = replace(CAPABILITIES, field_limits={"name": FieldLimit(length), "city": FieldLimit(length)})
    found = {each.code for each in evaluate(candidate, replace(TERMS, capabilities=gateway))}
    one = created(candidate)[0].negativation
    if "campo_longo" in found:
        with pytest.raises(RuleViolation):
            inclusion_order(one, candidate.customer, CREDITOR, gateway)
        return
    order = inclusion_order(one, candidate.customer, CREDITOR, gateway)
    assert len(order.name) <= length
    assert len(order.address.city) <= length
    if not found:
        assert order.name == candidate.customer.name
        assert order.address == candidate.customer.address
    assert order.amount == one.amount
    assert order.reference == one.reference
