"""What a 4xx answer means, by operation. `adapters.http` has already raised for 401, 403, 408, 429 and 5xx."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from credit_protection.adapters.bureaus.credito_na_medida import codes
from credit_protection.adapters.bureaus.credito_na_medida.wire.answers import WireError, parse_error
from credit_protection.adapters.http import HttpReply
from credit_protection.domain.bureau_answers import Accepted, Done, ExecutionResult, Receipt, Rejected
from credit_protection.domain.errors import BureauError, InclusionStillProcessing, NoCredit, ProtocolError, Refused

_MAX_NAMED = 20
REFUSAL_STATUSES: frozenset[int] = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
"""The bureau refuses the order. A 404 or 405 is about the address instead, a 409 about the state."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A 4xx reply and its transcript."""

    reply: HttpReply
    transcript: str

    @property
    def error(self) -> WireError | None:
        """The contract's error, if the body is one."""
        return parse_error(self.reply)

    @property
    def is_not_found(self) -> bool:
        """Whether the bureau itself answers that there is no such record."""
        error = self.error
        return self.reply.status == HTTPStatus.NOT_FOUND and error is not None and error.code in codes.NOT_FOUND


def read_error(refusal: Refusal, statuses: Collection[int] = REFUSAL_STATUSES) -> BureauError:
    """The error of a refused list, lookup or query: not executed, not charged."""
    error, reply = refusal.error, refusal.reply
    if reply.status not in statuses or error is None:
        return _other_error(refusal)
    return Refused(
        f"O birô recusou: {error.message}",
        code=error.code,
        field=error.field,
        request_id=reply.request_id,
        http_status=reply.status,
    )


def inclusion_receipt(refusal: Refusal) -> Receipt:
    """The receipt of an inclusion that was not answered with 2xx.

    Raises:
        NoCredit: not executed.
        ProtocolError: unreadable. A 404 or 405 may be a wrong address, and must not reject a debt for good.
    """
    error = refusal.error
    if error is not None and refusal.reply.status == HTTPStatus.CONFLICT and error.code == codes.EXISTS:
        return Accepted(error.record_id, refusal.reply.request_id, repeated=True)
    if error is not None and refusal.reply.status in REFUSAL_STATUSES:
        return Rejected(error.code, error.message, error.field, refusal.reply.request_id)
    raise _other_error(refusal)


def removal_receipt(refusal: Refusal, record_id: str) -> Receipt:
    """The receipt of a removal that was not answered with 2xx; `ALREADY_IN_EFFECT` is what the bureau claims.

    Raises:
        InclusionStillProcessing: not executed.
        NoCredit: not executed.
        ProtocolError: unreadable. A 404 other than the bureau's "no such record" must not end a removal.
    """
    error = refusal.error
    request_id = refusal.reply.request_id
    if refusal.is_not_found:
        return Done(ExecutionResult.NOT_FOUND, request_id=request_id)
    if error is not None and refusal.reply.status == HTTPStatus.CONFLICT:
        if error.code == codes.ALREADY_REMOVED:
            return Done(ExecutionResult.ALREADY_IN_EFFECT, record_id, request_id)
        if error.code == codes.STILL_PROCESSING:
            raise InclusionStillProcessing(
                "A inclusão ainda está em processamento no birô. A remoção será tentada mais tarde.",
                request_id=request_id,
                http_status=refusal.reply.status,
            )
    if error is not None and refusal.reply.status in REFUSAL_STATUSES:
        unknown = error.field == codes.REASON_FIELD or error.code.casefold().startswith(codes.REASON_FIELD)
        return Rejected(error.code, error.message, error.field, request_id, reason_unknown=unknown)
    raise _other_error(refusal)


def unreadable_answer(reply: HttpReply, where: str, transcript: str) -> ProtocolError:
    """The error of an answer that does not follow the contract."""
    return ProtocolError(
        f"A resposta do Crédito na Medida não foi entendida ({where}). Ela foi guardada para análise; confira no "
        "portal do birô.",
        request_id=reply.request_id,
        http_status=reply.status,
        transcript=transcript,
    )


def unreadable_records(record_ids: Sequence[str]) -> ProtocolError:
    """The error of listed records whose document is neither a CPF nor a CNPJ."""
    return ProtocolError(
        f"O birô listou {len(record_ids)} registro(s) com documento inválido, que não puderam ser lidos. Confira-os no "
        f"portal do birô: {', '.join(record_ids[:_MAX_NAMED])}{'...' if len(record_ids) > _MAX_NAMED else ''}.",
        code="registros_ilegiveis",
    )


def _other_error(refusal: Refusal) -> BureauError:
    reply = refusal.reply
    if reply.status == HTTPStatus.PAYMENT_REQUIRED:
        return NoCredit(
            "A conta no Crédito na Medida está sem crédito. Nada foi executado; recarregue-a e tente de novo.",
            request_id=reply.request_id,
            http_status=reply.status,
            transcript=refusal.transcript,
        )
    error = refusal.error
    where = f"HTTP {reply.status}" if error is None else f"HTTP {reply.status}, {error.code}"
    return unreadable_answer(reply, where, refusal.transcript)
