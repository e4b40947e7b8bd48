"""The time, business days, fresh identifiers and randomness."""

from datetime import datetime
from typing import Protocol

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.legal_calendar import BusinessCalendar


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return this instant: UTC, time zone aware."""


class BusinessCalendars(Protocol):
    """Makes the calendar of a creditor."""

    def for_creditor(self, creditor: Creditor) -> BusinessCalendar:
        """Brazil's public national holidays, the creditor's state's and its local ones, some years around now."""


class Identifiers(Protocol):
    """Fresh identifiers, and the only source of randomness."""

    def new_id(self) -> str:
        """Return a new unique id."""

    def new_reference(self) -> str:
        """Return a new unique contract reference: at most 16 of `[A-Z0-9-]`."""

    def jitter(self) -> float:
        """Return a number, uniform in [0, 1)."""
