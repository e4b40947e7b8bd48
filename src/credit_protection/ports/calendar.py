"""Which days are business days for a creditor."""

from __future__ import annotations

from typing import Protocol

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.legal_calendar import BusinessCalendar


class BusinessCalendars(Protocol):
    """Makes the calendar of a creditor."""

    def for_creditor(self, creditor: Creditor) -> BusinessCalendar:
        """Brazil's public national holidays, the creditor's state's and its local ones, some years around now."""
        ...
