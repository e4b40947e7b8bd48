"""Answers outside their claim: the fence is stale, or it is the bureau's callback. Evidence, never dropped."""

from __future__ import annotations

from dataclasses import replace

from credit_protection.domain.bureau_answers import Accepted, Answer, Done, LookupResult, RecordFound, Rejected, Unknown
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import Change, Negativation, sync_transmission
from credit_protection.domain.observations.answers import inclusion_answered, removal_answered
from credit_protection.domain.observations.context import AnswerContext
from credit_protection.domain.observations.doubts import resulting_doubt
from credit_protection.domain.observations.knowledge import acknowledged, marked_uncertain, one_less, with_observed
from credit_protection.domain.observations.transitions import still_in_doubt
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Observed


def answered_late(
    negativation: Negativation, action: Action, answer: Answer | LookupResult, context: AnswerContext
) -> Change:
    """Keep an answer that came outside its claim as evidence; look up again where it could change what is known.

    Args:
        negativation: as it is now, perhaps leased by another worker, perhaps closed.
        action: what was requested.
        answer: to it.
        context: when and where.

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
        return Change(known, (evidence,))
    suspect = _reopened(known, context)
    merely_received = isinstance(answer, Accepted) and negativation.is_closed
    if not context.capabilities.find and isinstance(answer, Done | Accepted | Rejected) and not merely_received:
        trusted = _trusted(suspect, action, answer, context)
        return Change(trusted.negativation, (evidence, *trusted.events))
    suspect = with_observed(suspect, doubt, context)
    if doubt is Observed.IN_DOUBT_INCLUDE and not isinstance(answer, Rejected):
        suspect = replace(suspect, unanswered_inclusions=marked_uncertain(suspect.unanswered_inclusions, context))
    return Change(sync_transmission(suspect, context.capabilities, context.now), (evidence,))


def evidence_event(
    negativation: Negativation, action: Action, answer: object, context: AnswerContext, cause: str
) -> Event:
    """The history's entry about an answer that did not decide."""
    detail = {"answer": type(answer).__name__, "action": action.value}
    if isinstance(answer, Unknown) and answer.transcript:
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
            return still_in_doubt(rest, Observed.IN_DOUBT_REMOVE, context, answer.code)
        asked_at = negativation.created_at if unanswered is None else unanswered.since  # at the earliest
        return removal_answered(negativation, answer, asked_at, context)
    others = negativation.unanswered_inclusions
    if negativation.observed is not Observed.INCLUDING or others is None:
        return inclusion_answered(negativation, answer, context)
    if isinstance(answer, Rejected):
        return still_in_doubt(negativation, Observed.IN_DOUBT_INCLUDE, context, answer.code)
    restored = replace(others, count=others.count + 1)  # "accepted" had counted this inclusion as answered
    return inclusion_answered(replace(negativation, unanswered_inclusions=restored), answer, context)
