"""Taking over what was at the bureau before: each row comes to one verdict, and says why."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain import adoption
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.adoption import AdoptionSummary
from credit_protection.domain.adoption_assessment import AdoptionFacts, Assessment, ExtractRow, Verdict, assess
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.events import EventKind
from credit_protection.domain.findings import Severity, blocks
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.requests import InclusionRequest
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.testing import samples
from credit_protection.testing.strategies import NOW, capabilities
from tests.domain.message_checks import assert_says_what_to_do
from tests.domain.test_negativations import SPC

CPF = "90010020055"
DUE = date(2026, 8, 10)
TODAY = date(2026, 10, 5)
ANA = Actor.with_role("ana", "Ana", "administrador")
ROW = ExtractRow(2, CPF, "MARIA", "CONTRATO 12/A", DUE, Money(11990), RecordState.PRESENT, "B-1")
MARIA = Customer("c1", "MARIA DE EXEMPLO", CPF, Address())
INVOICE = Invoice("i1", "c1", "s1", "NF-1", DUE, Money(11990), Money(11990))
OF_OTHER = replace(INVOICE, id="i9", creditor_id="cr2")
FACTS = AdoptionFacts([MARIA], [INVOICE], None, frozenset(), TODAY)


def codes(assessment: Assessment) -> list[str]:
    return [finding.code for finding in assessment.findings]


def paid(status: InvoiceStatus = InvoiceStatus.PAID) -> AdoptionFacts:
    return replace(FACTS, invoices=[replace(INVOICE, status=status, balance=Money(0), paid_on=TODAY)])


def test_matched_record_on_file_is_adopted_without_findings() -> None:
    assert assess(ROW, FACTS) == Assessment(ROW, Verdict.ADOPTED, (), samples.CPF, MARIA, INVOICE)


@pytest.mark.parametrize("status", [each for each in InvoiceStatus if each is not InvoiceStatus.OPEN])
def test_record_of_settled_invoice_is_adopted_for_removal(status: InvoiceStatus) -> None:
    assessment = assess(ROW, paid(status))
    assert (assessment.verdict, codes(assessment)) == (Verdict.ADOPTED_FOR_REMOVAL, ["fatura_quitada"])


@pytest.mark.parametrize(
    ("row", "facts", "verdict", "code"),
    [
        (replace(ROW, document="90010020056"), FACTS, Verdict.REFUSED, "documento_invalido"),
        (replace(ROW, reference=" "), FACTS, Verdict.REFUSED, "contrato_vazio"),
        (replace(ROW, due_date=None), FACTS, Verdict.REFUSED, "vencimento_ilegivel"),
        (replace(ROW, amount=None), FACTS, Verdict.REFUSED, "valor_ilegivel"),
        (replace(ROW, amount=Money(0)), FACTS, Verdict.REFUSED, "valor_ilegivel"),
        (replace(ROW, state=None), FACTS, Verdict.REFUSED, "situacao_desconhecida"),
        (replace(ROW, state=RecordState.GONE), FACTS, Verdict.NOT_AT_BUREAU, "nao_consta"),
        (replace(ROW, state=RecordState.REJECTED), FACTS, Verdict.NOT_AT_BUREAU, "nao_consta"),
        (replace(ROW, state=RecordState.REMOVING), FACTS, Verdict.NOT_AT_BUREAU, "nao_consta"),
        (ROW, replace(FACTS, is_removed_too=True), Verdict.NOT_AT_BUREAU, "nao_consta"),
        (ROW, replace(FACTS, is_order_unknown=True), Verdict.REFUSED, "ordem_desconhecida"),
        (ROW, replace(FACTS, is_repeated=True), Verdict.ALREADY_KNOWN, "ja_conhecida"),
        (ROW, replace(FACTS, known=samples.negativation()), Verdict.ALREADY_KNOWN, "ja_conhecida"),
        (
            ROW,
            replace(FACTS, known=samples.removed(samples.negativation())),
            Verdict.ALREADY_KNOWN,
            "encerrada_mas_consta",
        ),
        (ROW, replace(FACTS, customers=[]), Verdict.REFUSED, "cliente_desconhecido"),
        (ROW, replace(FACTS, invoices=[]), Verdict.REFUSED, "sem_fatura"),
        (replace(ROW, due_date=TODAY), FACTS, Verdict.REFUSED, "sem_fatura"),
        (ROW, replace(FACTS, open_invoices=frozenset({"i1"})), Verdict.REFUSED, "outra_negativacao"),
        (ROW, replace(FACTS, invoices=[OF_OTHER], creditor_id="cr1"), Verdict.REFUSED, "fatura_de_outra_empresa"),
    ],
)
def test_refused_row_says_why(row: ExtractRow, facts: AdoptionFacts, verdict: Verdict, code: str) -> None:
    assessment = assess(row, facts)
    assert (assessment.verdict, codes(assessment)[0]) == (verdict, code)
    for finding in assessment.findings:
        assert finding.severity is Severity.BLOCK
        assert finding.message.endswith(".")
        assert CPF not in finding.message


def test_amount_distinguishes_invoices_due_on_the_same_day() -> None:
    other = replace(INVOICE, id="i2", amount=Money(5000))
    assert assess(ROW, replace(FACTS, invoices=[other, INVOICE])).invoice == INVOICE
    for invoices in ([INVOICE, replace(INVOICE, id="i2")], [other, replace(other, id="i3")]):
        assessment = assess(ROW, replace(FACTS, invoices=invoices))
        assert codes(assessment) == ["faturas_ambiguas"]
        assert_says_what_to_do(assessment.findings[0].message)


def test_invoice_of_another_creditor_is_no_match() -> None:
    for invoice in (INVOICE, replace(INVOICE, creditor_id="cr1")):
        assessment = assess(ROW, replace(FACTS, invoices=[OF_OTHER, invoice], creditor_id="cr1"))
        assert (assessment.verdict, assessment.invoice) == (Verdict.ADOPTED, invoice)
    refused = assess(ROW, replace(FACTS, invoices=[OF_OTHER], creditor_id="cr1"))
    assert_says_what_to_do(refused.findings[0].message)
    chosen = assess(ROW, replace(FACTS, invoices=[OF_OTHER], creditor_id="cr1", without_invoice=True))
    assert (chosen.verdict, chosen.invoice) == (Verdict.WITHOUT_INVOICE, None)


def test_only_invoice_of_the_day_is_matched_with_a_warning_if_its_amount_differs() -> None:
    assessment = assess(replace(ROW, amount=Money(20000)), FACTS)
    assert (assessment.verdict, codes(assessment)) == (Verdict.ADOPTED, ["valor_difere"])


def test_finding_mentions_a_host_that_shows_only_open_invoices() -> None:
    message = assess(ROW, replace(FACTS, invoices=[], sees_settled=False)).findings[0].message
    assert "já ter sido paga" in message


def test_record_without_invoice_is_adopted_only_if_a_person_chose_so() -> None:
    facts = replace(FACTS, invoices=[], without_invoice=True)
    assessment = assess(ROW, facts)
    assert (assessment.verdict, codes(assessment)) == (Verdict.WITHOUT_INVOICE, ["adotado_sem_fatura"])
    assert assess(ROW, replace(facts, customers=[])).verdict is Verdict.REFUSED
    _, made = adopted(assessment)
    assert made.host == adoption.HOST_MISSING
    assert (made.due_date, made.amount, made.customer_id) == (DUE, Money(11990), "c1")


def test_adopted_row_has_warnings_for_a_person() -> None:
    old = replace(ROW, due_date=TODAY - timedelta(days=365 * 6), state=RecordState.REMOVAL_REFUSED)
    facts = replace(FACTS, invoices=[replace(INVOICE, due_date=TODAY - timedelta(days=365 * 6))])
    assert codes(assess(old, facts)) == ["remocao_recusada", "divida_prescrita"]


def adopted(
    assessment: Assessment, actor: Actor = ANA, gateway: Capabilities = SPC, *, is_shown: bool = True
) -> tuple[InclusionRequest, Negativation]:
    request, change = adoption.adopt(
        assessment,
        new_ids=("r1", "n1"),
        actor=actor,
        integration=samples.integration(owns_transmission=True),
        capabilities=gateway,
        host="local",
        now=NOW,
        is_shown=is_shown,
    )
    (event,) = change.events
    assert (event.kind, event.actor_id, event.cause) == (EventKind.ADOPTED, actor.id, "import")
    return request, change.negativation


ROWS = st.builds(
    ExtractRow,
    line=st.integers(1, 9),
    document=st.sampled_from([CPF, "12ABC34501DE35", "123", ""]),
    name=st.sampled_from(["", "MARIA"]),
    reference=st.sampled_from(["", "A|B", "contrato 7/2020 de muito mais de dezesseis"]),
    due_date=st.sampled_from([None, DUE, TODAY]),
    amount=st.sampled_from([None, Money(-1), Money(11990), Money(5000)]),
    state=st.sampled_from([None, *RecordState]),
    bureau_id=st.sampled_from([None, "B-1"]),
)
INVOICES = st.builds(
    Invoice,
    id=st.sampled_from(["i1", "i2", "i3"]),
    customer_id=st.just("c1"),
    subscription_id=st.sampled_from([None, "s1"]),
    number=st.just("NF"),
    due_date=st.sampled_from([DUE, TODAY]),
    amount=st.sampled_from([Money(11990), Money(5000)]),
    balance=st.just(Money(0)),
    status=st.sampled_from(InvoiceStatus),
)
ALL_FACTS = st.builds(
    AdoptionFacts,
    customers=st.sampled_from([[], [MARIA]]),
    invoices=st.lists(INVOICES, max_size=3, unique_by=lambda each: each.id),
    known=st.sampled_from([None, samples.negativation()]),
    open_invoices=st.sampled_from([frozenset(), frozenset({"i1"})]),
    today=st.just(TODAY),
    is_repeated=st.booleans(),
    is_removed_too=st.booleans(),
    is_order_unknown=st.booleans(),
    without_invoice=st.booleans(),
    sees_settled=st.booleans(),
)


@given(row=ROWS, facts=ALL_FACTS)
def test_row_is_adopted_or_has_a_blocking_finding(row: ExtractRow, facts: AdoptionFacts) -> None:
    assessment = assess(row, facts)
    assert assessment.verdict.is_adopted is not blocks(assessment.findings)
    for finding in assessment.findings:
        assert finding.message.endswith(".")


@given(row=ROWS, facts=ALL_FACTS, gateway=capabilities())
def test_adopted_record_is_as_the_bureau_has_it_and_is_never_included(
    row: ExtractRow, facts: AdoptionFacts, gateway: Capabilities
) -> None:
    assessment = assess(row, facts)
    if not assessment.verdict.is_adopted:
        with pytest.raises(RuleViolation):
            adopted(assessment, gateway=gateway)
        return
    request, made = adopted(assessment, gateway=gateway)
    assert made.is_adopted
    assert (made.reference, made.document.value, made.due_date, made.amount) == (
        row.reference,
        row.document,
        row.due_date,
        row.amount,
    )
    assert made.observed is (Observed.INCLUDING if row.state is RecordState.INCLUDING else Observed.PRESENT)
    assert (made.desired, made.requested_by, request.actor_id) == (Desired.INCLUDED, "ana", "ana")
    assert request.invoice_ids == tuple(invoice.invoice_id for invoice in made.invoices)
    assert made.transmission.action is not Action.INCLUDE
    assert made.transmission.is_open is (made.observed is Observed.INCLUDING)
    assert (made.host == "local") is (assessment.invoice is not None)


@given(row=ROWS, facts=ALL_FACTS)
def test_only_a_person_adopts(row: ExtractRow, facts: AdoptionFacts) -> None:
    with pytest.raises(RuleViolation):
        adopted(assess(row, facts), actor=SYSTEM)


@given(rows=st.lists(ROWS, max_size=9), facts=ALL_FACTS)
def test_summary_counts_each_row_once(rows: list[ExtractRow], facts: AdoptionFacts) -> None:
    tally = AdoptionSummary.zero()
    for row in rows:
        tally = tally.add(assess(row, facts))
    assert tally.rows == len(rows) == sum(tally.by_verdict.values())
    assert tally.adopted <= tally.rows
