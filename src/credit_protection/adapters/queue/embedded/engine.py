"""The embedded engine: a dispatcher that looks at the rows, workers that perform, a sweeper.

The truth is the rows. A wake-up only makes the dispatcher look at once; between looks everybody sleeps, until the next
instant at which something becomes due, or until the next sweep.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
import time
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.adapters.queue.embedded.crowd import Crowd
from credit_protection.adapters.queue.embedded.rests import FIRST_REST, LONGEST_DOUBLING, Rests
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
_AHEAD = 4
_LONGEST_REST_AFTER_FAILURE = 300.0
_LONGEST_REST_OTHERWISE = 30.0
_LONGEST_STALL_WHILE_HIDDEN = 5.0
_SHORTEST_SLEEP = 0.01
_REST_GRAIN = 0.25  # where many rest, one look serves all whose rest ends about then
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
        self._state = _State()
        self._leaving: list[_Crew] = []
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
            crew = state.crew = _Crew(state, work, self._clock, self._workers, self._sweep_every)
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
        fresh = _State()
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


class _State:
    """What the threads share. Everything here is read and written under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # re-entrant: a signal handler may wake or stop
        self.dispatcher = threading.Condition(self.lock)
        self.workers = threading.Condition(self.lock)
        self.sweeper = threading.Condition(self.lock)
        self.idle = threading.Condition(self.lock)
        self.crew: _Crew | None = None
        self.woken = False
        self.wakes = 0
        self.alarm = math.inf
        self.ready: deque[str] = deque()
        self.running: set[str] = set()
        self.begun: set[str] = set()  # since the last look began
        self.are_more = False  # due than the last look asked for
        self.rests = Rests()
        self.crowd = Crowd()
        self.looks = 0
        self.looking = False
        self.sweeping = False
        self.failures = 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody does, or is about to do, anything."""
        return not (self.woken or self.looking or self.sweeping or self.ready or self.running)

    def renew(self) -> None:
        """Make ready for a new crew; it sweeps and looks first. What an older one still runs stays in flight."""
        self.ready.clear()
        self.looking = False
        self.woken = self.sweeping = True

    def wake_all(self) -> None:
        """Let everybody look at how things stand."""
        for condition in (self.dispatcher, self.workers, self.sweeper, self.idle):
            condition.notify_all()


class _Crew:
    """The threads of one start: they leave once the state names another crew, or none."""

    def __init__(self, state: _State, work: Work, clock: Clock, workers: int, sweep_every: float) -> None:
        self._state = state
        self._work = work
        self._clock = clock
        self._sweep_every = sweep_every
        self._workers = workers
        self._ahead = workers * _AHEAD
        self._stalls = 0
        name = f"credit-protection-{os.getpid()}"
        # Daemons: `stop` is the graceful end, and a process that nobody stops must still be able to end.
        self._threads = [
            threading.Thread(target=self._sweep, name=f"{name}-sweeper", daemon=True),
            threading.Thread(target=self._dispatch, name=f"{name}-dispatcher", daemon=True),
            *(
                threading.Thread(target=self._perform, name=f"{name}-{number}", daemon=True)
                for number in range(1, workers + 1)
            ),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self, deadline: float | None) -> bool:
        """Wait until its threads have left, at most until an instant of the monotonic clock; tells whether they have.

        A thread that was never started, or that asks, is not waited for.
        """
        others = [each for each in self._threads if each.ident is not None and each is not threading.current_thread()]
        for thread in others:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in others)

    def _is_on_duty(self) -> bool:
        return self._state.crew is self

    # ------------------------------------------------------------------------------------------ the sweeper

    def _sweep(self) -> None:
        state = self._state
        while True:
            try:
                self._work.sweep()
            except BaseException:  # the thread outlives what it calls
                logger.exception("the sweep failed; the next one is in %s s", self._sweep_every)
                self._count_failure()
            with state.lock:
                if not self._is_on_duty():
                    return
                state.sweeping = False
                state.woken = True
                state.rests.prune(time.monotonic())
                state.dispatcher.notify()
                state.sweeper.wait_for(lambda: state.sweeping or not self._is_on_duty(), self._sweep_every)
                if not self._is_on_duty():
                    return
                state.sweeping = True

    # ------------------------------------------------------------------------------------------ the dispatcher

    def _dispatch(self) -> None:
        state = self._state
        troubles = 0
        while self._wait_for_a_reason():
            try:
                self._look()
                troubles = 0
            except BaseException:  # the thread outlives what it calls
                pause = min(FIRST_REST * 2 ** min(troubles, LONGEST_DOUBLING), self._sweep_every)
                troubles += 1
                logger.exception("looking for due transmissions failed; the next look is in %s s", pause)
                self._count_failure()
                with state.lock:
                    # Wake-ups do not shorten it: a database that is down is not asked in a loop.
                    state.dispatcher.wait_for(lambda: not self._is_on_duty(), pause)
                    state.woken = state.woken or self._is_on_duty()

    def _wait_for_a_reason(self) -> bool:
        """Sleep until there is a reason to look; False once this crew is off duty."""
        state = self._state
        with state.lock:
            while self._is_on_duty():
                left = state.alarm - time.monotonic()
                if state.woken or left <= 0:
                    state.woken, state.wakes, state.alarm = False, 0, math.inf
                    state.begun = set(state.running)
                    state.looking = True
                    return True
                if state.is_idle:
                    state.idle.notify_all()
                state.dispatcher.wait(min(left, self._sweep_every))
        return False

    def _look(self) -> None:
        """Ask for what is due, hand it to the workers, and set the alarm."""
        state = self._state
        with state.lock:
            resting = state.rests.resting(time.monotonic())
            limit = self._ahead * state.crowd.looks() + len(state.running | resting)
        due = self._work.due(limit)
        with state.lock:
            if not self._is_on_duty():
                return
            # What was in flight when the rows were read may be read as it was before.
            passed_over = state.begun | state.running | state.rests.resting(time.monotonic())
            wanted = [id_ for id_ in dict.fromkeys(each.negativation_id for each in due) if id_ not in passed_over]
            state.ready = deque(state.crowd.some_of(wanted, self._ahead))
            state.are_more = len(due) >= limit or len(wanted) > len(state.ready)
            state.workers.notify(len(state.ready))
            has_some = bool(state.ready)
        # While some are ready, the next look is when they run short and a call has ended.
        alarm = math.inf if has_some else self._next_alarm()
        with state.lock:
            if not self._is_on_duty():
                return
            state.alarm = min(state.alarm, alarm)
            state.looks += 1
            state.looking = False

    def _next_alarm(self) -> float:
        """When to look again, on the monotonic clock, if nobody wakes the dispatcher and no call ends before."""
        due_at = self._work.next_due_at()
        left = math.inf if due_at is None else (due_at - self._clock.now()).total_seconds()
        now = time.monotonic()
        with self._state.lock:
            rested = self._state.rests.first_end(now)
            if left > 0:
                self._stalls = 0
            else:
                left = self._stalled(something_hides=rested is not None or bool(self._state.running))
        until_rested = math.inf if rested is None else max(_REST_GRAIN, rested - now)
        return now + max(_SHORTEST_SLEEP, min(left, until_rested))

    def _stalled(self, *, something_hides: bool) -> float:
        """Something is due, says the clock, and yet nothing could begin: how long to wait, longer each time.

        What rests, or is just being claimed, hides from `next_due_at` what becomes due later: no long sleep then.
        Otherwise a lease may have run out, and the sweep is called at once, the first time.
        """
        self._stalls += 1
        if self._stalls == 1 and not something_hides:
            self._state.sweeping = True
            self._state.sweeper.notify()
        longest = _LONGEST_STALL_WHILE_HIDDEN if something_hides else self._sweep_every
        return float(min(FIRST_REST * 2 ** min(self._stalls - 1, LONGEST_DOUBLING), longest))

    # ------------------------------------------------------------------------------------------ the workers

    def _perform(self) -> None:
        state = self._state
        worker = threading.current_thread().name
        while True:
            with state.lock:
                while self._is_on_duty() and not state.ready:
                    state.workers.wait()
                if not self._is_on_duty():
                    return
                id_ = state.ready.popleft()
                state.running.add(id_)
                state.begun.add(id_)
            longest_rest: float | None = _LONGEST_REST_AFTER_FAILURE
            try:
                longest_rest = _LONGEST_REST_OTHERWISE if self._work.perform(id_, worker) is None else None
            except BaseException:  # the thread outlives what it calls
                logger.exception("the transmission of negativation %s failed; it rests before it is tried again", id_)
                self._count_failure()
            finally:
                with state.lock:
                    state.running.discard(id_)
                    if longest_rest is None:
                        state.rests.forget(id_)
                    else:
                        state.rests.add(id_, time.monotonic(), longest_rest)
                        if longest_rest == _LONGEST_REST_OTHERWISE:
                            state.crowd.lost()
                    if len(state.ready) < (self._workers if state.are_more else 1):
                        state.woken = True
                        state.dispatcher.notify()

    def _count_failure(self) -> None:
        with self._state.lock:
            self._state.failures += 1
