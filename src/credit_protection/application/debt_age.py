"""The age of the debts on file, checked once a day: shown 30 days before five years, removed on that day."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, time

from credit_protection.application.batched_updates import publish
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.audit import automatic_entries
from credit_protection.domain.comparison.debt_age import AgeContext, age_difference, remove_by_age
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.divergences import (
    Divergence,
    DivergenceCode,
    DivergenceContext,
    Side,
    update_divergences,
)
from credit_protection.domain.integrations import Integration
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.ports.storage import PageRequest, UnitOfWork

BATCH_SIZE = 200
AGE_WATERMARK = "age.checked."
"""Prefix of the watermark of the day on which an integration's debts were checked; its id follows."""
_FRESH = frozenset({(DivergenceCode.FIVE_YEARS, Side.ERP)})


class DebtAge:
    """Finds the debts that are near their longest age."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def check(self) -> int:
        """Check the debts of every integration that was not checked today. Returns how many removals were requested.

        Idempotent; one transaction for each batch.
        """
        removed = 0
        with self._tenant.storage.read_only() as unit:
            integrations = unit.integrations.all(with_deleted=True)
            creditors = {each.id: each for each in unit.creditors.all()}
            checked = unit.watermarks.all(AGE_WATERMARK)
        for integration in integrations:
            creditor = creditors[integration.creditor_id]
            day = datetime.combine(self._tenant.today(creditor), time(), UTC)
            if checked.get(AGE_WATERMARK + integration.id) == day:
                continue
            if integration.gateway not in self._tenant.gateways.providers:
                continue  # an alarm says so; it is checked where the gateway is installed
            removed += self._check(integration, creditor)
            with self._tenant.storage.unit() as unit:
                unit.watermarks.set(AGE_WATERMARK + integration.id, day)
                unit.commit()
        return removed

    def _check(self, integration: Integration, creditor: Creditor) -> int:
        context = AgeContext(
            years=integration.settings.guards.maximum_age_years,
            today=self._tenant.today(creditor),
            now=self._tenant.clock.now(),
            capabilities=self._tenant.gateways.provider(integration.gateway).capabilities,
        )
        removed = 0
        cursor: str | None = None
        while True:
            with self._tenant.storage.unit() as unit:
                page = unit.negativations.due_until(
                    integration.id, context.alarm_until, PageRequest(BATCH_SIZE, cursor)
                )
                locked = unit.negativations.lock_all([each.id for each in page.items])
                changes, shown = self._store(unit, locked, context, creditor)
                unit.commit()
            publish(self._tenant, changes, shown)
            removed += len(changes)
            cursor = page.cursor
            if cursor is None:
                return removed

    def _store(
        self, unit: UnitOfWork, negativations: Sequence[Negativation], context: AgeContext, creditor: Creditor
    ) -> tuple[list[Change], list[Divergence]]:
        open_ones = unit.divergences.open_of([each.id for each in negativations])
        shown: list[Divergence] = []
        changes: list[Change] = []
        for negativation in negativations:
            at = DivergenceContext(
                negativation.integration_id,
                negativation.creditor_id,
                negativation.id,
                context.now,
                context.today,
                self._tenant.calendars.for_creditor(creditor),
            )
            before = [
                each for each in open_ones if each.subject == negativation.id and each.code is DivergenceCode.FIVE_YEARS
            ]
            found = age_difference(negativation, context)
            new_ids = (self._tenant.identifiers.new_id() for _ in itertools.count())
            shown += update_divergences(before, [] if found is None else [found], _FRESH, at, new_ids)
            change = remove_by_age(negativation, context)
            if change.negativation is not negativation:
                changes.append(change)
        unit.divergences.save_all(shown)
        unit.negativations.save_all([change.negativation for change in changes])
        unit.negativations.append([event for change in changes for event in change.events])
        unit.audit.add(*automatic_entries(changes))
        return changes, shown
