"""One open transaction, for all repositories of a unit, and the statements that differ between the databases."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from credit_protection.adapters.storage.conflicts import not_found
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.integrations import Integration

Parameters: TypeAlias = dict[str, Any] | Sequence[dict[str, Any]]

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction; it may not write where `is_reading`."""

    connect: Callable[[], sa.Connection]
    """Gives its connection."""
    dialect: sa.Dialect
    is_exclusive: bool = False
    """No other transaction writes before it ends (SQLite's BEGIN IMMEDIATE)."""
    is_reading: bool = False
    insert: Callable[[sa.Insert, Sequence[dict[str, Any]]], int] | None = None
    """Executes inserts in a host's transaction; None where the transaction is our own."""
    prefetched_integrations: dict[tuple[str, str], tuple[Integration, Creditor]] = field(
        default_factory=dict, init=False
    )
    """Integrations with their creditors that were joined to rows read before, by the ids of both."""
    _deferred: list[tuple[sa.Executable, Parameters]] = field(default_factory=list, init=False)

    @property
    def connection(self) -> sa.Connection:
        """Its connection."""
        return self.connect()

    def rows(self, statement: sa.Executable, parameters: dict[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """All rows of a query."""
        self.flush()
        return self.connection.execute(statement, parameters).all()

    def row(self, statement: sa.Executable, parameters: dict[str, Any] | None = None) -> sa.Row[Any] | None:
        """The first row of a query."""
        self.flush()
        return self.connection.execute(statement, parameters).first()

    def pairs(self, statement: sa.Executable, parameters: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
        """The rows of a query of two columns; none is kept."""
        self.flush()
        return ((row[0], row[1]) for row in self.connection.execute(statement, parameters))

    def execute(self, statement: sa.Executable, parameters: Parameters) -> int:
        """Execute once, or once for each parameter set; returns how many rows changed."""
        self._require_writable()
        self.flush()
        return self._execute(statement, _unwrap_single(parameters))

    def execute_deferred(self, statement: sa.Executable, parameters: Parameters) -> None:
        """Execute before the next other statement, at the latest before the commit, in one pipeline on PostgreSQL.

        For statements that can't be refused, and whose row count is not needed.
        """
        self._require_writable()
        self._deferred.append((statement, _unwrap_single(parameters)))

    def flush(self) -> None:
        """Execute the deferred statements."""
        if not self._deferred:
            return
        changes = list(self._deferred)
        self._deferred.clear()
        with self._pipelined() if len(changes) > 1 else nullcontext():
            for statement, parameters in changes:
                self._execute(statement, parameters)

    def _execute(self, statement: sa.Executable, parameters: Parameters) -> int:
        if self.insert is not None and isinstance(statement, sa.Insert):
            return self.insert(statement, [parameters] if isinstance(parameters, dict) else parameters)
        return self.connection.execute(statement, parameters, execution_options=_ROWCOUNT_CHECKED).rowcount

    def _require_writable(self) -> None:
        if self.is_reading:
            raise RuntimeError("this unit only reads")

    def _pipelined(self) -> AbstractContextManager[object]:
        has_pipelines = self.dialect.driver == "psycopg" and self.insert is None
        return _in_pipeline(self.connection) if has_pipelines else nullcontext()

    def insert_new(self, table: sa.Table, rows: Parameters) -> int:
        """Insert rows whose keys don't exist; returns how many."""
        return self.execute(_insert_new(table, self.dialect.name), rows)

    def insert_or_replace(self, table: sa.Table, rows: Parameters) -> None:
        """Insert, or replace the rows with these keys."""
        self.execute(_insert_or_replace(table, self.dialect.name), rows)


@contextmanager
def _in_pipeline(connection: sa.Connection) -> Iterator[None]:
    """Send all statements in one round trip; errors are raised, wrapped, at the next statement or at the end.

    A libpq before 14 has no pipelines.
    """
    from psycopg import Error, Pipeline  # noqa: PLC0415 - an optional dependency

    raw: Any = connection.connection.driver_connection
    try:
        with raw.pipeline() if Pipeline.is_supported() else nullcontext():
            yield
    except Error as error:
        raise DBAPIError.instance(None, None, error, Error, dialect=connection.dialect) from error


_ROWCOUNT_CHECKED = {"preserve_rowcount": True}


def _unwrap_single(parameters: Parameters) -> Parameters:
    """Drivers execute a list differently, which is slower for a single parameter set."""
    return parameters[0] if isinstance(parameters, list) and len(parameters) == 1 else parameters


@cache
def _insert_new(table: sa.Table, dialect: str) -> sa.Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return statement.on_conflict_do_nothing()


@cache
def _insert_or_replace(table: sa.Table, dialect: str) -> sa.Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    keys = list(table.primary_key.columns)
    return statement.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: statement.excluded[column.name] for column in table.columns if column not in keys},
    )


class Repository:
    """A repository of a unit."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def _distinct(self, column: sa.Column[str], *conditions: sa.ColumnElement[bool]) -> list[str]:
        """The different values of the first column of an index, in order: one probe for each, however many rows."""
        found: list[str] = []
        next_one = sa.select(column).where(*conditions).order_by(column).limit(1)
        while (row := self._transaction.row(next_one)) is not None:
            found.append(row[0])
            next_one = sa.select(column).where(column > found[-1], *conditions).order_by(column).limit(1)
        return found

    def _required(self, statement: sa.Executable, key: str, record: str) -> sa.Row[Any]:
        """The row with this key; `NotFound` names the kind of record."""
        row = self._transaction.row(statement, {"key": key})
        if row is None:
            raise not_found(record, key)
        return row


def chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys in parts that fit an IN."""
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
