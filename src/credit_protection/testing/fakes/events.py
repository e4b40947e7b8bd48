"""The listeners that remember what they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.events import Event
    from credit_protection.domain.queries import CreditQuery


class RecordingListeners:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.queries: list[CreditQuery] = []
        self.alarms: list[Alarm] = []

    def happened(self, events: Iterable[Event]) -> None:
        """To negativations."""
        self.events.extend(events)

    def query_answered(self, query: CreditQuery) -> None:
        """A query's outcome."""
        self.queries.append(query)

    def alarm(self, alarm: Alarm) -> None:
        """What needs a person."""
        self.alarms.append(alarm)
