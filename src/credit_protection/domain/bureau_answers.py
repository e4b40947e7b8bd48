"""What a bureau can answer to an inclusion, a removal or a look-up, the same for every gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from credit_protection.domain.documents import Document
from credit_protection.domain.errors import BureauError, InclusionStillProcessing, NoCredit, RateLimited, Refused


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
    """Refused for good; `code` and `message` are the bureau's, `field` is the input at fault, where known."""

    code: str
    message: str
    field: str | None = None
    request_id: str | None = None


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


Answer = Done | Accepted | Rejected | NotExecuted | Unknown


def answer_from_error(error: BureauError) -> NotExecuted | Unknown | Rejected:
    """What the error of a call says about its effect."""
    if isinstance(error, Refused):
        return Rejected(error.code, error.message, error.field, error.request_id)
    if error.may_have_executed:
        return Unknown(error.code, error.message, str(error.context.get("transcript", "")))
    return NotExecuted(
        error.code,
        error.message,
        retry_at=error.retry_at if isinstance(error, RateLimited) else None,
        needs_person=isinstance(error, NoCredit),
        still_processing=isinstance(error, InclusionStillProcessing),
    )


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
    """A look-up's answer: the record; `message` is in the bureau's words, for a refusal."""

    state: RecordState
    bureau_id: str | None = None
    message: str = ""
    notice_sent_on: date | None = None
    published_on: date | None = None


@dataclass(frozen=True, slots=True)
class RecordNotFound:
    """A look-up's answer: there is no such record."""


LookupResult = RecordFound | RecordNotFound


@dataclass(frozen=True, slots=True)
class RecordKey:
    """What a record is addressed by: the bureau's id where known, and the natural key."""

    document: Document
    reference: str
    due_date: date
    bureau_id: str | None = None
