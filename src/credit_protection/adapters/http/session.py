"""What a gateway holds: calls with the account's token, which is sent to the bureau only and renewed when refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from credit_protection.adapters.http.auth import ClientCredentials, TokenSource, log_in
from credit_protection.adapters.http.calls import Deadline, HttpCall, HttpReply
from credit_protection.adapters.http.client import CONNECTIONS, REQUEST_ID_HEADERS, HttpClient, Transport
from credit_protection.adapters.http.retries import attempt, retry_safe
from credit_protection.adapters.http.secret_forms import known_secrets
from credit_protection.adapters.http.transcripts import transcript
from credit_protection.domain.errors import CredentialsRejected


class BureauSession:
    """Calls to one bureau for one account. Thread-safe; the arguments are `HttpClient`'s.

    One operation may take `call_deadline` seconds in all, logins and lookups included.
    """

    def __init__(
        self,
        base_url: str,
        credentials: ClientCredentials,
        call_deadline: float,
        *,
        connections: int = CONNECTIONS,
        request_id_headers: Sequence[str] = REQUEST_ID_HEADERS,
        transport: Transport | None = None,
    ) -> None:
        self._client = HttpClient(
            base_url, connections=connections, request_id_headers=request_id_headers, transport=transport
        )
        self._secrets = (credentials.client_secret,)
        known_secrets.add(self._secrets)
        self._tokens = TokenSource(lambda deadline: log_in(self._client, credentials, deadline))
        self._call_deadline = call_deadline

    def deadline(self) -> Deadline:
        """The deadline of an operation that begins now."""
        return Deadline.after(self._call_deadline)

    def log_in(self, deadline: Deadline) -> None:
        """Log in, even if a valid token is cached."""
        self._tokens.renew(None, deadline)

    def send(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        """Send once, as `retries.attempt`. A 401 means not executed: then log in and send a second and last time."""
        token = self._tokens.get(deadline)
        try:
            return self._send_with_token(call, token, deadline)
        except CredentialsRejected as refused:
            if refused.http_status != HTTPStatus.UNAUTHORIZED:
                raise
        return self._send_with_token(call, self._tokens.renew(token, deadline), deadline)

    def read(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        """Send a safe call; retry where the bureau was not available."""
        if not call.safe:
            raise ValueError(f"{call.method} {call.path} is not safe to repeat")
        return retry_safe(lambda: self.send(call, deadline), deadline)

    def fetch(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        """Read an absolute address: with the token on the bureau's own origin, without it elsewhere."""
        if self.is_same_origin(call.path):
            return self.read(call, deadline)
        return retry_safe(lambda: attempt(self._client, call, deadline, self._all_secrets()), deadline)

    def is_same_origin(self, address: str) -> bool:
        """Whether an address is on the bureau's own origin."""
        return self._client.is_same_origin(address)

    def is_as_secure(self, address: str) -> bool:
        """Whether an absolute address uses https, or the bureau's own does not."""
        return urlsplit(address).scheme == "https" or urlsplit(self._client.base_url).scheme != "https"

    def transcript(self, call: HttpCall, reply: HttpReply) -> str:
        """Evidence of a call, without secrets."""
        return transcript(call, reply, secrets=self._all_secrets())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send_with_token(self, call: HttpCall, token: str, deadline: Deadline) -> HttpReply:
        if not self.is_same_origin(call.path):
            raise ValueError("a token is sent to the bureau's own origin only")
        authorized = replace(call, headers={**call.headers, "authorization": f"Bearer {token}"})
        return attempt(self._client, authorized, deadline, (*self._all_secrets(), token))

    def _all_secrets(self) -> tuple[str, ...]:
        return (*self._secrets, *self._tokens.recent)
