"""A person's request, the negativations that it makes, and the order that is sent for each (rule 1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime

from credit_protection.domain.abbreviations import abbreviate
from credit_protection.domain.actors import Actor
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Address, Customer
from credit_protection.domain.documents import Document, parse_document
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.findings import Finding, Severity, blocks
from credit_protection.domain.guards import Candidate
from credit_protection.domain.guards.checks import field_text
from credit_protection.domain.integrations import Integration
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Change, NegativatedInvoice, Negativation, Transmission
from credit_protection.domain.places import compact_postal_code
from credit_protection.domain.settlements import Entry, settlement_statuses_of
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.texts import clean_text

_REFERENCE = re.compile(r"[A-Z0-9-]{1,16}").fullmatch


@dataclass(frozen=True, slots=True)
class InclusionRequest:
    """A person's request to negativate the listed invoices of one subscription. Every negativation comes from one."""

    id: str
    integration_id: str
    actor_id: str
    actor_name: str
    requested_at: datetime
    customer_id: str
    subscription_id: str
    invoice_ids: tuple[str, ...]
    nature_code: str
    remark: str = ""


def new_request(
    candidate: Candidate,
    *,
    request_id: str,
    actor: Actor,
    integration: Integration,
    remark: str,
    now: datetime,
) -> InclusionRequest:
    """Make the request.

    Raises:
        RuleViolation: the actor is no person, or no invoice is listed (rule 1).
    """
    if not actor.is_person:
        raise RuleViolation("Só uma pessoa pode pedir uma negativação. Entre com um usuário seu.", code="sem_pessoa")
    if not candidate.invoices:
        raise RuleViolation("Escolha pelo menos uma fatura vencida.", code="sem_fatura")
    return InclusionRequest(
        id=request_id,
        integration_id=integration.id,
        actor_id=actor.id,
        actor_name=actor.name,
        requested_at=now,
        customer_id=candidate.customer.id,
        subscription_id="" if candidate.subscription is None else candidate.subscription.id,
        invoice_ids=tuple(invoice.id for invoice in candidate.invoices),
        nature_code=candidate.nature_code,
        remark=remark,
    )


def create(
    request: InclusionRequest,
    candidate: Candidate,
    findings: Iterable[Finding],
    *,
    integration: Integration,
    capabilities: Capabilities,
    host: str,
    new_ids: Callable[[], tuple[str, str]],
) -> list[Change]:
    """Make the negativations of a request: one per invoice, or one in all where the integration groups.

    `new_ids` gives a new id and a new contract reference. The inclusions are due now.

    Raises:
        RuleViolation: a guard blocks; carries all findings.
    """
    reasons = tuple(findings)
    if blocks(reasons):
        raise RuleViolation("As regras não permitem esta negativação. Veja os motivos.", reasons)
    document = parse_document(candidate.customer.document)
    covered = [
        NegativatedInvoice(
            each.id, each.number, each.debt_due_date, each.amount, candidate.amount_of(each), each.balance
        )
        for each in candidate.invoices
    ]
    is_grouped = integration.settings.grouped and capabilities.grouping
    groups = [tuple(covered)] if is_grouped else [(one,) for one in covered]
    changes: list[Change] = []
    for group in groups:
        negativation_id, reference = new_ids()
        if not _REFERENCE(reference):
            raise ValueError(f"contract reference {reference!r} is not at most 16 of [A-Z0-9-]")
        new = new_negativation(
            request,
            new_ids=(negativation_id, reference),
            integration=integration,
            capabilities=capabilities,
            host=host,
            customer_name=candidate.customer.name,
            document=document,
            invoices=group,
        )
        detail = {"request": request.id, "amount": str(new.amount), "reference": reference}
        event = Event(EventKind.CREATED, new.id, request.requested_at, request.actor_id, request.remark, detail)
        changes.append(Change(new, (event,)))
    return changes


def settled_findings(candidate: Candidate, ledger: Sequence[Entry], tolerance: Money) -> list[Finding]:
    """Find the invoices that the ledger shows settled, whatever the host showed when it was read (rule 8)."""
    principals = {invoice.id: invoice.amount for invoice in candidate.invoices}
    statuses = settlement_statuses_of(principals, ledger, tolerance)
    return [
        Finding(
            "fatura_paga",
            Severity.BLOCK,
            f"A fatura {invoice.number} tem uma baixa registrada. Se foi um engano, estorne-a no ERP; senão, tire-a.",
            "invoices",
            invoice.id,
        )
        for invoice in candidate.invoices
        if statuses[invoice.id].outcome.is_settled
    ]


def new_negativation(
    request: InclusionRequest,
    *,
    new_ids: tuple[str, str],
    integration: Integration,
    capabilities: Capabilities,
    host: str,
    customer_name: str,
    document: Document,
    invoices: tuple[NegativatedInvoice, ...],
) -> Negativation:
    """Construct a negativation: observed ABSENT, desired INCLUDED. Nothing else constructs a new one.

    `new_ids` are its id and its contract reference.
    """
    negativation_id, reference = new_ids
    return Negativation(
        id=negativation_id,
        request_id=request.id,
        integration_id=integration.id,
        creditor_id=integration.creditor_id,
        registry=capabilities.registry,
        host=host,
        customer_id=request.customer_id,
        subscription_id=request.subscription_id,
        customer_name=customer_name,
        document=document,
        invoices=invoices,
        nature_code=request.nature_code,
        reference=reference,
        requested_by=request.actor_id,
        created_at=request.requested_at,
        transmission=Transmission(Action.INCLUDE, request.requested_at),
        observed=Observed.ABSENT,
        observed_since=request.requested_at,
    )


@dataclass(frozen=True, slots=True)
class InclusionOrder:
    """What is sent to include one record: texts fitted to the bureau's limits, the creditor's CNPJ, oldest due date."""

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
    negativation: Negativation, customer: Customer, creditor: Creditor, capabilities: Capabilities
) -> InclusionOrder:
    """Make the order from the negativation and the customer as read now; long texts are abbreviated.

    Raises:
        RuleViolation: a text does not fit even abbreviated (a guard finds it before).
    """
    fitted = {name: _fit(field_text(customer, name), limit.length) for name, limit in capabilities.field_limits.items()}
    address = _clean(customer.address)
    address = replace(address, **{part: text for part, text in fitted.items() if part != "name"})
    return InclusionOrder(
        document=negativation.document,
        name=fitted.get("name", clean_text(customer.name)),
        birth_date=customer.birth_date,
        address=address,
        email=clean_text(customer.email),
        phone=clean_text(customer.phone),
        creditor=creditor.document,
        reference=negativation.reference,
        nature_code=negativation.nature_code,
        due_date=negativation.due_date,
        amount=negativation.amount,
    )


def _clean(address: Address) -> Address:
    """The address without line breaks, its UF in capitals, its CEP as digits."""
    cleaned = Address(*(clean_text(part) for part in astuple(address)))
    return replace(cleaned, state=cleaned.state.upper(), postal_code=compact_postal_code(cleaned.postal_code))


def _fit(text: str, length: int) -> str:
    short = abbreviate(text, length) if len(text) > length else text
    if short is None:
        raise RuleViolation("Um texto do cadastro não cabe no limite do birô. Abrevie no ERP.", code="campo_longo")
    return short
