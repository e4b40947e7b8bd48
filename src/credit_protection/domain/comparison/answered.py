"""What an answer to a call of ours shows: the divergences that are opened, or closed, at the answer itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from credit_protection.domain.bureau_answers import Answer, LookupResult, RecordFound, is_another_record
from credit_protection.domain.comparison import bureau_side
from credit_protection.domain.comparison.bureau_differences import (
    not_found,
    others_record,
    under_other_id,
    without_proof,
)
from credit_protection.domain.comparison.bureau_records import record_shown
from credit_protection.domain.divergences import Difference, DivergenceCode, Side
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.observations.answers import OTHER_RECORD, RECORD_NOT_FOUND
from credit_protection.domain.observations.transitions import WITHOUT_PROOF


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """What differs after an answer, and what it closes."""

    differences: tuple[Difference, ...] = ()
    fresh: frozenset[tuple[DivergenceCode, Side]] = frozenset()


def shown_by_answer(
    before: Negativation, change: Change, answer: Answer | LookupResult, near: Sequence[str] = ()
) -> AnswerShown:
    """Compare the record with what its answer showed; `near` are contracts that resemble one that is not found.

    An unconfirmed record that is not found, and a record whose look-up shows another one, wait for a person. A record
    that is closed though nothing proves how it left is shown as a notice. A confirmation closes what is over.
    """
    after = change.negativation
    for event in change.events:
        if event.kind is EventKind.REMOVED and WITHOUT_PROOF in event.detail:
            return AnswerShown((without_proof(after),))
        code = event.detail.get("code") if event.kind is EventKind.NEEDS_PERSON else None
        if code == RECORD_NOT_FOUND:
            return AnswerShown((not_found(after, near),), bureau_side.OF_ONE_KEY)
        if code == OTHER_RECORD and isinstance(answer, RecordFound):
            return AnswerShown((_other_record(after, answer),), bureau_side.OF_ONE_KEY)
    if before.is_unconfirmed and not after.is_unconfirmed:
        return AnswerShown(fresh=bureau_side.OF_ONE_KEY - {(DivergenceCode.DUPLICATE, Side.BUREAU)})
    return AnswerShown()


def _other_record(negativation: Negativation, found: RecordFound) -> Difference:
    if is_another_record(found, negativation.document, negativation.reference, negativation.due_date):
        return others_record(negativation, record_shown(negativation, found))
    return under_other_id(negativation, [found.bureau_id] if found.bureau_id else [])
