"""Brazil's business days, from the `holidays` package: its public category, which includes 20 November."""

from datetime import UTC, date, datetime
from functools import lru_cache

import holidays

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.legal_calendar import BusinessCalendar

_YEARS_BACK, _YEARS_AHEAD = 8, 3
_BANKS_CLOSED = frozenset({"Carnival", "Corpus Christi", "Christmas Eve", "New Year's Eve"})
"""What is no federal holiday, and a debt that falls due then is payable without fine on the next business day."""


class BrazilianCalendars:
    """Calendars of Brazilian creditors, from eight years ago (old debts) to three years ahead (deadlines)."""

    def for_creditor(self, creditor: Creditor, *, with_local: bool = False) -> BusinessCalendar:
        """Federal public holidays, and the creditor's local ones if wanted."""
        return _calendar(datetime.now(UTC).year, creditor.local_holidays if with_local else (), banking=False)

    def banking(self, creditor: Creditor) -> BusinessCalendar:
        """Federal public holidays, days on which banks are closed, and the creditor's local holidays."""
        return _calendar(datetime.now(UTC).year, creditor.local_holidays, banking=True)


@lru_cache(maxsize=256)
def _calendar(year: int, local: tuple[date, ...], *, banking: bool) -> BusinessCalendar:
    years = range(year - _YEARS_BACK, year + _YEARS_AHEAD + 1)
    days = frozenset(holidays.country_holidays("BR", years=years)) | frozenset(local)
    if banking:
        optional = holidays.country_holidays("BR", years=years, categories=("optional",), language="en_US")
        days |= {day for day in optional if _BANKS_CLOSED.intersection(optional.get_list(day))}
    return BusinessCalendar(days)
