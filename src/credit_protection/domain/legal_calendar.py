"""Business days, as a legal deadline or the lateness of a debt counts them.

A legal deadline counts Brazil's federal public holidays alone; every other day off would make it later. Lateness counts
the banking calendar, which adds Carnival, Corpus Christi, 24 and 31 December, and the creditor's local holidays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """A frozen set of holidays, filled by an adapter."""

    holidays: frozenset[date] = frozenset()

    def is_business_day(self, day: date) -> bool:
        """Monday to Friday, and no holiday."""
        return day.weekday() < _SATURDAY and day not in self.holidays

    def on_or_after(self, day: date) -> date:
        """The first business day that is `day` or later (an invoice due on a Sunday counts from Monday)."""
        while not self.is_business_day(day):
            day += _DAY
        return day

    def alike(self, day: date) -> tuple[date, ...]:
        """The days that count from the same business day, `day` among them: Saturday, Sunday and Monday, say."""
        found = [self.on_or_after(day)]
        while not self.is_business_day(found[-1] - _DAY):
            found.append(found[-1] - _DAY)
        return tuple(found)

    def after(self, day: date, business_days: int) -> date:
        """The nth business day after `day`, the first being the first business day after it."""
        for _ in range(business_days):
            day = self.on_or_after(day + _DAY)
        return day

    def days_until(self, deadline: date, today: date) -> int:
        """Business days that are left after today, the deadline's own included; below zero where they are over."""
        if deadline < today:
            return -self.days_until(today, deadline)
        days = (today + _DAY * number for number in range(1, (deadline - today).days + 1))
        return sum(self.is_business_day(day) for day in days)

    def before(self, day: date, business_days: int) -> date:
        """The nth business day before `day`."""
        for _ in range(business_days):
            day -= _DAY
            while not self.is_business_day(day):
                day -= _DAY
        return day
