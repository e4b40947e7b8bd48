"""The storage port over SQLAlchemy Core: units of work, and what opens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.engine import (
    begin,
    for_reading,
    for_writing,
    make_engine,
    require_connection,
    write_lock,
)
from credit_protection.adapters.storage.sqlalchemy.existing import require_existing, sqlite_path
from credit_protection.adapters.storage.sqlalchemy.external_transaction import ExternalTransaction, translate_errors
from credit_protection.adapters.storage.sqlalchemy.migrations import upgrade
from credit_protection.adapters.storage.sqlalchemy.repositories.audit_and_watermarks import SqlAudit, SqlWatermarks
from credit_protection.adapters.storage.sqlalchemy.repositories.divergences import SqlDivergences, SqlTurns
from credit_protection.adapters.storage.sqlalchemy.repositories.integrations import SqlCreditors, SqlIntegrations
from credit_protection.adapters.storage.sqlalchemy.repositories.negativations import SqlNegativations
from credit_protection.adapters.storage.sqlalchemy.repositories.queries import SqlQueries
from credit_protection.adapters.storage.sqlalchemy.repositories.readings import SqlReadings, SqlRechecks
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.adapters.storage.sqlalchemy.repositories.unreadable import SqlUnreadable
from credit_protection.adapters.storage.sqlalchemy.repositories.users import SqlUsers
from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
from credit_protection.domain.errors import ConfigurationError


class SqlStorage:
    """`ports.storage.Storage` on SQLite or PostgreSQL.

    It connects at the first unit, so a pre-fork server may create it before it forks.

    Args:
        url: `sqlite:///path/to/file.db` or `postgresql://user:password@host/database`; or an engine, see `from_engine`.
        schema: of the tables, on PostgreSQL; None for the connection's own.
        durable: False for tests: on SQLite, a commit does not wait for the disk.

    Raises:
        ConfigurationError: the database is not supported, its driver is not installed, or SQLite is given no file or a
            schema.
    """

    has_created_tables = False
    """Whether `migrate` found none: who runs this process makes the installation."""

    def __init__(self, url: str | sa.Engine, *, schema: str | None = None, durable: bool = True) -> None:
        self._owns_engine = isinstance(url, str)
        engine = make_engine(url, durable=durable) if isinstance(url, str) else url
        if schema is not None and engine.dialect.name != "postgresql":
            raise ConfigurationError("Só o PostgreSQL tem esquemas. Tire o esquema da configuração do banco.")
        self._engine = engine
        self._schema = schema
        self._options = {} if schema is None else {"schema_translate_map": {None: schema}}
        self._writing = for_writing(engine).execution_options(**self._options)
        self._reading = for_reading(engine).execution_options(**self._options)
        self._is_exclusive = engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return sqlite_path(str(self._engine.url.database)) if self._is_exclusive else None

    @classmethod
    def from_engine(cls, engine: sa.Engine, *, schema: str | None = None) -> SqlStorage:
        """A storage on a host's engine, whose settings stay as they are; `close()` leaves it open."""
        return cls(engine, schema=schema)

    def migrate(self) -> None:
        """Create the tables, or upgrade them; two processes may do so at once. Quick where there is nothing to do.

        Raises:
            ConfigurationError: the database is unreachable, or belongs to a newer version of the program or to one
                before 0.2.
        """
        require_connection(self._engine)
        self.has_created_tables = upgrade(self._engine, schema=self._schema) or self.has_created_tables

    def require_tables(self) -> None:
        """Require that the tables of this version exist; nothing is created or changed, not even a file.

        Raises:
            ConfigurationError: there is no database, it is empty, or its tables are of another version.
        """
        require_existing(self._engine, self._schema)

    @contextmanager
    def unit(self) -> Iterator[SqlUnitOfWork]:
        """A writing unit."""
        with ExitStack() as resources:
            resources.enter_context(write_lock(self._engine))
            connection = resources.enter_context(self._writing.connect())
            begun = resources.enter_context(closing(begin(connection, statement="BEGIN IMMEDIATE")))
            transaction = Transaction(lambda: connection, connection.dialect, is_exclusive=self._is_exclusive)

            def commit() -> None:
                transaction.flush()
                begun.commit()
                resources.close()

            yield SqlUnitOfWork(transaction, commit)

    @contextmanager
    def read_only(self) -> Iterator[SqlUnitOfWork]:
        """A unit that only reads; it never waits for a writer."""
        with self._reading.connect() as connection, closing(begin(connection, statement="BEGIN")):
            yield SqlUnitOfWork(Transaction(lambda: connection, connection.dialect, is_reading=True), None)

    @contextmanager
    def in_transaction_of(self, connection: object) -> Iterator[SqlUnitOfWork]:
        """A unit inside a transaction that the host has open on its own DBAPI connection."""
        with translate_errors(), closing(ExternalTransaction(connection, self._schema)) as joined:
            transaction = Transaction(joined.connection, joined.dialect, insert=joined.insert)

            def release() -> None:
                transaction.flush()
                joined.release()

            yield SqlUnitOfWork(transaction, release)

    def close(self) -> None:
        """Close the connections, unless the engine is a host's."""
        if self._owns_engine:
            self._engine.dispose()


class SqlUnitOfWork:
    """`ports.storage.UnitOfWork`; `commit` is None where it only reads."""

    def __init__(self, transaction: Transaction, commit: Callable[[], None] | None) -> None:
        self._transaction = transaction
        self._commit = commit
        self.creditors = SqlCreditors(transaction)
        self.integrations = SqlIntegrations(transaction)
        self.queries = SqlQueries(transaction)
        self.negativations = SqlNegativations(transaction)
        self.settlements = SqlSettlements(transaction)
        self.readings = SqlReadings(transaction)
        self.rechecks = SqlRechecks(transaction)
        self.divergences = SqlDivergences(transaction)
        self.turns = SqlTurns(transaction)
        self.unreadable = SqlUnreadable(transaction)
        self.audit = SqlAudit(transaction)
        self.watermarks = SqlWatermarks(transaction)
        self.users = SqlUsers(transaction)

    def commit(self) -> None:
        """Commit. Raises `RuntimeError` where the unit only reads, or is committed already: a programming error."""
        if self._commit is None:
            raise RuntimeError("this unit only reads, or was committed before")
        commit, self._commit = self._commit, None
        commit()
