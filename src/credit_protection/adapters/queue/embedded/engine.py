"""The embedded engine: a dispatcher that looks at the rows, workers that perform, a sweeper.

The truth is the rows. A wake-up only makes the dispatcher look at once; between looks everybody sleeps, until the next
instant at which something becomes due, or until the next sweep.
"""

from __future__ import annotations

import atexit
import logging
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.adapters.queue.embedded.crew import Crew
from credit_protection.adapters.queue.embedded.state import State
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_protection.ports.clock import Clock
    from credit_protection.ports.queue import Work

WORKERS = 8
"""Calls in flight: a worker mostly waits for the bureau."""
SWEEP_EVERY = timedelta(seconds=60)
_AT_EXIT = 10.0

logger = logging.getLogger(__name__)


class EmbeddedQueue:
    """Wakes and runs the workers of this process. No thread runs before `start`.

    A negativation is never performed twice at once by this process. What fails, or comes to nothing, rests before it is
    tried again, and holds up nobody else. `wake` may be called at any time, also before `start`.

    Args:
        work: gives the use cases. Called at `start` and not before: they know the queue in their turn.
        clock: the time that due instants are compared with.
        workers: calls in flight.
        sweep_every: how often the sweep runs, and the longest sleep.
    """

    def __init__(
        self,
        work: Callable[[], Work],
        clock: Clock,
        *,
        workers: int = WORKERS,
        sweep_every: timedelta = SWEEP_EVERY,
    ) -> None:
        if workers < 1 or sweep_every <= timedelta(0):
            raise ConfigurationError("A fila precisa de pelo menos um trabalhador e de um intervalo de varredura.")
        self._work = work
        self._clock = clock
        self._workers = workers
        self._sweep_every = sweep_every.total_seconds()
        self._pid = os.getpid()
        self._state = State()
        self._leaving: list[Crew] = []
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
        return self._state.crew is not None and not self._is_forked()

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Something may be due: look at the rows, now or at `not_before`. It never waits for a call.

        Args:
            negativation_id: which; every look sees all, so it only says why.
            not_before: instant, UTC; None for now.
        """
        if self._is_forked():
            self._warn_of_fork(negativation_id)
            return
        state = self._state
        delay = 0.0 if not_before is None else (not_before - self._clock.now()).total_seconds()
        with state.lock:
            state.wakes += 1
            if delay <= 0:
                state.woken = True
                state.dispatcher.notify()
            elif time.monotonic() + delay < state.alarm:
                state.alarm = time.monotonic() + delay
                state.dispatcher.notify()

    def snapshot(self) -> QueueSnapshot:
        """Wake-ups that no look has answered yet, and calls in flight."""
        if self._is_forked():
            return QueueSnapshot(waiting=0, running=0)
        with self._state.lock:
            return QueueSnapshot(waiting=self._state.wakes, running=len(self._state.running))

    def start(self) -> bool:
        """Start the threads; nothing where they run already.

        Returns:
            Whether this call started them.

        Raises:
            ConfigurationError: they were started before this process was forked.
        """
        self._check_process()
        state = self._state
        if self.is_running:
            return False
        work = self._work()
        with state.lock:
            if state.crew is not None:
                return False
            crew = state.crew = Crew(state, work, self._clock, self._workers, self._sweep_every)
            state.renew()
        try:
            crew.start()
        except RuntimeError:  # the system has no thread left
            self.stop(0)
            raise
        atexit.register(self._leave)
        return True

    def stop(self, timeout: float | None = None) -> bool:
        """Begin nothing more, and wait for the calls in flight. It can be started again.

        Args:
            timeout: seconds to wait at most; None for as long as the calls take.

        Returns:
            Whether all calls ended in time. One that goes on stores its answer by itself.

        Raises:
            ConfigurationError: it was started before this process was forked.
        """
        self._check_process()
        state = self._state
        with state.lock:
            if state.crew is not None:
                self._leaving.append(state.crew)
            state.crew = None
            state.ready.clear()
            state.wake_all()
        atexit.unregister(self._leave)
        deadline = None if timeout is None else time.monotonic() + timeout
        self._leaving = [crew for crew in self._leaving if not crew.join(deadline)]
        return not self._leaving

    def run_until_idle(self, timeout: float = 60.0) -> bool:
        """Sweep, perform what is due now, and return; for a command or a test.

        Started and stopped here where it does not run. What becomes due later, or rests after a failure, is not waited
        for: see `failures`.

        Args:
            timeout: seconds after which nothing more is begun; calls in flight are waited for.

        Returns:
            Whether nothing is left that could begin now.

        Raises:
            ConfigurationError: it was started before this process was forked.
        """
        started_here = self.start()
        state = self._state
        try:
            with state.lock:
                before = state.looks
                state.woken = True
                state.dispatcher.notify()
                return state.idle.wait_for(lambda: state.looks > before and state.is_idle, timeout)
        finally:
            if started_here:
                self.stop()

    def _is_forked(self) -> bool:
        """Whether the threads were left in the process that this one was forked from.

        A queue that was not started is taken along: with a new state, since a thread of the other process may have
        held its lock at the fork.
        """
        if self._pid == os.getpid():
            return False
        if self._state.crew is not None:
            return True
        self._pid = os.getpid()
        fresh = State()
        fresh.woken, fresh.alarm, fresh.wakes = self._state.woken, self._state.alarm, self._state.wakes
        self._state, self._leaving = fresh, []
        return False

    def _check_process(self) -> None:
        if self._is_forked():
            raise ConfigurationError(
                "A fila foi iniciada antes do fork deste processo, e aqui não tem threads. "
                "Inicie-a em cada processo depois do fork (por exemplo, no post_fork do servidor).",
                code="fila_antes_do_fork",
            )

    def _warn_of_fork(self, negativation_id: str | None) -> None:
        # A wake-up comes after a commit: raising would make what was done look undone. The other process sweeps.
        if self._warned_pid != os.getpid():
            self._warned_pid = os.getpid()
            logger.error(
                "a queue started before the fork of process %s can't be woken here (negativation %s): start it after",
                os.getpid(),
                negativation_id,
            )

    def _leave(self) -> None:
        if not self._is_forked() and not self.stop(_AT_EXIT):
            logger.warning("the process ends while calls are in flight: their outcome will be looked up")
