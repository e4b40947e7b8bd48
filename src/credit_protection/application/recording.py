"""Recording what was read from the host, with its audit entries."""

from __future__ import annotations

from collections.abc import Iterable

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.audit import settlement_entry
from credit_protection.domain.settlements import Entry
from credit_protection.ports.storage import UnitOfWork

READ_FROM_HOST = "lida do ERP"
"""The remark of the audit entry of a settlement that no host reported: it was polled, read again or adopted."""


def record_listed(tenant: TenantPorts, unit: UnitOfWork, entries: Iterable[Entry]) -> int:
    """Record what was read from the host, each new entry with an audit entry of the system. Returns how many are new.

    The audit entries are one insert.
    """
    now = tenant.clock.now()
    new = [entry for entry in entries if unit.settlements.record(tenant.host.code, entry, now)]
    unit.audit.add(*(settlement_entry(now, SYSTEM, entry, remark=READ_FROM_HOST) for entry in new))
    return len(new)
