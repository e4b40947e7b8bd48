"""Breakers: the columns of an integration that keep all processes from calling a bureau that is down.

Optimistic versions: a change is a rule (`domain.breaker`) applied to the row as it was just read, and applied anew
where somebody else changed the row meanwhile; after a few times it is let go. What is lost then is one failure of a
run, which the next one makes good, or the end of a pause, which its next probe brings about: never a pause without end.
While all is well nothing is written, and nothing is read that was not read anyway.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credit_protection.domain import breaker
from credit_protection.domain.breaker import CallState
from credit_protection.domain.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from credit_protection.application.permits import Permits
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.errors import BureauError
    from credit_protection.domain.integrations import Integration

log = logging.getLogger(__name__)

_TRIES = 5


@dataclass(slots=True)
class Passage:
    """Leave to claim, or the instant before which there is none.

    Args:
        integration_id: through which.
        not_before: instant, UTC, where another asks just now; None where the way is free.
        probe: the end of the pause that was made so that this one asks alone; None where all may call.
        has_told: whether the outcome of its call was told of.
    """

    integration_id: str
    not_before: datetime | None = None
    probe: datetime | None = None
    has_told: bool = False


class Breakers:
    """The breakers of all integrations. Thread-safe."""

    def __init__(self, tenant: Tenant, permits: Permits) -> None:
        self._tenant = tenant
        self._permits = permits
        self._troubled: set[str] = set()
        """Integrations of which this process knows that calls failed: a success has something to say."""

    @contextmanager
    def passage(self, integration: Integration) -> Iterator[Passage]:
        """Go through the breaker with one transmission; whoever was to ask, and made no call, lets the next ask.

        Args:
            integration: as it was read lately.
        """
        passage = self._enter(integration)
        try:
            yield passage
        finally:
            if passage.probe is not None and not passage.has_told:
                self._hand_on(passage.integration_id, passage.probe)

    def tell(self, passage: Passage, integration: Integration, negativation_id: str, error: BureauError | None) -> None:
        """What a call came to.

        Args:
            passage: that it went through.
            integration: as it was read at the claim.
            negativation_id: whose call it was.
            error: how it failed; None where the bureau answered.
        """
        passage.has_told = True
        is_well = error is None and passage.probe is None
        if is_well and not integration.failing and integration.id not in self._troubled:
            return
        now = self._tenant.clock.now()
        before, after = self._change(
            integration.id, lambda row: breaker.after_call(row, negativation_id, error, now, passage.probe)
        )
        if after.failing:
            self._troubled.add(integration.id)
        else:
            self._troubled.discard(integration.id)
        if before.paused_until is not None and after.paused_until is None:
            log.info("the bureau of %s is back", integration.description, extra={"integration": integration.id})
            self._tenant.queue.wake()
        elif after is not before and after.is_paused(now):
            log.warning("%s pauses until %s: %s", integration.description, after.paused_until, after.pause_reason)

    def _enter(self, integration: Integration) -> Passage:
        now = self._tenant.clock.now()
        if breaker.call_state(integration, now) is not CallState.HALF_OPEN:
            return Passage(integration.id)  # where it is open, the claim says so, on what stands then
        kind = self._tenant.gateways.kinds.get(integration.gateway)  # where it is not plugged in, the claim says so
        lasts = breaker.PROBE_LASTS if kind is None else kind.capabilities.lease
        before, after = self._change(integration.id, lambda row: breaker.probing(row, now, lasts))
        if after is not before:
            return Passage(integration.id, probe=after.paused_until)
        return Passage(integration.id, not_before=after.paused_until)

    def _hand_on(self, integration_id: str, probe: datetime) -> None:
        now = self._tenant.clock.now()
        try:
            self._change(integration_id, lambda row: breaker.handed_on(row, now, probe))
        except Exception:  # it ends by itself
            log.exception("the probe of integration %s was not given back", integration_id)

    def _change(
        self, integration_id: str, rule: Callable[[Integration], Integration]
    ) -> tuple[Integration, Integration]:
        """The row before and after; the very same where nothing was stored."""
        tries = 0
        while True:
            with self._tenant.storage.reading() as unit:
                before = unit.integrations.get(integration_id)
            after = rule(before)
            self._permits.forget(integration_id)
            if after is before or tries == _TRIES:
                return before, before
            tries += 1
            with suppress(Conflict), self._tenant.storage.unit() as unit:
                unit.integrations.save(after)
                unit.commit()
                self._permits.forget(integration_id)
                return before, after
