"""The ledger."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from credit_protection.domain.settlements import Entry
from credit_protection.domain.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class WaitingEntries:
    """Entries that are still to be applied: how many, the oldest first's instant, and some of their invoices.

    Args:
        count: at most the limit that was asked for.
    """

    count: int
    since: datetime | None
    invoice_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Unapplied:
    """Invoices with unapplied entries, as (host, invoice id), oldest entry first, each once.

    Args:
        locked: by this unit, as by `lock_invoices`.
        contended: locked by another unit now, or never locked before: `lock_invoices` waits for them.
        has_more: there may be more than were requested.
    """

    locked: Sequence[tuple[str, str]]
    contended: Sequence[tuple[str, str]]
    has_more: bool


class SettlementRepository(Protocol):
    """The ledger. An entry is applied when the negativations that cover its invoice were decided with it."""

    @abstractmethod
    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row; returns False for a repeat, which changes nothing."""

    @abstractmethod
    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of unapplied entries, oldest first, each pair once."""

    @abstractmethod
    def waiting(self, before: datetime, limit: int, *, or_after: datetime | None = None) -> WaitingEntries:
        """Unapplied entries that were recorded before an instant, or after another; at most `limit` are counted."""

    @abstractmethod
    def newest_waiting(self) -> datetime | None:
        """When the newest unapplied entry was recorded; None where all are applied."""

    @abstractmethod
    def hosts(self) -> Sequence[str]:
        """The hosts that any entry names, by code."""

    @abstractmethod
    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same, of at most `limit` entries; invoices that are free are locked until this unit ends."""

    @abstractmethod
    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices, in the order of recording.

        A row that can't be read is left out. `unreadable` has it; a unit that writes also stores that it was left out.
        """

    @property
    @abstractmethod
    def unreadable(self) -> Sequence[Unreadable]:
        """The rows that `entries` left out in this unit."""

    @abstractmethod
    def read_unapplied(self, host: str, invoice_ids: Sequence[str]) -> frozenset[str]:
        """Those of the invoices of which this unit read an unapplied entry with `entries`. No query."""

    @abstractmethod
    def newest_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> Mapping[str, datetime]:
        """When the newest entry of each invoice was applied; `now` where one is still to be applied."""

    @abstractmethod
    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> int:
        """Mark the entries of each invoice that this unit read with `entries`; all, where it read none.

        Returns how many of the invoices it read an unapplied entry of. An entry that the host commits after the reading
        stays unapplied: no decision considered it.
        """

    @abstractmethod
    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Lock one row per invoice until this unit ends: creation and payment can't miss each other (rule 8).

        Rows are locked in one order, so that two units never deadlock.
        """
