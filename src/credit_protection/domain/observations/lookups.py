"""What a look-up's answer, in time, makes of a negativation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from credit_protection.domain.bureau_answers import (
    LookupResult,
    NotExecuted,
    RecordFound,
    RecordNotFound,
    RecordState,
    Unknown,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Change, Negativation, without_claim
from credit_protection.domain.observations.context import AnswerContext
from credit_protection.domain.observations.knowledge import (
    before_removal,
    inclusions_quiet_until,
    other_inclusion_pending,
    removals_quiet_until,
    took_effect,
    with_bureau_trigger,
    with_observed,
)
from credit_protection.domain.observations.transitions import (
    blocked_for_person,
    present,
    removal_refused,
    removed,
    retry,
    transition,
    wait,
)
from credit_protection.domain.state_table import Desired, Observed


def looked_up(negativation: Negativation, result: LookupResult, context: AnswerContext) -> Change:
    """Store the answer to the claimed look-up or poll.

    Args:
        negativation: with the claim whose fence the answer brought back.
        result: what the bureau has under the key.
        context: when and where.
    """
    claim = negativation.transmission.claim
    if claim is None:
        raise ValueError("a look-up's answer in time needs a claim")
    free = without_claim(negativation)
    if isinstance(result, RecordNotFound):
        return not_found(free, claim.at, context)
    return _found(free, result, claim.at, context)


def lookup_failed(negativation: Negativation, failure: NotExecuted | Unknown, context: AnswerContext) -> Change:
    """A look-up got no answer, or none that was understood: nothing is learnt, and it is tried again."""
    free = without_claim(negativation)
    if isinstance(failure, NotExecuted):
        return retry(free, negativation.observed, replace(failure, still_processing=False), context)
    not_executed = NotExecuted(failure.code, failure.message)
    return retry(free, negativation.observed, not_executed, context, failure.transcript)


def not_found(negativation: Negativation, asked_at: datetime, context: AnswerContext) -> Change:
    """Judge a "not found": it counts only if asked when no inclusion could take effect any more (rule 6)."""
    quiet = inclusions_quiet_until(negativation)
    if quiet is not None and asked_at < quiet:
        waiting = negativation
        is_looked_up_again = context.capabilities.find and negativation.known_at is not None
        if negativation.observed is Observed.IN_DOUBT_REMOVE and not is_looked_up_again:
            waiting = with_observed(negativation, before_removal(negativation), context)
        return wait(waiting, quiet, context, EventKind.NOT_FOUND)
    if negativation.known_at is None:
        none_took_effect = replace(negativation, unanswered_inclusions=None, unanswered_removals=None)
        kind = EventKind.CANCELLED if negativation.desired is Desired.REMOVED else EventKind.NOT_FOUND
        return transition(none_took_effect, Observed.ABSENT, context, kind, cause="o birô não tem o registro")
    if negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING}:
        return removed(negativation, asked_at, context)
    shown_until = negativation.observed_since + context.capabilities.quiet_period
    if asked_at < shown_until:
        return wait(negativation, shown_until, context, EventKind.NOT_FOUND)
    if negativation.desired is Desired.REMOVED:
        return removed(negativation, asked_at, context)
    return blocked_for_person(
        negativation,
        "registro_sumiu",
        "O birô aceitou a inclusão e agora não encontra o registro. Confira no portal do birô e diga se ele existe.",
        context,
    )


def _found(negativation: Negativation, found: RecordFound, asked_at: datetime, context: AnswerContext) -> Change:
    known = took_effect(negativation, found.bureau_id, context)
    seen = replace(known, unanswered_removals=None)
    match found.state:
        case RecordState.INCLUDING | RecordState.PRESENT if _removal_pending(negativation, asked_at, context):
            return wait(known, removals_quiet_until(negativation, context), context)
        case RecordState.INCLUDING:
            return _poll_again(seen, Observed.INCLUDING, context)
        case RecordState.PRESENT:
            return present(seen, found.notice_sent_on, found.published_on, context)
        case RecordState.REJECTED:
            if other_inclusion_pending(known, asked_at, context.capabilities):
                return wait(known, inclusions_quiet_until(known), context)
            refused = replace(seen, unanswered_inclusions=None, rejection=found.message)
            return transition(refused, Observed.REJECTED, context, EventKind.REJECTED, cause=found.message)
        case RecordState.REMOVING:
            wanted = with_bureau_trigger(seen, context)
            return _poll_again(wanted, Observed.REMOVING, context, "o birô está removendo")
        case RecordState.REMOVAL_REFUSED:
            return removal_refused(seen, "remocao_recusada", found.message, context)
        case RecordState.GONE:
            return removed(known, asked_at, context)


def _removal_pending(negativation: Negativation, asked_at: datetime, context: AnswerContext) -> bool:
    is_removing = negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING}
    return is_removing and asked_at < removals_quiet_until(negativation, context)


def _poll_again(negativation: Negativation, observed: Observed, context: AnswerContext, cause: str = "") -> Change:
    attempts = negativation.transmission.attempts + 1
    due = context.next_attempt(attempts)
    return transition(
        negativation, observed, context, EventKind.STILL_PROCESSING, due=due, attempts=attempts, cause=cause
    )
