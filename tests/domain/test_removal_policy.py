"""When a payment removes, by when, and with which reason (rules 4 and 10)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO
from credit_protection.domain.reasons import LABELS, BureauReason, RemovalReason
from credit_protection.domain.removal_policy import (
    RemovalCause,
    RemovalPolicy,
    RemovalRule,
    RemovalTrigger,
    removal_deadline,
    removal_reason,
    settlement_trigger,
)
from credit_protection.domain.settlements import InvoiceOutcome, InvoiceSettlementStatus
from credit_protection.testing.strategies import NOW, TODAY, calendars

CALENDAR = BusinessCalendar()
ANY, ALL = RemovalPolicy(), RemovalPolicy(RemovalRule.ALL_INVOICES_SETTLED)
MONDAY, TUESDAY = date(2026, 9, 14), date(2026, 9, 15)
OWED = InvoiceSettlementStatus(InvoiceOutcome.OWED)
PARTLY = InvoiceSettlementStatus(InvoiceOutcome.PARTLY_PAID)
PAID = InvoiceSettlementStatus(InvoiceOutcome.PAID, MONDAY)
CREDITED = InvoiceSettlementStatus(InvoiceOutcome.CREDITED, MONDAY)
CANCELLED = InvoiceSettlementStatus(InvoiceOutcome.CANCELLED, MONDAY)
AGREED = InvoiceSettlementStatus(InvoiceOutcome.RENEGOTIATED, MONDAY)
ORDERED = InvoiceSettlementStatus(InvoiceOutcome.PAID, TUESDAY, court_order=True)


def trigger(*each: InvoiceSettlementStatus, policy: RemovalPolicy = ANY) -> RemovalTrigger | None:
    return settlement_trigger({str(n): one for n, one in enumerate(each)}, policy, CALENDAR, NOW)


def reason(*each: InvoiceSettlementStatus, triggers: tuple[RemovalTrigger, ...] = ()) -> RemovalReason:
    return removal_reason({str(n): one for n, one in enumerate(each)}, triggers)


def asked(
    chosen: RemovalReason | None = RemovalReason.CREDITOR_REQUEST, cause: RemovalCause = RemovalCause.PERSON
) -> RemovalTrigger:
    return RemovalTrigger(cause, NOW, TODAY, "u1", chosen)


# ------------------------------------------------------------------------------------------------ triggers


def test_defaults_are_the_law_and_custom() -> None:
    assert RemovalPolicy() == RemovalPolicy(RemovalRule.ANY_INVOICE_PAID, ZERO, 2)


def test_payment_removes_within_five_business_days() -> None:
    assert trigger(PAID) == RemovalTrigger(RemovalCause.SETTLEMENT, NOW, date(2026, 9, 21))


@pytest.mark.parametrize("status", [PAID, CREDITED, CANCELLED])
def test_each_kind_of_settlement_removes(status: InvoiceSettlementStatus) -> None:
    found = trigger(status)
    assert found is not None
    assert found.cause is RemovalCause.SETTLEMENT


@pytest.mark.parametrize("status", [OWED, PARTLY])
@pytest.mark.parametrize("policy", [ANY, ALL])
def test_owed_invoice_does_not_remove(status: InvoiceSettlementStatus, policy: RemovalPolicy) -> None:
    assert trigger(status, policy=policy) is None
    assert trigger(policy=policy) is None


def test_agreement_is_the_cause_unless_an_invoice_was_paid() -> None:
    agreed = trigger(AGREED)
    mixed = trigger(AGREED, PAID)

    assert agreed == RemovalTrigger(RemovalCause.AGREEMENT, NOW, date(2026, 9, 21))
    assert mixed is not None
    assert mixed.cause is RemovalCause.SETTLEMENT


def test_one_settled_invoice_of_a_group_removes_unless_the_policy_needs_all() -> None:
    later = InvoiceSettlementStatus(InvoiceOutcome.PAID, TUESDAY)

    any_paid = trigger(later, OWED)
    assert any_paid is not None
    assert any_paid.deadline == date(2026, 9, 22)
    assert trigger(later, OWED, policy=ALL) is None
    assert trigger(later, PARTLY, policy=ALL) is None


def test_clock_starts_with_the_first_or_last_settlement_by_policy() -> None:
    later = InvoiceSettlementStatus(InvoiceOutcome.PAID, TUESDAY)
    first, last = trigger(later, PAID), trigger(PAID, later, CREDITED, policy=ALL)

    assert first is not None
    assert first.deadline == date(2026, 9, 21)
    assert last is not None
    assert last.deadline == date(2026, 9, 22)


def test_court_order_is_due_at_once() -> None:
    alone, after = trigger(ORDERED), trigger(PAID, ORDERED, policy=ALL)

    assert alone == RemovalTrigger(RemovalCause.SETTLEMENT, NOW, TUESDAY)
    assert after is not None
    assert after.deadline == TUESDAY
    assert trigger(InvoiceSettlementStatus(InvoiceOutcome.OWED, None, court_order=True)) is None


@pytest.mark.parametrize("cause", list(RemovalCause))
def test_reversal_withdraws_only_a_settlement_or_agreement(cause: RemovalCause) -> None:
    expected = cause in {RemovalCause.SETTLEMENT, RemovalCause.AGREEMENT}
    assert RemovalTrigger(cause, NOW, TODAY).is_settlement is expected


outcomes = st.sampled_from(InvoiceOutcome)
statuses = st.dictionaries(
    st.sampled_from(["1001", "1002", "1003", "1004"]),
    st.builds(
        lambda outcome, ago, court: InvoiceSettlementStatus(
            outcome, TODAY - timedelta(days=ago) if outcome.is_settled else None, court
        ),
        outcomes,
        st.integers(0, 40),
        st.booleans(),
    ),
)


@given(statuses, st.sampled_from(RemovalRule), calendars())
def test_trigger_exists_exactly_where_the_policy_says(
    invoices: dict[str, InvoiceSettlementStatus], which: RemovalRule, calendar: BusinessCalendar
) -> None:
    found = settlement_trigger(invoices, RemovalPolicy(which), calendar, NOW)
    settled = [each for each in invoices.values() if each.outcome.is_settled]
    everything = bool(invoices) and len(settled) == len(invoices)

    assert (found is not None) is (everything if which is RemovalRule.ALL_INVOICES_SETTLED else bool(settled))
    if found is None:
        return
    days = [each.settled_on for each in settled if each.settled_on is not None]
    since = min(days) if which is RemovalRule.ANY_INVOICE_PAID else max(days)
    court = any(each.court_order for each in settled)
    assert found.deadline == (since if court else removal_deadline(RemovalCause.SETTLEMENT, since, calendar))
    assert found.at == NOW
    assert (found.actor_id, found.reason, found.note) == (None, None, "")
    agreed = {each.outcome for each in settled} == {InvoiceOutcome.RENEGOTIATED}
    assert found.cause is (RemovalCause.AGREEMENT if agreed else RemovalCause.SETTLEMENT)


# ------------------------------------------------------------------------------------------------ reasons (rule 10)


@pytest.mark.parametrize(
    ("invoices", "expected"),
    [
        ([PAID], RemovalReason.PAYMENT),
        ([PAID, PAID], RemovalReason.PAYMENT),
        ([PAID, OWED], RemovalReason.PARTIAL_PAYMENT),
        ([PAID, PARTLY], RemovalReason.PARTIAL_PAYMENT),
        ([PAID, CREDITED], RemovalReason.PARTIAL_PAYMENT),
        ([AGREED], RemovalReason.RENEGOTIATION),
        ([AGREED, PAID], RemovalReason.RENEGOTIATION),
        ([CREDITED], RemovalReason.CREDITOR_REQUEST),
        ([CANCELLED, OWED], RemovalReason.CREDITOR_REQUEST),
        ([OWED], RemovalReason.CREDITOR_REQUEST),
        ([PARTLY], RemovalReason.CREDITOR_REQUEST),
        ([], RemovalReason.CREDITOR_REQUEST),
        ([ORDERED], RemovalReason.COURT_ORDER),
        ([PAID, ORDERED], RemovalReason.COURT_ORDER),
    ],
)
def test_settlements_decide_the_reason(invoices: list[InvoiceSettlementStatus], expected: RemovalReason) -> None:
    assert reason(*invoices) is expected


def test_persons_choice_counts_only_without_settlements() -> None:
    fraud = asked(RemovalReason.FRAUD)

    assert reason(OWED, triggers=(fraud,)) is RemovalReason.FRAUD
    assert reason(PAID, triggers=(fraud,)) is RemovalReason.PAYMENT
    assert reason(OWED, triggers=(asked(None),)) is RemovalReason.CREDITOR_REQUEST
    assert reason(OWED, triggers=(fraud, asked(RemovalReason.DEATH))) is RemovalReason.DEATH
    assert reason(OWED, triggers=(fraud, asked(None))) is RemovalReason.FRAUD


def test_court_order_comes_before_any_other_reason() -> None:
    court = asked(RemovalReason.COURT_ORDER, RemovalCause.COURT)

    assert reason(PAID, triggers=(asked(), court)) is RemovalReason.COURT_ORDER
    assert reason(OWED, triggers=(asked(), asked(None, RemovalCause.COURT))) is RemovalReason.COURT_ORDER


@given(statuses, st.lists(st.sampled_from([asked(), asked(RemovalReason.FRAUD), asked(None)]), max_size=3))
def test_reason_is_payment_only_if_all_invoices_are_paid(
    invoices: dict[str, InvoiceSettlementStatus], triggers: list[RemovalTrigger]
) -> None:
    said = removal_reason(invoices, iter(triggers))
    found = {each.outcome for each in invoices.values()}
    court = any(each.court_order for each in invoices.values())

    assert (said is RemovalReason.COURT_ORDER) is court
    assert (said is RemovalReason.PAYMENT) is (not court and found == {InvoiceOutcome.PAID})
    if said is RemovalReason.PARTIAL_PAYMENT:
        assert InvoiceOutcome.PAID in found
        assert len(found) > 1
    if said is RemovalReason.RENEGOTIATION:
        assert InvoiceOutcome.RENEGOTIATED in found


def test_every_reason_has_a_portuguese_label() -> None:
    assert set(LABELS) == set(RemovalReason)
    assert len(set(LABELS.values())) == len(LABELS)
    assert LABELS[RemovalReason.CREDITOR_REQUEST] == "solicitação do credor"
    assert BureauReason("1", "Pagamento").description == "Pagamento"
