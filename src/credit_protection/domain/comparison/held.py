"""A hold that came after the inclusion: the debtor is on the do-not-negativate list, and the record stands.

A person decides, with two exceptions: a court order on the debtor's own customer record removes at once, and a death
removes all records of the person. What they added only a person lifts: a list that no longer shows them proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.divergences import (
    Decision,
    Difference,
    Divergence,
    DivergenceCode,
    DivergenceSeverity,
    Side,
)
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger, removal_deadline
from credit_protection.domain.removals import request_removal

HELD_CODE = DivergenceCode.HELD.value


@dataclass(frozen=True, slots=True)
class DebtorHolds:
    """What the do-not-negativate list says of one debtor.

    Args:
        records: the ERP's customer records with the debtor's document; empty where it gives none.
        holds: by customer record: those of `records`, and of the negativation's own where it has another document now.
    """

    records: AbstractSet[str] = frozenset()
    holds: Mapping[str, Hold] = field(default_factory=dict)

    def effective(self, today: date) -> DebtorHolds:
        """Those that have not ended."""
        return DebtorHolds(self.records, {key: each for key, each in self.holds.items() if each.is_effective(today)})

    def removing(self, customer_id: str) -> RemovalReason | None:
        """Why the record of this customer is removed without a person; None where a person decides."""
        of_person = {key: each for key, each in self.holds.items() if key in self.records}
        own = of_person.get(customer_id)
        if own is not None and own.kind is HoldKind.COURT_ORDER:
            return RemovalReason.COURT_ORDER
        if any(each.kind is HoldKind.DEATH for each in of_person.values()):
            return RemovalReason.DEATH
        return None


@dataclass(frozen=True, slots=True)
class HoldContext:
    """Under what holds are applied; `today` is the creditor's date, the calendar that of legal deadlines."""

    capabilities: Capabilities
    calendar: BusinessCalendar
    today: date
    now: datetime


def hold_difference(negativation: Negativation, found: DebtorHolds, today: date) -> Difference | None:
    """The difference of a record that may stand while its debtor is on the list; None where there is none.

    Where a settlement or a person already removes it, only a court order or a death still matters.
    """
    if negativation.is_closed or not _may_stand(negativation):
        return None
    effective = found.effective(today)
    reason = effective.removing(negativation.customer_id)
    is_removed = any(trigger.cause is not RemovalCause.DIVERGENCE for trigger in negativation.triggers)
    if not effective.holds:
        if _trigger(negativation) is None or negativation.removal_claims:
            return None
        message = (
            "O ERP não mostra mais a retenção que pediu a remoção. A remoção continua, e só uma pessoa a desfaz: se a "
            "retenção foi um engano, mantenha e diga por quê."
        )
        return _difference(negativation, "sem retenção", message)
    theirs = "; ".join(_text(key, hold) for key, hold in sorted(effective.holds.items()))
    if reason is not None:
        message = (
            "O registro é removido sem que ninguém precise pedir: há ordem judicial ou falecimento. Se a retenção foi "
            "um engano, mantenha e diga por quê."
        )
        return _difference(negativation, theirs, message)
    if is_removed:
        return None
    if any(each.kind is HoldKind.COURT_ORDER for each in effective.holds.values()):
        message = (
            "Há ordem judicial em outro cadastro da mesma pessoa. Confira de que dívida ela trata e remova o registro, "
            "ou mantenha e diga por quê."
        )
    else:
        message = (
            "O cliente entrou na lista de não negativar depois da inclusão. Remova o registro, ou mantenha e diga por "
            "quê."
        )
    return _difference(negativation, theirs, message)


def remove_by_hold(
    negativation: Negativation, divergences: Iterable[Divergence], found: DebtorHolds, context: HoldContext
) -> Change:
    """Request the removal that a court order or a death asks for, unless a person keeps the record. Idempotent."""
    shown = [each for each in divergences if each.code is DivergenceCode.HELD and each.closed_at is None]
    reason = found.effective(context.today).removing(negativation.customer_id)
    if reason is None or not shown or any(each.decision is Decision.KEEP for each in shown):
        return Change(negativation)
    before = _trigger(negativation)
    if before is not None and before.reason is reason:
        return Change(negativation)
    by_court = reason is RemovalReason.COURT_ORDER
    cause = RemovalCause.COURT if by_court else RemovalCause.DIVERGENCE
    trigger = RemovalTrigger(
        RemovalCause.DIVERGENCE,
        context.now,
        removal_deadline(cause, context.today, context.calendar),
        reason=reason,
        note=shown[0].theirs,
        code=HELD_CODE,
    )
    return request_removal(negativation, trigger, context.capabilities, context.now)


def _may_stand(negativation: Negativation) -> bool:
    """Whether the bureau has it or may have it; what was not sent yet the guard at its claim stops."""
    return bool(negativation.inclusion_claims or negativation.known_at is not None or negativation.is_unconfirmed)


def _trigger(negativation: Negativation) -> RemovalTrigger | None:
    return next((each for each in negativation.triggers if each.code == HELD_CODE), None)


def _text(record: str, hold: Hold) -> str:
    until = "" if hold.until is None else f", até {hold.until.isoformat()}"
    return f"{hold.text} (cadastro {record}{until})"


def _difference(negativation: Negativation, theirs: str, message: str) -> Difference:
    return Difference(
        negativation.id,
        DivergenceCode.HELD,
        Side.ERP,
        DivergenceSeverity.ALARM,
        "negativado",
        theirs,
        message,
        needs_decision=True,
    )
