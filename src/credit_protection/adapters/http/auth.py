"""Tokens by client credentials (RFC 6749, 4.4): one login for all threads, renewed before they run out."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.adapters.http.attempts import attempt, persist
from credit_protection.adapters.http.calls import HttpCall
from credit_protection.adapters.http.transcripts import transcript
from credit_protection.domain.errors import BureauUnavailable, CredentialsRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.adapters.http.calls import Deadline, HttpReply
    from credit_protection.adapters.http.client import HttpClient

_LIFETIME_IF_UNTOLD = 300.0
_LONGEST_LIFETIME = 86_400.0
_MARGIN = 60.0
_MARGIN_SHARE = 0.2
_PAUSE_AFTER_FAILURE = 5.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}").fullmatch
_REFUSED = frozenset({400, 422})


class CredentialsForm(StrEnum):
    """How client id and secret are sent."""

    JSON = "json"
    FORM = "form"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token.

    Args:
        value: what is shown to the server.
        renew_at: from when on it is renewed, on the monotonic clock.
        expires_at: from when on it is useless.
    """

    value: str = field(repr=False)
    renew_at: float
    expires_at: float

    @classmethod
    def lasting(cls, value: str, seconds: float, since: float) -> Token:
        """One that is good for so many seconds since an instant; renewed a minute early, or a fifth of its life."""
        life = min(max(seconds, 0.0), _LONGEST_LIFETIME)
        return cls(value, since + life - min(_MARGIN, life * _MARGIN_SHARE), since + life)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What is logged in with, and how.

    Args:
        path: of the token endpoint, below the base address.
        client_id: public part.
        client_secret: secret part.
        form: how both are sent.
    """

    path: str
    client_id: str
    client_secret: str = field(repr=False)
    form: CredentialsForm = CredentialsForm.JSON

    def call(self) -> HttpCall:
        """The login."""
        grant = {"grant_type": "client_credentials"}
        both = grant | {"client_id": self.client_id, "client_secret": self.client_secret}
        match self.form:
            case CredentialsForm.JSON:
                return HttpCall("POST", self.path, json=both, safe=True)
            case CredentialsForm.FORM:
                return HttpCall("POST", self.path, form=both, safe=True)
            case CredentialsForm.BASIC:
                pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
                return HttpCall("POST", self.path, form=grant, headers={"authorization": f"Basic {pair}"}, safe=True)


def log_in(client: HttpClient, credentials: ClientCredentials, deadline: Deadline) -> Token:
    """Ask for a token, up to three times where the bureau is not available.

    An answer that is no token is `BureauUnavailable` too: whatever was to be done with the token was not done.

    Raises:
        CredentialsRejected: the server refuses them.
        BureauUnavailable: no token came.
        RateLimited: the server asks for calm.
    """
    call, secrets = credentials.call(), (credentials.client_secret,)

    def once() -> Token:
        since = time.monotonic()
        reply = attempt(client, call, deadline, secrets)
        token = _token_in(reply, since)
        if token is not None:
            return token
        evidence = transcript(call, reply, secrets=secrets)
        if reply.status in _REFUSED:
            raise CredentialsRejected(
                "O birô recusou as credenciais. Confira os dados de acesso e a forma de envio na integração e use "
                "Testar.",
                request_id=reply.request_id,
                http_status=reply.status,
                transcript=evidence,
            )
        raise BureauUnavailable(
            f"A autenticação no birô não foi entendida (HTTP {reply.status}). Nada foi enviado além dela; confira o "
            "endereço da integração e use Testar.",
            code="autenticacao_nao_entendida",
            request_id=reply.request_id,
            http_status=reply.status,
            transcript=evidence,
        )

    return persist(once, deadline)


class TokenSource:
    """Hands out the token; logs in when there is none, when it is about to run out, or when it was refused.

    However many threads ask at once, one logs in: the others wait for its token, or share its error, so that wrong
    credentials are not tried thirty times in a row. While a token that is still good is being renewed, the others go on
    with it.

    Args:
        log_in: makes a token, or raises a domain error.
        clock: monotonic seconds.
    """

    def __init__(self, log_in: Callable[[Deadline], Token], clock: Callable[[], float] = time.monotonic) -> None:
        self._log_in = log_in
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._flight: Future[Token] | None = None

    def get(self, deadline: Deadline) -> str:
        """A token to show now.

        Raises:
            BureauError: the login's.
        """
        with self._lock:
            token = self._token
            if token is not None and self._clock() < token.renew_at:
                return token.value
            flight, leads = self._join()
        still_good = token if token is not None and self._clock() < token.expires_at else None
        if still_good is None:
            return self._land(flight, deadline, leads=leads)
        if not leads:
            return still_good.value
        try:
            return self._land(flight, deadline, leads=True)
        except BureauUnavailable:
            with self._lock:
                self._token = replace(still_good, renew_at=self._clock() + _PAUSE_AFTER_FAILURE)
            return still_good.value

    def renew(self, refused: str | None, deadline: Deadline) -> str:
        """A token other than the one that was refused; None makes a fresh login whatever is at hand.

        Raises:
            BureauError: the login's.
        """
        with self._lock:
            token = self._token
            if refused is not None and token is not None and token.value != refused:
                return token.value
            self._token = None
            flight, leads = self._join()
        return self._land(flight, deadline, leads=leads)

    def _join(self) -> tuple[Future[Token], bool]:
        """The login that is under way, or a new one that the caller must carry out."""
        if self._flight is not None:
            return self._flight, False
        self._flight = Future()
        return self._flight, True

    def _land(self, flight: Future[Token], deadline: Deadline, *, leads: bool) -> str:
        if leads:
            self._carry_out(flight, deadline)
        try:
            return flight.result(timeout=deadline.remaining()).value
        except TimeoutError:
            pass
        raise BureauUnavailable("A autenticação no birô demorou demais. Nada foi enviado; tente de novo.")

    def _carry_out(self, flight: Future[Token], deadline: Deadline) -> None:
        try:
            token = self._log_in(deadline)
        except BaseException as error:
            with self._lock:
                self._flight = None
            flight.set_exception(error)
            raise
        with self._lock:
            self._token, self._flight = token, None
        flight.set_result(token)


def _token_in(reply: HttpReply, since: float) -> Token | None:
    """The token of a login's answer, or None."""
    if not reply.is_success:
        return None
    try:
        said = json.loads(reply.content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    value, kind, lasts = said.get("access_token"), said.get("token_type", "Bearer"), said.get("expires_in")
    if not isinstance(value, str) or not _TOKEN(value) or not isinstance(kind, str) or kind.lower() != "bearer":
        return None
    return Token.lasting(value, _seconds(lasts), since)


def _seconds(lasts: object) -> float:
    if isinstance(lasts, str) and lasts.isascii() and lasts.isdigit() and len(lasts) <= 9:  # noqa: PLR2004
        return float(lasts)
    if isinstance(lasts, int | float) and not isinstance(lasts, bool) and lasts >= 0:
        return float(min(lasts, _LONGEST_LIFETIME))
    return _LIFETIME_IF_UNTOLD
