"""Runs two or more threads on PostgreSQL in an order that the test decides.

Each thread pauses before every step that touches the database. Whether a thread waits for a lock is read from the
server, so that the result does not depend on time.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.repositories.negativations import SqlNegativations
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.adapters.storage.sqlalchemy.storage import SqlUnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import psycopg
    import pytest

TIMEOUT = 60.0
_WAITING = """
    SELECT count(DISTINCT pid) FROM pg_locks
    WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""
_STEPS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (SqlSettlements, ("record", "lock_invoices", "entries", "mark_applied")),
    (SqlNegativations, ("open_invoices", "lock_for_invoices", "lock", "lock_all", "add", "save", "save_all", "append")),
    (SqlUnitOfWork, ("commit",)),
)
_here = threading.local()


def pause_before_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stepped threads pause before each of these steps, and after those that lock or commit."""
    for repository, names in _STEPS:
        for name in names:
            monkeypatch.setattr(repository, name, _pausing(name, getattr(repository, name)))


def _pausing(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    def pausing(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the step takes and gives
        pause_here(name)
        result = step(*given, **named)
        if name.startswith("lock") or name == "commit":
            pause_here(f"{name} done")
        return result

    return pausing


def pause_here(point: str) -> None:
    """Pause the current thread here, where it is a stepped one."""
    thread: SteppedThread | None = getattr(_here, "thread", None)
    if thread is not None:
        thread.pause(point)


class SteppedThread:
    """A thread that runs step by step.

    Args:
        act: what it does.
        change: notified whenever a thread pauses or ends.
    """

    def __init__(self, act: Callable[[], object], change: threading.Condition) -> None:
        self.points: list[str] = []
        self.outcome: object = None
        self.is_stopped = False
        self.has_ended = False
        self._act = act
        self._change = change
        self._turn = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_paused(self) -> bool:
        """Whether it makes no step by itself."""
        return self.is_stopped or self.has_ended

    def step(self) -> None:
        """Run to the next point. The caller has locked the condition."""
        self.is_stopped = False
        self._turn.release()

    def pause(self, point: str) -> None:
        """Pause at a point. Called in the thread itself."""
        with self._change:
            self.points.append(point)
            self.is_stopped = True
            self._change.notify_all()
        assert self._turn.acquire(timeout=TIMEOUT), f"no further step was made after {self.points}"

    def _run(self) -> None:
        _here.thread = self
        try:
            self.pause("begin")
            self.outcome = self._act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.outcome = error
        with self._change:
            self.has_ended = True
            self._change.notify_all()


def interleave(
    monitor: psycopg.Connection[Any], acts: dict[str, Callable[[], object]], order: Iterable[str]
) -> InterleavingResult:
    """Run acts in an order.

    Args:
        monitor: a connection of its own, in autocommit.
        acts: by name.
        order: the names of the threads that make the next steps; a thread that waits for a lock, or has ended, is
            skipped. At its end all threads run to their end, one after the other.
    """
    change = threading.Condition()
    threads = {name: SteppedThread(act, change) for name, act in acts.items()}

    def wait_until_paused() -> None:
        for _ in range(int(TIMEOUT / _POLL_INTERVAL)):
            with change:
                change.wait_for(lambda: all(each.is_paused for each in threads.values()), _POLL_INTERVAL)
                busy = [each for each in threads.values() if not each.is_paused]
            if not busy or _waiting(monitor) == len(busy):
                return
        raise AssertionError(f"neither paused nor waiting: {[each.points for each in threads.values()]}")

    def step(name: str) -> bool:
        with change:
            if not threads[name].is_stopped:
                return False
            threads[name].step()
        wait_until_paused()
        return True

    wait_until_paused()
    for name in order:
        step(name)
    while not all(each.has_ended for each in threads.values()):
        moved = False
        for name in threads:
            while step(name):
                moved = True
        assert moved, f"all wait for each other: {[each.points for each in threads.values()]}"
    return InterleavingResult(threads)


_POLL_INTERVAL = 0.002


def _waiting(monitor: psycopg.Connection[Any]) -> int:
    row = monitor.execute(_WAITING).fetchone()
    assert row is not None
    return int(row[0])


class InterleavingResult:
    """By name, what each thread returned or raised, and the points that it passed."""

    def __init__(self, threads: dict[str, SteppedThread]) -> None:
        self.outcomes = {name: each.outcome for name, each in threads.items()}
        self.points = {name: each.points for name, each in threads.items()}


def orders(first: str, second: str, lengths: tuple[int, int], *, every: int = 1) -> Iterable[list[str]]:
    """Every order in which the second runs some steps at some point of the first.

    Args:
        first: the thread that begins.
        second: the other one.
        lengths: how many steps each makes.
        every: 3 tries each third number of the second's steps only.
    """
    for here in range(lengths[0] + 1):
        for there in range(0, lengths[1] + 1, every):
            yield [first] * here + [second] * there + [first] * lengths[0] + [second] * lengths[1]
