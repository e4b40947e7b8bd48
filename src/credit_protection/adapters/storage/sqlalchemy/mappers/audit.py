"""Audit entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.domain.audit import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy import Row

_PLAIN = PlainFields(AuditEntry, without=("before", "after"))


def audit_row(entry: AuditEntry) -> dict[str, Any]:
    """The row of an entry."""
    return _PLAIN.of(entry) | {"before": dict(entry.before), "after": dict(entry.after)}


def audit_of(row: Row[Any]) -> AuditEntry:
    """The entry of a row."""
    return AuditEntry(**_PLAIN.of(row), before=row.before, after=row.after)
