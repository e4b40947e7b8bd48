"""A negativation in each state of the table, built by the domain's own steps; and each event, applied to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain import observations, removals, requests, transmissions
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    RecordFound,
    RecordNotFound,
    RecordState,
    Rejected,
)
from credit_protection.domain.guards import Candidate
from credit_protection.domain.integrations import Integration
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Claim
from credit_protection.domain.observations import AnswerContext
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.settlements import InvoiceOutcome, InvoiceSettlementStatus
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.bureau import GARBLED, LOST, STILL_PROCESSING, UNAVAILABLE
from tests.domain.lifecycle.host import PERSON, SUBSCRIPTION, Host

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Change, Negativation
    from tests.domain.lifecycle.table import State

CREATED_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
CALENDAR = BusinessCalendar()
INTEGRATION = Integration("i-1", "gw", "Birô", "e-1", {}, {}, CREATED_AT)
REFUSED = Rejected("E10", "Dados inválidos.")
PAID = {"f-1": InvoiceSettlementStatus(InvoiceOutcome.PAID, TODAY)}
OWED = {"f-1": InvoiceSettlementStatus(InvoiceOutcome.OWED)}


def context(gateway: Capabilities, minutes: float = 1) -> AnswerContext:
    """Some minutes after the start."""
    return AnswerContext(CREATED_AT + timedelta(minutes=minutes), TODAY, gateway)


def created(gateway: Capabilities) -> Negativation:
    """A negativation of one invoice, as a person's request makes it."""
    request = requests.InclusionRequest("r-1", "i-1", "u-1", "Ana", CREATED_AT, "c-1", "s-1", ("f-1",), "OUT", "pediu")
    candidate = Candidate(PERSON, SUBSCRIPTION, Host(PERSON).invoices(["f-1"]), "OUT")
    made = requests.create(
        request,
        candidate,
        [],
        integration=INTEGRATION,
        capabilities=gateway,
        host="local",
        new_ids=lambda: ("n-1", "REF-1"),
    )
    return made[0].negativation


def claimed(each: Negativation, gateway: Capabilities, minutes: float = 0) -> Negativation:
    """With its next call claimed."""
    reason = RemovalReason.CREDITOR_REQUEST
    now = max(CREATED_AT + timedelta(minutes=minutes), each.transmission.due_at)
    return transmissions.claim(each, gateway, now=now, worker="w-1", reason=reason).negativation


def leased(each: Negativation, gateway: Capabilities, action: Action, minutes: float = 0) -> Negativation:
    """Leased for a call, in any state: the claim came before the state did."""
    work, at = each.transmission, CREATED_AT + timedelta(minutes=minutes)
    claim = Claim(action, "w-1", at, at + gateway.lease, work.fence + 1)
    return replace(each, transmission=replace(work, claim=claim, fence=work.fence + 1))


def deleted(each: Negativation, gateway: Capabilities) -> Negativation:
    """Deleted by a person."""
    trigger = RemovalTrigger(RemovalCause.PERSON, CREATED_AT, date(2026, 11, 24), "u-1", RemovalReason.CREDITOR_REQUEST)
    return removals.request_removal(each, trigger, gateway, CREATED_AT).negativation


def answered(each: Negativation, gateway: Capabilities, answer: Answer) -> Negativation:
    """Claimed and answered."""
    return observations.answered(claimed(each, gateway), answer, context(gateway, 0)).negativation


def in_state(state: State, gateway: Capabilities) -> Negativation:
    """A negativation in a state, without a lease."""
    observed, desired = state
    each = _REACH[observed](gateway)
    if desired is each.desired:
        return each
    if observed is Observed.REJECTED:
        trigger = RemovalTrigger(RemovalCause.PERSON, CREATED_AT, TODAY, "u-1")
        return replace(each, triggers=(trigger,))  # deleted while its answer was on the way
    return deleted(each, gateway)


def _removed(gateway: Capabilities, answer: Answer) -> Negativation:
    return answered(deleted(answered(created(gateway), gateway, Done()), gateway), gateway, answer)


_REACH: dict[Observed, Callable[[Capabilities], Negativation]] = {
    Observed.ABSENT: created,
    Observed.IN_DOUBT_INCLUDE: lambda gateway: answered(created(gateway), gateway, LOST),
    Observed.INCLUDING: lambda gateway: answered(created(gateway), gateway, Accepted("id-1")),
    Observed.PRESENT: lambda gateway: answered(created(gateway), gateway, Done(bureau_id="id-1")),
    Observed.IN_DOUBT_REMOVE: lambda gateway: _removed(gateway, LOST),
    Observed.REMOVING: lambda gateway: _removed(gateway, Accepted()),
    Observed.REJECTED: lambda gateway: answered(created(gateway), gateway, REFUSED),
    Observed.GONE: lambda gateway: _removed(gateway, Done()),
}


# ------------------------------------------------------------------------------------------------ events

_ANSWERS: dict[str, Answer] = {
    "done": Done(bureau_id="id-1"),
    "accepted": Accepted("id-1"),
    "rejected": REFUSED,
    "not executed": UNAVAILABLE,
    "unknown": LOST,
    "not understood": GARBLED,
    "not found": Done(ExecutionResult.NOT_FOUND),
    "still processing": STILL_PROCESSING,
}
_LATE: dict[str, Answer | LookupResult] = {
    **_ANSWERS,
    "nothing": LOST,
    "it was there": RecordFound(RecordState.PRESENT, "id-1"),
    "it had left": RecordFound(RecordState.GONE, "id-1"),
    "missing": RecordNotFound(),
}
_ACTIONS = {"include": Action.INCLUDE, "remove": Action.REMOVE, "look": Action.LOOK_UP}


def apply_event(each: Negativation, event: str, gateway: Capabilities) -> Change:
    """Apply an event of `state_event_matrix.EVENTS` two minutes after the start.

    Raises:
        Conflict, RuleViolation, InvalidInput: the domain refuses.
    """
    kind, _, what = event.partition(": ")
    now = context(gateway, 2)
    if kind.startswith("late "):
        return observations.answered_late(each, _ACTIONS[kind.removeprefix("late ")], _LATE[what], now)
    if kind in {"include", "remove"}:
        answer = _ANSWERS.get(what, _ANSWERS["accepted"])
        return observations.answered(leased(each, gateway, _ACTIONS[kind], 1), answer, now)
    if kind == "look":
        looking = leased(each, gateway, Action.LOOK_UP, 1)
        if what in {"nothing", "not understood"}:
            failure = UNAVAILABLE if what == "nothing" else GARBLED
            return observations.lookup_failed(looking, failure, now)
        return observations.looked_up(
            looking, RecordNotFound() if what == "missing" else RecordFound(RecordState(what), "id-1"), now
        )
    return _ACTS[event](each, gateway, now.now)


def _claim(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return transmissions.claim(each, gateway, now=now, worker="w-1", reason=RemovalReason.CREDITOR_REQUEST)


def _guard(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return removals.request_removal(each, RemovalTrigger(RemovalCause.GUARD, now, TODAY), gateway, now)


def _lease_expired(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return transmissions.expire(leased(each, gateway, Action.LOOK_UP, -10), gateway, now)


def _settled(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return removals.apply_settlement_statuses(each, PAID, INTEGRATION.settings.removal_policy, CALENDAR, gateway, now)


def _reversed(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    paid = replace(each, triggers=(RemovalTrigger(RemovalCause.SETTLEMENT, CREATED_AT, TODAY),))
    return removals.apply_settlement_statuses(paid, OWED, INTEGRATION.settings.removal_policy, CALENDAR, gateway, now)


def _delete(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return removals.delete(
        each,
        actor_id="u-1",
        reason=None,
        attestation="",
        statuses=OWED,
        deletion_days=2,
        today=TODAY,
        calendar=CALENDAR,
        capabilities=gateway,
        now=now,
    )


def _resume(each: Negativation, _: Capabilities, now: datetime) -> Change:
    return transmissions.resume(each, "u-1", now)


def _attest(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    later = now + gateway.quiet_period
    return removals.attest_absent(each, actor_id="u-1", remark="vi", today=TODAY, capabilities=gateway, now=later)


_ACTS: dict[str, Callable[[Negativation, Capabilities, datetime], Change]] = {
    **{f"claim {action}": _claim for action in ("include", "look_up", "poll", "remove")},
    "guard": _guard,
    "lease expired": _lease_expired,
    "settled": _settled,
    "reversed": _reversed,
    "deleted": _delete,
    "withdrawn": lambda each, gateway, now: removals.withdraw(each, actor_id="u-1", capabilities=gateway, now=now),
    "stopped": lambda each, _, now: transmissions.stop_trying(each, "u-1", "chega", now),
    "resumed": _resume,
    "attested": _attest,
    "needs person": lambda each, _, now: transmissions.require_manual_action(
        each, "credenciais", "Confira a senha.", now
    ),
    "hint": lambda each, gateway, now: removals.bureau_says_removed(each, gateway, today=TODAY, now=now),
}
