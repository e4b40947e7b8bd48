"""`WorkerTasks` over rows in memory, which record the calls of the engine under test."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from credit_protection.domain.state_table import Action
from credit_protection.ports.storage import DueTransmission


class Clock:
    """The system clock."""

    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)


class InMemoryTasks:
    """Rows by id, in order of urgency. A row is removed once `perform` returned a result.

    Args:
        ids: of rows that are due now.

    Attributes:
        started: the ids of all calls of `perform`, in order.
        on_perform: what a call does; it returns None where another process has claimed the row.
        on_sweep: what a sweep does.
        fetch_error: raised by `due` and `next_due_at`.
        recurring: rows that stay due after `perform`.
    """

    def __init__(self, *ids: str) -> None:
        self.lock = threading.Lock()
        self.due_at: dict[str, datetime] = {id_: datetime.now(UTC) for id_ in ids}
        self.claimed: set[str] = set()
        self.started: list[str] = []
        self.started_at: dict[str, float] = {}
        self.in_flight: Counter[str] = Counter()
        self.max_in_flight = 0
        self.overlapping: list[str] = []
        self.workers: set[str] = set()
        self.fetches = 0
        self.limits: list[int] = []
        self.sweeps = 0
        self.fetch_error: Exception | None = None
        self.on_sweep: Callable[[], object] = lambda: None
        self.on_perform: Callable[[str], object | None] = lambda _: "done"
        self.claims = True
        self.recurring: set[str] = set()

    def add(self, id_: str, due_in: float = 0.0, *, most_urgent: bool = False) -> None:
        """Add a row that is due in so many seconds."""
        with self.lock:
            due_at = datetime.now(UTC) + timedelta(seconds=due_in)
            self.due_at = {id_: due_at, **self.due_at} if most_urgent else {**self.due_at, id_: due_at}

    # ------------------------------------------------------------------------------------------ WorkerTasks

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """The due rows that are not claimed."""
        with self.lock:
            self.fetches += 1
            self.limits.append(limit)
            if self.fetch_error is not None:
                raise self.fetch_error
            now = datetime.now(UTC)
            ids = [id_ for id_, at in self.due_at.items() if at <= now and id_ not in self.claimed]
            return [DueTransmission(id_, "i", Action.REMOVE, None, self.due_at[id_]) for id_ in ids[:limit]]

    def next_due_at(self) -> datetime | None:
        """When the first row is due."""
        with self.lock:
            if self.fetch_error is not None:
                raise self.fetch_error
            return min((at for id_, at in self.due_at.items() if id_ not in self.claimed), default=None)

    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim the row, call `on_perform`, and release the claim."""
        with self.lock:
            self.started.append(negativation_id)
            self.started_at.setdefault(negativation_id, time.monotonic())
            self.workers.add(worker)
            self.in_flight[negativation_id] += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight.total())
            if self.in_flight[negativation_id] > 1:
                self.overlapping.append(negativation_id)
            if self.claims:
                self.claimed.add(negativation_id)
        done: object | None = None
        try:
            done = self.on_perform(negativation_id)
        finally:
            with self.lock:
                self.in_flight[negativation_id] -= 1
                self.claimed.discard(negativation_id)
                if done is not None and negativation_id not in self.recurring:
                    self.due_at.pop(negativation_id, None)
        return done

    def sweep(self) -> object:
        """Count the sweep and call `on_sweep`."""
        with self.lock:
            self.sweeps += 1
        return self.on_sweep()


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until a condition is true; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.001)
