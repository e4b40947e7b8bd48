"""Which passes are due."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from credit_protection.application import inclusion_hold
from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.reconciliation.lookups import has_old
from credit_protection.application.reconciliation.marks import NEVER, READ_UNTIL, TRIED
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.comparison import bureau_side
from credit_protection.domain.instants import is_ahead, is_over
from credit_protection.domain.integrations import Integration

_RETRY_AFTER = timedelta(hours=1)
_NIGHTLY_AT = time_of_day(2)


def can_ask(tenant: TenantPorts, integration: Integration) -> bool:
    """Whether the gateway is installed and can list or look up; else the person's statement must do."""
    capabilities = tenant.gateways.capabilities(integration.gateway)
    return capabilities is not None and (capabilities.list_records or capabilities.find)


def due_passes(tenant: TenantPorts, running: Container[str]) -> list[tuple[IntegrationContext, datetime | None]]:
    """The integrations whose pass is due, and since when records must have been looked up (no list)."""
    now = tenant.clock.now()
    found: list[tuple[IntegrationContext, datetime | None]] = []
    with tenant.storage.read_only() as unit:
        marks = unit.watermarks.all("reconciliation.")
        held = inclusion_hold.inclusion_hold(unit, now)
        contexts = ContextLoader(tenant, unit)
        for integration in unit.integrations.all():
            if not integration.active or integration.is_paused(now) or not can_ask(tenant, integration):
                continue
            if integration.id not in running and not is_over(marks.get(TRIED + integration.id), now, _RETRY_AFTER):
                continue
            context = contexts.for_actor(SYSTEM, integration.id)
            read = marks.get(READ_UNTIL + integration.id, integration.created_at)
            read = NEVER if is_ahead(read, now) else read
            after_outage = held is not None and read < held.since
            if context.capabilities.list_records:
                if integration.id in running or after_outage or read < _last_night(context, now):
                    found.append((context, None))
            elif after_outage and held is not None:
                found.append((context, held.since))
            elif has_old(unit, context, now):
                found.append((context, now - bureau_side.LOOKED_UP_WITHIN))
    return found


def _last_night(context: IntegrationContext, now: datetime) -> datetime:
    """The newest instant at which the nightly pass was due."""
    local = now.astimezone(ZoneInfo(context.creditor.time_zone))
    due = datetime.combine(local.date(), _NIGHTLY_AT, local.tzinfo)
    return due if due <= local else due - timedelta(days=1)
