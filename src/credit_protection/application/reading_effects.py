"""What readings of the ERP make of the ledger and of the divergences: one transaction for each batch of invoices."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from credit_protection.application.batched_updates import publish
from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.recording import record_listed
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.audit import automatic_entries
from credit_protection.domain.comparison.brake import PERIOD, allowed_turns, brake_difference, is_released
from credit_protection.domain.comparison.entries import CoveredDebt, LedgerFacts, ledger_change
from credit_protection.domain.comparison.erp_side import ErpFacts, carried_by, erp_differences, fresh_codes
from credit_protection.domain.comparison.policies import PolicyContext, apply_policies
from credit_protection.domain.comparison.readings import Reading, StoredReading, beside_ledger, merge
from credit_protection.domain.divergences import Divergence, DivergenceContext, update_divergences
from credit_protection.domain.instants import SKEW, is_ahead
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.settlements import Entry, by_invoice
from credit_protection.ports.storage import UnitOfWork

BRAKE_RELEASED = "brake.released."
"""Prefix of the watermark that a person's "continuar" sets; the integration's id follows."""
_NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True)
class ReadingResult:
    """What readings brought.

    Args:
        changed: invoices whose ledger gained an entry, which is still to be applied.
        ask_again: invoices whose reading was too old to decide about them.
        held: invoices that the brake holds; also those of a negativation whose policy it holds.
    """

    changed: Sequence[str] = ()
    ask_again: Sequence[str] = ()
    held: Sequence[str] = ()


@dataclass(slots=True)
class Turns:
    """How many more records of each integration may turn; read when the first one turns."""

    tenant: TenantPorts
    unit: UnitOfWork
    left: dict[str, int] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)

    def take(self, negativations: Sequence[Negativation]) -> bool:
        """Count a turn of each; False, with nothing counted, where they are more than the brake of one allows."""
        wanted = Counter(each.integration_id for each in negativations)
        for integration_id in wanted.keys() - self.left.keys():
            self.left[integration_id] = self._allowed(integration_id)
        if any(self.left[integration_id] < count for integration_id, count in wanted.items()):
            for each in negativations:
                self.held.setdefault(each.integration_id, []).append(each.id)
            return False
        now = self.tenant.clock.now()
        for each in negativations:
            self.left[each.integration_id] -= 1
            self.unit.turns.add(each.integration_id, each.id, now)
        return True

    def show_held(self, negativations: Sequence[Negativation], contexts: ContextLoader) -> list[Divergence]:
        """Open the divergence of each integration whose brake held some of these; those that were written."""
        written: list[Divergence] = []
        for integration_id, ids in self.held.items():
            negativation = next(each for each in negativations if each.integration_id == integration_id)
            creditor = contexts.for_negativation(negativation).creditor
            at = DivergenceContext(
                integration_id=integration_id,
                creditor_id=creditor.id,
                negativation_id=None,
                now=self.tenant.clock.now(),
                today=self.tenant.today(creditor),
                calendar=self.tenant.calendars.for_creditor(creditor),
            )
            before = self.unit.divergences.open_of([integration_id])
            new_ids = (self.tenant.identifiers.new_id() for _ in itertools.count())
            written += update_divergences(before, [brake_difference(integration_id, ids)], (), at, new_ids)
        self.unit.divergences.save_all(written)
        return written

    def _allowed(self, integration_id: str) -> int:
        now, host = self.tenant.clock.now(), self.tenant.host.capabilities
        if is_released(self.unit.watermarks.get(BRAKE_RELEASED + integration_id), now):
            return _NO_LIMIT
        reports = host.events or host.settlements
        allowed = allowed_turns(self.unit.negativations.count_open(integration_id), host_reports=reports)
        return allowed - self.unit.turns.count(integration_id, now - PERIOD, now + SKEW)


def store_readings(tenant: TenantPorts, host: str, readings: Sequence[Reading]) -> ReadingResult:
    """Store readings and all that follows from them, in one transaction that holds the invoices' rows.

    A reading whose effects the brake holds is stored as held: the next one decides about it again.
    """
    by_id = {each.invoice_id: each for each in readings}
    with tenant.storage.unit() as unit:
        unit.settlements.lock_invoices(host, sorted(by_id))
        now = tenant.clock.now()
        read = unit.readings.get(host, list(by_id))
        stored = {key: each for key, each in read.items() if not is_ahead(each.reading.as_of, now)}
        merged = {key: new for key, each in by_id.items() if (new := merge(stored.get(key), each)) is not None}
        effects = _Effects(tenant, unit, host, merged, stored)
        result, changes = effects.write()
        unit.commit()
    publish(tenant, changes, effects.divergences)
    return result


class _Effects:
    """One batch of readings under the locks of their invoices."""

    def __init__(
        self,
        tenant: TenantPorts,
        unit: UnitOfWork,
        host: str,
        merged: Mapping[str, StoredReading],
        stored: Mapping[str, StoredReading],
    ) -> None:
        self._tenant, self._unit, self._host = tenant, unit, host
        self._negativations = unit.negativations.lock_for_invoices(host, list(merged))
        covered = {invoice.invoice_id for each in self._negativations for invoice in each.invoices}
        others = sorted(covered - stored.keys() - merged.keys())
        self._ledger = by_invoice(unit.settlements.entries(host, sorted(covered)))
        now = tenant.clock.now()
        applied = unit.settlements.newest_applied(host, sorted(covered), now)
        self._applied = {key: at for key, at in applied.items() if not is_ahead(at, now)}  # else a clock was wrong
        self._merged = self._beside_ledger(merged)
        unread = {**stored, **(unit.readings.get(host, others) if others else {})}
        self._readings = {**self._beside_ledger(unread), **self._merged}
        self._contexts = ContextLoader(tenant, unit)
        self._turns = Turns(tenant, unit)
        self.divergences: list[Divergence] = []
        """Those that were written."""

    def _beside_ledger(self, readings: Mapping[str, StoredReading]) -> dict[str, StoredReading]:
        return {key: beside_ledger(each, self._applied.get(key)) for key, each in readings.items()}

    def write(self) -> tuple[ReadingResult, list[Change]]:
        """Write entries, readings, divergences and triggers."""
        changed, ask_again, held = self._entries()
        changes, held_by_policy = self._differences(held)
        held |= held_by_policy & self._merged.keys()
        readings = [replace(each, is_held=key in held) for key, each in self._merged.items()]
        self._unit.readings.save(self._host, readings)
        self._brake()
        return ReadingResult(changed, ask_again, sorted(held)), changes

    def _entries(self) -> tuple[list[str], list[str], set[str]]:
        """Write what the readings add to the ledger: the invoices that changed, must be read again, or are held."""
        changed: list[str] = []
        ask_again: list[str] = []
        held: set[str] = set()
        covering: dict[str, list[Negativation]] = {}
        for negativation in self._negativations:
            for invoice in negativation.invoices:
                covering.setdefault(invoice.invoice_id, []).append(negativation)
        reports = self._tenant.host.capabilities.reversals
        for invoice_id, stored in self._merged.items():
            theirs = covering.get(invoice_id, [])
            if not theirs:
                continue
            debts = [self._debt(each, invoice_id) for each in theirs]
            facts = LedgerFacts(self._ledger.get(invoice_id, []), self._applied.get(invoice_id), debts)
            today = self._tenant.today(self._contexts.for_negativation(theirs[0]).creditor)
            change = ledger_change(stored, facts, today, reports_reversals=reports)
            if change.ask_again:
                ask_again.append(invoice_id)
            if not change.entries:
                continue
            if not self._turns.take(theirs):
                held.add(invoice_id)
                continue
            if record_listed(self._tenant, self._unit, change.entries):
                changed.append(invoice_id)
                self._ledger.setdefault(invoice_id, []).extend(change.entries)
        return changed, ask_again, held

    def _debt(self, negativation: Negativation, invoice_id: str) -> CoveredDebt:
        policy = self._contexts.for_negativation(negativation).integration.settings.removal_policy
        invoice = next(each for each in negativation.invoices if each.invoice_id == invoice_id)
        return CoveredDebt(invoice.principal, policy.tolerance, invoice.balance)

    def _differences(self, held: AbstractSet[str]) -> tuple[list[Change], set[str]]:
        """Compare each negativation with its readings; open and close divergences, and apply their policies.

        One with an invoice that the brake holds is compared once it is held no more. Gives the changes, and the
        invoices of those whose policies the brake holds.
        """
        free = [each for each in self._negativations if held.isdisjoint(one.invoice_id for one in each.invoices)]
        open_ones: dict[str, list[Divergence]] = {}
        for divergence in self._unit.divergences.open_of([each.id for each in free]):
            open_ones.setdefault(divergence.subject, []).append(divergence)
        changes: list[Change] = []
        written: list[Divergence] = []
        held_by_policy: set[str] = set()
        for negativation in free:
            context = self._contexts.for_negativation(negativation)
            before = open_ones.get(negativation.id, [])
            facts = self._facts(negativation, context)
            updated = self._compared(negativation, before, facts, context)
            written += updated
            after = {each.id: each for each in (*before, *updated)}
            change = self._policies(negativation, list(after.values()), facts, context)
            if change is None:
                held_by_policy.update(each.invoice_id for each in negativation.invoices)
            elif change.negativation is not negativation:
                changes.append(change)
        self._save(written)
        self._unit.negativations.save_all([change.negativation for change in changes])
        self._unit.negativations.append([event for change in changes for event in change.events])
        self._unit.audit.add(*automatic_entries(changes))
        return changes, held_by_policy

    def _facts(self, negativation: Negativation, context: IntegrationContext) -> ErpFacts:
        ids = [invoice.invoice_id for invoice in negativation.invoices]
        return ErpFacts(
            readings={key: self._readings[key] for key in ids if key in self._readings},
            entries=self._entries_of(negativation),
            guards=context.integration.settings.guards,
            today=self._tenant.today(context.creditor),
            now=self._tenant.clock.now(),
            reports_reversals=self._tenant.host.capabilities.reversals,
        )

    def _compared(
        self,
        negativation: Negativation,
        before: Sequence[Divergence],
        facts: ErpFacts,
        context: IntegrationContext,
    ) -> list[Divergence]:
        at = DivergenceContext(
            integration_id=negativation.integration_id,
            creditor_id=negativation.creditor_id,
            negativation_id=negativation.id,
            now=facts.now,
            today=facts.today,
            calendar=self._tenant.calendars.for_creditor(context.creditor),
        )
        found = erp_differences(negativation, facts)
        return update_divergences(before, found, fresh_codes(facts), at, self._new_ids())

    def _policies(
        self,
        negativation: Negativation,
        divergences: Sequence[Divergence],
        facts: ErpFacts,
        context: IntegrationContext,
    ) -> Change | None:
        """What the policies of the divergences change; None where the brake holds it."""
        settings = context.integration.settings
        at = PolicyContext(
            policies=settings.divergences,
            rule=settings.removal_policy.rule,
            capabilities=context.capabilities,
            calendar=self._tenant.calendars.for_creditor(context.creditor),
            today=self._tenant.today(context.creditor),
            now=self._tenant.clock.now(),
        )
        statuses = negativation.settlement_statuses(facts.entries, settings.removal_policy.tolerance)
        change = apply_policies(negativation, divergences, statuses, carried_by(negativation, facts), at)
        turns = change.negativation.desired is not negativation.desired
        return None if turns and not self._turns.take([negativation]) else change

    def _entries_of(self, negativation: Negativation) -> list[Entry]:
        return [entry for each in negativation.invoices for entry in self._ledger.get(each.invoice_id, ())]

    def _brake(self) -> None:
        self.divergences += self._turns.show_held(self._negativations, self._contexts)

    def _save(self, divergences: Sequence[Divergence]) -> None:
        self._unit.divergences.save_all(divergences)
        self.divergences += divergences

    def _new_ids(self) -> Iterator[str]:
        while True:
            yield self._tenant.identifiers.new_id()
