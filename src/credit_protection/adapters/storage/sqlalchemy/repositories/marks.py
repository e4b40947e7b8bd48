"""Instants that must outlive a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.tables import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction

_ONE = sa.select(MARK.c.at).where(MARK.c.name == sa.bindparam("key"))
_PREFIXED = sa.select(MARK).where(
    sa.func.substr(MARK.c.name, 1, sa.bindparam("length", type_=sa.Integer)) == sa.bindparam("prefix")
)


class SqlMarks:
    """`ports.storage.MarkRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def set(self, name: str, at: datetime) -> None:
        """Insert or replace."""
        self._transaction.insert_or_replace(MARK, {"name": name, "at": at})

    def get(self, name: str) -> datetime | None:
        """None where it was never set."""
        row = self._transaction.row(_ONE, {"key": name})
        return None if row is None else row.at

    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, for names that begin so."""
        rows = self._transaction.rows(_PREFIXED, {"length": len(prefix), "prefix": prefix})
        return {row.name: row.at for row in sorted(rows, key=lambda row: row.name)}
