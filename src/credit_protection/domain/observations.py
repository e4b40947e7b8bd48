"""What an answer of the bureau makes of a negativation.

Three ways in: `answered` (an inclusion's or a removal's answer, in time), `sighted` (a look-up's answer, in time), and
`answered_late` (any answer whose fence is stale: evidence, never dropped). All are pure.

The hard part is rule 6. A request whose answer is lost may land later, until its quiet period is over. So "not found"
counts only if it was *asked* after that; and where more than one inclusion is unanswered (a repeat that the gateway
declares safe), even a removal that succeeded is not final before the last of them can no longer land.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

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
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.late_answers import doubt_from
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import (
    Action,
    Block,
    Change,
    Desired,
    Observed,
    Unanswered,
    may_be_several,
    sync_transmission,
)
from credit_protection.domain.pacing import next_attempt
from credit_protection.domain.removal_policy import RemovalTrigger

if TYPE_CHECKING:
    from datetime import date, datetime

    from credit_protection.domain.bureau_answers import (
        Answer,
        LookupResult,
    )
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import (
        Negativation,
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where an answer is stored.

    Args:
        now: instant, UTC.
        today: the creditor's date.
        gateway: what the gateway can do.
        jitter: uniform in [0, 1), for the next attempt.
        notice_days: the state's notice term, to estimate when the record shows.
    """

    now: datetime
    today: date
    gateway: Capabilities
    jitter: float = 0.5
    notice_days: int = 10


# ------------------------------------------------------------------------------------------------ answers, in time


def answered(negativation: Negativation, answer: Answer, moment: Moment) -> Change:
    """Store the answer to the claimed inclusion or removal.

    Args:
        negativation: with the claim whose fence the answer brought back.
        answer: the bureau's, or what is known of the call.
        moment: when.
    """
    held = negativation.transmission.claim
    if held is None:
        raise ValueError("an answer in time needs a claim")
    free = replace(negativation, transmission=replace(negativation.transmission, claim=None))
    including = held.action is Action.INCLUDE
    if free.observed is not (Observed.IN_DOUBT_INCLUDE if including else Observed.IN_DOUBT_REMOVE):
        return _overtaken(free, held.action, answer, moment)
    if including:
        return _inclusion_answered(free, answer, moment)
    return _removal_answered(free, answer, held.at, moment)


def _overtaken(negativation: Negativation, action: Action, answer: Answer, moment: Moment) -> Change:
    """A callback was quicker than the answer to the call it speaks of: only "done" can add to what it told."""
    if isinstance(answer, Done):
        return answered_late(negativation, action, answer, moment)
    evidence = _evidence(negativation, action, answer, moment, "o birô já havia informado o resultado")
    return Change(sync_transmission(negativation, moment.gateway, moment.now), (evidence,))


def _inclusion_answered(negativation: Negativation, answer: Answer, moment: Moment) -> Change:
    match answer:
        case Done():
            known = _acknowledged(_one_answered(negativation), answer.bureau_id, moment)
            return _present(known, answer.notice_sent_on, answer.published_on, moment)
        case Accepted():
            known = _acknowledged(_one_answered(negativation), answer.bureau_id, moment)
            return _to(known, Observed.INCLUDING, moment, EventKind.INCLUSION_ACCEPTED, due=_soon(moment))
        case Rejected():
            rest = _one_answered(negativation)
            if rest.unanswered_inclusions is not None:
                return _still_in_doubt(rest, Observed.IN_DOUBT_INCLUDE, moment, answer.code)
            refused = replace(rest, rejection=f"{answer.code}: {answer.message}")
            return _to(refused, Observed.REJECTED, moment, EventKind.REJECTED, cause=answer.message, code=answer.code)
        case NotExecuted():
            rest = _one_answered(negativation)
            before = Observed.ABSENT if rest.unanswered_inclusions is None else Observed.IN_DOUBT_INCLUDE
            return _try_again(rest, before, answer, moment)
        case Unknown():
            return _still_in_doubt(negativation, Observed.IN_DOUBT_INCLUDE, moment, answer.code, answer.transcript)


def _removal_answered(negativation: Negativation, answer: Answer, asked_at: datetime, moment: Moment) -> Change:
    rest = replace(negativation, unanswered_removals=_one_less(negativation.unanswered_removals))
    match answer:
        case Done(how=ExecutionResult.NOT_FOUND):
            return _missing(rest, asked_at, moment)
        case Done():
            return _gone(_landed(rest, None, moment), asked_at, moment)
        case Accepted():
            known = _landed(negativation, None, moment)
            return _to(known, Observed.REMOVING, moment, EventKind.REMOVAL_ACCEPTED, due=_soon(moment))
        case Rejected():
            return _removal_refused(rest, answer.code, answer.message, moment)
        case NotExecuted(still_processing=True) if moment.gateway.polling:  # else nobody would say when: try again
            known = _landed(rest, None, moment)
            return _to(known, Observed.INCLUDING, moment, EventKind.STILL_PROCESSING, due=_soon(moment))
        case NotExecuted():
            before = Observed.IN_DOUBT_REMOVE if rest.unanswered_removals is not None else _before_removal(rest)
            return _try_again(rest, before, answer, moment)
        case Unknown():
            return _still_in_doubt(negativation, Observed.IN_DOUBT_REMOVE, moment, answer.code, answer.transcript)


# ------------------------------------------------------------------------------------------------ look-ups, in time


def sighted(negativation: Negativation, sighting: LookupResult, moment: Moment) -> Change:
    """Store the answer to the claimed look-up or poll.

    Args:
        negativation: with the claim whose fence the answer brought back.
        sighting: what the bureau holds under the key.
        moment: when.
    """
    held = negativation.transmission.claim
    if held is None:
        raise ValueError("a sighting in time needs a claim")
    free = replace(negativation, transmission=replace(negativation.transmission, claim=None))
    if isinstance(sighting, Missing):
        return _missing(free, held.at, moment)
    return _found(free, sighting, held.at, moment)


def unseen(negativation: Negativation, failure: NotExecuted | Unknown, moment: Moment) -> Change:
    """A look-up got no answer, or none that was understood: nothing is learnt, try again later."""
    free = replace(negativation, transmission=replace(negativation.transmission, claim=None))
    if isinstance(failure, NotExecuted):
        later = NotExecuted(failure.code, failure.message, failure.retry_at, failure.needs_person)
        return _try_again(free, negativation.observed, later, moment)
    later = NotExecuted(failure.code, failure.message)
    return _try_again(free, negativation.observed, later, moment, failure.transcript)


def _found(negativation: Negativation, found: Found, asked_at: datetime, moment: Moment) -> Change:
    removing = negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING}
    known = _landed(negativation, found.bureau_id, moment)
    match found.state:
        case RecordState.INCLUDING | RecordState.PRESENT if removing and asked_at < _removal_quiet(
            negativation, moment
        ):
            return _wait(known, _removal_quiet(negativation, moment), moment)
        case RecordState.INCLUDING:
            seen = replace(known, unanswered_removals=None)
            attempts = seen.transmission.attempts + 1
            due = next_attempt(moment.now, attempts, moment.gateway.poll_pace, moment.jitter)
            change = _to(seen, Observed.INCLUDING, moment, EventKind.STILL_PROCESSING, due=due)
            return _counting(change, attempts)
        case RecordState.PRESENT:
            seen = replace(known, unanswered_removals=None)
            return _present(seen, found.notice_sent_on, found.published_on, moment)
        case RecordState.REJECTED:
            if _another_could_land(known, asked_at, moment.gateway):
                return _wait(known, _inclusion_quiet(known), moment)
            refused = replace(known, unanswered_inclusions=None, unanswered_removals=None, rejection=found.message)
            return _to(refused, Observed.REJECTED, moment, EventKind.REJECTED, cause=found.message)
        case RecordState.REMOVING:
            wanted = _bureau_wants(replace(known, unanswered_removals=None), moment)
            attempts = wanted.transmission.attempts + 1
            due = next_attempt(moment.now, attempts, moment.gateway.poll_pace, moment.jitter)
            change = _to(
                wanted, Observed.REMOVING, moment, EventKind.STILL_PROCESSING, due=due, cause="o birô está removendo"
            )
            return _counting(change, attempts)
        case RecordState.REMOVAL_REFUSED:
            refused = replace(known, unanswered_removals=None)
            return _removal_refused(refused, "remocao_recusada", found.message, moment)
        case RecordState.GONE:
            return _gone(known, asked_at, moment)


def _missing(negativation: Negativation, asked_at: datetime, moment: Moment) -> Change:
    """Judge a "not found": it counts only if asked when no inclusion could land any more (rule 6)."""
    quiet = _inclusion_quiet(negativation)
    if quiet is not None and asked_at < quiet:
        waiting = negativation
        looks_again = moment.gateway.find and negativation.known_at is not None
        if negativation.observed is Observed.IN_DOUBT_REMOVE and not looks_again:
            waiting = _seen_as(negativation, _before_removal(negativation), moment)
        return _wait(waiting, quiet, moment, EventKind.NOT_FOUND)
    if negativation.known_at is None:
        none_landed = replace(negativation, unanswered_inclusions=None, unanswered_removals=None)
        kind = EventKind.CANCELLED if negativation.desired is Desired.REMOVED else EventKind.NOT_FOUND
        return _to(none_landed, Observed.ABSENT, moment, kind, cause="o birô não tem o registro")
    if negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING}:
        return _gone(negativation, asked_at, moment)
    settled_at = negativation.observed_since + moment.gateway.quiet_period
    if asked_at < settled_at:
        return _wait(negativation, settled_at, moment, EventKind.NOT_FOUND)
    if negativation.desired is Desired.REMOVED:
        return _gone(negativation, asked_at, moment)
    return _blocked(
        negativation,
        "registro_sumiu",
        "O birô aceitou a inclusão e agora não encontra o registro. Confira no portal do birô e diga se ele existe.",
        moment,
    )


# ------------------------------------------------------------------------------------------------ answers, too late


def answered_late(negativation: Negativation, action: Action, answer: Answer | LookupResult, moment: Moment) -> Change:
    """Keep an answer that came outside its claim as evidence, and look again where it could change what is known.

    Its fence is stale, or it is the bureau's callback.

    Args:
        negativation: as it stands now, perhaps held by another worker, perhaps closed.
        action: what was asked for.
        answer: what it brought.
        moment: when.

    Returns:
        What the answer contradicts or could have changed is in doubt again and due for a look-up at once (where the
        gateway can't look up, the answer itself is believed). What it merely confirms stays as it is: a late "already
        removed" of a record that is gone changes nothing.
    """
    evidence = _evidence(negativation, action, answer, moment, f"resposta atrasada a {action.value}")
    doubt = doubt_from(negativation, action, answer, moment.gateway)
    known = negativation
    if isinstance(answer, Found) or (action is Action.INCLUDE and isinstance(answer, Done | Accepted)):
        known = _acknowledged(negativation, negativation.bureau_id or answer.bureau_id, moment)
    if doubt is None:
        return Change(known, (evidence,))
    suspect = _reopened(known, moment)
    merely_received = isinstance(answer, Accepted) and negativation.is_closed
    if not moment.gateway.find and isinstance(answer, Done | Accepted | Rejected) and not merely_received:
        believed = _believed(suspect, action, answer, moment)
        return Change(believed.negativation, (evidence, *believed.events))
    suspect = _seen_as(suspect, doubt, moment)
    if doubt is Observed.IN_DOUBT_INCLUDE and not isinstance(answer, Rejected):
        suspect = replace(suspect, unanswered_inclusions=_doubted(suspect.unanswered_inclusions, moment))
    return Change(sync_transmission(suspect, moment.gateway, moment.now), (evidence,))


def _reopened(negativation: Negativation, moment: Moment) -> Negativation:
    """Closed, and yet it may stand: to be removed at once, and nobody's to take back, for it lives once."""
    if not negativation.is_closed:
        return negativation
    trigger = RemovalTrigger(
        RemovalCause.LATE_ANSWER, moment.now, moment.today, note="apareceu no birô depois de encerrada"
    )
    return replace(negativation, triggers=(*negativation.triggers, trigger))


def _believed(negativation: Negativation, action: Action, answer: Done | Accepted | Rejected, moment: Moment) -> Change:
    """Without a look-up, a late answer is the best evidence there is."""
    if action is Action.REMOVE:
        unanswered = negativation.unanswered_removals
        if isinstance(answer, Rejected) and unanswered is not None and unanswered.count > 1:
            rest = replace(negativation, unanswered_removals=_one_less(unanswered))
            return _still_in_doubt(rest, Observed.IN_DOUBT_REMOVE, moment, answer.code)
        asked_at = negativation.created_at if unanswered is None else unanswered.since  # at the earliest
        return _removal_answered(negativation, answer, asked_at, moment)
    others = negativation.unanswered_inclusions
    if negativation.observed is not Observed.INCLUDING or others is None:
        return _inclusion_answered(negativation, answer, moment)
    if isinstance(answer, Rejected):
        return _still_in_doubt(negativation, Observed.IN_DOUBT_INCLUDE, moment, answer.code)
    accepted_before = replace(others, count=others.count + 1)  # the one that this tells of was counted as answered
    return _inclusion_answered(replace(negativation, unanswered_inclusions=accepted_before), answer, moment)


def _evidence(negativation: Negativation, action: Action, answer: object, moment: Moment, cause: str) -> Event:
    detail = {"answer": type(answer).__name__, "action": action.value}
    if isinstance(answer, Unknown) and answer.transcript:
        detail["transcript"] = answer.transcript
    return Event(EventKind.LATE_ANSWER, negativation.id, moment.now, cause=cause, detail=detail)


# ------------------------------------------------------------------------------------------------ steps


def _to(
    negativation: Negativation,
    observed: Observed,
    moment: Moment,
    kind: EventKind,
    *,
    due: datetime | None = None,
    cause: str = "",
    **detail: str,
) -> Change:
    settled = sync_transmission(_seen_as(negativation, observed, moment), moment.gateway, due or moment.now)
    fresh = replace(settled.transmission, attempts=0, last_error="")
    event = Event(kind, negativation.id, moment.now, cause=cause, detail=detail)
    return Change(replace(settled, transmission=fresh), (event,))


def _present(
    negativation: Negativation, notice_sent_on: date | None, published_on: date | None, moment: Moment
) -> Change:
    notice = notice_sent_on or negativation.notice_sent_on
    published = published_on or negativation.published_on
    estimated = negativation.published_is_estimated if published_on is None else False
    if published is None:
        published = (notice or moment.today) + _days(moment.notice_days)
        estimated = True
    seen = replace(negativation, notice_sent_on=notice, published_on=published, published_is_estimated=estimated)
    return _to(seen, Observed.PRESENT, moment, EventKind.INCLUDED)


def _gone(negativation: Negativation, asked_at: datetime, moment: Moment) -> Change:
    """The record left: final, unless another unanswered inclusion could still land."""
    wanted = _bureau_wants(negativation, moment)
    if _another_could_land(wanted, asked_at, moment.gateway):
        doubted = replace(wanted, observed=Observed.IN_DOUBT_REMOVE, observed_since=moment.now)
        return _wait(doubted, _inclusion_quiet(wanted), moment)
    left = replace(wanted, unanswered_inclusions=None, unanswered_removals=None)
    by_bureau = all(trigger.cause is RemovalCause.BUREAU for trigger in left.triggers)
    cause = "removida pelo birô" if by_bureau else "removida"
    return _to(left, Observed.GONE, moment, EventKind.REMOVED, cause=cause)


def _removal_refused(negativation: Negativation, code: str, message: str, moment: Moment) -> Change:
    """A refused removal goes back to where it was, blocked: needs a person, alarm on."""
    blocked = _blocked(
        _seen_as(negativation, _before_removal(negativation), moment),
        "remocao_recusada",
        f"O birô recusou a remoção: {message or code}. Corrija e tente de novo; o prazo legal continua correndo.",
        moment,
    )
    refused = Event(EventKind.REMOVAL_REFUSED, negativation.id, moment.now, cause=message, detail={"code": code})
    return Change(blocked.negativation, (refused, *blocked.events))


def _still_in_doubt(
    negativation: Negativation, doubt: Observed, moment: Moment, code: str, transcript: str = ""
) -> Change:
    """The outcome is unknown: the doubt that the claim wrote stands; ask soon. What was answered is kept."""
    settled = sync_transmission(_seen_as(negativation, doubt, moment), moment.gateway, _soon(moment))
    work = replace(settled.transmission, attempts=settled.transmission.attempts + 1, last_error=code)
    event = Event(EventKind.IN_DOUBT, negativation.id, moment.now, detail=_told(code, transcript))
    return Change(replace(settled, transmission=work), (event,))


def _told(code: str, transcript: str) -> dict[str, str]:
    return {"code": code, "transcript": transcript} if transcript else {"code": code}


def _try_again(
    negativation: Negativation, observed: Observed, answer: NotExecuted, moment: Moment, transcript: str = ""
) -> Change:
    work = negativation.transmission
    attempts = work.attempts + 1
    due = next_attempt(moment.now, attempts, moment.gateway.poll_pace, moment.jitter, answer.retry_at)
    settled = sync_transmission(_seen_as(negativation, observed, moment), moment.gateway, due)
    block = Block(answer.code, answer.message, moment.now) if answer.needs_person else settled.transmission.block
    if not settled.transmission.is_open:
        block = None
    work = replace(settled.transmission, attempts=attempts, last_error=answer.code, block=block)
    told = _told(answer.code, transcript)
    events = [Event(EventKind.NOT_EXECUTED, negativation.id, moment.now, cause=answer.message, detail=told)]
    if observed is Observed.ABSENT and settled.is_closed:
        events.append(Event(EventKind.CANCELLED, negativation.id, moment.now, cause="cancelada antes do envio"))
    return Change(replace(settled, transmission=work), tuple(events))


def _wait(
    negativation: Negativation, until: datetime | None, moment: Moment, kind: EventKind = EventKind.STILL_PROCESSING
) -> Change:
    """Nothing can be concluded before `until`; look again on the way, and then."""
    attempts = negativation.transmission.attempts + 1
    due = next_attempt(moment.now, attempts, moment.gateway.poll_pace, moment.jitter)
    if until is not None and moment.now < until:
        due = min(due, until)
    settled = sync_transmission(negativation, moment.gateway, due)
    work = replace(settled.transmission, attempts=attempts)
    return Change(replace(settled, transmission=work), (Event(kind, negativation.id, moment.now),))


def _blocked(negativation: Negativation, code: str, message: str, moment: Moment) -> Change:
    settled = sync_transmission(negativation, moment.gateway, moment.now)
    work = replace(settled.transmission, block=Block(code, message, moment.now), last_error=code)
    event = Event(EventKind.NEEDS_PERSON, negativation.id, moment.now, cause=message, detail={"code": code})
    return Change(replace(settled, transmission=work), (event,))


def _counting(change: Change, attempts: int) -> Change:
    work = replace(change.negativation.transmission, attempts=attempts)
    return Change(replace(change.negativation, transmission=work), change.events)


# ------------------------------------------------------------------------------------------------ what is known


def _seen_as(negativation: Negativation, observed: Observed, moment: Moment) -> Negativation:
    """Observed, since now where that is new."""
    if observed is negativation.observed:
        return negativation
    return replace(negativation, observed=observed, observed_since=moment.now)


def _landed(negativation: Negativation, bureau_id: str | None, moment: Moment) -> Negativation:
    """The bureau shows the record. If it never did before, one of the unanswered inclusions is what landed."""
    if negativation.known_at is None:
        negativation = _one_answered(negativation)
    return _acknowledged(negativation, bureau_id, moment)


def _acknowledged(negativation: Negativation, bureau_id: str | None, moment: Moment) -> Negativation:
    known_at = negativation.known_at or moment.now
    return replace(negativation, known_at=known_at, bureau_id=bureau_id or negativation.bureau_id)


def _one_answered(negativation: Negativation) -> Negativation:
    return replace(negativation, unanswered_inclusions=_one_less(negativation.unanswered_inclusions))


def _one_less(unanswered: Unanswered | None) -> Unanswered | None:
    if unanswered is None or unanswered.count == 1:
        return None
    return replace(unanswered, count=unanswered.count - 1)


def _doubted(unanswered: Unanswered | None, moment: Moment) -> Unanswered:
    quiet_until = moment.now + moment.gateway.quiet_period
    if unanswered is None:
        return Unanswered(1, moment.now, quiet_until)
    return replace(unanswered, quiet_until=max(unanswered.quiet_until, quiet_until))


def _before_removal(negativation: Negativation) -> Observed:
    """What was known before the removal was claimed: it may have been asked for from a doubtful inclusion."""
    return Observed.PRESENT if negativation.known_at is not None else Observed.IN_DOUBT_INCLUDE


def _inclusion_quiet(negativation: Negativation) -> datetime | None:
    unanswered = negativation.unanswered_inclusions
    return None if unanswered is None else unanswered.quiet_until


def _another_could_land(negativation: Negativation, asked_at: datetime, gateway: Capabilities) -> bool:
    """Whether an inclusion other than the one that the bureau shows could still land after `asked_at`."""
    unanswered = negativation.unanswered_inclusions
    return may_be_several(negativation, gateway) and unanswered is not None and asked_at < unanswered.quiet_until


def _removal_quiet(negativation: Negativation, moment: Moment) -> datetime:
    unanswered = negativation.unanswered_removals
    if unanswered is not None:
        return unanswered.quiet_until
    return negativation.observed_since + moment.gateway.quiet_period


def _bureau_wants(negativation: Negativation, moment: Moment) -> Negativation:
    """The record leaves and we never sent a removal: the bureau's own, which no reversal or withdrawal takes back."""
    if negativation.removal_claims or any(each.cause is RemovalCause.BUREAU for each in negativation.triggers):
        return negativation
    trigger = RemovalTrigger(RemovalCause.BUREAU, moment.now, moment.today, note="removida pelo birô")
    return replace(negativation, triggers=(*negativation.triggers, trigger))


def _soon(moment: Moment) -> datetime:
    return next_attempt(moment.now, 1, moment.gateway.poll_pace, moment.jitter)


def _days(count: int) -> timedelta:
    return timedelta(days=count)
