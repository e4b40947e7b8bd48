"""The audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.lists import listed, newest_first
from credit_protection.adapters.storage.sqlalchemy.mappers.audit import audit_of, audit_row
from credit_protection.adapters.storage.sqlalchemy.tables import AUDIT

if TYPE_CHECKING:
    from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
    from credit_protection.domain.audit import AuditEntry
    from credit_protection.ports.storage import Listed, Page

_ADD = sa.insert(AUDIT).inline()
_SELECT = sa.select(AUDIT)


class SqlAudit:
    """`ports.storage.AuditRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, entry: AuditEntry) -> None:
        """Append."""
        self._transaction.change_later(_ADD, audit_row(entry))

    def list(self, page: Page, *, subject: str | None = None) -> Listed[AuditEntry]:
        """Newest first."""
        statement = _SELECT if subject is None else _SELECT.where(AUDIT.c.subject == subject)
        statement = newest_first(statement, AUDIT.c.at, AUDIT.c.seq, page)
        return listed(self._transaction, statement, page, audit_of, lambda row: (row.at.isoformat(), str(row.seq)))
