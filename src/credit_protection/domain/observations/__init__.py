"""What an answer of the bureau makes of a negativation. All functions are pure.

`record_answer` is the entry. An answer in time goes to `answered` (an inclusion's or a removal's), `looked_up` or
`lookup_failed`; an answer whose fence is stale goes to `answered_late`.

The hard part is rule 6. A request whose answer is lost may take effect until its quiet period is over. So "not found"
counts only if it was *asked* after that. Where more than one inclusion is unanswered (a repeat that the gateway
declares safe), even a removal that succeeded is final only when no other inclusion can take effect.
"""

from __future__ import annotations

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    LookupResult,
    RecordFound,
    RecordNotFound,
    Rejected,
    Unknown,
)
from credit_protection.domain.negativations import Change, Claim, Negativation, sync_transmission, without_claim
from credit_protection.domain.observations.answers import (
    inclusion_answered,
    looked_up,
    lookup_failed,
    removal_answered,
)
from credit_protection.domain.observations.late import answered_late, evidence_event
from credit_protection.domain.observations.transitions import AnswerContext
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.transmissions import believable

__all__ = ["AnswerContext", "answered", "answered_late", "looked_up", "lookup_failed", "record_answer"]


def record_answer(
    negativation: Negativation, claim: Claim, answer: Answer | LookupResult, context: AnswerContext
) -> Change:
    """Store what a call brought, in time or late.

    Raises:
        TypeError: a look-up's result for an inclusion or a removal.
    """
    negativation = believable(negativation, context.capabilities, context.now)
    current = negativation.transmission.claim
    if current is None or current.fence != claim.fence:
        return answered_late(negativation, claim.action, answer, context)
    if isinstance(answer, RecordFound | RecordNotFound):
        if claim.action in {Action.INCLUDE, Action.REMOVE}:
            raise TypeError(f"{type(answer).__name__} does not answer an inclusion or a removal")
        return looked_up(negativation, answer, context)
    if claim.action in {Action.INCLUDE, Action.REMOVE}:
        return answered(negativation, answer, context)
    if isinstance(answer, Done | Accepted | Rejected):
        code = answer.code if isinstance(answer, Rejected) else type(answer).__name__
        answer = Unknown(code, "O birô não respondeu à verificação como esperado.")
    return lookup_failed(negativation, answer, context)


def answered(negativation: Negativation, answer: Answer, context: AnswerContext) -> Change:
    """Store the answer to the claimed inclusion or removal."""
    claim = negativation.transmission.claim
    if claim is None:
        raise ValueError("an answer in time needs a claim")
    free = without_claim(negativation)
    is_inclusion = claim.action is Action.INCLUDE
    if free.observed is not (Observed.IN_DOUBT_INCLUDE if is_inclusion else Observed.IN_DOUBT_REMOVE):
        return _superseded(free, claim.action, answer, context)
    if is_inclusion:
        return inclusion_answered(free, answer, context)
    return removal_answered(free, answer, claim.at, context)


def _superseded(negativation: Negativation, action: Action, answer: Answer, context: AnswerContext) -> Change:
    """A callback came before the answer to the same call: only "done" can add to it."""
    if isinstance(answer, Done):
        return answered_late(negativation, action, answer, context)
    evidence = evidence_event(negativation, action, answer, context, "o birô já havia informado o resultado")
    return Change(sync_transmission(negativation, context.capabilities, context.now), (evidence,))
