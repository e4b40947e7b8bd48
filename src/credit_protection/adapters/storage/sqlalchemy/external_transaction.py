"""Units inside a transaction that a host has open on its own DBAPI connection.

The dialects never commit, roll back, close or set up the connection; one engine per driver, whose every "new"
connection is the host's. Our statements run between SAVEPOINT and RELEASE; the host commits.
"""

import threading
from collections.abc import Iterator
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

from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.storage import HostTransactionRetry

_current_connection: ContextVar[DBAPIConnection] = ContextVar("_lent")


def _host_does_it(*_: object) -> None:
    """The host commits, rolls back and closes; its converters and settings stay."""


class _ExternalConnectionMixin:
    """What a dialect must not do with a host's connection."""

    do_commit = do_rollback = do_close = do_terminate = on_connect_url = _host_does_it

    # Savepoints by the driver: a payment waits for them, and SQLAlchemy takes twice as long.

    def do_savepoint(self, connection: sa.Connection, name: str) -> None:
        _execute_raw(connection, f"SAVEPOINT {name}")

    def do_release_savepoint(self, connection: sa.Connection, name: str) -> None:
        _execute_raw(connection, f"RELEASE SAVEPOINT {name}")

    def do_rollback_to_savepoint(self, connection: sa.Connection, name: str) -> None:
        _execute_raw(connection, f"ROLLBACK TO SAVEPOINT {name}")


def _execute_raw(connection: sa.Connection, statement: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(statement)
    cursor.close()


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


@contextmanager
def use_connection(connection: object) -> Iterator[sa.Connection]:
    """A host's connection as SQLAlchemy's, in the transaction that the host has open.

    It is of psycopg 3, psycopg2 or sqlite3 (else `ConfigurationError`), or a wrapper's `driver_connection`.
    """
    raw: Any = getattr(connection, "driver_connection", None) or connection
    driver = _driver(raw)
    if driver == "sqlite3" and not raw.in_transaction:
        raw.execute("BEGIN IMMEDIATE")  # else releasing our savepoint would commit
    token = _current_connection.set(raw)
    try:
        with _engine(driver).connect() as ours:
            yield ours
    finally:
        _current_connection.reset(token)


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
