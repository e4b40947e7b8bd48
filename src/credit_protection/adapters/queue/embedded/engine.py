"""The embedded engine: a dispatcher that fetches due rows, workers that perform them, a sweeper.

The truth is the rows. A wake-up only makes the dispatcher fetch at once; between fetches all threads sleep, until the
next instant at which a row becomes due, or until the next sweep.
"""

import atexit
import logging
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from credit_protection.adapters.queue.embedded.worker_pool import State, WorkerPool
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.clock import Clock
from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot, WorkerTasks

WORKERS = 8
"""Calls in flight: a worker mostly waits for the bureau."""
SWEEP_EVERY = timedelta(seconds=60)
_EXIT_TIMEOUT = 10.0

logger = logging.getLogger(__name__)


class EmbeddedQueue:
    """`ports.queue.WorkerEngine` with the threads of this process. No thread runs before `start`.

    This process never performs one negativation twice at once. A negativation whose attempt failed or did nothing cools
    down before the next attempt, and delays no other. `wake` may be called at any time, also before `start`.

    Args:
        tasks: returns the use cases. Called at `start` and not before: the use cases need the queue.
        clock: due instants are compared with its time.
        workers: calls in flight.
        sweep_every: how often the sweep runs, and the longest sleep.
    """

    def __init__(
        self,
        tasks: Callable[[], WorkerTasks],
        clock: Clock,
        *,
        workers: int = WORKERS,
        sweep_every: timedelta = SWEEP_EVERY,
    ) -> None:
        if workers < 1 or sweep_every <= timedelta(0):
            raise ConfigurationError("A fila precisa de pelo menos um trabalhador e de um intervalo de varredura.")
        self._tasks = tasks
        self._clock = clock
        self._workers = workers
        self._sweep_every = sweep_every.total_seconds()
        self._pid = os.getpid()
        self._state = State()
        self._stopping: list[WorkerPool] = []
        self._warned_pid = 0

    @property
    def capabilities(self) -> QueueCapabilities:
        """One process."""
        return QueueCapabilities(distributed=False)

    @property
    def failures(self) -> int:
        """How many calls to the use cases have raised; each is in the log."""
        return self._state.failures

    @property
    def is_running(self) -> bool:
        """Whether it was started, in this process, and not stopped."""
        return self._state.pool is not None and not self._is_forked()

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Fetch due rows, now or at `not_before`. It never waits for a call; the id only serves the log."""
        if self._is_forked():
            self._warn_after_fork(negativation_id)
            return
        state = self._state
        delay = 0.0 if not_before is None else (not_before - self._clock.now()).total_seconds()
        with state.lock:
            state.pending_wakeups += 1
            if delay <= 0:
                state.wakeup_pending = True
                state.dispatcher.notify()
            elif time.monotonic() + delay < state.next_wakeup_at:
                state.next_wakeup_at = time.monotonic() + delay
                state.dispatcher.notify()

    def snapshot(self) -> QueueSnapshot:
        """Wake-ups that no fetch has served yet, and calls in flight."""
        if self._is_forked():
            return QueueSnapshot(waiting=0, running=0)
        with self._state.lock:
            return QueueSnapshot(waiting=self._state.pending_wakeups, running=len(self._state.running))

    def start(self) -> bool:
        """Start the threads, and return True, unless they run.

        Like `stop`, it raises `ConfigurationError` where they were started before this process was forked.
        """
        self._check_process()
        state = self._state
        if self.is_running:
            return False
        tasks = self._tasks()
        with state.lock:
            if state.pool is not None:
                return False
            pool = state.pool = WorkerPool(state, tasks, self._clock, self._workers, self._sweep_every)
            state.reset()
        try:
            pool.start()
        except RuntimeError:  # the system has no thread left
            self.stop(0)
            raise
        atexit.register(self._stop_at_exit)
        return True

    def stop(self, timeout: float | None = None) -> bool:
        """Start no further call, and wait for those in flight; False after the time-out (seconds).

        A call that goes on stores its answer by itself. The engine can be started again.
        """
        self._check_process()
        state = self._state
        with state.lock:
            if state.pool is not None:
                self._stopping.append(state.pool)
            state.pool = None
            state.ready.clear()
            state.wake_all()
        atexit.unregister(self._stop_at_exit)
        deadline = None if timeout is None else time.monotonic() + timeout
        self._stopping = [pool for pool in self._stopping if not pool.join(deadline)]
        return not self._stopping

    def run_until_idle(self, timeout: float = 60.0) -> bool:
        """Sweep, perform what is due now, and return whether nothing is left that could begin now.

        The threads are started and stopped here, unless they run. It does not wait for rows that become due later or
        cool down after a failure (see `failures`). After the time-out (seconds) it only waits for calls in flight.
        """
        started_here = self.start()
        state = self._state
        try:
            with state.lock:
                before = state.fetch_count
                state.wakeup_pending = True
                state.dispatcher.notify()
                return state.idle.wait_for(lambda: state.fetch_count > before and state.is_idle, timeout)
        finally:
            if started_here:
                self.stop()

    def _is_forked(self) -> bool:
        """Whether the threads run in the process that this one was forked from.

        A queue that was not started survives the fork, with a new state: a thread of the parent may have held the lock
        at the fork.
        """
        if self._pid == os.getpid():
            return False
        if self._state.pool is not None:
            return True
        self._pid = os.getpid()
        former, self._state, self._stopping = self._state, State(), []
        self._state.wakeup_pending = former.wakeup_pending
        self._state.next_wakeup_at = former.next_wakeup_at
        self._state.pending_wakeups = former.pending_wakeups
        return False

    def _check_process(self) -> None:
        if self._is_forked():
            raise ConfigurationError(
                "A fila foi iniciada antes do fork deste processo, e aqui não tem threads. "
                "Inicie-a em cada processo depois do fork (por exemplo, no post_fork do servidor).",
                code="fila_antes_do_fork",
            )

    def _warn_after_fork(self, negativation_id: str | None) -> None:
        # A wake-up follows a commit: an error would make the committed work look failed. The parent process sweeps.
        if self._warned_pid != os.getpid():
            self._warned_pid = os.getpid()
            logger.error(
                "a queue started before the fork of process %s can't be woken here (negativation %s): start it after",
                os.getpid(),
                negativation_id,
            )

    def _stop_at_exit(self) -> None:
        if not self._is_forked() and not self.stop(_EXIT_TIMEOUT):
            logger.warning("the process ends while calls are in flight: their outcome will be looked up")
