"""Rows in memory that an engine's tests drive it with: a `Work` that remembers what was done to it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.negativations import Action
from credit_protection.ports.storage import DueTransmission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Clock:
    """The real time."""

    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)


class Rows:
    """Rows by id, in order of urgency. A row is gone once `perform` came to something.

    Args:
        ids: of rows that are due now.

    Attributes:
        begun: every call of `perform`, in order.
        performing: what a call does; None says that somebody else has the row.
        sweeping: what a sweep does.
        trouble: raised by whoever looks.
        stays: rows that are due again though done.
    """

    def __init__(self, *ids: str) -> None:
        self.lock = threading.Lock()
        self.due_at: dict[str, datetime] = {id_: datetime.now(UTC) for id_ in ids}
        self.claimed: set[str] = set()
        self.begun: list[str] = []
        self.at: dict[str, float] = {}
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight = 0
        self.twice_at_once: list[str] = []
        self.workers: set[str] = set()
        self.looks = 0
        self.limits: list[int] = []
        self.sweeps = 0
        self.trouble: Exception | None = None
        self.sweeping: Callable[[], object] = lambda: None
        self.performing: Callable[[str], object | None] = lambda _: "done"
        self.claims_first = True
        self.stays: set[str] = set()  # due again though done

    def add(self, id_: str, due_in: float = 0.0, *, first: bool = False) -> None:
        """One more row, due in so many seconds; the most urgent, where it is to be first."""
        with self.lock:
            due_at = datetime.now(UTC) + timedelta(seconds=due_in)
            self.due_at = {id_: due_at, **self.due_at} if first else {**self.due_at, id_: due_at}

    # ------------------------------------------------------------------------------------------ Work

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What is due and not claimed."""
        with self.lock:
            self.looks += 1
            self.limits.append(limit)
            if self.trouble is not None:
                raise self.trouble
            now = datetime.now(UTC)
            ids = [id_ for id_, at in self.due_at.items() if at <= now and id_ not in self.claimed]
            return [DueTransmission(id_, "i", Action.REMOVE, None, self.due_at[id_]) for id_ in ids[:limit]]

    def next_due_at(self) -> datetime | None:
        """When the first is due."""
        with self.lock:
            if self.trouble is not None:
                raise self.trouble
            return min((at for id_, at in self.due_at.items() if id_ not in self.claimed), default=None)

    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim it, do what `performing` does, and let it go."""
        with self.lock:
            self.begun.append(negativation_id)
            self.at.setdefault(negativation_id, time.monotonic())
            self.workers.add(worker)
            self.in_flight[negativation_id] += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight.total())
            if self.in_flight[negativation_id] > 1:
                self.twice_at_once.append(negativation_id)
            if self.claims_first:
                self.claimed.add(negativation_id)
        done: object | None = None
        try:
            done = self.performing(negativation_id)
        finally:
            with self.lock:
                self.in_flight[negativation_id] -= 1
                self.claimed.discard(negativation_id)
                if done is not None and negativation_id not in self.stays:
                    self.due_at.pop(negativation_id, None)
        return done

    def sweep(self) -> object:
        """Count it."""
        with self.lock:
            self.sweeps += 1
        return self.sweeping()


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for a condition that must come true; the bound is only against hanging."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.001)
