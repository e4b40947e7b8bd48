"""When a settlement removes a record, by when, and with which reason.

Sources: STJ Súmula 548 (5 business days from full and effective payment), CDC arts. 43 and 73.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import AVAILABILITY_LIMIT, InvoiceOutcome, InvoiceSettlementStatus

SETTLEMENT_BUSINESS_DAYS = 5
"""STJ Súmula 548."""
DELETION_BUSINESS_DAYS = 2
"""Not law but custom: the creditor said that nothing is owed on record."""


class RemovalCause(StrEnum):
    """Why the creditor no longer wants the record."""

    SETTLEMENT = "settlement"
    AGREEMENT = "agreement"
    PERSON = "person"
    COURT = "court"
    BUREAU = "bureau"
    GUARD = "guard"
    LATE_ANSWER = "late_answer"
    DIVERGENCE = "divergence"


class RemovalRule(StrEnum):
    """Which settled invoices of a grouped negativation remove it."""

    ANY_INVOICE_PAID = "any_invoice_paid"
    ALL_INVOICES_SETTLED = "all_invoices_settled"


@dataclass(frozen=True, slots=True)
class RemovalPolicy:
    """The removal policy of an integration.

    Args:
        tolerance: how much of an invoice may be missing and it still counts as settled, BRL.
        deletion_days: business days for a person's deletion.
        availability_limit: business days after a payment on which its money counts as available.
        counts_local_holidays: whether the creditor's local holidays make legal deadlines later.
    """

    rule: RemovalRule = RemovalRule.ANY_INVOICE_PAID
    tolerance: Money = ZERO
    deletion_days: int = DELETION_BUSINESS_DAYS
    availability_limit: int = AVAILABILITY_LIMIT
    counts_local_holidays: bool = False


@dataclass(frozen=True, slots=True)
class RemovalTrigger:
    """An effective reason to remove; while there is one, `desired` is REMOVED.

    Args:
        deadline: the last day for the bureau to have the removal, in the creditor's time zone.
        actor_id: the person, for a deletion.
        note: attestation or remark.
        code: of the divergence, where that is the cause; each code has its own trigger.
    """

    cause: RemovalCause
    at: datetime
    deadline: date
    actor_id: str | None = None
    reason: RemovalReason | None = None
    note: str = ""
    code: str = ""

    @property
    def is_settlement(self) -> bool:
        """Whether a reversal can withdraw it."""
        return self.cause in {RemovalCause.SETTLEMENT, RemovalCause.AGREEMENT}


def removal_deadline(
    cause: RemovalCause,
    on: date,
    calendar: BusinessCalendar,
    *,
    deletion_days: int = DELETION_BUSINESS_DAYS,
) -> date:
    """The last day on which the removal must have reached the bureau.

    It counts from the day the money is available for a settlement or agreement, else from the day of the request; a
    divergence that removes has the same term. The
    deadline ends with its day, in the creditor's time zone.
    """
    match cause:
        case RemovalCause.SETTLEMENT | RemovalCause.AGREEMENT | RemovalCause.DIVERGENCE:
            return calendar.after(on, SETTLEMENT_BUSINESS_DAYS)
        case RemovalCause.PERSON:
            return calendar.after(on, deletion_days)
        case RemovalCause.COURT | RemovalCause.BUREAU | RemovalCause.GUARD | RemovalCause.LATE_ANSWER:
            return on


def settlement_trigger(
    statuses: Mapping[str, InvoiceSettlementStatus],
    policy: RemovalPolicy,
    calendar: BusinessCalendar,
    now: datetime,
) -> RemovalTrigger | None:
    """Decide whether the effective settlements of every invoice remove the record (rule 4).

    Its deadline is five business days after the money was available; by court order at once. None while it is owed.
    """
    settled = [each for each in statuses.values() if each.outcome.is_settled]
    if not settled or (policy.rule is RemovalRule.ALL_INVOICES_SETTLED and len(settled) < len(statuses)):
        return None
    days = sorted(each.settled_on for each in settled if each.settled_on is not None)
    since = days[-1] if policy.rule is RemovalRule.ALL_INVOICES_SETTLED else days[0]
    agreed = all(each.outcome is InvoiceOutcome.RENEGOTIATED for each in settled)
    cause = RemovalCause.AGREEMENT if agreed else RemovalCause.SETTLEMENT
    deadline = removal_deadline(cause, since, calendar)
    if any(each.court_order for each in settled):
        deadline = min(deadline, removal_deadline(RemovalCause.COURT, since, calendar))
    return RemovalTrigger(cause, now, deadline)


def removal_reason(
    statuses: Mapping[str, InvoiceSettlementStatus], triggers: Iterable[RemovalTrigger]
) -> RemovalReason:
    """Decide the true reason, at the claim (rule 10), from the statuses of every invoice as read now.

    COURT_ORDER by a judge's order; PAYMENT when all invoices are settled by payment; RENEGOTIATION with an
    agreement; PARTIAL_PAYMENT when some are paid; else the reason that a person chose, or the creditor's request.
    """
    effective = list(triggers)
    outcomes = [each.outcome for each in statuses.values()]
    if any(each.court_order for each in statuses.values()) or any(
        trigger.cause is RemovalCause.COURT or trigger.reason is RemovalReason.COURT_ORDER for trigger in effective
    ):
        return RemovalReason.COURT_ORDER
    if outcomes and all(outcome is InvoiceOutcome.PAID for outcome in outcomes):
        return RemovalReason.PAYMENT
    if InvoiceOutcome.RENEGOTIATED in outcomes:
        return RemovalReason.RENEGOTIATION
    if InvoiceOutcome.PAID in outcomes:
        return RemovalReason.PARTIAL_PAYMENT
    chosen = [trigger.reason for trigger in effective if trigger.reason is not None]
    return chosen[-1] if chosen else RemovalReason.CREDITOR_REQUEST
