"""How workers are woken. The truth is the rows; losing or repeating a wake-up is harmless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from credit_protection.ports.storage import DueTransmission


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


class Work(Protocol):
    """What an engine drives: the use cases about transmissions, as it sees them.

    The rows are the truth: each method reads them anew. All are called from many threads.
    """

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now, the most urgent first."""
        ...

    def next_due_at(self) -> datetime | None:
        """When to look again, if nobody wakes the engine; None where nothing waits."""
        ...

    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim, call, store. None where somebody else has it or it is not due."""
        ...

    def sweep(self) -> object:
        """Find what no wake-up told of; idempotent and bounded."""
        ...


class WorkerEngine(TransmissionQueue, Protocol):
    """A queue engine that also works in this process, once it is started. All engines look alike.

    It must pass `credit_protection.testing.contracts.queue.TransmissionQueueContract`.
    """

    @property
    def failures(self) -> int:
        """How many calls to the use cases have raised; each is in the log."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether it was started, in this process, and not stopped."""
        ...

    def start(self) -> bool:
        """Start the threads, after any fork; False where they run already. Raises `ConfigurationError`."""
        ...

    def stop(self, timeout: float | None = None) -> bool:
        """Begin nothing more, and wait for the calls in flight; False where one outlives the time-out (seconds)."""
        ...

    def run_until_idle(self, timeout: float = 60.0) -> bool:
        """Sweep, perform what is due now, and return whether nothing is left that could begin now."""
        ...
