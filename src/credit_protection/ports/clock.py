"""What time it is, and other things that only the outside knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """This instant, UTC, aware."""
        ...


class Identifiers(Protocol):
    """Fresh names, and the one source of randomness."""

    def new_id(self) -> str:
        """A fresh id, unique."""
        ...

    def new_reference(self) -> str:
        """A fresh contract reference: at most 16 of `[A-Z0-9-]`, unique."""
        ...

    def jitter(self) -> float:
        """Uniform in [0, 1)."""
        ...
