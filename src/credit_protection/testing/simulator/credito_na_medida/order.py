"""One request on its way through the bureau: what was asked, under what misbehaviour, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from credit_protection.testing.simulator.bureau import Circumstances, Refusal
from credit_protection.testing.simulator.faults import FaultKind

if TYPE_CHECKING:
    from credit_protection.testing.simulator.contract import Operation
    from credit_protection.testing.simulator.faults import Fault
    from credit_protection.testing.simulator.server import Request

_SUBJECT = ("documento", "contrato", "vencimento", "produto")


@dataclass(slots=True)
class Order:
    """A request. `name` is its operation in fault rules, `contracted` its operation in the contract, if it is there."""

    request: Request
    name: str
    came_at: float
    contracted: Operation | None = None
    path: dict[str, str] = field(default_factory=dict)
    subject: dict[str, str] = field(default_factory=dict)
    circumstances: Circumstances = field(default_factory=Circumstances)
    record_id: str | None = None
    repeated: bool = False
    reinclusion: bool = False

    def speak_of(self, said: dict[str, Any]) -> None:
        """Note what the order is about, of what was said."""
        self.subject = {name: said[name] for name in _SUBJECT if isinstance(said.get(name), str)}

    def query(self) -> dict[str, str | int]:
        """The query parameters, as the contract wants them; a path outside the contract takes none."""
        if self.contracted is None:
            return {}
        if self.request.body and not self.contracted.has_body:
            raise Refusal(400, "CORPO_INESPERADO", "Esta operação não recebe corpo")
        return self.contracted.check_query(self.request.query)

    def body(self) -> dict[str, Any]:
        """The JSON body, as the contract wants it."""
        return self.checked(self.parsed())

    def checked(self, value: object) -> dict[str, Any]:
        """The value, if the contract wants it for a body."""
        if self.contracted is not None:
            self.contracted.check_body(value)
        return value if isinstance(value, dict) else {}

    def parsed(self) -> object:
        """The body as JSON, of whatever shape."""
        if self.media_type() != "application/json":
            raise Refusal(415, "TIPO_DE_CONTEUDO", "Envie application/json")
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise Refusal(400, "JSON_INVALIDO", "O corpo não é JSON") from None

    def sketch(self) -> dict[str, Any]:
        """The body as far as it can be read, to match and log by."""
        try:
            value = json.loads(self.request.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def media_type(self) -> str:
        """The body's media type without its parameters."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    def fault(self, kind: FaultKind) -> Fault | None:
        """The fault that this order meets, if it is of that kind."""
        fault = self.circumstances.fault
        return fault if fault is not None and fault.kind is kind else None

    def processing_error(self) -> str | None:
        """The text with which this will be refused after processing, where a fault says so."""
        fault = self.fault(FaultKind.PROCESSING_ERROR)
        return fault.message if fault is not None else None
