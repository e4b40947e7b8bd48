"""The ERP's readings of invoices, and the rechecks that hosts ask for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.pages import cursor_values, encode_cursor
from credit_protection.adapters.storage.sqlalchemy.tables import NEGATIVATION_INVOICE, READING, RECHECK, is_false
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository, chunks
from credit_protection.domain.comparison.readings import StoredReading, reading_from_content
from credit_protection.domain.comparison.rechecks import Recheck
from credit_protection.domain.instants import FARTHEST_RECHECK, SKEW, farthest_believed
from credit_protection.ports.storage import OpenInvoices, PageRequest

_R, _C, _I = READING.c, RECHECK.c, NEGATIVATION_INVOICE.c
_AS_OF = sa.bindparam("as_of", type_=_R.as_of.type)
_OPEN_IDS = (
    sa.select(_I.invoice_id)
    .distinct()
    .where(_I.host == sa.bindparam("host"), is_false(_I.is_closed))
    .order_by(_I.invoice_id)
    .limit(sa.bindparam("most"))
)


def _with_contents(ids: sa.Subquery) -> sa.Select[Any]:
    is_stored = sa.and_(_R.host == sa.bindparam("host"), _R.invoice_id == ids.c.invoice_id)
    content = sa.case((sa.and_(_R.as_of < _AS_OF, _R.check_at > _AS_OF), _R.content))
    return sa.select(ids.c.invoice_id, content).outerjoin(READING, is_stored).order_by(ids.c.invoice_id)


_FIRST_OPEN = _with_contents(_OPEN_IDS.subquery())
_NEXT_OPEN = _with_contents(_OPEN_IDS.where(_I.invoice_id > sa.bindparam("after")).subquery())
_GET = sa.select(READING).where(
    _R.host == sa.bindparam("host"), _R.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True))
)
_IS_OPEN = _C.done_at.is_(None)
_NOW = sa.bindparam("now", type_=_C.due_at.type)
_SKEWED = sa.bindparam("skewed", type_=_C.due_at.type)
_SEE = sa.update(RECHECK).where(_C.seen_at.is_(None)).values(seen_at=_NOW)
_SEE_AGAIN = sa.update(RECHECK).where(_IS_OPEN, _C.seen_at > _SKEWED).values(seen_at=_NOW)
_SEE_DONE_AGAIN = sa.update(RECHECK).where(_C.done_at > _SKEWED).values(seen_at=_NOW, done_at=_NOW)
_DUE = (
    sa.select(RECHECK)
    .where(
        _C.host == sa.bindparam("host"),
        _IS_OPEN,
        _C.seen_at.is_not(None),
        sa.or_(_C.due_at <= _NOW, _C.due_at > sa.bindparam("last_due", type_=_C.due_at.type)),
    )
    .order_by(_C.due_at, _C.id)
    .limit(sa.bindparam("most"))
)
_OF_INVOICES = sa.select(RECHECK).where(
    _C.host == sa.bindparam("host"), _C.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True))
)
_CHANGE = (
    sa.update(RECHECK)
    .where(_C.id == sa.bindparam("key"))
    .values(
        due_at=sa.bindparam("next_due", type_=_C.due_at.type),
        attempts=sa.bindparam("failed", type_=_C.attempts.type),
        done_at=sa.bindparam("done", type_=_C.done_at.type),
    )
)
_PURGE = sa.delete(RECHECK).where(_C.done_at < sa.bindparam("before", type_=_C.done_at.type))


class SqlReadings(Repository):
    """`ports.storage.ReadingRepository`."""

    def open_invoices(self, host: str, as_of: datetime, page: PageRequest) -> OpenInvoices:
        """Invoices of all negativations that are not closed, by id."""
        values: dict[str, Any] = {"host": host, "as_of": as_of, "most": page.size}
        if page.after is not None:
            (values["after"],) = cursor_values(page.after, _I.invoice_id)
        contents = dict(self._transaction.pairs(_FIRST_OPEN if page.after is None else _NEXT_OPEN, values))
        cursor = encode_cursor(next(reversed(contents))) if len(contents) == page.size else None
        return OpenInvoices(contents, cursor)

    def get(self, host: str, invoice_ids: Sequence[str]) -> Mapping[str, StoredReading]:
        """The stored readings, by invoice id."""
        parts = ({"host": host, "invoice_ids": some} for some in chunks(list(dict.fromkeys(invoice_ids))))
        return {row.invoice_id: _stored_of(row) for part in parts for row in self._transaction.rows(_GET, part)}

    def save(self, host: str, readings: Iterable[StoredReading]) -> None:
        """Insert, or replace those of the same invoices."""
        if rows := [_row(host, each) for each in readings]:
            self._transaction.insert_or_replace(READING, rows)


class SqlRechecks(Repository):
    """`ports.storage.RecheckRepository`."""

    def add(self, rechecks: Sequence[Recheck]) -> None:
        """Insert new ones."""
        if rechecks:
            self._transaction.insert_new(RECHECK, [_recheck_row(each) for each in rechecks])

    def see(self, now: datetime) -> int:
        """Stamp those that no unit has seen committed before. Returns how many."""
        parameters = {"now": now, "skewed": now + SKEW}
        statements = (_SEE, _SEE_AGAIN, _SEE_DONE_AGAIN)
        return sum(self._transaction.execute(each, parameters) for each in statements)

    def due(self, host: str, now: datetime, limit: int) -> Sequence[Recheck]:
        """Those of a host that were seen, are not done, and are due; the earliest first."""
        last_due = farthest_believed(now, FARTHEST_RECHECK)
        rows = self._transaction.rows(_DUE, {"host": host, "now": now, "last_due": last_due, "most": limit})
        return [_recheck_of(row) for row in rows]

    def of(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Recheck]:
        """All of these invoices, also those that are done and still kept."""
        parts = ({"host": host, "invoice_ids": some} for some in chunks(list(dict.fromkeys(invoice_ids))))
        return [_recheck_of(row) for part in parts for row in self._transaction.rows(_OF_INVOICES, part)]

    def save_all(self, rechecks: Sequence[Recheck]) -> None:
        """Store when each is due, how often it failed, and when it was done."""
        if rechecks:
            rows = [
                {"key": each.id, "next_due": each.due_at, "failed": each.attempts, "done": each.done_at}
                for each in rechecks
            ]
            self._transaction.execute_deferred(_CHANGE, rows)

    def purge(self, before: datetime) -> int:
        """Delete those that were done before an instant. Returns how many."""
        return self._transaction.execute(_PURGE, {"before": before})


def _row(host: str, stored: StoredReading) -> dict[str, Any]:
    return {
        "host": host,
        "invoice_id": stored.reading.invoice_id,
        "content": stored.reading.content,
        "as_of": stored.reading.as_of,
        "status_since": stored.status_since,
        "due_date_since": stored.due_date_since,
        "check_at": stored.check_at,
    }


def _stored_of(row: sa.Row[Any]) -> StoredReading:
    reading = reading_from_content(row.invoice_id, row.as_of, row.content)
    return StoredReading(reading, row.status_since, row.due_date_since, is_held=row.check_at <= row.as_of)


def _recheck_row(recheck: Recheck) -> dict[str, Any]:
    return {
        "id": recheck.id,
        "host": recheck.host,
        "invoice_id": recheck.invoice_id,
        "recorded_at": recheck.recorded_at,
        "seen_at": recheck.seen_at,
        "due_at": recheck.due_at,
        "attempts": recheck.attempts,
        "done_at": recheck.done_at,
    }


def _recheck_of(row: sa.Row[Any]) -> Recheck:
    return Recheck(
        row.id, row.host, row.invoice_id, row.recorded_at, row.due_at, row.seen_at, row.attempts, row.done_at
    )
