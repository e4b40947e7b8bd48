"""Pages of lists by keyset: after the last row of the previous page, not after a number of rows."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from credit_protection.adapters.storage.sqlalchemy.column_types import Day, Instant
from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
from credit_protection.domain.errors import InvalidInput
from credit_protection.ports.storage import Page, PageRequest

T = TypeVar("T")
_LONGEST_NUMBER = 18
"""Digits that fit a 64-bit integer."""


def filtered(table: sa.Table, wanted: Any, *names: str) -> list[sa.ColumnElement[bool]]:  # noqa: ANN401 - any filter
    """The conditions of a filter: the actor's scope, and the named fields that are set."""
    conditions = [table.c[name] == value for name in names if (value := getattr(wanted, name)) is not None]
    if wanted.creditor_ids is not None:
        conditions.append(table.c.creditor_id.in_(sorted(wanted.creditor_ids)))
    return conditions


def read_newest(
    transaction: Transaction,
    statement: sa.Select[Any],
    at: sa.Column[Any],
    key: sa.Column[Any],
    page: PageRequest,
    item_of: Callable[[sa.Row[Any]], T],
) -> Page[T]:
    """Read a page, newest first by the instant `at`, and by `key` where two are equal."""
    if page.after is not None:
        statement = statement.where(sa.tuple_(at, key) < decode_cursor(page.after, at, key))
    # One row more than requested shows whether there is a next page.
    statement = statement.order_by(at.desc(), key.desc()).limit(page.size + 1)
    return read_page(
        transaction,
        statement,
        page,
        item_of,
        lambda row: (getattr(row, at.name).isoformat(), str(getattr(row, key.name))),
    )


def read_page(
    transaction: Transaction,
    statement: sa.Select[Any],
    page: PageRequest,
    item_of: Callable[[sa.Row[Any]], T],
    cursor_of: Callable[[sa.Row[Any]], Sequence[str]],
) -> Page[T]:
    """Read a page of a list that is limited to one row more; `cursor_of` gives a row's sort key."""
    rows = transaction.rows(statement)
    shown = rows[: page.size]
    more = len(rows) > page.size
    return Page([item_of(row) for row in shown], encode_cursor(*cursor_of(shown[-1])) if more else None)


def encode_cursor(*parts: str) -> str:
    """An opaque cursor of the last row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def decode_cursor(cursor: str, *columns: sa.Column[Any]) -> sa.Tuple:
    """Read a cursor as values of these columns. Raises `InvalidInput`."""
    values = cursor_values(cursor, *columns)
    return sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(values, columns, strict=True)))


def cursor_values(cursor: str, *columns: sa.Column[Any]) -> Sequence[object]:
    """The values of these columns. Raises `InvalidInput`: cursors come from outside, in a web address."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        parts = parts if isinstance(parts, list) else []
        return [_value(part, column.type) for part, column in zip(parts, columns, strict=True)]
    except (ValueError, OverflowError, RecursionError):
        raise InvalidInput("A página pedida não existe mais. Volte ao início da lista.", field="page") from None


def _value(part: object, kind: TypeEngine[Any]) -> object:
    """A part of a cursor as a value of this type. Raises `ValueError` or `OverflowError`: it is none."""
    if not isinstance(part, str) or "\0" in part:  # PostgreSQL stores no NUL
        raise ValueError("no text")
    if isinstance(kind, Instant):
        at = datetime.fromisoformat(part)
        if at.tzinfo is None:
            raise ValueError("no time zone")
        return at.astimezone(UTC)
    if isinstance(kind, Day):
        return date.fromisoformat(part)
    if isinstance(kind, sa.Integer):
        if not (part.isascii() and part.isdigit() and len(part) <= _LONGEST_NUMBER):
            raise ValueError("no number")
        return int(part)
    part.encode()  # a lone surrogate can't be
    return part
