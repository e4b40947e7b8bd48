"""Requests, negativations with their transmissions, and history."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row

from credit_protection.adapters.storage.derived_columns import (
    bureau_reference,
    queue_name,
    unique_reference,
    wait_state,
)
from credit_protection.adapters.storage.sqlalchemy.column_types import member_of
from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.domain.events import Event
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
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.requests import InclusionRequest
from credit_protection.domain.statuses import awaits_person

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_REQUEST = PlainFields(InclusionRequest, without=("invoice_ids",))
_PLAIN = PlainFields(
    Negativation,
    without=(
        *("invoices", "reference", "transmission", "triggers", "refused_codes"),
        *("unanswered_inclusions", "unanswered_removals"),
    ),
)
_PLAIN_TRANSMISSION = PlainFields(Transmission, without=("claim", "block"))
_PLAIN_EVENT = PlainFields(Event, without=("detail",))


def request_row(request: InclusionRequest) -> dict[str, Any]:
    """The row of a request."""
    return _PLAIN_REQUEST.of(request) | {"invoice_ids": list(request.invoice_ids)}


def request_of(row: Row[Any]) -> InclusionRequest:
    """The request of a row."""
    return InclusionRequest(**_PLAIN_REQUEST.of(row), invoice_ids=tuple(row.invoice_ids))


def negativation_row(negativation: Negativation) -> dict[str, Any]:
    """The row of a negativation, with its transmission and the derived columns that queues are read by."""
    return {
        **_PLAIN.of(negativation),
        "invoices": [_invoice_tree(invoice) for invoice in negativation.invoices],
        "reference": unique_reference(negativation),
        "triggers": [_trigger_tree(trigger) for trigger in negativation.triggers],
        "refused_codes": list(negativation.refused_codes),
        "seen_at": _NEVER if negativation.is_adopted else negativation.created_at,
        **_unanswered_row("unanswered_inclusions", negativation.unanswered_inclusions),
        **_unanswered_row("unanswered_removals", negativation.unanswered_removals),
        **_transmission_row(negativation.transmission),
        **_derived_row(negativation),
    }


def row_as_read(row: Row[Any], negativation: Negativation) -> dict[str, Any]:
    """Like `negativation_row`, of one that was read: its row, and the derived columns, which are not read."""
    return row._asdict() | _derived_row(negativation)


def _derived_row(negativation: Negativation) -> dict[str, Any]:
    return {
        "desired": negativation.desired,
        "due_date": negativation.due_date,
        "is_closed": negativation.is_closed,
        "queue": queue_name(negativation),
        "wait_state": wait_state(negativation),
        "awaits_person": awaits_person(negativation),
    }


def negativation_of(row: Row[Any]) -> Negativation:
    """The negativation of a row."""
    return Negativation(
        **_PLAIN.of(row),
        invoices=tuple(_invoice_of(tree) for tree in row.invoices),
        reference=bureau_reference(row.reference, is_adopted=row.is_adopted),
        transmission=_transmission_of(row),
        triggers=tuple(_trigger_of(tree) for tree in row.triggers),
        refused_codes=tuple(row.refused_codes),
        unanswered_inclusions=_unanswered_of(
            row.unanswered_inclusions, row.unanswered_inclusions_since, row.unanswered_inclusions_quiet_until
        ),
        unanswered_removals=_unanswered_of(
            row.unanswered_removals, row.unanswered_removals_since, row.unanswered_removals_quiet_until
        ),
    )


def invoice_rows(negativation: Negativation) -> list[dict[str, Any]]:
    """The rows by which a negativation is found by its invoices."""
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


def _transmission_row(transmission: Transmission) -> dict[str, Any]:
    claim, block = transmission.claim, transmission.block
    return {
        **_PLAIN_TRANSMISSION.of(transmission),
        "claim_action": None if claim is None else claim.action,
        "claim_worker": None if claim is None else claim.worker,
        "claim_at": None if claim is None else claim.at,
        "claim_until": None if claim is None else claim.until,
        "claim_fence": None if claim is None else claim.fence,
        "block_code": None if block is None else block.code,
        "block_message": None if block is None else block.message,
        "block_at": None if block is None else block.at,
    }


def _transmission_of(row: Row[Any]) -> Transmission:
    claim = block = None
    if row.claim_until is not None:
        claim = Claim(row.claim_action, row.claim_worker, row.claim_at, row.claim_until, row.claim_fence)
    if row.block_at is not None:
        block = Block(row.block_code, row.block_message, row.block_at)
    return Transmission(**_PLAIN_TRANSMISSION.of(row), claim=claim, block=block)


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
        "balance_cents": None if invoice.balance is None else invoice.balance.cents,
    }


def _invoice_of(tree: dict[str, Any]) -> NegativatedInvoice:
    balance = tree.get("balance_cents")  # rows from before it was kept have none
    return NegativatedInvoice(
        invoice_id=tree["id"],
        number=tree["number"],
        due_date=date.fromisoformat(tree["due_date"][:10]),
        principal=Money(tree["principal_cents"]),
        amount=Money(tree["amount_cents"]),
        balance=None if balance is None else Money(balance),
    )


def _trigger_tree(trigger: RemovalTrigger) -> dict[str, Any]:
    return {
        "cause": trigger.cause.value,
        "at": trigger.at.astimezone(UTC).isoformat(),
        "deadline": trigger.deadline.isoformat(),
        "actor_id": trigger.actor_id,
        "reason": None if trigger.reason is None else trigger.reason.value,
        "note": trigger.note,
        "code": trigger.code,
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
        code=tree.get("code", ""),
    )


def event_row(event: Event) -> dict[str, Any]:
    """The row of an event."""
    row = _PLAIN_EVENT.of(event)
    row["detail"] = dict(event.detail)
    return row


def event_of(row: Row[Any]) -> Event:
    """The event of a row."""
    return Event(**_PLAIN_EVENT.of(row), detail=row.detail)
