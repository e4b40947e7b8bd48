"""Pages of lists by keyset: after the last row of the previous page, not after a number of rows."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
from credit_protection.domain.errors import InvalidInput
from credit_protection.ports.storage import Page, PageRequest

T = TypeVar("T")


def newest_first(
    statement: sa.Select[Any], at: sa.Column[Any], key: sa.Column[Any], page: PageRequest
) -> sa.Select[Any]:
    """A page of a list, newest first; one row more than requested shows whether there is a next page.

    Args:
        statement: the list.
        at: the instant that orders it.
        key: orders rows of one instant.
        page: the requested part.
    """
    if page.after is not None:
        text, last = decode_cursor(page.after, 2)
        statement = statement.where(sa.tuple_(at, key) < _pair(at, _instant(text), key, _key(last, key)))
    return statement.order_by(at.desc(), key.desc()).limit(page.size + 1)


def _pair(first: sa.Column[Any], value: object, second: sa.Column[Any], key: object) -> sa.Tuple:
    return sa.tuple_(sa.literal(value, first.type), sa.literal(key, second.type))


def _key(text: str, column: sa.Column[Any]) -> object:
    return text if isinstance(column.type, sa.Text) else int(text)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise unknown_cursor() from None


def read_page(
    transaction: Transaction,
    statement: sa.Select[Any],
    page: PageRequest,
    item_of: Callable[[sa.Row[Any]], T],
    cursor_of: Callable[[sa.Row[Any]], Sequence[str]],
) -> Page[T]:
    """Read a page.

    Args:
        transaction: the unit's.
        statement: of `newest_first`, or similar.
        page: the requested part.
        item_of: converts a row to an item.
        cursor_of: the sort key of a row.
    """
    rows = transaction.rows(statement)
    shown = rows[: page.size]
    more = len(rows) > page.size
    return Page([item_of(row) for row in shown], encode_cursor(*cursor_of(shown[-1])) if more else None)


def encode_cursor(*parts: str) -> str:
    """An opaque cursor of the last row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def decode_cursor(cursor: str, parts: int) -> list[str]:
    """Read a cursor that `encode_cursor` made of so many parts.

    Raises:
        InvalidInput: it is not one: cursors come from outside, in a web address.
    """
    try:
        read = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        read = None
    if not isinstance(read, list) or len(read) != parts or not all(isinstance(part, str) for part in read):
        raise unknown_cursor()
    return read


def unknown_cursor() -> InvalidInput:
    """The cursor is of no list, or of another."""
    return InvalidInput("A página pedida não existe mais. Volte ao início da lista.", field="page")
