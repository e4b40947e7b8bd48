"""The ledger of settlements and reversals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credit_protection.domain.settlements import RecordedEntry, Reversal
from credit_protection.ports.storage import Unapplied

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from credit_protection.adapters.storage.memory.tables import EntryKey, InvoiceKey, Views
    from credit_protection.domain.settlements import Entry


class MemorySettlements:
    """`ports.storage.SettlementRepository`."""

    def __init__(self, tables: Views) -> None:
        self._tables = tables
        self._read: dict[InvoiceKey, list[EntryKey]] = {}
        """What stood unapplied when this unit first read: what all its decisions knew."""

    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row, conflict ignored; tells whether it was new."""
        is_reversal = isinstance(entry, Reversal)
        entry_id = entry.settlement_id if isinstance(entry, Reversal) else entry.id
        key = (host, entry.invoice_id, entry_id, is_reversal)
        if self._tables.settlements.get(key) is not None:
            return False
        recorded = RecordedEntry(host, entry, now)
        invoice = (host, entry.invoice_id)
        self._tables.settlements.put(key, recorded)
        self._tables.unapplied.put(key, recorded)
        self._tables.ledger.put(invoice, (*(self._tables.ledger.get(invoice) or ()), key))
        return True

    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of entries not yet decided upon, oldest first, each pair once."""
        waiting = sorted(
            (each.recorded_at, each.host, each.entry.invoice_id) for each in self._tables.unapplied.values()
        )
        return list(dict.fromkeys((host, invoice_id) for _, host, invoice_id in waiting))[:limit]

    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same; a writing unit holds everything."""
        held = self.unapplied(limit)
        return Unapplied(held, (), are_more=len(held) >= limit)

    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices, in the order of recording."""
        found: list[tuple[datetime, EntryKey, Entry]] = []
        for invoice_id in dict.fromkeys(invoice_ids):
            unapplied = []
            for key in self._tables.ledger.get((host, invoice_id)) or ():
                recorded = self._tables.settlements.get(key)
                if recorded is None:
                    continue
                found.append((recorded.recorded_at, key, recorded.entry))
                if recorded.applied_at is None:
                    unapplied.append(key)
            self._read.setdefault((host, invoice_id), unapplied)
        return [entry for _, _, entry in sorted(found, key=lambda each: each[:2])]

    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> None:
        """The entries of each invoice that this unit read are decided upon; all of them, where it read none."""
        for invoice in ((host, invoice_id) for invoice_id in invoice_ids):
            keys = self._read[invoice] if invoice in self._read else self._tables.ledger.get(invoice) or ()
            for key in keys:
                recorded = self._tables.settlements.get(key)
                if recorded is not None and recorded.applied_at is None:
                    self._tables.settlements.put(key, replace(recorded, applied_at=now))
                    self._tables.unapplied.drop(key)

    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Nothing to do: a writing unit holds everything."""
