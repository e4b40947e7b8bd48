"""Units inside a transaction that a host has open on its own DBAPI connection.

The dialects never commit, roll back, close or set up the connection; one engine per driver, whose every "new"
connection is the host's. Our statements run between SAVEPOINT and RELEASE; the host commits.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGExecutionContext_psycopg
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2, PGExecutionContext_psycopg2
from sqlalchemy.dialects.sqlite.base import SQLiteExecutionContext
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import NullPool

from credit_protection.adapters.storage.sqlalchemy.prepared_inserts import execute_inserts
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.storage import HostTransactionRetry

_SAVEPOINT = "cp_savepoint"
_current_connection: ContextVar[DBAPIConnection] = ContextVar("_lent")


def _host_does_it(*_: object) -> None:
    """The host commits, rolls back and closes; its converters and settings stay."""


class _ExternalConnectionMixin:
    """What a dialect must not do with a host's connection."""

    do_commit = do_rollback = do_close = do_terminate = on_connect_url = _host_does_it


class _PsycopgContext(PGExecutionContext_psycopg):
    def create_default_cursor(self) -> DBAPICursor:
        from psycopg.rows import tuple_row  # noqa: PLC0415 - an optional dependency

        cursor: Any = self._dbapi_connection.cursor()
        cursor.row_factory = tuple_row  # the host's may be another
        return cursor  # type: ignore[no-any-return] # psycopg's own cursor


class _Psycopg2Context(PGExecutionContext_psycopg2):
    def create_default_cursor(self) -> DBAPICursor:
        raw: Any = self._dbapi_connection
        plain = import_module("psycopg2.extensions").cursor
        return raw.cursor(cursor_factory=plain)  # type: ignore[no-any-return] # psycopg2's own cursor


class _SqliteContext(SQLiteExecutionContext):
    def create_default_cursor(self) -> DBAPICursor:
        cursor: Any = self._dbapi_connection.cursor()
        cursor.row_factory = None
        return cursor  # type: ignore[no-any-return] # sqlite3's own cursor


class Psycopg(_ExternalConnectionMixin, PGDialect_psycopg):
    """A host's psycopg 3 connection."""

    supports_statement_cache = True
    execution_ctx_cls = _PsycopgContext


class Psycopg2(_ExternalConnectionMixin, PGDialect_psycopg2):
    """A host's psycopg2 connection."""

    supports_statement_cache = True
    execution_ctx_cls = _Psycopg2Context


class Sqlite(_ExternalConnectionMixin, SQLiteDialect_pysqlite):
    """A host's sqlite3 connection."""

    supports_statement_cache = True
    execution_ctx_cls = _SqliteContext


registry.register("postgresql.cp_external_psycopg", __name__, "Psycopg")
registry.register("postgresql.cp_external_psycopg2", __name__, "Psycopg2")
registry.register("sqlite.cp_external", __name__, "Sqlite")
_DIALECTS = {
    "psycopg": "postgresql+cp_external_psycopg",
    "psycopg2": "postgresql+cp_external_psycopg2",
    "sqlite3": "sqlite+cp_external",
}
_engines: dict[str, sa.Engine] = {}
_engines_lock = threading.Lock()


class ExternalTransaction:
    """The transaction that a host has open on its own DBAPI connection; our statements run in a savepoint of it.

    Customers wait for it, so the savepoint and the inserts are the driver's own statements; SQLAlchemy takes several
    times as long (measured by `python -m benchmarks.paying`), and connects only where something else is executed.

    Args:
        connection: of psycopg 3, psycopg2 or sqlite3 (else `ConfigurationError`), or a wrapper's `driver_connection`.
        schema: of our tables; None for the connection's own.
    """

    def __init__(self, connection: object, schema: str | None) -> None:
        raw: Any = getattr(connection, "driver_connection", None) or connection
        driver = _driver(raw)
        self._raw = raw
        self._engine = _engine(driver)
        self._schema = schema
        self._connection: sa.Connection | None = None
        self._is_open = False
        if driver == "sqlite3" and not raw.in_transaction:
            raw.execute("BEGIN IMMEDIATE")  # else releasing our savepoint would commit
        if self.dialect.server_version_info is None:  # the first connection tells SQLAlchemy what the server can do
            self.connection()
        self._execute(f"SAVEPOINT {_SAVEPOINT}")
        self._is_open = True

    @property
    def dialect(self) -> sa.Dialect:
        """The host's database and driver."""
        return self._engine.dialect

    def connection(self) -> sa.Connection:
        """The host's connection as SQLAlchemy's."""
        if self._connection is None:
            token = _current_connection.set(self._raw)
            try:
                self._connection = self._engine.connect()
            finally:
                _current_connection.reset(token)
            if self._schema is not None:
                self._connection.execution_options(schema_translate_map={None: self._schema})
            self._connection.begin()  # sends nothing: the host's transaction is open
        return self._connection

    def insert(self, statement: sa.Insert, rows: Iterable[Mapping[str, Any]]) -> int:
        """Insert each of the rows; returns how many are new."""
        return execute_inserts(self._raw, self.dialect, self._schema, statement, rows)

    def release(self) -> None:
        """Keep what was written, for the host to commit."""
        self._execute(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        self._is_open = False

    def close(self) -> None:
        """Undo what was written and not released."""
        try:
            if self._is_open:
                self._execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        finally:
            if self._connection is not None:
                self._connection.close()

    def _execute(self, statement: str) -> None:
        cursor = self._raw.cursor()
        cursor.execute(statement)
        cursor.close()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise `HostTransactionRetry` where the host must retry, `ConfigurationError` where our tables are missing."""
    try:
        yield
    except Exception as error:
        cause = getattr(error, "orig", None) or error  # SQLAlchemy wraps the driver's
        if isinstance(cause, Exception) and _is_retryable(cause):
            raise HostTransactionRetry(cause) from error
        if isinstance(cause, Exception) and _is_missing_table(cause):
            raise ConfigurationError(
                "A conexão não é do banco que guarda as tabelas cp_. Use uma conexão desse banco, e do mesmo esquema.",
                code="tabelas_ausentes",
            ) from error
        raise


_RETRYABLE_STATES = {"40001", "40P01"}
"""Serialization failure, deadlock."""
_UNDEFINED_TABLE = "42P01"
_RETRYABLE_CODES = {5, 6}
"""SQLITE_BUSY, SQLITE_LOCKED: the low byte of the extended codes."""


def _sqlstate(error: Exception) -> object:
    """As psycopg 3 and psycopg2 name it."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def _is_retryable(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return _sqlstate(error) in _RETRYABLE_STATES or (isinstance(code, int) and code & 0xFF in _RETRYABLE_CODES)


def _is_missing_table(error: Exception) -> bool:
    return _sqlstate(error) == _UNDEFINED_TABLE or str(error).startswith("no such table")


def _driver(raw: object) -> str:
    for kind in type(raw).__mro__:
        package = kind.__module__.partition(".")[0]
        if package in _DIALECTS:
            return package
    raise ConfigurationError(
        f"Conexão de {type(raw).__module__} não serve: use uma de psycopg, psycopg2 ou sqlite3.",
        code="conexao_desconhecida",
    )


def _engine(driver: str) -> sa.Engine:
    with _engines_lock:
        if driver not in _engines:
            native: dict[str, Any] = {} if driver == "sqlite3" else {"use_native_hstore": False}
            _engines[driver] = sa.create_engine(
                f"{_DIALECTS[driver]}://",
                creator=_current_connection.get,
                poolclass=NullPool,
                hide_parameters=True,
                **native,
            )
        return _engines[driver]
