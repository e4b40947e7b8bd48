"""INSERTs that are compiled once and executed by the driver."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True, slots=True)
class _Prepared:
    sql: str
    converters: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    """How each column's value is converted, in the order of the statement's parameters."""
    is_positional: bool

    def parameters(self, row: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        values = ((name, row[name] if convert is None else convert(row[name])) for name, convert in self.converters)
        return tuple(value for _, value in values) if self.is_positional else dict(values)


def execute_inserts(
    connection: DBAPIConnection,
    dialect: Dialect,
    schema: str | None,
    statement: sa.Insert,
    rows: Iterable[Mapping[str, Any]],
) -> int:
    """Execute an INSERT of one row for each of the rows; returns how many were inserted. Raises SQLAlchemy's errors."""
    driver_error = dialect.loaded_dbapi.Error
    inserted, cursor = 0, connection.cursor()
    try:
        for row in rows:
            prepared = _prepare(statement, dialect, schema, tuple(row))
            cursor.execute(prepared.sql, prepared.parameters(row))
            inserted += cursor.rowcount
    except driver_error as error:
        raise DBAPIError.instance(None, None, error, driver_error, dialect=dialect) from error
    finally:
        cursor.close()
    return inserted


@lru_cache(maxsize=64)
def _prepare(statement: sa.Insert, dialect: Dialect, schema: str | None, columns: tuple[str, ...]) -> _Prepared:
    translated: Any = (
        {} if schema is None else {"schema_translate_map": {None: schema}, "render_schema_translate": True}
    )
    compiled: Any = statement.inline().compile(dialect=dialect, column_keys=list(columns), **translated)
    names = columns if compiled.positiontup is None else tuple(compiled.positiontup)
    types = statement.table.columns
    return _Prepared(
        str(compiled),
        tuple((name, types[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names),
        is_positional=compiled.positiontup is not None,
    )
