"""Brazil's business days, from the `holidays` package: its public category, which includes 20 November."""

from datetime import UTC, date, datetime
from functools import lru_cache

import holidays

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.legal_calendar import BusinessCalendar

_YEARS_BACK, _YEARS_AHEAD = 8, 3


class BrazilianCalendars:
    """Calendars of Brazilian creditors: public national holidays plus the creditor's local ones."""

    def for_creditor(self, creditor: Creditor) -> BusinessCalendar:
        """The creditor's calendar, from eight years ago (old debts) to three years ahead (deadlines)."""
        return _calendar(datetime.now(UTC).year, creditor.local_holidays)


@lru_cache(maxsize=256)
def _calendar(year: int, local: tuple[date, ...]) -> BusinessCalendar:
    years = range(year - _YEARS_BACK, year + _YEARS_AHEAD + 1)
    return BusinessCalendar(frozenset(holidays.country_holidays("BR", years=years)) | frozenset(local))
