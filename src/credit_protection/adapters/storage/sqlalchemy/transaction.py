"""What every repository works in: one open transaction, and the few statements that databases write differently."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    import sqlalchemy as sa

    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.integrations import Integration

    Parameters: TypeAlias = dict[str, Any] | Sequence[dict[str, Any]]

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction.

    Args:
        connection: that it is open on.
        is_exclusive: nobody else writes while it lasts (SQLite's BEGIN IMMEDIATE).
        is_reading: nothing may be written.
        is_own: it is ours, not a host's.
    """

    connection: sa.Connection
    is_exclusive: bool = False
    is_reading: bool = False
    is_own: bool = True
    along: dict[tuple[str, str], tuple[Integration, Creditor]] = field(default_factory=dict, init=False)
    """Integrations with their creditors that were read along with other rows, by the ids of both."""
    _later: list[tuple[sa.Executable, Parameters]] = field(default_factory=list, init=False)

    def rows(self, statement: sa.Executable, parameters: dict[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """All rows of a query."""
        self.flush()
        return self.connection.execute(statement, parameters).all()

    def row(self, statement: sa.Executable, parameters: dict[str, Any] | None = None) -> sa.Row[Any] | None:
        """The first row of a query."""
        self.flush()
        return self.connection.execute(statement, parameters).first()

    def change(self, statement: sa.Executable, parameters: Parameters) -> int:
        """Execute once, or once for each of many; gives how many rows changed.

        Raises:
            RuntimeError: this one only reads: the program is wrong.
        """
        if self.is_reading:
            raise RuntimeError("this unit only reads")
        self.flush()
        return self.connection.execute(statement, _few(parameters), execution_options=_COUNTED).rowcount

    def change_later(self, statement: sa.Executable, parameters: Parameters) -> None:
        """Execute before whatever is read, or changed at once, next, and before the commit.

        For what can't be refused, and whose count nobody asks for: such changes travel to PostgreSQL together.

        Raises:
            RuntimeError: this one only reads: the program is wrong.
        """
        if self.is_reading:
            raise RuntimeError("this unit only reads")
        self._later.append((statement, _few(parameters)))

    def flush(self) -> None:
        """Execute what was left for later."""
        if not self._later:
            return
        changes = list(self._later)
        self._later.clear()
        with self._together() if len(changes) > 1 else nullcontext():
            for statement, parameters in changes:
                self.connection.execute(statement, parameters)

    def _together(self) -> AbstractContextManager[object]:
        """In psycopg's pipeline, where there is one (an old libpq has none)."""
        is_psycopg = self.connection.dialect.driver == "psycopg"
        return _in_pipeline(self.connection) if is_psycopg and self.is_own else nullcontext()

    def insert_new(self, table: sa.Table, rows: Parameters) -> int:
        """Insert; a row that is there already is left as it is. Gives how many were new."""
        return self.change(_insert_new(table, self.connection.dialect.name), rows)

    def insert_or_replace(self, table: sa.Table, row: dict[str, Any]) -> None:
        """Insert, or replace the row with this key."""
        self.change(_insert_or_replace(table, self.connection.dialect.name), row)


@contextmanager
def _in_pipeline(connection: sa.Connection) -> Iterator[None]:
    """What is sent in it is answered in one round trip; what fails is told as SQLAlchemy tells it elsewhere.

    It may be told at the next statement, or at the end.
    """
    from psycopg import Error, Pipeline  # noqa: PLC0415 - an optional dependency

    raw: Any = connection.connection.driver_connection
    try:
        with raw.pipeline() if Pipeline.is_supported() else nullcontext():
            yield
    except Error as error:
        raise DBAPIError.instance(None, None, error, Error, dialect=connection.dialect) from error


_COUNTED = {"preserve_rowcount": True}


def _few(parameters: Parameters) -> Parameters:
    """Drivers do many in another way, which is slower for one."""
    return parameters[0] if isinstance(parameters, list) and len(parameters) == 1 else parameters


@cache
def _insert_new(table: sa.Table, dialect: str) -> sa.Insert:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


@cache
def _insert_or_replace(table: sa.Table, dialect: str) -> sa.Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    keys = list(table.primary_key.columns)
    return statement.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: statement.excluded[column.name] for column in table.columns if column not in keys},
    )


def chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys in lists that an IN takes."""
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
