"""The legal deadline of a removal: from which day it counts, by which calendar, and that it is counted anew once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.application.deadlines import COUNTED_WATERMARK, count_deadlines_anew
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.removal_policy import RemovalPolicy
from credit_protection.domain.settlements import RemovalClock, Settlement, SettlementKind
from credit_protection.testing.strategies import NOW, calendars
from tests.application.app import ANA, DAY, PRICE, TODAY

if TYPE_CHECKING:
    from tests.application.app import AppFixture

CREDITOR = Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO", "MG")
LEGAL, BANKING = BrazilianCalendars().for_creditor(CREDITOR), BrazilianCalendars().banking(CREDITOR)
PAYMENT = SettlementKind.PAYMENT
ANY_DAY = st.dates(date(1990, 1, 1), date(2300, 1, 1))
NOW_IN_NOVEMBER = datetime(2026, 11, 24, 18, tzinfo=UTC)


def set_clock(app: AppFixture, instant: datetime) -> None:
    app.later(instant - app.clock.now())


# ------------------------------------------------------------------------------------------------ the clock


@given(ANY_DAY, st.none() | ANY_DAY, st.none() | st.datetimes(timezones=st.just(UTC)), calendars(), st.integers(0, 10))
def test_clock_starts_at_most_the_limit_after_the_payment_and_after_its_recording(
    paid_on: date, available_on: date | None, recorded_at: datetime | None, calendar: BusinessCalendar, limit: int
) -> None:
    recorded_at = None if recorded_at is None else recorded_at.replace(year=2000 + recorded_at.year % 100, day=1)
    settlement = Settlement("p", "i", PAYMENT, paid_on, PRICE, available_on=available_on, recorded_at=recorded_at)
    start = RemovalClock(calendar, CREDITOR, NOW, limit).starts_on(settlement)
    known = CREDITOR.today(recorded_at or NOW)
    assert start <= calendar.after(min(paid_on, known), limit)
    assert start in {paid_on, available_on, known, calendar.after(min(paid_on, known), limit)}
    if available_on is None:
        assert start == min(paid_on, known)
    else:
        assert start <= max(available_on, min(paid_on, known))


@pytest.mark.parametrize(
    ("paid_on", "available_on", "deadline"),
    [
        (TODAY, None, date(2026, 12, 1)),
        (TODAY, TODAY + 2 * DAY, date(2026, 12, 3)),
        (TODAY, TODAY + 30 * DAY, date(2026, 12, 4)),  # a card's credit after 30 days
        (TODAY, date(2062, 11, 20), date(2026, 12, 4)),
        (date(2062, 11, 20), None, date(2026, 12, 1)),  # a year that was typed wrong
        (date(2062, 11, 20), date(2062, 11, 21), date(2026, 12, 4)),
        (date.max, date.max, date(2026, 12, 4)),
        (TODAY, TODAY - 5 * DAY, date(2026, 11, 27)),
    ],
)
def test_date_far_ahead_never_moves_the_deadline(
    app: AppFixture, paid_on: date, available_on: date | None, deadline: date
) -> None:
    negativation = app.included("i1")
    set_clock(app, NOW_IN_NOVEMBER)
    app.payments.record(SYSTEM, Settlement("p1", "i1", PAYMENT, paid_on, PRICE, available_on=available_on))
    assert app.get(negativation).deadline == deadline
    app.later(timedelta(days=12))
    app.payments.record(SYSTEM, Settlement("p2", "i1", PAYMENT, paid_on, PRICE, available_on=available_on))
    assert app.get(negativation).deadline == deadline
    app.alarms.record_heartbeat()
    assert AlarmCode.DEADLINE_REACHED in {alarm.code for alarm in app.alarms.check(ANA)}


def test_limit_is_a_setting(empty_app: AppFixture) -> None:
    empty_app.register(IntegrationSettings(removal_policy=RemovalPolicy(availability_limit=0)))
    negativation = empty_app.included("i1")
    set_clock(empty_app, NOW_IN_NOVEMBER)
    paid = Settlement("p1", "i1", PAYMENT, TODAY, PRICE, available_on=TODAY + 30 * DAY)
    empty_app.payments.record(SYSTEM, paid)
    assert empty_app.get(negativation).deadline == date(2026, 12, 1)


def test_credit_note_that_is_found_late_in_the_evening_counts_from_the_creditors_day(app: AppFixture) -> None:
    negativation = app.included("i1")
    set_clock(app, datetime(2026, 12, 4, 1, 30, tzinfo=UTC))  # Thursday evening in São Paulo
    app.erp.set_status("i1", InvoiceStatus.CREDITED)
    app.sweep.run()
    assert app.get(negativation).deadline == date(2026, 12, 10)


# ------------------------------------------------------------------------------------------------ the calendars


@given(st.dates(date(2022, 1, 1), date(2028, 12, 31)))
def test_legal_calendar_has_fewer_days_off_than_the_banks(day: date) -> None:
    assert LEGAL.is_business_day(day) or not BANKING.is_business_day(day)
    assert LEGAL.after(day, 5) <= BANKING.after(day, 5)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 2, 16),
        date(2026, 2, 17),
        date(2026, 6, 4),
        date(2026, 12, 24),
        date(2026, 12, 31),
        date(2027, 2, 8),
        date(2027, 2, 9),
        date(2027, 5, 27),
    ],
)
def test_banks_are_closed_when_the_law_counts(day: date) -> None:
    assert LEGAL.is_business_day(day)
    assert not BANKING.is_business_day(day)


def test_banks_are_open_on_ash_wednesday_and_closed_on_federal_holidays() -> None:
    assert BANKING.is_business_day(date(2027, 2, 10))
    assert not any(each.is_business_day(date(2026, 11, 20)) for each in (LEGAL, BANKING))
    assert date(2026, 10, 28) not in BANKING.holidays


def test_local_holidays_count_for_lateness_and_for_the_law_only_if_a_setting_says_so(empty_app: AppFixture) -> None:
    empty_app.erp.creditor = replace(empty_app.erp.creditor, local_holidays=(date(2026, 11, 30),))
    for counts, deadline in ((False, date(2026, 12, 1)), (True, date(2026, 12, 2))):
        empty_app.register(IntegrationSettings(removal_policy=RemovalPolicy(counts_local_holidays=counts)))
        number = "i2" if counts else "i1"
        negativation = empty_app.included(number)
        set_clock(empty_app, NOW_IN_NOVEMBER)
        empty_app.payments.record(SYSTEM, Settlement(f"p{number}", number, PAYMENT, TODAY, PRICE))
        assert empty_app.get(negativation).deadline == deadline
    assert not BrazilianCalendars().banking(empty_app.erp.creditor).is_business_day(date(2026, 11, 30))


@pytest.mark.parametrize(
    ("due", "late_from"),
    [
        (date(2027, 2, 8), date(2027, 2, 11)),  # Carnival Monday: payable on Ash Wednesday
        (date(2027, 2, 9), date(2027, 2, 11)),
        (date(2027, 5, 27), date(2027, 5, 29)),  # Corpus Christi: payable on Friday
        (date(2026, 12, 24), date(2026, 12, 29)),
        (date(2026, 12, 31), date(2027, 1, 5)),
    ],
)
def test_debt_due_on_a_day_without_banks_is_late_after_the_next_banking_day(
    app: AppFixture, due: date, late_from: date
) -> None:
    app.erp.add_invoice("b1", "c1", due)
    set_clock(app, datetime.combine(late_from - DAY, NOW_IN_NOVEMBER.timetz()))
    with pytest.raises(RuleViolation) as refusal:
        app.negativate("b1")
    assert [finding.code for finding in refusal.value.findings if finding.invoice_id] == ["fatura_a_vencer"]
    app.later(DAY)
    assert app.negativate("b1").due_date == due


# ------------------------------------------------------------------------------------------------ counted anew


def with_deadline(app: AppFixture, negativation: Negativation, deadline: date) -> None:
    with app.storage.unit() as unit:
        stored = unit.negativations.get(negativation.id)
        triggers = tuple(replace(each, deadline=deadline) for each in stored.triggers)
        work = replace(stored.transmission, deadline=deadline)
        unit.negativations.save(replace(stored, triggers=triggers, transmission=work))
        unit.commit()


def test_open_deadlines_are_counted_anew_once_and_never_become_later(app: AppFixture) -> None:
    later, earlier = app.included("i1"), app.included("i2")
    set_clock(app, NOW_IN_NOVEMBER)
    for number in ("i1", "i2"):
        app.payments.record(SYSTEM, Settlement(f"p{number}", number, PAYMENT, TODAY, PRICE))
    with_deadline(app, later, date(2027, 1, 5))
    with_deadline(app, earlier, date(2026, 11, 25))
    assert count_deadlines_anew(app.ports) == 1
    assert app.get(later).deadline == app.get(later).transmission.deadline == date(2026, 12, 1)
    assert app.get(earlier).deadline == date(2026, 11, 25)
    assert "removal_wanted" in app.event_kinds(later)[-1]
    with_deadline(app, later, date(2027, 1, 5))
    assert count_deadlines_anew(app.ports) == 0
    with app.storage.read_only() as unit:
        assert unit.watermarks.get(COUNTED_WATERMARK) is not None


def test_deadline_of_a_persons_deletion_is_counted_anew_too(app: AppFixture) -> None:
    negativation = app.included("i1")
    set_clock(app, NOW_IN_NOVEMBER)
    app.negativations.delete(ANA, negativation.id)
    with_deadline(app, negativation, date(2027, 1, 5))
    app.sweep.run()
    assert app.get(negativation).deadline == date(2026, 11, 26)
