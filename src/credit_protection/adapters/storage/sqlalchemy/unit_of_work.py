"""One transaction and its repositories, made when first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from credit_protection.adapters.storage.sqlalchemy.repositories.audit import SqlAudit
from credit_protection.adapters.storage.sqlalchemy.repositories.creditors import SqlCreditors
from credit_protection.adapters.storage.sqlalchemy.repositories.integrations import SqlIntegrations
from credit_protection.adapters.storage.sqlalchemy.repositories.marks import SqlMarks
from credit_protection.adapters.storage.sqlalchemy.repositories.negativations import SqlNegativations
from credit_protection.adapters.storage.sqlalchemy.repositories.queries import SqlQueries
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction


class SqlUnitOfWork:
    """`ports.storage.UnitOfWork`.

    Args:
        transaction: that its repositories work in.
        commit: makes it last; None for a unit that only reads.
    """

    def __init__(self, transaction: Transaction, commit: Callable[[], None] | None) -> None:
        self._transaction = transaction
        self._commit = commit

    @cached_property
    def creditors(self) -> SqlCreditors:
        """The creditors."""
        return SqlCreditors(self._transaction)

    @cached_property
    def integrations(self) -> SqlIntegrations:
        """The integrations, and what each bureau sells."""
        return SqlIntegrations(self._transaction)

    @cached_property
    def queries(self) -> SqlQueries:
        """The credit queries."""
        return SqlQueries(self._transaction)

    @cached_property
    def negativations(self) -> SqlNegativations:
        """The negativations."""
        return SqlNegativations(self._transaction)

    @cached_property
    def settlements(self) -> SqlSettlements:
        """The ledger of settlements."""
        return SqlSettlements(self._transaction)

    @cached_property
    def audit(self) -> SqlAudit:
        """The audit trail."""
        return SqlAudit(self._transaction)

    @cached_property
    def marks(self) -> SqlMarks:
        """Instants that outlive a process."""
        return SqlMarks(self._transaction)

    def commit(self) -> None:
        """Make it last.

        Raises:
            RuntimeError: the unit only reads, or is committed already: the program is wrong.
        """
        if self._commit is None:
            raise RuntimeError("this unit only reads, or was committed before")
        commit, self._commit = self._commit, None
        commit()
