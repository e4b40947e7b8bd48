"""The storage port: units of work over one repository per aggregate. No method runs a query per row."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from credit_protection.ports.storage.audit import AuditFilter, AuditRepository
from credit_protection.ports.storage.integrations import CreditorRepository, IntegrationRepository
from credit_protection.ports.storage.negativations import DueTransmission, NegativationFilter, NegativationRepository
from credit_protection.ports.storage.pages import Page, PageRequest
from credit_protection.ports.storage.queries import QueryFilter, QueryRepository
from credit_protection.ports.storage.settlements import SettlementRepository, Unapplied

__all__ = [
    "AuditFilter",
    "AuditRepository",
    "CreditorRepository",
    "DueTransmission",
    "HostTransactionRetry",
    "IntegrationRepository",
    "NegativationFilter",
    "NegativationRepository",
    "Page",
    "PageRequest",
    "QueryFilter",
    "QueryRepository",
    "SettlementRepository",
    "Storage",
    "Unapplied",
    "UnitOfWork",
    "WatermarkRepository",
]


class HostTransactionRetry(Exception):
    """The database requires that the host rolls back its transaction and runs it again.

    Args:
        error: the driver's own; pass it on to the host unchanged, which handles such errors.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class WatermarkRepository(Protocol):
    """Instants that outlive a process: the last poll of a host, a worker's heartbeat."""

    def set(self, name: str, at: datetime) -> None:
        """Insert or replace."""

    def get(self, name: str) -> datetime | None:
        """None where it was never set."""

    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, those whose names have the prefix."""


class UnitOfWork(Protocol):
    """One transaction and its repositories."""

    @property
    def creditors(self) -> CreditorRepository: ...  # noqa: D102
    @property
    def integrations(self) -> IntegrationRepository: ...  # noqa: D102
    @property
    def queries(self) -> QueryRepository: ...  # noqa: D102
    @property
    def negativations(self) -> NegativationRepository: ...  # noqa: D102
    @property
    def settlements(self) -> SettlementRepository: ...  # noqa: D102
    @property
    def audit(self) -> AuditRepository: ...  # noqa: D102
    @property
    def watermarks(self) -> WatermarkRepository: ...  # noqa: D102

    def commit(self) -> None:
        """Commit. At most once; a unit left without it is rolled back."""


class Storage(Protocol):
    """Opens units of work. Thread-safe: each unit has its own connection."""

    def unit(self) -> AbstractContextManager[UnitOfWork]:
        """A writing unit."""

    def read_only(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that only reads; it never waits for a writer."""

    def in_transaction_of(self, connection: object) -> AbstractContextManager[UnitOfWork]:
        """A unit inside a transaction that the host has open on its own DBAPI connection.

        It works in a savepoint and never commits, rolls back or closes the host's transaction; `commit()` releases
        the savepoint. A failure inside leaves the host's transaction usable.

        Raises:
            ConfigurationError: the storage can't use this connection.
            HostTransactionRetry: a serialization failure, a deadlock, or a busy SQLite file.
        """

    def close(self) -> None:
        """Close the connections."""
