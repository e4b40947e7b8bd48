"""The audit trail: append-only, who did what, why, before and after. Secrets and whole documents never enter it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Change
from credit_protection.domain.settlements import Entry, Reversal
from credit_protection.domain.state_table import Action


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act.

    Args:
        act: `integration.register`, `negativation.delete`, ...
        subject: id of the record.
        creditor_id: in whose scope; None for acts about no creditor.
        before: what it was, as text by field.
    """

    at: datetime
    actor_id: str
    actor_name: str
    act: str
    subject: str
    creditor_id: str | None = None
    remark: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)


def settlement_entry(
    now: datetime, actor: Actor, entry: Entry, *, remark: str = "", refused: bool = False
) -> AuditEntry:
    """The audit entry of a settlement or a reversal that is recorded, or `refused` for want of a permission."""
    act = "payment.reverse" if isinstance(entry, Reversal) else "payment.record"
    act, after = "payment.not_permitted" if refused else act, {"invoice": entry.invoice_id}
    return AuditEntry(now, actor.id, actor.name, act, entry.settlement_key, remark=remark, after=after)


_AUDITED_CALLS = {Action.INCLUDE.value, Action.REMOVE.value}
_AUTOMATIC_ACTS = {EventKind.REMOVAL_WANTED: "removal.request", EventKind.REMOVAL_WITHDRAWN: "removal.withdraw"}


def automatic_entries(changes: Iterable[Change]) -> Iterator[AuditEntry]:
    """The entries of what the software does by itself; a person's act is audited by its use case.

    One for each inclusion or removal that a worker claims: it is committed before the bureau is called. One for each
    removal that a settlement or a guard requests, or that a reversal withdraws. `application.payments` makes
    those of recorded settlements.
    """
    for change in changes:
        for event in change.events:
            if event.kind is EventKind.CLAIMED and event.detail["action"] in _AUDITED_CALLS:
                actor_id, actor_name, act = "worker", event.detail["worker"], f"transmission.{event.detail['action']}"
            elif event.kind in _AUTOMATIC_ACTS and event.actor_id is None:
                actor_id, actor_name, act = SYSTEM.id, SYSTEM.name, _AUTOMATIC_ACTS[event.kind]
            else:
                continue
            creditor_id, after = change.negativation.creditor_id, dict(event.detail)
            yield AuditEntry(
                event.at, actor_id, actor_name, act, event.negativation_id, creditor_id, event.cause, after=after
            )
