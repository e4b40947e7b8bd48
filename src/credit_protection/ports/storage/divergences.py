"""Divergences, and what the brake counts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from credit_protection.domain.divergences import Divergence, DivergenceCode, DivergenceSeverity
from credit_protection.ports.storage.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class DivergenceFilter:
    """Selects divergences; None means any. `creditor_ids` is an actor's scope."""

    creditor_ids: frozenset[str] | None = None
    integration_id: str | None = None
    negativation_id: str | None = None
    code: DivergenceCode | None = None
    is_open: bool | None = None
    awaits_person: bool | None = None


@dataclass(frozen=True, slots=True)
class DivergenceCount:
    """How many open divergences of one integration and code await a person, for the alarms.

    `decide_by` is the earliest of their dates, `example` the subject of one of them.
    """

    integration_id: str
    creditor_id: str
    code: DivergenceCode
    severity: DivergenceSeverity
    count: int
    decide_by: date | None
    example: str


class DivergenceRepository(Protocol):
    """Divergences. One is open at a time for each subject, code and side."""

    @abstractmethod
    def open_of(self, subjects: Sequence[str]) -> Sequence[Divergence]:
        """The open ones of these subjects."""

    @abstractmethod
    def get(self, divergence_id: str) -> Divergence:
        """Raises `NotFound`."""

    @abstractmethod
    def save_all(self, divergences: Sequence[Divergence]) -> None:
        """Insert, or replace those with the same ids; what is closed is written first.

        Raises:
            Conflict: another one is open for the same subject, code and side; nothing more can be done in this unit.
        """

    @abstractmethod
    def list(self, wanted: DivergenceFilter, page: PageRequest) -> Page[Divergence]:
        """Newest first."""

    @abstractmethod
    def counts(self) -> Sequence[DivergenceCount]:
        """What awaits a person and is no notice, by integration, creditor and code."""

    @abstractmethod
    def close_of_closed(self, now: datetime) -> int:
        """Close those whose negativation is closed. Returns how many.

        Not those that say that it stands after its removal, or that it left without one.
        """


class TurnRepository(Protocol):
    """What turned without a host's own settlement: the brake counts the last day's."""

    @abstractmethod
    def add(self, integration_id: str, negativation_id: str, at: datetime) -> None:
        """Append."""

    @abstractmethod
    def count(self, integration_id: str, since: datetime, until: datetime | None = None) -> int:
        """How many of an integration since an instant, and until another."""

    @abstractmethod
    def purge(self, before: datetime) -> int:
        """Delete those before an instant. Returns how many."""
