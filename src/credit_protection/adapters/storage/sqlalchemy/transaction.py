"""What every repository works in: one open transaction, and the few statements that databases write differently."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import sqlalchemy as sa

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction.

    Args:
        connection: that it is open on.
        is_exclusive: nobody else writes while it lasts (SQLite's BEGIN IMMEDIATE).
        is_reading: nothing may be written.
    """

    connection: sa.Connection
    is_exclusive: bool = False
    is_reading: bool = False

    def rows(self, statement: sa.Executable, parameters: dict[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """All rows of a query."""
        return self.connection.execute(statement, parameters).all()

    def row(self, statement: sa.Executable, parameters: dict[str, Any] | None = None) -> sa.Row[Any] | None:
        """The first row of a query."""
        return self.connection.execute(statement, parameters).first()

    def change(self, statement: sa.Executable, parameters: dict[str, Any] | Sequence[dict[str, Any]]) -> int:
        """Execute once, or once for each of many; gives how many rows changed.

        Raises:
            RuntimeError: this one only reads: the program is wrong.
        """
        if self.is_reading:
            raise RuntimeError("this unit only reads")
        if isinstance(parameters, list) and len(parameters) == 1:
            parameters = parameters[0]  # drivers do many in another, slower way
        return self.connection.execute(statement, parameters, execution_options=_COUNTED).rowcount

    def insert_new(self, table: sa.Table, rows: dict[str, Any] | Sequence[dict[str, Any]]) -> int:
        """Insert; a row that is there already is left as it is. Gives how many were new."""
        return self.change(_insert_new(table, self.connection.dialect.name), rows)

    def insert_or_replace(self, table: sa.Table, row: dict[str, Any]) -> None:
        """Insert, or replace the row with this key."""
        self.change(_insert_or_replace(table, self.connection.dialect.name), row)


_COUNTED = {"preserve_rowcount": True}


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
