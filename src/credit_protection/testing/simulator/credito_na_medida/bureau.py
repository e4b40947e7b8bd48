"""The bureau as the simulator's machinery sees it: understands requests, performs them, keeps the book."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from credit_protection.testing.simulator.bureau import Circumstances, Refusal
from credit_protection.testing.simulator.contract import ContractViolation
from credit_protection.testing.simulator.credito_na_medida.controls import BureauControls
from credit_protection.testing.simulator.credito_na_medida.ledger import LoggedRequest
from credit_protection.testing.simulator.credito_na_medida.operations import OWN_REPORTS, Operations
from credit_protection.testing.simulator.credito_na_medida.order import Order
from credit_protection.testing.simulator.credito_na_medida.state import BureauState
from credit_protection.testing.simulator.server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credit_protection.testing.simulator.bureau import Call
    from credit_protection.testing.simulator.clock import SimulatorClock
    from credit_protection.testing.simulator.faults import Fault
    from credit_protection.testing.simulator.server import Request

_EFFECTS = frozenset({"include", "remove", "query"})
_REPEATED = frozenset({"JA_EXISTE", "JA_EXCLUIDA"})


class CreditoNaMedida:
    """Crédito na Medida, made up. `files_origin` says where reports on another origin are to be fetched."""

    name = "credito_na_medida"

    def __init__(self, clock: SimulatorClock, files_origin: Callable[[], str]) -> None:
        self._state = BureauState(clock, files_origin)
        self._operations = Operations(self._state)
        self._controls = BureauControls(self._state)

    @property
    def operations(self) -> frozenset[str]:
        """The contract's operations, and `report`: fetching a report whose answer was a `pdf_url`."""
        return frozenset(name for name, _ in self._operations.table.values()) | {"report"}

    @property
    def controls(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], object]]:
        """The bureau's own control endpoints."""
        return self._controls.table

    def receive(self, request: Request) -> Call:
        """Understand a request as far as its operation and subject."""
        state, came_at = self._state, self._state.clock.now()
        if request.origin == state.files_origin():
            return _Call(self, Order(request, "report", came_at), self._operations.other_report)
        if request.path.startswith(OWN_REPORTS):
            return _Call(self, Order(request, "report", came_at), self._operations.own_report)
        routes = state.contract.route(request.path)
        if request.method not in routes:
            return _Call(self, Order(request, "", came_at), partial(_no_such_operation, sorted(routes)))
        contracted, path = routes[request.method]
        name, handler = self._operations.table[contracted.method, contracted.template]
        order = Order(request, name, came_at, contracted, path)
        order.speak_of(self._said(order))
        return _Call(self, order, handler)

    def perform(self, order: Order, handler: Callable[[Order], Answer]) -> Answer:
        """Carry an order out, and write it into the book."""
        outcome = "RESPONDIDA" if order.name == "query" else "ACEITA"
        try:
            answer = handler(order)
        except ContractViolation as violation:
            outcome = "VALIDACAO"
            answer = refused(Refusal(422, outcome, str(violation), field=violation.field))
        except Refusal as refusal:
            outcome = refusal.code
            answer = refused(refusal)
            order.record_id = refusal.record_id
        self.log(order, answer.status, outcome)
        return answer

    def log(self, order: Order, status: int | None, outcome: str) -> None:
        """Write an order into the book, if it wanted an effect."""
        if order.name not in _EFFECTS:
            return
        circumstances = order.circumstances
        self._state.ledger.log(
            LoggedRequest(
                at=self._state.clock.instant(order.came_at),
                operation=order.name,
                documento=order.subject.get("documento"),
                contrato=order.subject.get("contrato"),
                vencimento=order.subject.get("vencimento"),
                id=order.record_id or order.path.get("id"),
                motivo=dict(order.request.query).get("motivo"),
                produto=order.subject.get("produto"),
                status=status,
                outcome=outcome,
                fault=circumstances.fault.kind.value if circumstances.fault is not None else None,
                repeated=order.repeated or outcome in _REPEATED,
                reinclusion=order.reinclusion,
                landed_late=circumstances.landed_late,
                reply_lost=circumstances.reply_lost,
            )
        )

    def options(self) -> dict[str, Any]:
        """The options as they stand; the balance is what is left of it."""
        return self._state.options.as_json()

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options by name."""
        self._state.set_options(changes)

    def ledger(self) -> dict[str, Any]:
        """The book; its counts also tell `tokens_leaked`, tokens that were shown to the other origin."""
        told = self._state.ledger.as_json()
        return told | {"counts": told["counts"] | {"tokens_leaked": self._state.tokens_leaked}}

    def counts(self) -> dict[str, int]:
        """The counts of `ledger` alone."""
        return self._state.ledger.counts() | {"tokens_leaked": self._state.tokens_leaked}

    def clear_ledger(self) -> None:
        """Forget every record and request."""
        self._state.ledger.clear()
        self._state.tokens_leaked = 0

    def _said(self, order: Order) -> dict[str, Any]:
        """What the order speaks of: its body, its query string, or the record that its path names."""
        if order.contracted is not None and order.contracted.has_body:
            return order.sketch()
        if "id" not in order.path:
            return dict(order.request.query)
        try:
            debt = self._state.ledger.get(order.path["id"]).debt
        except Refusal:
            return {}
        return {"documento": debt.documento, "contrato": debt.contrato, "vencimento": debt.vencimento}


@dataclass(slots=True)
class _Call:
    """An order, its bureau and what does it: the machinery's `Call`."""

    bureau: CreditoNaMedida
    order: Order
    handler: Callable[[Order], Answer]

    @property
    def operation(self) -> str:
        return self.order.name

    @property
    def subject(self) -> Mapping[str, str]:
        return self.order.subject

    def perform(self, circumstances: Circumstances) -> Answer:
        self.order.circumstances = circumstances
        return self.bureau.perform(self.order, self.handler)

    def forgo(self, fault: Fault, refusal: Refusal | None = None) -> Answer:
        self.order.circumstances = Circumstances(fault)
        if refusal is None:
            self.bureau.log(self.order, None, "CORTADA")
            return Answer(503, b"")
        self.bureau.log(self.order, refusal.status, refusal.code)
        return refused(refusal)


def refused(refusal: Refusal) -> Answer:
    """A refusal as the contract's Erro."""
    error = {
        "codigo": refusal.code,
        "mensagem": refusal.message,
        "campo": refusal.field,
        "id": refusal.record_id,
    }
    return Answer.json(refusal.status, error)


def _no_such_operation(allowed: list[str], order: Order) -> Answer:
    if not allowed:
        raise Refusal(404, "ROTA_INEXISTENTE", f"Não existe {order.request.path}")
    methods = ", ".join(allowed)
    answer = refused(Refusal(405, "METODO_NAO_PERMITIDO", f"Método não permitido; use {methods}"))
    return replace(answer, headers=(("Allow", methods),))
