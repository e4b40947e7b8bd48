"""Listeners: notified of events after their commit."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol

from credit_protection.domain.alarms import Alarm
from credit_protection.domain.divergences import Divergence
from credit_protection.domain.events import Event
from credit_protection.domain.queries import CreditQuery


class Listeners(Protocol):
    """The event hooks. A failing listener is logged, and undoes nothing."""

    @abstractmethod
    def negativation_event(self, events: Iterable[Event]) -> None:
        """Negativations changed; their events, in order."""

    @abstractmethod
    def query_answered(self, query: CreditQuery) -> None:
        """A credit query has its outcome."""

    @abstractmethod
    def divergence(self, divergences: Iterable[Divergence]) -> None:
        """Divergences opened, changed a value, or were closed by a reading."""

    @abstractmethod
    def alarm(self, alarm: Alarm) -> None:
        """An alarm needs a person. Called at most once a day for one alarm; after a crash perhaps twice."""
