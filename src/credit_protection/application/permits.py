"""Permits: a call to a bureau is made only where its integration's rate allows it, over all threads and processes.

A permit is taken before the claim, so that nothing is held by whoever waits for one. What a process was told ("not
before") it remembers: until then it neither asks again nor looks at that integration's transmissions, and whatever goes
through other integrations is not held up.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.integrations import Integration
    from credit_protection.ports.storage import DueTransmission

PATIENCE = timedelta(seconds=5)
"""How long a person's credit query waits for a permit."""
_KNOWN_FOR = 1.0
_KNOWN_FOR_AT_MOST = timedelta(seconds=1)
_SPARE_FOR = 0.25
_SOON = timedelta(milliseconds=10)
_WARMING_UP = timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call, or the instant before which there is none.

    Args:
        integration_id: where it has a rate.
        not_before: instant, UTC; None where the permit is given.
    """

    integration_id: str | None = None
    not_before: datetime | None = None


class Permits:
    """The permits of this process. Thread-safe.

    The first call of a process goes alone: it opens connections and logs in, and those that were permitted meanwhile
    would wait for that and then arrive together.

    Args:
        tenant: whose limits.
        sleep: waits so many seconds.
    """

    def __init__(self, tenant: Tenant, sleep: Callable[[float], None] = time.sleep) -> None:
        self._tenant = tenant
        self._sleep = sleep
        self._lock = threading.Lock()
        self._not_before: dict[str, datetime] = {}
        self._integration_of: dict[str, str] = {}
        self._read: dict[str, tuple[float, datetime, Integration]] = {}
        self._spare: Counter[str] = Counter()
        self._spare_until = 0.0
        self._warming: set[str] = set()
        self._warm: set[str] = set()

    # ------------------------------------------------------------------------------------------ looking

    def held_back(self) -> frozenset[str]:
        """Integrations that have no permit now: their transmissions are not looked at."""
        now = self._tenant.clock.now()
        with self._lock:
            self._not_before = {key: until for key, until in self._not_before.items() if until > now}
            return frozenset(self._not_before)

    def found(self, due: Iterable[DueTransmission]) -> None:
        """Remember through which integration each of these goes."""
        self._integration_of = {each.negativation_id: each.integration_id for each in due}

    def look_again(self, upcoming: datetime | None) -> datetime | None:
        """When to look again, where `upcoming` is what the rows say: they know nothing of permits."""
        now = self._tenant.clock.now()
        with self._lock:
            first = min(self._not_before.values(), default=None)
        if first is None or upcoming is None or upcoming > now:
            return upcoming
        return max(first, now + _SOON)  # what is due may be what was held back at the last look

    # ------------------------------------------------------------------------------------------ taking

    def take(self, integration: Integration) -> Permit:
        """Take a permit for an integration's next call; `end` it afterwards, where it was given."""
        if integration.rate_per_second is None:
            return Permit()
        now = self._tenant.clock.now()
        with self._lock:
            until = self._not_before.get(integration.id)
            if self._spare[integration.id] and time.monotonic() < self._spare_until:
                self._spare[integration.id] -= 1
                return Permit(integration.id)
            if integration.id in self._warming:
                until = now + _WARMING_UP
            if until is not None and until > now:
                self._not_before[integration.id] = until
                return Permit(integration.id, until)
            if integration.id not in self._warm:
                self._warming.add(integration.id)
        not_before = self._tenant.limits.permit(integration)
        if not_before is not None:
            with self._lock:
                self._not_before[integration.id] = not_before
                self._warming.discard(integration.id)
        return Permit(integration.id, not_before)

    def end(self, permit: Permit, *, was_used: bool) -> None:
        """The call was made, or there was none to make: then the integration's next one may use the permit.

        Only at once: calls that were permitted long ago would come in a crowd.
        """
        if permit.integration_id is None:
            return
        with self._lock:
            self._warming.discard(permit.integration_id)
            if was_used:
                self._warm.add(permit.integration_id)
                return
            if time.monotonic() >= self._spare_until:
                self._spare.clear()
            self._spare[permit.integration_id] += 1
            self._spare_until = time.monotonic() + _SPARE_FOR

    def wait(self, integration: Integration) -> None:
        """Take a permit for a call that a person waits for, within `PATIENCE`.

        Raises:
            RateLimited: none came free in that time; nothing was sent.
        """
        give_up_at = self._tenant.clock.now() + PATIENCE
        while (not_before := self._tenant.limits.permit(integration)) is not None:
            if not_before > give_up_at:
                raise RateLimited(
                    f"A integração {integration.description!r} está no limite de chamadas por segundo. Nada foi "
                    "enviado nem cobrado: tente de novo em instantes.",
                    retry_at=not_before,
                )
            self._sleep(max(0.0, (not_before - self._tenant.clock.now()).total_seconds()))

    def integration(self, negativation_id: str) -> Integration:
        """Through which integration a transmission goes, as it was read a second ago at most, by either clock.

        Raises:
            NotFound: there is no such negativation.
        """
        integration_id = self._integration_of.get(negativation_id)
        now, instant = time.monotonic(), self._tenant.clock.now()
        known = None if integration_id is None else self._read.get(integration_id)
        if known is not None and now - known[0] < _KNOWN_FOR and abs(instant - known[1]) < _KNOWN_FOR_AT_MOST:
            return known[2]
        with self._tenant.storage.reading() as unit:
            if integration_id is None:
                integration_id = unit.negativations.get(negativation_id).integration_id
            integration = unit.integrations.get(integration_id)
        self._read[integration_id] = (now, instant, integration)
        return integration

    def forget(self, integration_id: str) -> None:
        """An integration was changed by this process: what was read of it is out of date."""
        self._read.pop(integration_id, None)
