"""Who is told what happened, after commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.events import Event
    from credit_protection.domain.queries import CreditQuery


class Listeners(Protocol):
    """Event hooks. A listener that fails is logged, and never undoes what happened."""

    def happened(self, events: Iterable[Event]) -> None:
        """To negativations, in order."""
        ...

    def query_answered(self, query: CreditQuery) -> None:
        """A credit query has its outcome."""
        ...

    def alarm(self, alarm: Alarm) -> None:
        """Something needs a person. Once a day at most, for one alarm; after a crash perhaps twice."""
        ...
