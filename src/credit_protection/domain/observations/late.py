"""Answers outside their claim: the fence is stale, or it is the bureau's callback. Evidence, never dropped.

Such an answer is about something that happened before what is known now. So it never replaces what is known: it makes
it doubtful, or changes nothing (`resulting_doubt`).
"""

from __future__ import annotations

from dataclasses import replace

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    ExecutionResult,
    LookupResult,
    NotUnderstood,
    RecordFound,
    RecordState,
    Rejected,
    Unknown,
)
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import Change, Negativation, may_have_duplicates, sync_transmission
from credit_protection.domain.observations.answers import inclusion_answered, removal_answered
from credit_protection.domain.observations.not_understood import marked_not_understood, with_question
from credit_protection.domain.observations.transitions import (
    AnswerContext,
    acknowledged,
    before_removal,
    blocked_for_person,
    inclusions_quiet_until,
    marked_uncertain,
    one_less,
    still_in_doubt,
    with_observed,
)
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Desired, Observed

_NOT_FOUND = (
    "O birô diz que não encontra o registro, e não diz a qual dos envios responde. Confira no portal do birô: se o "
    "registro consta, tente de novo; se não consta, declare-o aqui."
)
_LEFT = frozenset({RecordState.GONE, RecordState.REJECTED})


def answered_late(
    negativation: Negativation, action: Action, answer: Answer | LookupResult, context: AnswerContext
) -> Change:
    """Keep an answer that came outside its claim as evidence; look up again where it could change what is known.

    The row may be leased by another worker, or closed.

    Returns:
        Where the answer contradicts or could have changed what is known: in doubt again, a look-up due at once (a
        gateway without look-up trusts the answer itself). An answer that only confirms changes nothing.
    """
    evidence = evidence_event(negativation, action, answer, context, f"resposta atrasada a {action.value}")
    doubt = resulting_doubt(negativation, action, answer, context.capabilities)
    known = negativation
    if isinstance(answer, RecordFound) or (action is Action.INCLUDE and isinstance(answer, Done | Accepted)):
        known = acknowledged(negativation, negativation.bureau_id or answer.bureau_id, context)
    if doubt is None:
        if known.transmission.claim is None and known.is_unconfirmed is not negativation.is_unconfirmed:
            known = sync_transmission(known, context.capabilities, known.transmission.due_at)
        return Change(known, (evidence,))
    suspect = _reopened(known, context)
    merely_received = isinstance(answer, Accepted) and negativation.is_closed
    if not context.capabilities.find and isinstance(answer, Done | Accepted | Rejected) and not merely_received:
        trusted = _trusted(suspect, action, answer, context)
        return Change(trusted.negativation, (evidence, *trusted.events))
    suspect = with_observed(suspect, doubt, context)
    if doubt is Observed.IN_DOUBT_INCLUDE and not isinstance(answer, Rejected):
        suspect = replace(suspect, unanswered_inclusions=marked_uncertain(suspect.unanswered_inclusions, context))
    if isinstance(answer, NotUnderstood):
        suspect = marked_not_understood(suspect, context)
        asked = Change(sync_transmission(suspect, context.capabilities, context.now), (evidence,))
        return with_question(asked, context, answer.transcript)
    return Change(sync_transmission(suspect, context.capabilities, context.now), (evidence,))


def evidence_event(
    negativation: Negativation, action: Action, answer: object, context: AnswerContext, cause: str
) -> Event:
    """The history's entry about an answer that did not decide."""
    detail = {"answer": type(answer).__name__, "action": action.value}
    if isinstance(answer, Unknown | NotUnderstood) and answer.transcript:
        detail["transcript"] = answer.transcript
    return Event(EventKind.LATE_ANSWER, negativation.id, context.now, cause=cause, detail=detail)


def _reopened(negativation: Negativation, context: AnswerContext) -> Negativation:
    """Closed, yet it may be on file: removed at once, by a trigger that can't be withdrawn."""
    if not negativation.is_closed:
        return negativation
    note = "apareceu no birô depois de encerrada"
    trigger = RemovalTrigger(RemovalCause.LATE_ANSWER, context.now, context.today, note=note)
    return replace(negativation, triggers=(*negativation.triggers, trigger))


def _trusted(
    negativation: Negativation, action: Action, answer: Done | Accepted | Rejected, context: AnswerContext
) -> Change:
    """Without a look-up, a late answer is the best evidence there is."""
    if action is Action.REMOVE:
        unanswered = negativation.unanswered_removals
        if isinstance(answer, Rejected) and unanswered is not None and unanswered.count > 1:
            rest = replace(negativation, unanswered_removals=one_less(unanswered))
            doubted = still_in_doubt(rest, Observed.IN_DOUBT_REMOVE, context, answer.code)
            attempts = negativation.transmission.attempts + 1
            due = context.next_attempt(attempts)
            work = replace(doubted.negativation.transmission, attempts=attempts, due_at=due)
            return replace(doubted, negativation=replace(doubted.negativation, transmission=work))
        asked_at = negativation.created_at if unanswered is None else unanswered.since  # at the earliest
        if _is_ambiguous(negativation, answer, context):
            rest = replace(negativation, unanswered_removals=one_less(unanswered))
            before = with_observed(rest, before_removal(rest), context)
            return blocked_for_person(before, "registro_nao_encontrado", _NOT_FOUND, context)
        return removal_answered(negativation, answer, asked_at, context)
    others = negativation.unanswered_inclusions
    if negativation.observed is not Observed.INCLUDING or others is None:
        return inclusion_answered(negativation, answer, context)
    if isinstance(answer, Rejected):
        return still_in_doubt(negativation, Observed.IN_DOUBT_INCLUDE, context, answer.code)
    restored = replace(others, count=others.count + 1)  # "accepted" had counted this inclusion as answered
    return inclusion_answered(replace(negativation, unanswered_inclusions=restored), answer, context)


def _is_ambiguous(negativation: Negativation, answer: Done | Accepted | Rejected, context: AnswerContext) -> bool:
    """Whether it says "not found" of one of several removals, some of which may have preceded the inclusion.

    No further removal would tell: what is then said could be about the same one.
    """
    quiet = inclusions_quiet_until(negativation)
    is_not_found = isinstance(answer, Done) and answer.result is ExecutionResult.NOT_FOUND
    return is_not_found and negativation.removal_claims > 1 and quiet is not None and quiet <= context.now


def resulting_doubt(
    negativation: Negativation, action: Action, answer: Answer | LookupResult, capabilities: Capabilities
) -> Observed | None:
    """What is observed after a late answer; None where it changes nothing."""
    match action, answer:
        case Action.INCLUDE, Done() | Accepted():
            return _from_inclusion(negativation, answer, capabilities)
        case Action.INCLUDE, Rejected():
            doubtful = {Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING}
            return negativation.observed if negativation.observed in doubtful else None
        case Action.INCLUDE, NotUnderstood() if negativation.desired is Desired.INCLUDED:
            may_be_sent = negativation.observed in {Observed.ABSENT, Observed.IN_DOUBT_INCLUDE}
            return Observed.IN_DOUBT_INCLUDE if may_be_sent else None
        case Action.REMOVE, Done() | Accepted() | Rejected() if negativation.triggers:
            return _from_removal(negativation, answer, capabilities)
        case _, RecordFound():
            return _from_lookup(negativation, answer)
        case _:
            return None


def _from_inclusion(negativation: Negativation, answer: Done | Accepted, capabilities: Capabilities) -> Observed | None:
    match negativation.observed:
        case Observed.ABSENT | Observed.IN_DOUBT_INCLUDE:
            return Observed.IN_DOUBT_INCLUDE
        case Observed.REJECTED:
            may_exist = capabilities.find or may_have_duplicates(negativation, capabilities)
            is_news = may_exist or isinstance(answer, Done)  # "accepted" came before the refusal
            return Observed.IN_DOUBT_INCLUDE if is_news else None
        case Observed.INCLUDING:
            return Observed.INCLUDING if isinstance(answer, Done) else None
        case Observed.IN_DOUBT_REMOVE | Observed.REMOVING:
            return Observed.IN_DOUBT_REMOVE if capabilities.find else None  # without look-up it is waited for anyhow
        case Observed.GONE:
            return None if _is_explained(negativation, capabilities) else Observed.IN_DOUBT_REMOVE
        case Observed.PRESENT:
            return None


def _from_removal(
    negativation: Negativation, answer: Done | Accepted | Rejected, capabilities: Capabilities
) -> Observed | None:
    merely_received = isinstance(answer, Accepted) and not capabilities.find
    match negativation.observed:
        case Observed.IN_DOUBT_REMOVE:
            return None if merely_received and capabilities.remove_is_repeatable else Observed.IN_DOUBT_REMOVE
        case Observed.REMOVING:
            return None if merely_received else Observed.IN_DOUBT_REMOVE
        case Observed.PRESENT | Observed.INCLUDING:
            return Observed.IN_DOUBT_REMOVE if capabilities.find or isinstance(answer, Done) else None
        case _:
            return None


def _from_lookup(negativation: Negativation, found: RecordFound) -> Observed | None:
    """A late look-up is older than the newest one; but what it found existed once."""
    if negativation.is_closed and found.state in _LEFT:
        return None
    match negativation.observed:
        case Observed.ABSENT | Observed.REJECTED:
            return Observed.IN_DOUBT_INCLUDE
        case Observed.GONE:
            return Observed.IN_DOUBT_REMOVE
        case _:
            return None


def _is_explained(negativation: Negativation, capabilities: Capabilities) -> bool:
    """Whether the only inclusion that can have reached the bureau is the record that was seen to leave."""
    if capabilities.find or may_have_duplicates(negativation, capabilities) or negativation.known_at is None:
        return False
    return negativation.removal_claims > 0 or negativation.has_trigger(RemovalCause.BUREAU)
