"""The threads of the embedded engine: a sweeper, a dispatcher that fetches due rows, workers that perform them."""

import logging
import math
import os
import threading
import time
from collections import deque

from credit_protection.adapters.queue.embedded.pacing import (
    INITIAL_COOLDOWN,
    MAX_DOUBLINGS,
    ContentionWindow,
    RetryCooldowns,
)
from credit_protection.adapters.queue.repeated_failures import RepeatedFailures
from credit_protection.ports.clock import Clock
from credit_protection.ports.queue import WorkerTasks

_PREFETCH_FACTOR = 4
_MAX_COOLDOWN_AFTER_FAILURE = 300.0
_MAX_COOLDOWN = 30.0
_MAX_IDLE_BACKOFF = 5.0
_MIN_SLEEP = 0.01
_COOLDOWN_RESOLUTION = 0.25  # one fetch serves all cooldowns that end within it

logger = logging.getLogger(__name__)


class State:
    """What the threads share: pending wake-ups, ready rows, running calls. Read and written under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # re-entrant: a signal handler may wake or stop
        self.dispatcher = threading.Condition(self.lock)
        self.workers = threading.Condition(self.lock)
        self.sweeper = threading.Condition(self.lock)
        self.idle = threading.Condition(self.lock)
        self.pool: WorkerPool | None = None
        self.wakeup_pending = False
        self.pending_wakeups = 0
        self.next_wakeup_at = math.inf
        self.ready: deque[str] = deque()
        self.running: set[str] = set()
        self.started_since_fetch: set[str] = set()
        self.has_more_due = False  # than the last fetch took
        self.cooldowns = RetryCooldowns()
        self.contention = ContentionWindow()
        self.fetch_count = 0
        self.is_fetching = False
        self.is_sweeping = False
        self.failures = 0

    @property
    def is_idle(self) -> bool:
        """Whether no thread does, or is about to do, anything."""
        return not (self.wakeup_pending or self.is_fetching or self.is_sweeping or self.ready or self.running)

    def reset(self) -> None:
        """Prepare for a new pool, which sweeps and fetches first. Calls of an older pool stay in flight."""
        self.ready.clear()
        self.is_fetching = False
        self.wakeup_pending = self.is_sweeping = True

    def wake_all(self) -> None:
        """Wake every thread, to check its condition again."""
        for condition in (self.dispatcher, self.workers, self.sweeper, self.idle):
            condition.notify_all()


class WorkerPool:
    """The threads of one start: they end once the state names another pool, or none."""

    def __init__(self, state: State, tasks: WorkerTasks, clock: Clock, workers: int, sweep_every: float) -> None:
        self._state = state
        self._tasks = tasks
        self._clock = clock
        self._sweep_every = sweep_every
        self._workers = workers
        self._prefetch = workers * _PREFETCH_FACTOR
        self._idle_fetches = 0
        self._failures = RepeatedFailures(logger)
        name = f"credit-protection-{os.getpid()}"
        # Daemons: `stop` is the graceful end, and a process must be able to exit without it.
        self._threads = [
            threading.Thread(target=self._sweep, name=f"{name}-sweeper", daemon=True),
            threading.Thread(target=self._dispatch, name=f"{name}-dispatcher", daemon=True),
            *(
                threading.Thread(target=self._perform, name=f"{name}-{number}", daemon=True)
                for number in range(1, workers + 1)
            ),
        ]

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads:
            thread.start()

    def join(self, deadline: float | None) -> bool:
        """Wait for the threads to end, at most until an instant of the monotonic clock; return whether they have.

        It does not wait for a thread that was never started, nor for the calling one.
        """
        others = [each for each in self._threads if each.ident is not None and each is not threading.current_thread()]
        for thread in others:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in others)

    def _is_active(self) -> bool:
        return self._state.pool is self

    def _sweep(self) -> None:
        state = self._state
        while True:
            try:
                self._tasks.sweep()
                self._failures.succeeded("the sweep")
            except BaseException as error:  # noqa: BLE001 - the thread outlives what it calls
                self._failures.failed(
                    "the sweep", error, "the sweep failed; the next one is in %s s", self._sweep_every
                )
                self._record_failure()
            with state.lock:
                if not self._is_active():
                    return
                state.is_sweeping = False
                state.wakeup_pending = True
                state.cooldowns.prune(time.monotonic())
                state.dispatcher.notify()
                state.sweeper.wait_for(lambda: state.is_sweeping or not self._is_active(), self._sweep_every)
                if not self._is_active():
                    return
                state.is_sweeping = True

    def _dispatch(self) -> None:
        state = self._state
        failed_fetches = 0
        while self._wait_for_wakeup():
            try:
                self._fetch_due()
                failed_fetches = 0
                self._failures.succeeded("fetching")
            except BaseException as error:  # noqa: BLE001 - the thread outlives what it calls
                pause = min(INITIAL_COOLDOWN * 2 ** min(failed_fetches, MAX_DOUBLINGS), self._sweep_every)
                failed_fetches += 1
                text = "due transmissions could not be fetched; the next attempt is in %s s"
                self._failures.failed("fetching", error, text, pause)
                self._record_failure()
                with state.lock:
                    # Wake-ups do not shorten it: a database that is down is not queried in a loop.
                    state.dispatcher.wait_for(lambda: not self._is_active(), pause)
                    state.wakeup_pending = state.wakeup_pending or self._is_active()

    def _wait_for_wakeup(self) -> bool:
        """Sleep until the next fetch is due; False once this pool is no longer active."""
        state = self._state
        with state.lock:
            while self._is_active():
                left = state.next_wakeup_at - time.monotonic()
                if state.wakeup_pending or left <= 0:
                    state.wakeup_pending, state.pending_wakeups, state.next_wakeup_at = False, 0, math.inf
                    state.started_since_fetch = set(state.running)
                    state.is_fetching = True
                    return True
                if state.is_idle:
                    state.idle.notify_all()
                state.dispatcher.wait(min(left, self._sweep_every))
        return False

    def _fetch_due(self) -> None:
        """Fetch due rows, pass them to the workers, and set the next wake-up."""
        state = self._state
        with state.lock:
            cooling_down = state.cooldowns.cooling_down(time.monotonic())
            limit = self._prefetch * state.contention.next_window() + len(state.running | cooling_down)
        due = self._tasks.due(limit)
        with state.lock:
            if not self._is_active():
                return
            # A row that was in flight while the rows were read may have been read in its former state.
            skipped = state.started_since_fetch | state.running | state.cooldowns.cooling_down(time.monotonic())
            wanted = [id_ for id_ in dict.fromkeys(each.negativation_id for each in due) if id_ not in skipped]
            state.ready = deque(state.contention.pick(wanted, self._prefetch))
            state.has_more_due = len(due) >= limit or len(wanted) > len(state.ready)
            state.workers.notify(len(state.ready))
            has_ready = bool(state.ready)
        # While rows are ready, a worker asks for the next fetch once they run short.
        next_wakeup_at = math.inf if has_ready else self._next_wakeup_at()
        with state.lock:
            if not self._is_active():
                return
            state.next_wakeup_at = min(state.next_wakeup_at, next_wakeup_at)
            state.fetch_count += 1
            state.is_fetching = False

    def _next_wakeup_at(self) -> float:
        """The instant of the monotonic clock at which to fetch, unless a wake-up or the end of a call comes first."""
        due_at = self._tasks.next_due_at()
        left = math.inf if due_at is None else (due_at - self._clock.now()).total_seconds()
        now = time.monotonic()
        with self._state.lock:
            ready_at = self._state.cooldowns.next_ready_at(now)
            if left > 0:
                self._idle_fetches = 0
            else:
                left = self._idle_backoff(has_skipped=ready_at is not None or bool(self._state.running))
        until_ready = math.inf if ready_at is None else max(_COOLDOWN_RESOLUTION, ready_at - now)
        return now + max(_MIN_SLEEP, min(left, until_ready))

    def _idle_backoff(self, *, has_skipped: bool) -> float:
        """Seconds to wait where a row is due and yet none could begin; longer each time.

        A row that cools down, or is just being claimed, hides from `next_due_at` what becomes due later: then the wait
        stays short. Otherwise a lease may have expired: the first time, the sweep is called at once.
        """
        self._idle_fetches += 1
        if self._idle_fetches == 1 and not has_skipped:
            self._state.is_sweeping = True
            self._state.sweeper.notify()
        longest = _MAX_IDLE_BACKOFF if has_skipped else self._sweep_every
        return float(min(INITIAL_COOLDOWN * 2 ** min(self._idle_fetches - 1, MAX_DOUBLINGS), longest))

    def _perform(self) -> None:
        state = self._state
        worker = threading.current_thread().name
        while True:
            with state.lock:
                while self._is_active() and not state.ready:
                    state.workers.wait()
                if not self._is_active():
                    return
                id_ = state.ready.popleft()
                state.running.add(id_)
                state.started_since_fetch.add(id_)
            has_failed, done = True, None
            try:
                done = self._tasks.perform(id_, worker)
                has_failed = False
                self._failures.succeeded(f"negativation {id_}")
            except BaseException as error:  # noqa: BLE001 - the thread outlives what it calls
                text = "the transmission of negativation %s failed; it is retried after a cooldown"
                self._failures.failed(f"negativation {id_}", error, text, id_)
                self._record_failure()
            finally:
                with state.lock:
                    state.running.discard(id_)
                    if has_failed:
                        state.cooldowns.add(id_, time.monotonic(), _MAX_COOLDOWN_AFTER_FAILURE)
                    elif done is None:
                        state.cooldowns.add(id_, time.monotonic(), _MAX_COOLDOWN)
                        state.contention.record_lost_claim()
                    else:
                        state.cooldowns.remove(id_)
                    if len(state.ready) < (self._workers if state.has_more_due else 1):
                        state.wakeup_pending = True
                        state.dispatcher.notify()

    def _record_failure(self) -> None:
        with self._state.lock:
            self._state.failures += 1
