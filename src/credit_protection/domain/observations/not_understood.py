"""Answers that the bureau gave and the gateway could not read.

Such a call is neither known to be refused nor lost. So an inclusion is looked up and never sent again without a person,
and a removal goes on, once an hour, while a person is asked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from credit_protection.domain.bureau_answers import NotExecuted, NotUnderstood
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.observations.transitions import (
    AnswerContext,
    retry,
    still_in_doubt,
)
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.statuses import ANSWERS_BEFORE_PERSON, INCLUSION_NOT_UNDERSTOOD, NOT_UNDERSTOOD

REMOVAL_INTERVAL = timedelta(hours=1)
"""Between two removals, once a person is asked about their answers."""


def inclusion_not_understood(negativation: Negativation, answer: NotUnderstood, context: AnswerContext) -> Change:
    """It is in doubt and looked up; where the gateway can't look up, a person is asked at once."""
    marked = marked_not_understood(negativation, context)
    doubted = still_in_doubt(marked, Observed.IN_DOUBT_INCLUDE, context, answer.code, answer.transcript)
    return with_question(doubted, context, answer.transcript)


def marked_not_understood(negativation: Negativation, context: AnswerContext) -> Negativation:
    """It is not sent again without a person. Unmarked where the software could not send it again anyhow."""
    can_resend = context.capabilities.find or context.capabilities.include_is_repeatable
    return replace(negativation, inclusion_not_understood=can_resend)


def with_question(change: Change, context: AnswerContext, transcript: str = "") -> Change:
    """With the event that asks a person, where the inclusion could be sent again."""
    after = change.negativation
    if not (after.inclusion_not_understood and after.transmission.action is Action.ASK_PERSON):
        return change
    detail = _detail("inclusao_nao_entendida", transcript)
    event = Event(EventKind.NEEDS_PERSON, after.id, context.now, cause=INCLUSION_NOT_UNDERSTOOD, detail=detail)
    return Change(after, (*change.events, event))


def removal_not_understood(negativation: Negativation, answer: NotUnderstood, context: AnswerContext) -> Change:
    """It is in doubt, as one that was lost; a person is asked after some, and the attempts go on once an hour."""
    doubted = still_in_doubt(_counted(negativation), Observed.IN_DOUBT_REMOVE, context, answer.code, answer.transcript)
    return _asked(spaced(doubted, negativation, context), answer, context)


def lookup_not_understood(negativation: Negativation, answer: NotUnderstood, context: AnswerContext) -> Change:
    """Nothing is learnt, and it is tried again; a person is asked after some."""
    failed = NotExecuted(answer.code, answer.message)
    change = retry(_counted(negativation), negativation.observed, failed, context, answer.transcript)
    return _asked(change, answer, context)


def spaced(change: Change, before: Negativation, context: AnswerContext) -> Change:
    """Where a person is asked about removals, the next one is sent an hour after the last one's claim."""
    after = change.negativation
    work = after.transmission
    is_asked = after.not_understood >= ANSWERS_BEFORE_PERSON and before.observed is Observed.IN_DOUBT_REMOVE
    if not is_asked or work.action is not Action.REMOVE:
        return change
    due = max(context.now, before.observed_since + REMOVAL_INTERVAL)
    return Change(replace(after, transmission=replace(work, due_at=due)), change.events)


def _counted(negativation: Negativation) -> Negativation:
    return replace(negativation, not_understood=negativation.not_understood + 1)


def _asked(change: Change, answer: NotUnderstood, context: AnswerContext) -> Change:
    after = change.negativation
    if after.not_understood != ANSWERS_BEFORE_PERSON:
        return change
    detail = _detail(answer.code, answer.transcript)
    event = Event(EventKind.NEEDS_PERSON, after.id, context.now, cause=NOT_UNDERSTOOD, detail=detail)
    return Change(after, (*change.events, event))


def _detail(code: str, transcript: str) -> dict[str, str]:
    return {"code": code, "transcript": transcript} if transcript else {"code": code}
