"""Several engines on the same rows, and processes that are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.queue.behaviour import NewEngine
from credit_protection.testing.contracts.queue.tasks import SharedTasks, until

Fork = Callable[[Callable[[], object]], int]
Spawn = Callable[[SharedTasks], int]
_STOP_SECONDS = 15.0
_MINUTE = 60.0


class ProcessesContract:
    """Engines over tasks in a file, in processes that are forked from this one."""

    @pytest.fixture
    def fork(self) -> Iterator[Fork]:
        """Runs a function in a process of its own, which goes on until it is killed; returns its id."""
        processes: list[multiprocessing.process.BaseProcess] = []

        def run_and_stay(run: Callable[[], object]) -> None:
            run()
            time.sleep(_MINUTE)

        def start(run: Callable[[], object]) -> int:
            process = multiprocessing.get_context("fork").Process(target=run_and_stay, args=(run,))
            process.start()
            processes.append(process)
            assert process.pid is not None
            return process.pid

        yield start
        for process in processes:
            process.kill()
            process.join()

    @pytest.fixture
    def spawn(self, new_engine: NewEngine, fork: Fork) -> Spawn:
        """Starts an engine in a process of its own; returns its id."""
        return lambda tasks: fork(new_engine(lambda: tasks).start)

    def test_next_process_performs_the_rows_of_a_killed_one(
        self, new_engine: NewEngine, spawn: Spawn, tmp_path: Path
    ) -> None:
        """Once its leases expire; no row twice."""
        ids = [f"n{number:02}" for number in range(12)]
        tasks = SharedTasks(tmp_path / "rows.sqlite", ids, seconds=0.3, lease=1.0)
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

    def test_engine_not_started_survives_a_fork(self, new_engine: NewEngine, fork: Fork, tmp_path: Path) -> None:
        """As in a pre-fork server, which creates and wakes it before the fork and starts it after."""
        tasks = SharedTasks(tmp_path / "rows.sqlite", ["a"])
        engine = new_engine(lambda: tasks)
        engine.wake("a")

        def run() -> None:
            engine.start()
            engine.wake("a")

        pid = fork(run)
        until(tasks.effects)
        assert tasks.effects() == [("a", pid)]
        assert engine.stop(_STOP_SECONDS)

    @requires("is_distributed")
    def test_process_without_workers_wakes_those_of_another(
        self, new_engine: NewEngine, spawn: Spawn, tmp_path: Path
    ) -> None:
        """As the process of an ERP does."""
        tasks = SharedTasks(tmp_path / "rows.sqlite")
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
        tasks = SharedTasks(tmp_path / "rows.sqlite", seconds=0.15, lease=5.0)
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
        ids = [f"n{number:02}" for number in range(60)]
        tasks = SharedTasks(tmp_path / "rows.sqlite", ids, seconds=0.1, lease=1.0)
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
        tasks = SharedTasks(tmp_path / "rows.sqlite")
        for _ in range(3):
            spawn(tasks)
        until(lambda: len(tasks.sweeps()) >= 3, 20)  # noqa: PLR2004
        time.sleep(1.0)
        before, began = len(tasks.sweeps()), time.monotonic()
        time.sleep(4.0)
        swept, seconds = len(tasks.sweeps()) - before, time.monotonic() - began
        assert 2 <= swept <= seconds * 1.5 + 1, (swept, seconds)  # noqa: PLR2004
