"""Changes that the contract makes in the ERP: an adapter's author writes an `ErpDriver`, and the tests call it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from credit_protection.domain.customers import Invoice, LineKind
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Entry

PEOPLE = ("90010020055", "90010030018", "90010040080", "90010050043")
"""CPFs of fictitious people, with valid check digits."""
COMPANY = "12ABC34501DE35"
"""The CNPJ of a fictitious company, with letters."""
NAME = "MARIA DE EXEMPLO"
CITY = "DIVINÓPOLIS"
PRICE = Money(119_90)
DAY = timedelta(days=1)
UNKNOWN = ("no such", "", "0", "-1", "99999999999999999999999", "é '\" %")
"""Ids that no ERP gives: people mistype, and a record may name what the ERP has deleted."""


@dataclass(frozen=True, slots=True)
class InvoiceSpec:
    """An invoice to add: its due date and its amount."""

    due_date: date
    amount: Money


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """What an ERP may know of an invoice besides; see `Invoice`."""

    original_due_date: date | None = None
    issued_on: date | None = None
    payment_pending: bool = False
    protested: bool = False
    lines: tuple[LineKind, ...] = ()

    @classmethod
    def of(cls, invoice: Invoice) -> InvoiceFacts:
        """Those of an invoice."""
        return cls(**{name: getattr(invoice, name) for name in cls.__dataclass_fields__})


class ErpDriver(ABC):
    """Changes records in the ERP itself, as its users do, and commits each change. Ids are the ERP's, as text.

    Subclass it. `add_customer`, `add_invoices` and `pay` are required; the contract's class decides upon the others.
    """

    @abstractmethod
    def add_customer(self, document: str, name: str, city: str) -> str:
        """Add a customer with a compact CPF or CNPJ; return the id."""
        raise NotImplementedError

    def add_subscription(self, customer_id: str) -> str:
        """Add a subscription of the customer; return the id. Required by `subscriptions`."""
        raise NotImplementedError("`subscriptions` is declared: the driver adds one")

    @abstractmethod
    def add_invoices(
        self, customer_id: str, subscription_id: str | None, specs: Sequence[InvoiceSpec]
    ) -> Sequence[str]:
        """Add open invoices, with `supports_single_boletos` also of no subscription; return their ids in that order."""
        raise NotImplementedError

    def set_facts(self, invoice_id: str, facts: InvoiceFacts) -> None:
        """Store these facts of an invoice. Required by `supports_invoice_facts`."""
        raise NotImplementedError("`supports_invoice_facts` is declared: the driver stores them")

    @abstractmethod
    def pay(self, invoice_id: str, on: date, amount: Money) -> None:
        """Pay the balance, or with `supports_partial_payments` a part. With `events`, the adapter records it."""
        raise NotImplementedError

    def reverse(self, invoice_id: str, on: date) -> None:
        """Reverse the last payment. Required by `supports_reversals`. With `events`, the adapter records it."""
        raise NotImplementedError("`supports_reversals` is declared: the driver reverses a payment")

    def cancel(self, invoice_id: str, on: date) -> None:
        """Cancel the invoice, or issue a credit note for all of it. Required by `supports_cancellation`."""
        raise NotImplementedError("`supports_cancellation` is declared: the driver cancels an invoice")

    def delete(self, invoice_id: str) -> None:
        """Delete the open invoice. Required by `supports_deletion`."""
        raise NotImplementedError("`supports_deletion` is declared: the driver deletes an invoice")

    def write_off(self, invoice_id: str, on: date) -> None:
        """Take the open invoice off the books as a loss. Required by `supports_write_off`."""
        raise NotImplementedError("`supports_write_off` is declared: the driver writes an invoice off")

    def put_on_hold(self, customer_id: str) -> None:
        """Put the customer on the do-not-negativate list. Required by `holds`."""
        raise NotImplementedError("`holds` is declared: the driver puts a customer on the list")

    def pay_and_roll_back(self, invoice_id: str, on: date, amount: Money) -> None:
        """Do the same as `pay`, but roll back instead of committing. Required by `events`."""
        raise NotImplementedError("`events` is declared: the driver rolls a payment back")

    def change_unclearly(self, invoice_id: str, *, rolls_back: bool = False) -> None:
        """Do in the ERP what the adapter reports as a recheck. Required by `supports_rechecks`."""
        raise NotImplementedError("`supports_rechecks` is declared: the driver makes such a change")

    def report_again(self, invoice_id: str) -> None:
        """Repeat the event of the invoice's last payment, and commit. Required by `events`."""
        raise NotImplementedError("`events` is declared: the driver repeats an event")


@dataclass(frozen=True, slots=True)
class Debtor:
    """A customer and the subscription that invoices belong to."""

    customer_id: str
    subscription_id: str | None


@dataclass(frozen=True, slots=True)
class HostFixture:
    """Shorthand for an `ErpDriver`, with defaults and one fixed day as today, on which the ERP takes payments."""

    erp: ErpDriver
    today: date
    has_subscriptions: bool

    def add_debtor(self, document: str = PEOPLE[0], city: str = CITY) -> Debtor:
        """Add a customer, with a subscription where the ERP has them."""
        customer_id = self.erp.add_customer(document, NAME, city)
        return Debtor(customer_id, self.erp.add_subscription(customer_id) if self.has_subscriptions else None)

    def add_invoices(self, debtor: Debtor, specs: Iterable[InvoiceSpec]) -> list[str]:
        """Add invoices of a customer; return their ids."""
        return list(self.erp.add_invoices(debtor.customer_id, debtor.subscription_id, list(specs)))

    def add_late_invoices(self, debtor: Debtor, *days: int, amount: Money = PRICE) -> list[str]:
        """Add one invoice of a customer for each number of days late; return their ids."""
        return self.add_invoices(debtor, [InvoiceSpec(self.today - each * DAY, amount) for each in days])

    def add_open_invoice(self) -> str:
        """Add an invoice of a new customer, 30 days late; return its id."""
        (invoice_id,) = self.add_late_invoices(self.add_debtor(), 30)
        return invoice_id

    def pay(self, invoice_id: str, amount: Money = PRICE, *, days_ago: int = 0) -> None:
        """Pay an invoice or a part of it."""
        self.erp.pay(invoice_id, self.today - days_ago * DAY, amount)

    def reverse(self, invoice_id: str, *, days_ago: int = 0) -> None:
        """Reverse the invoice's last payment."""
        self.erp.reverse(invoice_id, self.today - days_ago * DAY)


def ids_of(invoices: Iterable[Invoice], ours: Collection[str]) -> list[str]:
    """Ids of the test's own invoices, in the given order: the ERP may have others."""
    return [invoice.id for invoice in invoices if invoice.id in ours]


def entries_of(entries: Iterable[Entry], ours: Collection[str]) -> list[Entry]:
    """Entries of the test's own invoices, in the given order."""
    return [entry for entry in entries if entry.invoice_id in ours]
