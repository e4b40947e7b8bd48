"""Credit queries and their answers, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from credit_protection.adapters.storage.conflicts import id_conflict, not_found, outcome_conflict
from credit_protection.adapters.storage.sqlalchemy.mappers.queries import query_of, query_row, report_of, report_row
from credit_protection.adapters.storage.sqlalchemy.pages import newest_first, read_page
from credit_protection.adapters.storage.sqlalchemy.tables import CREDIT_QUERY, CREDIT_REPORT, is_
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.queries import CreditQuery, CreditReport, QueryStatus
from credit_protection.ports.storage import Page, PageRequest, QueryFilter

_C = CREDIT_QUERY.c
_SELECT = sa.select(CREDIT_QUERY)
_ONE = _SELECT.where(_C.id == sa.bindparam("key"))
_REPLACE = sa.update(CREDIT_QUERY).where(_C.id == sa.bindparam("key"), is_(_C.status, QueryStatus.SENT))
_REPORT = sa.select(CREDIT_REPORT).where(CREDIT_REPORT.c.query_id == sa.bindparam("key"))
_NEWEST_ANSWERED = (
    _SELECT.where(
        is_(_C.status, QueryStatus.ANSWERED),
        _C.document == sa.bindparam("document", type_=_C.document.type),
        _C.integration_id == sa.bindparam("integration_id"),
        _C.product_code == sa.bindparam("product_code"),
    )
    .order_by(_C.answered_at.desc())
    .limit(1)
)
_UNANSWERED = (
    _SELECT.where(is_(_C.status, QueryStatus.SENT), _C.asked_at < sa.bindparam("before"))
    .order_by(_C.asked_at, _C.id)
    .limit(sa.bindparam("most"))
)


class SqlQueries(Repository):
    """`ports.storage.QueryRepository`."""

    def add(self, query: CreditQuery) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""
        if not self._transaction.insert_new(CREDIT_QUERY, query_row(query)):
            raise id_conflict("a consulta", query.id)

    def save(self, query: CreditQuery, report: CreditReport | None = None) -> None:
        """Replace a query that was `SENT`, storing its answer with it."""
        row = query_row(query)
        row["key"] = row.pop("id")
        if not self._transaction.execute(_REPLACE, row):
            self.get(query.id)
            raise outcome_conflict(query.id)
        if report is not None:
            self._transaction.execute(sa.insert(CREDIT_REPORT), report_row(query.id, report))

    def get(self, query_id: str) -> CreditQuery:
        """Raises `NotFound`."""
        row = self._transaction.row(_ONE, {"key": query_id})
        if row is None:
            raise not_found("a consulta", query_id)
        return query_of(row)

    def report(self, query_id: str) -> CreditReport:
        """The stored answer. Raises `NotFound` where there is none."""
        row = self._transaction.row(_REPORT, {"key": query_id})
        if row is None:
            raise not_found("a resposta da consulta", query_id)
        return report_of(row)

    def newest_answered(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """The newest answered query about a document."""
        parameters = {"integration_id": integration_id, "product_code": product_code, "document": document}
        row = self._transaction.row(_NEWEST_ANSWERED, parameters)
        return None if row is None else query_of(row)

    def list(self, wanted: QueryFilter, page: PageRequest) -> Page[CreditQuery]:
        """Newest first; the answers' bytes are not read."""
        statement = _SELECT
        if wanted.creditor_ids is not None:
            statement = statement.where(_C.creditor_id.in_(sorted(wanted.creditor_ids)))
        for column, value in (
            (_C.integration_id, wanted.integration_id),
            (_C.customer_id, wanted.customer_id),
            (_C.document, wanted.document),
            (_C.actor_id, wanted.actor_id),
        ):
            if value is not None:
                statement = statement.where(column == value)
        statement = newest_first(statement, _C.asked_at, _C.id, page)
        return read_page(self._transaction, statement, page, query_of, lambda row: (row.asked_at.isoformat(), row.id))

    def unanswered_since(self, before: datetime, limit: int) -> Sequence[CreditQuery]:
        """Queries still `SENT` that were asked before an instant, oldest first."""
        return [query_of(row) for row in self._transaction.rows(_UNANSWERED, {"before": before, "most": limit})]
