"""Access tokens: given at login, good for a while, or until all are called in."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from credit_protection.testing.simulator.bureau import Refusal

if TYPE_CHECKING:
    from credit_protection.testing.simulator.clock import SimulatorClock


class Tokens:
    """The tokens that are out."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._good_until: dict[str, float] = {}

    def issue(self, seconds: int) -> str:
        """A new token, good for so many seconds."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._good_until[token] = self._clock.now() + seconds
        return token

    def check(self, authorization: str) -> None:
        """A `Refusal` unless the header carries a token that is good now."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            good_until = self._good_until.get(token.strip()) if scheme.lower() == "bearer" else None
        if good_until is None:
            raise Refusal(401, "TOKEN_INVALIDO", "Token ausente ou inválido; autentique-se")
        if self._clock.now() >= good_until:
            raise Refusal(401, "TOKEN_EXPIRADO", "Token expirado; autentique-se novamente")

    def expire_all(self) -> None:
        """Let every token that is out be too old."""
        with self._lock:
            self._good_until = dict.fromkeys(self._good_until, self._clock.now())
