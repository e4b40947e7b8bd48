"""The removal clock, against a naive model that counts day by day."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.removal_policy import (
    DELETION_BUSINESS_DAYS,
    SETTLEMENT_BUSINESS_DAYS,
    RemovalCause,
    removal_deadline,
)
from credit_protection.testing.strategies import calendars

days = st.dates(date(2021, 1, 1), date(2027, 6, 30))
few = st.integers(0, 12)
PLAIN = BusinessCalendar()
INDEPENDENCE = BusinessCalendar(frozenset({date(2026, 9, 7)}))  # a Monday


def works(day: date, calendar: BusinessCalendar) -> bool:
    return day.isoweekday() not in {6, 7} and day not in calendar.holidays


def naive_after(day: date, business_days: int, calendar: BusinessCalendar) -> date:
    """Write down the days after, strike out those without work, read the nth."""
    later = [day + timedelta(days=n) for n in range(1, 200)]
    working = [each for each in later if works(each, calendar)]
    return day if business_days == 0 else working[business_days - 1]


def naive_before(day: date, business_days: int, calendar: BusinessCalendar) -> date:
    earlier = [day - timedelta(days=n) for n in range(1, 200)]
    working = [each for each in earlier if works(each, calendar)]
    return day if business_days == 0 else working[business_days - 1]


# ------------------------------------------------------------------------------------------------ for the reader


def test_law_gives_five_business_days_and_custom_two_for_a_deletion() -> None:
    assert SETTLEMENT_BUSINESS_DAYS == 5
    assert DELETION_BUSINESS_DAYS == 2


@pytest.mark.parametrize(
    ("available", "deadline"),
    [
        (date(2026, 9, 14), date(2026, 9, 21)),  # Monday: Tuesday is the first
        (date(2026, 9, 18), date(2026, 9, 25)),  # Friday: Monday is the first
        (date(2026, 9, 19), date(2026, 9, 25)),  # Saturday: the same
        (date(2026, 9, 20), date(2026, 9, 25)),  # Sunday: the same
        (date(2026, 9, 4), date(2026, 9, 14)),  # Friday before the 7 September holiday
        (date(2026, 9, 7), date(2026, 9, 14)),  # the holiday itself
    ],
)
def test_settlement_gives_five_business_days_from_the_first_one_after_the_money(
    available: date, deadline: date
) -> None:
    assert removal_deadline(RemovalCause.SETTLEMENT, available, INDEPENDENCE) == deadline
    assert removal_deadline(RemovalCause.AGREEMENT, available, INDEPENDENCE) == deadline


def test_deletion_has_two_business_days_or_what_the_setting_says() -> None:
    friday = date(2026, 9, 4)

    assert removal_deadline(RemovalCause.PERSON, friday, INDEPENDENCE) == date(2026, 9, 9)
    assert removal_deadline(RemovalCause.PERSON, friday, INDEPENDENCE, deletion_days=1) == date(2026, 9, 8)
    assert removal_deadline(RemovalCause.PERSON, friday, INDEPENDENCE, deletion_days=0) == friday
    assert removal_deadline(RemovalCause.SETTLEMENT, friday, INDEPENDENCE, deletion_days=1) == date(2026, 9, 14)


@pytest.mark.parametrize(
    "cause", [RemovalCause.COURT, RemovalCause.BUREAU, RemovalCause.GUARD, RemovalCause.LATE_ANSWER]
)
def test_other_causes_are_due_at_once_even_on_a_sunday(cause: RemovalCause) -> None:
    sunday = date(2026, 9, 20)
    assert removal_deadline(cause, sunday, INDEPENDENCE) == sunday


def test_every_cause_has_a_deadline() -> None:
    for cause in RemovalCause:
        assert isinstance(removal_deadline(cause, date(2026, 9, 15), PLAIN), date)


def test_invoice_due_on_a_sunday_before_a_holiday_counts_from_tuesday() -> None:
    assert INDEPENDENCE.on_or_after(date(2026, 9, 6)) == date(2026, 9, 8)
    assert INDEPENDENCE.on_or_after(date(2026, 9, 8)) == date(2026, 9, 8)


@pytest.mark.parametrize(
    ("day", "works_then"),
    [
        (date(2026, 9, 4), True),  # Friday
        (date(2026, 9, 5), False),  # Saturday
        (date(2026, 9, 6), False),  # Sunday
        (date(2026, 9, 7), False),  # Monday, a holiday
        (date(2026, 9, 8), True),
    ],
)
def test_business_day_is_monday_to_friday_and_no_holiday(day: date, works_then: bool) -> None:
    assert INDEPENDENCE.is_business_day(day) is works_then


def test_alarm_day_is_two_business_days_before_the_deadline() -> None:
    assert INDEPENDENCE.before(date(2026, 9, 9), 2) == date(2026, 9, 4)
    assert INDEPENDENCE.before(date(2026, 9, 9), 0) == date(2026, 9, 9)


def test_creditor_fixes_the_date_of_today() -> None:
    late_evening = datetime(2026, 9, 15, 2, 30, tzinfo=UTC)
    cnpj = Cnpj("11222333000181")

    assert Creditor("1", cnpj, "Provedor", "SP").today(late_evening) == date(2026, 9, 14)
    assert Creditor("1", cnpj, "Provedor", "AC", time_zone="America/Rio_Branco").today(late_evening) == date(
        2026, 9, 14
    )
    assert Creditor("1", cnpj, "Provedor", "PE", time_zone="America/Noronha").today(late_evening) == date(2026, 9, 15)


# ------------------------------------------------------------------------------------------------ rules


@given(days, few, calendars())
@example(date(2026, 12, 24), 5, BusinessCalendar(frozenset({date(2026, 12, 25), date(2027, 1, 1)})))
def test_counting_forward_agrees_with_the_naive_model(day: date, n: int, calendar: BusinessCalendar) -> None:
    assert calendar.after(day, n) == naive_after(day, n, calendar)


@given(days, few, calendars())
def test_counting_back_agrees_with_the_naive_model(day: date, n: int, calendar: BusinessCalendar) -> None:
    assert calendar.before(day, n) == naive_before(day, n, calendar)


@given(days, calendars())
def test_on_or_after_is_the_nearest_business_day(day: date, calendar: BusinessCalendar) -> None:
    nearest = next(
        later for n in count() if works(later := day + timedelta(days=n), calendar)
    )  # pragma: no branch - there is always one
    assert calendar.on_or_after(day) == nearest


@given(days, calendars())
def test_settlement_has_exactly_five_business_days(day: date, calendar: BusinessCalendar) -> None:
    deadline = removal_deadline(RemovalCause.SETTLEMENT, day, calendar)
    between = [day + timedelta(days=n) for n in range(1, (deadline - day).days + 1)]

    assert sum(works(each, calendar) for each in between) == 5
    assert works(deadline, calendar)
    assert deadline >= naive_after(day, 5, calendar)  # never earlier than the law's
    assert deadline - day >= timedelta(days=7) or day.weekday() >= 5


@given(days, days, calendars())
def test_later_money_never_gives_an_earlier_deadline(one: date, other: date, calendar: BusinessCalendar) -> None:
    earlier, later = sorted((one, other))
    for cause in RemovalCause:
        assert removal_deadline(cause, earlier, calendar) <= removal_deadline(cause, later, calendar)


@given(days, calendars(), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_one_more_holiday_never_makes_a_deadline_earlier(day: date, calendar: BusinessCalendar, more: date) -> None:
    longer = BusinessCalendar(calendar.holidays | {more})
    deadline = removal_deadline(RemovalCause.SETTLEMENT, day, calendar)
    assert removal_deadline(RemovalCause.SETTLEMENT, day, longer) >= deadline


@given(days, st.integers(1, 12), calendars())
def test_before_and_after_are_inverse(day: date, n: int, calendar: BusinessCalendar) -> None:
    working = calendar.on_or_after(day)
    assert calendar.after(calendar.before(working, n), n) == working
    assert calendar.before(calendar.after(working, n), n) == working
