"""Several processes look at the same rows: where they meet, each looks further ahead and begins somewhere else.

A claim keeps two from having one row, but the one that comes too late has come for nothing. Alone, a process keeps to
the order of the rows.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDEST = 16
"""How many times as far as alone a process looks ahead at most."""


class Crowd:
    """What one process knows of the others. Not thread-safe: to be used under the engine's lock.

    Args:
        draw: a number below another, at random.
    """

    def __init__(self, draw: Callable[[int], int] = secrets.randbelow) -> None:
        self._draw = draw
        self._lost = 0
        self.width = 1
        """How many times as far as alone the next look goes."""

    def lost(self) -> None:
        """Somebody else had a row that was to be claimed."""
        self._lost += 1

    def looks(self) -> int:
        """A look begins: twice as far where anything was lost since the last one, half as far where nothing was."""
        self.width = min(2 * self.width, WIDEST) if self._lost else max(1, self.width // 2)
        self._lost = 0
        return self.width

    def some_of(self, due: Sequence[str], most: int) -> Sequence[str]:
        """Those to begin with: alone, all in their order; else so many in a row, from anywhere."""
        if self.width == 1:
            return due
        start = self._draw(max(1, len(due) - most + 1))
        return due[start : start + most]
