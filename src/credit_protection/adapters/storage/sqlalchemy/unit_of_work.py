"""One transaction and its repositories."""

from __future__ import annotations

from collections.abc import Callable

from credit_protection.adapters.storage.sqlalchemy.repositories.audit_and_watermarks import SqlAudit, SqlWatermarks
from credit_protection.adapters.storage.sqlalchemy.repositories.integrations import SqlCreditors, SqlIntegrations
from credit_protection.adapters.storage.sqlalchemy.repositories.negativations import SqlNegativations
from credit_protection.adapters.storage.sqlalchemy.repositories.queries import SqlQueries
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction


class SqlUnitOfWork:
    """`ports.storage.UnitOfWork`.

    Args:
        transaction: its repositories' transaction.
        commit: commits it; None for a unit that only reads.
    """

    def __init__(self, transaction: Transaction, commit: Callable[[], None] | None) -> None:
        self._transaction = transaction
        self._commit = commit
        self.creditors = SqlCreditors(transaction)
        self.integrations = SqlIntegrations(transaction)
        self.queries = SqlQueries(transaction)
        self.negativations = SqlNegativations(transaction)
        self.settlements = SqlSettlements(transaction)
        self.audit = SqlAudit(transaction)
        self.watermarks = SqlWatermarks(transaction)

    def commit(self) -> None:
        """Commit.

        Raises:
            RuntimeError: the unit only reads, or is committed already: a programming error.
        """
        if self._commit is None:
            raise RuntimeError("this unit only reads, or was committed before")
        commit, self._commit = self._commit, None
        commit()
