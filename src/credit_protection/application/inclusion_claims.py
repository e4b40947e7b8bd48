"""Claims of inclusions: all guards run again, on what the host says now (rule 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from credit_protection.application.batched_updates import UpdateContext
from credit_protection.application.inclusion_facts import inclusion_terms, reload_candidate
from credit_protection.application.payments import decide_removal
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import removals, transmissions
from credit_protection.domain.customers import Customer
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput, NotFound
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards import Candidate, evaluate
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Desired


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What the host says at the claim; `missing` says why there is no candidate."""

    candidate: Candidate | None
    holds: Mapping[str, str]
    missing: str = ""

    @property
    def customer(self) -> Customer | None:
        """As the host knows them now."""
        return None if self.candidate is None else self.candidate.customer


def read_host_facts(tenant: TenantPorts, negativation: Negativation) -> HostFacts:
    """Read from the host, outside any transaction, what the guards need. Raises `HostUnavailable`."""
    try:
        candidate = reload_candidate(tenant, negativation)
    except NotFound as error:
        return HostFacts(None, {}, error.message)
    return HostFacts(candidate, dict(tenant.host.holds([negativation.customer_id])))


def claim_inclusion(tenant: TenantPorts, update: UpdateContext, facts: HostFacts, worker: str) -> Change | None:
    """Claim an inclusion, or request its removal where a settlement or a guard forbids it.

    Returns:
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
    change = decide_removal(tenant, update.unit, negativation, context)
    if change.negativation.desired is not Desired.REMOVED:
        if refusal := _refusal(tenant, update, facts):
            trigger = RemovalTrigger(RemovalCause.GUARD, now, context.creditor.today(now), note=refusal)
            change = removals.request_removal(negativation, trigger, context.capabilities, now)
        else:
            change = transmissions.claim(negativation, context.capabilities, now=now, worker=worker)
    return Change(change.negativation, (*expired.events, *change.events))


def _refusal(tenant: TenantPorts, update: UpdateContext, facts: HostFacts) -> str:
    """Why the inclusion may not be sent, one sentence; empty where it may."""
    negativation = update.negativation
    if facts.candidate is None:
        return facts.missing
    if _document_changed(facts.candidate, negativation):
        return "O documento do cliente mudou no ERP depois do pedido. Confira o cadastro e peça de novo."
    taken = update.unit.negativations.open_invoices(
        negativation.host,
        negativation.registry,
        [invoice.invoice_id for invoice in negativation.invoices],
        except_negativation=negativation.id,
    )
    terms = inclusion_terms(tenant, update.unit, update.integration_context, facts.holds, taken)
    findings: list[Finding] = evaluate(facts.candidate, terms, tenant.extra_guards)
    return next((finding.message for finding in findings if finding.severity is Severity.BLOCK), "")


def _document_changed(candidate: Candidate, negativation: Negativation) -> bool:
    try:
        return parse_document(candidate.customer.document) != negativation.document
    except InvalidInput:
        return False  # a guard reports an invalid document
