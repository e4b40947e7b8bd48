"""Polling the host: finds the settlements that it lists and did not report. The sweep runs it."""

from __future__ import annotations

from datetime import datetime, timedelta

from credit_protection.application.payments import Payments
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.days import earliest_date
from credit_protection.domain.instants import is_ahead

POLL_OVERLAP = timedelta(days=3)
"""A poll starts this long before the last one: bank returns are back-dated, and pages shift while they are read."""
POLLED_AGAIN = timedelta(days=30)
"""How far back the host is polled after a clock was ahead: nobody knows for how long it was."""
POLLED_WATERMARK = "host.polled."
"""Prefix of the watermark of the last poll of the host's settlements; the host's code follows."""


class HostPolling:
    """Reads the host, page by page, and records what is new."""

    def __init__(self, tenant: TenantPorts, payments: Payments) -> None:
        self._tenant = tenant
        self._payments = payments

    def poll_host_settlements(self) -> int:
        """Record the host's settlements since the last poll, with an overlap. Returns how many were new."""
        host = self._tenant.host
        if not host.capabilities.settlements:
            return 0
        last, started = self._watermark(POLLED_WATERMARK), self._tenant.clock.now()
        since = earliest_date(started if last is None else last) - POLL_OVERLAP
        if last is not None and is_ahead(last, started):  # polls of a clock that was ahead have seen nothing
            since = earliest_date(started) - POLLED_AGAIN
        new = self._payments.record_all(host.settlements_since(since))
        self._set_watermark(POLLED_WATERMARK, started)
        return new

    def _watermark(self, prefix: str) -> datetime | None:
        with self._tenant.storage.read_only() as unit:
            return unit.watermarks.get(prefix + self._tenant.host.code)

    def _set_watermark(self, prefix: str, instant: datetime) -> None:
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(prefix + self._tenant.host.code, instant)
            unit.commit()
