"""What the guards need, read at the creation and again at the claim of an inclusion (rule 7); the claim itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from credit_protection.application.batched_updates import UpdateContext
from credit_protection.application.customers import unknown_customer, unknown_invoice
from credit_protection.application.holds import decisive_hold
from credit_protection.application.host_scope import has_several_creditors
from credit_protection.application.inclusion_hold import wait_code
from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.payments import decide_removal
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import removals, transmissions
from credit_protection.domain.comparison.rechecks import are_facts_older
from credit_protection.domain.customers import Customer, Subscription, SubscriptionStatus
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput, NotFound
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards import BROKEN_GUARD, Candidate, InclusionTerms, broken_guards, evaluate
from credit_protection.domain.holds import Hold
from credit_protection.domain.instants import is_ahead
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Desired
from credit_protection.domain.statuses import CLOCK_REASON
from credit_protection.domain.troubles import TroubleKind
from credit_protection.ports.storage import UnitOfWork

log = logging.getLogger(__name__)


def inclusion_terms(
    tenant: TenantPorts,
    unit: UnitOfWork,
    context: IntegrationContext,
    holds: Mapping[str, Hold],
    open_invoices: frozenset[str],
) -> InclusionTerms:
    """Gather the facts that all candidates of one integration share; reads its natures."""
    return InclusionTerms(
        capabilities=context.capabilities,
        settings=context.integration.settings.guards,
        calendar=tenant.calendars.banking(context.creditor),
        today=tenant.today(context.creditor),
        natures={nature.code: nature for nature in unit.integrations.natures(context.integration.id)},
        holds=holds,
        open_invoices=open_invoices,
        is_telecom=context.creditor.is_telecom,
        grouped=context.integration.settings.grouped,
        creditor_id=context.creditor.id,
        tolerance=context.integration.settings.removal_policy.tolerance,
        reason_map=context.integration.reason_map if context.capabilities.nature_sync else None,
    )


def read_candidate(
    tenant: TenantPorts,
    *,
    customer_id: str,
    invoice_ids: Sequence[str],
    nature_code: str,
    amounts: Mapping[str, Money],
    subscription_id: str | None = None,
) -> Candidate:
    """Read a candidate from the host, with its present state; without a subscription, that of the first invoice.

    Raises:
        NotFound: the host does not know the customer or an invoice.
        HostUnavailable: it can't be read.
    """
    customer = tenant.host.customers([customer_id]).get(customer_id)
    if customer is None:
        raise unknown_customer(customer_id)
    known = tenant.host.invoice_statuses(invoice_ids)
    if unknown := [invoice_id for invoice_id in invoice_ids if invoice_id not in known]:
        raise unknown_invoice(unknown[0])
    invoices = tuple(known[invoice_id] for invoice_id in invoice_ids)
    is_ambiguous = has_several_creditors(tenant, invoices)
    if not tenant.host.capabilities.subscriptions:  # the customer is the one subscription
        whole = Subscription(customer.id, customer.id, "", SubscriptionStatus.ACTIVE)
        theirs = tuple(replace(invoice, subscription_id=customer.id) for invoice in invoices)
        return Candidate(customer, whole, theirs, nature_code, amounts, is_ambiguous)
    if not subscription_id:
        subscription_id = next((invoice.subscription_id for invoice in invoices if invoice.subscription_id), None)
    subscription = tenant.host.subscriptions([subscription_id]).get(subscription_id) if subscription_id else None
    return Candidate(customer, subscription, invoices, nature_code, amounts, is_ambiguous)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What the host says at the claim, as of an instant; `missing` says why there is no candidate."""

    as_of: datetime

    candidate: Candidate | None
    holds: Mapping[str, Hold]
    missing: str = ""

    @property
    def balances(self) -> dict[str, Money]:
        """The open balances by invoice id."""
        return {} if self.candidate is None else {each.id: each.balance for each in self.candidate.invoices}

    @property
    def customer(self) -> Customer | None:
        """As the host knows them now."""
        return None if self.candidate is None else self.candidate.customer


def read_host_facts(tenant: TenantPorts, negativation: Negativation) -> HostFacts:
    """Read from the host, outside any transaction, what the guards need. Raises `HostUnavailable`."""
    as_of = tenant.host_as_of()
    try:
        candidate = read_candidate(
            tenant,
            customer_id=negativation.customer_id,
            invoice_ids=[invoice.invoice_id for invoice in negativation.invoices],
            nature_code=negativation.nature_code,
            amounts={invoice.invoice_id: invoice.amount for invoice in negativation.invoices},
            subscription_id=negativation.subscription_id,
        )
    except NotFound as error:
        return HostFacts(as_of, None, {}, error.message)
    return HostFacts(as_of, candidate, decisive_hold(tenant, candidate.customer))


def claim_inclusion(tenant: TenantPorts, update: UpdateContext, facts: HostFacts, worker: str) -> Change | None:
    """Claim an inclusion, or request its removal where a settlement or a guard forbids it.

    None where it is not claimable, or is no inclusion any more.
    """
    now = tenant.clock.now()  # lease and quiet period count from here: the host may have been slow
    context = update.integration_context
    if not transmissions.is_claimable(update.negativation.transmission, now):
        return None
    expired = transmissions.expire(update.negativation, context.capabilities, now)
    negativation = expired.negativation
    if negativation.transmission.action is not Action.INCLUDE or not context.integration.settings.owns_transmission:
        return None
    rechecks = update.unit.rechecks.of(negativation.host, [each.invoice_id for each in negativation.invoices])
    if are_facts_older(rechecks, facts.as_of):
        return Change(transmissions.postpone(negativation, "erp_mudou", now), expired.events)
    change = decide_removal(tenant, update.unit, negativation, context)
    if change.negativation.desired is not Desired.REMOVED:
        code = wait_code(update.unit, now)
        if code is None and is_ahead(max(negativation.created_at, context.integration.created_at), now):
            code = CLOCK_REASON
        if code is not None:
            return Change(transmissions.postpone(negativation, code, now), expired.events)
        refusal = _refusal(tenant, update, facts)
        if refusal is not None and refusal.code == BROKEN_GUARD:  # its plugin is mended, and no person asks anew
            return Change(transmissions.postpone(negativation, BROKEN_GUARD, now), expired.events)
        if refusal is not None:
            trigger = RemovalTrigger(RemovalCause.GUARD, now, context.creditor.today(now), note=refusal.message)
            change = removals.request_removal(negativation, trigger, context.capabilities, now)
        else:
            known = negativation.with_balances(facts.balances)
            change = transmissions.claim(known, context.capabilities, now=now, worker=worker)
    return Change(change.negativation, (*expired.events, *change.events))


def evaluated(tenant: TenantPorts, candidate: Candidate, terms: InclusionTerms) -> list[Finding]:
    """All findings about a candidate; a plugin's guard that failed is reported, for an alarm."""
    findings = evaluate(candidate, terms, tenant.extra_guards)
    broken = broken_guards(findings)
    for name, message in broken.items():
        if tenant.troubles.report(TroubleKind.GUARD, name, message):
            log.error("the guard %s failed: no inclusion is sent. %s", name, message)
    tenant.troubles.clear(TroubleKind.GUARD, except_subjects=list(broken))
    return findings


def _refusal(tenant: TenantPorts, update: UpdateContext, facts: HostFacts) -> Finding | None:
    """Why the inclusion may not be sent; None where it may. A guard that failed counts where no other refuses."""
    negativation = update.negativation
    if facts.candidate is None:
        return Finding("sem_candidato", Severity.BLOCK, facts.missing, "")
    if _document_changed(facts.candidate, negativation):
        message = "O documento do cliente mudou no ERP depois do pedido. Confira o cadastro e peça de novo."
        return Finding("documento_mudou", Severity.BLOCK, message, "document")
    taken = update.unit.negativations.open_invoices(
        negativation.host,
        negativation.registry,
        [invoice.invoice_id for invoice in negativation.invoices],
        except_negativation=negativation.id,
    )
    terms = inclusion_terms(tenant, update.unit, update.integration_context, facts.holds, taken)
    refusals = [each for each in evaluated(tenant, facts.candidate, terms) if each.severity is not Severity.WARN]
    return min(refusals, key=lambda each: each.code == BROKEN_GUARD, default=None)


def _document_changed(candidate: Candidate, negativation: Negativation) -> bool:
    try:
        return parse_document(candidate.customer.document) != negativation.document
    except InvalidInput:
        return False  # a guard reports an invalid document
