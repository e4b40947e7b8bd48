"""Audit entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credit_protection.domain.audit import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy import Row


def audit_row(entry: AuditEntry) -> dict[str, Any]:
    """What is stored of an act."""
    return {
        "at": entry.at,
        "actor_id": entry.actor_id,
        "actor_name": entry.actor_name,
        "act": entry.act,
        "subject": entry.subject,
        "creditor_id": entry.creditor_id,
        "why": entry.why,
        "before": dict(entry.before),
        "after": dict(entry.after),
    }


def audit_of(row: Row[Any]) -> AuditEntry:
    """The act of a row."""
    return AuditEntry(
        at=row.at,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        act=row.act,
        subject=row.subject,
        creditor_id=row.creditor_id,
        why=row.why,
        before=row.before,
        after=row.after,
    )
