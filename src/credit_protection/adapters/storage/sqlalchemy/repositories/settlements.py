"""The ledger of settlements and reversals, and the lock per invoice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from credit_protection.adapters.storage.sqlalchemy.repositories.unreadable import unreadable_row
from credit_protection.adapters.storage.sqlalchemy.tables import INVOICE, SETTLEMENT, UNREADABLE
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository, Transaction, chunks
from credit_protection.domain.errors import ConfigurationError, InvalidInput
from credit_protection.domain.money import ZERO
from credit_protection.domain.settlements import Entry, Reversal, Settlement
from credit_protection.domain.unreadable import Unreadable, UnreadableKind
from credit_protection.ports.storage import Unapplied, WaitingEntries

_C = SETTLEMENT.c
_IS_UNAPPLIED = _C.applied_at.is_(None)
_ORDER = (_C.recorded_at, _C.host, _C.invoice_id, _C.settlement_id, _C.is_reversal)
_UNAPPLIED = sa.select(*_ORDER).where(_IS_UNAPPLIED).order_by(*_ORDER).limit(sa.bindparam("most"))
_AFTER = sa.tuple_(*_ORDER) > sa.tuple_(*(sa.bindparam(f"last_{column.name}", type_=column.type) for column in _ORDER))
_UNAPPLIED_AFTER = _UNAPPLIED.where(_AFTER)
_WAITING = (
    sa.select(*_ORDER)
    .where(
        _IS_UNAPPLIED,
        sa.or_(
            _C.recorded_at < sa.bindparam("before", type_=_C.recorded_at.type),
            _C.recorded_at > sa.bindparam("ahead", type_=_C.recorded_at.type),
        ),
    )
    .order_by(*_ORDER)
    .limit(sa.bindparam("most"))
)
_NEWEST_WAITING = sa.select(_C.recorded_at).where(_IS_UNAPPLIED).order_by(_C.recorded_at.desc()).limit(1)
_SHOWN = 10
_DUE = _UNAPPLIED.subquery("due")
_FREE = (
    sa.select(sa.true().label("is_locked"))
    .where(INVOICE.c.host == _DUE.c.host, INVOICE.c.invoice_id == _DUE.c.invoice_id)
    .with_for_update(skip_locked=True)
    .lateral("free")
)
_LOCK_UNAPPLIED = (
    sa.select(_DUE.c.host, _DUE.c.invoice_id, _FREE.c.is_locked)
    .select_from(_DUE.outerjoin(_FREE, sa.true()))
    .order_by(*(_DUE.c[column.name] for column in _ORDER))
)


def _entries(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    ordered = (_C.recorded_at, _C.settlement_id, _C.is_reversal)
    return sa.select(SETTLEMENT).where(_C.host == sa.bindparam("host"), which).order_by(*ordered)


_ENTRIES = _entries(_C.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True)))
_ENTRIES_OF_ONE = _entries(_C.invoice_id == sa.bindparam("invoice_id"))
_NEWEST_APPLIED = (
    sa.select(
        _C.invoice_id,
        sa.func.max(_C.applied_at, type_=_C.applied_at.type).label("applied_at"),
        (sa.func.count() - sa.func.count(_C.applied_at)).label("unapplied"),
    )
    .where(_C.host == sa.bindparam("host"), _C.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True)))
    .group_by(_C.invoice_id)
)
_MARK_ALL = sa.update(SETTLEMENT).where(
    _C.host == sa.bindparam("of_host"), _C.invoice_id == sa.bindparam("of_invoice"), _IS_UNAPPLIED
)
_MARK_ONE = sa.update(SETTLEMENT).where(
    _C.host == sa.bindparam("of_host"),
    _C.invoice_id == sa.bindparam("of_invoice"),
    _C.settlement_id == sa.bindparam("of_settlement"),
    _C.is_reversal == sa.bindparam("reversal", type_=_C.is_reversal.type),
    _IS_UNAPPLIED,
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
"""In the order of Python's `sorted`, whatever the database's collation."""


_AS_TEXT = [sa.cast(column, sa.Text).label(column.name) for column in _C]
_UNREADABLE = (ValueError, TypeError, OverflowError, ConfigurationError, InvalidInput, sa.exc.DataError)
_REASON_LENGTH = 300


class _ReadEntry(NamedTuple):
    """One row of the ledger; no entry where it can't be read."""

    invoice_id: str
    settlement_id: str
    is_reversal: bool
    is_unapplied: bool
    entry: Entry | None


class SqlSettlements(Repository):
    """`ports.storage.SettlementRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._read: dict[tuple[str, str], list[tuple[str, bool]]] = {}
        """By host and invoice, the entries that were unapplied when this unit first read them."""
        self._unreadable: dict[tuple[str, str], Unreadable] = {}

    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row; False for a repeat."""
        return self._transaction.insert_new(SETTLEMENT, entry_row(host, entry, now)) == 1

    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of unapplied entries, oldest first, each pair once."""
        pairs: dict[tuple[str, str], None] = {}
        rows = self._transaction.rows(_UNAPPLIED, {"most": limit})
        while rows:
            pairs.update(dict.fromkeys((row.host, row.invoice_id) for row in rows))
            if len(pairs) >= limit or len(rows) < limit:
                break
            last: dict[str, Any] = {f"last_{name}": value for name, value in rows[-1]._mapping.items()}  # noqa: SLF001 - public, despite its name
            rows = self._transaction.rows(_UNAPPLIED_AFTER, last | {"most": limit})
        return list(pairs)[:limit]

    def waiting(self, before: datetime, limit: int, *, or_after: datetime | None = None) -> WaitingEntries:
        """Unapplied entries that were recorded before an instant; at most `limit` are counted."""
        rows = self._transaction.rows(_WAITING, {"before": before, "ahead": or_after, "most": limit})
        ids = dict.fromkeys(row.invoice_id for row in rows)
        return WaitingEntries(len(rows), rows[0].recorded_at if rows else None, list(ids)[:_SHOWN])

    def newest_waiting(self) -> datetime | None:
        """When the newest unapplied entry was recorded; None where all are applied."""
        row = self._transaction.row(_NEWEST_WAITING)
        return None if row is None else row.recorded_at

    def hosts(self) -> Sequence[str]:
        """The hosts that any entry names, by code."""
        return self._distinct(_C.host)

    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same, of at most `limit` entries; free invoices are locked. Without waiting, so in any order."""
        if self._transaction.dialect.name == "sqlite":
            pairs = self.unapplied(limit)
            return Unapplied(pairs, (), has_more=len(pairs) >= limit)
        rows = self._transaction.rows(_LOCK_UNAPPLIED, {"most": limit})
        is_locked = {(row.host, row.invoice_id): row.is_locked for row in rows}
        return Unapplied(
            locked=[pair for pair in is_locked if is_locked[pair]],
            contended=[pair for pair in is_locked if not is_locked[pair]],
            has_more=len(rows) >= limit,
        )

    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices, in the order of recording."""
        ids = list(dict.fromkeys(invoice_ids))
        if len(ids) == 1:
            read = self._entries(_ENTRIES_OF_ONE, {"host": host, "invoice_id": ids[0]})
        else:
            parts = ({"host": host, "invoice_ids": some} for some in chunks(ids))
            read = [each for part in parts for each in self._entries(_ENTRIES, part)]
        unapplied: dict[str, list[tuple[str, bool]]] = {invoice_id: [] for invoice_id in invoice_ids}
        for each in read:
            if each.is_unapplied:
                unapplied[each.invoice_id].append((each.settlement_id, each.is_reversal))
        for invoice_id, keys in unapplied.items():
            self._read.setdefault((host, invoice_id), keys)
        return [each.entry for each in read if each.entry is not None]

    @property
    def unreadable(self) -> Sequence[Unreadable]:
        """The rows that `entries` left out in this unit."""
        return list(self._unreadable.values())

    def _entries(self, statement: sa.Select[Any], parameters: dict[str, Any]) -> list[_ReadEntry]:
        """The entries of a query; where any row can't be read, each row is read alone."""
        try:
            rows = self._transaction.rows(statement, parameters)
            return [
                _ReadEntry(row.invoice_id, row.settlement_id, row.is_reversal, row.applied_at is None, _entry_of(row))
                for row in rows
            ]
        except _UNREADABLE:
            raw = self._transaction.rows(statement.with_only_columns(*_AS_TEXT), parameters)
        read: list[_ReadEntry] = []
        found: list[Unreadable] = []
        for row in raw:
            is_reversal = row.is_reversal in {"1", "true"}
            try:
                values = {column.name: _from_text(column, getattr(row, column.name)) for column in _C}
                entry: Entry | None = _entry_of(SimpleNamespace(**values | {"is_reversal": is_reversal}))
            except _UNREADABLE as error:
                entry = None
                reason = f"baixa {row.settlement_id}: {error}"[:_REASON_LENGTH]
                found.append(Unreadable(row.host, UnreadableKind.SETTLEMENT, row.invoice_id, reason))
            read.append(_ReadEntry(row.invoice_id, row.settlement_id, is_reversal, row.applied_at is None, entry))
        for each in found:
            self._unreadable[each.host, each.subject] = each
            if not self._transaction.is_reading:
                self._transaction.insert_or_replace(UNREADABLE, unreadable_row(each))
        return read

    def read_unapplied(self, host: str, invoice_ids: Sequence[str]) -> frozenset[str]:
        """Those of the invoices of which this unit read an unapplied entry with `entries`."""
        return frozenset(each for each in invoice_ids if self._read.get((host, each)))

    def newest_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> Mapping[str, datetime]:
        """When the newest entry of each invoice was applied; `now` where one is still to be applied."""
        parts = ({"host": host, "invoice_ids": some} for some in chunks(list(dict.fromkeys(invoice_ids))))
        rows = (row for part in parts for row in self._transaction.rows(_NEWEST_APPLIED, part))
        return {row.invoice_id: now if row.unapplied else row.applied_at for row in rows}

    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> int:
        """Mark the entries that this unit read of each invoice; all, where it read none."""
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
                self._transaction.execute_deferred(statement, rows)
        return len({mark["of_invoice"] for mark in marks})

    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Lock one row per invoice until this unit ends.

        All missing rows are inserted, then all are locked, both in the order of their ids: so two units never deadlock.
        A single row, which mostly exists, is locked first and inserted if missing. On SQLite a writing unit locks the
        whole database.
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
        """Lock existing rows; returns how many. SQLite has no row locks."""
        if self._transaction.dialect.name == "sqlite":
            return 0
        parameters = ({"host": host, "invoice_ids": some} for some in chunks(ordered))
        return sum(len(self._transaction.rows(_LOCK, each)) for each in parameters)


def entry_row(host: str, entry: Entry, recorded_at: datetime) -> dict[str, Any]:
    """The row of an entry when it is recorded."""
    row = {
        "host": host,
        "invoice_id": entry.invoice_id,
        "as_of": entry.as_of,
        "recorded_at": recorded_at,
        "applied_at": None,
    }
    if isinstance(entry, Reversal):
        return row | {
            "settlement_id": entry.settlement_id,
            "is_reversal": True,
            "kind": None,
            "happened_on": entry.reversed_on,
            "amount_cents": None,
            "discount_cents": ZERO,
            "available_on": None,
            "court_order": False,
        }
    return row | {
        "settlement_id": entry.id,
        "is_reversal": False,
        "kind": entry.kind,
        "happened_on": entry.paid_on,
        "amount_cents": entry.amount,
        "discount_cents": entry.discount,
        "available_on": entry.available_on,
        "court_order": entry.court_order,
    }


def _from_text(column: sa.Column[Any], text: str | None) -> Any:  # noqa: ANN401 - the column's
    """The value of a column that was read as text."""
    read = column.type.result_processor(sqlite.dialect(), None)
    return text if read is None else read(text)


def _entry_of(row: sa.Row[Any] | SimpleNamespace) -> Entry:
    if row.is_reversal:
        return Reversal(row.settlement_id, row.invoice_id, row.happened_on, row.as_of or row.recorded_at)
    return Settlement(
        id=row.settlement_id,
        invoice_id=row.invoice_id,
        kind=row.kind,
        paid_on=row.happened_on,
        amount=row.amount_cents,
        discount=row.discount_cents,
        available_on=row.available_on,
        court_order=row.court_order,
        as_of=row.as_of,
        recorded_at=row.recorded_at,
    )
