"""The queue that wakes nobody, and remembers whom it was to wake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot

if TYPE_CHECKING:
    from datetime import datetime


class RecordingQueue:
    """Remembers whom it was asked to wake."""

    capabilities = QueueCapabilities()

    def __init__(self) -> None:
        self.woken: list[str | None] = []
        self.instants: list[datetime | None] = []

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Remember."""
        self.woken.append(negativation_id)
        self.instants.append(not_before)

    def snapshot(self) -> QueueSnapshot:
        """How many were asked for."""
        return QueueSnapshot(len(self.woken), 0)
