"""Buckets in a SQLite file, for the processes of one machine."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pyrate_limiter import Rate, RateItem, SQLiteBucket
from pyrate_limiter.abstracts.algorithm import Decision

from credit_protection.adapters.limits.rate_windows import Acquire, Window
from credit_protection.adapters.sqlite import switch_to_wal

_BUSY_SECONDS = 5
_PRUNE_EVERY = 100


class SqliteBuckets:
    """One file, created if missing; one table per bucket."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._buckets: list[_SqliteBucket] = []

    def bucket(self, name: str, allowed: Sequence[Window]) -> Acquire:
        """The bucket of this name, as its `acquire`."""
        bucket = _SqliteBucket(self._path, name, allowed)
        self._buckets.append(bucket)
        return bucket.acquire

    def close(self) -> None:
        """Close the connections."""
        for bucket in self._buckets:
            bucket.close()
        self._buckets.clear()


class _SqliteBucket:
    """The library counts and inserts in two statements, which BEGIN IMMEDIATE makes atomic."""

    def __init__(self, path: Path, name: str, allowed: Sequence[Window]) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            switch_to_wal(self._connection, _BUSY_SECONDS)
            self._connection.execute("PRAGMA synchronous = OFF")  # losing a permit in a power cut does no harm
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS '{name}' (name VARCHAR, item_timestamp INTEGER)")
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS 'at_{name}' ON '{name}' (item_timestamp)")
        except BaseException:
            self._connection.close()
            raise
        self._bucket = SQLiteBucket([Rate(each.calls, each.milliseconds) for each in allowed], self._connection, name)
        self._name = name
        self._permits = 0

    def acquire(self) -> int | None:
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
            self._permits += 1
            if self._permits % _PRUNE_EVERY == 0:
                self._bucket.leak(now)
            return None

    def close(self) -> None:
        with self._lock:
            self._connection.close()
