"""The ledger's entries: a settlement and its reversal are two rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from credit_protection.domain.money import ZERO
from credit_protection.domain.settlements import Entry, Reversal, Settlement

if TYPE_CHECKING:
    from sqlalchemy import Row


def entry_row(host: str, entry: Entry, recorded_at: datetime) -> dict[str, Any]:
    """The row of an entry when it is recorded."""
    row = {"host": host, "invoice_id": entry.invoice_id, "recorded_at": recorded_at, "applied_at": None}
    if isinstance(entry, Reversal):
        return row | {
            "settlement_id": entry.settlement_id,
            "is_reversal": True,
            "kind": None,
            "happened_on": entry.reversed_on,
            "amount_cents": None,
            "discount_cents": ZERO,
            "available_on": None,
            "court_order": False,
        }
    return row | {
        "settlement_id": entry.id,
        "is_reversal": False,
        "kind": entry.kind,
        "happened_on": entry.paid_on,
        "amount_cents": entry.amount,
        "discount_cents": entry.discount,
        "available_on": entry.available_on,
        "court_order": entry.court_order,
    }


def entry_of(row: Row[Any]) -> Entry:
    """The entry of a row."""
    if row.is_reversal:
        return Reversal(row.settlement_id, row.invoice_id, row.happened_on)
    return Settlement(
        id=row.settlement_id,
        invoice_id=row.invoice_id,
        kind=row.kind,
        paid_on=row.happened_on,
        amount=row.amount_cents,
        discount=row.discount_cents,
        available_on=row.available_on,
        court_order=row.court_order,
    )
