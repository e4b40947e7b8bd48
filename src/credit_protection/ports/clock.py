"""The time, fresh identifiers and randomness."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return this instant: UTC, time zone aware."""
        ...


class Identifiers(Protocol):
    """Fresh identifiers, and the only source of randomness."""

    def new_id(self) -> str:
        """Return a new unique id."""
        ...

    def new_reference(self) -> str:
        """Return a new unique contract reference: at most 16 of `[A-Z0-9-]`."""
        ...

    def jitter(self) -> float:
        """Return a number, uniform in [0, 1)."""
        ...
