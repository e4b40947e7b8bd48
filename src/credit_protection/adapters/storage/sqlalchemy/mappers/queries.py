"""Credit queries and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.domain.queries import CreditQuery, CreditReport, DocumentReport, StructuredReport

if TYPE_CHECKING:
    from sqlalchemy import Row

STRUCTURED = "application/json"
_PLAIN = PlainFields(CreditQuery, without=("inputs", "cost"))


def query_row(query: CreditQuery) -> dict[str, Any]:
    """The row of a query."""
    return _PLAIN.of(query) | {"inputs": dict(query.inputs), "cost_cents": query.cost}


def query_of(row: Row[Any]) -> CreditQuery:
    """The query of a row."""
    return CreditQuery(**_PLAIN.of(row), inputs=row.inputs, cost=row.cost_cents)


def report_row(query_id: str, report: CreditReport) -> dict[str, Any]:
    """The row of an answer: its bytes, or its tree."""
    row: dict[str, Any] = {"query_id": query_id, "protocol": report.protocol, "content": None, "data": None}
    if isinstance(report, DocumentReport):
        return row | {"media_type": report.media_type, "content": report.content, "score": None}
    return row | {"media_type": STRUCTURED, "data": dict(report.data), "score": report.score}


def report_of(row: Row[Any]) -> CreditReport:
    """The answer of a row."""
    if row.content is not None:
        return DocumentReport(bytes(row.content), row.media_type, row.protocol)
    return StructuredReport(row.data, row.protocol, row.score)
