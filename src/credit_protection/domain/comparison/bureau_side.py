"""What the bureau shows compared with what is believed here: the table of docs/domain.md, "Reconciliation".

A list can show that something stands. That nothing stands only a look-up shows, or two lists where the gateway can't
look up. What changed or was in flight later than the instant of the list, less the quiet period, is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordState
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.comparison.bureau_differences import (
    after_removal,
    duplicate,
    not_found,
    not_there,
    others_record,
    under_other_id,
    values,
)
from credit_protection.domain.comparison.bureau_records import BureauRecord, Match
from credit_protection.domain.divergences import Difference, DivergenceCode, Side
from credit_protection.domain.negativations import Change, Claim, Negativation
from credit_protection.domain.observations import AnswerContext, answered_late, looked_up
from credit_protection.domain.state_table import Action, Desired, Observed

LOOKED_UP_WITHIN = timedelta(days=30)
"""Each record is looked up at least so often, where the bureau gives no list."""
UNCONFIRMED_WITHIN = timedelta(days=1)
"""The same for a record that the bureau has not confirmed."""
LISTS_APART = timedelta(hours=1)
"""Two lists that miss a record count as two where they are at least so far apart."""
_AT_LEAST = 20
_PER_CENT = 5
_SHOWN_BY_RECORD = frozenset({DivergenceCode.NOT_THERE, DivergenceCode.NOT_FOUND, DivergenceCode.OTHERS_RECORD})
_VALUES = frozenset({DivergenceCode.LOWER_AMOUNT, DivergenceCode.DIFFERS})
"""Only where the bureau gave the values."""
OF_ONE_KEY = frozenset(
    (code, Side.BUREAU)
    for code in (
        *(DivergenceCode.DUPLICATE, DivergenceCode.OTHERS_RECORD),
        *(DivergenceCode.NOT_THERE, DivergenceCode.NOT_FOUND),
    )
)
"""Each of them excludes the others."""
CLOSED_BY_LIST = frozenset({DivergenceCode.AFTER_REMOVAL, DivergenceCode.UNKNOWN_RECORD, DivergenceCode.DUPLICATE})
"""Differences that a list, read to its end, which no longer shows the record can end: see `is_over`."""
LOOKED_UP_FIRST = frozenset({DivergenceCode.AFTER_REMOVAL, DivergenceCode.DUPLICATE})
"""Of these, those that a look-up judges, where the gateway can look up. An unknown record can't be looked up."""


def is_comparable(negativation: Negativation, as_of: datetime, capabilities: Capabilities) -> bool:
    """Whether nothing of it changed or was in flight later than the instant of the list less the quiet period."""
    before = as_of - capabilities.quiet_period
    if negativation.transmission.claim is not None:
        return False
    unanswered = (negativation.unanswered_inclusions, negativation.unanswered_removals)
    changes = [negativation.created_at, negativation.observed_since, *(each.at for each in negativation.triggers)]
    in_flight = [each.quiet_until for each in unanswered if each is not None]
    return all(each < before for each in changes) and all(each <= as_of for each in in_flight)


def came_and_went(negativation: Negativation, state: RecordState | None) -> bool:
    """Whether a record that leaves, or has left, shows that an inclusion was sent which this software forgot.

    So it is after a restore: sent again it would come back, though a person or a payment had it removed.
    """
    is_waiting = negativation.observed is Observed.ABSENT and negativation.desired is Desired.INCLUDED
    return is_waiting and state in {RecordState.REMOVING, RecordState.GONE}


def is_believed_present(negativation: Negativation) -> bool:
    """Whether it is wanted, and believed to be on file."""
    return negativation.observed is Observed.PRESENT and negativation.desired is Desired.INCLUDED


@dataclass(frozen=True, slots=True)
class Shown:
    """What a record that is there means for its negativation.

    Args:
        differences: what differs now.
        fresh: what this record can close.
        answer: to be stored as a look-up's answer: it ends a doubt, or confirms the record.
        reopens: it was closed here, and surely it is ours: it is reopened for removal.
    """

    differences: tuple[Difference, ...] = ()
    fresh: frozenset[tuple[DivergenceCode, Side]] = frozenset()
    answer: RecordFound | None = None
    reopens: bool = False

    @property
    def acts(self) -> bool:
        """Whether the negativation itself changes."""
        return self.answer is not None or self.reopens


def shown(negativation: Negativation, record: BureauRecord, how: Match) -> Shown:
    """Compare a record that is there with a negativation that may be compared; a removal in the queue is not.

    Another id under the key of an open one is not judged here: only the end of the list tells whether it stands twice.
    """
    if how is Match.OTHER_RECORD:
        return Shown((others_record(negativation, record),)) if record.stands else Shown()
    if negativation.is_closed:
        return _closed_and_there(negativation, record)
    if how is Match.OTHER_ID:
        return Shown()
    if negativation.observed is not Observed.PRESENT:
        return Shown(answer=record.found() if record.stands or came_and_went(negativation, record.state) else None)
    if negativation.desired is Desired.REMOVED:
        return Shown()
    codes = _SHOWN_BY_RECORD if record.amount is None else _SHOWN_BY_RECORD | _VALUES
    if not record.shows_key:
        codes -= {DivergenceCode.OTHERS_RECORD}
    fresh = frozenset((code, Side.BUREAU) for code in codes)
    confirms = negativation.known_at is None and record.stands
    answer = replace(record.found(), state=RecordState.PRESENT) if confirms else None
    return Shown(() if record.amount is None else tuple(values(negativation, record)), fresh, answer)


def _closed_and_there(negativation: Negativation, record: BureauRecord) -> Shown:
    if not record.stands:
        return Shown()
    is_ours = is_surely_ours(negativation)
    return Shown((after_removal(negativation, record, is_ours=is_ours),), reopens=is_ours)


def is_surely_ours(negativation: Negativation) -> bool:
    """Whether a record with the id that it holds, or with its reference, can only be its own: it was not adopted."""
    return not negativation.is_adopted


def other_id(negativation: Negativation, records: Iterable[BureauRecord], *, own_stands: bool) -> Difference | None:
    """After the whole list: our key stands under other ids, besides the one that we hold or instead of it.

    None where it is to be removed, or is not believed present.
    """
    held = negativation.bureau_id
    others = sorted({each.bureau_id for each in records if each.stands and each.bureau_id is not None} - {held})
    if not others or not is_believed_present(negativation):
        return None
    return duplicate(negativation, others) if own_stands else under_other_id(negativation, others)


def missing(negativation: Negativation, near: Sequence[str] = ()) -> Difference | None:
    """The difference of a record that a look-up (or two lists) did not find; None where it is not believed present."""
    if not is_believed_present(negativation):
        return None
    return not_found(negativation, near) if negativation.known_at is None else not_there(negativation)


def is_suspect(absent: int, standing: int) -> bool:
    """Whether more records are missing from a list than can be believed: more than 5 %, and more than 20."""
    return absent > max(_AT_LEAST, standing * _PER_CENT // 100)


def is_over(code: DivergenceCode, as_of: datetime, *, missed_before: datetime | None, is_found: bool) -> bool:
    """Whether a difference is over that a list, read to its end, no longer shows.

    Args:
        code: one of `CLOSED_BY_LIST`.
        as_of: the instant of the list.
        missed_before: that of the first list before it that missed the record.
        is_found: whether a look-up still shows the record.
    """
    if code is DivergenceCode.UNKNOWN_RECORD:
        return missed_before is not None and as_of - missed_before >= LISTS_APART
    return not is_found


def looked_up_at(negativation: Negativation, result: LookupResult, as_of: datetime, context: AnswerContext) -> Change:
    """Store what the bureau showed as of an instant, as the answer to a look-up that was asked then.

    Raises:
        ValueError: a call is running.
    """
    work = negativation.transmission
    if work.claim is not None:
        raise ValueError("a call is running: its answer comes first")
    claim = Claim(Action.LOOK_UP, "reconciliation", as_of, context.now, work.fence + 1)
    asked = replace(negativation, transmission=replace(work, claim=claim, fence=claim.fence))
    return looked_up(asked, result, context)


def reopened(negativation: Negativation, record: BureauRecord, context: AnswerContext) -> Change:
    """Reopen a closed record that the bureau shows, for removal under the id that it shows (6.6.10)."""
    held = replace(negativation, bureau_id=record.bureau_id or negativation.bureau_id)
    return answered_late(held, Action.LOOK_UP, record.found(), context)
