"""What a gateway holds: a client that shows its token, to the bureau alone, and logs in again when it is refused."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from credit_protection.adapters.http.attempts import attempt, persist
from credit_protection.adapters.http.auth import TokenSource, log_in
from credit_protection.adapters.http.calls import Deadline
from credit_protection.adapters.http.transcripts import mask, transcript
from credit_protection.domain.errors import CredentialsRejected

if TYPE_CHECKING:
    from collections.abc import Collection

    from credit_protection.adapters.http.auth import ClientCredentials
    from credit_protection.adapters.http.calls import HttpCall, HttpReply
    from credit_protection.adapters.http.client import HttpClient


class BureauSession:
    """Calls to one bureau in the name of one account. Thread-safe.

    Args:
        client: owned by the session.
        credentials: of the account.
        call_deadline: seconds that one act may take in all, logins and look-ups included.
    """

    def __init__(self, client: HttpClient, credentials: ClientCredentials, call_deadline: float) -> None:
        self._client = client
        self._secrets = (credentials.client_secret,)
        self._tokens = TokenSource(lambda deadline: log_in(client, credentials, deadline))
        self._call_deadline = call_deadline

    def deadline(self) -> Deadline:
        """For an act that begins now."""
        return Deadline.after(self._call_deadline)

    def log_in(self, deadline: Deadline) -> None:
        """Log in for real, whatever token is at hand."""
        self._tokens.renew(None, deadline)

    def send(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        """Send once. 401 means not executed: then log in anew and send once more, and no more.

        Raises:
            BureauError: as `attempts.attempt`, and the login's.
        """
        token = self._tokens.get(deadline)
        try:
            return self._shown(call, token, deadline)
        except CredentialsRejected as refused:
            if refused.http_status != HTTPStatus.UNAUTHORIZED:
                raise
        return self._shown(call, self._tokens.renew(token, deadline), deadline)

    def read(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        """Send a safe call, again where the bureau was not available."""
        if not call.safe:
            raise ValueError(f"{call.method} {call.path} is not safe to repeat")
        return persist(lambda: self.send(call, deadline), deadline)

    def fetch(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        """Read an absolute address: with the token on the bureau's own origin, without it elsewhere."""
        if self.is_own(call.path):
            return self.read(call, deadline)
        return persist(lambda: attempt(self._client, call, deadline, self._secrets), deadline)

    def is_own(self, address: str) -> bool:
        """Whether an address is on the bureau's own origin."""
        return self._client.is_own(address)

    def keeps_safe(self, address: str) -> bool:
        """Whether an absolute address is as protected as the bureau's own: https, unless that itself is not."""
        return address.startswith("https:") or not self._client.base_url.startswith("https:")

    def mask(self, text: str) -> str:
        """A text of the bureau's, as it may be shown and stored."""
        return mask(text, self._secrets)

    def transcript(self, call: HttpCall, reply: HttpReply, secrets: Collection[str] = ()) -> str:
        """Evidence of a call, without secrets."""
        return transcript(call, reply, secrets=(*self._secrets, *secrets))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _shown(self, call: HttpCall, token: str, deadline: Deadline) -> HttpReply:
        if not self.is_own(call.path):
            raise ValueError("a token is shown to the bureau's own origin only")
        authorised = replace(call, headers={**call.headers, "authorization": f"Bearer {token}"})
        return attempt(self._client, authorised, deadline, (*self._secrets, token))
