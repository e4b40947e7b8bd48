"""Negativations whose last attempt failed or did nothing: each waits before the next attempt, longer each time."""

from __future__ import annotations

from dataclasses import dataclass

INITIAL_COOLDOWN = 1.0
MAX_DOUBLINGS = 16
_EXPIRY = 3600.0


@dataclass(frozen=True, slots=True)
class _Cooldown:
    until: float
    attempts: int


class RetryCooldowns:
    """Cooldowns by negativation, in seconds of a monotonic clock. Not thread-safe: used under the engine's lock."""

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
