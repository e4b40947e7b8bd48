"""The ERP of the restore drill: in memory, so that no restore touches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.ports.host import HostCapabilities
from credit_protection.testing.fakes import FakeErp
from tests.drill.plan import cpf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from credit_protection.domain.settlements import Entry


@dataclass
class Erp(FakeErp):
    """It lists the settlements that it did not report; one that it reported, it never tells again.

    Args:
        reported: ids of the settlements that it reported, or undid with a report.
    """

    capabilities: HostCapabilities = field(
        default_factory=lambda: HostCapabilities(events=True, settled_invoices=True, reversals=True)
    )
    reported: set[str] = field(default_factory=set)

    def settlements_since(self, day: date) -> Iterator[Entry]:
        return (each for each in super().settlements_since(day) if _id_of(each) not in self.reported)

    def add_debt(self, number: int, due: date) -> str:
        """A customer of their own with one invoice; its id."""
        self.add_customer(f"c{number}", cpf(number))
        return self.add_invoice(f"i{number}", f"c{number}", due).id

    def owes(self, invoice_id: str) -> bool:
        """Whether the debt is owed still."""
        invoice = self.invoices_by_id[invoice_id]
        return invoice.status is InvoiceStatus.OPEN and invoice.balance.cents > 0

    def is_partly_paid(self, invoice_id: str) -> bool:
        """Whether a part of it is owed."""
        invoice = self.invoices_by_id[invoice_id]
        return self.owes(invoice_id) and invoice.balance < invoice.amount


def _id_of(entry: Entry) -> str:
    return getattr(entry, "settlement_id", "") or getattr(entry, "id", "")
