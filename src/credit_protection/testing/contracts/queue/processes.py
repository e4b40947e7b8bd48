"""Several engines on the same rows, and processes that are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.queue.behaviour import NewEngine
from credit_protection.testing.contracts.queue.in_memory_tasks import until
from credit_protection.testing.contracts.queue.shared_tasks import SharedTasks

if TYPE_CHECKING:
    Spawn = Callable[[SharedTasks], int]

_STOP_SECONDS = 15.0
_MINUTE = 60.0


class ProcessesContract:
    """Engines over tasks in a file, in processes that are forked from this one."""

    @pytest.fixture
    def spawn(self, new_engine: NewEngine) -> Iterator[Spawn]:
        """Starts an engine in a process of its own and returns its id; killed after the test."""
        processes: list[multiprocessing.process.BaseProcess] = []

        def run(tasks: SharedTasks) -> None:
            new_engine(lambda: tasks).start()
            time.sleep(_MINUTE)

        def start(tasks: SharedTasks) -> int:
            process = multiprocessing.get_context("fork").Process(target=run, args=(tasks,))
            process.start()
            processes.append(process)
            assert process.pid is not None
            return process.pid

        yield start
        for process in processes:
            process.kill()
            process.join()

    def test_next_process_performs_the_rows_of_a_killed_one(
        self, new_engine: NewEngine, spawn: Spawn, tmp_path: Path
    ) -> None:
        """Once its leases expire; no row twice."""
        tasks = SharedTasks(tmp_path / "rows.sqlite", seconds=0.3, lease=1.0)
        ids = [f"n{number:02}" for number in range(12)]
        tasks.create(ids)
        victim = spawn(tasks)
        until(tasks.starts)
        os.kill(victim, signal.SIGKILL)
        time.sleep(0.1)  # a call that has just ended may still be stored
        assert tasks.pending()
        engine = new_engine(lambda: tasks)
        engine.start()
        until(lambda: not tasks.pending(), 30)
        assert engine.stop(_STOP_SECONDS)
        assert sorted(id_ for id_, _ in tasks.effects()) == ids

    def test_engine_not_started_survives_a_fork(self, new_engine: NewEngine, tmp_path: Path) -> None:
        """As in a pre-fork server, which creates and wakes it before the fork and starts it after."""
        tasks = SharedTasks(tmp_path / "rows.sqlite")
        tasks.create(["a"])
        engine = new_engine(lambda: tasks)
        engine.wake("a")

        def run() -> None:
            engine.start()
            engine.wake("a")
            time.sleep(_MINUTE)

        process = multiprocessing.get_context("fork").Process(target=run)
        process.start()
        try:
            until(tasks.effects)
            assert tasks.effects() == [("a", process.pid)]
        finally:
            process.kill()
            process.join()
        assert engine.stop(_STOP_SECONDS)

    @requires("is_distributed")
    def test_process_without_workers_wakes_those_of_another(
        self, new_engine: NewEngine, spawn: Spawn, tmp_path: Path
    ) -> None:
        """As the process of an ERP does."""
        tasks = SharedTasks(tmp_path / "rows.sqlite")
        tasks.create([])
        spawn(tasks)
        until(tasks.sweeps, 20)
        engine = new_engine(lambda: tasks)
        waited = []
        for number in range(7):
            time.sleep(0.3)
            tasks.add(f"n{number}")
            woken = time.monotonic()
            engine.wake(f"n{number}")
            until(lambda done=number + 1: len(tasks.effects()) == done)  # type: ignore[misc] # the name is bound at once
            waited.append(time.monotonic() - woken)
        assert engine.stop(_STOP_SECONDS)
        assert sorted(waited)[len(waited) // 2] < 0.5, waited  # noqa: PLR2004

    @requires("is_distributed")
    def test_all_processes_share_many_rows(self, spawn: Spawn, new_engine: NewEngine, tmp_path: Path) -> None:
        """Each row is performed once."""
        tasks = SharedTasks(tmp_path / "rows.sqlite", seconds=0.15, lease=5.0)
        tasks.create([])
        pids = [spawn(tasks) for _ in range(3)]
        until(tasks.sweeps, 20)
        time.sleep(0.5)
        for number in range(90):
            tasks.add(f"n{number:02}", number)
        engine = new_engine(lambda: tasks)
        engine.wake()
        until(lambda: not tasks.pending(), 30)
        assert engine.stop(_STOP_SECONDS)
        shares = Counter(pid for _, pid in tasks.effects())
        assert sum(shares.values()) == len({id_ for id_, _ in tasks.effects()}) == 90  # noqa: PLR2004
        assert set(shares) == set(pids), shares

    @requires("is_distributed")
    def test_killed_process_strands_no_row(self, spawn: Spawn, new_engine: NewEngine, tmp_path: Path) -> None:
        """Without a replacement."""
        tasks = SharedTasks(tmp_path / "rows.sqlite", seconds=0.1, lease=1.0)
        ids = [f"n{number:02}" for number in range(60)]
        tasks.create(ids)
        victim, _ = spawn(tasks), spawn(tasks)
        until(lambda: victim in {pid for _, pid in tasks.starts()}, 20)
        os.kill(victim, signal.SIGKILL)
        engine = new_engine(lambda: tasks)
        engine.wake()
        until(lambda: not tasks.pending(), 30)
        assert engine.stop(_STOP_SECONDS)
        assert sorted(id_ for id_, _ in tasks.effects()) == ids

    @requires("is_distributed")
    def test_one_process_sweeps_for_all(self, spawn: Spawn, tmp_path: Path) -> None:
        """Not each process by itself."""
        tasks = SharedTasks(tmp_path / "rows.sqlite")
        tasks.create([])
        for _ in range(3):
            spawn(tasks)
        until(lambda: len(tasks.sweeps()) >= 3, 20)  # noqa: PLR2004
        time.sleep(1.0)
        before, began = len(tasks.sweeps()), time.monotonic()
        time.sleep(4.0)
        swept, seconds = len(tasks.sweeps()) - before, time.monotonic() - began
        assert 2 <= swept <= seconds * 1.5 + 1, (swept, seconds)  # noqa: PLR2004
