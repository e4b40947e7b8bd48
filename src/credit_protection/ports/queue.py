"""Queue engines: they wake workers. The rows are the truth; losing or repeating a wake-up is harmless."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from credit_protection.ports.storage import DueTransmission


@dataclass(frozen=True, slots=True)
class QueueCapabilities:
    """`distributed`: whether a wake-up reaches the workers of other processes."""

    distributed: bool = False


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """An engine's own figures: pending wake-ups and running calls."""

    waiting: int
    running: int


class TransmissionQueue(Protocol):
    """A queue engine. Subclass it or `WorkerEngine`: a member that is missing fails at construction."""

    @property
    @abstractmethod
    def capabilities(self) -> QueueCapabilities:
        """What it can do."""

    @abstractmethod
    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Something (a row, None for any) may be due at an instant, UTC (None for now).

        Called after commit, never inside a host's transaction.
        """

    @abstractmethod
    def snapshot(self) -> QueueSnapshot:
        """For screens and monitors."""


class WorkerTasks(Protocol):
    """The use cases that an engine calls. Each reads the rows again; all are called from many threads."""

    @abstractmethod
    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now, the most urgent first."""

    @abstractmethod
    def next_due_at(self) -> datetime | None:
        """When to fetch due rows again without a wake-up; None where nothing is pending."""

    @abstractmethod
    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim, call, store. None where another worker has claimed it or it is not due."""

    @abstractmethod
    def sweep(self) -> object:
        """Find what no wake-up announced; idempotent and bounded."""


class WorkerEngine(TransmissionQueue, Protocol):
    """A queue engine that also runs workers in this process, once it is started.

    It must pass `credit_protection.testing.TransmissionQueueContract`.
    """

    @property
    @abstractmethod
    def failures(self) -> int:
        """How many calls to the use cases have raised; each is in the log."""

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """Whether it was started, in this process, and not stopped."""

    @abstractmethod
    def start(self) -> bool:
        """Start the threads, after any fork; False where they run already. Raises `ConfigurationError`."""

    @abstractmethod
    def stop(self, timeout: float | None = None) -> bool:
        """Start no further call, and wait for those in flight; False where one outlives the time-out (seconds)."""

    @abstractmethod
    def run_until_idle(self, timeout: float = 60.0) -> bool:
        """Sweep and perform what is due now; returns whether nothing is left that is due."""
