"""Deciding about the open negativations of an integration again, after its policies were edited.

The edit leaves a mark in its own transaction. Each page is decided in transactions of a bounded size, and the mark says
how far the work has come: the sweep finishes what a process left undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from credit_protection.application.payments import Payments
from credit_protection.application.rereading import Rereading
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.integrations import Integration, IntegrationSettings
from credit_protection.domain.negativations import Negativation
from credit_protection.ports.storage import PageRequest, UnitOfWork

BATCH_SIZE = 200
EDITED_WATERMARK = "policy.edited."
"""Prefix of the mark of an edited policy; the integration's id follows, and its note is the next page."""
_WITH_POLICY = frozenset({DivergenceCode.POSTPONED, DivergenceCode.LOWER_AMOUNT, DivergenceCode.NOT_READ})


def mark_edited(unit: UnitOfWork, before: Integration, after: Integration, now: datetime) -> None:
    """Mark the integration, in the transaction of its edit, where the edit changes what is decided."""
    if not _decides_alike(before.settings, after.settings):
        unit.watermarks.set(EDITED_WATERMARK + after.id, now)


def _decides_alike(before: IntegrationSettings, after: IntegrationSettings) -> bool:
    return (before.removal_policy, before.divergences) == (after.removal_policy, after.divergences)


class EditedPolicies:
    """Finishes what edits of policies have marked. Idempotent and resumable."""

    def __init__(self, tenant: TenantPorts, payments: Payments) -> None:
        self._tenant = tenant
        self._payments = payments
        self._rereading = Rereading(tenant)

    def run(self, pages: int | None = None) -> int:
        """Decide again; at most so many pages of each integration. Returns how many negativations changed."""
        with self._tenant.storage.read_only() as unit:
            marks = unit.watermarks.all(EDITED_WATERMARK)
        return sum(self._decide(name, at, pages) for name, at in marks.items())

    def _decide(self, name: str, at: datetime, pages: int | None) -> int:
        integration_id = name.removeprefix(EDITED_WATERMARK)
        changed = done = 0
        while pages is None or done < pages:
            with self._tenant.storage.read_only() as unit:
                cursor = unit.watermarks.notes(name).get(name)
                if cursor is None or unit.watermarks.get(name) != at:  # done, or edited again, by another process
                    return changed
                page = unit.negativations.due_until(integration_id, date.max, PageRequest(BATCH_SIZE, cursor or None))
                integration = unit.integrations.get(integration_id)
                again = self._to_be_read(unit, page.items, integration) if page.items else []
            for host in sorted({each.host for each in page.items}):
                changed += len(self._payments.decide_again(host, _invoice_ids(page.items, host)))
            if again:
                self._rereading.recheck(again)
            with self._tenant.storage.unit() as unit:
                if page.cursor is None:
                    unit.watermarks.clear(name, at)
                elif unit.watermarks.get(name) == at:
                    unit.watermarks.set(name, at, page.cursor)
                unit.commit()
            done += 1
            if page.cursor is None:
                break
        return changed

    def _to_be_read(
        self, unit: UnitOfWork, negativations: Sequence[Negativation], integration: Integration
    ) -> list[str]:
        """Invoices that a reading decides about: a balance within the tolerance, a divergence with a policy."""
        host, tolerance = self._tenant.host.code, integration.settings.removal_policy.tolerance
        ids = _invoice_ids(negativations, host)
        readings = unit.readings.get(host, ids) if ids else {}
        found = [
            key
            for key, each in readings.items()
            if each.reading.status is InvoiceStatus.OPEN and each.reading.balance <= tolerance
        ]
        diverging = {
            each.negativation_id
            for each in unit.divergences.open_of([one.id for one in negativations])
            if each.code in _WITH_POLICY
        }
        found += _invoice_ids([each for each in negativations if each.id in diverging], host)
        return list(dict.fromkeys(found))


def _invoice_ids(negativations: Sequence[Negativation], host: str) -> list[str]:
    return [invoice.invoice_id for each in negativations if each.host == host for invoice in each.invoices]
