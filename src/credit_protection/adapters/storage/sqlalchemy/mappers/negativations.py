"""Requests, negativations with their transmissions, and history."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.places import queue_of, reference_in, unique_reference, waits_for
from credit_protection.adapters.storage.sqlalchemy.column_types import member_of
from credit_protection.domain.events import Event
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import (
    Block,
    Claim,
    NegativatedInvoice,
    Negativation,
    Transmission,
    Unanswered,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalTrigger
from credit_protection.domain.requests import InclusionRequest

if TYPE_CHECKING:
    from sqlalchemy import Row


def request_row(request: InclusionRequest) -> dict[str, Any]:
    """What is stored of a request."""
    return {
        "id": request.id,
        "integration_id": request.integration_id,
        "actor_id": request.actor_id,
        "actor_name": request.actor_name,
        "asked_at": request.asked_at,
        "customer_id": request.customer_id,
        "subscription_id": request.subscription_id,
        "invoice_ids": list(request.invoice_ids),
        "nature_code": request.nature_code,
        "why": request.why,
    }


def request_of(row: Row[Any]) -> InclusionRequest:
    """The request of a row."""
    return InclusionRequest(
        id=row.id,
        integration_id=row.integration_id,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        asked_at=row.asked_at,
        customer_id=row.customer_id,
        subscription_id=row.subscription_id,
        invoice_ids=tuple(row.invoice_ids),
        nature_code=row.nature_code,
        why=row.why,
    )


# ------------------------------------------------------------------------------------------------ negativations


def negativation_row(negativation: Negativation) -> dict[str, Any]:
    """What is stored of a negativation: what it is, what the queues are read by, its transmission."""
    return {
        "id": negativation.id,
        "request_id": negativation.request_id,
        "integration_id": negativation.integration_id,
        "creditor_id": negativation.creditor_id,
        "registry": negativation.registry,
        "host": negativation.host,
        "customer_id": negativation.customer_id,
        "subscription_id": negativation.subscription_id,
        "customer_name": negativation.customer_name,
        "document": negativation.document,
        "invoices": [_invoice_tree(invoice) for invoice in negativation.invoices],
        "nature_code": negativation.nature_code,
        "reference": unique_reference(negativation),
        "requested_by": negativation.requested_by,
        "created_at": negativation.created_at,
        "observed": negativation.observed,
        "observed_since": negativation.observed_since,
        "desired": negativation.desired,
        "triggers": [_trigger_tree(trigger) for trigger in negativation.triggers],
        "is_closed": negativation.is_closed,
        **_unanswered_row("unanswered_inclusions", negativation.unanswered_inclusions),
        **_unanswered_row("unanswered_removals", negativation.unanswered_removals),
        "known_at": negativation.known_at,
        "bureau_id": negativation.bureau_id,
        "notice_sent_on": negativation.notice_sent_on,
        "published_on": negativation.published_on,
        "published_is_estimated": negativation.published_is_estimated,
        "removal_reason": negativation.removal_reason,
        "inclusion_claims": negativation.inclusion_claims,
        "removal_claims": negativation.removal_claims,
        "rejection": negativation.rejection,
        "is_adopted": negativation.is_adopted,
        **_transmission_row(negativation.transmission),
        "queue": queue_of(negativation),
        "waits_for": waits_for(negativation),
        "version": negativation.version,
    }


def negativation_of(row: Row[Any]) -> Negativation:
    """The negativation of a row."""
    return Negativation(
        id=row.id,
        request_id=row.request_id,
        integration_id=row.integration_id,
        creditor_id=row.creditor_id,
        registry=row.registry,
        host=row.host,
        customer_id=row.customer_id,
        subscription_id=row.subscription_id,
        customer_name=row.customer_name,
        document=row.document,
        invoices=tuple(_invoice_of(tree) for tree in row.invoices),
        nature_code=row.nature_code,
        reference=reference_in(row.reference, is_adopted=row.is_adopted),
        requested_by=row.requested_by,
        created_at=row.created_at,
        transmission=_transmission_of(row),
        observed=row.observed,
        observed_since=row.observed_since,
        triggers=tuple(_trigger_of(tree) for tree in row.triggers),
        unanswered_inclusions=_unanswered_of(
            row.unanswered_inclusions, row.unanswered_inclusions_since, row.unanswered_inclusions_quiet_until
        ),
        unanswered_removals=_unanswered_of(
            row.unanswered_removals, row.unanswered_removals_since, row.unanswered_removals_quiet_until
        ),
        known_at=row.known_at,
        bureau_id=row.bureau_id,
        notice_sent_on=row.notice_sent_on,
        published_on=row.published_on,
        published_is_estimated=row.published_is_estimated,
        removal_reason=row.removal_reason,
        inclusion_claims=row.inclusion_claims,
        removal_claims=row.removal_claims,
        rejection=row.rejection,
        is_adopted=row.is_adopted,
        version=row.version,
    )


def invoice_rows(negativation: Negativation) -> list[dict[str, Any]]:
    """What is stored to find a negativation by its invoices."""
    return [
        {
            "negativation_id": negativation.id,
            "invoice_id": invoice.invoice_id,
            "host": negativation.host,
            "registry": negativation.registry,
            "desired": negativation.desired,
            "is_closed": negativation.is_closed,
        }
        for invoice in negativation.invoices
    ]


def _transmission_row(work: Transmission) -> dict[str, Any]:
    claim, block = work.claim, work.block
    return {
        "action": work.action,
        "due_at": work.due_at,
        "deadline": work.deadline,
        "attempts": work.attempts,
        "fence": work.fence,
        "claim_action": None if claim is None else claim.action,
        "claim_worker": None if claim is None else claim.worker,
        "claim_at": None if claim is None else claim.at,
        "claim_until": None if claim is None else claim.until,
        "claim_fence": None if claim is None else claim.fence,
        "block_code": None if block is None else block.code,
        "block_message": None if block is None else block.message,
        "block_at": None if block is None else block.at,
        "last_error": work.last_error,
    }


def _transmission_of(row: Row[Any]) -> Transmission:
    claim = block = None
    if row.claim_until is not None:
        claim = Claim(row.claim_action, row.claim_worker, row.claim_at, row.claim_until, row.claim_fence)
    if row.block_at is not None:
        block = Block(row.block_code, row.block_message, row.block_at)
    return Transmission(
        action=row.action,
        due_at=row.due_at,
        deadline=row.deadline,
        attempts=row.attempts,
        fence=row.fence,
        claim=claim,
        block=block,
        last_error=row.last_error,
    )


def _unanswered_row(name: str, unanswered: Unanswered | None) -> dict[str, Any]:
    return {
        name: None if unanswered is None else unanswered.count,
        f"{name}_since": None if unanswered is None else unanswered.since,
        f"{name}_quiet_until": None if unanswered is None else unanswered.quiet_until,
    }


def _unanswered_of(count: int | None, since: datetime, quiet_until: datetime) -> Unanswered | None:
    return None if count is None else Unanswered(count, since, quiet_until)


def _invoice_tree(invoice: NegativatedInvoice) -> dict[str, Any]:
    return {
        "id": invoice.invoice_id,
        "number": invoice.number,
        "due_date": invoice.due_date.isoformat(),
        "principal_cents": invoice.principal.cents,
        "amount_cents": invoice.amount.cents,
    }


def _invoice_of(tree: dict[str, Any]) -> NegativatedInvoice:
    return NegativatedInvoice(
        invoice_id=tree["id"],
        number=tree["number"],
        due_date=date.fromisoformat(tree["due_date"]),
        principal=Money(tree["principal_cents"]),
        amount=Money(tree["amount_cents"]),
    )


def _trigger_tree(trigger: RemovalTrigger) -> dict[str, Any]:
    return {
        "cause": trigger.cause.value,
        "at": trigger.at.astimezone(UTC).isoformat(),
        "deadline": trigger.deadline.isoformat(),
        "actor_id": trigger.actor_id,
        "reason": None if trigger.reason is None else trigger.reason.value,
        "note": trigger.note,
    }


def _trigger_of(tree: dict[str, Any]) -> RemovalTrigger:
    reason = tree["reason"]
    return RemovalTrigger(
        cause=member_of(RemovalCause, tree["cause"]),
        at=datetime.fromisoformat(tree["at"]),
        deadline=date.fromisoformat(tree["deadline"]),
        actor_id=tree["actor_id"],
        reason=None if reason is None else member_of(RemovalReason, reason),
        note=tree["note"],
    )


# ------------------------------------------------------------------------------------------------ history


def event_row(event: Event) -> dict[str, Any]:
    """What is stored of an event."""
    return {
        "negativation_id": event.negativation_id,
        "kind": event.kind,
        "at": event.at,
        "actor_id": event.actor_id,
        "cause": event.cause,
        "detail": dict(event.detail),
    }


def event_of(row: Row[Any]) -> Event:
    """The event of a row."""
    return Event(row.kind, row.negativation_id, row.at, row.actor_id, row.cause, row.detail)
