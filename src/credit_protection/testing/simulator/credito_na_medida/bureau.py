"""The simulated bureau: it routes requests to operations, keeps the ledger, and has control endpoints of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from credit_protection.testing.simulator.bureau import Call, Refusal, SimulatorClock
from credit_protection.testing.simulator.credito_na_medida.ledger import Debt
from credit_protection.testing.simulator.credito_na_medida.operations import (
    OTHER_REPORTS,
    OWN_REPORTS,
    Operations,
    Order,
    refused,
)
from credit_protection.testing.simulator.credito_na_medida.state import BureauState
from credit_protection.testing.simulator.server import Answer, Request

_SUBJECT = ("documento", "contrato", "vencimento", "produto")
_EFFECTS = frozenset({"include", "remove", "query"})
_REPEATED = frozenset({"JA_EXISTE", "JA_EXCLUIDA"})


class CreditoNaMedida:
    """A fictitious Crédito na Medida. `files_origin` gives the other origin of reports."""

    name = "credito_na_medida"

    def __init__(self, clock: SimulatorClock, files_origin: Callable[[], str]) -> None:
        self._state = BureauState(clock, files_origin)
        self._operations = Operations(self._state)
        self.operations = frozenset(name for name, _ in self._operations.table.values()) | {"report"}
        self.controls = BureauControls(self._state).table
        self.set_options = self._state.set_options

    def receive(self, request: Request) -> Call:
        """Find the request's operation and subject."""
        state, received_at = self._state, self._state.clock.now()
        is_other = request.origin == state.files_origin()
        if is_other or request.path.startswith(OWN_REPORTS):
            folder = OTHER_REPORTS if is_other else OWN_REPORTS
            return Order(request, "report", received_at, partial(self._operations.report, folder), self._log)
        routes = state.contract.route(request.path)
        if request.method not in routes:
            return Order(request, "", received_at, partial(_no_such_operation, sorted(routes)), self._log)
        contracted, path = routes[request.method]
        name, handler = self._operations.table[contracted.method, contracted.template]
        order = Order(request, name, received_at, handler, self._log, contracted, path)
        fields = self._subject_fields(order)
        order.subject = {name: fields[name] for name in _SUBJECT if isinstance(fields.get(name), str)}
        return order

    def _log(self, order: Order, status: int | None, outcome: str) -> None:
        """Write an order into the ledger, if it asks for an effect.

        `status` is null without an answer; `outcome` is ACEITA, RESPONDIDA, CORTADA (no effect, no answer) or the
        error's code; `key` is null where a part of it is not known.
        """
        if order.operation not in _EFFECTS:
            return
        context = order.context
        subject = {name: order.subject.get(name) for name in _SUBJECT}
        key = [subject["documento"], subject["contrato"], subject["vencimento"]]
        self._state.ledger.log(
            {
                "at": self._state.clock.instant(order.received_at),
                "operation": order.operation,
                "key": None if None in key else key,
                **subject,
                "id": order.record_id or order.path.get("id"),
                "motivo": dict(order.request.query).get("motivo"),
                "status": status,
                "outcome": outcome,
                "fault": context.fault.kind.value if context.fault is not None else None,
                "repeated": order.repeated or outcome in _REPEATED,
                "reinclusion": order.reinclusion,
                "effect_delayed": context.effect_delayed,
                "reply_lost": context.reply_lost,
            }
        )

    def options(self) -> dict[str, Any]:
        """The options now; the balance is the remaining one."""
        return self._state.options.as_json()

    def _subject_fields(self, order: Order) -> dict[str, Any]:
        """The fields of the order's body, of its query string, or of the record in its path."""
        if order.contracted is not None and order.contracted.has_body:
            try:
                body = json.loads(order.request.body)
            except ValueError:
                return {}
            return body if isinstance(body, dict) else {}
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


Arguments = dict[str, Any]


class BureauControls:
    """`table` has the handler of each method and path below `/__simulator`."""

    def __init__(self, state: BureauState) -> None:
        self._state = state
        self.table: dict[tuple[str, str], Callable[[Arguments], object]] = {
            ("GET", "/ledger"): lambda _: state.ledger.as_json(),
            ("DELETE", "/ledger"): lambda _: state.ledger.clear(),
            ("GET", "/counts"): lambda _: state.ledger.counts(),
            ("GET", "/records"): self._record,
            ("POST", "/records"): self._add_records,
            ("POST", "/removals"): self._remove_at_bureau,
            ("GET", "/catalogue"): lambda _: state.catalogue.as_json(),
            ("POST", "/catalogue"): self._change_catalogue,
            ("POST", "/tokens/expire"): lambda _: state.tokens.expire_all(),
        }

    def _record(self, arguments: Arguments) -> object:
        """`id`: one record, with `motivo` and the body of its inclusion as `pedido`."""
        record = self._state.ledger.get(str(arguments.get("id")))
        return self._state.ledger.wire(record) | {"motivo": record.motivo, "pedido": json.loads(record.debt.pedido)}

    def _add_records(self, arguments: Arguments) -> object:
        """`records`: {documento, contrato, vencimento, valor, natureza} each; natureza is OUT by default."""
        try:
            debts = [Debt(**({"natureza": "OUT"} | record)) for record in arguments["records"]]
        except (KeyError, TypeError) as error:
            raise ValueError("records: a list of {documento, contrato, vencimento, valor, natureza}") from error
        ledger = self._state.ledger
        return [ledger.wire(ledger.include(debt, seconds=0)) for debt in debts]

    def _remove_at_bureau(self, arguments: Arguments) -> object:
        """`id`: the bureau removes the record itself, at once."""
        return self._state.ledger.wire(self._state.ledger.withdraw(str(arguments.get("id"))))

    def _change_catalogue(self, arguments: Arguments) -> object:
        """`produtos`, `naturezas`, `motivos` replace the list of that name."""
        for name, entries in arguments.items():
            if name not in self._state.catalogue.as_json() or not isinstance(entries, list):
                raise ValueError("lists of produtos, naturezas, motivos")
            for entry in entries:
                self._check(name, entry)
        self._state.catalogue.replace(arguments)
        return self._state.catalogue.as_json()

    def _check(self, name: str, entry: object) -> None:
        if name == "produtos":
            self._state.contract.check("Produto", entry)
        elif not isinstance(entry, dict) or set(entry) != {"codigo", "descricao"}:
            raise ValueError(f"{name}: each {{codigo, descricao}}")
