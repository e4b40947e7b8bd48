"""The time, business days, fresh identifiers and randomness."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.legal_calendar import BusinessCalendar


class Clock(Protocol):
    """The time."""

    @abstractmethod
    def now(self) -> datetime:
        """Return this instant: UTC, time zone aware."""


class BusinessCalendars(Protocol):
    """Makes the calendars of a creditor, each some years around now."""

    @abstractmethod
    def for_creditor(self, creditor: Creditor, *, with_local: bool = False) -> BusinessCalendar:
        """The calendar of legal deadlines: Brazil's federal public holidays, if wanted the creditor's local ones."""

    @abstractmethod
    def banking(self, creditor: Creditor) -> BusinessCalendar:
        """The calendar of lateness: besides, the days on which banks are closed, and the creditor's local holidays."""


class Identifiers(Protocol):
    """Fresh identifiers, and the only source of randomness."""

    @abstractmethod
    def new_id(self) -> str:
        """Return a new unique id."""

    @abstractmethod
    def new_reference(self) -> str:
        """Return a new unique contract reference: at most 16 of `[A-Z0-9-]`."""

    @abstractmethod
    def jitter(self) -> float:
        """Return a number, uniform in [0, 1)."""
