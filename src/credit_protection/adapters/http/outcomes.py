"""Which transport outcome is which: the one table that decides whether a call may have been executed.

A wrong line here either loses a removal or includes somebody twice, so whatever is not *known* to have had no effect is
`UNKNOWN`.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.errors import BureauUnavailable, CredentialsRejected, OutcomeUnknown, RateLimited

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.errors import BureauError

LONGEST_RETRY_AFTER = timedelta(days=1)
_MOST_DIGITS = 9
_TOO_MANY_REQUESTS = 429
_UNAVAILABLE = 503
_FORBIDS = 403
_CREDENTIALS = frozenset({401, _FORBIDS})


class Failure(StrEnum):
    """Why no reply came."""

    NO_TIME_LEFT = "no_time_left"
    """The deadline was over before anything was sent."""
    CLOSED = "closed"
    """The client had been closed: nothing was sent."""
    ADDRESS = "address"
    """The address can't be used: nothing was sent."""
    CONNECT = "connect"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    PROXY = "proxy"
    """A proxy refused the tunnel: nothing reached the bureau."""
    POOL_TIMEOUT = "pool_timeout"
    """No connection became free: nothing was sent."""
    READ_TIMEOUT = "read_timeout"
    """The total deadline ended the wait, whether the server was silent or dripped."""
    WRITE = "write"
    DISCONNECT = "disconnect"
    """The line was cut after the request went out, on a new connection or a reused one."""
    UNREADABLE = "unreadable"
    """Something came that is not HTTP, or can't be decoded."""
    TOO_LARGE = "too_large"


class Outcome(StrEnum):
    """What became of a call."""

    ANSWER = "answer"
    """The server answered in its own words: the gateway reads them."""
    NOT_EXECUTED = "not_executed"
    RATE_LIMITED = "rate_limited"
    """Not executed, and the server asks for calm."""
    CREDENTIALS = "credentials"
    """Not executed: the server refuses the credentials."""
    UNKNOWN = "unknown"


_NEVER_SENT = frozenset(
    {
        Failure.NO_TIME_LEFT,
        Failure.CLOSED,
        Failure.ADDRESS,
        Failure.CONNECT,
        Failure.CONNECT_TIMEOUT,
        Failure.TLS,
        Failure.PROXY,
        Failure.POOL_TIMEOUT,
    }
)


def classify(event: Failure | int, retry_at: datetime | None = None) -> Outcome:
    """The table.

    Args:
        event: why no reply came, or the status of the one that came.
        retry_at: what a readable Retry-After says. Only with it does 503 mean that nothing was executed: a 503 of a
            proxy whose server went silent has none.
    """
    if isinstance(event, Failure):
        return Outcome.NOT_EXECUTED if event in _NEVER_SENT else Outcome.UNKNOWN
    if event in _CREDENTIALS:
        return Outcome.CREDENTIALS
    if event == _TOO_MANY_REQUESTS or (event == _UNAVAILABLE and retry_at is not None):
        return Outcome.RATE_LIMITED
    is_answer = 200 <= event < 300 or (400 <= event < 500 and event != 408)  # noqa: PLR2004 - classes of HTTP statuses
    return Outcome.ANSWER if is_answer else Outcome.UNKNOWN


def parse_retry_after(text: str | None, now: datetime) -> datetime | None:
    """When a Retry-After allows the next call.

    Args:
        text: the header: whole seconds, or an HTTP date.
        now: instant, UTC.

    Returns:
        An instant from `now` to a day later, whatever the header asks; None where it can't be read.
    """
    asked = (text or "").strip()
    if asked.isascii() and asked.isdigit():
        wait = timedelta(seconds=int(asked)) if len(asked) <= _MOST_DIGITS else LONGEST_RETRY_AFTER
        return now + min(wait, LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(asked)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(moment, now), now + LONGEST_RETRY_AFTER)


def error_of(
    event: Failure | int,
    *,
    safe: bool,
    retry_at: datetime | None = None,
    request_id: str | None = None,
    cause: str = "",
    transcript: str = "",
) -> BureauError:
    """The error that a caller must deal with, for an outcome that is no answer.

    Args:
        event: why no reply came, or its status.
        safe: whether nothing is executed by the call: then there is nothing to be in doubt about, and a lost answer is
            a bureau that was not available.
        retry_at: what a readable Retry-After says.
        request_id: the bureau's, where told.
        cause: the library's words, masked.
        transcript: of the call, masked.
    """
    status = None if isinstance(event, Failure) else event

    def made(kind: type[BureauError], message: str) -> BureauError:
        return kind(message, request_id=request_id, http_status=status, cause=cause, transcript=transcript)

    match classify(event, retry_at):
        case Outcome.CREDENTIALS:
            return made(CredentialsRejected, _FORBIDDEN if status == _FORBIDS else _UNAUTHORISED)
        case Outcome.RATE_LIMITED:
            return RateLimited(_calm(retry_at), retry_at=retry_at, request_id=request_id, http_status=status)
        case Outcome.NOT_EXECUTED:
            return made(BureauUnavailable, _not_sent(event))
        case _ if safe:
            return made(BureauUnavailable, f"{_lost(event)} Nada mudou no birô; tente de novo em alguns minutos.")
        case _:
            return made(
                OutcomeUnknown,
                f"{_lost(event)} O pedido pode ter sido executado: confira no birô antes de repetir.",
            )


_UNAUTHORISED = "O birô recusou as credenciais. Confira os dados de acesso da integração e use Testar."
_FORBIDDEN = "O birô negou o acesso a esta operação. Peça ao birô que libere a conta (contrato, IP) e use Testar."

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

_LOST = {
    Failure.READ_TIMEOUT: "O birô não respondeu a tempo.",
    Failure.WRITE: "A conexão caiu durante o envio ao birô.",
    Failure.DISCONNECT: "O birô encerrou a conexão sem responder.",
    Failure.UNREADABLE: "O birô respondeu algo que não se pode ler.",
    Failure.TOO_LARGE: "O birô respondeu mais dados do que o limite.",
}


def _not_sent(event: Failure | int) -> str:
    return _NOT_SENT[event] if isinstance(event, Failure) else f"O birô respondeu HTTP {event}. Tente de novo."


def _lost(event: Failure | int) -> str:
    return _LOST[event] if isinstance(event, Failure) else f"O birô falhou (HTTP {event})."


def _calm(retry_at: datetime | None) -> str:
    if retry_at is None:
        return "O birô pediu menos chamadas. Nada foi executado; será tentado mais tarde."
    return f"O birô pediu para esperar até {retry_at:%d/%m/%Y %H:%M:%S} UTC. Nada foi executado."
