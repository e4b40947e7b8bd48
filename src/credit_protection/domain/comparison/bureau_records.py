"""The bureau's records, and to which negativation each belongs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from credit_protection.domain.bureau_answers import RecordFound, RecordState, is_another_record
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Negativation

_STANDS = frozenset({RecordState.PRESENT, RecordState.INCLUDING, RecordState.REMOVAL_REFUSED})
IS_THERE = _STANDS | {RecordState.REMOVING}
"""The states of a record that is on file, also of one that is leaving."""
_LONGEST_REFERENCE = 16


@dataclass(frozen=True, slots=True)
class BureauRecord:
    """A record as the bureau's list, or a file, shows it.

    Args:
        document: of the debtor, compact.
        amount: BRL; None where it was not given.
        nature_code: empty where it was not given.
        state: None where it could not be understood.
        shows_key: whether document, contract and due date are the bureau's own; False where it did not show them.
        is_doubtful: a file has operations on it that contradict each other: only a look-up tells whether it stands.
    """

    document: str
    reference: str
    due_date: date | None
    state: RecordState | None
    bureau_id: str | None = None
    amount: Money | None = None
    nature_code: str = ""
    notice_sent_on: date | None = None
    published_on: date | None = None
    shows_key: bool = True
    is_doubtful: bool = False

    @property
    def stands(self) -> bool:
        """Whether it is on file and is not leaving."""
        return self.state in _STANDS

    @property
    def is_there(self) -> bool:
        """Whether it is on file, also where it is leaving."""
        return self.state in IS_THERE

    @property
    def subject_key(self) -> str:
        """What names it in a divergence: the bureau's id, or a digest of its natural key; never a document."""
        if self.bureau_id is not None:
            return self.bureau_id
        day = "" if self.due_date is None else self.due_date.isoformat()
        return hashlib.sha256(f"{self.document}|{day}|{self.reference}".encode()).hexdigest()[:24]

    @property
    def shown(self) -> str:
        """It, as text for a screen."""
        day = "sem data" if self.due_date is None else self.due_date.isoformat()
        name = f" id {self.bureau_id}," if self.bureau_id is not None else ""
        document = masked_or_invalid(self.document)
        return f"{name} {document}, contrato {self.reference or '(vazio)'}, vencimento {day}".strip()

    def found(self) -> RecordFound:
        """It, as a look-up's answer."""
        state = self.state or RecordState.PRESENT
        return RecordFound(
            state,
            self.bureau_id,
            notice_sent_on=self.notice_sent_on,
            published_on=self.published_on,
            document=self.document,
            reference=self.reference,
            due_date=self.due_date,
        )


def record_shown(negativation: Negativation, found: RecordFound) -> BureauRecord:
    """What a look-up of a negativation showed; what the bureau did not show is taken from the negativation."""
    return BureauRecord(
        document=found.document or negativation.document.value,
        reference=found.reference or negativation.reference,
        due_date=found.due_date or negativation.due_date,
        state=found.state,
        bureau_id=found.bureau_id or negativation.bureau_id,
        notice_sent_on=found.notice_sent_on,
        published_on=found.published_on,
        shows_key=bool(found.document),
    )


class Match(Enum):
    """How a record of the bureau belongs to a negativation."""

    SAME = auto()
    """By the bureau's id, or by its key where either has no id."""
    OTHER_ID = auto()
    """Our key under another id than the one that we hold."""
    OTHER_RECORD = auto()
    """The id that we hold shows another record."""


def match(record: BureauRecord, known: Iterable[Negativation]) -> tuple[Negativation, Match] | None:
    """The negativation of a record, of those with its id or its key; None where it is unknown.

    The id counts first. That of a closed one counts only for its own record: another one that has it now is unknown. By
    the key an open one counts before a closed one. A reference that this software generated is unique, so its due date
    need not agree; an adopted one's must.
    """
    candidates = list(known)
    others: list[Negativation] = []
    for each in candidates:
        if record.bureau_id is not None and each.bureau_id == record.bureau_id:
            if not is_another_record(record.found(), each.document, each.reference, each.due_date):
                return each, Match.SAME
            if not each.is_closed:
                others.append(each)
    if others:
        return others[0], Match.OTHER_RECORD
    same_key = [each for each in candidates if _has_key(each, record)]
    if not same_key:
        return None
    chosen = min(same_key, key=lambda each: (each.is_adopted, each.is_closed, each.created_at, each.id))
    has_other_id = record.bureau_id is not None and chosen.bureau_id is not None
    return chosen, Match.OTHER_ID if has_other_id else Match.SAME


def _has_key(negativation: Negativation, record: BureauRecord) -> bool:
    if negativation.reference != record.reference or negativation.document.value != record.document:
        return False
    return not negativation.is_adopted or negativation.due_date == record.due_date


def is_near(negativation: Negativation, record: BureauRecord) -> bool:
    """Whether an unconfirmed record may be this one: only leading zeros of the contract differ."""
    return (
        negativation.known_at is None
        and negativation.document.value == record.document
        and negativation.due_date == record.due_date
        and negativation.reference.lstrip("0") == record.reference.lstrip("0")
    )


def near_references(reference: str) -> Sequence[str]:
    """The contracts that a spreadsheet may have made this one of: equal but for leading zeros, the likeliest first."""
    stripped = reference.lstrip("0")
    padded = (stripped.zfill(size) for size in range(len(stripped), _LONGEST_REFERENCE + 1))
    return [each for each in padded if each != reference] if stripped.isdecimal() else []


def unknown_subject(integration_id: str, record: BureauRecord) -> str:
    """The subject of a record that stands at the bureau and is unknown here."""
    return f"{integration_id}:{record.subject_key}"


def is_foreign(record: BureauRecord, prefixes: Iterable[str]) -> bool:
    """Whether a person said that contracts that begin so are not ours."""
    return any(record.reference.startswith(prefix) for prefix in prefixes if prefix)


def masked_or_invalid(text: str) -> str:
    """A document, masked."""
    try:
        return parse_document(text).masked
    except InvalidInput:
        return "documento inválido"
