"""What the answer to an inclusion or a removal says about the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    ExecutionResult,
    NotExecuted,
    Rejected,
    Unknown,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.observations.context import AnswerContext
from credit_protection.domain.observations.knowledge import (
    acknowledged,
    before_removal,
    one_inclusion_answered,
    one_less,
    took_effect,
)
from credit_protection.domain.observations.lookups import not_found
from credit_protection.domain.observations.transitions import (
    present,
    removal_refused,
    removed,
    retry,
    still_in_doubt,
    transition,
)
from credit_protection.domain.state_table import Observed


def inclusion_answered(negativation: Negativation, answer: Answer, context: AnswerContext) -> Change:
    """Apply the answer to one inclusion."""
    if isinstance(answer, Unknown):
        return still_in_doubt(negativation, Observed.IN_DOUBT_INCLUDE, context, answer.code, answer.transcript)
    rest = one_inclusion_answered(negativation)
    match answer:
        case Done():
            known = acknowledged(rest, answer.bureau_id, context)
            return present(known, answer.notice_sent_on, answer.published_on, context)
        case Accepted():
            known = acknowledged(rest, answer.bureau_id, context)
            due = context.next_attempt()
            return transition(known, Observed.INCLUDING, context, EventKind.INCLUSION_ACCEPTED, due=due)
        case Rejected():
            if rest.unanswered_inclusions is not None:
                return still_in_doubt(rest, Observed.IN_DOUBT_INCLUDE, context, answer.code)
            refused = replace(rest, rejection=f"{answer.code}: {answer.message}")
            return transition(
                refused, Observed.REJECTED, context, EventKind.REJECTED, cause=answer.message, code=answer.code
            )
        case NotExecuted():
            before = Observed.ABSENT if rest.unanswered_inclusions is None else Observed.IN_DOUBT_INCLUDE
            return retry(rest, before, answer, context)


def removal_answered(negativation: Negativation, answer: Answer, asked_at: datetime, context: AnswerContext) -> Change:
    """Apply the answer to one removal, which was claimed at `asked_at`."""
    rest = replace(negativation, unanswered_removals=one_less(negativation.unanswered_removals))
    match answer:
        case Done(result=ExecutionResult.NOT_FOUND):
            return not_found(rest, asked_at, context)
        case Done():
            return removed(took_effect(rest, None, context), asked_at, context)
        case Accepted():
            known = took_effect(negativation, None, context)
            due = context.next_attempt()
            return transition(known, Observed.REMOVING, context, EventKind.REMOVAL_ACCEPTED, due=due)
        case Rejected():
            return removal_refused(rest, answer.code, answer.message, context)
        case NotExecuted(still_processing=True) if context.capabilities.polling:  # without polling: try again
            known = took_effect(rest, None, context)
            due = context.next_attempt()
            return transition(known, Observed.INCLUDING, context, EventKind.STILL_PROCESSING, due=due)
        case NotExecuted():
            before = Observed.IN_DOUBT_REMOVE if rest.unanswered_removals is not None else before_removal(rest)
            return retry(rest, before, answer, context)
        case Unknown():
            return still_in_doubt(negativation, Observed.IN_DOUBT_REMOVE, context, answer.code, answer.transcript)
