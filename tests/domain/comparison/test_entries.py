"""What a reading writes into the ledger, and what it never writes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.comparison.entries import (
    CoveredDebt,
    LedgerFacts,
    counts_as_settled,
    ledger_change,
    reversals_of_stale,
)
from credit_protection.domain.comparison.readings import (
    CONFIRMED_AFTER,
    Reading,
    StoredReading,
    content_of,
    is_news,
    merge,
    reading_from_content,
    reading_of,
)
from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import (
    Entry,
    Reversal,
    Settlement,
    SettlementKind,
    effective_settlements,
    settlement_status,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
WHOLE = Money(100_00)
DEBT = CoveredDebt(WHOLE, ZERO, WHOLE)
HOUR = timedelta(hours=1)

instants = st.integers(0, 200).map(lambda minutes: NOW + timedelta(minutes=17 * minutes))
amounts = st.sampled_from([ZERO, Money(1), Money(40_00), Money(99_99), WHOLE, Money(120_00)])
statuses = st.sampled_from([None, *InvoiceStatus])


def reading(status: InvoiceStatus | None, as_of: datetime = NOW, balance: Money = ZERO) -> Reading:
    return Reading("1", as_of, status, WHOLE, balance, date(2026, 9, 1))


def stored(status: InvoiceStatus | None, *, hours: float = 0, balance: Money = ZERO) -> StoredReading:
    """A reading of now that has said the same for so many hours."""
    since = NOW - hours * HOUR
    return StoredReading(reading(status, NOW, balance), since, since)


def paid(settlement_id: str = "p1", amount: Money | None = WHOLE) -> Settlement:
    return Settlement(settlement_id, "1", SettlementKind.PAYMENT, TODAY, amount)


def own(number: int = 1, as_of: datetime = NOW - 5 * HOUR) -> Settlement:
    return Settlement(f"status:1:{number}", "1", SettlementKind.PAYMENT, TODAY, as_of=as_of)


def change(seen: StoredReading, *entries: Entry, debt: CoveredDebt = DEBT, reports: bool = False) -> list[Entry]:
    facts = LedgerFacts(entries, None, [debt])
    return list(ledger_change(seen, facts, TODAY, reports_reversals=reports).entries)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (InvoiceStatus.PAID, SettlementKind.PAYMENT),
        (InvoiceStatus.CREDITED, SettlementKind.CREDIT_NOTE),
        (InvoiceStatus.CANCELLED, SettlementKind.CANCELLATION),
        (InvoiceStatus.IN_AGREEMENT, SettlementKind.AGREEMENT),
    ],
)
def test_settled_invoice_that_the_ledger_shows_owed_gets_a_settlement(
    status: InvoiceStatus, kind: SettlementKind
) -> None:
    (entry,) = change(stored(status))
    assert isinstance(entry, Settlement)
    assert (entry.kind, entry.amount, entry.as_of, entry.is_own) == (kind, None, NOW, True)


def test_invoice_lowered_and_then_paid_settles_the_principal_that_was_frozen() -> None:
    (entry,) = change(stored(InvoiceStatus.PAID), paid(amount=Money(50_00)))
    statuses = settlement_status(WHOLE, effective_settlements([paid(amount=Money(50_00)), entry]))
    assert statuses.outcome.is_settled


@pytest.mark.parametrize("status", [InvoiceStatus.WRITTEN_OFF, None])
def test_written_off_or_missing_invoice_writes_nothing(status: InvoiceStatus | None) -> None:
    assert change(stored(status, hours=100)) == change(stored(status, hours=100), paid()) == []


def test_open_invoice_undoes_a_settlement_only_when_two_readings_agree() -> None:
    assert change(stored(InvoiceStatus.OPEN, hours=0.9, balance=WHOLE), own()) == []
    assert change(stored(InvoiceStatus.OPEN, hours=1, balance=WHOLE), own()) == [Reversal("status:1:1", "1", TODAY)]


def test_payment_that_the_host_lists_is_undone_only_where_the_host_reports_no_reversals() -> None:
    seen = stored(InvoiceStatus.OPEN, hours=2, balance=WHOLE)
    assert change(seen, paid(), reports=True) == []
    assert change(seen, paid(), reports=False) == [Reversal("p1", "1", TODAY)]


def test_part_payment_that_the_balance_shows_is_not_undone() -> None:
    seen = stored(InvoiceStatus.OPEN, hours=2, balance=Money(60_00))
    assert change(seen, paid(amount=Money(40_00))) == []
    assert change(replace(seen, reading=reading(InvoiceStatus.OPEN, balance=WHOLE)), paid(amount=Money(40_00))) != []


def test_rest_within_the_tolerance_settles_only_if_the_balance_fell() -> None:
    seen = stored(InvoiceStatus.OPEN, balance=Money(1_00))
    tolerant = CoveredDebt(WHOLE, Money(2_00), WHOLE)
    (entry,) = change(seen, debt=tolerant)
    assert isinstance(entry, Settlement)
    assert entry.kind is SettlementKind.CREDIT_NOTE
    (entry,) = change(seen, paid(amount=Money(50_00)), debt=tolerant)
    assert isinstance(entry, Settlement)
    assert entry.kind is SettlementKind.PAYMENT
    assert change(seen, debt=replace(tolerant, balance=Money(1_00))) == []
    assert change(seen, debt=replace(tolerant, balance=None)) == []


def test_balance_of_zero_without_a_settlement_settles_nothing() -> None:
    assert change(stored(InvoiceStatus.OPEN, hours=30)) == []


def test_reversal_by_the_host_voids_an_older_settlement_of_our_own_naming() -> None:
    late = Reversal("p1", "1", TODAY, NOW)
    assert effective_settlements([own(as_of=NOW - HOUR), late]) == ()
    assert effective_settlements([own(as_of=NOW + HOUR), late]) == (own(),)


def test_open_answer_at_the_creation_undoes_older_settlements_of_our_own_naming_alone() -> None:
    entries = [own(1, NOW - HOUR), own(2, NOW + HOUR), paid()]
    assert reversals_of_stale(entries, NOW, TODAY) == [Reversal("status:1:1", "1", TODAY)]


@given(status=statuses, balance=amounts, hours=st.sampled_from([0, 2]), behind=st.integers(1, 100))
def test_reading_older_than_the_newest_decision_writes_nothing(
    status: InvoiceStatus | None, balance: Money, hours: int, behind: int
) -> None:
    seen = stored(status, hours=hours, balance=balance)
    entries = (paid(amount=Money(40_00)), own())
    facts = LedgerFacts(entries, NOW + timedelta(seconds=behind), [DEBT])
    result = ledger_change(seen, facts, TODAY, reports_reversals=False)
    assert not result.entries
    fresh = ledger_change(seen, replace(facts, newest_applied_at=NOW), TODAY, reports_reversals=False)
    assert result.ask_again is bool(fresh.entries)


@st.composite
def histories(draw: st.DrawFn) -> list[Reading]:
    """Readings in the order of their instants."""
    whens = sorted(draw(st.lists(instants, min_size=1, max_size=8, unique=True)))
    return [reading(draw(statuses), when, draw(amounts)) for when in whens]


@given(histories(), st.booleans(), st.sampled_from([ZERO, Money(2_00)]), st.lists(st.sampled_from([40, 60, 100])))
def test_readings_bring_the_ledger_to_what_the_erp_says(
    history: list[Reading], reports: bool, tolerance: Money, payments: list[int]
) -> None:
    """After any readings, a settled invoice is settled; what is written is written once; a repeat writes nothing."""
    debt = CoveredDebt(WHOLE, tolerance, WHOLE)
    entries: list[Entry] = [paid(f"p{number}", Money(each * 100)) for number, each in enumerate(payments)]
    newest: StoredReading | None = None
    for each in history:
        merged = merge(newest, each)
        assert merged is not None
        newest = merged
        entries += change(newest, *entries, debt=debt, reports=reports)
        assert change(newest, *entries, debt=debt, reports=reports) == []
        effective = effective_settlements(entries)
        outcome = settlement_status(WHOLE, effective, tolerance).outcome
        if each.status in {InvoiceStatus.PAID, InvoiceStatus.CREDITED, InvoiceStatus.CANCELLED}:
            assert outcome.is_settled
        is_open = each.status is InvoiceStatus.OPEN and each.balance >= WHOLE
        if is_open and newest.is_status_confirmed and not reports:
            assert not outcome.is_settled
        if reports:
            assert all(not isinstance(entry, Reversal) or entry.is_own for entry in entries)
    keys = [(type(entry), entry.settlement_id if isinstance(entry, Reversal) else entry.id) for entry in entries]
    assert len(keys) == len(set(keys))


@given(st.permutations(range(4)), st.lists(statuses, min_size=4, max_size=4))
def test_older_reading_is_dropped_whole(order: list[int], said: list[InvoiceStatus | None]) -> None:
    newest: StoredReading | None = None
    for number in order:
        each = reading(said[number], NOW + number * HOUR)
        merged = merge(newest, each)
        if newest is not None and each.as_of <= newest.reading.as_of:
            assert merged is None
            assert not is_news(newest, each)
        newest = merged or newest
    assert newest is not None
    assert newest.reading.as_of == NOW + 3 * HOUR


@given(histories())
def test_unchanged_reading_is_news_only_when_time_confirms_something(history: list[Reading]) -> None:
    """Leaving out what is no news changes no conclusion."""
    every: StoredReading | None = None
    some: StoredReading | None = None
    for each in history:
        every = merge(every, each)
        if is_news(some, each):
            merged = merge(some, each)
            assert merged is not None
            some = merged
    assert every is not None
    assert some is not None
    assert replace(every.reading, as_of=NOW) == replace(some.reading, as_of=NOW)
    assert (every.status_since, every.due_date_since) == (some.status_since, some.due_date_since)
    if every.reading.as_of - every.status_since >= CONFIRMED_AFTER:
        assert some.is_status_confirmed


@given(statuses, amounts, amounts, st.none() | st.dates(), st.text(max_size=3), st.none() | st.text(max_size=3))
def test_reading_is_read_back_from_its_content(
    status: InvoiceStatus | None, amount: Money, balance: Money, day: date | None, text: str, creditor: str | None
) -> None:
    given_ = Reading("1", NOW, status, amount, balance, day, day, text, text, creditor, day, day)
    assert reading_from_content("1", NOW, given_.content) == given_


@given(amounts, amounts, st.none() | amounts)
def test_only_a_fallen_balance_counts_as_settled(left: Money, tolerance: Money, before: Money | None) -> None:
    debt = CoveredDebt(WHOLE, tolerance, before)
    counts = counts_as_settled(reading(InvoiceStatus.OPEN, balance=left), [paid(amount=Money(1))], [debt])
    assert counts is (before is not None and left < before and left <= tolerance)


@given(
    st.sampled_from(InvoiceStatus),
    amounts,
    st.dates(),
    st.none() | st.dates(),
    st.text(max_size=3),
    st.text(max_size=3),
)
def test_content_of_an_invoice_is_that_of_its_reading(
    status: InvoiceStatus, amount: Money, due: date, day: date | None, customer: str, creditor: str
) -> None:
    facts = {"creditor_id": creditor or None, "original_due_date": day}
    invoice = Invoice("1", customer, None, "1", due, amount, amount, status, day, day, **facts)  # type: ignore[arg-type]
    made = reading_of(invoice, NOW, "x")
    assert content_of(invoice, "x") == made.content
    assert json.loads(made.content)[0] == status.value
