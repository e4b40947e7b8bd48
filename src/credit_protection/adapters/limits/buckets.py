"""`ports.limits.RateLimits` over pyrate-limiter's buckets: one bucket per integration."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from credit_protection.adapters.limits.pace import windows
from credit_protection.adapters.postgresql import is_postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from credit_protection.adapters.limits.pace import Window
    from credit_protection.domain.integrations import Integration
    from credit_protection.ports.clock import Clock

_HOLD_AFTER_FAILURE = timedelta(seconds=1)
_LET_GO_AFTER = 60.0

log = logging.getLogger(__name__)


class Bucket(Protocol):
    """What one integration's calls are counted in."""

    def take(self) -> int | None:
        """None where a permit is given; else after how many milliseconds to ask again."""
        ...


class Buckets(Protocol):
    """Where buckets are kept: all processes see them."""

    def bucket(self, name: str, allowed: Sequence[Window]) -> Bucket:
        """The bucket of this name."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass
class _Known:
    rate: float
    bucket: Bucket


class BucketLimits:
    """Permits by `Integration.rate_per_second`; where there is none, nothing is counted and nothing is opened.

    A bucket that can't be read holds calls back, a second at a time. After a minute of it they are let go: a limit is a
    courtesy that the bureau enforces by itself (429, which is obeyed), and a paid debt must not wait for it.

    Args:
        clock: the time.
        url: of the database: PostgreSQL's is used; for any other, a file.
        home: folder of that file.
        schema: of the tables, on PostgreSQL; None for the connection's own.
    """

    def __init__(self, clock: Clock, url: str, home: Path, *, schema: str | None = None) -> None:
        self._clock = clock
        self._url = url
        self._home = home
        self._schema = schema
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._buckets: Buckets | None = None
        self._known: dict[str, _Known] = {}
        self._failing_since: float | None = None

    def permit(self, integration: Integration) -> datetime | None:
        """Take a permit for one call; None where it is given, else when to ask again.

        Raises:
            ConfigurationError: what PostgreSQL's buckets need is not installed.
        """
        rate = integration.rate_per_second
        if rate is None:
            return None
        bucket = self._bucket(integration.id, rate)
        try:
            wait = bucket.take()
        except Exception:
            lets_go = self._has_failed_for_long()
            log.exception(
                "the rate limit of integration %s can't be read: calls are %s",
                integration.id,
                "let go" if lets_go else "held",
            )
            return None if lets_go else self._clock.now() + _HOLD_AFTER_FAILURE
        self._failing_since = None
        return None if wait is None else self._clock.now() + timedelta(milliseconds=max(1, wait))

    def close(self) -> None:
        """Let go of connections. It may be used again."""
        with self._lock:
            if self._buckets is not None and self._pid == os.getpid():
                self._buckets.close()
            self._buckets = None
            self._known.clear()

    def _bucket(self, integration_id: str, rate: float) -> Bucket:
        with self._lock:
            if self._pid != os.getpid():  # forked: connections are the parent's
                self._pid, self._buckets = os.getpid(), None
                self._known.clear()
            known = self._known.get(integration_id)
            if known is None or known.rate != rate:
                name = f"cp_{hashlib.sha256(integration_id.encode()).hexdigest()[:24]}"
                bucket = self._place().bucket(name, windows(rate))
                known = self._known[integration_id] = _Known(rate, bucket)
            return known.bucket

    def _place(self) -> Buckets:
        if self._buckets is None:
            if is_postgresql(self._url):
                from credit_protection.adapters.limits.postgresql import PostgresqlBuckets  # noqa: PLC0415 - an extra

                self._buckets = PostgresqlBuckets(self._url, self._schema)
            else:
                from credit_protection.adapters.limits.sqlite import SqliteBuckets  # noqa: PLC0415 - when first needed

                self._buckets = SqliteBuckets(self._home / "limits.sqlite")
        return self._buckets

    def _has_failed_for_long(self) -> bool:
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        return now - self._failing_since > _LET_GO_AFTER
