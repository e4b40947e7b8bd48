"""The watermarks of reconciliation, and the lease that lets one process at a time read an integration's bureau."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.instants import has_come

LIST_TRUSTED = "reconciliation.trusted."
"""Prefix of the watermark that a person's "continuar" about a suspect list sets; the integration's id follows."""
READ_UNTIL = "reconciliation.read."
LISTED = "reconciliation.listed."
TRIED = "reconciliation.tried."
MISSED = "unlisted."
"""Prefix of the watermark of the first list that missed an unknown record; the divergence's id follows."""
_LEASE = "reconciliation.lease."
LEASED_FOR = timedelta(minutes=5)
NEVER = datetime.min.replace(tzinfo=UTC)


def take_lease(tenant: TenantPorts, integration_id: str) -> bool:
    """Take the integration's passes for this process; False where another one has them."""
    now = tenant.clock.now()
    with tenant.storage.unit() as unit:
        until = unit.watermarks.get(_LEASE + integration_id)
        if until is not None and not has_come(until, now, LEASED_FOR):
            return False
        unit.watermarks.set(_LEASE + integration_id, now + LEASED_FOR)
        unit.commit()
    return True


def extend_lease(tenant: TenantPorts, integration_id: str) -> datetime:
    """Keep it for longer; returns until when."""
    until = tenant.clock.now() + LEASED_FOR
    with tenant.storage.unit() as unit:
        unit.watermarks.set(_LEASE + integration_id, until)
        unit.commit()
    return until


def release_lease(tenant: TenantPorts, integration_id: str, *, tried: bool = False) -> None:
    """Give it back; `tried`: the pass could not go on, and is not due for a while."""
    now = tenant.clock.now()
    with tenant.storage.unit() as unit:
        unit.watermarks.set(_LEASE + integration_id, now)
        if tried:
            unit.watermarks.set(TRIED + integration_id, now)
        unit.commit()
