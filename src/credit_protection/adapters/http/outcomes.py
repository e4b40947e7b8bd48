"""How transport outcomes become errors: the one table that decides whether a call may have been executed.

A wrong line loses a removal or includes a person twice. So every event that is not *known* to have had no effect is
`OutcomeUnknown`.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    OutcomeUnknown,
    RateLimited,
)

MAX_RETRY_AFTER = timedelta(days=1)
_MAX_DIGITS = 9


class Failure(StrEnum):
    """Why no reply came."""

    NO_TIME_LEFT = "no_time_left"
    """The deadline had passed before anything was sent."""
    CLOSED = "closed"
    """The client had been closed before anything was sent."""
    ADDRESS = "address"
    """The address is invalid: nothing was sent."""
    CONNECT = "connect"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    PROXY = "proxy"
    """A proxy refused the tunnel: nothing reached the bureau."""
    POOL_TIMEOUT = "pool_timeout"
    """No connection became free: nothing was sent."""
    READ_TIMEOUT = "read_timeout"
    """The total deadline ended the wait, whether the server was silent or slow."""
    WRITE = "write"
    DISCONNECT = "disconnect"
    """The connection was cut after the request was sent, whether new or reused."""
    UNREADABLE = "unreadable"
    """The answer is not HTTP, or can't be decoded."""
    TOO_LARGE = "too_large"


_NOT_SENT = {
    Failure.NO_TIME_LEFT: "O tempo acabou antes do envio ao birô. Nada foi enviado; tente de novo.",
    Failure.CLOSED: "A integração foi fechada antes do envio ao birô. Nada foi enviado; tente de novo.",
    Failure.ADDRESS: "O endereço do birô não pode ser usado. Nada foi enviado; corrija o endereço na integração.",
    Failure.CONNECT: "Não foi possível conectar ao birô. Nada foi enviado; confira a internet e o endereço.",
    Failure.CONNECT_TIMEOUT: "O birô não aceitou a conexão a tempo. Nada foi enviado; tente de novo.",
    Failure.TLS: "A conexão segura com o birô falhou (certificado ou TLS). Nada foi enviado; confira o endereço, a "
    "data do servidor e os certificados.",
    Failure.PROXY: "O proxy da rede recusou a conexão com o birô. Nada foi enviado; confira o proxy.",
    Failure.POOL_TIMEOUT: "Todas as conexões com o birô estavam ocupadas. Nada foi enviado; tente de novo ou aumente o "
    "número de conexões da integração.",
}
_ANSWER_LOST = {
    Failure.READ_TIMEOUT: "O birô não respondeu a tempo.",
    Failure.WRITE: "A conexão caiu durante o envio ao birô.",
    Failure.DISCONNECT: "O birô encerrou a conexão sem responder.",
    Failure.UNREADABLE: "O birô respondeu algo que não se pode ler.",
    Failure.TOO_LARGE: "O birô respondeu mais dados do que o limite.",
}
_CREDENTIALS = {
    HTTPStatus.UNAUTHORIZED: "O birô recusou as credenciais. Confira os dados de acesso da integração e use Testar.",
    HTTPStatus.FORBIDDEN: "O birô negou o acesso a esta operação. Peça ao birô que libere a conta (contrato, IP) e use "
    "Testar.",
}


def classify(event: Failure | int, retry_at: datetime | None = None) -> type[BureauError] | None:
    """The error class of a missing reply or a status; None where the server answered: the gateway reads the answer.

    Only with the instant of a readable Retry-After does 503 mean that nothing was executed: a proxy whose server went
    silent sends a 503 without it.
    """
    if isinstance(event, Failure):
        return BureauUnavailable if event in _NOT_SENT else OutcomeUnknown
    if event in _CREDENTIALS:
        return CredentialsRejected
    if event == HTTPStatus.TOO_MANY_REQUESTS or (event == HTTPStatus.SERVICE_UNAVAILABLE and retry_at is not None):
        return RateLimited
    is_answer = 200 <= event < 300 or (400 <= event < 500 and event != HTTPStatus.REQUEST_TIMEOUT)  # noqa: PLR2004 - classes of HTTP statuses
    return None if is_answer else OutcomeUnknown


def error_of(
    event: Failure | int,
    *,
    safe: bool,
    status: int | None = None,
    retry_at: datetime | None = None,
    request_id: str | None = None,
    cause: str = "",
    transcript: str = "",
) -> BureauError:
    """The error of an event for which `classify` returns a class; `cause` and `transcript` are masked already.

    `status` is that of a reply whose body can't be decoded.

    The lost answer of a `safe` call, which executes nothing, leaves no doubt and is `BureauUnavailable`.
    """
    kind = classify(event, retry_at) or OutcomeUnknown
    status = status if isinstance(event, Failure) else event
    if kind is RateLimited:
        return RateLimited(_throttled(retry_at), retry_at=retry_at, request_id=request_id, http_status=status)
    if kind is OutcomeUnknown:
        advice = "O pedido pode ter sido executado: confira no birô antes de repetir."
        if safe:
            kind, advice = BureauUnavailable, "Nada mudou no birô; tente de novo em alguns minutos."
        lost = _ANSWER_LOST[event] if isinstance(event, Failure) else f"O birô falhou (HTTP {event})."
        message = f"{lost} {advice}"
    else:
        message = _NOT_SENT[event] if isinstance(event, Failure) else _CREDENTIALS[HTTPStatus(event)]
    return kind(message, request_id=request_id, http_status=status, cause=cause, transcript=transcript)


def parse_retry_after(text: str | None, now: datetime) -> datetime | None:
    """When a Retry-After (whole seconds, or an HTTP date) allows the next call; None where it can't be read.

    The instant, UTC, is from `now` to a day later, whatever the header says.
    """
    value = (text or "").strip()
    if value.isascii() and value.isdigit():
        wait = timedelta(seconds=int(value)) if len(value) <= _MAX_DIGITS else MAX_RETRY_AFTER
        return now + min(wait, MAX_RETRY_AFTER)
    try:
        instant = parsedate_to_datetime(value)
        instant = instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(instant, now), now + MAX_RETRY_AFTER)


def _throttled(retry_at: datetime | None) -> str:
    if retry_at is None:
        return "O birô pediu menos chamadas. Nada foi executado; será tentado mais tarde."
    return f"O birô pediu para esperar até {retry_at:%d/%m/%Y %H:%M:%S} UTC. Nada foi executado."
