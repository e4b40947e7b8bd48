"""The simulated bureau: it routes requests to operations and keeps the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from credit_protection.testing.simulator.bureau import Call, Refusal
from credit_protection.testing.simulator.clock import SimulatorClock
from credit_protection.testing.simulator.credito_na_medida.controls import BureauControls
from credit_protection.testing.simulator.credito_na_medida.ledger import LoggedRequest
from credit_protection.testing.simulator.credito_na_medida.operations import OWN_REPORTS, Operations
from credit_protection.testing.simulator.credito_na_medida.order import Order, refused
from credit_protection.testing.simulator.credito_na_medida.state import BureauState
from credit_protection.testing.simulator.server import Answer, Request

_EFFECTS = frozenset({"include", "remove", "query"})
_REPEATED = frozenset({"JA_EXISTE", "JA_EXCLUIDA"})


class CreditoNaMedida:
    """A fictitious Crédito na Medida. `files_origin` gives the other origin of reports."""

    name = "credito_na_medida"

    def __init__(self, clock: SimulatorClock, files_origin: Callable[[], str]) -> None:
        self._state = BureauState(clock, files_origin)
        self._operations = Operations(self._state)
        self._controls = BureauControls(self._state)

    @property
    def operations(self) -> frozenset[str]:
        """The contract's operations, and `report`: the download of a `pdf_url`."""
        return frozenset(name for name, _ in self._operations.table.values()) | {"report"}

    @property
    def controls(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], object]]:
        """The bureau's own control endpoints."""
        return self._controls.table

    def receive(self, request: Request) -> Call:
        """Find the request's operation and subject."""
        state, received_at = self._state, self._state.clock.now()
        if request.origin == state.files_origin():
            return Order(request, "report", received_at, self._operations.other_report, self._log)
        if request.path.startswith(OWN_REPORTS):
            return Order(request, "report", received_at, self._operations.own_report, self._log)
        routes = state.contract.route(request.path)
        if request.method not in routes:
            return Order(request, "", received_at, partial(_no_such_operation, sorted(routes)), self._log)
        contracted, path = routes[request.method]
        name, handler = self._operations.table[contracted.method, contracted.template]
        order = Order(request, name, received_at, handler, self._log, contracted, path)
        order.describe(self._subject_fields(order))
        return order

    def _log(self, order: Order, status: int | None, outcome: str) -> None:
        """Write an order into the ledger, if it asks for an effect."""
        if order.operation not in _EFFECTS:
            return
        context = order.context
        self._state.ledger.log(
            LoggedRequest(
                at=self._state.clock.instant(order.received_at),
                operation=order.operation,
                documento=order.subject.get("documento"),
                contrato=order.subject.get("contrato"),
                vencimento=order.subject.get("vencimento"),
                id=order.record_id or order.path.get("id"),
                motivo=dict(order.request.query).get("motivo"),
                produto=order.subject.get("produto"),
                status=status,
                outcome=outcome,
                fault=context.fault.kind.value if context.fault is not None else None,
                repeated=order.repeated or outcome in _REPEATED,
                reinclusion=order.reinclusion,
                effect_delayed=context.effect_delayed,
                reply_lost=context.reply_lost,
            )
        )

    def options(self) -> dict[str, Any]:
        """The options now; the balance is the remaining one."""
        return self._state.options.as_json()

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options by name."""
        self._state.set_options(changes)

    def ledger(self) -> dict[str, Any]:
        """The ledger; its counts include `tokens_leaked`, the tokens sent to the other origin."""
        ledger = self._state.ledger.as_json()
        return ledger | {"counts": ledger["counts"] | {"tokens_leaked": self._state.tokens_leaked}}

    def counts(self) -> dict[str, int]:
        """The counts of `ledger` alone."""
        return self._state.ledger.counts() | {"tokens_leaked": self._state.tokens_leaked}

    def clear_ledger(self) -> None:
        """Delete every record and request."""
        self._state.ledger.clear()
        self._state.tokens_leaked = 0

    def _subject_fields(self, order: Order) -> dict[str, Any]:
        """The fields of the order's body, of its query string, or of the record in its path."""
        if order.contracted is not None and order.contracted.has_body:
            return order.summary()
        if "id" not in order.path:
            return dict(order.request.query)
        try:
            debt = self._state.ledger.get(order.path["id"]).debt
        except Refusal:
            return {}
        return {"documento": debt.documento, "contrato": debt.contrato, "vencimento": debt.vencimento}


def _no_such_operation(allowed: list[str], order: Order) -> Answer:
    if not allowed:
        raise Refusal(404, "ROTA_INEXISTENTE", f"Não existe {order.request.path}")
    methods = ", ".join(allowed)
    answer = refused(Refusal(405, "METODO_NAO_PERMITIDO", f"Método não permitido; use {methods}"))
    return replace(answer, headers=(("Allow", methods),))
