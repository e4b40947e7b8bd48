"""A negativation in any cell of the table, brought there by the domain's own steps; and any event, to meet it there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain import observations, removals, requests, transmissions
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    Found,
    ExecutionResult,
    Missing,
    NotExecuted,
    RecordState,
    Rejected,
    Unknown,
)
from credit_protection.domain.guards import Candidate
from credit_protection.domain.integrations import Integration
from credit_protection.domain.legal_calendar import BusinessCalendar, RemovalCause
from credit_protection.domain.negativations import Action, Claim, Observed
from credit_protection.domain.observations import Moment
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalTrigger
from credit_protection.domain.settlements import InvoiceOutcome, InvoiceStanding
from tests.domain.lifecycle.host import PERSON, SUBSCRIPTION, Host

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Change, Negativation
    from tests.domain.lifecycle.table import Cell

BORN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
CALENDAR = BusinessCalendar()
INTEGRATION = Integration("i-1", "gw", "Birô", "e-1", {}, {}, BORN)
LOST = Unknown("tempo_esgotado", "O birô não respondeu a tempo.")
REFUSED = Rejected("E10", "Dados inválidos.")
UNAVAILABLE = NotExecuted("biro_indisponivel", "O birô está fora do ar.")
PAID = {"f-1": InvoiceStanding(InvoiceOutcome.PAID, TODAY)}
OWED = {"f-1": InvoiceStanding(InvoiceOutcome.OWED)}


def moment(gateway: Capabilities, minutes: float = 1) -> Moment:
    """Some minutes after the beginning."""
    return Moment(BORN + timedelta(minutes=minutes), TODAY, gateway)


def born(gateway: Capabilities) -> Negativation:
    """A negativation of one invoice, as a person's request makes it."""
    request = requests.InclusionRequest("r-1", "i-1", "u-1", "Ana", BORN, "c-1", "s-1", ("f-1",), "OUT", "pediu")
    candidate = Candidate(PERSON, SUBSCRIPTION, Host(PERSON).invoices(["f-1"]), "OUT")
    made = requests.create(
        request,
        candidate,
        [],
        integration=INTEGRATION,
        gateway=gateway,
        host="local",
        names=lambda: ("n-1", "REF-1"),
    )
    return made[0].negativation


def claimed(each: Negativation, gateway: Capabilities, minutes: float = 0) -> Negativation:
    """With its next call claimed."""
    reason = RemovalReason.CREDITOR_REQUEST
    now = max(BORN + timedelta(minutes=minutes), each.transmission.due_at)
    return transmissions.claim(each, gateway, now=now, worker="w-1", reason=reason).negativation


def held(each: Negativation, gateway: Capabilities, action: Action, minutes: float = 0) -> Negativation:
    """Held for a call, whatever its state: the claim was made before that came about."""
    work, at = each.transmission, BORN + timedelta(minutes=minutes)
    claim = Claim(action, "w-1", at, at + gateway.lease, work.fence + 1)
    return replace(each, transmission=replace(work, claim=claim, fence=work.fence + 1))


def deleted(each: Negativation, gateway: Capabilities) -> Negativation:
    """A person deleted it."""
    trigger = RemovalTrigger(RemovalCause.PERSON, BORN, date(2026, 11, 24), "u-1", RemovalReason.CREDITOR_REQUEST)
    return removals.want_removed(each, trigger, gateway, BORN).negativation


def answered(each: Negativation, gateway: Capabilities, answer: Answer) -> Negativation:
    """Claimed and answered."""
    return observations.answered(claimed(each, gateway), answer, moment(gateway, 0)).negativation


def at(cell: Cell, gateway: Capabilities) -> Negativation:
    """A negativation in a cell, nobody holding it."""
    observed, desired = cell
    each = _REACH[observed](gateway)
    if desired is each.desired:
        return each
    if observed is Observed.REJECTED:
        trigger = RemovalTrigger(RemovalCause.PERSON, BORN, TODAY, "u-1")
        return replace(each, triggers=(trigger,))  # deleted while its answer was on the way
    return deleted(each, gateway)


def _removed(gateway: Capabilities, answer: Answer) -> Negativation:
    return answered(deleted(answered(born(gateway), gateway, Done()), gateway), gateway, answer)


_REACH: dict[Observed, Callable[[Capabilities], Negativation]] = {
    Observed.ABSENT: born,
    Observed.IN_DOUBT_INCLUDE: lambda gateway: answered(born(gateway), gateway, LOST),
    Observed.INCLUDING: lambda gateway: answered(born(gateway), gateway, Accepted("id-1")),
    Observed.PRESENT: lambda gateway: answered(born(gateway), gateway, Done(bureau_id="id-1")),
    Observed.IN_DOUBT_REMOVE: lambda gateway: _removed(gateway, LOST),
    Observed.REMOVING: lambda gateway: _removed(gateway, Accepted()),
    Observed.REJECTED: lambda gateway: answered(born(gateway), gateway, REFUSED),
    Observed.GONE: lambda gateway: _removed(gateway, Done()),
}


# ------------------------------------------------------------------------------------------------ events

_ANSWERS: dict[str, Answer] = {
    "done": Done(bureau_id="id-1"),
    "accepted": Accepted("id-1"),
    "rejected": REFUSED,
    "not executed": UNAVAILABLE,
    "unknown": LOST,
    "not found": Done(ExecutionResult.NOT_FOUND),
    "still processing": NotExecuted("inclusao_em_processamento", "Ainda em processamento.", still_processing=True),
}
_LATE: dict[str, Answer | LookupResult] = {
    **_ANSWERS,
    "nothing": LOST,
    "it was there": Found(RecordState.PRESENT, "id-1"),
    "it had left": Found(RecordState.GONE, "id-1"),
    "missing": Missing(),
}
_ACTIONS = {"include": Action.INCLUDE, "remove": Action.REMOVE, "look": Action.LOOK_UP}


def meet(each: Negativation, event: str, gateway: Capabilities) -> Change:
    """Let an event of `meetings.EVENTS` happen to it, two minutes after the beginning.

    Raises:
        Conflict, RuleViolation, InvalidInput: the domain refuses.
    """
    kind, _, what = event.partition(": ")
    now = moment(gateway, 2)
    if kind.startswith("late "):
        return observations.answered_late(each, _ACTIONS[kind.removeprefix("late ")], _LATE[what], now)
    if kind in {"include", "remove"}:
        answer = _ANSWERS.get(what, _ANSWERS["accepted"])
        return observations.answered(held(each, gateway, _ACTIONS[kind], 1), answer, now)
    if kind == "look":
        looking = held(each, gateway, Action.LOOK_UP, 1)
        if what == "nothing":
            return observations.unseen(looking, UNAVAILABLE, now)
        return observations.sighted(looking, Missing() if what == "missing" else Found(RecordState(what), "id-1"), now)
    return _ACTS[event](each, gateway, now.now)


def _claim(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return transmissions.claim(each, gateway, now=now, worker="w-1", reason=RemovalReason.CREDITOR_REQUEST)


def _guard(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return removals.want_removed(each, RemovalTrigger(RemovalCause.GUARD, now, TODAY), gateway, now)


def _lease_expired(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return transmissions.expire(held(each, gateway, Action.LOOK_UP, -10), gateway, now)


def _settled(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return removals.apply_standings(each, PAID, INTEGRATION.removal_policy, CALENDAR, gateway, now)


def _reversed(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    paid = replace(each, triggers=(RemovalTrigger(RemovalCause.SETTLEMENT, BORN, TODAY),))
    return removals.apply_standings(paid, OWED, INTEGRATION.removal_policy, CALENDAR, gateway, now)


def _delete(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    return removals.delete(
        each,
        actor_id="u-1",
        reason=None,
        attestation="",
        standings=OWED,
        deletion_days=2,
        today=TODAY,
        calendar=CALENDAR,
        gateway=gateway,
        now=now,
    )


def _resume(each: Negativation, _: Capabilities, now: datetime) -> Change:
    return transmissions.resume(each, "u-1", now)


def _attest(each: Negativation, gateway: Capabilities, now: datetime) -> Change:
    later = now + gateway.quiet_period
    return removals.attest_absent(each, actor_id="u-1", why="vi", today=TODAY, gateway=gateway, now=later)


_ACTS: dict[str, Callable[[Negativation, Capabilities, datetime], Change]] = {
    **{f"claim {action}": _claim for action in ("include", "look_up", "poll", "remove")},
    "guard": _guard,
    "lease expired": _lease_expired,
    "settled": _settled,
    "reversed": _reversed,
    "deleted": _delete,
    "withdrawn": lambda each, gateway, now: removals.withdraw(each, actor_id="u-1", gateway=gateway, now=now),
    "stopped": lambda each, _, now: transmissions.stop_trying(each, "u-1", "chega", now),
    "resumed": _resume,
    "attested": _attest,
    "needs person": lambda each, _, now: transmissions.needs_person(each, "credenciais", "Confira a senha.", now),
    "hint": lambda each, gateway, now: removals.bureau_says_removed(each, gateway, today=TODAY, now=now),
}
