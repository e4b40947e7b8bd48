"""Which due rows one process attempts, and when: cooldowns after failures, a window under contention."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

INITIAL_COOLDOWN = 1.0
MAX_DOUBLINGS = 16
MAX_FACTOR = 16
"""The largest multiple of its usual limit that a process fetches."""
_EXPIRY = 3600.0


@dataclass(frozen=True, slots=True)
class _Cooldown:
    until: float
    attempts: int


class RetryCooldowns:
    """Cooldowns of negativations whose last attempt failed or did nothing, in seconds of a monotonic clock.

    Not thread-safe, like the window below: both are used under the engine's lock.
    """

    def __init__(self) -> None:
        self._cooldowns: dict[str, _Cooldown] = {}

    def add(self, id_: str, now: float, longest: float) -> None:
        """Start a cooldown: 1 s after the first attempt, then 2, 4, ... up to `longest`."""
        known = self._cooldowns.get(id_)
        attempts = 0 if known is None else known.attempts
        seconds = min(INITIAL_COOLDOWN * 2 ** min(attempts, MAX_DOUBLINGS), longest)
        self._cooldowns[id_] = _Cooldown(now + seconds, attempts + 1)

    def remove(self, id_: str) -> None:
        """An attempt succeeded: the next cooldown begins with 1 s again."""
        self._cooldowns.pop(id_, None)

    def cooling_down(self, now: float) -> set[str]:
        """The negativations that must not be attempted yet."""
        return {id_ for id_, cooldown in self._cooldowns.items() if cooldown.until > now}

    def next_ready_at(self, now: float) -> float | None:
        """When the first cooldown ends; None where none is running."""
        return min((cooldown.until for cooldown in self._cooldowns.values() if cooldown.until > now), default=None)

    def prune(self, now: float) -> None:
        """Remove cooldowns that ended an hour ago: another process has done those rows."""
        self._cooldowns = {id_: each for id_, each in self._cooldowns.items() if each.until + _EXPIRY > now}


class ContentionWindow:
    """How many due rows one process fetches, by the claims that it lost; `draw` gives a number below its argument.

    A claim keeps two processes from one row, but the later one has spent a round trip. So under contention each fetches
    more rows and starts at another place. A process without competitors keeps the order of the rows.
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
