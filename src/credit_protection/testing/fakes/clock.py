"""The clock that stands still, and the names that come in order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """This instant, UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class CountingIdentifiers:
    """Names in order: `id-1`, `REF-1`; jitter always 0.5."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        """`id-1`, `id-2`, ..."""
        return f"id-{next(self._numbers)}"

    def new_reference(self) -> str:
        """`REF-1`, `REF-2`, ..."""
        return f"REF-{next(self._numbers)}"

    def jitter(self) -> float:
        """The middle."""
        return 0.5
