"""The audit trail and the watermarks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.mappers.audit import audit_of, audit_row
from credit_protection.adapters.storage.sqlalchemy.pages import newest_first, read_page
from credit_protection.adapters.storage.sqlalchemy.tables import AUDIT, WATERMARK
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.audit import AuditEntry
from credit_protection.ports.storage import AuditFilter, Page, PageRequest

_C = AUDIT.c
_ADD = sa.insert(AUDIT).inline()
_SELECT = sa.select(AUDIT)
_WATERMARK = sa.select(WATERMARK.c.at).where(WATERMARK.c.name == sa.bindparam("key"))
_WATERMARKS = sa.select(WATERMARK).where(
    sa.func.substr(WATERMARK.c.name, 1, sa.bindparam("length", type_=sa.Integer)) == sa.bindparam("prefix")
)


class SqlAudit(Repository):
    """`ports.storage.AuditRepository`."""

    def add(self, *entries: AuditEntry) -> None:
        """Append."""
        if entries:
            self._transaction.execute_deferred(_ADD, [audit_row(entry) for entry in entries])

    def list(self, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
        """Newest first."""
        statement = _SELECT
        if wanted.creditor_ids is not None:
            statement = statement.where(_C.creditor_id.in_(sorted(wanted.creditor_ids)))
        for column, value in ((_C.subject, wanted.subject), (_C.actor_id, wanted.actor_id), (_C.act, wanted.act)):
            if value is not None:
                statement = statement.where(column == value)
        if wanted.since is not None:
            statement = statement.where(_C.at >= wanted.since)
        if wanted.before is not None:
            statement = statement.where(_C.at < wanted.before)
        statement = newest_first(statement, _C.at, _C.seq, page)
        return read_page(self._transaction, statement, page, audit_of, lambda row: (row.at.isoformat(), str(row.seq)))


class SqlWatermarks(Repository):
    """`ports.storage.WatermarkRepository`."""

    def set(self, name: str, at: datetime) -> None:
        """Insert or replace."""
        self._transaction.insert_or_replace(WATERMARK, {"name": name, "at": at})

    def get(self, name: str) -> datetime | None:
        """None where it was never set."""
        row = self._transaction.row(_WATERMARK, {"key": name})
        return None if row is None else row.at

    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, those whose names have the prefix."""
        rows = self._transaction.rows(_WATERMARKS, {"length": len(prefix), "prefix": prefix})
        return {row.name: row.at for row in sorted(rows, key=lambda row: row.name)}
