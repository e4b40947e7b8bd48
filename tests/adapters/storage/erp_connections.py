"""Connections as ERPs open them, and a storage whose every unit runs inside a transaction on one.

The facts about Tryton 8.0 and Odoo 19 are from their published sources; the code here is ours. Both open PostgreSQL
at REPEATABLE READ and retry a whole request after a serialization failure.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, cast

import psycopg
import psycopg2
import psycopg2.extensions
from psycopg_pool import ConnectionPool

from credit_protection.adapters.storage.sqlalchemy.storage import SqlUnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage

# ------------------------------------------------------------------------------------------------ Tryton on SQLite


class _TrytonCursor(sqlite3.Cursor):
    """A cursor that is a context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It stays open."""


class _TrytonConnection(sqlite3.Connection):
    """Its `cursor()` takes no arguments."""

    def cursor(self) -> _TrytonCursor:  # type: ignore[override] # as Tryton's
        return super().cursor(_TrytonCursor)


def _adapt_decimal(value: Decimal) -> bytes:
    return bytes(f"{value:f}", "ascii")


def _adapt_instant(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S.%f}"


_CONVERTERS: dict[str, Callable[[bytes], Any]] = {
    "NUMERIC": lambda value: Decimal(value.decode()),
    "DATE": lambda value: date.fromisoformat(value.decode()),
    "DATETIME": lambda value: datetime.fromisoformat(value.decode()),
    "TIMESTAMP": lambda value: datetime.fromisoformat(value.decode()),
    "TIME": lambda value: value.decode(),
    "INTERVAL": float,
}


def sqlite_types() -> list[dict[Any, Any]]:
    """The converters and adapters that sqlite3 has registered."""
    module = cast(Any, sqlite3)
    return [module.converters, module.adapters]


@contextmanager
def tryton_sqlite_types() -> Iterator[None]:
    """Tryton's converters and adapters, restored afterwards: sqlite3 registers them for the whole process."""
    kept = [(registered, dict(registered)) for registered in sqlite_types()]
    for name, convert in _CONVERTERS.items():
        sqlite3.register_converter(name, convert)
    sqlite3.register_adapter(Decimal, _adapt_decimal)
    sqlite3.register_adapter(date, date.isoformat)
    sqlite3.register_adapter(datetime, _adapt_instant)
    try:
        yield
    finally:
        for registered, before in kept:
            registered.clear()
            registered.update(before)


def tryton_sqlite(file: Path) -> sqlite3.Connection:
    """Tryton 8.0: a URI, both ways of detecting types, BEGIN IMMEDIATE before the first write, functions of its own."""
    connection = sqlite3.connect(
        file.as_uri(),
        uri=True,
        detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES,
        factory=_TrytonConnection,
        timeout=20,
    )
    connection.create_function("now", 0, lambda: "1970-01-01 00:00:00")
    connection.create_function("mod", 2, lambda a, b: float(a % b))
    connection.create_function("random", 0, lambda: 0.5)
    connection.create_function("trunc", 1, float)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.isolation_level = "IMMEDIATE"
    return connection


# ------------------------------------------------------------------------------------------------ on PostgreSQL


_IN_BRASILIA = "-c TimeZone=America/Sao_Paulo"
"""Neither ERP sets a time zone: the server's applies."""


class _LoggingCursor(psycopg.Cursor[Any]):
    """A cursor class of the ERP's own."""


def _decoded(node: dict[str, Any]) -> Any:  # noqa: ANN401 - a tree
    """Tryton's decoder makes objects of trees that name a class."""
    return Decimal(node["decimal"]) if node.get("__class__") == "Decimal" else node


def tryton_pool(url: str) -> ConnectionPool[Any]:
    """Tryton 8.0 keeps a pool; closed connections return to it."""
    given = {"cursor_factory": _LoggingCursor, "options": _IN_BRASILIA}
    return ConnectionPool(
        url, kwargs=given, open=True, check=ConnectionPool.check_connection, min_size=1, max_size=64, close_returns=True
    )


def tryton_postgresql(pool: ConnectionPool[Any]) -> psycopg.Connection[Any]:
    """Tryton 8.0: psycopg 3, REPEATABLE READ, a cursor class and a JSON decoder of its own, perhaps a time-out."""
    connection: psycopg.Connection[Any] = pool.getconn()
    psycopg.types.json.set_json_loads(lambda text: json.loads(text, object_hook=_decoded), connection)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = False
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 20000")
    connection.commit()
    return connection


class _OdooConnection(psycopg2.extensions.connection):
    """A connection class of the ERP's own."""

    def lobject(self, *_: object, **__: object) -> None:  # type: ignore[override] # as Odoo's
        """There are none."""


def _as_float(value: str | bytes | None, _cursor: object) -> float | None:
    return None if value is None else float(value)


_FLOAT = psycopg2.extensions.new_type((1700,), "float", _as_float)
_FLOATS = psycopg2.extensions.new_array_type((1231,), "float[]", _FLOAT)


def odoo_postgresql(url: str) -> Any:  # noqa: ANN401 - psycopg2's own, or what wraps it
    """Odoo 19: psycopg2, REPEATABLE READ, a connection class of its own, numbers read as floats."""
    connection = psycopg2.connect(url, connection_factory=_OdooConnection, options=_IN_BRASILIA)
    connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ)
    connection.set_session(readonly=False)
    for kind in (_FLOAT, _FLOATS):  # Odoo registers them for the whole process
        psycopg2.extensions.register_type(kind, connection)
    return connection


# ------------------------------------------------------------------------------------------------ a storage on them


class ErpStorage:
    """`ports.storage.Storage` whose units all run inside transactions of an ERP.

    Args:
        inner: the real storage.
        connect: opens a connection as the ERP does.
    """

    def __init__(self, inner: SqlStorage, connect: Callable[[], Any]) -> None:
        self.inner = inner
        self.connect = connect

    @contextmanager
    def unit(self) -> Iterator[SqlUnitOfWork]:
        """The ERP's request: it commits where the unit does."""
        with closing(self.connect()) as connection:
            try:
                with self.inner.in_transaction_of(connection) as unit:
                    release = unit._commit
                    assert release is not None

                    def commit() -> None:
                        release()
                        connection.commit()

                    unit._commit = commit
                    yield unit
            finally:
                connection.rollback()

    @contextmanager
    def read_only(self) -> Iterator[SqlUnitOfWork]:
        """A request that only reads."""
        with closing(self.connect()) as connection:
            if isinstance(connection, sqlite3.Connection):
                connection.execute("BEGIN")
            try:
                with self.inner.in_transaction_of(connection) as unit:
                    yield SqlUnitOfWork(replace(unit._transaction, is_reading=True), None)
            finally:
                connection.rollback()

    def in_transaction_of(self, connection: object) -> Any:  # noqa: ANN401 - as the inner one's
        """The inner storage's."""
        return self.inner.in_transaction_of(connection)

    def close(self) -> None:
        """The inner storage's."""
        self.inner.close()
