"""Polling the host: finds settlements and ceased debts that the host did not report. The sweep runs it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from credit_protection.application.payments import Payments
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.settlements import unreported_entries
from credit_protection.ports.storage import PageRequest

RECHECK_BATCH_SIZE = 500
POLL_OVERLAP = timedelta(days=3)
"""A poll starts this long before the last one: bank returns are back-dated, and pages shift while they are read."""
POLLED_WATERMARK = "host.polled."
"""Prefix of the watermark of the last poll of the host's settlements; the host's code follows."""
RECHECKED_WATERMARK = "host.rechecked."
"""Prefix of the watermark of the last recheck of the invoices; the host's code follows."""
RECHECK_INTERVAL = timedelta(hours=4)
"""How often the invoices of all open negativations are read again from the host."""


class HostPolling:
    """Reads the host, page by page, and records what is new."""

    def __init__(self, tenant: TenantPorts, payments: Payments) -> None:
        self._tenant = tenant
        self._payments = payments

    def poll(self) -> int:
        """Poll the settlements, and recheck the invoices where `RECHECK_INTERVAL` is over. Returns how many are new.

        Raises:
            HostUnavailable: the host can't be read.
        """
        now = self._tenant.clock.now()
        new = self.poll_host_settlements(now.date())
        last = self._watermark(RECHECKED_WATERMARK)
        if last is None or now - last >= RECHECK_INTERVAL:
            new += self.recheck_invoices()
        return new

    def poll_host_settlements(self, today: date) -> int:
        """Record the host's settlements since the last poll, with an overlap. Returns how many were new."""
        host = self._tenant.host
        if not host.capabilities.settlements:
            return 0
        last = self._watermark(POLLED_WATERMARK)
        since = (today if last is None else last.date()) - POLL_OVERLAP
        started = self._tenant.clock.now()
        new = self._payments.record_all(host.settlements_since(since))
        self._set_watermark(POLLED_WATERMARK, started)
        return new

    def recheck_invoices(self) -> int:
        """Read the invoices of every open negativation again from the host (level-triggered).

        A debt that ceased without a reported settlement is recorded as a settlement with an id of our own; its return
        is recorded as the reversal of that one. Returns how many entries were new.
        """
        host = self._tenant.host
        started = self._tenant.clock.now()
        new = 0
        cursor: str | None = None
        while True:
            with self._tenant.storage.read_only() as unit:
                page = unit.negativations.open_invoice_ids(host.code, PageRequest(RECHECK_BATCH_SIZE, cursor))
                ledger = unit.settlements.entries(host.code, page.items)
            invoices = host.invoice_statuses(page.items)
            new += self._payments.record_all(unreported_entries(invoices.values(), ledger, started.date()))
            cursor = page.cursor
            if cursor is None:
                break
        self._set_watermark(RECHECKED_WATERMARK, started)
        return new

    def _watermark(self, prefix: str) -> datetime | None:
        with self._tenant.storage.read_only() as unit:
            return unit.watermarks.get(prefix + self._tenant.host.code)

    def _set_watermark(self, prefix: str, instant: datetime) -> None:
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(prefix + self._tenant.host.code, instant)
            unit.commit()
