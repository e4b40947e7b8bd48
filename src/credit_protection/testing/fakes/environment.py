"""The ports around a use case: clock, identifiers, vault, listeners, queue."""
# ruff: noqa: D102 - the ports document the methods

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from credit_protection.domain.alarms import Alarm
from credit_protection.domain.divergences import Divergence
from credit_protection.domain.events import Event
from credit_protection.domain.queries import CreditQuery
from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot


class FakeClock:
    """A clock that only `advance` moves."""

    def __init__(self, now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


class CountingIdentifiers:
    """Sequential identifiers: `id-1`, `REF-1`; jitter is always 0.5."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"id-{next(self._numbers)}"

    def new_reference(self) -> str:
        return f"REF-{next(self._numbers)}"

    def jitter(self) -> float:
        return 0.5


class PlainVault:
    """Encrypts by reversing the text: for tests only."""

    def encrypt(self, secret: str) -> str:
        return secret[::-1]

    def decrypt(self, encrypted: str) -> str:
        return encrypted[::-1]


class RecordingListeners:
    """Records events, answered queries, divergences and alarms."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.queries: list[CreditQuery] = []
        self.divergences: list[Divergence] = []
        self.alarms: list[Alarm] = []

    def negativation_event(self, events: Iterable[Event]) -> None:
        self.events.extend(events)

    def query_answered(self, query: CreditQuery) -> None:
        self.queries.append(query)

    def divergence(self, divergences: Iterable[Divergence]) -> None:
        self.divergences.extend(divergences)

    def alarm(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)


class RecordingQueue:
    """Records the ids and instants of `wake`."""

    capabilities = QueueCapabilities()

    def __init__(self) -> None:
        self.woken: list[str | None] = []
        self.instants: list[datetime | None] = []

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        self.woken.append(negativation_id)
        self.instants.append(not_before)

    def snapshot(self) -> QueueSnapshot:
        return QueueSnapshot(len(self.woken), 0)
