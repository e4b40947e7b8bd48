"""What an answer in time says about the record: to an inclusion, to a removal, to a look-up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    ExecutionResult,
    LookupResult,
    NotExecuted,
    NotUnderstood,
    RecordFound,
    RecordNotFound,
    RecordState,
    Rejected,
    Unknown,
    is_another_person,
    is_another_record,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Change, Negativation, without_claim
from credit_protection.domain.observations.not_understood import (
    inclusion_not_understood,
    lookup_not_understood,
    removal_not_understood,
    spaced,
    with_question,
)
from credit_protection.domain.observations.transitions import (
    AnswerContext,
    acknowledged,
    before_removal,
    blocked_for_person,
    inclusions_quiet_until,
    one_inclusion_answered,
    one_less,
    other_inclusion_pending,
    present,
    reason_refused,
    removal_refused,
    removals_quiet_until,
    removed,
    retry,
    still_in_doubt,
    took_effect,
    transition,
    wait,
    with_bureau_trigger,
    with_observed,
)
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Desired, Observed

OTHER_RECORD = "registro_de_outro"
"""Code of the block of a record whose id shows another one at the bureau, or whose key stands under another id."""
RECORD_NOT_FOUND = "nao_encontrada"
"""Code of the block of an unconfirmed record that the bureau does not find."""
_OTHER_RECORD = (
    "O birô mostra outro registro sob o identificador deste, ou este sob outro. Nada foi enviado. Confira no portal do "
    "birô qual é o registro desta dívida e decida a divergência: credit-protection divergences list."
)
_STANDS = frozenset({RecordState.INCLUDING, RecordState.PRESENT, RecordState.REMOVAL_REFUSED})


def inclusion_answered(negativation: Negativation, answer: Answer, context: AnswerContext) -> Change:
    """Apply the answer to one inclusion."""
    if isinstance(answer, Unknown):
        return still_in_doubt(negativation, Observed.IN_DOUBT_INCLUDE, context, answer.code, answer.transcript)
    if isinstance(answer, NotUnderstood):
        return inclusion_not_understood(negativation, answer, context)
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
    if isinstance(answer, NotUnderstood):
        return removal_not_understood(negativation, answer, context)
    if not isinstance(answer, Unknown) and not (isinstance(answer, NotExecuted) and not answer.still_processing):
        negativation = replace(negativation, not_understood=0)
    rest = replace(negativation, unanswered_removals=one_less(negativation.unanswered_removals))
    match answer:
        case Done(result=ExecutionResult.NOT_FOUND):
            return _removal_not_found(rest, asked_at, context)
        case Done():
            return removed(took_effect(rest, None, context), asked_at, context)
        case Accepted():  # it was received: no proof that there is a record
            due, kind = context.next_attempt(), EventKind.REMOVAL_ACCEPTED
            settles = rest.unanswered_removals is None and rest.unanswered_inclusions is None
            attempts = 0 if settles else negativation.transmission.attempts
            return transition(negativation, Observed.REMOVING, context, kind, due=due, attempts=attempts)
        case Rejected():
            refused = reason_refused if answer.reason_unknown else removal_refused
            return refused(rest, answer.code, answer.message, context)
        case NotExecuted(still_processing=True) if context.capabilities.polling:  # without polling: try again
            known = took_effect(rest, None, context)
            due = context.next_attempt()
            return transition(known, Observed.INCLUDING, context, EventKind.STILL_PROCESSING, due=due)
        case NotExecuted():
            before = Observed.IN_DOUBT_REMOVE if rest.unanswered_removals is not None else before_removal(rest)
            return retry(rest, before, answer, context)
        case Unknown():
            return still_in_doubt(negativation, Observed.IN_DOUBT_REMOVE, context, answer.code, answer.transcript)


def looked_up(negativation: Negativation, result: LookupResult, context: AnswerContext) -> Change:
    """Store the answer to the claimed look-up or poll."""
    claim = negativation.transmission.claim
    if claim is None:
        raise ValueError("a look-up's answer in time needs a claim")
    free = without_claim(negativation)
    if free.observed is not Observed.IN_DOUBT_REMOVE:  # there the answers to removals count on
        free = replace(free, not_understood=0)
    if isinstance(result, RecordNotFound):
        return not_found(free, claim.at, context)
    return _found(free, result, claim.at, context)


def lookup_failed(
    negativation: Negativation, failure: NotExecuted | Unknown | NotUnderstood, context: AnswerContext
) -> Change:
    """A look-up got no answer, or none that was understood: nothing is learnt, and it is tried again."""
    free = without_claim(negativation)
    if isinstance(failure, NotUnderstood):
        return lookup_not_understood(free, failure, context)
    if isinstance(failure, NotExecuted):
        return retry(free, negativation.observed, replace(failure, still_processing=False), context)
    not_executed = NotExecuted(failure.code, failure.message)
    return retry(free, negativation.observed, not_executed, context, failure.transcript)


def not_found(negativation: Negativation, asked_at: datetime, context: AnswerContext) -> Change:
    """Judge a "not found": it counts only if asked when no inclusion could take effect any more (rule 6)."""
    quiet = inclusions_quiet_until(negativation)
    if quiet is not None and asked_at < quiet:
        return _too_early(negativation, quiet, context)
    if negativation.is_unconfirmed:
        return _unconfirmed_missing(negativation, context)
    if negativation.known_at is None:
        none_took_effect = replace(negativation, unanswered_inclusions=None, unanswered_removals=None)
        kind = EventKind.CANCELLED if negativation.desired is Desired.REMOVED else EventKind.NOT_FOUND
        absent = transition(none_took_effect, Observed.ABSENT, context, kind, cause="o birô não tem o registro")
        return with_question(absent, context)
    if negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING}:
        settled = negativation.known_at + context.capabilities.quiet_period
        if asked_at < settled:
            return _too_early(negativation, settled, context)
        return _removed_unseen(negativation, asked_at, context)
    shown_until = negativation.observed_since + context.capabilities.quiet_period
    if asked_at < shown_until:
        return wait(negativation, shown_until, context, EventKind.NOT_FOUND)
    if negativation.desired is Desired.REMOVED:
        return _removed_unseen(negativation, asked_at, context)
    return blocked_for_person(
        negativation,
        "registro_sumiu",
        "O birô aceitou a inclusão e agora não encontra o registro. Confira no portal do birô e diga se ele existe.",
        context,
    )


def _removal_not_found(negativation: Negativation, asked_at: datetime, context: AnswerContext) -> Change:
    """Judge "not found" as a removal's answer.

    Of a known record that no removal of ours may have taken away before, it is no proof: the record is looked up, by
    the bureau's id and by its natural key, where the gateway can.
    """
    if context.capabilities.find and not negativation.is_unconfirmed and is_without_proof(negativation):
        return wait(negativation, None, context, EventKind.NOT_FOUND)
    return not_found(negativation, asked_at, context)


def is_without_proof(negativation: Negativation) -> bool:
    """Whether nothing explains why a known record is not found: no removal is unanswered, and the bureau told none."""
    is_explained = negativation.unanswered_removals is not None or negativation.has_trigger(RemovalCause.BUREAU)
    return negativation.known_at is not None and not is_explained


def _too_early(negativation: Negativation, until: datetime, context: AnswerContext) -> Change:
    """It concludes nothing before `until`: a removal that can't be looked up is sent again then."""
    waiting = negativation
    is_looked_up_again = context.capabilities.find and negativation.known_at is not None
    is_polled = negativation.observed is Observed.REMOVING and context.capabilities.polling
    is_removing = negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING} and not is_polled
    if is_removing and not is_looked_up_again:
        waiting = with_observed(negativation, before_removal(negativation), context)
    return wait(waiting, until, context, EventKind.NOT_FOUND)


def _removed_unseen(negativation: Negativation, asked_at: datetime, context: AnswerContext) -> Change:
    """Close a known record that is not found; the event says where nothing proves how it left."""
    return removed(negativation, asked_at, context, is_proven=not is_without_proof(negativation))


def _unconfirmed_missing(negativation: Negativation, context: AnswerContext) -> Change:
    """The bureau never showed the record, and does not find it: it may stand under another key. A person is asked."""
    return blocked_for_person(
        with_observed(negativation, Observed.PRESENT, context),
        RECORD_NOT_FOUND,
        "O birô não encontra este registro, que só um arquivo ou uma pessoa informou. Ele pode constar com outro "
        "contrato ou em outra conta: procure-o no portal do birô pelo documento e diga o que encontrou.",
        context,
    )


def _found(negativation: Negativation, found: RecordFound, asked_at: datetime, context: AnswerContext) -> Change:
    if _is_others(negativation, found):
        stays = with_observed(negativation, Observed.PRESENT, context) if negativation.is_unconfirmed else negativation
        return blocked_for_person(stays, OTHER_RECORD, _OTHER_RECORD, context)
    known = took_effect(negativation, found.bureau_id, context)
    seen = replace(known, unanswered_removals=None)
    match found.state:
        case RecordState.INCLUDING | RecordState.PRESENT if _removal_pending(negativation, asked_at, context):
            return wait(known, removals_quiet_until(negativation, context), context)
        case RecordState.INCLUDING:
            return _poll_again(seen, Observed.INCLUDING, context)
        case RecordState.PRESENT:
            shown = present(seen, found.notice_sent_on, found.published_on, context)
            return spaced(shown, negativation, context)
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


def _is_others(negativation: Negativation, found: RecordFound) -> bool:
    """Whether a look-up shows another record: of a known one another person, or our key under another id."""
    if negativation.is_unconfirmed:
        return is_another_record(found, negativation.document, negativation.reference, negativation.due_date)
    if negativation.known_at is None:
        return False
    if is_another_person(found, negativation.document):
        return True
    is_removing = negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING}
    has_other_id = found.bureau_id is not None and negativation.bureau_id not in {None, found.bureau_id}
    return is_removing and has_other_id and found.state in _STANDS


def _removal_pending(negativation: Negativation, asked_at: datetime, context: AnswerContext) -> bool:
    is_removing = negativation.observed in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING}
    return is_removing and asked_at < removals_quiet_until(negativation, context)


def _poll_again(negativation: Negativation, observed: Observed, context: AnswerContext, cause: str = "") -> Change:
    attempts = negativation.transmission.attempts + 1
    due = context.next_attempt(attempts)
    return transition(
        negativation, observed, context, EventKind.STILL_PROCESSING, due=due, attempts=attempts, cause=cause
    )
