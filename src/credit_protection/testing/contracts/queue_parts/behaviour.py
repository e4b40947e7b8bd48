"""One engine: when it looks, in what order it works, what failures do to it, how it starts and stops."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.ports.queue import Work, WorkerEngine
from credit_protection.testing.contracts.queue_parts.rows import Rows, until

if TYPE_CHECKING:
    from collections.abc import Iterator

NewEngine = Callable[[Callable[[], Work]], WorkerEngine]
"""Makes an engine over what gives the work."""

WORKERS = 4
_AT_ONCE = 0.5
_STOP_SECONDS = 15.0


class BehaviourContract:
    """One engine over rows in memory."""

    is_distributed: bool = False

    @pytest.fixture
    def new_engine(self) -> NewEngine:
        """Makes an engine: 4 workers, a sweep every second."""
        raise NotImplementedError("a subclass gives the fixture `new_engine`")

    @pytest.fixture
    def begin(self, new_engine: NewEngine) -> Iterator[Callable[[Work], WorkerEngine]]:
        """Starts an engine over rows; stopped after the test."""
        engines: list[WorkerEngine] = []

        def started(work: Work) -> WorkerEngine:
            engine = new_engine(lambda: work)
            engines.append(engine)
            engine.start()
            return engine

        yield started
        for engine in engines:
            assert engine.stop(_STOP_SECONDS)

    # ------------------------------------------------------------------------------------------ looking

    def test_it_says_what_it_can_do(self, new_engine: NewEngine) -> None:
        """As declared, and without being started."""
        engine = new_engine(Rows)
        assert engine.capabilities.distributed is self.is_distributed
        assert not engine.is_running
        assert engine.snapshot().running == 0

    def test_nothing_is_asked_of_the_work_before_the_start(self, new_engine: NewEngine) -> None:
        """The use cases know the queue in their turn."""

        def too_early() -> Work:
            raise AssertionError("asked for before the start")

        engine = new_engine(too_early)
        engine.wake("a")
        engine.wake()
        engine.wake("b", datetime.now(UTC) + timedelta(hours=1))
        assert engine.stop(_STOP_SECONDS)

    def test_what_waits_at_the_start_is_performed(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """Whoever died before left it so."""
        rows = Rows("a", "b")
        begin(rows)
        until(lambda: not rows.due_at)
        assert sorted(rows.begun) == ["a", "b"]

    def test_a_wake_up_is_answered_at_once(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """And not at the next sweep."""
        rows = Rows()
        engine = begin(rows)
        until(lambda: rows.looks)
        waited = []
        for number in range(10):
            time.sleep(0.05)
            rows.add(f"n{number}")
            woken = time.monotonic()
            engine.wake(f"n{number}")
            until(lambda id_=f"n{number}": id_ in rows.at)  # type: ignore[misc] # the name is bound at once
            waited.append(rows.at[f"n{number}"] - woken)
        assert sorted(waited)[len(waited) // 2] < _AT_ONCE

    def test_a_wake_up_for_later_waits_until_then(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """And is not lost."""
        rows = Rows()
        engine = begin(rows)
        until(lambda: rows.looks)
        asked = time.monotonic()
        rows.add("a", due_in=0.6)
        engine.wake("a", datetime.now(UTC) + timedelta(seconds=0.6))
        until(lambda: rows.begun)
        assert rows.at["a"] - asked > 0.55  # noqa: PLR2004 - a clock may be coarse

    def test_what_becomes_due_is_found_without_a_wake_up(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """The rows say when."""
        rows = Rows()
        rows.add("a", due_in=0.4)
        begin(rows)
        until(lambda: rows.begun == ["a"])

    def test_a_lost_wake_up_is_found_by_the_sweep(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """The only liveness rule."""
        rows = Rows()
        begin(rows)
        until(lambda: rows.sweeps)
        rows.add("a")  # nobody is told
        until(lambda: rows.begun == ["a"])

    def test_it_sweeps_again_and_again(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """At the start, and then regularly."""
        rows = Rows()
        begin(rows)
        until(lambda: rows.sweeps >= 3, 20)  # noqa: PLR2004

    def test_repeated_wake_ups_and_those_of_nothing_are_harmless(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """Each row is performed once."""
        rows = Rows()
        engine = begin(rows)
        until(lambda: rows.looks)
        rows.add("a")
        for _ in range(30):
            engine.wake("a")
            engine.wake("nobody")
        until(lambda: not rows.due_at)
        time.sleep(0.2)
        assert rows.begun == ["a"]
        assert not engine.failures

    # ------------------------------------------------------------------------------------------ order, threads

    def test_what_is_most_urgent_goes_first(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """Whichever row a wake-up named."""
        ids = [f"n{number:02}" for number in range(40)]
        rows = Rows(*ids)

        def take_a_while(_: str) -> str:
            time.sleep(0.01)
            return "done"

        rows.performing = take_a_while
        engine = begin(rows)
        engine.wake("n39")
        until(lambda: not rows.due_at)
        # Rows that are in flight together may be told in any order among themselves.
        assert all(abs(ids.index(id_) - place) < 2 * WORKERS for place, id_ in enumerate(rows.begun))

    def test_calls_in_flight_are_as_many_as_workers(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """No more, and no fewer while there is enough to do."""
        rows = Rows(*(f"n{number}" for number in range(100)))
        together = threading.Barrier(WORKERS, timeout=10)
        rows.performing = lambda _: (together.wait(), "done")
        engine = begin(rows)
        until(lambda: not rows.due_at)
        assert rows.most_in_flight == WORKERS
        assert sorted(rows.begun) == sorted(set(rows.begun))
        assert not engine.failures

    def test_one_row_is_never_performed_twice_at_once(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """Not even where it stays due while it is."""
        rows = Rows("a", "b")
        rows.claims_first = False
        free = threading.Event()
        rows.performing = lambda _: free.wait(10)
        engine = begin(rows)
        until(lambda: len(rows.begun) == 2)  # noqa: PLR2004
        for _ in range(20):
            engine.wake()
            time.sleep(0.002)
        assert engine.snapshot().running == 2  # noqa: PLR2004
        free.set()
        until(lambda: not rows.due_at)
        assert rows.twice_at_once == []

    # ------------------------------------------------------------------------------------------ failures

    def test_a_poison_row_holds_up_nobody_and_is_tried_again(
        self, begin: Callable[[Work], WorkerEngine], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not in a loop; each failure is counted."""
        caplog.set_level(logging.CRITICAL)
        rows = Rows("poison", *(f"n{number}" for number in range(20)))

        def perform(id_: str) -> object:
            if id_ == "poison":
                raise ValueError("made up")
            return "done"

        rows.performing = perform
        engine = begin(rows)
        until(lambda: list(rows.due_at) == ["poison"])
        until(lambda: rows.begun.count("poison") >= 2)  # noqa: PLR2004
        assert 2 <= engine.failures <= 10  # noqa: PLR2004

    def test_a_row_that_somebody_else_has_is_no_loop(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """And no failure."""
        rows = Rows("held", "free")
        rows.performing = lambda id_: None if id_ == "held" else "done"
        engine = begin(rows)
        until(lambda: list(rows.due_at) == ["held"])
        for _ in range(20):
            engine.wake("held")
            time.sleep(0.002)
        assert rows.begun.count("held") <= 2  # noqa: PLR2004
        assert not engine.failures

    def test_rows_that_can_not_be_read_are_asked_for_again(
        self, begin: Callable[[Work], WorkerEngine], caplog: pytest.LogCaptureFixture
    ) -> None:
        """A database that is down is asked calmly."""
        caplog.set_level(logging.CRITICAL)
        rows = Rows("a")
        rows.trouble = OSError("the database is down")
        engine = begin(rows)
        until(lambda: engine.failures)
        for _ in range(50):
            engine.wake("a")
        time.sleep(0.2)
        assert rows.looks <= 3  # noqa: PLR2004
        rows.trouble = None
        until(lambda: rows.begun == ["a"])

    def test_a_sweep_that_fails_is_counted_and_made_again(
        self, begin: Callable[[Work], WorkerEngine], caplog: pytest.LogCaptureFixture
    ) -> None:
        """And the rows go on."""
        caplog.set_level(logging.CRITICAL)
        rows = Rows("a")

        def fail() -> object:
            raise OSError("the ERP is down")

        rows.sweeping = fail
        engine = begin(rows)
        until(lambda: engine.failures >= 2, 20)  # noqa: PLR2004
        assert rows.begun == ["a"]

    # ------------------------------------------------------------------------------------------ start, stop

    def test_a_second_start_does_nothing(self, begin: Callable[[Work], WorkerEngine]) -> None:
        """And says so."""
        engine = begin(Rows())
        assert engine.is_running
        assert not engine.start()

    def test_a_stop_begins_nothing_more_and_waits_for_calls_in_flight(self, new_engine: NewEngine) -> None:
        """Within the time that it is given."""
        rows = Rows(*(f"n{number}" for number in range(10)))
        free = threading.Event()
        rows.performing = lambda _: free.wait(10)
        engine = new_engine(lambda: rows)
        engine.start()
        until(lambda: len(rows.begun) == WORKERS)
        assert not engine.stop(0.05)
        threading.Timer(0.1, free.set).start()
        assert engine.stop(_STOP_SECONDS)
        assert not engine.is_running
        assert len(rows.begun) == WORKERS
        assert len(rows.due_at) == 10 - WORKERS

    def test_it_can_be_stopped_twice_and_started_again(self, new_engine: NewEngine) -> None:
        """What came meanwhile is done then."""
        rows = Rows("a")
        engine = new_engine(lambda: rows)
        engine.start()
        until(lambda: not rows.due_at)
        assert engine.stop(_STOP_SECONDS)
        assert engine.stop(_STOP_SECONDS)
        rows.add("b")
        engine.wake("b")
        time.sleep(0.1)
        assert rows.begun == ["a"]
        assert engine.start()
        until(lambda: rows.begun == ["a", "b"])
        assert engine.stop(_STOP_SECONDS)

    def test_it_runs_until_idle_for_a_command(self, new_engine: NewEngine) -> None:
        """One sweep, all that is due, and nothing stays behind."""
        rows = Rows(*(f"n{number}" for number in range(30)))
        rows.add("tomorrow", due_in=86_400)
        engine = new_engine(lambda: rows)
        assert engine.run_until_idle(_STOP_SECONDS)
        assert list(rows.due_at) == ["tomorrow"]
        assert rows.sweeps >= 1
        assert not engine.is_running
