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
from credit_protection.adapters.private_files import private_file, private_folder
from credit_protection.adapters.sqlite import switch_to_wal

_BUSY_SECONDS = 5
_PRUNE_EVERY = 100
_CLOCK_MARGIN = 1_000


class SqliteBuckets:
    """One file, created if missing; one table per bucket."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._buckets: dict[str, _SqliteBucket] = {}

    def bucket(self, name: str, allowed: Sequence[Window]) -> Acquire:
        """The bucket of this name, as its `acquire`."""
        if not self._path.exists():  # it may have been deleted since
            private_folder(self._path.parent)
        private_file(self._path)
        self.discard(name)
        self._buckets[name] = _SqliteBucket(self._path, name, allowed)
        return self._buckets[name].acquire

    def discard(self, name: str) -> None:
        """Close the connection of this bucket."""
        if name in self._buckets:
            self._buckets.pop(name).close()

    def close(self) -> None:
        """Close the connections."""
        for name in list(self._buckets):
            self.discard(name)


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
                self._forget_later_than(now)
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

    def _forget_later_than(self, now: int) -> None:
        """Permits of a later instant are of a clock that has moved back since: they would bar calls until then."""
        newest = self._connection.execute(f"SELECT max(item_timestamp) FROM '{self._name}'").fetchone()[0]  # noqa: S608
        if newest is not None and newest > now + _CLOCK_MARGIN:
            self._connection.execute(f"DELETE FROM '{self._name}' WHERE item_timestamp > ?", (now,))  # noqa: S608

    def close(self) -> None:
        with self._lock:
            self._connection.close()
