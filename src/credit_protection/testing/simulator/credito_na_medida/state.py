"""The bureau's state, which operations and controls share."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from credit_protection.testing.simulator.bureau import Refusal
from credit_protection.testing.simulator.clock import SimulatorClock
from credit_protection.testing.simulator.contract import Contract
from credit_protection.testing.simulator.credito_na_medida.catalogue import Catalogue
from credit_protection.testing.simulator.credito_na_medida.ledger import BureauLedger
from credit_protection.testing.simulator.credito_na_medida.options import Options
from credit_protection.testing.simulator.credito_na_medida.reports import ReportOrder
from credit_protection.testing.simulator.faults import Fault


@cache
def declared_contract() -> Contract:
    """The declared contract that this package ships."""
    text = (files("credit_protection.testing.simulator") / "credito_na_medida.declared.yaml").read_text("utf-8")
    return Contract(text, error_schema="Erro")


class BureauState:
    """Contract, options, tokens, ledger, catalogue, and the reports to download."""

    def __init__(self, clock: SimulatorClock, files_origin: Callable[[], str]) -> None:
        self.clock = clock
        self.files_origin = files_origin
        self.contract = declared_contract()
        self.tokens = Tokens(clock)
        self.ledger = BureauLedger(clock)
        self.catalogue = Catalogue()
        self.reports: dict[str, tuple[ReportOrder, Fault | None]] = {}
        self.options = Options()
        self.tokens_leaked = 0
        self._lock = threading.Lock()

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options by name. `ValueError` if one is refused; then none is changed."""
        with self._lock:
            self.options = self.options.changed(changes)

    def charge(self, price: Decimal) -> None:
        """Subtract a query's price from the balance, or refuse with 402."""
        with self._lock:
            balance = self.options.balance
            if balance is None:
                return
            if balance < price or balance == 0:
                raise Refusal(402, "SEM_CREDITO", "Saldo insuficiente para a consulta")
            self.options = replace(self.options, balance=balance - price)

    def record_token_leak(self) -> None:
        """Count a token that was sent to the other origin."""
        with self._lock:
            self.tokens_leaked += 1


class Tokens:
    """The access tokens that were issued."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._expires_at: dict[str, float] = {}

    def issue(self, seconds: int) -> str:
        """Issue a token that is valid for so many seconds."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._expires_at[token] = self._clock.now() + seconds
        return token

    def check(self, authorization: str) -> None:
        """Raise a `Refusal` unless the header has a valid token."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            expires_at = self._expires_at.get(token.strip()) if scheme.lower() == "bearer" else None
        if expires_at is None:
            raise Refusal(401, "TOKEN_INVALIDO", "Token ausente ou inválido; autentique-se")
        if self._clock.now() >= expires_at:
            raise Refusal(401, "TOKEN_EXPIRADO", "Token expirado; autentique-se novamente")

    def expire_all(self) -> None:
        """Expire all tokens."""
        with self._lock:
            self._expires_at = dict.fromkeys(self._expires_at, self._clock.now())
