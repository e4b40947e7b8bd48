"""The audit trail, and instants that outlive a process."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from credit_protection.domain.audit import AuditEntry
from credit_protection.ports.storage.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Selects audit entries; None means any.

    `creditor_ids` is an actor's scope, which leaves out entries about no creditor. `since` is the first instant,
    `before` the first one after the period.
    """

    creditor_ids: frozenset[str] | None = None
    subject: str | None = None
    actor_id: str | None = None
    act: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class AuditRepository(Protocol):
    """Append-only."""

    @abstractmethod
    def add(self, *entries: AuditEntry) -> None:
        """Append, many in one statement."""

    @abstractmethod
    def list(self, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
        """Newest first."""


class WatermarkRepository(Protocol):
    """Instants that outlive a process: the last poll of a host, a worker's heartbeat."""

    @abstractmethod
    def set(self, name: str, at: datetime, note: str = "") -> None:
        """Insert or replace; `note` says more than the instant: why it is set, or how far a work has come."""

    @abstractmethod
    def get(self, name: str) -> datetime | None:
        """None where it was never set."""

    @abstractmethod
    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, those whose names have the prefix."""

    @abstractmethod
    def notes(self, prefix: str) -> Mapping[str, str]:
        """The notes by name, of those whose names have the prefix."""

    @abstractmethod
    def clear(self, name: str, at: datetime | None = None) -> bool:
        """Delete it; with `at`, only where it is still of that instant. Returns whether it was there."""
