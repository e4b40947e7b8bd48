"""A queue that wakes no worker and records its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot

if TYPE_CHECKING:
    from datetime import datetime


class RecordingQueue:
    """Records the ids and instants of `wake`."""

    capabilities = QueueCapabilities()

    def __init__(self) -> None:
        self.woken: list[str | None] = []
        self.instants: list[datetime | None] = []

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Record the call."""
        self.woken.append(negativation_id)
        self.instants.append(not_before)

    def snapshot(self) -> QueueSnapshot:
        """The number of calls."""
        return QueueSnapshot(len(self.woken), 0)
