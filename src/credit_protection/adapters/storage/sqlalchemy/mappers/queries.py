"""Credit queries and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credit_protection.domain.queries import CreditQuery, DocumentReport, StructuredReport

if TYPE_CHECKING:
    from sqlalchemy import Row

    from credit_protection.domain.queries import CreditReport

STRUCTURED = "application/json"


def query_row(query: CreditQuery) -> dict[str, Any]:
    """What is stored of a query."""
    return {
        "id": query.id,
        "integration_id": query.integration_id,
        "creditor_id": query.creditor_id,
        "product_code": query.product_code,
        "document": query.document,
        "customer_id": query.customer_id,
        "purpose": query.purpose,
        "actor_id": query.actor_id,
        "asked_at": query.asked_at,
        "inputs": dict(query.inputs),
        "status": query.status,
        "cost_cents": query.cost,
        "answered_at": query.answered_at,
        "protocol": query.protocol,
        "error_code": query.error_code,
        "error_message": query.error_message,
        "media_type": query.media_type,
        "size": query.size,
        "sha256": query.sha256,
    }


def query_of(row: Row[Any]) -> CreditQuery:
    """The query of a row."""
    return CreditQuery(
        id=row.id,
        integration_id=row.integration_id,
        creditor_id=row.creditor_id,
        product_code=row.product_code,
        document=row.document,
        customer_id=row.customer_id,
        purpose=row.purpose,
        actor_id=row.actor_id,
        asked_at=row.asked_at,
        inputs=row.inputs,
        status=row.status,
        cost=row.cost_cents,
        answered_at=row.answered_at,
        protocol=row.protocol,
        error_code=row.error_code,
        error_message=row.error_message,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
    )


def report_row(query_id: str, report: CreditReport) -> dict[str, Any]:
    """What is stored of an answer: its bytes, or its tree."""
    if isinstance(report, DocumentReport):
        return {
            "query_id": query_id,
            "media_type": report.media_type,
            "content": report.content,
            "data": None,
            "protocol": report.protocol,
            "score": None,
        }
    return {
        "query_id": query_id,
        "media_type": STRUCTURED,
        "content": None,
        "data": dict(report.data),
        "protocol": report.protocol,
        "score": report.score,
    }


def report_of(row: Row[Any]) -> CreditReport:
    """The answer of a row."""
    if row.content is not None:
        return DocumentReport(bytes(row.content), row.media_type, row.protocol)
    return StructuredReport(row.data, row.protocol, row.score)
