"""Reading what the guards need: at the asking, in bulk, and again at the claim (rule 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credit_protection.domain.customers import Subscription, SubscriptionStatus
from credit_protection.domain.errors import NotFound
from credit_protection.domain.guards import Candidate, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.money import Money
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.negativations import Negativation


@dataclass(frozen=True, slots=True)
class Configured:
    """An integration with what is stored about it."""

    integration: Integration
    creditor: Creditor
    natures: Mapping[str, InclusionNature]


def configured(tenant: Tenant, integration: Integration) -> Configured:
    """Read the creditor and the natures of an integration."""
    with tenant.storage.reading() as unit:
        creditor = unit.creditors.get(integration.creditor_id)
        natures = {nature.code: nature for nature in unit.integrations.natures(integration.id)}
    return Configured(integration, creditor, natures)


def terms(
    tenant: Tenant, setup: Configured, holds: Mapping[str, str], open_invoices: frozenset[str] = frozenset()
) -> Terms:
    """The facts that all candidates of one integration share."""
    return Terms(
        gateway=tenant.gateways.kind(setup.integration.gateway).capabilities,
        settings=setup.integration.guards,
        calendar=tenant.calendars.of(setup.creditor),
        today=tenant.today(setup.creditor),
        natures=setup.natures,
        holds=holds,
        open_invoices=open_invoices,
        is_telecom=setup.creditor.is_telecom,
        grouped=setup.integration.grouped,
    )


def read_candidate(
    tenant: Tenant,
    *,
    customer_id: str,
    invoice_ids: Sequence[str],
    nature_code: str,
    amounts: Mapping[str, Money],
    subscription_id: str | None = None,
) -> Candidate:
    """Read a candidate from the host, as it stands now.

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
        raise NotFound(f"O cliente {customer_id} não existe no ERP. Confira o código.", code="cliente_desconhecido")
    known = tenant.host.invoice_statuses(invoice_ids)
    invoices: list[Invoice] = []
    for invoice_id in invoice_ids:
        if invoice_id not in known:
            raise NotFound(f"A fatura {invoice_id} não existe no ERP. Confira o código.", code="fatura_desconhecida")
        invoices.append(known[invoice_id])
    if not tenant.host.capabilities.subscriptions:  # the customer stands for theirs
        whole = Subscription(customer.id, customer.id, "", SubscriptionStatus.ACTIVE)
        theirs = tuple(replace(invoice, subscription_id=customer.id) for invoice in invoices)
        return Candidate(customer, whole, theirs, nature_code, amounts)
    if subscription_id is None:
        subscription_id = next((invoice.subscription_id for invoice in invoices if invoice.subscription_id), None)
    subscriptions = tenant.host.subscriptions([subscription_id]) if subscription_id else {}
    subscription = subscriptions.get(subscription_id) if subscription_id else None
    return Candidate(customer, subscription, tuple(invoices), nature_code, amounts)


def reread(tenant: Tenant, negativation: Negativation) -> Candidate:
    """The candidate of an existing negativation, read anew for its claim."""
    return read_candidate(
        tenant,
        customer_id=negativation.customer_id,
        invoice_ids=[invoice.invoice_id for invoice in negativation.invoices],
        nature_code=negativation.nature_code,
        amounts={invoice.invoice_id: invoice.amount for invoice in negativation.invoices},
        subscription_id=negativation.subscription_id,
    )
