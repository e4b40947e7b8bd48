"""The distributed engine: Procrastinate transports wake-ups between processes; each process executes by itself.

The truth is the rows. A job asks one process to fetch due rows (or to sweep) and names no row: that process takes the
most urgent first, and its workers go on until nothing is due. So a job that is lost, repeated or late does no harm. The
workers of each process are an embedded engine: claims, leases, order and cooldowns are the same under every queue.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from credit_protection.adapters.postgresql import is_postgresql
from credit_protection.adapters.queue.embedded.engine import SWEEP_EVERY, WORKERS, EmbeddedQueue
from credit_protection.adapters.queue.procrastinate.procrastinate_worker import ProcrastinateWorker
from credit_protection.adapters.queue.procrastinate.wakeup_publisher import FETCH_DUE, SWEEP, WakeupPublisher
from credit_protection.adapters.queue.repeated_failures import RepeatedFailures
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.clock import Clock
from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot, WorkerTasks
from credit_protection.ports.storage import DueTransmission

_EXIT_TIMEOUT = 10.0
_REPUBLISH_MARGIN = 0.9

log = logging.getLogger(__name__)


class ProcrastinateQueue:
    """`ports.queue.WorkerEngine` on PostgreSQL, for many processes and machines.

    A process that is not started wakes those that are. No thread runs, and nothing is connected, before the first
    `wake` or `start`.

    Args:
        tasks: as for `EmbeddedQueue`, like `clock` and `workers`.
        url: of the PostgreSQL database with Procrastinate's tables; they are created where they are missing.
        sweep_every: how often one of all processes sweeps, and the longest that a process does not fetch.
        schema: of Procrastinate's tables; None for the connection's own.

    Raises:
        ConfigurationError: the database is not PostgreSQL, or a number makes no sense.
    """

    def __init__(
        self,
        tasks: Callable[[], WorkerTasks],
        clock: Clock,
        url: str,
        *,
        workers: int = WORKERS,
        sweep_every: timedelta = SWEEP_EVERY,
        schema: str | None = None,
    ) -> None:
        if not is_postgresql(url):
            raise ConfigurationError(
                "A fila 'procrastinate' precisa do PostgreSQL. Configure CREDIT_PROTECTION_DATABASE_URL com um "
                "endereço postgresql://, ou use CREDIT_PROTECTION_QUEUE=embedded.",
                code="fila_sem_postgresql",
            )
        self._tasks = tasks
        self._clock = clock
        self._workers = workers
        self._sweep_every = sweep_every
        self._publisher = WakeupPublisher(url, schema)
        self._local_work: LocalWork | None = None
        self._local = EmbeddedQueue(self._create_local_work, clock, workers=workers, sweep_every=sweep_every)
        self._lock = threading.Lock()
        self._worker: ProcrastinateWorker | None = None
        self._sweep_failures = 0
        self._failures = RepeatedFailures(log)

    @property
    def capabilities(self) -> QueueCapabilities:
        """All processes on the database."""
        return QueueCapabilities(distributed=True)

    @property
    def failures(self) -> int:
        """How many calls to the use cases have raised in this process; each is in the log."""
        return self._local.failures + self._sweep_failures

    @property
    def is_running(self) -> bool:
        """Whether it was started, in this process, and not stopped."""
        return self._local.is_running

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Make one process fetch due rows, now or at `not_before`. It never raises: the sweep finds what was lost."""
        if self._local.is_running:
            self._local.wake(negativation_id, not_before)
        is_later = not_before is not None and not_before > self._clock.now()
        self._publisher.publish(FETCH_DUE, not_before if is_later else None)

    def snapshot(self) -> QueueSnapshot:
        """Pending wake-ups of all processes on the database; calls in flight in this process."""
        return QueueSnapshot(waiting=self._publisher.pending_count(), running=self._local.snapshot().running)

    def start(self) -> bool:
        """As `EmbeddedQueue.start`."""
        with self._lock:
            if not self._local.start():
                return False
            self._worker = ProcrastinateWorker(
                self._publisher,
                self._sweep_every,
                fetch_due=self._local.wake,
                sweep=self._sweep,
                is_busy=lambda: self._local.snapshot().running >= self._workers,
                has_more_due=lambda: self._local_work is not None and self._local_work.has_more_due,
            )
            self._worker.start()
        atexit.register(self._stop_at_exit)
        return True

    def stop(self, timeout: float | None = None) -> bool:
        """As `EmbeddedQueue.stop`; it takes no more jobs."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.stop()
            has_ended = self._local.stop(timeout)
            if worker is not None:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                has_ended = worker.join(left) and has_ended
            self._publisher.close()
        atexit.unregister(self._stop_at_exit)
        return has_ended

    def run_until_idle(self, timeout: float = 60.0) -> bool:
        """As `EmbeddedQueue.run_until_idle`, in this process alone."""
        return self._local.run_until_idle(timeout)

    def _sweep(self) -> None:
        try:
            self._tasks().sweep()
            self._failures.succeeded("the sweep")
        except Exception as error:  # noqa: BLE001 - logged once
            self._failures.failed("the sweep", error, "the sweep failed; the next one is in %s", self._sweep_every)
            self._sweep_failures += 1
        self._local.wake()

    def _create_local_work(self) -> LocalWork:
        self._local_work = LocalWork(
            self._tasks(),
            self._publisher,
            lambda: self._worker is not None and self._worker.is_up,
            workers=self._workers,
            sweep_every=self._sweep_every.total_seconds(),
        )
        return self._local_work

    def _stop_at_exit(self) -> None:
        if not self.stop(_EXIT_TIMEOUT):
            log.warning("the process ends while calls are in flight: their outcome will be looked up")


class LocalWork:
    """`WorkerTasks` whose sweep is published, so that one process sweeps for all.

    Where Procrastinate's workers don't run (`is_connected`), this process sweeps by itself: nothing that must happen
    depends on the engine.
    """

    def __init__(
        self,
        tasks: WorkerTasks,
        publisher: WakeupPublisher,
        is_connected: Callable[[], bool],
        *,
        workers: int,
        sweep_every: float,
    ) -> None:
        self._tasks = tasks
        self._publisher = publisher
        self._is_connected = is_connected
        self._workers = workers
        self._sweep_every = sweep_every
        self._swept_at = -sweep_every
        self.has_more_due = False
        """Whether the last fetch found more rows than this process has workers."""
        self.next_due_at: Callable[[], datetime | None] = tasks.next_due_at
        self.perform: Callable[[str, str], object | None] = tasks.perform

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now."""
        due = self._tasks.due(limit)
        self.has_more_due = len(due) > self._workers
        return due

    def sweep(self) -> object:
        """Called at the interval, which Procrastinate schedules too, and early where a lease may have expired."""
        now = time.monotonic()
        is_early = now - self._swept_at < self._sweep_every * _REPUBLISH_MARGIN
        if not is_early:
            self._swept_at = now
        if not self._is_connected():
            return self._tasks.sweep()
        return is_early and self._publisher.publish(SWEEP)
