"""Listeners and a queue that record their calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from credit_protection.domain.alarms import Alarm
from credit_protection.domain.events import Event
from credit_protection.domain.queries import CreditQuery
from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot


class RecordingListeners:
    """Records events, answered queries and alarms."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.queries: list[CreditQuery] = []
        self.alarms: list[Alarm] = []

    def negativation_event(self, events: Iterable[Event]) -> None:
        """Record events of negativations."""
        self.events.extend(events)

    def query_answered(self, query: CreditQuery) -> None:
        """Record an answered query."""
        self.queries.append(query)

    def alarm(self, alarm: Alarm) -> None:
        """Record an alarm."""
        self.alarms.append(alarm)


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
