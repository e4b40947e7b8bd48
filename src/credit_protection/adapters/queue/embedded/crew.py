"""The threads of the embedded engine: a sweeper, a dispatcher that looks at the rows, workers that perform."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from credit_protection.adapters.queue.embedded.rests import FIRST_REST, LONGEST_DOUBLING

if TYPE_CHECKING:
    from credit_protection.adapters.queue.embedded.state import State
    from credit_protection.ports.clock import Clock
    from credit_protection.ports.queue import Work

_AHEAD = 4
_LONGEST_REST_AFTER_FAILURE = 300.0
_LONGEST_REST_OTHERWISE = 30.0
_LONGEST_STALL_WHILE_HIDDEN = 5.0
_SHORTEST_SLEEP = 0.01
_REST_GRAIN = 0.25  # where many rest, one look serves all whose rest ends about then

logger = logging.getLogger(__name__)


class Crew:
    """The threads of one start: they leave once the state names another crew, or none."""

    def __init__(self, state: State, work: Work, clock: Clock, workers: int, sweep_every: float) -> None:
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
        """Start them all."""
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
            has_failed, done = True, None
            try:
                done = self._work.perform(id_, worker)
                has_failed = False
            except BaseException:  # the thread outlives what it calls
                logger.exception("the transmission of negativation %s failed; it rests before it is tried again", id_)
                self._count_failure()
            finally:
                with state.lock:
                    state.running.discard(id_)
                    if has_failed:
                        state.rests.add(id_, time.monotonic(), _LONGEST_REST_AFTER_FAILURE)
                    elif done is None:
                        state.rests.add(id_, time.monotonic(), _LONGEST_REST_OTHERWISE)
                        state.crowd.lost()
                    else:
                        state.rests.forget(id_)
                    if len(state.ready) < (self._workers if state.are_more else 1):
                        state.woken = True
                        state.dispatcher.notify()

    def _count_failure(self) -> None:
        with self._state.lock:
            self._state.failures += 1
