"""`ports.limits.RateLimits` by pyrate-limiter's buckets, one per integration."""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from credit_protection.adapters.limits.rate_windows import Acquire, Window, windows
from credit_protection.adapters.postgresql import is_postgresql
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.integrations import Integration
from credit_protection.ports.clock import Clock

_RETRY_AFTER_FAILURE = timedelta(seconds=1)
_FAIL_OPEN_AFTER = 60.0

log = logging.getLogger(__name__)


class Buckets(Protocol):
    """The store of all buckets, shared by all processes."""

    def bucket(self, name: str, allowed: Sequence[Window]) -> Acquire:
        """The bucket of this name, as its `acquire`."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class BucketLimits:
    """Permits by `Integration.rate_per_second`; without a rate it counts nothing and opens nothing.

    While a bucket can't be created or read, calls are delayed by a second each. After a minute they are permitted: the
    bureau enforces its limit by itself (429), and the removal of a paid debt must not wait for ours.

    The buckets are in the database if it is PostgreSQL, in `schema` or the connection's own; otherwise in a file in
    `home`.
    """

    def __init__(self, clock: Clock, url: str, home: Path, *, schema: str | None = None) -> None:
        self._clock = clock
        self._url = url
        self._home = home
        self._schema = schema
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._buckets: Buckets | None = None
        self._known: dict[str, tuple[float, Acquire]] = {}
        self._failing_since: float | None = None

    def acquire(self, integration: Integration) -> datetime | None:
        """Acquire a permit for one call and return None, or return the instant of the next attempt.

        Raises:
            ConfigurationError: the extra of PostgreSQL's buckets is not installed, or the schema has no plain name.
        """
        rate = integration.settings.rate_per_second
        if rate is None:
            return None
        try:
            wait = self._bucket(integration.id, rate)()
        except ConfigurationError:
            raise
        except Exception:
            fails_open = self._should_fail_open()
            log.exception(
                "the rate limit of integration %s can't be read: calls are %s",
                integration.id,
                "permitted" if fails_open else "delayed",
            )
            return None if fails_open else self._clock.now() + _RETRY_AFTER_FAILURE
        self._failing_since = None
        return None if wait is None else self._clock.now() + timedelta(milliseconds=max(1, wait))

    def close(self) -> None:
        """Close the connections. The next call opens new ones."""
        with self._lock:
            if self._buckets is not None and self._pid == os.getpid():
                self._buckets.close()
            self._buckets = None
            self._known.clear()

    def _bucket(self, integration_id: str, rate: float) -> Acquire:
        with self._lock:
            if self._pid != os.getpid():  # forked: connections are the parent's
                self._pid, self._buckets = os.getpid(), None
                self._known.clear()
            known = self._known.get(integration_id)
            if known is None or known[0] != rate:
                name = f"cp_{hashlib.sha256(integration_id.encode()).hexdigest()[:24]}"
                known = self._known[integration_id] = (rate, self._open().bucket(name, windows(rate)))
            return known[1]

    def _open(self) -> Buckets:
        if self._buckets is None:
            if is_postgresql(self._url):
                from credit_protection.adapters.limits.postgresql import PostgresqlBuckets  # noqa: PLC0415 - an extra

                self._buckets = PostgresqlBuckets(self._url, self._schema)
            else:
                from credit_protection.adapters.limits.sqlite import SqliteBuckets  # noqa: PLC0415 - when first needed

                self._buckets = SqliteBuckets(self._home / "limits.sqlite")
        return self._buckets

    def _should_fail_open(self) -> bool:
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        return now - self._failing_since > _FAIL_OPEN_AFTER
