"""Buckets in a SQLite file, for the processes of one machine."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import TYPE_CHECKING, cast

from pyrate_limiter import Rate, RateItem, SQLiteBucket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyrate_limiter.abstracts.algorithm import Decision

    from credit_protection.adapters.limits.pace import Window

_BUSY_SECONDS = 5
_FORGET_EVERY = 100


class SqliteBuckets:
    """One file, one table per bucket.

    Args:
        path: of the file; made where it does not exist.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._open: list[_SqliteBucket] = []

    def bucket(self, name: str, allowed: Sequence[Window]) -> _SqliteBucket:
        """The bucket of this name."""
        bucket = _SqliteBucket(self._path, name, allowed)
        self._open.append(bucket)
        return bucket

    def close(self) -> None:
        """Close the connections."""
        for bucket in self._open:
            bucket.close()
        self._open.clear()


class _SqliteBucket:
    """The library counts and inserts in two statements: BEGIN IMMEDIATE makes them one for all processes."""

    def __init__(self, path: Path, name: str, allowed: Sequence[Window]) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")  # a permit that a power cut loses is no loss
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS '{name}' (name VARCHAR, item_timestamp INTEGER)")
        self._connection.execute(f"CREATE INDEX IF NOT EXISTS 'at_{name}' ON '{name}' (item_timestamp)")
        self._bucket = SQLiteBucket([Rate(each.calls, each.milliseconds) for each in allowed], self._connection, name)
        self._name = name
        self._taken = 0

    def take(self) -> int | None:
        """None where a permit is given; else after how many milliseconds to ask again."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                now = time.time_ns() // 1_000_000
                # Only asynchronous buckets give something to await. It commits where it admits.
                decision = cast("Decision", self._bucket.put_decision(RateItem(self._name, now)))
            finally:
                if self._connection.in_transaction:
                    self._connection.rollback()
            if not decision.allowed:
                return decision.retry_after_ms or 1
            self._taken += 1
            if self._taken % _FORGET_EVERY == 0:
                self._bucket.leak(now)
            return None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()
