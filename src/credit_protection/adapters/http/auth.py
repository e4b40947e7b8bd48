"""Tokens by client credentials (RFC 6749, 4.4): one login for all threads, renewed before expiry."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from enum import StrEnum

from credit_protection.adapters.http.calls import Deadline, HttpCall, HttpReply
from credit_protection.adapters.http.client import HttpClient
from credit_protection.adapters.http.retries import attempt, retry_safe
from credit_protection.adapters.http.secret_forms import known_secrets
from credit_protection.adapters.http.transcripts import transcript
from credit_protection.domain.errors import BureauUnavailable, CredentialsRejected

_DEFAULT_LIFETIME = 300.0
_MAX_LIFETIME = 86_400.0
_RENEWAL_MARGIN = 60.0
_RENEWAL_SHARE = 0.2
_PAUSE_AFTER_FAILURE = 5.0
_is_token = re.compile(r"[\x21-\x7e]{1,8192}").fullmatch
_RECENT = 4
_NOT_SHOWN = b"[resposta de %d bytes, omitida porque pode conter uma credencial]"
_REFUSAL_STATUSES = frozenset({400, 422})


class CredentialsForm(StrEnum):
    """How client id and secret are sent."""

    JSON = "json"
    FORM = "form"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; when it is renewed, and when the server refuses it, on the monotonic clock."""

    value: str = field(repr=False)
    renew_at: float
    expires_at: float

    @classmethod
    def from_lifetime(cls, value: str, seconds: float, since: float) -> Token:
        """A token valid for so many seconds since an instant; renewed a minute, or a fifth of its lifetime, earlier."""
        lifetime = min(max(seconds, 0.0), _MAX_LIFETIME)
        return cls(value, since + lifetime - min(_RENEWAL_MARGIN, lifetime * _RENEWAL_SHARE), since + lifetime)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The credentials of an account, and the path of its token endpoint below the base address."""

    path: str
    client_id: str
    client_secret: str = field(repr=False)
    form: CredentialsForm = CredentialsForm.JSON

    def login_call(self) -> HttpCall:
        """The login request."""
        grant = {"grant_type": "client_credentials"}
        with_secret = grant | {"client_id": self.client_id, "client_secret": self.client_secret}
        match self.form:
            case CredentialsForm.JSON:
                return HttpCall("POST", self.path, json=with_secret, safe=True)
            case CredentialsForm.FORM:
                return HttpCall("POST", self.path, form=with_secret, safe=True)
            case CredentialsForm.BASIC:
                pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
                return HttpCall("POST", self.path, form=grant, headers={"authorization": f"Basic {pair}"}, safe=True)


def log_in(client: HttpClient, credentials: ClientCredentials, deadline: Deadline) -> Token:
    """Request a token, up to three times where the bureau is not available.

    Raises:
        CredentialsRejected: the server refuses them.
        BureauUnavailable: no token was received, or no readable one: the operation that needs it was not executed.
        RateLimited: the server throttles.
    """
    call, secrets = credentials.login_call(), (credentials.client_secret,)

    def once() -> Token:
        since = time.monotonic()
        reply = attempt(client, call, deadline, secrets)
        token = _parse_token(reply, since)
        if token is not None:
            return token
        # what a success holds may be a token under a name that is not known
        shown = replace(reply, headers={}, content=_NOT_SHOWN % len(reply.content)) if reply.is_success else reply
        evidence = transcript(call, shown, secrets=secrets)
        if reply.status in _REFUSAL_STATUSES:
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

    return retry_safe(once, deadline)


class TokenSource:
    """Caches the token; logs in when there is none, when it is about to expire, or when the server refused it.

    Logins are single-flight: one thread logs in, the others wait for its token or share its error, so that wrong
    credentials are not tried once per thread. During a renewal the others use the token that is still valid.
    """

    def __init__(self, log_in: Callable[[Deadline], Token], clock: Callable[[], float] = time.monotonic) -> None:
        self._log_in = log_in
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._inflight: Future[Token] | None = None
        self._recent: deque[str] = deque(maxlen=_RECENT)

    @property
    def recent(self) -> tuple[str, ...]:
        """The last tokens: a reply may repeat one that was renewed meanwhile."""
        return tuple(self._recent)

    def get(self, deadline: Deadline) -> str:
        """A valid token. Raises the login's error."""
        with self._lock:
            token = self._token
            if token is not None and self._clock() < token.renew_at:
                return token.value
            login, is_leader = self._join()
        still_valid = token if token is not None and self._clock() < token.expires_at else None
        if still_valid is None:
            return self._resolve(login, deadline, is_leader=is_leader)
        if not is_leader:
            return still_valid.value
        try:
            return self._resolve(login, deadline, is_leader=True)
        except BureauUnavailable:
            with self._lock:
                self._token = replace(still_valid, renew_at=self._clock() + _PAUSE_AFTER_FAILURE)
            return still_valid.value

    def renew(self, refused: str | None, deadline: Deadline) -> str:
        """A token other than the refused one; with None, the token of a new login. Raises the login's error."""
        with self._lock:
            token = self._token
            if refused is not None and token is not None and token.value != refused:
                return token.value
            self._token = None
            login, is_leader = self._join()
        return self._resolve(login, deadline, is_leader=is_leader)

    def _join(self) -> tuple[Future[Token], bool]:
        """The login in flight, or a new one that the caller must execute."""
        if self._inflight is not None:
            return self._inflight, False
        self._inflight = Future()
        return self._inflight, True

    def _resolve(self, login: Future[Token], deadline: Deadline, *, is_leader: bool) -> str:
        if is_leader:
            self._execute(login, deadline)
        try:
            return login.result(timeout=deadline.remaining()).value
        except TimeoutError:
            pass
        raise BureauUnavailable("A autenticação no birô demorou demais. Nada foi enviado; tente de novo.")

    def _execute(self, login: Future[Token], deadline: Deadline) -> None:
        try:
            token = self._log_in(deadline)
            known_secrets.add((token.value,))
        except BaseException as error:
            with self._lock:
                self._inflight = None
            login.set_exception(error)
            raise
        with self._lock:
            self._token, self._inflight = token, None
            self._recent.append(token.value)
        login.set_result(token)


def _parse_token(reply: HttpReply, since: float) -> Token | None:
    if not reply.is_success:
        return None
    body = reply.parse_json()
    if not isinstance(body, dict):
        return None
    value, kind, expires_in = body.get("access_token"), body.get("token_type", "Bearer"), body.get("expires_in")
    if not isinstance(value, str) or not _is_token(value) or not isinstance(kind, str) or kind.lower() != "bearer":
        return None
    return Token.from_lifetime(value, _seconds(expires_in), since)


def _seconds(expires_in: object) -> float:
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdigit() and len(expires_in) <= 9:  # noqa: PLR2004
        return float(expires_in)
    if isinstance(expires_in, int | float) and not isinstance(expires_in, bool) and expires_in >= 0:
        return float(min(expires_in, _MAX_LIFETIME))
    return _DEFAULT_LIFETIME
