"""Admission control: a call to a bureau is made only where its rate limit and its circuit breaker allow it.

Both hold over all threads and processes. A permit is acquired before the claim, so that no lease runs while a call
is throttled.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import breaker
from credit_protection.domain.breaker import CallState
from credit_protection.domain.errors import BureauError, Conflict, RateLimited
from credit_protection.domain.instants import has_come
from credit_protection.domain.integrations import Integration
from credit_protection.ports.storage import DueTransmission

log = logging.getLogger(__name__)

QUERY_PERMIT_TIMEOUT = timedelta(seconds=5)
"""How long a person's credit query waits for a permit."""
_CACHE_TTL = timedelta(seconds=1)
_UNUSED_PERMIT_TTL = 0.25
_MIN_DELAY = timedelta(milliseconds=10)
_FIRST_CALL_SPACING = timedelta(milliseconds=50)
_UPDATE_ATTEMPTS = 5
_LONGEST_DELAY = timedelta(seconds=10)
"""The longest that a limiter may delay a call, besides the time between two calls of its rate."""
_LONGEST_PERIOD = 86400.0


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit for one call of an integration that has a rate; none before `not_before`, where it is set."""

    integration_id: str | None = None
    not_before: datetime | None = None


class RateLimiter:
    """The permits of this process. Thread-safe.

    What the port answered ("not before") is remembered: until then the port is not asked again, and the integration's
    transmissions are not fetched; other integrations are not delayed. The first call of a process is made alone: it
    opens connections and logs in, and calls permitted meanwhile would wait for that and then arrive at once.
    """

    def __init__(self, tenant: TenantPorts, sleep: Callable[[float], None] = time.sleep) -> None:
        self._tenant = tenant
        self._sleep = sleep
        self._lock = threading.Lock()
        self._not_before: dict[str, datetime] = {}
        self._farthest: dict[str, timedelta] = {}
        self._integration_of: dict[str, str] = {}
        self._cache: dict[str, tuple[float, datetime, Integration]] = {}
        self._unused: Counter[str] = Counter()
        self._unused_until = 0.0
        self._warming: set[str] = set()
        self._warm: set[str] = set()

    def throttled_integrations(self) -> frozenset[str]:
        """Integrations without a permit now: their transmissions are not fetched."""
        now = self._tenant.clock.now()
        with self._lock:
            known = self._not_before.items()
            self._not_before = {key: until for key, until in known if not has_come(until, now, self._farthest[key])}
            return frozenset(self._not_before)

    def remember(self, due: Iterable[DueTransmission]) -> None:
        """Remember the integration of each due transmission."""
        self._integration_of = {each.negativation_id: each.integration_id for each in due}

    def next_check_at(self, upcoming: datetime | None) -> datetime | None:
        """When to fetch again, where the rows alone say `upcoming`."""
        now = self._tenant.clock.now()
        with self._lock:
            first = min(self._not_before.values(), default=None)
        if first is None or upcoming is None or upcoming > now:
            return upcoming
        return max(first, now + _MIN_DELAY)  # the due row may be one that was throttled at the last fetch

    def integration(self, negativation_id: str) -> Integration:
        """The integration of a transmission, read at most a second ago by either clock.

        Raises:
            NotFound: there is no such negativation.
        """
        integration_id = self._integration_of.get(negativation_id)
        now, instant = time.monotonic(), self._tenant.clock.now()
        cached = None if integration_id is None else self._cache.get(integration_id)
        if cached is not None:
            read_at, read_instant, integration = cached
            if now - read_at < _CACHE_TTL.total_seconds() and abs(instant - read_instant) < _CACHE_TTL:
                return integration
        with self._tenant.storage.read_only() as unit:
            if integration_id is None:
                integration_id = unit.negativations.get(negativation_id).integration_id
            integration = unit.integrations.get(integration_id)
        self._cache[integration_id] = (now, instant, integration)
        return integration

    def invalidate(self, integration_id: str) -> None:
        """Drop the cached integration: this process has changed it."""
        self._cache.pop(integration_id, None)

    def acquire(self, integration: Integration) -> Permit:
        """Acquire a permit for an integration's next call; where it is given, `release` it afterwards.

        Raises:
            Exception: the limiter failed; no permit was given, and the next call asks again.
        """
        if integration.settings.rate_per_second is None:
            return Permit()
        now = self._tenant.clock.now()
        with self._lock:
            until = self._not_before.get(integration.id)
            rate = integration.settings.rate_per_second
            self._farthest[integration.id] = _LONGEST_DELAY + timedelta(seconds=min(1 / rate, _LONGEST_PERIOD))
            if self._unused[integration.id] and time.monotonic() < self._unused_until:
                self._unused[integration.id] -= 1
                return Permit(integration.id)
            if integration.id in self._warming:
                until = now + _FIRST_CALL_SPACING
            if until is not None and not has_come(until, now, self._farthest[integration.id]):
                self._not_before[integration.id] = until
                return Permit(integration.id, until)
            if integration.id not in self._warm:
                self._warming.add(integration.id)
        try:
            not_before = self._tenant.limits.acquire(integration)
        except BaseException:
            with self._lock:
                self._warming.discard(integration.id)
            raise
        if not_before is not None:
            with self._lock:
                self._not_before[integration.id] = not_before
                self._warming.discard(integration.id)
        return Permit(integration.id, not_before)

    def release(self, permit: Permit, *, used: bool) -> None:
        """Release a permit; where no call was made, the integration's next call may use it.

        An unused permit expires soon: calls that were permitted long ago would be made in a burst.
        """
        if permit.integration_id is None:
            return
        with self._lock:
            self._warming.discard(permit.integration_id)
            if used:
                self._warm.add(permit.integration_id)
                return
            if time.monotonic() >= self._unused_until:
                self._unused.clear()
            self._unused[permit.integration_id] += 1
            self._unused_until = time.monotonic() + _UNUSED_PERMIT_TTL

    def acquire_blocking(self, integration: Integration) -> None:
        """Wait for a permit, at most `QUERY_PERMIT_TIMEOUT`, for a call that a person waits for.

        Raises:
            RateLimited: none was given in that time; nothing was sent.
        """
        wait_until = self._tenant.clock.now() + QUERY_PERMIT_TIMEOUT
        while (not_before := self._tenant.limits.acquire(integration)) is not None:
            if not_before > wait_until:
                raise RateLimited(
                    f"A integração {integration.description!r} está no limite de chamadas por segundo. Nada foi "
                    "enviado nem cobrado: tente de novo em instantes.",
                    retry_at=not_before,
                )
            self._sleep(max(0.0, (not_before - self._tenant.clock.now()).total_seconds()))


@dataclass(slots=True)
class CallPermission:
    """Permission to claim; none before `not_before`, where another call probes the bureau now.

    `probe` is the end of the pause that was made for this call to probe alone; None where all calls are allowed.
    """

    integration_id: str
    not_before: datetime | None = None
    probe: datetime | None = None
    outcome_recorded: bool = False


class CircuitBreaker:
    """The circuit breakers of all integrations. Thread-safe.

    Their state is columns of the integration, with optimistic versions: a rule of `domain.breaker` is applied to the
    row as it was just read, and again where another process changed it in between; after a few attempts it is dropped.
    A dropped update loses one failure of a run, which the next failure makes good, or the end of a pause, which the
    next probe brings about: never a pause without end. While the bureau answers, nothing is written.
    """

    def __init__(self, tenant: TenantPorts, rates: RateLimiter) -> None:
        self._tenant = tenant
        self._rates = rates
        self._with_failures: set[str] = set()
        """Integrations with failed calls, as far as this process knows: there a success must be stored."""

    @contextmanager
    def guard(self, integration: Integration) -> Iterator[CallPermission]:
        """Permit one transmission; a probe that makes no call is released, so that the next call probes."""
        permission = self._acquire(integration)
        try:
            yield permission
        finally:
            if permission.probe is not None and not permission.outcome_recorded:
                self._release_probe(permission.integration_id, permission.probe)

    def record_outcome(
        self, permission: CallPermission, integration: Integration, negativation_id: str, error: BureauError | None
    ) -> None:
        """Record the outcome of a call."""
        permission.outcome_recorded = True
        is_well = error is None and permission.probe is None
        if is_well and not integration.failing_negativation_ids and integration.id not in self._with_failures:
            return
        now = self._tenant.clock.now()
        before, after = self._update(
            integration.id, lambda row: breaker.after_call(row, negativation_id, error, now, permission.probe)
        )
        if after.failing_negativation_ids:
            self._with_failures.add(integration.id)
        else:
            self._with_failures.discard(integration.id)
        if before.paused_until is not None and after.paused_until is None:
            log.info("the bureau of %s is back", integration.description, extra={"integration": integration.id})
            self._tenant.queue.wake()
        elif after is not before and after.is_paused(now):
            log.warning("%s pauses until %s: %s", integration.description, after.paused_until, after.pause_reason)

    def _acquire(self, integration: Integration) -> CallPermission:
        now = self._tenant.clock.now()
        if breaker.call_state(integration, now) is not CallState.HALF_OPEN:
            return CallPermission(integration.id)  # where it is open, the claim refuses, on the row as it is then
        capabilities = self._tenant.gateways.capabilities(integration.gateway)  # without them, the claim refuses
        timeout = breaker.PROBE_TIMEOUT if capabilities is None else capabilities.lease
        before, after = self._update(integration.id, lambda row: breaker.start_probe(row, now, timeout))
        if after is not before:
            return CallPermission(integration.id, probe=after.paused_until)
        return CallPermission(integration.id, not_before=after.paused_until)

    def _release_probe(self, integration_id: str, probe: datetime) -> None:
        now = self._tenant.clock.now()
        try:
            self._update(integration_id, lambda row: breaker.release_probe(row, now, probe))
        except Exception:  # it expires by itself
            log.exception("the probe of integration %s was not released", integration_id)

    def _update(
        self, integration_id: str, rule: Callable[[Integration], Integration]
    ) -> tuple[Integration, Integration]:
        """The row before and after; the same object twice where nothing was stored."""
        attempts = 0
        while True:
            with self._tenant.storage.read_only() as unit:
                before = unit.integrations.get(integration_id)
            after = rule(before)
            self._rates.invalidate(integration_id)
            if after is before or attempts == _UPDATE_ATTEMPTS:
                return before, before
            attempts += 1
            with suppress(Conflict), self._tenant.storage.unit() as unit:
                unit.integrations.save(after)
                unit.commit()
                self._rates.invalidate(integration_id)
                return before, after
