"""The creditors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from credit_protection.adapters.storage.refusals import not_found
from credit_protection.adapters.storage.sqlalchemy.mappers.creditors import creditor_of, creditor_row
from credit_protection.adapters.storage.sqlalchemy.tables import CREDITOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
    from credit_protection.domain.creditors import Creditor

_ALL = sa.select(CREDITOR).order_by(CREDITOR.c.id)
_ONE = sa.select(CREDITOR).where(CREDITOR.c.id == sa.bindparam("key"))


class SqlCreditors:
    """`ports.storage.CreditorRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def save(self, creditor: Creditor) -> None:
        """Insert, or replace the one with this id."""
        self._transaction.along.clear()
        self._transaction.insert_or_replace(CREDITOR, creditor_row(creditor))

    def get(self, creditor_id: str) -> Creditor:
        """Raises `NotFound`."""
        row = self._transaction.row(_ONE, {"key": creditor_id})
        if row is None:
            raise not_found("a empresa", creditor_id)
        return creditor_of(row)

    def all(self) -> Sequence[Creditor]:
        """All, by id."""
        return [creditor_of(row) for row in self._transaction.rows(_ALL)]
