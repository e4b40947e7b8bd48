"""`WorkerTasks` over rows in a file for several processes, with claims, leases and fencing tokens, as a storage has."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credit_protection.domain.state_table import Action
from credit_protection.ports.storage import DueTransmission

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
        path: of the file.
        seconds: how long a call takes.
        lease: seconds until a claim expires.
    """

    def __init__(self, path: Path, *, seconds: float = 0.02, lease: float = 1.0) -> None:
        self._path = path
        self._seconds = seconds
        self._lease = lease

    def create(self, ids: Sequence[str]) -> None:
        """Create the tables, and rows that are due now, the most urgent first."""
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
        """The rows that may be claimed now."""
        now = time.time()
        sql = "SELECT id, due_at FROM row WHERE due_at <= ? AND leased_until <= ? ORDER BY rank LIMIT ?"
        found = self._read(sql, now, now, limit)
        return [DueTransmission(id_, "i", Action.REMOVE, None, datetime.fromtimestamp(at, UTC)) for id_, at in found]

    def next_due_at(self) -> datetime | None:
        """When the first row may be claimed."""
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
        """Record this process."""
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
