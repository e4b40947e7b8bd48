"""Open legal deadlines, counted anew once where the rule changed: the database may be older than the rule."""

from __future__ import annotations

from collections.abc import Sequence

from credit_protection.application.batched_updates import publish
from credit_protection.application.integration_context import ContextLoader, legal_calendar, removal_clock
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.audit import automatic_entries
from credit_protection.domain.negativations import Change
from credit_protection.domain.removals import earlier_deadlines
from credit_protection.domain.settlements import by_invoice
from credit_protection.ports.storage import NegativationFilter, PageRequest

BATCH_SIZE = 200
COUNTED_WATERMARK = "deadlines.counted.2"
"""Name of the watermark that says that all open deadlines are by the present rule; the number is the rule's."""


def count_deadlines_anew(tenant: TenantPorts) -> int:
    """Count the deadlines of all open removals by the present rule, once; none becomes later. Returns how many changed.

    Each page is a transaction. What another process has locked is counted at the next call.
    """
    with tenant.storage.read_only() as unit:
        if unit.watermarks.get(COUNTED_WATERMARK) is not None:
            return 0
    changed = 0
    is_complete = True
    cursor: str | None = None
    while True:
        with tenant.storage.read_only() as unit:
            page = unit.negativations.list(NegativationFilter(is_open=True), PageRequest(BATCH_SIZE, cursor))
        ids = [each.id for each in page.items if each.triggers]
        changes, is_whole = _count_page(tenant, ids) if ids else ([], True)
        is_complete = is_complete and is_whole
        changed += len(changes)
        publish(tenant, changes)
        cursor = page.cursor
        if cursor is None:
            break
    if is_complete:
        with tenant.storage.unit() as unit:
            unit.watermarks.set(COUNTED_WATERMARK, tenant.clock.now())
            unit.commit()
    return changed


def _count_page(tenant: TenantPorts, ids: Sequence[str]) -> tuple[list[Change], bool]:
    """The changes of one page, and whether none of it was locked elsewhere."""
    changes: list[Change] = []
    with tenant.storage.unit() as unit:
        locked = unit.negativations.lock_all(ids)
        contexts = ContextLoader(tenant, unit)
        hosts = {each.host for each in locked}
        ledgers = {
            host: by_invoice(
                unit.settlements.entries(
                    host, sorted({one.invoice_id for each in locked if each.host == host for one in each.invoices})
                )
            )
            for host in hosts
        }
        for negativation in locked:
            context = contexts.for_negativation(negativation)
            policy = context.integration.settings.removal_policy
            ledger = ledgers[negativation.host]
            entries = [entry for one in negativation.invoices for entry in ledger.get(one.invoice_id, ())]
            change = earlier_deadlines(
                negativation,
                negativation.settlement_statuses(entries, policy.tolerance, removal_clock(tenant, context)),
                policy,
                legal_calendar(tenant, context),
                context.creditor,
                context.capabilities,
                tenant.clock.now(),
            )
            if change.negativation is not negativation:
                changes.append(change)
        if changes:
            unit.negativations.save_all([change.negativation for change in changes])
            unit.negativations.append([event for change in changes for event in change.events])
            unit.audit.add(*automatic_entries(changes))
            unit.commit()
    return changes, len(locked) == len(ids)
