"""One request to the bureau: its content, its fault and its result."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from credit_protection.testing.simulator.bureau import Refusal, ResponseContext
from credit_protection.testing.simulator.contract import ContractViolation, Operation
from credit_protection.testing.simulator.faults import Fault, FaultKind
from credit_protection.testing.simulator.server import Answer, Request

_SUBJECT = ("documento", "contrato", "vencimento", "produto")


@dataclass(slots=True)
class Order:
    """A request, and the `Call` that performs it.

    Args:
        request: as received.
        operation: its name in fault rules.
        received_at: on the simulator's clock.
        handler: makes the answer, or raises a refusal.
        log: writes the order, its status (None without an answer) and its outcome into the ledger.
        contracted: its operation in the contract, if it has one.
        path: the path parameters.
    """

    request: Request
    operation: str
    received_at: float
    handler: Callable[[Order], Answer]
    log: Callable[[Order, int | None, str], None]
    contracted: Operation | None = None
    path: dict[str, str] = field(default_factory=dict)
    subject: dict[str, str] = field(default_factory=dict)
    context: ResponseContext = field(default_factory=ResponseContext)
    record_id: str | None = None
    repeated: bool = False
    reinclusion: bool = False

    def perform(self, context: ResponseContext) -> Answer:
        """Perform the request, and log it."""
        self.context = context
        outcome = "RESPONDIDA" if self.operation == "query" else "ACEITA"
        try:
            answer = self.handler(self)
        except ContractViolation as violation:
            outcome = "VALIDACAO"
            answer = refused(Refusal(422, outcome, str(violation), field=violation.field))
        except Refusal as refusal:
            outcome = refusal.code
            answer = refused(refusal)
            self.record_id = refusal.record_id
        self.log(self, answer.status, outcome)
        return answer

    def skip_effect(self, fault: Fault, refusal: Refusal | None = None) -> Answer:
        """Log that the request had no effect."""
        self.context = ResponseContext(fault)
        if refusal is None:
            self.log(self, None, "CORTADA")
            return Answer(503, b"")
        self.log(self, refusal.status, refusal.code)
        return refused(refusal)

    def describe(self, content: dict[str, Any]) -> None:
        """Take the order's subject from its content."""
        self.subject = {name: content[name] for name in _SUBJECT if isinstance(content.get(name), str)}

    def query(self) -> dict[str, str | int]:
        """The query parameters, checked against the contract; a path outside the contract has none."""
        if self.contracted is None:
            return {}
        if self.request.body and not self.contracted.has_body:
            raise Refusal(400, "CORPO_INESPERADO", "Esta operação não recebe corpo")
        return self.contracted.check_query(self.request.query)

    def body(self) -> dict[str, Any]:
        """The JSON body, checked against the contract."""
        return self.checked(self.parsed())

    def checked(self, value: object) -> dict[str, Any]:
        """A body, checked against the contract."""
        if self.contracted is not None:
            self.contracted.check_body(value)
        return value if isinstance(value, dict) else {}

    def parsed(self) -> object:
        """The body as JSON of any type."""
        if self.media_type() != "application/json":
            raise Refusal(415, "TIPO_DE_CONTEUDO", "Envie application/json")
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise Refusal(400, "JSON_INVALIDO", "O corpo não é JSON") from None

    def summary(self) -> dict[str, Any]:
        """The body if it is an object, for fault rules and the log."""
        try:
            value = json.loads(self.request.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def media_type(self) -> str:
        """The body's media type without its parameters."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    def fault(self, kind: FaultKind) -> Fault | None:
        """The order's fault, if it is of that kind."""
        fault = self.context.fault
        return fault if fault is not None and fault.kind is kind else None

    def processing_error(self) -> str | None:
        """The error after processing, where a fault says so."""
        fault = self.fault(FaultKind.PROCESSING_ERROR)
        return fault.message if fault is not None else None


def refused(refusal: Refusal) -> Answer:
    """A refusal as the contract's Erro."""
    error = {
        "codigo": refusal.code,
        "mensagem": refusal.message,
        "campo": refusal.field,
        "id": refusal.record_id,
    }
    return Answer.json(refusal.status, error)
