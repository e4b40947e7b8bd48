"""Credit queries and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.adapters.storage.memory.lists import instant_text, listed
from credit_protection.adapters.storage.refusals import exists, has_outcome, not_found
from credit_protection.domain.queries import QueryStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from credit_protection.adapters.storage.memory.tables import Views
    from credit_protection.domain.queries import CreditQuery, CreditReport
    from credit_protection.ports.storage import Listed, Page, QueryFilter


class MemoryQueries:
    """`ports.storage.QueryRepository`."""

    def __init__(self, tables: Views) -> None:
        self._tables = tables

    def add(self, query: CreditQuery) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""
        if self._tables.queries.get(query.id) is not None:
            raise exists("a consulta", query.id)
        self._tables.queries.put(query.id, query)

    def save(self, query: CreditQuery, report: CreditReport | None = None) -> None:
        """Replace a query that was `SENT`, storing its answer with it."""
        if self.get(query.id).status is not QueryStatus.SENT:
            raise has_outcome(query.id)
        self._tables.queries.put(query.id, query)
        if report is not None:
            self._tables.reports.put(query.id, report)

    def get(self, query_id: str) -> CreditQuery:
        """Raises `NotFound`."""
        query = self._tables.queries.get(query_id)
        if query is None:
            raise not_found("a consulta", query_id)
        return query

    def report(self, query_id: str) -> CreditReport:
        """The stored answer. Raises `NotFound` where there is none."""
        report = self._tables.reports.get(query_id)
        if report is None:
            raise not_found("a resposta da consulta", query_id)
        return report

    def newest_answered(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """For the reuse window."""
        answered = [
            (query.answered_at, query)
            for query in self._tables.queries.values()
            if query.status is QueryStatus.ANSWERED
            and query.answered_at is not None
            and (query.integration_id, query.product_code) == (integration_id, product_code)
            and query.document.value == document
        ]
        return max(answered, key=lambda pair: pair[0])[1] if answered else None

    def list(self, wanted: QueryFilter, page: Page) -> Listed[CreditQuery]:
        """Newest first."""
        found = [query for query in self._tables.queries.values() if _is_wanted(query, wanted)]
        return listed(found, page, lambda query: (instant_text(query.asked_at), query.id))

    def unanswered_since(self, before: datetime, limit: int) -> Sequence[CreditQuery]:
        """Queries still `SENT` that were asked before an instant, oldest first."""
        sent = [each for each in self._tables.queries.values() if each.status is QueryStatus.SENT]
        return sorted((each for each in sent if each.asked_at < before), key=lambda each: (each.asked_at, each.id))[
            :limit
        ]


def _is_wanted(query: CreditQuery, wanted: QueryFilter) -> bool:
    return (
        (wanted.creditor_ids is None or query.creditor_id in wanted.creditor_ids)
        and wanted.integration_id in {None, query.integration_id}
        and wanted.customer_id in {None, query.customer_id}
        and wanted.document in {None, query.document.value}
        and wanted.actor_id in {None, query.actor_id}
    )
