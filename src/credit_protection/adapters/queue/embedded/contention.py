"""Processes that fetch the same due rows: under contention each fetches more of them and starts at another place.

A claim keeps two processes from one row, but the later one has spent a round trip. A process without competitors keeps
the order of the rows.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

MAX_FACTOR = 16
"""The largest multiple of its usual limit that a process fetches."""


class ContentionWindow:
    """How many due rows one process fetches, by the claims that it lost. Not thread-safe: used under the engine's lock.

    Args:
        draw: a random number below its argument.
    """

    def __init__(self, draw: Callable[[int], int] = secrets.randbelow) -> None:
        self._draw = draw
        self._lost = 0
        self.factor = 1
        """The multiple of the usual limit that the next fetch asks for."""

    def record_lost_claim(self) -> None:
        """Another process had claimed the row."""
        self._lost += 1

    def next_window(self) -> int:
        """The factor of the fetch that begins: doubled after a lost claim since the last fetch, else halved."""
        self.factor = min(2 * self.factor, MAX_FACTOR) if self._lost else max(1, self.factor // 2)
        self._lost = 0
        return self.factor

    def pick(self, due: Sequence[str], limit: int) -> Sequence[str]:
        """The rows to start with: all of them, or under contention `limit` consecutive ones."""
        if self.factor == 1:
            return due
        start = self._draw(max(1, len(due) - limit + 1))
        return due[start : start + limit]
