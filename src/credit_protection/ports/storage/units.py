"""Units of work: one transaction each."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol

from credit_protection.ports.storage.audit import AuditRepository, WatermarkRepository
from credit_protection.ports.storage.catalogue import CreditorRepository, IntegrationRepository
from credit_protection.ports.storage.divergences import DivergenceRepository, TurnRepository
from credit_protection.ports.storage.negativations import NegativationRepository
from credit_protection.ports.storage.queries import QueryRepository
from credit_protection.ports.storage.readings import ReadingRepository, RecheckRepository, UnreadableRepository
from credit_protection.ports.storage.settlements import SettlementRepository
from credit_protection.ports.storage.users import UserRepository


class UnitOfWork(Protocol):
    """One transaction and its repositories."""

    @property
    @abstractmethod
    def creditors(self) -> CreditorRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def integrations(self) -> IntegrationRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def queries(self) -> QueryRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def negativations(self) -> NegativationRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def settlements(self) -> SettlementRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def readings(self) -> ReadingRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def rechecks(self) -> RecheckRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def divergences(self) -> DivergenceRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def turns(self) -> TurnRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def unreadable(self) -> UnreadableRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def audit(self) -> AuditRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def watermarks(self) -> WatermarkRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def users(self) -> UserRepository: ...  # noqa: D102

    @abstractmethod
    def commit(self) -> None:
        """Commit. At most once; a unit left without it is rolled back."""


class Storage(Protocol):
    """Opens units of work. Thread-safe: each unit has its own connection.

    Subclass it, `UnitOfWork` and the repositories: a member that is missing fails at construction.
    """

    @abstractmethod
    def unit(self) -> AbstractContextManager[UnitOfWork]:
        """A writing unit."""

    @abstractmethod
    def read_only(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that only reads; it never waits for a writer."""

    @abstractmethod
    def in_transaction_of(self, connection: object) -> AbstractContextManager[UnitOfWork]:
        """A unit inside a transaction that the host has open on its own DBAPI connection.

        It works in a savepoint and never commits, rolls back or closes the host's transaction; `commit()` releases
        the savepoint. A failure inside leaves the host's transaction usable.

        Raises:
            ConfigurationError: the storage can't use this connection.
            HostTransactionRetry: a serialization failure, a deadlock, or a busy SQLite file.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""


class HostTransactionRetry(Exception):
    """The database requires that the host rolls back its transaction and runs it again.

    Args:
        error: the driver's own; pass it on to the host unchanged, which handles such errors.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
