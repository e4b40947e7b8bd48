"""The company in whose name a debt is reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from credit_protection.domain.days import as_day
from credit_protection.domain.documents import Cnpj


@dataclass(frozen=True, slots=True)
class Creditor:
    """A creditor (empresa, filial). It fixes the time zone of "today" and the local holidays.

    Args:
        name: razão social.
        state: UF, for state holidays and notice terms.
        time_zone: IANA name.
        local_holidays: town holidays as dates.
        is_telecom: whether the telecom guard applies (Anatel Res. 765/2023).
    """

    id: str
    document: Cnpj
    name: str
    state: str
    city: str = ""
    time_zone: str = "America/Sao_Paulo"
    local_holidays: tuple[date, ...] = ()
    is_telecom: bool = True

    def __post_init__(self) -> None:
        if any(type(day) is not date for day in self.local_holidays):
            days = tuple(as_day(day, "local_holidays") for day in self.local_holidays)
            object.__setattr__(self, "local_holidays", days)

    def today(self, now: datetime) -> date:
        """The creditor's date at an instant (UTC)."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()
