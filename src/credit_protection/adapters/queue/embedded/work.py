"""What the engine drives: the use cases about transmissions, as it sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from credit_protection.ports.storage import DueTransmission


class Work(Protocol):
    """The rows are the truth: each method reads them anew. All are called from many threads."""

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now, the most urgent first."""
        ...

    def next_due_at(self) -> datetime | None:
        """When to look again, if nobody wakes the engine; None where nothing waits."""
        ...

    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim, call, store. None where somebody else has it or it is not due."""
        ...

    def sweep(self) -> object:
        """Find what no wake-up told of; idempotent and bounded."""
        ...
