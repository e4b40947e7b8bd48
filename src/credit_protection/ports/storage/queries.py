"""Credit queries."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from credit_protection.domain.queries import CreditQuery, CreditReport
from credit_protection.ports.storage.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """Selects credit queries; None means any. `creditor_ids` is an actor's scope, `document` is compact."""

    creditor_ids: frozenset[str] | None = None
    integration_id: str | None = None
    customer_id: str | None = None
    document: str | None = None
    actor_id: str | None = None


class QueryRepository(Protocol):
    """The credit queries."""

    @abstractmethod
    def add(self, query: CreditQuery) -> None:
        """Insert a new one.

        Raises `Conflict` where its id exists (`ja_existe`), or where one about the same document and product of the
        integration is `SENT` (`consulta_em_andamento`): of two processes that ask at once, one pays.
        """

    @abstractmethod
    def save(self, query: CreditQuery, report: CreditReport | None = None) -> None:
        """Replace a query that was `SENT`, with its answer, or with what came instead of one.

        Raises `Conflict` where it already has an outcome.
        """

    @abstractmethod
    def get(self, query_id: str) -> CreditQuery:
        """Raises `NotFound`."""

    @abstractmethod
    def report(self, query_id: str) -> CreditReport:
        """The stored answer. Raises `NotFound` where there is none."""

    @abstractmethod
    def newest_answered(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """The newest answered query about a compact document, for the reuse window."""

    @abstractmethod
    def running(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """The query about a compact document that is still `SENT`; there is at most one."""

    @abstractmethod
    def list(self, wanted: QueryFilter, page: PageRequest) -> Page[CreditQuery]:
        """Newest first; the answers' bytes are not read."""

    @abstractmethod
    def unanswered_since(
        self, before: datetime, limit: int, *, or_after: datetime | None = None
    ) -> Sequence[CreditQuery]:
        """Queries still `SENT` that were asked before an instant (their process died), or after another; by age."""
