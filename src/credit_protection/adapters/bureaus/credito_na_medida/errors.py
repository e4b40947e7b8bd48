"""What an answer other than 2xx means, by operation.

401, 403, 429, and 5xx never come here: the outcome table of `adapters.http` deals with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from credit_protection.adapters.bureaus.credito_na_medida import codes, wire
from credit_protection.domain.bureau_answers import Accepted, Done, ExecutionResult, Rejected
from credit_protection.domain.errors import (
    InclusionStillProcessing,
    InvalidReport,
    NoCredit,
    ProtocolError,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_protection.adapters.http.calls import HttpReply
    from credit_protection.domain.bureau_answers import Receipt
    from credit_protection.domain.errors import BureauError

_MOST_NAMED = 20
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
"""The bureau read the order and refuses it. A 404 or 405 speaks of the address instead, a 409 of the state."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply other than 2xx, what it says, and its transcript."""

    reply: HttpReply
    transcript: str

    @property
    def said(self) -> wire.WireError | None:
        """The contract's error, where the body is one."""
        return wire.error_in(self.reply)

    @property
    def is_not_found(self) -> bool:
        """Whether the bureau itself says that there is no such record."""
        said = self.said
        return self.reply.status == HTTPStatus.NOT_FOUND and said is not None and said.code in codes.NOT_FOUND


def of_reading(refusal: Refusal) -> BureauError:
    """The error of a list or a look-up that was refused."""
    said = refusal.said
    if refusal.reply.status in _REFUSALS and said is not None:
        return _refused(refusal, said)
    return _common(refusal)


def of_query(refusal: Refusal) -> BureauError:
    """The error of a query that was refused: not executed, not paid."""
    said = refusal.said
    if refusal.reply.status in _REFUSALS | {HTTPStatus.CONFLICT} and said is not None:
        return _refused(refusal, said)
    return _common(refusal)


def of_inclusion(refusal: Refusal) -> Receipt:
    """The receipt of an inclusion that was not simply received.

    Raises:
        NoCredit: not executed.
        ProtocolError: not understood; a 404 or 405 would be a wrong address, and may not reject a debt for good.
    """
    said = refusal.said
    if said is not None and refusal.reply.status == HTTPStatus.CONFLICT and said.code == codes.EXISTS:
        return Accepted(said.record_id, refusal.reply.request_id, repeated=True)
    if said is not None and refusal.reply.status in _REFUSALS:
        return Rejected(said.code, said.message, said.field, refusal.reply.request_id)
    raise _common(refusal)


def of_removal(refusal: Refusal, record_id: str) -> Receipt:
    """The receipt of a removal that was not simply received.

    Returns:
        `Done(NOT_FOUND)`, `Done(ALREADY)` as the bureau claims it, or `Rejected`.

    Raises:
        InclusionStillProcessing: not executed.
        NoCredit: not executed.
        ProtocolError: not understood. A 404 that is not the bureau's own "no such record" must not end a removal.
    """
    said = refusal.said
    request_id = refusal.reply.request_id
    if refusal.is_not_found:
        return Done(ExecutionResult.NOT_FOUND, request_id=request_id)
    if said is not None and refusal.reply.status == HTTPStatus.CONFLICT:
        if said.code == codes.ALREADY_REMOVED:
            return Done(ExecutionResult.ALREADY_IN_EFFECT, record_id, request_id)
        if said.code == codes.STILL_PROCESSING:
            raise InclusionStillProcessing(
                "A inclusão ainda está em processamento no birô. A remoção será tentada mais tarde.",
                request_id=request_id,
                http_status=refusal.reply.status,
            )
    if said is not None and refusal.reply.status in _REFUSALS:
        return Rejected(said.code, said.message, said.field, request_id)
    raise _common(refusal)


def not_understood(reply: HttpReply, where: str, transcript: str) -> ProtocolError:
    """An answer that does not follow the contract."""
    return ProtocolError(
        f"A resposta do Crédito na Medida não foi entendida ({where}). Ela foi guardada para análise; confira no "
        "portal do birô.",
        request_id=reply.request_id,
        http_status=reply.status,
        transcript=transcript,
    )


def bad_report(reply: HttpReply, message: str, protocol: str | None, transcript: str) -> InvalidReport:
    """A query's answer that is not the report that was promised."""
    return InvalidReport(message, request_id=protocol, http_status=reply.status, transcript=transcript)


def unreadable_records(record_ids: Sequence[str]) -> ProtocolError:
    """Listed records whose document is neither a CPF nor a CNPJ."""
    return ProtocolError(
        f"O birô listou {len(record_ids)} registro(s) com documento inválido, que não puderam ser lidos. Confira-os no "
        f"portal do birô: {', '.join(record_ids[:_MOST_NAMED])}{'...' if len(record_ids) > _MOST_NAMED else ''}.",
        code="registros_ilegiveis",
    )


def endless_pages() -> ProtocolError:
    """A list that gives the same page again and again."""
    return ProtocolError("O birô repete a mesma página da lista de negativações. Avise o suporte do birô.")


def _refused(refusal: Refusal, said: wire.WireError) -> Refused:
    return Refused(
        f"O birô recusou: {said.message}",
        code=said.code,
        field=said.field,
        request_id=refusal.reply.request_id,
        http_status=refusal.reply.status,
    )


def _common(refusal: Refusal) -> BureauError:
    reply = refusal.reply
    if reply.status == HTTPStatus.PAYMENT_REQUIRED:
        return NoCredit(
            "A conta no Crédito na Medida está sem crédito. Nada foi executado; recarregue-a e tente de novo.",
            request_id=reply.request_id,
            http_status=reply.status,
            transcript=refusal.transcript,
        )
    said = refusal.said
    where = f"HTTP {reply.status}" if said is None else f"HTTP {reply.status}, {said.code}"
    return not_understood(reply, where, refusal.transcript)
