"""What a simulated bureau is to the machinery around it: implement `Bureau` and the rest is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credit_protection.testing.simulator.faults import Fault
    from credit_protection.testing.simulator.server import Answer, Request


class Refusal(Exception):
    """The bureau says no. How that looks on the wire is the bureau's own affair."""

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
class Circumstances:
    """Under what misbehaviour a call is performed; what the bureau writes into its ledger about it."""

    fault: Fault | None = None
    landed_late: bool = False
    reply_lost: bool = False


class Call(Protocol):
    """One request, understood as far as its operation, not yet carried out."""

    @property
    def operation(self) -> str:
        """The operation's name in fault rules; empty for a path that the bureau does not have."""

    @property
    def subject(self) -> Mapping[str, str]:
        """What fault rules can match on: `documento`, `contrato` where known."""

    def perform(self, circumstances: Circumstances) -> Answer:
        """Carry it out for good and log it. Called once, maybe long after the client has gone."""

    def forgo(self, fault: Fault, refusal: Refusal | None = None) -> Answer:
        """Log that it was not carried out, and give the refusal as an answer (one that nobody gets, where None)."""


class Bureau(Protocol):
    """One simulated bureau. Every method may be called from many threads at once."""

    @property
    def name(self) -> str:
        """The bureau's folder name: `credito_na_medida`."""

    @property
    def operations(self) -> frozenset[str]:
        """The operations that fault rules can name."""

    @property
    def controls(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], object]]:
        """The bureau's own control endpoints: (method, path below `/__simulator`) to what answers with plain JSON."""

    def receive(self, request: Request) -> Call:
        """Understand a request. Has no effect yet."""

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options by name; `ValueError` where a name or value is refused, and then none is changed."""

    def options(self) -> dict[str, Any]:
        """The options as they stand."""

    def ledger(self) -> dict[str, Any]:
        """`{"records": [...], "requests": [...], "counts": {...}}`."""

    def counts(self) -> dict[str, int]:
        """The counts of `ledger` alone."""

    def clear_ledger(self) -> None:
        """Forget every record and request."""
