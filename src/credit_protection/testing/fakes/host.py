"""An ERP in memory."""
# ruff: noqa: D102 - the port `HostErp` documents its methods

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

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
from credit_protection.domain.holds import Hold
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.parsing import compact_document, fold
from credit_protection.domain.settlements import Entry, Reversal, Settlement, SettlementKind
from credit_protection.ports.host import HostCapabilities, OverdueFilter

_PRICE = Money(119_90)


@dataclass
class FakeErp:
    """An ERP in memory.

    Args:
        hold_reasons: the do-not-negativate list: holds, or reasons alone, by customer id.
        before: called with the name of each reading before it: raise in it to make the ERP unavailable, or change
            state during the call.
    """

    customers_by_id: dict[str, Customer] = field(default_factory=dict)
    subscriptions_by_id: dict[str, Subscription] = field(default_factory=dict)
    invoices_by_id: dict[str, Invoice] = field(default_factory=dict)
    hold_reasons: dict[str, Hold | str] = field(default_factory=dict)
    creditor: Creditor = field(default_factory=lambda: Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO", "MG"))
    other_creditors: list[Creditor] = field(default_factory=list)
    code: str = "fake-erp"
    capabilities: HostCapabilities = field(
        default_factory=lambda: HostCapabilities(settled_invoices=True, reversals=True, names=True)
    )
    entries: list[Entry] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def creditors(self) -> Sequence[Creditor]:
        return [self.creditor, *self.other_creditors]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        self.before("customers")
        return {key: self.customers_by_id[key] for key in ids if key in self.customers_by_id}

    def customers_with_document(self, document: str) -> Sequence[Customer]:
        self.before("customers_with_document")
        return [each for each in self.customers_by_id.values() if compact_document(each.document) == document]

    def customers_named(self, text: str, limit: int) -> Sequence[Customer]:
        self.before("customers_named")
        found = [each for each in self.customers_by_id.values() if fold(text) in fold(each.name)]
        return sorted(found, key=lambda each: (each.name, each.id))[:limit]

    def customers_with_documents(self, documents: Sequence[str]) -> Mapping[str, Sequence[Customer]]:
        self.before("customers_with_documents")
        found: dict[str, list[Customer]] = {}
        wanted = frozenset(documents)
        for each in self.customers_by_id.values():
            document = compact_document(each.document)
            if document in wanted:
                found.setdefault(document, []).append(each)
        return found

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        self.before("subscriptions")
        return {key: self.subscriptions_by_id[key] for key in ids if key in self.subscriptions_by_id}

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        self.before("invoice_statuses")
        return {key: self.invoices_by_id[key] for key in invoice_ids if key in self.invoices_by_id}

    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        self.before("invoices_due")
        return [
            invoice
            for invoice in self.invoices_by_id.values()
            if invoice.customer_id in customer_ids and {invoice.due_date, invoice.debt_due_date} & set(days)
        ]

    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        self.before("overdue")
        late = [invoice for invoice in list(self.invoices_by_id.values()) if self._is_wanted(invoice, wanted)]
        return iter(sorted(late, key=lambda invoice: (invoice.due_date, invoice.id)))

    def _is_wanted(self, invoice: Invoice, wanted: OverdueFilter) -> bool:
        days_late = (wanted.today - invoice.due_date).days
        most = days_late if wanted.maximum_days_late is None else wanted.maximum_days_late
        return (
            invoice.status is InvoiceStatus.OPEN
            and max(1, wanted.minimum_days_late) <= days_late <= most
            and (wanted.minimum_balance is None or invoice.balance >= wanted.minimum_balance)
            and (wanted.customer_id is None or invoice.customer_id == wanted.customer_id)
            and (wanted.city is None or self.customers_by_id[invoice.customer_id].address.city == wanted.city)
        )

    def settlements_since(self, day: date) -> Iterator[Entry]:
        self.before("settlements_since")
        return iter([entry for entry in self.entries if _day(entry) >= day])

    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, Hold | str]:
        self.before("holds")
        return {key: self.hold_reasons[key] for key in customer_ids if key in self.hold_reasons}

    def add_customer(
        self,
        customer_id: str,
        document: str,
        *,
        name: str = "MARIA DE EXEMPLO",
        **known: Any,  # noqa: ANN401 - any field of a customer
    ) -> Customer:
        """Add a customer with a whole address, born in 1980, and one terminated subscription with the same id."""
        address = Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000")
        fields = {"address": address, "birth_date": date(1980, 5, 17), **known}
        customer = Customer(customer_id, name, document, **fields)
        self.customers_by_id[customer_id] = customer
        self.subscriptions_by_id[customer_id] = Subscription(
            customer_id, customer_id, "500 MEGA", SubscriptionStatus.TERMINATED
        )
        return customer

    def add_invoice(self, invoice_id: str, customer_id: str, due_date: date, amount: Money = _PRICE) -> Invoice:
        """Add an invoice of a customer's first subscription."""
        service = next(each.id for each in self.subscriptions_by_id.values() if each.customer_id == customer_id)
        invoice = Invoice(invoice_id, customer_id, service, f"NF-{invoice_id}", due_date, amount, amount)
        self.invoices_by_id[invoice_id] = invoice
        return invoice

    def pay(
        self, invoice_id: str, on: date, amount: Money | None = None, *, available_on: date | None = None
    ) -> Settlement:
        """Pay an invoice or a part of it; `settlements_since` lists the payment."""
        invoice = self.invoices_by_id[invoice_id]
        paid = invoice.balance if amount is None else amount
        balance = invoice.balance - paid
        status = InvoiceStatus.OPEN if balance.cents > 0 else InvoiceStatus.PAID
        invoice = replace(invoice, balance=max(balance, ZERO), status=status)
        if status is InvoiceStatus.PAID:
            invoice = replace(invoice, paid_on=on, available_on=available_on)
        self.invoices_by_id[invoice_id] = invoice
        number = f"pay-{len(self.entries) + 1}"
        settlement = Settlement(number, invoice_id, SettlementKind.PAYMENT, on, paid, available_on=available_on)
        self.entries.append(settlement)
        return settlement

    def set_status(self, invoice_id: str, status: InvoiceStatus, on: date | None = None) -> None:
        """Change an invoice's status without an entry: only `invoice_statuses` shows it."""
        invoice = self.invoices_by_id[invoice_id]
        balance = invoice.amount if status is InvoiceStatus.OPEN else ZERO
        self.invoices_by_id[invoice_id] = replace(invoice, status=status, balance=balance, paid_on=on)

    def reverse(self, settlement: Settlement, on: date) -> Reversal:
        invoice = self.invoices_by_id[settlement.invoice_id]
        balance = invoice.balance + (settlement.amount or invoice.amount)
        self.invoices_by_id[invoice.id] = replace(
            invoice, balance=balance, status=InvoiceStatus.OPEN, paid_on=None, available_on=None
        )
        reversal = Reversal(settlement.id, invoice.id, on)
        self.entries.append(reversal)
        return reversal


def _day(entry: Entry) -> date:
    return entry.paid_on if isinstance(entry, Settlement) else entry.reversed_on
