"""The ERP in memory: it lists what it holds, and settles invoices when told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.ports.host import HostCapabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import OverdueFilter


_PRICE = Money(119_90)


@dataclass
class FakeErp:
    """An ERP in memory.

    Args:
        clients: customers by id.
        services: subscriptions by id.
        bills: invoices by id.
        held: the do-not-negativate list.
        creditor: the first company.
        branches: the others.
        code: of the host.
        capabilities: what it can do.
        entries: settlements and reversals that it lists, in order.
        before: called with the name of each reading before it is made: raise in it where the ERP is down, or do there
            what happens meanwhile.
    """

    clients: dict[str, Customer] = field(default_factory=dict)
    services: dict[str, Subscription] = field(default_factory=dict)
    bills: dict[str, Invoice] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    creditor: Creditor = field(default_factory=lambda: Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO", "MG"))
    branches: list[Creditor] = field(default_factory=list)
    code: str = "fake-erp"
    capabilities: HostCapabilities = field(default_factory=lambda: HostCapabilities(settled_invoices=True))
    entries: list[Entry] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def creditors(self) -> Sequence[Creditor]:
        """All companies."""
        return [self.creditor, *self.branches]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """By id."""
        self.before("customers")
        return {key: self.clients[key] for key in ids if key in self.clients}

    def customers_with_document(self, document: str) -> Sequence[Customer]:
        """By document."""
        self.before("customers_with_document")
        return [client for client in self.clients.values() if client.document == document]

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """By id."""
        self.before("subscriptions")
        return {key: self.services[key] for key in ids if key in self.services}

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        """As they stand now."""
        self.before("standings")
        return {key: self.bills[key] for key in invoice_ids if key in self.bills}

    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        """Of the customers, due on one of the days."""
        self.before("invoices_due")
        bills = self.bills.values()
        return [bill for bill in bills if bill.customer_id in customer_ids and bill.due_date in days]

    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        """Open ones due before today, the oldest first."""
        self.before("overdue")
        late = [bill for bill in list(self.bills.values()) if self._is_wanted(bill, wanted)]
        return iter(sorted(late, key=lambda bill: (bill.due_date, bill.id)))

    def _is_wanted(self, bill: Invoice, wanted: OverdueFilter) -> bool:
        days_late = (wanted.today - bill.due_date).days
        most = days_late if wanted.maximum_days_late is None else wanted.maximum_days_late
        return (
            bill.status is InvoiceStatus.OPEN
            and max(1, wanted.minimum_days_late) <= days_late <= most
            and (wanted.minimum_balance is None or bill.balance >= wanted.minimum_balance)
            and (wanted.customer_id is None or bill.customer_id == wanted.customer_id)
            and (wanted.city is None or self.clients[bill.customer_id].address.city == wanted.city)
        )

    def settlements_since(self, day: date) -> Iterator[Entry]:
        """What was settled or reversed since."""
        self.before("settlements_since")
        return iter([entry for entry in self.entries if _day(entry) >= day])

    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, str]:
        """Those on the list."""
        self.before("holds")
        return {key: self.held[key] for key in customer_ids if key in self.held}

    def enrol(self, customer_id: str, document: str, *, name: str = "MARIA DE EXEMPLO", **known: Any) -> Customer:  # noqa: ANN401 - any field of a customer
        """A new customer with a whole address, born in 1980, and one terminated subscription of the same id."""
        address = Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000")
        fields = {"address": address, "birth_date": date(1980, 5, 17), **known}
        customer = Customer(customer_id, name, document, **fields)
        self.clients[customer_id] = customer
        self.services[customer_id] = Subscription(customer_id, customer_id, "500 MEGA", SubscriptionStatus.TERMINATED)
        return customer

    def bill(self, invoice_id: str, customer_id: str, due_date: date, amount: Money = _PRICE) -> Invoice:
        """A new invoice of a customer's first subscription."""
        service = next(each.id for each in self.services.values() if each.customer_id == customer_id)
        invoice = Invoice(invoice_id, customer_id, service, f"NF-{invoice_id}", due_date, amount, amount)
        self.bills[invoice_id] = invoice
        return invoice

    def pay(
        self, invoice_id: str, on: date, amount: Money | None = None, *, available_on: date | None = None
    ) -> Settlement:
        """Settle an invoice, or a part of it; `settlements_since` tells."""
        bill = self.bills[invoice_id]
        paid = bill.balance if amount is None else amount
        rest = bill.balance - paid
        status = InvoiceStatus.OPEN if rest.cents > 0 else InvoiceStatus.PAID
        bill = replace(bill, balance=max(rest, ZERO), status=status)
        if status is InvoiceStatus.PAID:
            bill = replace(bill, paid_on=on, available_on=available_on)
        self.bills[invoice_id] = bill
        number = f"pay-{len(self.entries) + 1}"
        settlement = Settlement(number, invoice_id, SettlementKind.PAYMENT, on, paid, available_on=available_on)
        self.entries.append(settlement)
        return settlement

    def cease(self, invoice_id: str, status: InvoiceStatus, on: date | None = None) -> None:
        """The debt ceases, or is open again, and nobody tells: it shows only where the invoice is read."""
        bill = self.bills[invoice_id]
        balance = bill.amount if status is InvoiceStatus.OPEN else ZERO
        self.bills[invoice_id] = replace(bill, status=status, balance=balance, paid_on=on)

    def reverse(self, settlement: Settlement, on: date) -> Reversal:
        """Undo a settlement."""
        bill = self.bills[settlement.invoice_id]
        balance = bill.balance + (settlement.amount or bill.amount)
        self.bills[bill.id] = replace(bill, balance=balance, status=InvoiceStatus.OPEN, paid_on=None, available_on=None)
        reversal = Reversal(settlement.id, bill.id, on)
        self.entries.append(reversal)
        return reversal


def _day(entry: Entry) -> date:
    return entry.paid_on if isinstance(entry, Settlement) else entry.reversed_on
