"""A person asks: the request, the negativations it makes, and the order that is sent for each (rule 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credit_protection.domain.abbreviations import abbreviate
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.findings import blocks
from credit_protection.domain.guards import field_text
from credit_protection.domain.negativations import (
    Action,
    Change,
    NegativatedInvoice,
    Negativation,
    Observed,
    Transmission,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from credit_protection.domain.actors import Actor
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.customers import Address, Customer, Invoice
    from credit_protection.domain.documents import Document
    from credit_protection.domain.findings import Finding
    from credit_protection.domain.guards import Candidate
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.money import Money

_REFERENCE = re.compile(r"[A-Z0-9-]{1,16}").fullmatch


@dataclass(frozen=True, slots=True)
class InclusionRequest:
    """Who asked for which invoices, when and why. Every negativation comes from one.

    Args:
        id: ours.
        integration_id: through which integration.
        actor_id: the person.
        actor_name: as shown in the history.
        asked_at: instant, UTC.
        customer_id: the host's.
        subscription_id: the host's.
        invoice_ids: the explicit list.
        nature_code: the bureau's.
        why: remark.
    """

    id: str
    integration_id: str
    actor_id: str
    actor_name: str
    asked_at: datetime
    customer_id: str
    subscription_id: str
    invoice_ids: tuple[str, ...]
    nature_code: str
    why: str = ""


def ask(
    candidate: Candidate,
    *,
    request_id: str,
    actor: Actor,
    integration: Integration,
    why: str,
    now: datetime,
) -> InclusionRequest:
    """Make the request.

    Raises:
        RuleViolation: it is not a person who asks, or no invoice is listed (rule 1).
    """
    if not actor.is_person:
        raise RuleViolation("Só uma pessoa pode pedir uma negativação. Entre com um usuário seu.", code="sem_pessoa")
    if not candidate.invoices or candidate.subscription is None:
        raise RuleViolation("Escolha o serviço e pelo menos uma fatura vencida.", code="sem_fatura")
    return InclusionRequest(
        id=request_id,
        integration_id=integration.id,
        actor_id=actor.id,
        actor_name=actor.name,
        asked_at=now,
        customer_id=candidate.customer.id,
        subscription_id=candidate.subscription.id,
        invoice_ids=tuple(invoice.id for invoice in candidate.invoices),
        nature_code=candidate.nature_code,
        why=why,
    )


def create(
    request: InclusionRequest,
    candidate: Candidate,
    findings: Iterable[Finding],
    *,
    integration: Integration,
    gateway: Capabilities,
    host: str,
    names: Callable[[], tuple[str, str]],
) -> list[Change]:
    """Make the negativations of a request: one per invoice, or one in all where the integration groups.

    Args:
        request: who asked for what.
        candidate: what was asked for, as read from the host.
        findings: of the guards, about this candidate.
        integration: through which.
        gateway: what its gateway can do.
        host: the host that owns the invoices.
        names: gives a fresh id and a fresh contract reference.

    Returns:
        Each with its creation event; observed ABSENT, desired INCLUDED, the inclusion due now.

    Raises:
        RuleViolation: a guard blocks; carries all findings.
    """
    told = tuple(findings)
    if blocks(told):
        raise RuleViolation("As regras não permitem esta negativação. Veja os motivos.", told)
    document = parse_document(candidate.customer.document)
    covered = [_covered(invoice, candidate.amount_of(invoice)) for invoice in candidate.invoices]
    together = integration.grouped and gateway.grouping
    groups = [tuple(covered)] if together else [(one,) for one in covered]
    return [
        _born(request, candidate.customer, document, group, integration, gateway, host, names()) for group in groups
    ]


def _covered(invoice: Invoice, amount: Money) -> NegativatedInvoice:
    return NegativatedInvoice(invoice.id, invoice.number, invoice.due_date, invoice.amount, amount)


def _born(
    request: InclusionRequest,
    customer: Customer,
    document: Document,
    invoices: Sequence[NegativatedInvoice],
    integration: Integration,
    gateway: Capabilities,
    host: str,
    names: tuple[str, str],
) -> Change:
    negativation_id, reference = names
    if not _REFERENCE(reference):
        raise ValueError(f"contract reference {reference!r} is not at most 16 of [A-Z0-9-]")
    negativation = Negativation(
        id=negativation_id,
        request_id=request.id,
        integration_id=integration.id,
        creditor_id=integration.creditor_id,
        registry=gateway.registry,
        host=host,
        customer_id=customer.id,
        subscription_id=request.subscription_id,
        customer_name=customer.name,
        document=document,
        invoices=tuple(invoices),
        nature_code=request.nature_code,
        reference=reference,
        requested_by=request.actor_id,
        created_at=request.asked_at,
        transmission=Transmission(Action.INCLUDE, request.asked_at),
        observed=Observed.ABSENT,
        observed_since=request.asked_at,
    )
    detail = {"request": request.id, "amount": str(negativation.amount), "reference": reference}
    event = Event(EventKind.CREATED, negativation_id, request.asked_at, request.actor_id, request.why, detail)
    return Change(negativation, (event,))


@dataclass(frozen=True, slots=True)
class InclusionOrder:
    """What is sent to include one record.

    Args:
        document: of the debtor.
        name: of the debtor, fitted to the bureau's limit.
        birth_date: where known.
        address: of the debtor, fitted to the bureau's limits.
        email: empty where unknown.
        phone: empty where unknown.
        creditor: the creditor's CNPJ.
        reference: our contract reference.
        nature_code: the bureau's nature.
        due_date: the oldest.
        amount: BRL.
    """

    document: Document
    name: str
    birth_date: date | None
    address: Address
    email: str
    phone: str
    creditor: Document
    reference: str
    nature_code: str
    due_date: date
    amount: Money


def inclusion_order(
    negativation: Negativation, customer: Customer, creditor: Creditor, gateway: Capabilities
) -> InclusionOrder:
    """Make the order from the negativation and the customer as read now; too long texts are abbreviated.

    Raises:
        RuleViolation: a text does not fit even abbreviated (the guards said so before).
    """
    fitted = {name: _fit(field_text(customer, name), limit.length) for name, limit in gateway.field_limits.items()}
    address = replace(customer.address, **{part: text for part, text in fitted.items() if part != "name"})
    return InclusionOrder(
        document=negativation.document,
        name=fitted.get("name", customer.name),
        birth_date=customer.birth_date,
        address=address,
        email=customer.email,
        phone=customer.phone,
        creditor=creditor.document,
        reference=negativation.reference,
        nature_code=negativation.nature_code,
        due_date=negativation.due_date,
        amount=negativation.amount,
    )


def _fit(text: str, length: int) -> str:
    short = abbreviate(text, length) if len(text) > length else text
    if short is None:
        raise RuleViolation("Um texto do cadastro não cabe no limite do birô. Abrevie no ERP.", code="campo_longo")
    return short
