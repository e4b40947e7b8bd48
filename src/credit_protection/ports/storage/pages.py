"""Lists are read page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: `after` is the `cursor` of the previous page; None for the first."""

    size: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `cursor` requests the next page, None after the last."""

    items: Sequence[T]
    cursor: str | None
