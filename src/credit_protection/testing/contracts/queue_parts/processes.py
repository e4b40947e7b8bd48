"""More than one engine on the same rows, and processes that die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from credit_protection.testing.contracts.capabilities import needs
from credit_protection.testing.contracts.queue_parts.rows import until
from credit_protection.testing.contracts.queue_parts.shared_rows import SharedRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from credit_protection.testing.contracts.queue_parts.behaviour import NewEngine

    Spawn = Callable[[SharedRows], int]

_STOP_SECONDS = 15.0
_MINUTE = 60.0


class ProcessesContract:
    """Engines over rows in a file, in processes that are forked from this one."""

    is_distributed: bool = False

    @pytest.fixture
    def new_engine(self) -> NewEngine:
        """Makes an engine: 4 workers, a sweep every second."""
        raise NotImplementedError("a subclass gives the fixture `new_engine`")

    @pytest.fixture
    def spawn(self, new_engine: NewEngine) -> Iterator[Spawn]:
        """Starts an engine in a process of its own and gives its id; killed after the test."""
        processes: list[multiprocessing.process.BaseProcess] = []

        def work(rows: SharedRows) -> None:
            new_engine(lambda: rows).start()
            time.sleep(_MINUTE)

        def start(rows: SharedRows) -> int:
            process = multiprocessing.get_context("fork").Process(target=work, args=(rows,))
            process.start()
            processes.append(process)
            assert process.pid is not None
            return process.pid

        yield start
        for process in processes:
            process.kill()
            process.join()

    def test_what_a_killed_process_held_is_done_by_the_next(
        self, new_engine: NewEngine, spawn: Spawn, tmp_path: Path
    ) -> None:
        """Once its lease is over; nothing twice."""
        rows = SharedRows(tmp_path / "rows.sqlite", seconds=0.3, lease=1.0)
        ids = [f"n{number:02}" for number in range(12)]
        rows.make(ids)
        victim = spawn(rows)
        until(rows.calls)
        os.kill(victim, signal.SIGKILL)
        time.sleep(0.1)  # a call that ended just now is stored, or is not
        assert rows.waiting()
        engine = new_engine(lambda: rows)
        engine.start()
        until(lambda: not rows.waiting(), 30)
        assert engine.stop(_STOP_SECONDS)
        assert sorted(id_ for id_, _ in rows.effects()) == ids

    def test_an_engine_that_was_not_started_goes_through_a_fork(self, new_engine: NewEngine, tmp_path: Path) -> None:
        """As in a pre-fork server: it is made before, also woken, and started after."""
        rows = SharedRows(tmp_path / "rows.sqlite")
        rows.make(["a"])
        engine = new_engine(lambda: rows)
        engine.wake("a")

        def work() -> None:
            engine.start()
            engine.wake("a")
            time.sleep(_MINUTE)

        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        try:
            until(rows.effects)
            assert rows.effects() == [("a", process.pid)]
        finally:
            process.kill()
            process.join()
        assert engine.stop(_STOP_SECONDS)

    @needs("is_distributed")
    def test_a_process_without_workers_wakes_those_of_another(
        self, new_engine: NewEngine, spawn: Spawn, tmp_path: Path
    ) -> None:
        """As an ERP's does."""
        rows = SharedRows(tmp_path / "rows.sqlite")
        rows.make([])
        spawn(rows)
        until(rows.sweeps, 20)
        engine = new_engine(lambda: rows)
        waited = []
        for number in range(7):
            time.sleep(0.3)
            rows.add(f"n{number}")
            woken = time.monotonic()
            engine.wake(f"n{number}")
            until(lambda done=number + 1: len(rows.effects()) == done)  # type: ignore[misc] # the name is bound at once
            waited.append(time.monotonic() - woken)
        assert engine.stop(_STOP_SECONDS)
        assert sorted(waited)[len(waited) // 2] < 0.5, waited  # noqa: PLR2004

    @needs("is_distributed")
    def test_much_to_do_is_shared_by_all_processes(self, spawn: Spawn, new_engine: NewEngine, tmp_path: Path) -> None:
        """Each row is done once."""
        rows = SharedRows(tmp_path / "rows.sqlite", seconds=0.15, lease=5.0)
        rows.make([])
        pids = [spawn(rows) for _ in range(3)]
        until(rows.sweeps, 20)
        time.sleep(0.5)
        for number in range(90):
            rows.add(f"n{number:02}", number)
        engine = new_engine(lambda: rows)
        engine.wake()
        until(lambda: not rows.waiting(), 30)
        assert engine.stop(_STOP_SECONDS)
        shares = Counter(pid for _, pid in rows.effects())
        assert sum(shares.values()) == len({id_ for id_, _ in rows.effects()}) == 90  # noqa: PLR2004
        assert set(shares) == set(pids), shares

    @needs("is_distributed")
    def test_a_process_that_dies_strands_nothing(self, spawn: Spawn, new_engine: NewEngine, tmp_path: Path) -> None:
        """Though nobody starts another in its place."""
        rows = SharedRows(tmp_path / "rows.sqlite", seconds=0.1, lease=1.0)
        ids = [f"n{number:02}" for number in range(60)]
        rows.make(ids)
        victim, _ = spawn(rows), spawn(rows)
        until(lambda: victim in {pid for _, pid in rows.calls()}, 20)
        os.kill(victim, signal.SIGKILL)
        engine = new_engine(lambda: rows)
        engine.wake()
        until(lambda: not rows.waiting(), 30)
        assert engine.stop(_STOP_SECONDS)
        assert sorted(id_ for id_, _ in rows.effects()) == ids

    @needs("is_distributed")
    def test_one_process_sweeps_for_all(self, spawn: Spawn, tmp_path: Path) -> None:
        """Not each for itself."""
        rows = SharedRows(tmp_path / "rows.sqlite")
        rows.make([])
        for _ in range(3):
            spawn(rows)
        until(lambda: len(rows.sweeps()) >= 3, 20)  # noqa: PLR2004
        time.sleep(1.0)
        before, began = len(rows.sweeps()), time.monotonic()
        time.sleep(4.0)
        swept, seconds = len(rows.sweeps()) - before, time.monotonic() - began
        assert 2 <= swept <= seconds * 1.5 + 1, (swept, seconds)  # noqa: PLR2004
