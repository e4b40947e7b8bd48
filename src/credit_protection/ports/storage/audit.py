"""The audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from credit_protection.domain.audit import AuditEntry
from credit_protection.ports.storage.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Selects audit entries; None means any.

    `creditor_ids` is an actor's scope, which leaves out entries about no creditor. `since` is the first instant,
    `before` the first one after the period.
    """

    creditor_ids: frozenset[str] | None = None
    subject: str | None = None
    actor_id: str | None = None
    act: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class AuditRepository(Protocol):
    """Append-only."""

    def add(self, *entries: AuditEntry) -> None:
        """Append, many in one statement."""

    def list(self, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
        """Newest first."""
