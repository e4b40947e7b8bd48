"""Two or more act at the same time on PostgreSQL, in an order that the test decides.

Each stops before every step that touches the database, until it is told to go on. Who waits for a lock is found by
asking the server: nothing rests on how long anything takes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.repositories.negativations import SqlNegativations
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.adapters.storage.sqlalchemy.unit_of_work import SqlUnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import psycopg
    import pytest

PATIENCE = 60.0
_WAITING = """
    SELECT count(DISTINCT pid) FROM pg_locks
    WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""
_STEPS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (SqlSettlements, ("record", "lock_invoices", "entries", "mark_applied")),
    (SqlNegativations, ("open_invoices", "lock_covering", "lock", "lock_all", "add", "save", "save_all", "append")),
    (SqlUnitOfWork, ("commit",)),
)
_here = threading.local()


def stop_before_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever acts in an interleaving stops before each of these steps, and after those that lock or commit."""
    for repository, names in _STEPS:
        for name in names:
            monkeypatch.setattr(repository, name, _stopping(name, getattr(repository, name)))


def _stopping(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    def stopping(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the step takes and gives
        stop(name)
        result = step(*given, **named)
        if name.startswith("lock") or name == "commit":
            stop(f"{name} done")
        return result

    return stopping


def stop(point: str) -> None:
    """Wait here for one's turn; nothing where nobody decides about turns."""
    actor: Actor | None = getattr(_here, "actor", None)
    if actor is not None:
        actor.stop(point)


class Actor:
    """Somebody who acts, step by step.

    Args:
        act: what it does.
        change: told whenever somebody stops or ends.
    """

    def __init__(self, act: Callable[[], object], change: threading.Condition) -> None:
        self.points: list[str] = []
        self.outcome: object = None
        self.has_stopped = False
        self.has_ended = False
        self._act = act
        self._change = change
        self._turn = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_settled(self) -> bool:
        """It goes on only when it is told to."""
        return self.has_stopped or self.has_ended

    def go_on(self) -> None:
        """To the next point. The caller holds the condition."""
        self.has_stopped = False
        self._turn.release()

    def stop(self, point: str) -> None:
        """Called by the steps, in the actor's own thread."""
        with self._change:
            self.points.append(point)
            self.has_stopped = True
            self._change.notify_all()
        assert self._turn.acquire(timeout=PATIENCE), f"nobody lets {self.points} go on"

    def _run(self) -> None:
        _here.actor = self
        try:
            self.stop("begin")
            self.outcome = self._act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.outcome = error
        with self._change:
            self.has_ended = True
            self._change.notify_all()


def interleave(monitor: psycopg.Connection[Any], acts: dict[str, Callable[[], object]], order: Iterable[str]) -> Told:
    """Act in an order.

    Args:
        monitor: a connection of its own, in autocommit.
        acts: by name.
        order: who makes the next step; who waits for another's lock, or has ended, is passed over. Once it is used up,
            all act to their end, one after the other.
    """
    change = threading.Condition()
    actors = {name: Actor(act, change) for name, act in acts.items()}

    def settle() -> None:
        for _ in range(int(PATIENCE / _GLANCE)):
            with change:
                change.wait_for(lambda: all(each.is_settled for each in actors.values()), _GLANCE)
                busy = [each for each in actors.values() if not each.is_settled]
            if not busy or _waiting(monitor) == len(busy):
                return
        raise AssertionError(f"neither stopped nor waiting: {[each.points for each in actors.values()]}")

    def step(name: str) -> bool:
        with change:
            if not actors[name].has_stopped:
                return False
            actors[name].go_on()
        settle()
        return True

    settle()
    for name in order:
        step(name)
    while not all(each.has_ended for each in actors.values()):
        moved = False
        for name in actors:
            while step(name):
                moved = True
        assert moved, f"all wait for each other: {[each.points for each in actors.values()]}"
    return Told(actors)


_GLANCE = 0.002


def _waiting(monitor: psycopg.Connection[Any]) -> int:
    row = monitor.execute(_WAITING).fetchone()
    assert row is not None
    return int(row[0])


class Told:
    """What came of it: by name, what each returned or raised, and the points that it passed."""

    def __init__(self, actors: dict[str, Actor]) -> None:
        self.outcomes = {name: each.outcome for name, each in actors.items()}
        self.points = {name: each.points for name, each in actors.items()}


def orders(first: str, second: str, lengths: tuple[int, int], *, every: int = 1) -> Iterable[list[str]]:
    """Every order that goes so far with the first, so far with the second, and then to the first's end.

    Args:
        first: who begins.
        second: who comes between.
        lengths: how many steps each makes.
        every: 3 stops at each third of the second's steps only.
    """
    for here in range(lengths[0] + 1):
        for there in range(0, lengths[1] + 1, every):
            yield [first] * here + [second] * there + [first] * lengths[0] + [second] * lengths[1]
