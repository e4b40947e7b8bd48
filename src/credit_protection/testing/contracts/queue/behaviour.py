"""One engine: when it fetches, in which order it performs, how it handles failures, how it starts and stops."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from credit_protection.ports.queue import WorkerEngine, WorkerTasks
from credit_protection.testing.contracts.queue.tasks import InMemoryTasks, until

NewEngine = Callable[[Callable[[], WorkerTasks]], WorkerEngine]
"""Creates an engine; its argument returns the use cases."""
Start = Callable[[WorkerTasks], WorkerEngine]

WORKERS = 4
_AT_ONCE = 0.5
_STOP_SECONDS = 15.0


class BehaviourContract:
    """One engine over tasks in memory."""

    is_distributed: bool = False

    @pytest.fixture
    def new_engine(self) -> NewEngine:
        """Creates an engine: 4 workers, a sweep every second."""
        raise NotImplementedError("a subclass defines the fixture `new_engine`")

    @pytest.fixture
    def start(self, new_engine: NewEngine) -> Iterator[Start]:
        """Starts an engine over tasks; stopped after the test."""
        engines: list[WorkerEngine] = []

        def create(work: WorkerTasks) -> WorkerEngine:
            engine = new_engine(lambda: work)
            engines.append(engine)
            engine.start()
            return engine

        yield create
        for engine in engines:
            assert engine.stop(_STOP_SECONDS)

    # ------------------------------------------------------------------------------------------ wake-ups

    def test_engine_reports_its_capabilities(self, new_engine: NewEngine) -> None:
        engine = new_engine(InMemoryTasks)
        assert engine.capabilities.distributed is self.is_distributed
        assert not engine.is_running
        assert engine.snapshot().running == 0

    def test_use_cases_are_not_created_before_start(self, new_engine: NewEngine) -> None:
        """The use cases need the queue."""

        def too_early() -> WorkerTasks:
            raise AssertionError("created before the start")

        engine = new_engine(too_early)
        engine.wake("a")
        engine.wake()
        engine.wake("b", datetime.now(UTC) + timedelta(hours=1))
        assert engine.stop(_STOP_SECONDS)

    def test_rows_due_at_start_are_performed(self, start: Start) -> None:
        """As a process that died leaves them."""
        tasks = InMemoryTasks("a", "b")
        start(tasks)
        until(lambda: not tasks.due_at)
        assert sorted(tasks.started) == ["a", "b"]

    def test_wakeup_is_served_at_once(self, start: Start) -> None:
        tasks = InMemoryTasks()
        engine = start(tasks)
        until(lambda: tasks.fetches)
        waited = []
        for number in range(10):
            time.sleep(0.05)
            tasks.add(f"n{number}")
            woken = time.monotonic()
            engine.wake(f"n{number}")
            until(lambda id_=f"n{number}": id_ in tasks.started_at)  # type: ignore[misc] # the name is bound at once
            waited.append(tasks.started_at[f"n{number}"] - woken)
        assert sorted(waited)[len(waited) // 2] < _AT_ONCE

    def test_wakeup_for_later_is_served_then(self, start: Start) -> None:
        tasks = InMemoryTasks()
        engine = start(tasks)
        until(lambda: tasks.fetches)
        before = time.monotonic()
        tasks.add("a", due_in=0.6)
        engine.wake("a", datetime.now(UTC) + timedelta(seconds=0.6))
        until(lambda: tasks.started)
        assert tasks.started_at["a"] - before > 0.55  # noqa: PLR2004 - a clock may be coarse

    def test_row_becoming_due_is_found_without_wakeup(self, start: Start) -> None:
        tasks = InMemoryTasks()
        tasks.add("a", due_in=0.4)
        start(tasks)
        until(lambda: tasks.started == ["a"])

    def test_sweep_finds_rows_without_wakeup(self, start: Start) -> None:
        """The one sweep that all engines share."""
        tasks = InMemoryTasks()
        start(tasks)
        until(lambda: tasks.sweeps)
        tasks.add("a")  # without a wake-up
        until(lambda: tasks.started == ["a"])
        until(lambda: tasks.sweeps >= 3, 20)  # noqa: PLR2004 - at the start, and then every second

    def test_repeated_and_unknown_wakeups_are_harmless(self, start: Start) -> None:
        tasks = InMemoryTasks()
        engine = start(tasks)
        until(lambda: tasks.fetches)
        tasks.add("a")
        for _ in range(30):
            engine.wake("a")
            engine.wake("unknown")
        until(lambda: not tasks.due_at)
        time.sleep(0.2)
        assert tasks.started == ["a"]
        assert not engine.failures

    # ------------------------------------------------------------------------------------------ order, threads

    def test_most_urgent_rows_are_performed_first(self, start: Start) -> None:
        ids = [f"n{number:02}" for number in range(40)]
        tasks = InMemoryTasks(*ids)

        def take_a_while(_: str) -> str:
            time.sleep(0.01)
            return "done"

        tasks.on_perform = take_a_while
        engine = start(tasks)
        engine.wake("n39")
        until(lambda: not tasks.due_at)
        # Rows in flight at one time may start in any order among themselves.
        assert all(abs(ids.index(id_) - place) < 2 * WORKERS for place, id_ in enumerate(tasks.started))

    def test_calls_in_flight_are_as_many_as_workers(self, start: Start) -> None:
        tasks = InMemoryTasks(*(f"n{number}" for number in range(100)))
        all_busy = threading.Barrier(WORKERS, timeout=10)
        tasks.on_perform = lambda _: (all_busy.wait(), "done")
        engine = start(tasks)
        until(lambda: not tasks.due_at)
        assert tasks.max_in_flight == len(tasks.workers) == WORKERS
        assert sorted(tasks.started) == sorted(set(tasks.started))
        assert not engine.failures

    def test_one_row_is_never_performed_twice_at_once(self, start: Start) -> None:
        """Even if it stays due during its call."""
        tasks = InMemoryTasks("a", "b")
        tasks.claims = False
        may_end = threading.Event()
        tasks.on_perform = lambda _: may_end.wait(10)
        engine = start(tasks)
        until(lambda: len(tasks.started) == 2)  # noqa: PLR2004
        for _ in range(20):
            engine.wake()
            time.sleep(0.002)
        assert engine.snapshot().running == 2  # noqa: PLR2004
        may_end.set()
        until(lambda: not tasks.due_at)
        assert tasks.overlapping == []

    # ------------------------------------------------------------------------------------------ failures

    def test_poison_row_delays_no_other_and_is_retried(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL)
        tasks = InMemoryTasks("poison", *(f"n{number}" for number in range(20)))

        def perform(id_: str) -> object:
            if id_ == "poison":
                raise ValueError("made up")
            return "done"

        tasks.on_perform = perform
        engine = start(tasks)
        until(lambda: list(tasks.due_at) == ["poison"])
        until(lambda: tasks.started.count("poison") >= 2)  # noqa: PLR2004
        assert 2 <= engine.failures <= 10  # noqa: PLR2004

    def test_row_claimed_elsewhere_is_not_retried_in_a_loop(self, start: Start) -> None:
        tasks = InMemoryTasks("claimed", "free")
        tasks.on_perform = lambda id_: None if id_ == "claimed" else "done"
        engine = start(tasks)
        until(lambda: list(tasks.due_at) == ["claimed"])
        for _ in range(20):
            engine.wake("claimed")
            time.sleep(0.002)
        assert tasks.started.count("claimed") <= 2  # noqa: PLR2004
        assert not engine.failures

    def test_unreadable_rows_are_fetched_again(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        """Rarely, while the database is down."""
        caplog.set_level(logging.CRITICAL)
        tasks = InMemoryTasks("a")
        tasks.fetch_error = OSError("the database is down")
        engine = start(tasks)
        until(lambda: engine.failures)
        for _ in range(50):
            engine.wake("a")
        time.sleep(0.2)
        assert tasks.fetches <= 3  # noqa: PLR2004
        tasks.fetch_error = None
        until(lambda: tasks.started == ["a"])

    def test_failing_sweep_is_counted_and_repeated(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL)
        tasks = InMemoryTasks("a")

        def fail() -> object:
            raise OSError("the ERP is down")

        tasks.on_sweep = fail
        engine = start(tasks)
        until(lambda: engine.failures >= 2, 20)  # noqa: PLR2004
        assert tasks.started == ["a"]

    # ------------------------------------------------------------------------------------------ start, stop

    def test_second_start_does_nothing(self, start: Start) -> None:
        engine = start(InMemoryTasks())
        assert engine.is_running
        assert not engine.start()

    def test_stop_starts_no_call_and_waits_for_calls_in_flight(self, start: Start) -> None:
        tasks = InMemoryTasks(*(f"n{number}" for number in range(10)))
        may_end = threading.Event()
        tasks.on_perform = lambda _: may_end.wait(10)
        engine = start(tasks)
        until(lambda: len(tasks.started) == WORKERS)
        assert not engine.stop(0.05)
        threading.Timer(0.1, may_end.set).start()
        assert engine.stop(_STOP_SECONDS)
        assert not engine.is_running
        assert len(tasks.started) == WORKERS
        assert len(tasks.due_at) == 10 - WORKERS

    def test_engine_can_be_stopped_twice_and_started_again(self, start: Start) -> None:
        tasks = InMemoryTasks("a")
        engine = start(tasks)
        until(lambda: not tasks.due_at)
        assert engine.stop(_STOP_SECONDS)
        assert engine.stop(_STOP_SECONDS)
        tasks.add("b")
        engine.wake("b")
        time.sleep(0.1)
        assert tasks.started == ["a"]
        assert engine.start()
        until(lambda: tasks.started == ["a", "b"])

    def test_run_until_idle_performs_all_due_rows(self, new_engine: NewEngine) -> None:
        tasks = InMemoryTasks(*(f"n{number}" for number in range(30)))
        tasks.add("tomorrow", due_in=86_400)
        engine = new_engine(lambda: tasks)
        assert engine.run_until_idle(_STOP_SECONDS)
        assert list(tasks.due_at) == ["tomorrow"]
        assert tasks.sweeps >= 1
        assert not engine.is_running
