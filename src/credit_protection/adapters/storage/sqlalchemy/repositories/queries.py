"""Credit queries and their answers, byte for byte."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.conflicts import id_conflict, outcome_conflict, running_conflict
from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.adapters.storage.sqlalchemy.pages import filtered, read_newest
from credit_protection.adapters.storage.sqlalchemy.tables import CREDIT_QUERY, CREDIT_REPORT, is_
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.queries import CreditQuery, CreditReport, DocumentReport, QueryStatus, StructuredReport
from credit_protection.ports.storage import Page, PageRequest, QueryFilter

_PLAIN = PlainFields(CreditQuery, without=("inputs", "cost"))
_STRUCTURED = "application/json"
_C = CREDIT_QUERY.c
_SELECT = sa.select(CREDIT_QUERY)
_ONE = _SELECT.where(_C.id == sa.bindparam("key"))
_REPLACE = sa.update(CREDIT_QUERY).where(_C.id == sa.bindparam("key"), is_(_C.status, QueryStatus.SENT))
_REPORT = sa.select(CREDIT_REPORT).where(CREDIT_REPORT.c.query_id == sa.bindparam("key"))
_EQUAL = _SELECT.where(
    _C.document == sa.bindparam("document", type_=_C.document.type),
    _C.integration_id == sa.bindparam("integration_id"),
    _C.product_code == sa.bindparam("product_code"),
)
_NEWEST_ANSWERED = _EQUAL.where(is_(_C.status, QueryStatus.ANSWERED)).order_by(_C.answered_at.desc()).limit(1)
_RUNNING = _EQUAL.where(is_(_C.status, QueryStatus.SENT))
_UNANSWERED = (
    _SELECT.where(
        is_(_C.status, QueryStatus.SENT),
        sa.or_(_C.asked_at < sa.bindparam("before"), _C.asked_at > sa.bindparam("ahead", type_=_C.asked_at.type)),
    )
    .order_by(_C.asked_at, _C.id)
    .limit(sa.bindparam("most"))
)


class SqlQueries(Repository):
    """`ports.storage.QueryRepository`."""

    def add(self, query: CreditQuery) -> None:
        """Insert a new one. Raises `Conflict` where its id exists, or an equal one is running."""
        if not self._transaction.insert_new(CREDIT_QUERY, query_row(query)):
            if self._transaction.row(_ONE, {"key": query.id}) is None:
                raise running_conflict(query.id)
            raise id_conflict("a consulta", query.id)

    def save(self, query: CreditQuery, report: CreditReport | None = None) -> None:
        """Replace a query that was `SENT`, storing its answer with it."""
        row = query_row(query)
        row["key"] = row.pop("id")
        if not self._transaction.execute(_REPLACE, row):
            self.get(query.id)
            raise outcome_conflict(query.id)
        if report is not None:
            self._transaction.execute(sa.insert(CREDIT_REPORT), _report_row(query.id, report))

    def get(self, query_id: str) -> CreditQuery:
        """Raises `NotFound`."""
        return _query_of(self._required(_ONE, query_id, "a consulta"))

    def report(self, query_id: str) -> CreditReport:
        """The stored answer. Raises `NotFound` where there is none."""
        return _report_of(self._required(_REPORT, query_id, "a resposta da consulta"))

    def newest_answered(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """The newest answered query about a document."""
        parameters = {"integration_id": integration_id, "product_code": product_code, "document": document}
        row = self._transaction.row(_NEWEST_ANSWERED, parameters)
        return None if row is None else _query_of(row)

    def running(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """The query about a document that has no outcome yet."""
        parameters = {"integration_id": integration_id, "product_code": product_code, "document": document}
        row = self._transaction.row(_RUNNING, parameters)
        return None if row is None else _query_of(row)

    def list(self, wanted: QueryFilter, page: PageRequest) -> Page[CreditQuery]:
        """Newest first; the answers' bytes are not read."""
        conditions = filtered(CREDIT_QUERY, wanted, "integration_id", "customer_id", "document", "actor_id")
        return read_newest(self._transaction, _SELECT.where(*conditions), _C.asked_at, _C.id, page, _query_of)

    def unanswered_since(
        self, before: datetime, limit: int, *, or_after: datetime | None = None
    ) -> Sequence[CreditQuery]:
        """Queries still `SENT` that were asked before an instant, oldest first."""
        parameters = {"before": before, "ahead": or_after, "most": limit}
        return [_query_of(row) for row in self._transaction.rows(_UNANSWERED, parameters)]


def query_row(query: CreditQuery) -> dict[str, Any]:
    """The row of a query."""
    return _PLAIN.of(query) | {"inputs": dict(query.inputs), "cost_cents": query.cost}


def _query_of(row: sa.Row[Any]) -> CreditQuery:
    return CreditQuery(**_PLAIN.of(row), inputs=row.inputs, cost=row.cost_cents)


def _report_row(query_id: str, report: CreditReport) -> dict[str, Any]:
    row: dict[str, Any] = {"query_id": query_id, "protocol": report.protocol, "content": None, "data": None}
    if isinstance(report, DocumentReport):
        return row | {"media_type": report.media_type, "content": report.content, "score": None}
    return row | {"media_type": _STRUCTURED, "data": dict(report.data), "score": report.score}


def _report_of(row: sa.Row[Any]) -> CreditReport:
    if row.content is not None:
        return DocumentReport(bytes(row.content), row.media_type, row.protocol)
    return StructuredReport(row.data, row.protocol, row.score)
