"""The audit trail and the watermarks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.adapters.storage.sqlalchemy.pages import filtered, read_newest
from credit_protection.adapters.storage.sqlalchemy.tables import AUDIT, WATERMARK
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.audit import AuditEntry
from credit_protection.ports.storage import AuditFilter, Page, PageRequest

_PLAIN = PlainFields(AuditEntry, without=("before", "after"))
_C = AUDIT.c
_ADD = sa.insert(AUDIT).inline()
_SELECT = sa.select(AUDIT)
_WATERMARK = sa.select(WATERMARK.c.at).where(WATERMARK.c.name == sa.bindparam("key"))
_WATERMARKS = sa.select(WATERMARK).where(
    sa.func.substr(WATERMARK.c.name, 1, sa.bindparam("length", type_=sa.Integer)) == sa.bindparam("prefix")
)

_CLEAR = sa.delete(WATERMARK).where(WATERMARK.c.name == sa.bindparam("key"))
_CLEAR_OF = _CLEAR.where(WATERMARK.c.at == sa.bindparam("of", type_=WATERMARK.c.at.type))


class SqlAudit(Repository):
    """`ports.storage.AuditRepository`."""

    def add(self, *entries: AuditEntry) -> None:
        """Append."""
        if entries:
            self._transaction.execute_deferred(_ADD, [_audit_row(entry) for entry in entries])

    def list(self, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
        """Newest first."""
        conditions = filtered(AUDIT, wanted, "subject", "actor_id", "act")
        if wanted.since is not None:
            conditions.append(_C.at >= wanted.since)
        if wanted.before is not None:
            conditions.append(_C.at < wanted.before)
        return read_newest(self._transaction, _SELECT.where(*conditions), _C.at, _C.seq, page, _audit_of)


class SqlWatermarks(Repository):
    """`ports.storage.WatermarkRepository`."""

    def set(self, name: str, at: datetime, note: str = "") -> None:
        """Insert or replace."""
        self._transaction.insert_or_replace(WATERMARK, {"name": name, "at": at, "note": note})

    def get(self, name: str) -> datetime | None:
        """None where it was never set."""
        row = self._transaction.row(_WATERMARK, {"key": name})
        return None if row is None else row.at

    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, those whose names have the prefix."""
        return {row.name: row.at for row in self._with_prefix(prefix)}

    def notes(self, prefix: str) -> Mapping[str, str]:
        """The notes by name, of those whose names have the prefix."""
        return {row.name: row.note for row in self._with_prefix(prefix)}

    def clear(self, name: str, at: datetime | None = None) -> bool:
        """Delete it; with `at`, only where it is still of that instant."""
        if at is None:
            return self._transaction.execute(_CLEAR, {"key": name}) > 0
        return self._transaction.execute(_CLEAR_OF, {"key": name, "of": at}) > 0

    def _with_prefix(self, prefix: str) -> Sequence[sa.Row[Any]]:
        rows = self._transaction.rows(_WATERMARKS, {"length": len(prefix), "prefix": prefix})
        return sorted(rows, key=lambda row: row.name)


def _audit_row(entry: AuditEntry) -> dict[str, Any]:
    return _PLAIN.of(entry) | {"before": dict(entry.before), "after": dict(entry.after)}


def _audit_of(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(**_PLAIN.of(row), before=row.before, after=row.after)
