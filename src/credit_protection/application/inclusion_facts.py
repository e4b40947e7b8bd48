"""Reads what the guards need: at the creation, and again at the claim (rule 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from credit_protection.application.customers import unknown_customer
from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.customers import Subscription, SubscriptionStatus
from credit_protection.domain.errors import NotFound
from credit_protection.domain.guards import Candidate, InclusionTerms
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Negativation
from credit_protection.ports.storage import UnitOfWork


def inclusion_terms(
    tenant: TenantPorts,
    unit: UnitOfWork,
    context: IntegrationContext,
    holds: Mapping[str, str],
    open_invoices: frozenset[str],
) -> InclusionTerms:
    """Gather the facts that all candidates of one integration share; reads its natures.

    Args:
        tenant: whose calendars and clock.
        unit: the open unit of work.
        context: of the integration.
        holds: customers on the do-not-negativate list, with the reason.
        open_invoices: invoices in another open negativation of the registry.
    """
    return InclusionTerms(
        capabilities=context.capabilities,
        settings=context.integration.settings.guards,
        calendar=tenant.calendars.for_creditor(context.creditor),
        today=tenant.today(context.creditor),
        natures={nature.code: nature for nature in unit.integrations.natures(context.integration.id)},
        holds=holds,
        open_invoices=open_invoices,
        is_telecom=context.creditor.is_telecom,
        grouped=context.integration.settings.grouped,
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
    """Read a candidate from the host, with its present state.

    Args:
        tenant: whose host.
        customer_id: the host's.
        invoice_ids: the explicit list.
        nature_code: the bureau's nature.
        amounts: edited amounts by invoice id.
        subscription_id: the host's; None for that of the first invoice. Of no account where the host has none.

    Raises:
        NotFound: the host does not know the customer or an invoice.
        HostUnavailable: it can't be read.
    """
    customer = tenant.host.customers([customer_id]).get(customer_id)
    if customer is None:
        raise unknown_customer(customer_id)
    known = tenant.host.invoice_statuses(invoice_ids)
    if unknown := [invoice_id for invoice_id in invoice_ids if invoice_id not in known]:
        raise NotFound(f"A fatura {unknown[0]} não existe no ERP. Confira o código.", code="fatura_desconhecida")
    invoices = tuple(known[invoice_id] for invoice_id in invoice_ids)
    if not tenant.host.capabilities.subscriptions:  # the customer is the one subscription
        whole = Subscription(customer.id, customer.id, "", SubscriptionStatus.ACTIVE)
        theirs = tuple(replace(invoice, subscription_id=customer.id) for invoice in invoices)
        return Candidate(customer, whole, theirs, nature_code, amounts)
    if subscription_id is None:
        subscription_id = next((invoice.subscription_id for invoice in invoices if invoice.subscription_id), None)
    subscription = tenant.host.subscriptions([subscription_id]).get(subscription_id) if subscription_id else None
    return Candidate(customer, subscription, invoices, nature_code, amounts)


def reload_candidate(tenant: TenantPorts, negativation: Negativation) -> Candidate:
    """Read the candidate of an existing negativation again, for its claim."""
    return read_candidate(
        tenant,
        customer_id=negativation.customer_id,
        invoice_ids=[invoice.invoice_id for invoice in negativation.invoices],
        nature_code=negativation.nature_code,
        amounts={invoice.invoice_id: invoice.amount for invoice in negativation.invoices},
        subscription_id=negativation.subscription_id,
    )
