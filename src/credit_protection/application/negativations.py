"""Negativations: preview the findings, create, delete with a reason, withdraw a removal, history."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from credit_protection.application.checkpoints import reached
from credit_protection.application.inclusion_facts import Configured, configured, read_candidate, terms
from credit_protection.application.integrations import visible_integration
from credit_protection.domain import removals, requests, transmissions
from credit_protection.domain.actors import Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards import evaluate
from credit_protection.domain.reasons import LABELS, RemovalReason
from credit_protection.domain.settlements import standings_of
from credit_protection.ports.storage import NegativationFilter, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.actors import Actor
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.events import Event
    from credit_protection.domain.guards import Candidate
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.money import Money
    from credit_protection.domain.negativations import Change, Negativation
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.storage import Listed, UnitOfWork


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person chose on the screen.

    Args:
        integration_id: through which integration.
        customer_id: the host's.
        invoice_ids: the explicit list, of one subscription.
        nature_code: the bureau's nature.
        amounts: edited amounts by invoice id, BRL.
        why: remark.
    """

    integration_id: str
    customer_id: str
    invoice_ids: Sequence[str]
    nature_code: str
    amounts: Mapping[str, Money] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, and what the guards say."""

    integration: Integration
    candidate: Candidate
    findings: Sequence[Finding]


class Negativations:
    """The use cases about negativations."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    # -------------------------------------------------------------------------------------------- asking

    def preview(self, actor: Actor, asked: Asked) -> Preview:
        """All findings about a choice, before anything is made.

        Raises:
            NotFound: integration, customer or invoice.
        """
        setup, candidate = self._read(actor, asked)
        holds = self._tenant.host.holds([candidate.customer.id])
        with self._tenant.storage.reading() as unit:
            taken = self._taken(unit, setup, candidate)
        findings = evaluate(candidate, terms(self._tenant, setup, holds, taken), self._tenant.extra_guards)
        return Preview(setup.integration, candidate, findings)

    def create(self, actor: Actor, asked: Asked) -> Sequence[Negativation]:
        """Make the negativations: one per invoice, or one in all where the integration groups.

        Creation and payment can't miss each other (rule 8): the invoices' rows are locked, and a settlement that was
        recorded after the host was read refuses.

        Args:
            actor: the person who asks; needs "negativar".
            asked: what was chosen.

        Returns:
            The negativations, waiting to be sent.

        Raises:
            RuleViolation: with all findings; nothing is made.
            PermissionDenied, NotFound.
        """
        with self._tenant.storage.reading() as unit:
            integration = visible_integration(self._tenant, unit, actor, asked.integration_id)
        actor.require(Permission.NEGATIVATE, integration.creditor_id)
        integration.require_active()
        integration.require_ownership()
        setup, candidate = self._read(actor, asked)
        holds = self._tenant.host.holds([candidate.customer.id])
        request = requests.ask(
            candidate,
            request_id=self._tenant.identifiers.new_id(),
            actor=actor,
            integration=integration,
            why=asked.why,
            now=self._tenant.clock.now(),
        )
        reached("create.read")
        with self._tenant.storage.unit() as unit:
            visible_integration(self._tenant, unit, actor, asked.integration_id).require_active()  # still, by now
            unit.settlements.lock_invoices(self._tenant.host.code, asked.invoice_ids)
            ledger = unit.settlements.entries(self._tenant.host.code, asked.invoice_ids)
            facts = terms(self._tenant, setup, holds, self._taken(unit, setup, candidate))
            findings = [
                *evaluate(candidate, facts, self._tenant.extra_guards),
                *_settled(ledger, candidate, integration),
            ]
            changes = requests.create(
                request,
                candidate,
                findings,
                integration=integration,
                gateway=facts.gateway,
                host=self._tenant.host.code,
                names=self._names,
            )
            unit.negativations.add_request(request)
            for change in changes:
                unit.negativations.add(change.negativation)
                unit.negativations.append(change.events)
                unit.audit.add(self._entry(actor, "negativation.create", change.negativation, asked.why))
            reached("create.written")
            unit.commit()
        reached("create.committed")
        self._announce(changes)
        return [change.negativation for change in changes]

    # -------------------------------------------------------------------------------------------- removing

    def delete(
        self, actor: Actor, negativation_id: str, *, reason: RemovalReason | None = None, attestation: str = ""
    ) -> Negativation:
        """Delete ("Apagar"): put it in the removal queue; cancel it where it was never sent.

        Args:
            actor: the person; needs "remover".
            negativation_id: which.
            reason: from the list; None means the creditor's request.
            attestation: how a payment was proved, where PAYMENT is chosen and no settlement is recorded.

        Raises:
            RuleViolation, Conflict, NotFound, PermissionDenied.
        """

        def deletion(unit: UnitOfWork, negativation: Negativation) -> Change:
            setup = self._setup_of(unit, negativation)
            entries = unit.settlements.entries(negativation.host, [one.invoice_id for one in negativation.invoices])
            policy = setup.integration.removal_policy
            return removals.delete(
                negativation,
                actor_id=actor.id,
                reason=reason,
                attestation=attestation,
                standings=negativation.standings(entries, policy.tolerance),
                deletion_days=policy.deletion_days,
                today=self._tenant.today(setup.creditor),
                calendar=self._tenant.calendars.of(setup.creditor),
                gateway=self._tenant.gateways.kind(setup.integration.gateway).capabilities,
                now=self._tenant.clock.now(),
            )

        why = attestation.strip() or LABELS[reason or RemovalReason.CREDITOR_REQUEST]
        return self._change(actor, negativation_id, "negativation.delete", deletion, why)

    def withdraw(self, actor: Actor, negativation_id: str) -> Negativation:
        """Take a deletion back, where rule 4 allows it.

        Raises:
            RuleViolation: a settlement stands, or a removal was ever sent.
        """

        def withdrawal(unit: UnitOfWork, negativation: Negativation) -> Change:
            gateway = self._capabilities(unit, negativation)
            return removals.withdraw(negativation, actor_id=actor.id, gateway=gateway, now=self._tenant.clock.now())

        return self._change(actor, negativation_id, "negativation.withdraw", withdrawal)

    def stop_trying(self, actor: Actor, negativation_id: str, why: str) -> Negativation:
        """Stop the attempts; it stays open, its deadline and alarm go on (rule 5)."""

        def stop(_: UnitOfWork, negativation: Negativation) -> Change:
            return transmissions.stop_trying(negativation, actor.id, why, self._tenant.clock.now())

        return self._change(actor, negativation_id, "negativation.stop", stop, why)

    def resume(self, actor: Actor, negativation_id: str) -> Negativation:
        """Let the attempts go on, after what was in the way is mended."""

        def go_on(_: UnitOfWork, negativation: Negativation) -> Change:
            return transmissions.resume(negativation, actor.id, self._tenant.clock.now())

        return self._change(actor, negativation_id, "negativation.resume", go_on)

    def attest_absent(self, actor: Actor, negativation_id: str, why: str) -> Negativation:
        """State, with a reason, that the bureau holds nothing: the only other way out of the queue (rule 5)."""

        def statement(unit: UnitOfWork, negativation: Negativation) -> Change:
            setup = self._setup_of(unit, negativation)
            return removals.attest_absent(
                negativation,
                actor_id=actor.id,
                why=why,
                today=self._tenant.today(setup.creditor),
                gateway=self._tenant.gateways.kind(setup.integration.gateway).capabilities,
                now=self._tenant.clock.now(),
            )

        return self._change(actor, negativation_id, "negativation.attest_absent", statement, why)

    # -------------------------------------------------------------------------------------------- reading

    def get(self, actor: Actor, negativation_id: str) -> Negativation:
        """One negativation. Raises `NotFound`."""
        with self._tenant.storage.reading() as unit:
            return self._visible(actor, unit.negativations.get(negativation_id))

    def list(
        self, actor: Actor, wanted: NegativationFilter = NegativationFilter(), page: Page = Page()
    ) -> Listed[Negativation]:
        """Negativations that the actor sees, newest first; a removal queue earliest deadline first."""
        actor.require(Permission.READ_HISTORY)
        scoped = replace(wanted, creditor_ids=_narrowed(wanted.creditor_ids, actor.creditor_ids))
        with self._tenant.storage.reading() as unit:
            return unit.negativations.list(scoped, page)

    def history(self, actor: Actor, negativation_id: str) -> Sequence[Event]:
        """What happened to one, oldest first."""
        actor.require(Permission.READ_HISTORY)
        with self._tenant.storage.reading() as unit:
            self._visible(actor, unit.negativations.get(negativation_id))
            return unit.negativations.history(negativation_id)

    def today(self) -> Mapping[str, date]:
        """The date now at each creditor, by its id: what a status and a legal deadline are read against."""
        now = self._tenant.clock.now()
        with self._tenant.storage.reading() as unit:
            return {creditor.id: creditor.today(now) for creditor in unit.creditors.all()}

    # -------------------------------------------------------------------------------------------- parts

    def _read(self, actor: Actor, asked: Asked) -> tuple[Configured, Candidate]:
        with self._tenant.storage.reading() as unit:
            integration = visible_integration(self._tenant, unit, actor, asked.integration_id)
        candidate = read_candidate(
            self._tenant,
            customer_id=asked.customer_id,
            invoice_ids=asked.invoice_ids,
            nature_code=asked.nature_code,
            amounts=asked.amounts,
        )
        return configured(self._tenant, integration), candidate

    def _taken(self, unit: UnitOfWork, setup: Configured, candidate: Candidate) -> frozenset[str]:
        registry = self._tenant.gateways.kind(setup.integration.gateway).capabilities.registry
        ids = [invoice.id for invoice in candidate.invoices]
        return unit.negativations.open_invoices(self._tenant.host.code, registry, ids)

    def _names(self) -> tuple[str, str]:
        return self._tenant.identifiers.new_id(), self._tenant.identifiers.new_reference()

    def _change(
        self,
        actor: Actor,
        negativation_id: str,
        act: str,
        decide: Callable[[UnitOfWork, Negativation], Change],
        why: str = "",
    ) -> Negativation:
        """One person's act on one negativation: locked, decided by the domain, stored with its history and audit."""
        with self._tenant.storage.unit() as unit:
            before = unit.negativations.lock(negativation_id)
            if before is None:
                raise RuleViolation("Negativação em uso por outro processo. Tente de novo.", code="em_uso")
            self._visible(actor, before)
            actor.require(Permission.REMOVE, before.creditor_id)
            change = decide(unit, before)
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            unit.audit.add(self._entry(actor, act, change.negativation, why, before))
            unit.commit()
        self._announce([change])
        return self.get(actor, negativation_id)

    def _setup_of(self, unit: UnitOfWork, negativation: Negativation) -> Configured:
        integration = unit.integrations.get(negativation.integration_id)
        return Configured(integration, unit.creditors.get(negativation.creditor_id), {})

    def _capabilities(self, unit: UnitOfWork, negativation: Negativation) -> Capabilities:
        integration = unit.integrations.get(negativation.integration_id)
        return self._tenant.gateways.kind(integration.gateway).capabilities

    def _visible(self, actor: Actor, negativation: Negativation) -> Negativation:
        self._tenant.visible(actor, negativation.creditor_id, "Negativação")
        return negativation

    def _announce(self, changes: Sequence[Change]) -> None:
        """After commit: listeners, then the workers."""
        self._tenant.listeners.happened([event for change in changes for event in change.events])
        for change in changes:
            work = change.negativation.transmission
            if work.action.is_call:
                self._tenant.queue.wake(change.negativation.id, work.due_at)

    def _entry(
        self, actor: Actor, act: str, after: Negativation, why: str = "", before: Negativation | None = None
    ) -> AuditEntry:
        return AuditEntry(
            at=self._tenant.clock.now(),
            actor_id=actor.id,
            actor_name=actor.name,
            act=act,
            subject=after.id,
            creditor_id=after.creditor_id,
            why=why,
            before={} if before is None else _described(before),
            after={**_described(after), "document": after.document.masked, "amount": str(after.amount)},
        )


def _described(negativation: Negativation) -> dict[str, str]:
    return {"desired": negativation.desired.value, "observed": negativation.observed.value}


def _narrowed(wanted: frozenset[str] | None, scope: frozenset[str] | None) -> frozenset[str] | None:
    if wanted is None or scope is None:
        return scope if wanted is None else wanted
    return wanted & scope


def _settled(ledger: Sequence[Entry], candidate: Candidate, integration: Integration) -> list[Finding]:
    """Invoices that the ledger shows settled, whatever the host showed when it was read (rule 8)."""
    principals = {invoice.id: invoice.amount for invoice in candidate.invoices}
    standings = standings_of(principals, ledger, integration.removal_policy.tolerance)
    return [
        Finding(
            "fatura_paga",
            Severity.BLOCK,
            f"A fatura {invoice.number} tem uma baixa registrada. Se foi um engano, estorne-a no ERP; senão, tire-a.",
            "invoices",
            invoice.id,
        )
        for invoice in candidate.invoices
        if standings[invoice.id].outcome.is_settled
    ]
