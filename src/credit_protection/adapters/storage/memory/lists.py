"""Pages of lists, by the same cursors as any adapter's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from credit_protection.adapters.storage import cursors
from credit_protection.domain.errors import InvalidInput
from credit_protection.ports.storage import Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from credit_protection.ports.storage import Page

T = TypeVar("T")
Key = tuple[str, ...]


def instant_text(at: datetime) -> str:
    """Text that sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def listed(
    items: Iterable[T],
    page: Page,
    key_of: Callable[[T], Key],
    *,
    newest_first: bool = True,
    parse: Callable[[str], object] = datetime.fromisoformat,
    parts: int = 2,
) -> Listed[T]:
    """A page of a list.

    Args:
        items: all of it, in any order.
        page: which part.
        key_of: what it is ordered by, unique, as text that sorts as it does.
        newest_first: from the greatest key down.
        parse: fails with `ValueError` on what can't be the key's first part.
        parts: how many the key has.
    """
    keyed = sorted(((key_of(item), item) for item in items), key=lambda pair: pair[0], reverse=newest_first)
    if page.after is not None:
        after = _after(page.after, parse, parts)
        keyed = [(key, item) for key, item in keyed if (key < after if newest_first else key > after)]
    shown = keyed[: page.size]
    more = len(keyed) > page.size
    return Listed([item for _, item in shown], cursors.encode(*shown[-1][0]) if more else None)


def _after(cursor: str, parse: Callable[[str], object], parts: int) -> Key:
    key = tuple(cursors.decode(cursor, parts))
    try:
        parse(key[0])
    except ValueError:
        raise InvalidInput("A página pedida não existe mais. Volte ao início da lista.", field="page") from None
    return key
