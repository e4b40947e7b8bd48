"""The interface of a simulated bureau: implement `Bureau`, and the simulator serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from credit_protection.testing.simulator.faults import Fault
from credit_protection.testing.simulator.server import Answer, Request


class Refusal(Exception):
    """The bureau refuses a request; its `Call` makes the answer."""

    def __init__(
        self, status: int, code: str, message: str, *, field: str | None = None, record_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.record_id = record_id


@dataclass(frozen=True, slots=True)
class ResponseContext:
    """The fault of a call, for the bureau's answer and ledger."""

    fault: Fault | None = None
    effect_delayed: bool = False
    reply_lost: bool = False


class Call(Protocol):
    """One request whose operation is known and that was not performed yet."""

    @property
    def operation(self) -> str:
        """The operation's name in fault rules; empty for an unknown path."""

    @property
    def subject(self) -> Mapping[str, str]:
        """The fields that fault rules match: `documento`, `contrato` where known."""

    def perform(self, context: ResponseContext) -> Answer:
        """Perform the request and log it. Called once, perhaps after the client has closed."""

    def skip_effect(self, fault: Fault, refusal: Refusal | None = None) -> Answer:
        """Log that it was not performed; return the refusal as an answer. Without a refusal, the answer is not sent."""


class Bureau(Protocol):
    """One simulated bureau. Every method may be called from several threads at once."""

    @property
    def name(self) -> str:
        """The bureau's folder name: `credito_na_medida`."""

    @property
    def operations(self) -> frozenset[str]:
        """The operation names of fault rules."""

    @property
    def controls(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], object]]:
        """The handlers of the bureau's own control endpoints, by method and path below `/__simulator`."""

    def receive(self, request: Request) -> Call:
        """Find the request's operation. It has no effect yet."""

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options by name. `ValueError` if a name or value is refused; then none is changed."""

    def options(self) -> dict[str, Any]:
        """The options now."""

    def ledger(self) -> dict[str, Any]:
        """`{"records": [...], "requests": [...], "counts": {...}}`."""

    def counts(self) -> dict[str, int]:
        """The counts of `ledger`."""

    def clear_ledger(self) -> None:
        """Delete every record and request."""
