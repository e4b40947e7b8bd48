"""The interface of a simulated bureau: implement `Bureau`, and the simulator serves it. Also its clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from credit_protection.testing.simulator.faults import Fault
from credit_protection.testing.simulator.server import Answer, Request


class SimulatorClock:
    """Monotonic seconds, which a test can advance."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._advanced = 0.0

    def now(self) -> float:
        """Monotonic seconds, for records and tokens."""
        return time.monotonic() + self._advanced

    def instant(self, moment: float) -> str:
        """The UTC timestamp of a value of `now`, ISO 8601 with milliseconds: `2026-03-02T12:00:00.000Z`."""
        instant = self._began_at + timedelta(seconds=moment - self._began)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def advance(self, seconds: float) -> None:
        """Advance the clock: processing ends, tokens expire."""
        if seconds < 0:
            raise ValueError("time only moves on")
        self._advanced += seconds


@dataclass(eq=False)
class Refusal(Exception):
    """The bureau refuses a request; its `Call` makes the answer."""

    status: int
    code: str
    message: str
    field: str | None = None
    record_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseContext:
    """The fault of a call, for the bureau's answer and ledger."""

    fault: Fault | None = None
    effect_delayed: bool = False
    reply_lost: bool = False


class Call(Protocol):
    """One request whose operation is known and that was not performed yet."""

    operation: str
    """The operation's name in fault rules; empty for an unknown path."""
    subject: dict[str, str]
    """The fields that fault rules match: `documento`, `contrato` where known."""

    def perform(self, context: ResponseContext) -> Answer:
        """Perform the request and log it. Called once, perhaps after the client has closed."""

    def skip_effect(self, fault: Fault, refusal: Refusal | None = None) -> Answer:
        """Log that it was not performed; return the refusal as an answer. Without a refusal, the answer is not sent."""


class Bureau(Protocol):
    """One simulated bureau. Every method may be called from several threads at once."""

    name: str
    """The bureau's folder name: `credito_na_medida`."""
    operations: frozenset[str]
    """The operation names of fault rules."""

    @property
    def controls(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], object]]:
        """The handlers of the bureau's control endpoints, by method and path below `/__simulator`.

        `GET /ledger` gives `{"records": [...], "requests": [...], "counts": {...}}`, `GET /counts` the counts alone,
        `DELETE /ledger` deletes every record and request. The others are the bureau's own.
        """

    def receive(self, request: Request) -> Call:
        """Find the request's operation. It has no effect yet."""

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options by name. `ValueError` if a name or value is refused; then none is changed."""

    def options(self) -> dict[str, Any]:
        """The options now."""
