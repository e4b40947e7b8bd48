"""`WorkerTasks` for tests: over rows in memory, and over rows in a file that several processes share."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from credit_protection.domain.state_table import Action
from credit_protection.ports.storage import DueTransmission


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


_TABLES = """
CREATE TABLE row (id TEXT PRIMARY KEY, rank INTEGER, due_at REAL, leased_until REAL DEFAULT 0, fence INTEGER DEFAULT 0);
CREATE TABLE effect (id TEXT, pid INTEGER);
CREATE TABLE call (id TEXT, pid INTEGER);
CREATE TABLE sweep (pid INTEGER);
"""
_BUSY_SECONDS = 20


class SharedTasks:
    """`WorkerTasks` on a SQLite file.

    Args:
        path: of the file, which is created.
        ids: of rows that are due now, the most urgent first.
        seconds: how long a call takes.
        lease: seconds until a claim expires.
    """

    def __init__(self, path: Path, ids: Sequence[str] = (), *, seconds: float = 0.02, lease: float = 1.0) -> None:
        self._path = path
        self._seconds = seconds
        self._lease = lease
        with contextlib.closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)
        for rank, id_ in enumerate(ids):
            self.add(id_, rank)

    def add(self, id_: str, rank: int = 0) -> None:
        """Add a row that is due now."""
        with self._open() as connection:
            connection.execute("INSERT INTO row (id, rank, due_at) VALUES (?, ?, ?)", (id_, rank, time.time()))

    def pending(self) -> list[str]:
        """The rows that are not done."""
        return [row[0] for row in self._read("SELECT id FROM row ORDER BY rank")]

    def starts(self) -> list[tuple[str, int]]:
        """The calls that were started: row and process, in order."""
        return self._read("SELECT id, pid FROM call ORDER BY rowid")

    def effects(self) -> list[tuple[str, int]]:
        """The calls that took effect: row and process, in order."""
        return self._read("SELECT id, pid FROM effect ORDER BY rowid")

    def sweeps(self) -> list[int]:
        """The processes that swept, in order."""
        return [row[0] for row in self._read("SELECT pid FROM sweep ORDER BY rowid")]

    # ------------------------------------------------------------------------------------------ WorkerTasks

    def due(self, limit: int) -> Sequence[DueTransmission]:
        now = time.time()
        sql = "SELECT id, due_at FROM row WHERE due_at <= ? AND leased_until <= ? ORDER BY rank LIMIT ?"
        found = self._read(sql, now, now, limit)
        return [DueTransmission(id_, "i", Action.REMOVE, None, datetime.fromtimestamp(at, UTC)) for id_, at in found]

    def next_due_at(self) -> datetime | None:
        ((at,),) = self._read("SELECT min(max(due_at, leased_until)) FROM row")
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim, sleep, and store the effect, unless another process has claimed the row since."""
        del worker
        now = time.time()
        with self._open() as connection:
            claimed = connection.execute(
                "UPDATE row SET leased_until = ?, fence = fence + 1 WHERE id = ? AND leased_until <= ? RETURNING fence",
                (now + self._lease, negativation_id, now),
            ).fetchone()
            if claimed is not None:
                connection.execute("INSERT INTO call VALUES (?, ?)", (negativation_id, os.getpid()))
        if claimed is None:
            return None
        time.sleep(self._seconds)
        with self._open() as connection:
            done = connection.execute("DELETE FROM row WHERE id = ? AND fence = ?", (negativation_id, claimed[0]))
            if done.rowcount:
                connection.execute("INSERT INTO effect VALUES (?, ?)", (negativation_id, os.getpid()))
        return "done"

    def sweep(self) -> object:
        with self._open() as connection:
            connection.execute("INSERT INTO sweep VALUES (?)", (os.getpid(),))
        return None

    @contextlib.contextmanager
    def _open(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(begin)
            yield connection
            if connection.in_transaction:
                connection.execute("COMMIT")

    def _read(self, sql: str, *values: object) -> list[Any]:
        with self._open("BEGIN") as connection:  # never waits for a writer
            return connection.execute(sql, values).fetchall()
