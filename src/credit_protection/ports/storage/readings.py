"""What the ERP said, what must be read again, and what could not be read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from credit_protection.domain.comparison.readings import StoredReading
from credit_protection.domain.comparison.rechecks import Recheck
from credit_protection.domain.unreadable import Unreadable, UnreadableKind
from credit_protection.ports.storage.paging import PageRequest


@dataclass(frozen=True, slots=True)
class OpenInvoices:
    """Invoices of negativations that are not closed, in a stable order, each with the content of its stored reading.

    None where a reading with the same content would be news too. `cursor` requests the next page.
    """

    contents: Mapping[str, str | None]
    cursor: str | None


class ReadingRepository(Protocol):
    """What the ERP last said of each invoice."""

    @abstractmethod
    def open_invoices(self, host: str, as_of: datetime, page: PageRequest) -> OpenInvoices:
        """Invoices of all negativations that are not closed: to be read again.

        `as_of` is that of the readings to come.
        """

    @abstractmethod
    def get(self, host: str, invoice_ids: Sequence[str]) -> Mapping[str, StoredReading]:
        """The stored readings, by invoice id; an invoice that was never read is absent."""

    @abstractmethod
    def save(self, host: str, readings: Iterable[StoredReading]) -> None:
        """Insert, or replace those of the same invoices."""


class RecheckRepository(Protocol):
    """Marks that an invoice must be read again."""

    @abstractmethod
    def add(self, rechecks: Sequence[Recheck]) -> None:
        """Insert new ones: plain inserts, since a host's transaction may be open."""

    @abstractmethod
    def see(self, now: datetime) -> int:
        """Stamp those that no unit has seen committed before, or only a clock that was ahead. Returns how many."""

    @abstractmethod
    def due(self, host: str, now: datetime, limit: int) -> Sequence[Recheck]:
        """Those of a host that were seen, are not done, and are due; also those that are due impossibly late."""

    @abstractmethod
    def of(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Recheck]:
        """All of these invoices, also those that are done and still kept."""

    @abstractmethod
    def save_all(self, rechecks: Sequence[Recheck]) -> None:
        """Store when each is due, how often it failed, and when it was done."""

    @abstractmethod
    def purge(self, before: datetime) -> int:
        """Delete those that were done before an instant. Returns how many."""


class UnreadableRepository(Protocol):
    """What could not be read and was left out, until it is read."""

    @abstractmethod
    def add(self, found: Iterable[Unreadable]) -> None:
        """Insert, or replace those of the same subjects."""

    @abstractmethod
    def list(self, limit: int) -> Sequence[Unreadable]:
        """At most so many, by host, kind and subject."""

    @abstractmethod
    def keep_only(self, host: str, kind: UnreadableKind, subjects: Iterable[str]) -> int:
        """Delete the others of this host and kind: they were read meanwhile. Returns how many."""
