"""Everything the bureau remembers, in one place; operations and controls both work on it."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from credit_protection.testing.simulator.bureau import Refusal
from credit_protection.testing.simulator.contract import Contract
from credit_protection.testing.simulator.credito_na_medida.catalogue import Catalogue
from credit_protection.testing.simulator.credito_na_medida.ledger import BureauLedger
from credit_protection.testing.simulator.credito_na_medida.options import Options
from credit_protection.testing.simulator.credito_na_medida.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from credit_protection.testing.simulator.clock import SimulatorClock
    from credit_protection.testing.simulator.credito_na_medida.reports import ReportOrder
    from credit_protection.testing.simulator.faults import Fault


@cache
def declared_contract() -> Contract:
    """The declared contract, as this package ships it."""
    text = (files("credit_protection.testing.simulator") / "credito_na_medida.declared.yaml").read_text("utf-8")
    return Contract(text, error_schema="Erro")


class BureauState:
    """Contract, options, tokens, book, catalogue, and the reports that wait to be fetched."""

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
        """Change options by name; `ValueError` where one is refused, and then none is changed."""
        with self._lock:
            self.options = self.options.changed(changes)

    def charge(self, price: Decimal) -> None:
        """Take the price of a query from the balance, or refuse with 402."""
        with self._lock:
            balance = self.options.balance
            if balance is None:
                return
            if balance < price or balance == 0:
                raise Refusal(402, "SEM_CREDITO", "Saldo insuficiente para a consulta")
            self.options = replace(self.options, balance=balance - price)

    def note_leak(self) -> None:
        """Count a token that was shown to the other origin."""
        with self._lock:
            self.tokens_leaked += 1
