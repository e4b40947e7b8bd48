"""The ledger of settlements and reversals, and the lock per invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from credit_protection.domain.settlements import Entry


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

    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row; returns False for a repeat, which changes nothing."""

    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of unapplied entries, oldest first, each pair once."""

    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same, of at most `limit` entries; invoices that are free are locked until this unit ends."""

    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices, in the order of recording."""

    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> None:
        """Mark the entries of each invoice that this unit read with `entries`; all, where it read none.

        An entry that the host commits after the reading stays unapplied: no decision considered it.
        """

    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Lock one row per invoice until this unit ends: creation and payment can't miss each other (rule 8).

        Rows are locked in one order, so that two units never deadlock.
        """
