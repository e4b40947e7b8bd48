"""How fast a pass may call the bureau."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from credit_protection.application.reconciliation.marks import NEVER
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.integrations import Integration

_SHARE_OF_RATE = 5


class Pace:
    """At most a fifth of the integration's rate, and each call with a permit."""

    def __init__(self, tenant: TenantPorts, integration: Integration) -> None:
        self._tenant = tenant
        self._integration = integration
        rate = integration.settings.rate_per_second
        self._spacing = timedelta(0) if rate is None else timedelta(seconds=_SHARE_OF_RATE / rate)
        self._next = NEVER

    def seconds_left(self) -> float:
        """How long the next call must wait for the one before it."""
        return max(0.0, (self._next - self._tenant.clock.now()).total_seconds())

    def before_call(self, sleep: Callable[[float], None]) -> None:
        """Wait until a call may be made."""
        sleep(self.seconds_left())
        while (not_before := self._tenant.limits.acquire(self._integration)) is not None:
            sleep(max(0.0, (not_before - self._tenant.clock.now()).total_seconds()))
        self._next = self._tenant.clock.now() + self._spacing
