"""The simulator's time: monotonic for what must elapse, wall time for what is shown, and a way to leap ahead."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SimulatorClock:
    """Seconds that only move on; a test moves them on faster with `advance`."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._leapt = 0.0

    def now(self) -> float:
        """Seconds on the monotonic scale that records and tokens are measured on."""
        return time.monotonic() + self._leapt

    def instant(self, moment: float) -> str:
        """The UTC instant of a moment of `now`, as ISO 8601 with milliseconds: `2026-03-02T12:00:00.000Z`."""
        instant = self._began_at + timedelta(seconds=moment - self._began)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once: what is being processed gets done, tokens get old."""
        if seconds < 0:
            raise ValueError("time only moves on")
        self._leapt += seconds
