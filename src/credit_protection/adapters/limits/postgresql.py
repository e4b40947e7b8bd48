"""Buckets in PostgreSQL, for the processes of many machines."""

import random
import threading
from collections.abc import Sequence
from typing import Any, cast

from pyrate_limiter.abstracts.algorithm import Decision

from credit_protection.adapters.limits.rate_windows import Acquire, Window
from credit_protection.adapters.postgresql import libpq_url, session_options
from credit_protection.domain.errors import ConfigurationError

try:
    from psycopg_pool import ConnectionPool
    from pyrate_limiter import PostgresBucket, Rate, RateItem
except ImportError as error:
    raise ConfigurationError(
        "O limite de chamadas no PostgreSQL precisa do psycopg com pool. Instale-o: "
        f"pip install 'credit-protection[postgresql]'. (Falta: {error.name}.)",
        code="extra_ausente",
    ) from error


_CONNECTIONS = 4
_SECONDS = 5
_PRUNE_EVERY = 100
_LOCK_ATTEMPTS = 8
_LOCK_MILLISECONDS = 10
_CLOCK_MARGIN = 10_000


class PostgresqlBuckets:
    """One table per bucket, with a small connection pool; the schema of the tables must exist."""

    def __init__(self, url: str, schema: str | None) -> None:
        # The library stores instants without a time zone: all sessions must use the same one.
        options = session_options(url, schema, "timezone=UTC", f"statement_timeout={int(_SECONDS * 1000)}")
        self._pool: ConnectionPool[Any] = ConnectionPool(
            libpq_url(url),
            kwargs={"options": options, "connect_timeout": _SECONDS, "tcp_user_timeout": int(_SECONDS * 1000)},
            min_size=0,
            max_size=_CONNECTIONS,
            timeout=_SECONDS,
            check=ConnectionPool.check_connection,
            open=True,
        )

    def bucket(self, name: str, allowed: Sequence[Window]) -> Acquire:
        """The bucket of this name, as its `acquire`."""
        return _PostgresqlBucket(self._pool, name, allowed).acquire

    def discard(self, name: str) -> None:
        """Nothing to close: the pool drops the connections that failed."""

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


class _PostgresqlBucket:
    """The library locks the table with NOWAIT, so the threads of one process use a lock of their own."""

    def __init__(self, pool: ConnectionPool[Any], name: str, allowed: Sequence[Window]) -> None:
        self._lock = threading.Lock()
        self._bucket = PostgresBucket(pool, name, [Rate(each.calls, each.milliseconds) for each in allowed])
        self._name = name
        self._permits = 0
        self._sleep = threading.Event()

    def acquire(self) -> int | None:
        with self._lock:
            for _ in range(_LOCK_ATTEMPTS):
                now = int(self._bucket.now())  # type: ignore[no-untyped-call] # the server's time
                # Only asynchronous buckets give something to await.
                decision = cast("Decision", self._bucket.put_decision(RateItem(self._name, now)))
                if decision.allowed:
                    self._prune(now)
                    return None
                if decision.retry_after_ms is not None:
                    return self._wait(now, decision.retry_after_ms)
                self._sleep.wait(random.uniform(0.001, _LOCK_MILLISECONDS / 1000))  # noqa: S311 - another has the table
            return _LOCK_MILLISECONDS

    def _wait(self, now: int, milliseconds: int) -> int:
        """The wait, where it is one; permits later than the server's clock are of a clock that was moved back since."""
        newest = self._bucket.peek(0)
        if not isinstance(newest, RateItem) or newest.timestamp <= now + _CLOCK_MARGIN:
            return milliseconds
        self._bucket.flush()
        return _LOCK_MILLISECONDS

    def _prune(self, now: int) -> None:
        self._permits += 1
        if self._permits % _PRUNE_EVERY == 0:
            self._bucket.leak(now)
