"""The storage port in memory: one writer at a time, readers beside it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from credit_protection.adapters.storage.memory.configuration import MemoryCreditors, MemoryIntegrations
from credit_protection.adapters.storage.memory.negativations import MemoryNegativations
from credit_protection.adapters.storage.memory.queries import MemoryQueries
from credit_protection.adapters.storage.memory.records import MemoryAudit, MemoryMarks
from credit_protection.adapters.storage.memory.settlements import MemorySettlements
from credit_protection.adapters.storage.memory.tables import Tables, Views
from credit_protection.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class MemoryUnitOfWork:
    """`ports.storage.UnitOfWork`.

    Args:
        tables: as this unit sees them.
        numbers: gives each audit entry its place.
        commit: makes it last; None for a unit that only reads.
    """

    def __init__(self, tables: Views, numbers: Iterator[int], commit: Callable[[], None] | None) -> None:
        self.creditors = MemoryCreditors(tables)
        self.integrations = MemoryIntegrations(tables)
        self.queries = MemoryQueries(tables)
        self.negativations = MemoryNegativations(tables)
        self.settlements = MemorySettlements(tables)
        self.audit = MemoryAudit(tables, numbers)
        self.marks = MemoryMarks(tables)
        self._commit = commit

    def commit(self) -> None:
        """Make it last.

        Raises:
            RuntimeError: the unit only reads, or is committed already: the program is wrong.
        """
        if self._commit is None:
            raise RuntimeError("this unit only reads, or was committed before")
        commit, self._commit = self._commit, None
        commit()


class MemoryStorage:
    """`ports.storage.Storage` in this process's memory, empty at first."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._mutex = threading.Lock()
        self._writing = threading.Lock()
        self._writer: int | None = None
        self._numbers = count(1)

    @contextmanager
    def unit(self) -> Iterator[MemoryUnitOfWork]:
        """A writing unit.

        Raises:
            RuntimeError: this thread is in a writing unit already, and would wait for itself.
        """
        if self._writer == threading.get_ident():
            raise RuntimeError("this thread is in a writing unit already")
        self._writing.acquire()
        self._writer = threading.get_ident()
        tables = Views(self._tables, self._mutex, writable=True)
        running = True

        def end() -> None:
            nonlocal running
            if running:
                running = False
                self._writer = None
                self._writing.release()

        def commit() -> None:
            tables.commit()
            end()

        try:
            yield MemoryUnitOfWork(tables, self._numbers, commit)
        finally:
            end()

    @contextmanager
    def reading(self) -> Iterator[MemoryUnitOfWork]:
        """A unit that only reads; it never waits for a writer."""
        yield MemoryUnitOfWork(Views(self._tables, self._mutex, writable=False), self._numbers, None)

    def joined(self, connection: object) -> AbstractContextManager[MemoryUnitOfWork]:  # noqa: ARG002 - the port's
        """Refused.

        Raises:
            ConfigurationError: always: memory is no part of a host's transaction.
        """
        raise ConfigurationError(
            "O armazenamento em memória não entra na transação do ERP. Use SQLite ou PostgreSQL.",
            code="sem_transacao_conjunta",
        )

    def migrate(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to let go of."""
