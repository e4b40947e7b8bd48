"""Pages of lists by keyset: where the page before ended, not how many rows came before."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from credit_protection.adapters.storage import cursors
from credit_protection.domain.errors import InvalidInput
from credit_protection.ports.storage import Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
    from credit_protection.ports.storage import Page

T = TypeVar("T")


def newest_first(statement: sa.Select[Any], at: sa.Column[Any], key: sa.Column[Any], page: Page) -> sa.Select[Any]:
    """A page of a list, newest first; one row more than asked tells whether there is a next page.

    Args:
        statement: the list.
        at: the instant that it is ordered by.
        key: what orders rows of one instant.
        page: which part.
    """
    if page.after is not None:
        text, last = cursors.decode(page.after, 2)
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
        raise InvalidInput("A página pedida não existe mais. Volte ao início da lista.", field="page") from None


def listed(
    transaction: Transaction,
    statement: sa.Select[Any],
    page: Page,
    item_of: Callable[[sa.Row[Any]], T],
    cursor_of: Callable[[sa.Row[Any]], Sequence[str]],
) -> Listed[T]:
    """Read a page.

    Args:
        transaction: the open one.
        statement: made by `newest_first`, or alike.
        page: which part.
        item_of: makes the item of a row.
        cursor_of: the sort key of a row.
    """
    rows = transaction.rows(statement)
    shown = rows[: page.size]
    more = len(rows) > page.size
    return Listed([item_of(row) for row in shown], cursors.encode(*cursor_of(shown[-1])) if more else None)
