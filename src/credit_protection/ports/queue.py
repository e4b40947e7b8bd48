"""How workers are woken. The truth is the rows; losing or repeating a wake-up is harmless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class QueueCapabilities:
    """What an engine can do: `distributed` where workers of other processes are woken too."""

    distributed: bool = False


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """What an engine knows of itself: how many wake-ups wait, how many calls run."""

    waiting: int
    running: int


class TransmissionQueue(Protocol):
    """A queue engine."""

    @property
    def capabilities(self) -> QueueCapabilities:
        """What it can do."""
        ...

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Something may be due. Called after commit, never inside a host's transaction.

        Args:
            negativation_id: which, where one is meant.
            not_before: instant, UTC; None for now.
        """
        ...

    def snapshot(self) -> QueueSnapshot:
        """For screens and monitors."""
        ...
