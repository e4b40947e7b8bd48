"""A clock that the test advances, and sequential identifiers."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that only `advance` moves."""

    def __init__(self, now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """The instant, UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Advance the clock."""
        self._now += by


class CountingIdentifiers:
    """Sequential identifiers: `id-1`, `REF-1`; jitter is always 0.5."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        """`id-1`, `id-2`, ..."""
        return f"id-{next(self._numbers)}"

    def new_reference(self) -> str:
        """`REF-1`, `REF-2`, ..."""
        return f"REF-{next(self._numbers)}"

    def jitter(self) -> float:
        """Always 0.5."""
        return 0.5
