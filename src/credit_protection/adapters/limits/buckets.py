"""`ports.limits.RateLimits` by pyrate-limiter's buckets, one per integration."""

from __future__ import annotations

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
from credit_protection.domain.errors import CreditProtectionError
from credit_protection.domain.integrations import Integration
from credit_protection.domain.troubles import TroubleKind
from credit_protection.ports.clock import Clock
from credit_protection.ports.troubles import Troubles

_RETRY_AFTER_FAILURE = timedelta(seconds=1)
_FAIL_OPEN_AFTER = 30.0
"""An attempt may itself take some seconds: permits are given again within a minute."""
_PROBE_EVERY = 5.0
_SLOW_ATTEMPT = 0.1

log = logging.getLogger(__name__)


class Buckets(Protocol):
    """The store of all buckets, shared by all processes."""

    def bucket(self, name: str, allowed: Sequence[Window]) -> Acquire:
        """The bucket of this name, as its `acquire`."""
        ...

    def discard(self, name: str) -> None:
        """Close what this bucket alone uses: it failed, and is opened anew."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class BucketLimits:
    """Permits by `Integration.rate_per_second`; without a rate it counts nothing and opens nothing.

    While a bucket can't be created or read, whatever breaks, calls are delayed by a second each. After 30 seconds they
    are permitted: the bureau enforces its limit by itself (429), and the removal of a paid debt must not wait for ours.
    Meanwhile the bucket is tried again with a new connection, where that takes long by one call every 5 seconds; the
    failure is reported until that succeeds.

    The buckets are in the database if it is PostgreSQL, in `schema` or the connection's own; otherwise in a file in
    `home`.
    """

    def __init__(
        self, clock: Clock, url: str, home: Path, *, schema: str | None = None, troubles: Troubles | None = None
    ) -> None:
        self._clock = clock
        self._url = url
        self._home = home
        self._schema = schema
        self._troubles = troubles or Troubles()
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._buckets: Buckets | None = None
        self._known: dict[str, tuple[float, Acquire]] = {}
        self._failures: dict[str, _Failure] = {}

    def acquire(self, integration: Integration) -> datetime | None:
        """Acquire a permit for one call and return None, or return the instant of the next attempt."""
        rate = integration.settings.rate_per_second
        if rate is None:
            return None
        failure = self._failures.get(integration.id)
        if failure is not None and not failure.may_probe():
            return self._without_bucket(failure)
        began = time.monotonic()
        try:
            wait = self._bucket(integration.id, rate)()
        except Exception as error:  # noqa: BLE001 - logged once for each state
            return self._without_bucket(self._failed(integration, error, began))
        if failure is not None:
            self._healed(integration, failure)
        return None if wait is None else self._clock.now() + timedelta(milliseconds=max(1, wait))

    def _without_bucket(self, failure: _Failure) -> datetime | None:
        return None if failure.is_open() else self._clock.now() + _RETRY_AFTER_FAILURE

    def _failed(self, integration: Integration, error: Exception, began: float) -> _Failure:
        with self._lock:
            failure = self._failures.setdefault(integration.id, _Failure(began))
            failure.count += 1
            failure.ended(time.monotonic() - began)
            if failure.count > 1 and self._buckets is not None:  # the next attempt connects anew
                self._known.pop(integration.id, None)
                self._buckets.discard(_name(integration.id))
        is_open = failure.is_open()
        if failure.logged_as is not is_open:
            failure.logged_as = is_open
            what = "permitted" if is_open else "delayed"
            log.error(
                "the rate limit of integration %s can't be read: calls are %s", integration.id, what, exc_info=error
            )
        reason = error.message if isinstance(error, CreditProtectionError) else type(error).__name__
        message = (
            f"O limite de chamadas de {integration.description!r} não pôde ser lido nem gravado ({reason}): as "
            "chamadas são feitas sem limite, e o birô pode recusá-las. Confira o disco, as permissões da pasta do "
            "programa e o banco."
        )
        self._troubles.report(TroubleKind.LIMITER, integration.id, message)
        return failure

    def _healed(self, integration: Integration, failure: _Failure) -> None:
        self._failures.pop(integration.id, None)
        self._troubles.clear(TroubleKind.LIMITER, subject=integration.id)
        log.warning("the rate limit of integration %s works again, after %s failures", integration.id, failure.count)

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
                known = self._known[integration_id] = (rate, self._open().bucket(_name(integration_id), windows(rate)))
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


def _name(integration_id: str) -> str:
    return f"cp_{hashlib.sha256(integration_id.encode()).hexdigest()[:24]}"


class _Failure:
    """An integration's bucket fails since an instant of the monotonic clock."""

    def __init__(self, since: float) -> None:
        self.count = 0
        self.logged_as: bool | None = None
        self._since = since
        self._next_attempt = since
        self._lock = threading.Lock()

    def ended(self, took: float) -> None:
        """An attempt failed after so many seconds: after a slow one, the next is made later."""
        self._next_attempt = time.monotonic() + (_PROBE_EVERY if took > _SLOW_ATTEMPT else 0.0)

    def is_open(self) -> bool:
        """Whether calls are permitted all the same."""
        return time.monotonic() - self._since > _FAIL_OPEN_AFTER

    def may_probe(self) -> bool:
        """Whether this call tries the bucket again; while it does, others do not."""
        now = time.monotonic()
        with self._lock:
            if now < self._next_attempt:
                return False
            self._next_attempt = now + 2 * _PROBE_EVERY  # until it ends
            return True
