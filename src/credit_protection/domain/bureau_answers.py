"""What a bureau can answer to an inclusion, a removal or a look-up, the same for every gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from credit_protection.domain.documents import Document
from credit_protection.domain.errors import (
    BureauError,
    InclusionStillProcessing,
    NoCredit,
    ProtocolError,
    RateLimited,
    Refused,
)


class ExecutionResult(StrEnum):
    """How an effect came about."""

    EXECUTED = "executed"
    ALREADY_IN_EFFECT = "already"
    """A repeat: it was in effect before."""
    NOT_FOUND = "not_found"
    """Removals only: there is no such record."""


@dataclass(frozen=True, slots=True)
class Done:
    """The call is in effect at the bureau.

    Args:
        request_id: protocol, for its support.
        published_on: when the record shows in queries, where known.
    """

    result: ExecutionResult = ExecutionResult.EXECUTED
    bureau_id: str | None = None
    request_id: str | None = None
    notice_sent_on: date | None = None
    published_on: date | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """Received; the outcome comes later. `repeated` where it had been received before."""

    bureau_id: str | None = None
    request_id: str | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good; `code` and `message` are the bureau's, `field` is the input at fault, where known.

    `reason_unknown`: a removal whose reason's code the bureau does not know; another one is tried.
    """

    code: str
    message: str
    field: str | None = None
    request_id: str | None = None
    reason_unknown: bool = False


Receipt = Done | Accepted | Rejected


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """The call is known to have had no effect; it may be tried again.

    Args:
        code: why (`biro_indisponivel`, `limite_de_chamadas`, ...).
        retry_at: the bureau's own "not before", UTC.
        needs_person: whether trying again is useless until a person acts (no credit, say).
        still_processing: a removal was refused because the inclusion is still being processed.
    """

    code: str
    message: str
    retry_at: datetime | None = None
    needs_person: bool = False
    still_processing: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The call may or may not have had its effect (`resultado_desconhecido`, `resposta_nao_entendida`, ...).

    The scrubbed transcript is kept with the history, so that an answer not understood is never dropped.
    """

    code: str
    message: str
    transcript: str = ""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The bureau answered, and the gateway can't read the answer: the call is neither known to be refused nor lost.

    Sending it again brings the same answer, so a person reads the transcript.
    """

    code: str
    message: str
    transcript: str = ""


Answer = Done | Accepted | Rejected | NotExecuted | Unknown | NotUnderstood


def answer_from_error(error: BureauError) -> NotExecuted | Unknown | NotUnderstood | Rejected:
    """What the error of a call says about its effect."""
    if isinstance(error, Refused):
        return Rejected(error.code, error.message, error.field, error.request_id)
    if error.may_have_executed:
        kind = NotUnderstood if was_answered(error) else Unknown
        return kind(error.code, error.message, str(error.context.get("transcript", "")))
    return NotExecuted(
        error.code,
        error.message,
        retry_at=error.retry_at if isinstance(error, RateLimited) else None,
        needs_person=isinstance(error, NoCredit),
        still_processing=isinstance(error, InclusionStillProcessing),
    )


def was_answered(error: BureauError) -> bool:
    """Whether the bureau answered with any status line; its own breakdowns (5xx) and time-outs are lost answers."""
    status = error.http_status
    if status is None:
        return isinstance(error, ProtocolError)
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.REQUEST_TIMEOUT


class RecordState(StrEnum):
    """The state of a record at the bureau, as a look-up shows it."""

    INCLUDING = "including"
    PRESENT = "present"
    REJECTED = "rejected"
    REMOVING = "removing"
    REMOVAL_REFUSED = "removal_refused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class RecordFound:
    """A look-up's answer: the record.

    Args:
        state: its state at the bureau.
        message: in the bureau's words, for a refusal.
        document: the debtor's as the bureau shows it, perhaps masked by `*`; empty where it does not.
        reference: the contract that the bureau shows; empty where it does not.
        due_date: the due date that it shows.
    """

    state: RecordState
    bureau_id: str | None = None
    message: str = ""
    notice_sent_on: date | None = None
    published_on: date | None = None
    document: str = field(default="", repr=False)
    reference: str = ""
    due_date: date | None = None


@dataclass(frozen=True, slots=True)
class RecordNotFound:
    """A look-up's answer: there is no such record."""


_MOVED_BY_WEEKEND = timedelta(days=4)
"""A bureau may show the next business day instead of a due date."""


def is_another_record(found: RecordFound, document: Document, reference: str, due_date: date) -> bool:
    """Whether what the bureau shows under a key is another record than ours.

    The document must match: of a masked one, the visible characters. So must the contract, leading zeros apart, or the
    due date. What the bureau does not show proves nothing.
    """
    if is_another_person(found, document):
        return True
    same_reference = found.reference.strip().lstrip("0") == reference.strip().lstrip("0")
    if found.due_date is None:
        return bool(found.reference) and not same_reference
    same_day = due_date <= found.due_date <= due_date + _MOVED_BY_WEEKEND
    return not same_day and not (found.reference and same_reference)


def is_another_person(found: RecordFound, document: Document) -> bool:
    """Whether the bureau shows another debtor's document; False where it shows none."""
    return bool(found.document) and not _matches(found.document, document.value)


def _matches(shown: str, document: str) -> bool:
    visible = [character for character in shown.upper() if character.isalnum() or character == "*"]
    while len(visible) > len(document) and visible[0] == "0":  # a number with leading zeros
        del visible[0]
    if len(visible) < len(document):  # a number lost its leading zeros
        visible = [*"0" * (len(document) - len(visible)), *visible]
    pairs = zip(visible, document, strict=False)
    return len(visible) == len(document) and all(one in {"*", other} for one, other in pairs)


LookupResult = RecordFound | RecordNotFound


@dataclass(frozen=True, slots=True)
class RecordKey:
    """What a record is addressed by: the bureau's id where known, and the natural key."""

    document: Document
    reference: str
    due_date: date
    bureau_id: str | None = None
