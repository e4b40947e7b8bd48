"""Settlements that the host's invoices show and the ledger lacks: a debt that ceased without an event, or that is back.

Such an entry has an id of our own, since the host gave none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import (
    Entry,
    InvoiceOutcome,
    Reversal,
    Settlement,
    SettlementKind,
    effective_settlements,
    settlement_status,
)

_OWN_ID = "standing:"
_KINDS = {
    InvoiceStatus.PAID: SettlementKind.PAYMENT,
    InvoiceStatus.CREDITED: SettlementKind.CREDIT_NOTE,
    InvoiceStatus.CANCELLED: SettlementKind.CANCELLATION,
    InvoiceStatus.IN_AGREEMENT: SettlementKind.AGREEMENT,
}


def needs_host_status(entries: Sequence[Entry], principal: Money) -> bool:
    """Whether only the host can say if an invoice is settled: partly paid, or settled by an id of our own.

    Args:
        entries: the ledger of one invoice.
        principal: its whole amount.
    """
    settlements = effective_settlements(entries)
    is_partly_paid = settlement_status(principal, settlements).outcome is InvoiceOutcome.PARTLY_PAID
    return is_partly_paid or any(each.id.startswith(_OWN_ID) for each in settlements)


def unreported_entries(invoices: Iterable[Invoice], ledger: Sequence[Entry], today: date) -> list[Entry]:
    """The entries that bring the ledger up to what the host's invoices show.

    Args:
        invoices: as the host has them now.
        ledger: every entry of these invoices.
        today: the date of what the host does not date.

    Returns:
        A settlement for each settled invoice that the ledger shows owed; a reversal of each settlement with our own id
        whose invoice is open again.
    """
    effective: dict[str, list[Settlement]] = {}
    for settlement in effective_settlements(ledger):
        effective.setdefault(settlement.invoice_id, []).append(settlement)
    own: dict[str, int] = {}
    for entry in ledger:
        if isinstance(entry, Settlement) and entry.id.startswith(_OWN_ID):
            own[entry.invoice_id] = own.get(entry.invoice_id, 0) + 1
    entries: list[Entry] = []
    for invoice in invoices:
        settlements = effective.get(invoice.id, [])
        if invoice.status is InvoiceStatus.OPEN:
            ids = [each.id for each in settlements if each.id.startswith(_OWN_ID)]
            entries.extend(Reversal(settlement_id, invoice.id, today) for settlement_id in ids)
        elif not settlement_status(invoice.amount, settlements).outcome.is_settled:
            entries.append(
                Settlement(
                    id=f"{_OWN_ID}{invoice.id}:{own.get(invoice.id, 0) + 1}",
                    invoice_id=invoice.id,
                    kind=_KINDS[invoice.status],
                    paid_on=invoice.paid_on or today,
                    available_on=invoice.available_on,
                )
            )
    return entries
