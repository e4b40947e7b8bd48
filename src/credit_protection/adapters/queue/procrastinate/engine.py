"""The distributed engine: Procrastinate carries wake-ups between processes, and each process has its own hands.

The truth is the rows. A job says "somebody look" (or "somebody sweep") and names no row: the process that gets it asks
what is due, the most urgent first, and its threads work until nothing is. So a job that is lost, repeated or late harms
nothing. What the hands are is the embedded engine: claims, leases, order and rests are the same under every queue.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.adapters.postgresql import is_postgresql
from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.adapters.queue.procrastinate.carrier import Carrier
from credit_protection.adapters.queue.procrastinate.hands import Hands
from credit_protection.adapters.queue.procrastinate.postbox import LOOK, Postbox
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_protection.ports.clock import Clock
    from credit_protection.ports.queue import Work

WORKERS = 8
"""Calls in flight in each process."""
SWEEP_EVERY = timedelta(seconds=60)
_AT_EXIT = 10.0

log = logging.getLogger(__name__)


class ProcrastinateQueue:
    """`ports.queue.WorkerEngine` on PostgreSQL, for many processes and machines.

    A process that is not started wakes those that are. No thread runs, and nothing is connected, before the first
    `wake` or `start`.

    Args:
        work: gives the use cases. Called at `start` and not before: they know the queue in their turn.
        clock: the time that due instants are compared with.
        url: of the PostgreSQL database that has Procrastinate's tables; they are made where there are none.
        workers: calls in flight in this process.
        sweep_every: how often one of all processes sweeps, and the longest that a process does not look.
        schema: of Procrastinate's tables; None for the connection's own.

    Raises:
        ConfigurationError: the database is not PostgreSQL, or a number makes no sense.
    """

    def __init__(
        self,
        work: Callable[[], Work],
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
        self._work = work
        self._clock = clock
        self._workers = workers
        self._sweep_every = sweep_every
        self._postbox = Postbox(url, schema)
        self._hands_work: Hands | None = None
        self._hands = EmbeddedQueue(self._take_up, clock, workers=workers, sweep_every=sweep_every)
        self._lock = threading.Lock()
        self._carrier: Carrier | None = None
        self._sweep_failures = 0

    @property
    def capabilities(self) -> QueueCapabilities:
        """All processes on the database."""
        return QueueCapabilities(distributed=True)

    @property
    def failures(self) -> int:
        """How many calls to the use cases have raised in this process; each is in the log."""
        return self._hands.failures + self._sweep_failures

    @property
    def is_running(self) -> bool:
        """Whether it was started, in this process, and not stopped."""
        return self._hands.is_running

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Something may be due: some process looks at the rows, now or at `not_before`.

        On a connection of its own, after commit. It never raises: what could not be told, the sweep finds.

        Args:
            negativation_id: which; every look sees all, so it only says why.
            not_before: instant, UTC; None for now.
        """
        if self._hands.is_running:
            self._hands.wake(negativation_id, not_before)
        is_later = not_before is not None and not_before > self._clock.now()
        self._postbox.post(LOOK, not_before if is_later else None)

    def snapshot(self) -> QueueSnapshot:
        """Looks that wait on the database, for all processes; calls in flight in this one."""
        return QueueSnapshot(waiting=self._postbox.waiting(), running=self._hands.snapshot().running)

    def start(self) -> bool:
        """Start the threads; nothing where they run already.

        Returns:
            Whether this call started them.

        Raises:
            ConfigurationError: they were started before this process was forked.
        """
        with self._lock:
            if not self._hands.start():
                return False
            self._carrier = Carrier(self, self._postbox, self._sweep_every)
            self._carrier.start()
        atexit.register(self._leave)
        return True

    def stop(self, timeout: float | None = None) -> bool:
        """Take no more jobs, begin nothing more, and wait for the calls in flight. It can be started again.

        Args:
            timeout: seconds to wait at most; None for as long as the calls take.

        Returns:
            Whether all calls ended in time. One that goes on stores its answer by itself.

        Raises:
            ConfigurationError: it was started before this process was forked.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            carrier, self._carrier = self._carrier, None
            if carrier is not None:
                carrier.end()
            has_ended = self._hands.stop(timeout)
            if carrier is not None:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                has_ended = carrier.join(left) and has_ended
            self._postbox.close()
        atexit.unregister(self._leave)
        return has_ended

    def run_until_idle(self, timeout: float = 60.0) -> bool:
        """Sweep, perform what is due now, and return; for a command or a test. Other processes are not needed for it.

        Started and stopped here where it does not run. What becomes due later, or rests after a failure, is not waited
        for: see `failures`.

        Args:
            timeout: seconds after which nothing more is begun; calls in flight are waited for.

        Returns:
            Whether nothing is left that could begin now.

        Raises:
            ConfigurationError: it was started before this process was forked.
        """
        return self._hands.run_until_idle(timeout)

    # ------------------------------------------------------------------------------------------ for the carrier

    def look(self) -> None:
        """The hands look at what is due."""
        self._hands.wake()

    def is_busy(self) -> bool:
        """Whether all hands are."""
        return self._hands.snapshot().running >= self._workers

    def has_more(self) -> bool:
        """Whether more was due at the last look than these hands take at once."""
        return self._hands_work is not None and self._hands_work.are_more

    def sweep(self) -> None:
        """Sweep, for all processes."""
        try:
            self._work().sweep()
        except Exception:
            log.exception("the sweep failed; the next one is in %s", self._sweep_every)
            self._sweep_failures += 1
        self._hands.wake()

    def _take_up(self) -> Hands:
        self._hands_work = Hands(
            self._work(),
            self._postbox,
            lambda: self._carrier is not None and self._carrier.is_up,
            workers=self._workers,
            sweep_every=self._sweep_every.total_seconds(),
        )
        return self._hands_work

    def _leave(self) -> None:
        if not self.stop(_AT_EXIT):
            log.warning("the process ends while calls are in flight: their outcome will be looked up")
