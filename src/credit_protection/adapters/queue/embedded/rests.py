"""Negativations that rest: the last try came to nothing, so the next one waits, longer each time."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_REST = 1.0
LONGEST_DOUBLING = 16
_FORGOTTEN_AFTER = 3600.0


@dataclass(frozen=True, slots=True)
class _Rest:
    until: float
    times: int


class Rests:
    """Who rests, and until when (seconds of a monotonic clock). Not thread-safe: its owner holds a lock."""

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def add(self, id_: str, now: float, longest: float) -> None:
        """One more try of this one came to nothing: 1 s, then 2, 4, ... up to `longest`."""
        known = self._rests.get(id_)
        times = 0 if known is None else known.times
        seconds = min(FIRST_REST * 2 ** min(times, LONGEST_DOUBLING), longest)
        self._rests[id_] = _Rest(now + seconds, times + 1)

    def forget(self, id_: str) -> None:
        """A try of this one came to something."""
        self._rests.pop(id_, None)

    def resting(self, now: float) -> set[str]:
        """Those who must not be tried yet."""
        return {id_ for id_, rest in self._rests.items() if rest.until > now}

    def first_end(self, now: float) -> float | None:
        """When the first of them may be tried again; None where nobody rests."""
        return min((rest.until for rest in self._rests.values() if rest.until > now), default=None)

    def prune(self, now: float) -> None:
        """Forget those whose rest ended long ago: somebody else has done them."""
        self._rests = {id_: rest for id_, rest in self._rests.items() if rest.until + _FORGOTTEN_AFTER > now}
