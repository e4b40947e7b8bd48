"""Creditors."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from credit_protection.domain.creditors import Creditor

if TYPE_CHECKING:
    from types import SimpleNamespace

    from sqlalchemy import Row


def creditor_row(creditor: Creditor) -> dict[str, Any]:
    """What is stored of a creditor."""
    return {
        "id": creditor.id,
        "document": creditor.document,
        "name": creditor.name,
        "state": creditor.state,
        "city": creditor.city,
        "time_zone": creditor.time_zone,
        "local_holidays": [day.isoformat() for day in creditor.local_holidays],
        "is_telecom": creditor.is_telecom,
    }


def creditor_of(row: Row[Any] | SimpleNamespace) -> Creditor:
    """The creditor of a row, or of a part of one."""
    return Creditor(
        id=row.id,
        document=row.document,
        name=row.name,
        state=row.state,
        city=row.city,
        time_zone=row.time_zone,
        local_holidays=tuple(date.fromisoformat(day) for day in row.local_holidays),
        is_telecom=row.is_telecom,
    )
