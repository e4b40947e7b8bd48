"""The domain's things as rows: the one source of tables and of JSON. Keys are stable.

Documents are masked, but for the row of the one record that a command is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.breaker import call_state
from credit_protection.domain.negativations import status
from credit_protection.entrypoints.cli import settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from credit_protection.domain.customers import Customer, Invoice
    from credit_protection.domain.events import Event
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.products import Product
    from credit_protection.domain.queries import CreditQuery
    from credit_protection.entrypoints.cli.output import Row


def integration_row(integration: Integration, now: datetime) -> Row:
    """An integration; of its secrets, the names; its calls, as they stand now."""
    return {
        "id": integration.id,
        "description": integration.description,
        "gateway": integration.gateway,
        "creditor_id": integration.creditor_id,
        "active": integration.active,
        "calls": call_state(integration, now),
        "paused_until": integration.paused_until,
        "pause_reason": integration.pause_reason,
        "parameters": integration.parameters,
        "secrets": sorted(integration.sealed),
        "settings": settings.described(settings.settings_of(integration)),
        "created_at": integration.created_at,
    }


def product_row(product: Product) -> Row:
    """A product."""
    return {
        "code": product.code,
        "name": product.name,
        "kind": product.kind,
        "person_types": sorted(product.person_types),
        "price": product.price,
        "inputs": [f"{each.code}{'*' if each.required else ''}" for each in product.inputs],
        "hidden": product.hidden,
        "gone_at": product.gone_at,
    }


def nature_row(nature: InclusionNature) -> Row:
    """A nature; `person_types` null where the bureau does not say."""
    return {
        "code": nature.code,
        "description": nature.description,
        "person_types": None if nature.person_types is None else sorted(nature.person_types),
    }


def query_row(query: CreditQuery, *, whole: bool = False) -> Row:
    """A credit query."""
    return {
        "id": query.id,
        "asked_at": query.asked_at,
        "document": query.document.formatted if whole else query.document.masked,
        "customer_id": query.customer_id,
        "product_code": query.product_code,
        "integration_id": query.integration_id,
        "purpose": query.purpose,
        "actor_id": query.actor_id,
        "inputs": query.inputs,
        "status": query.status,
        "answered_at": query.answered_at,
        "cost": query.cost,
        "protocol": query.protocol,
        "error_code": query.error_code,
        "error_message": query.error_message,
        "media_type": query.media_type,
        "size": query.size,
        "sha256": query.sha256,
    }


def invoice_row(invoice: Invoice, customer: Customer | None, today: date) -> Row:
    """An invoice of the ERP."""
    return {
        "id": invoice.id,
        "number": invoice.number,
        "customer_id": invoice.customer_id,
        "customer_name": "" if customer is None else customer.name,
        "subscription_id": invoice.subscription_id,
        "due_date": invoice.due_date,
        "days_late": (today - invoice.due_date).days,
        "amount": invoice.amount,
        "balance": invoice.balance,
        "status": invoice.status,
    }


def negativation_row(negativation: Negativation, today: Mapping[str, date], *, whole: bool = False) -> Row:
    """A negativation with its one status, and the work that waits.

    Args:
        negativation: whose.
        today: the date at each creditor.
        whole: show the document whole: the command is about this record alone.
    """
    work = negativation.transmission
    now = today[negativation.creditor_id]
    shown = status(negativation, now)
    return {
        "id": negativation.id,
        "reference": negativation.reference,
        "status": shown,
        "status_text": shown.value,
        "customer_id": negativation.customer_id,
        "customer_name": negativation.customer_name,
        "document": negativation.document.formatted if whole else negativation.document.masked,
        "person_type": negativation.document.person_type,
        "subscription_id": negativation.subscription_id,
        "invoices": [invoice.invoice_id for invoice in negativation.invoices],
        "amount": negativation.amount,
        "due_date": negativation.due_date,
        "nature_code": negativation.nature_code,
        "integration_id": negativation.integration_id,
        "registry": negativation.registry,
        "desired": negativation.desired,
        "observed": negativation.observed,
        "observed_since": negativation.observed_since,
        "bureau_id": negativation.bureau_id,
        "rejection": negativation.rejection,
        "requested_by": negativation.requested_by,
        "created_at": negativation.created_at,
        "published_on": negativation.published_on,
        "removal_reason": negativation.removal_reason,
        "causes": [trigger.cause for trigger in negativation.triggers],
        "notes": [trigger.note for trigger in negativation.triggers if trigger.note],
        "next_action": work.action,
        "is_open": work.is_open,
        "due_at": work.due_at if work.is_open else None,
        "deadline": work.deadline,
        "days_left": None if work.deadline is None else (work.deadline - now).days,
        "attempts": work.attempts,
        "last_error": work.last_error,
        "blocked_by": None if work.block is None else work.block.message,
    }


def event_row(event: Event) -> Row:
    """One entry of a history."""
    return {
        "at": event.at,
        "kind": event.kind,
        "actor_id": event.actor_id,
        "cause": event.cause,
        "detail": event.detail,
    }
