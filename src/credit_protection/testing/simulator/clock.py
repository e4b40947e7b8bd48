"""The simulator's clock: monotonic for durations, wall time for timestamps; tests can advance it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SimulatorClock:
    """Monotonic seconds, which a test can advance."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._advanced = 0.0

    def now(self) -> float:
        """Monotonic seconds, for records and tokens."""
        return time.monotonic() + self._advanced

    def instant(self, moment: float) -> str:
        """The UTC timestamp of a value of `now`, ISO 8601 with milliseconds: `2026-03-02T12:00:00.000Z`."""
        instant = self._began_at + timedelta(seconds=moment - self._began)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def advance(self, seconds: float) -> None:
        """Advance the clock: processing ends, tokens expire."""
        if seconds < 0:
            raise ValueError("time only moves on")
        self._advanced += seconds
