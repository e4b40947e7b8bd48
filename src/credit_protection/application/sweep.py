"""The sweep: the only liveness rule. Whatever a process lost, this finds; it works the same under every queue."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.application.alarms import Alarms
from credit_protection.application.payments import REREAD_MARK
from credit_protection.domain.errors import HostUnavailable

if TYPE_CHECKING:
    from credit_protection.application.payments import Payments
    from credit_protection.application.queries import Queries
    from credit_protection.application.tenant import Tenant
    from credit_protection.application.transmissions import Transmissions

log = logging.getLogger(__name__)

REREAD_EVERY = timedelta(hours=4)
"""How often the invoices of all open negativations are read again from the host."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found.

    Args:
        let_go: transmissions whose lease had run out.
        applied: invoices whose settlements were decided upon.
        told_by_host: settlements that only reading the host told.
        lost_queries: credit queries whose process died.
        host_failed: why the host could not be read; empty where it could.
        alarms: how many alarms the event hook was told of.
    """

    let_go: int
    applied: int
    told_by_host: int
    lost_queries: int
    host_failed: str = ""
    alarms: int = 0


class Sweep:
    """Unapplied settlements, expired leases, lost queries, what the host never told. Idempotent and bounded."""

    def __init__(
        self,
        tenant: Tenant,
        payments: Payments,
        transmissions: Transmissions,
        queries: Queries,
        alarms: Alarms | None = None,
    ) -> None:
        self._tenant = tenant
        self._payments = payments
        self._transmissions = transmissions
        self._queries = queries
        self._alarms = alarms or Alarms(tenant)

    def run(self, *, by_worker: bool = False) -> Swept:
        """One sweep. A host that can't be read is told in the result; everything else is still done.

        Args:
            by_worker: whether a worker sweeps, who also transmits: its heartbeat is set.
        """
        if by_worker:
            self._alarms.beat()
        let_go = self._transmissions.sweep()
        lost = self._queries.give_up_lost()
        told, failed = 0, ""
        try:
            told = self._host()
        except HostUnavailable as error:
            failed = error.message
        except Exception as error:  # whatever the host does, what it told before is still applied
            log.exception("the host could not be read")
            failed = f"Erro inesperado ao ler o ERP: {type(error).__name__}."
        applied = self._payments.apply()
        return Swept(let_go, applied.invoices, told, lost, failed, self._sound())

    def _sound(self) -> int:
        try:
            return len(self._alarms.sound())
        except Exception:  # what was swept is swept
            log.exception("the alarms could not be sounded")
            return 0

    def _host(self) -> int:
        now = self._tenant.clock.now()
        told = self._payments.sweep_host(now.date())
        with self._tenant.storage.reading() as unit:
            last = unit.marks.get(REREAD_MARK + self._tenant.host.code)
        if last is None or now - last >= REREAD_EVERY:
            told += self._payments.reread_standings()
        return told
