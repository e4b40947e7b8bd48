"""What a divergence does by itself: the removal trigger that its policy adds, and that its end lifts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.divergences import (
    Decision,
    Divergence,
    DivergenceCode,
    DivergencePolicies,
    DivergencePolicy,
    Side,
)
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalRule, RemovalTrigger, removal_deadline
from credit_protection.domain.removals import lift_divergence, request_removal
from credit_protection.domain.settlements import InvoiceOutcome, InvoiceSettlementStatus

CODES_WITH_POLICY = frozenset({DivergenceCode.POSTPONED, DivergenceCode.LOWER_AMOUNT, DivergenceCode.NOT_READ})
"""Only these turn a record by themselves, and turn it back."""


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """Under what the policies of one negativation are applied."""

    policies: DivergencePolicies
    rule: RemovalRule
    capabilities: Capabilities
    calendar: BusinessCalendar
    today: date
    now: datetime


@dataclass(frozen=True, slots=True)
class Carried:
    """Which invoices carry each of the divergences of their negativation.

    Args:
        invoices: by code; the bureau's sum (`LOWER_AMOUNT`) is that of all.
        is_whole: whether the ERP gave all of the negativation's invoices.
    """

    invoices: Mapping[DivergenceCode, AbstractSet[str]]
    is_whole: bool


def removing(divergences: Iterable[Divergence], context: PolicyContext) -> list[Divergence]:
    """The open divergences whose policy removes now: the term to decide is over, and no person keeps the record."""
    return [
        each
        for each in divergences
        if each.closed_at is None
        and each.side is Side.ERP
        and each.decision is not Decision.KEEP
        and context.policies.of(each.code) is DivergencePolicy.REMOVE
        and _is_term_over(each, context)
    ]


def _is_term_over(divergence: Divergence, context: PolicyContext) -> bool:
    if divergence.decide_by is not None and context.today <= divergence.decide_by:
        return False
    days = (context.now - divergence.opened_at).days
    return divergence.code is not DivergenceCode.NOT_READ or days >= context.policies.not_read_days


def apply_policies(
    negativation: Negativation,
    divergences: Sequence[Divergence],
    statuses: Mapping[str, InvoiceSettlementStatus],
    carried: Carried,
    context: PolicyContext,
) -> Change:
    """Add the triggers of the divergences that remove, and lift those of the ones that don't (rule 4). Idempotent.

    Where all invoices must be settled, a group goes when each is settled or carries a divergence that removes. The
    statuses are those of all its invoices, by id.
    """
    change = Change(negativation)
    present = {
        each.code
        for each in negativation.triggers
        if each.cause is RemovalCause.DIVERGENCE and each.code in CODES_WITH_POLICY
    }
    wanted = {each.code.value: each for each in removing(divergences, context)}
    if context.rule is RemovalRule.ALL_INVOICES_SETTLED and not _is_each_over(wanted.values(), statuses, carried):
        kept = set() if carried.is_whole else present  # what the ERP did not give lifts nothing
        wanted = {code: each for code, each in wanted.items() if code in kept}
    for code in sorted(present - wanted.keys()):
        change = _then(change, lift_divergence(change.negativation, code, context.capabilities, context.now))
    paid = any(each.outcome in {InvoiceOutcome.PAID, InvoiceOutcome.PARTLY_PAID} for each in statuses.values())
    for code in sorted(wanted.keys() - present):
        trigger = RemovalTrigger(
            RemovalCause.DIVERGENCE,
            context.now,
            removal_deadline(RemovalCause.DIVERGENCE, context.today, context.calendar),
            reason=_reason(wanted[code].code, paid=paid),
            note=wanted[code].message,
            code=code,
        )
        change = _then(change, request_removal(change.negativation, trigger, context.capabilities, context.now))
    return change


def _is_each_over(
    divergences: Iterable[Divergence], statuses: Mapping[str, InvoiceSettlementStatus], carried: Carried
) -> bool:
    """Whether each invoice is settled or carries one of these divergences."""
    over = {key for key, each in statuses.items() if each.outcome.is_settled}
    for each in divergences:
        over |= carried.invoices.get(each.code, frozenset())
    return over >= statuses.keys()


def _reason(code: DivergenceCode, *, paid: bool) -> RemovalReason:
    if code is DivergenceCode.POSTPONED:
        return RemovalReason.RENEGOTIATION
    if code is DivergenceCode.LOWER_AMOUNT:
        return RemovalReason.PARTIAL_PAYMENT if paid else RemovalReason.CORRECTION
    return RemovalReason.CREDITOR_REQUEST


def _then(before: Change, after: Change) -> Change:
    return replace(after, events=(*before.events, *after.events))
