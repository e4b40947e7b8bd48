"""The audit trail and the marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.adapters.storage.memory.lists import instant_text, listed
from credit_protection.ports.storage import Listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from credit_protection.adapters.storage.memory.tables import Views
    from credit_protection.domain.audit import AuditEntry
    from credit_protection.ports.storage import Page


class MemoryAudit:
    """`ports.storage.AuditRepository`.

    Args:
        tables: as the unit sees them.
        numbers: gives each entry its place.
    """

    def __init__(self, tables: Views, numbers: Iterator[int]) -> None:
        self._tables = tables
        self._numbers = numbers

    def add(self, entry: AuditEntry) -> None:
        """Append."""
        self._tables.audit.put(next(self._numbers), entry)

    def list(self, page: Page, *, subject: str | None = None) -> Listed[AuditEntry]:
        """Newest first."""
        found = [pair for pair in self._tables.audit.items() if subject in {None, pair[1].subject}]
        numbered = listed(found, page, lambda pair: (instant_text(pair[1].at), f"{pair[0]:019}"))
        return Listed([entry for _, entry in numbered.items], numbered.cursor)


class MemoryMarks:
    """`ports.storage.MarkRepository`."""

    def __init__(self, tables: Views) -> None:
        self._tables = tables

    def set(self, name: str, at: datetime) -> None:
        """Insert or replace."""
        self._tables.marks.put(name, at)

    def get(self, name: str) -> datetime | None:
        """None where it was never set."""
        return self._tables.marks.get(name)

    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, for names that begin so."""
        return {name: at for name, at in sorted(self._tables.marks.items()) if name.startswith(prefix)}
