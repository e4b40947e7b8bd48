"""The sweep: the only liveness rule. It finds what a lost process or wake-up left undone, under every queue engine."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from credit_protection.application.alarms import Alarms
from credit_protection.application.host_polling import HostPolling
from credit_protection.application.payments import Payments
from credit_protection.application.queries import Queries
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.errors import HostUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep found.

    Args:
        leases_released: transmissions whose lease had expired.
        applied: invoices whose settlements were decided about.
        found_by_polling: settlements that the host had not reported.
        lost_queries: credit queries whose process died.
        host_failed: why the host could not be read; empty where it could.
    """

    leases_released: int
    applied: int
    found_by_polling: int
    lost_queries: int
    host_failed: str = ""
    alarms: int = 0


class Sweep:
    """Expired leases, lost queries, unreported and unapplied settlements. Idempotent and bounded."""

    def __init__(
        self,
        tenant: TenantPorts,
        payments: Payments,
        transmissions: Transmissions,
        queries: Queries,
        alarms: Alarms | None = None,
    ) -> None:
        self._payments = payments
        self._polling = HostPolling(tenant, payments)
        self._transmissions = transmissions
        self._queries = queries
        self._alarms = alarms or Alarms(tenant)

    def run(self, *, by_worker: bool = False) -> SweepResult:
        """Sweep once. Where the host can't be read, the result says so, and everything else is still done.

        A worker's sweep records its heartbeat.
        """
        if by_worker:
            self._alarms.record_heartbeat()
        released = self._transmissions.release_expired()
        lost = self._queries.expire_unanswered()
        found, failed = 0, ""
        try:
            found = self._polling.poll()
        except HostUnavailable as error:
            failed = error.message
        except Exception as error:  # whatever the host does, what it reported before is still applied
            log.exception("the host could not be read")
            failed = f"Erro inesperado ao ler o ERP: {type(error).__name__}."
        applied = self._payments.apply()
        return SweepResult(released, applied.invoices, found, lost, failed, self._raise_alarms())

    def _raise_alarms(self) -> int:
        try:
            return len(self._alarms.notify())
        except Exception:  # the rest of the sweep is done
            log.exception("the listeners could not be notified of alarms")
            return 0
