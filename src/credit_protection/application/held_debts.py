"""The do-not-negativate list compared with the records that stand: what came to it after the inclusion is shown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from credit_protection.application.batched_updates import publish
from credit_protection.application.holds import read_debtor_holds
from credit_protection.application.host_reading import read_each
from credit_protection.application.integration_context import ContextLoader, legal_calendar
from credit_protection.application.reading_effects import Turns
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.audit import automatic_entries
from credit_protection.domain.comparison.held import DebtorHolds, HoldContext, hold_difference, remove_by_hold
from credit_protection.domain.divergences import (
    Divergence,
    DivergenceCode,
    DivergenceContext,
    Side,
    update_divergences,
)
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.unreadable import UnreadableKind
from credit_protection.ports.storage import OpenDebtor, PageRequest, UnitOfWork

BATCH_SIZE = 500
_FRESH = frozenset({(DivergenceCode.HELD, Side.ERP)})


class HeldDebts:
    """Reads the list by pages of open negativations, and decides about those that it concerns. Idempotent."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def check_all(self) -> Sequence[str]:
        """Check every open negativation of the host. Returns the ids of those that the brake holds.

        Raises:
            HostUnavailable: the host can't be read.
        """
        held: list[str] = []
        if not self._tenant.host.capabilities.holds:
            return held
        with self._tenant.storage.read_only() as unit:
            integrations = unit.integrations.all(with_deleted=True)
        for integration in integrations:
            for page in self._pages(integration.id):
                held += self._check(page)
        return held

    def _pages(self, integration_id: str) -> Iterator[Sequence[OpenDebtor]]:
        host = self._tenant.host.code
        cursor: str | None = None
        while True:
            with self._tenant.storage.read_only() as unit:
                page = unit.negativations.open_debtors(integration_id, host, PageRequest(BATCH_SIZE, cursor))
            yield page.items
            cursor = page.cursor
            if cursor is None:
                return

    def check(self, negativations: Sequence[Negativation]) -> Sequence[str]:
        """Check these; nothing is locked or written where the list concerns none of them. As `check_all`."""
        host = self._tenant.host
        if not host.capabilities.holds:
            return ()
        ours = [each for each in negativations if each.host == host.code and not each.is_closed]
        return self._check([OpenDebtor(each.id, each.customer_id, each.document.value) for each in ours])

    def _check(self, debtors: Sequence[OpenDebtor]) -> Sequence[str]:
        if not debtors:
            return ()
        found = self._read(debtors)
        with self._tenant.storage.read_only() as unit:
            shown = {each.subject for each in unit.divergences.open_of(list(found)) if each.code is DivergenceCode.HELD}
        concerned = [key for key, each in found.items() if each.holds or key in shown]
        if not concerned:
            return ()
        with self._tenant.storage.unit() as unit:
            locked = unit.negativations.lock_all(concerned)
            checked = _Checked(self._tenant, unit)
            changes = checked.write(locked, found)
            unit.commit()
        publish(self._tenant, changes, checked.divergences)
        return checked.held

    def _read(self, debtors: Sequence[OpenDebtor]) -> Mapping[str, DebtorHolds]:
        """By negativation id; one whose debtor can't be read is left out."""
        by_id = {each.negativation_id: (each.customer_id, each.document) for each in debtors}

        def read(ids: Sequence[str]) -> Mapping[str, DebtorHolds]:
            return read_debtor_holds(self._tenant, {key: by_id[key] for key in ids})

        return read_each(self._tenant, UnreadableKind.CUSTOMER, read, list(by_id))[0]


class _Checked:
    """One batch under its locks."""

    def __init__(self, tenant: TenantPorts, unit: UnitOfWork) -> None:
        self._tenant, self._unit = tenant, unit
        self._contexts = ContextLoader(tenant, unit)
        self._turns = Turns(tenant, unit)
        self.divergences: list[Divergence] = []
        """Those that were written."""

    @property
    def held(self) -> Sequence[str]:
        """The ids of those that the brake holds."""
        return list(itertools.chain.from_iterable(self._turns.held.values()))

    def write(self, negativations: Sequence[Negativation], found: Mapping[str, DebtorHolds]) -> list[Change]:
        """Open and close divergences, and request the removals of court orders and deaths."""
        open_ones: dict[str, list[Divergence]] = {}
        for each in self._unit.divergences.open_of([one.id for one in negativations]):
            if each.code is DivergenceCode.HELD:
                open_ones.setdefault(each.subject, []).append(each)
        changes: list[Change] = []
        written: list[Divergence] = []
        for negativation in negativations:
            before = open_ones.get(negativation.id, [])
            updated = self._compared(negativation, before, found[negativation.id])
            written += updated
            after = {each.id: each for each in (*before, *updated)}
            change = self._removed(negativation, list(after.values()), found[negativation.id])
            if change.negativation is not negativation:
                changes.append(change)
        self._unit.divergences.save_all(written)
        self._unit.negativations.save_all([change.negativation for change in changes])
        self._unit.negativations.append([event for change in changes for event in change.events])
        self._unit.audit.add(*automatic_entries(changes))
        self.divergences = [*written, *self._turns.show_held(negativations, self._contexts)]
        return changes

    def _compared(
        self, negativation: Negativation, before: Sequence[Divergence], found: DebtorHolds
    ) -> list[Divergence]:
        creditor = self._contexts.for_negativation(negativation).creditor
        today = self._tenant.today(creditor)
        at = DivergenceContext(
            integration_id=negativation.integration_id,
            creditor_id=negativation.creditor_id,
            negativation_id=negativation.id,
            now=self._tenant.clock.now(),
            today=today,
            calendar=self._tenant.calendars.for_creditor(creditor),
        )
        difference = hold_difference(negativation, found, today)
        fresh = _FRESH if found.records else frozenset()  # an ERP that gives no record of the person shows nothing
        new_ids = (self._tenant.identifiers.new_id() for _ in itertools.count())
        return update_divergences(before, [] if difference is None else [difference], fresh, at, new_ids)

    def _removed(self, negativation: Negativation, shown: Sequence[Divergence], found: DebtorHolds) -> Change:
        context = self._contexts.for_negativation(negativation)
        at = HoldContext(
            context.capabilities,
            legal_calendar(self._tenant, context),
            self._tenant.today(context.creditor),
            self._tenant.clock.now(),
        )
        change = remove_by_hold(negativation, shown, found, at)
        turns = change.negativation.desired is not negativation.desired
        if turns and not self._turns.take([negativation]):
            return Change(negativation)
        return change
