"""Pages of lists by keyset: after the last row of the previous page, not after a number of rows."""

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
        text, last = decode_cursor(page.after, 2)
        read: object = last if isinstance(key.type, sa.Text) else int(last)
        after = sa.tuple_(sa.literal(_instant(text), at.type), sa.literal(read, key.type))
        statement = statement.where(sa.tuple_(at, key) < after)
    # One row more than requested shows whether there is a next page.
    statement = statement.order_by(at.desc(), key.desc()).limit(page.size + 1)
    return read_page(
        transaction,
        statement,
        page,
        item_of,
        lambda row: (getattr(row, at.name).isoformat(), str(getattr(row, key.name))),
    )


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
    """Read a page of a list that is limited to one row more; `cursor_of` gives a row's sort key."""
    rows = transaction.rows(statement)
    shown = rows[: page.size]
    more = len(rows) > page.size
    return Page([item_of(row) for row in shown], encode_cursor(*cursor_of(shown[-1])) if more else None)


def encode_cursor(*parts: str) -> str:
    """An opaque cursor of the last row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def decode_cursor(cursor: str, parts: int) -> list[str]:
    """Read a cursor of so many parts, or raise `InvalidInput`: cursors come from outside, in a web address."""
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
