"""Negativations: preview the findings, create, delete with a reason, withdraw a removal, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from credit_protection.application.batched_updates import publish
from credit_protection.application.customers import unknown_customer, unknown_invoice
from credit_protection.application.holds import decisive_hold
from credit_protection.application.host_scope import HostScope
from credit_protection.application.inclusions import evaluated, inclusion_terms, read_candidate
from credit_protection.application.integration_context import (
    ContextLoader,
    IntegrationContext,
    legal_calendar,
    require_visible,
    visible_integration,
)
from credit_protection.application.recording import record_listed
from credit_protection.application.relinking import Relinking
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import removals, requests, transmissions
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.comparison.entries import reversals_of_stale
from credit_protection.domain.comparison.rechecks import are_facts_older
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.events import Event
from credit_protection.domain.findings import Finding
from credit_protection.domain.guards import Candidate, InclusionTerms
from credit_protection.domain.holds import Hold
from credit_protection.domain.instants import is_ahead
from credit_protection.domain.integrations import Integration
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.reasons import LABELS, RemovalReason
from credit_protection.domain.relinking import InvoiceMatch
from credit_protection.domain.settlements import Entry
from credit_protection.domain.statuses import CLOCK_MESSAGE, CLOCK_REASON
from credit_protection.ports.failpoints import failpoint
from credit_protection.ports.storage import NegativationFilter, Page, PageRequest, UnitOfWork

READ_ATTEMPTS = 3
"""How often a creation reads the host again where a recheck came in between."""


@dataclass(frozen=True, slots=True)
class NegativationRequest:
    """What a person chose on the screen.

    Args:
        invoice_ids: of one subscription, or of none.
        amounts: edited amounts by invoice id, BRL.
    """

    integration_id: str
    customer_id: str
    invoice_ids: Sequence[str]
    nature_code: str
    amounts: Mapping[str, Money] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, and the findings of the guards."""

    integration: Integration
    candidate: Candidate
    findings: Sequence[Finding]


class Negativations:
    """The use cases about negativations."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self._relinking = Relinking(tenant)

    def preview(self, actor: Actor, request: NegativationRequest) -> Preview:
        """Find what speaks against a choice; nothing is stored.

        Raises:
            PermissionDenied: the actor may not negativate.
            NotFound: integration, customer or invoice; or the actor may not see its creditor.
            RuleViolation: the integration is inactive, or the ERP itself transmits for it.
            HostUnavailable: the host can't be read.
        """
        actor.require(Permission.NEGATIVATE)
        with self._tenant.storage.read_only() as unit:
            context = ContextLoader(self._tenant, unit).for_actor(actor, request.integration_id)
        _require_usable(context.integration)
        candidate, holds = self._read(actor, request)
        with self._tenant.storage.read_only() as unit:
            terms = self._terms(unit, context, candidate, holds)
        return Preview(context.integration, candidate, evaluated(self._tenant, candidate, terms))

    def create(self, actor: Actor, request: NegativationRequest) -> Sequence[Negativation]:
        """Create the negativations: one per invoice, or one in all where the integration groups.

        No payment is missed (rule 8): the invoices' rows are locked, and a settlement that was recorded after the host
        was read refuses the creation.

        Raises:
            RuleViolation: with all findings, or as `preview`; nothing is stored.
            Conflict: the clock is behind what was done already, or the ERP changes an invoice now.
            PermissionDenied, NotFound, HostUnavailable.
        """
        actor.require(Permission.NEGATIVATE)
        with self._tenant.storage.read_only() as unit:
            integration = visible_integration(unit, actor, request.integration_id)
        _require_usable(integration)
        if is_ahead(integration.created_at, self._tenant.clock.now()):  # the claims compare with all that was done
            raise Conflict(CLOCK_MESSAGE, code=CLOCK_REASON)
        for _ in range(READ_ATTEMPTS):
            as_of = self._tenant.host_as_of()
            candidate, holds = self._read(actor, request)
            failpoint("create.read")
            changes = self._created(actor, request, candidate, holds, as_of)
            if changes is not None:
                publish(self._tenant, changes)
                return [change.negativation for change in changes]
        raise Conflict(
            "O ERP acaba de mudar uma destas faturas. Espere alguns minutos e peça de novo.", code="erp_mudou"
        )

    def _created(
        self,
        actor: Actor,
        request: NegativationRequest,
        candidate: Candidate,
        holds: Mapping[str, Hold],
        as_of: datetime,
    ) -> Sequence[Change] | None:
        """Create what was read from the host; None where the host asked for a recheck after that reading."""
        host = self._tenant.host.code
        with self._tenant.storage.unit() as unit:
            context = ContextLoader(self._tenant, unit).for_actor(actor, request.integration_id, creates=True)
            integration = context.integration
            _require_usable(integration)  # again: it may have changed while the host was read
            inclusion = requests.new_request(
                candidate,
                request_id=self._tenant.identifiers.new_id(),
                actor=actor,
                integration=integration,
                remark=request.remark,
                now=self._tenant.clock.now(),
            )
            unit.settlements.lock_invoices(host, request.invoice_ids)
            if are_facts_older(unit.rechecks.of(host, request.invoice_ids), as_of):
                return None
            ledger = self._fresh_ledger(unit, context, candidate, as_of)
            terms = self._terms(unit, context, candidate, holds)
            findings = [
                *evaluated(self._tenant, candidate, terms),
                *requests.settled_findings(candidate, ledger, integration.settings.removal_policy.tolerance),
            ]
            changes = requests.create(
                inclusion,
                candidate,
                findings,
                integration=integration,
                capabilities=context.capabilities,
                host=host,
                new_ids=self._new_ids,
            )
            unit.negativations.add_request(inclusion)
            for change in changes:
                unit.negativations.add(change.negativation)
                unit.negativations.append(change.events)
                unit.audit.add(self._entry(actor, "negativation.create", change.negativation, request.remark))
            failpoint("create.written")
            unit.commit()
        failpoint("create.committed")
        return changes

    def _fresh_ledger(
        self, unit: UnitOfWork, context: IntegrationContext, candidate: Candidate, as_of: datetime
    ) -> Sequence[Entry]:
        """The ledger of the invoices, without the settlements of our own naming that an open answer shows to be over.

        A broken agreement would else refuse a new negativation for ever.
        """
        host, ids = self._tenant.host.code, [invoice.id for invoice in candidate.invoices]
        ledger = unit.settlements.entries(host, ids)
        is_open = {invoice.id for invoice in candidate.invoices if invoice.status is InvoiceStatus.OPEN}
        shown = [entry for entry in ledger if entry.invoice_id in is_open]
        stale = reversals_of_stale(shown, as_of, self._tenant.today(context.creditor))
        if not stale:
            return ledger
        record_listed(self._tenant, unit, stale)
        return unit.settlements.entries(host, ids)

    def delete(
        self, actor: Actor, negativation_id: str, *, reason: RemovalReason | None = None, attestation: str = ""
    ) -> Negativation:
        """Delete ("Apagar"): put it in the removal queue; cancel it where it was never sent.

        Without a reason it is the creditor's request. The attestation says how a payment was proved, where `PAYMENT` is
        chosen and no settlement is recorded.

        Raises:
            RuleViolation, Conflict, NotFound, PermissionDenied.
        """

        def deletion(unit: UnitOfWork, negativation: Negativation) -> Change:
            context = ContextLoader(self._tenant, unit).for_negativation(negativation)
            entries = unit.settlements.entries(negativation.host, [one.invoice_id for one in negativation.invoices])
            policy = context.integration.settings.removal_policy
            return removals.delete(
                negativation,
                actor_id=actor.id,
                reason=reason,
                attestation=attestation,
                statuses=negativation.settlement_statuses(entries, policy.tolerance),
                deletion_days=policy.deletion_days,
                today=self._tenant.today(context.creditor),
                calendar=legal_calendar(self._tenant, context),
                capabilities=context.capabilities,
                now=self._tenant.clock.now(),
            )

        remark = attestation.strip() or LABELS[reason or RemovalReason.CREDITOR_REQUEST]
        return self._change(actor, negativation_id, "negativation.delete", deletion, remark)

    def withdraw(self, actor: Actor, negativation_id: str) -> Negativation:
        """Take a deletion back, where rule 4 allows it.

        Raises:
            RuleViolation: a settlement is in effect, or a removal was sent before.
        """

        def withdrawal(unit: UnitOfWork, negativation: Negativation) -> Change:
            context = ContextLoader(self._tenant, unit).for_negativation(negativation)
            return removals.withdraw(
                negativation, actor_id=actor.id, capabilities=context.capabilities, now=self._tenant.clock.now()
            )

        return self._change(actor, negativation_id, "negativation.withdraw", withdrawal)

    def relink_candidates(self, actor: Actor, negativation_id: str) -> Mapping[str, Sequence[InvoiceMatch]]:
        """By id, the invoices that the ERP no longer gives, each with those of the ERP that agree with it.

        Document, due date or original due date, and amount are compared.

        Raises:
            PermissionDenied: the actor may not remove.
            NotFound: the negativation, or the actor may not see its creditor.
            HostUnavailable: the host can't be read.
        """
        return self._relinking.candidates(actor, negativation_id)

    def relink(self, actor: Actor, negativation_id: str, invoices: Mapping[str, str], remark: str) -> Negativation:
        """Match invoices that the ERP no longer gives to those that it gives: the new id by the old one.

        For an invoice that got another id, or that stands in another ERP now. The old ledger keeps counting.

        Raises:
            RuleViolation: the ERP still gives the old invoice; document, due date, amount or creditor differ; or the
                new one is in another open negativation at the same registry.
            Conflict: the negativation is closed, or was changed meanwhile.
            InvalidInput: no remark, or not all invoices of another ERP.
            NotFound, PermissionDenied, HostUnavailable.
        """
        return self._relinking.relink(actor, negativation_id, invoices, remark)

    def stop_trying(self, actor: Actor, negativation_id: str, remark: str) -> Negativation:
        """Stop the attempts; the transmission stays open, and so do its deadline and alarm (rule 5)."""

        def stop(_: UnitOfWork, before: Negativation) -> Change:
            return transmissions.stop_trying(before, actor.id, remark, self._tenant.clock.now())

        return self._change(actor, negativation_id, "negativation.stop", stop, remark)

    def resume(self, actor: Actor, negativation_id: str) -> Negativation:
        """Resume the attempts, after their obstacle was removed."""

        def resumption(_: UnitOfWork, negativation: Negativation) -> Change:
            return transmissions.resume(negativation, actor.id, self._tenant.clock.now())

        return self._change(actor, negativation_id, "negativation.resume", resumption)

    def attest_absent(self, actor: Actor, negativation_id: str, remark: str) -> Negativation:
        """State, with a remark, that no record is on file: the only other way out of the removal queue (rule 5)."""

        def statement(unit: UnitOfWork, negativation: Negativation) -> Change:
            context = ContextLoader(self._tenant, unit).for_negativation(negativation)
            return removals.attest_absent(
                negativation,
                actor_id=actor.id,
                remark=remark,
                today=self._tenant.today(context.creditor),
                capabilities=context.capabilities,
                now=self._tenant.clock.now(),
            )

        return self._change(actor, negativation_id, "negativation.attest_absent", statement, remark)

    def get(self, actor: Actor, negativation_id: str) -> Negativation:
        """Read one negativation.

        Raises:
            PermissionDenied: the actor may not read the history.
            NotFound: there is none, or the actor may not see its creditor.
        """
        actor.require(Permission.READ_HISTORY)
        return self._visible(actor, negativation_id)

    def list(
        self, actor: Actor, wanted: NegativationFilter = NegativationFilter(), page: PageRequest = PageRequest()
    ) -> Page[Negativation]:
        """List the negativations that the actor sees, newest first; a removal queue earliest deadline first."""
        actor.require(Permission.READ_HISTORY)
        scoped = replace(wanted, creditor_ids=actor.narrow(wanted.creditor_ids))
        with self._tenant.storage.read_only() as unit:
            return unit.negativations.list(scoped, page)

    def history(self, actor: Actor, negativation_id: str) -> Sequence[Event]:
        """List the events of one negativation, oldest first."""
        actor.require(Permission.READ_HISTORY)
        with self._tenant.storage.read_only() as unit:
            require_visible(actor, unit.negativations.get(negativation_id).creditor_id, "Negativação")
            return unit.negativations.history(negativation_id)

    def today(self, actor: Actor) -> Mapping[str, date]:
        """Return the date now at each creditor that the actor sees, by its id: for statuses and legal deadlines.

        Raises:
            PermissionDenied: the actor may not read the history.
        """
        actor.require(Permission.READ_HISTORY)
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            return {one.id: one.today(now) for one in unit.creditors.all() if actor.sees(one.id)}

    def _visible(self, actor: Actor, negativation_id: str) -> Negativation:
        with self._tenant.storage.read_only() as unit:
            negativation = unit.negativations.get(negativation_id)
        require_visible(actor, negativation.creditor_id, "Negativação")
        return negativation

    def _read(self, actor: Actor, request: NegativationRequest) -> tuple[Candidate, Mapping[str, Hold]]:
        """Read the candidate and its holds from the host, outside any transaction.

        What is of a creditor that the actor may not see does not exist for the actor.
        """
        candidate = read_candidate(
            self._tenant,
            customer_id=request.customer_id,
            invoice_ids=request.invoice_ids,
            nature_code=request.nature_code,
            amounts=request.amounts,
        )
        scope = HostScope.of(self._tenant, actor)
        if not scope.sees_debtor(candidate.customer, candidate.invoices):
            raise unknown_customer(request.customer_id)
        for invoice in candidate.invoices:
            if not scope.sees(invoice):
                raise unknown_invoice(invoice.id)
        return candidate, decisive_hold(self._tenant, candidate.customer)

    def _terms(
        self, unit: UnitOfWork, context: IntegrationContext, candidate: Candidate, holds: Mapping[str, Hold]
    ) -> InclusionTerms:
        host, registry = self._tenant.host.code, context.capabilities.registry
        taken = unit.negativations.open_invoices(host, registry, [invoice.id for invoice in candidate.invoices])
        return inclusion_terms(self._tenant, unit, context, holds, taken)

    def _new_ids(self) -> tuple[str, str]:
        return self._tenant.identifiers.new_id(), self._tenant.identifiers.new_reference()

    def _change(
        self,
        actor: Actor,
        negativation_id: str,
        act: str,
        decide: Callable[[UnitOfWork, Negativation], Change],
        remark: str = "",
    ) -> Negativation:
        """Lock a negativation, have the domain decide, store the change with its events and an audit entry."""
        with self._tenant.storage.unit() as unit:
            before = unit.negativations.lock(negativation_id)
            if before is None:
                raise RuleViolation("Negativação em uso por outro processo. Tente de novo.", code="em_uso")
            require_visible(actor, before.creditor_id, "Negativação")
            actor.require(Permission.REMOVE, before.creditor_id)
            change = decide(unit, before)
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            unit.audit.add(self._entry(actor, act, change.negativation, remark, before))
            unit.commit()
        publish(self._tenant, [change])
        return self._visible(actor, negativation_id)

    def _entry(
        self, actor: Actor, act: str, after: Negativation, remark: str = "", before: Negativation | None = None
    ) -> AuditEntry:
        fields = {**_states(after), "document": after.document.masked, "amount": str(after.amount)}
        states = {} if before is None else _states(before)
        now = self._tenant.clock.now()
        return AuditEntry(now, actor.id, actor.name, act, after.id, after.creditor_id, remark, states, fields)


def _require_usable(integration: Integration) -> None:
    """Require that inclusions may be requested through it. Raises `RuleViolation`."""
    integration.require_active()
    integration.require_ownership()


def _states(negativation: Negativation) -> dict[str, str]:
    return {"desired": negativation.desired.value, "observed": negativation.observed.value}
