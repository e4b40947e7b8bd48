"""The ledger of settlements and reversals, and the lock per invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.mappers.settlements import entry_of, entry_row
from credit_protection.adapters.storage.sqlalchemy.tables import INVOICE, SETTLEMENT
from credit_protection.adapters.storage.sqlalchemy.transaction import chunks
from credit_protection.ports.storage import Unapplied

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
    from credit_protection.domain.settlements import Entry

_C = SETTLEMENT.c
_STANDS_UNAPPLIED = _C.applied_at.is_(None)
_ORDER = (_C.recorded_at, _C.host, _C.invoice_id, _C.settlement_id, _C.is_reversal)
_UNAPPLIED = sa.select(*_ORDER).where(_STANDS_UNAPPLIED).order_by(*_ORDER).limit(sa.bindparam("most"))
_AFTER = sa.tuple_(*_ORDER) > sa.tuple_(*(sa.bindparam(f"last_{column.name}", type_=column.type) for column in _ORDER))
_UNAPPLIED_AFTER = _UNAPPLIED.where(_AFTER)
_DUE = _UNAPPLIED.subquery("due")
_FREE = (
    sa.select(sa.true().label("is_held"))
    .where(INVOICE.c.host == _DUE.c.host, INVOICE.c.invoice_id == _DUE.c.invoice_id)
    .with_for_update(skip_locked=True)
    .lateral("free")
)
_LOCK_UNAPPLIED = (
    sa.select(_DUE.c.host, _DUE.c.invoice_id, _FREE.c.is_held)
    .select_from(_DUE.outerjoin(_FREE, sa.true()))
    .order_by(*(_DUE.c[column.name] for column in _ORDER))
)


def _entries(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    ordered = (_C.recorded_at, _C.settlement_id, _C.is_reversal)
    return sa.select(SETTLEMENT).where(_C.host == sa.bindparam("host"), which).order_by(*ordered)


_ENTRIES = _entries(_C.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True)))
_ENTRIES_OF_ONE = _entries(_C.invoice_id == sa.bindparam("invoice_id"))
_MARK_ALL = sa.update(SETTLEMENT).where(
    _C.host == sa.bindparam("of_host"), _C.invoice_id == sa.bindparam("of_invoice"), _STANDS_UNAPPLIED
)
_MARK_ONE = sa.update(SETTLEMENT).where(
    _C.host == sa.bindparam("of_host"),
    _C.invoice_id == sa.bindparam("of_invoice"),
    _C.settlement_id == sa.bindparam("of_settlement"),
    _C.is_reversal == sa.bindparam("reversal", type_=_C.is_reversal.type),
    _STANDS_UNAPPLIED,
)
_LOCK = (
    sa.select(INVOICE.c.invoice_id)
    .where(
        INVOICE.c.host == sa.bindparam("host"),
        INVOICE.c.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True)),
    )
    .order_by(INVOICE.c.invoice_id.collate("C"))
    .with_for_update()
)
"""In the order that Python sorts text in, whatever the database's own."""


class SqlSettlements:
    """`ports.storage.SettlementRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._read: dict[tuple[str, str], list[tuple[str, bool]]] = {}
        """By host and invoice, what stood unapplied when this unit first read: what all its decisions knew."""

    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row, conflict ignored; tells whether it was new."""
        return self._transaction.insert_new(SETTLEMENT, entry_row(host, entry, now)) == 1

    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of entries not yet decided upon, oldest first, each pair once."""
        pairs: dict[tuple[str, str], None] = {}
        rows = self._transaction.rows(_UNAPPLIED, {"most": limit})
        while rows:
            pairs.update(dict.fromkeys((row.host, row.invoice_id) for row in rows))
            if len(pairs) >= limit or len(rows) < limit:
                break
            last: dict[str, Any] = {f"last_{name}": value for name, value in rows[-1]._mapping.items()}  # noqa: SLF001 - public, despite its name
            rows = self._transaction.rows(_UNAPPLIED_AFTER, last | {"most": limit})
        return list(pairs)[:limit]

    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same of so many entries at most; each invoice that nobody else holds is held until this unit ends.

        It waits for nobody, so the order in which it holds them is of no account.
        """
        if self._transaction.connection.dialect.name == "sqlite":
            held = self.unapplied(limit)
            return Unapplied(held, (), are_more=len(held) >= limit)
        rows = self._transaction.rows(_LOCK_UNAPPLIED, {"most": limit})
        pairs = {(row.host, row.invoice_id): row.is_held for row in rows}
        return Unapplied(
            held=[pair for pair, is_held in pairs.items() if is_held],
            others=[pair for pair, is_held in pairs.items() if not is_held],
            are_more=len(rows) >= limit,
        )

    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices, in the order of recording."""
        wanted = list(dict.fromkeys(invoice_ids))
        if len(wanted) == 1:
            rows = self._transaction.rows(_ENTRIES_OF_ONE, {"host": host, "invoice_id": wanted[0]})
        else:
            rows = [
                row
                for some in chunks(wanted)
                for row in self._transaction.rows(_ENTRIES, {"host": host, "invoice_ids": some})
            ]
        unapplied: dict[str, list[tuple[str, bool]]] = {invoice_id: [] for invoice_id in invoice_ids}
        for row in rows:
            if row.applied_at is None:
                unapplied[row.invoice_id].append((row.settlement_id, row.is_reversal))
        for invoice_id, read in unapplied.items():
            self._read.setdefault((host, invoice_id), read)
        return [entry_of(row) for row in rows]

    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> None:
        """The entries of each invoice that this unit read are decided upon; all of them, where it read none.

        One that a host commits between the reading and this stays unapplied: it was not decided upon.
        """
        marks: list[dict[str, Any]] = []
        of_all: list[dict[str, Any]] = []
        for invoice_id in dict.fromkeys(invoice_ids):
            mark = {"of_host": host, "of_invoice": invoice_id, "applied_at": now}
            read = self._read.get((host, invoice_id))
            if read is None:
                of_all.append(mark)
            else:
                marks += [mark | {"of_settlement": each, "reversal": is_reversal} for each, is_reversal in read]
        for statement, rows in ((_MARK_ONE, marks), (_MARK_ALL, of_all)):
            if rows:
                self._transaction.change_later(statement, rows)

    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Hold one row per invoice until this unit ends.

        Missing rows are inserted first, all of them, then all are locked, each time in the order of their ids: so two
        units never wait for each other. One alone, which mostly is there, is looked for first. On SQLite any write
        holds the whole database, and a writing unit does so from its beginning.
        """
        ordered = sorted(set(invoice_ids))
        if self._transaction.is_exclusive or not ordered:
            return
        if len(ordered) == 1 and self._lock_rows(host, ordered):
            return
        rows = [{"host": host, "invoice_id": invoice_id} for invoice_id in ordered]
        self._transaction.insert_new(INVOICE, rows if len(rows) > 1 else rows[0])
        self._lock_rows(host, ordered)

    def _lock_rows(self, host: str, ordered: Sequence[str]) -> int:
        """Hold those that are there; gives how many. On SQLite there is nothing to hold."""
        if self._transaction.connection.dialect.name == "sqlite":
            return 0
        wanted = ({"host": host, "invoice_ids": some} for some in chunks(ordered))
        return sum(len(self._transaction.rows(_LOCK, each)) for each in wanted)
