"""What the contract needs done in the ERP: the author of an adapter writes a stage, the tests play on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.settlements import Entry

PEOPLE = ("90010020055", "90010030018", "90010040080", "90010050043")
"""Made-up people with sound check digits."""
COMPANY = "12ABC34501DE35"
"""A made-up company whose CNPJ has letters."""
NAME = "MARIA DE EXEMPLO"
CITY = "DIVINÓPOLIS"
PRICE = Money(119_90)
DAY = timedelta(days=1)
UNKNOWN = ("no such", "", "0", "-1", "99999999999999999999999", "é '\" %")
"""Ids that no ERP gives: people mistype, and a record may speak of what the ERP has deleted."""


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice to be: when it is due and how much it is."""

    due_date: date
    amount: Money


class HostStage:
    """Deeds done in the ERP itself, as its people do them, each committed. Ids are the ERP's own, as text.

    Subclass it. Needed are `add_customer`, `add_invoices` and `pay`; the others by what the contract's class declares.
    """

    def add_customer(self, document: str, name: str, city: str) -> str:
        """A new customer, with a compact CPF or CNPJ; returns the id."""
        raise NotImplementedError

    def add_subscription(self, customer_id: str) -> str:
        """What the customer subscribes to; returns the id. Where `subscriptions` is declared."""
        raise NotImplementedError("`subscriptions` is declared: the stage adds one")

    def add_invoices(self, customer_id: str, subscription_id: str | None, bills: Sequence[Bill]) -> Sequence[str]:
        """Open invoices, all at once; returns their ids in that order."""
        raise NotImplementedError

    def pay(self, invoice_id: str, on: date, amount: Money) -> None:
        """Take a payment of the balance, or of a part where `takes_parts`; with `events`, the adapter records it."""
        raise NotImplementedError

    def reverse(self, invoice_id: str, on: date) -> None:
        """Undo the invoice's last payment. Where `reverses`; with `events`, the adapter records it."""
        raise NotImplementedError("`reverses` is declared: the stage undoes a payment")

    def cancel(self, invoice_id: str, on: date) -> None:
        """Cancel the invoice, or issue a credit note for all of it. Where `cancels`."""
        raise NotImplementedError("`cancels` is declared: the stage cancels an invoice")

    def put_on_hold(self, customer_id: str) -> None:
        """Put the customer on the do-not-negativate list. Where `holds` is declared."""
        raise NotImplementedError("`holds` is declared: the stage puts a customer on the list")

    def pay_and_roll_back(self, invoice_id: str, on: date, amount: Money) -> None:
        """The same as `pay`, but the ERP rolls back where it would commit. Where `events` is declared."""
        raise NotImplementedError("`events` is declared: the stage lets a payment fail")

    def report_again(self, invoice_id: str) -> None:
        """The ERP fires the event of the invoice's last payment once more, and commits. Where `events` is declared."""
        raise NotImplementedError("`events` is declared: the stage repeats an event")


@dataclass(frozen=True, slots=True)
class Debtor:
    """A customer, and what he subscribes to."""

    customer_id: str
    subscription_id: str | None


class Scene:
    """The stage in fewer words, with one day that counts as today.

    Args:
        stage: of the ERP.
        today: a day that the ERP takes payments on.
        has_subscriptions: whether invoices belong to subscriptions.
    """

    def __init__(self, stage: HostStage, today: date, *, has_subscriptions: bool) -> None:
        self.stage = stage
        self.today = today
        self._has_subscriptions = has_subscriptions

    def debtor(self, document: str = PEOPLE[0], city: str = CITY) -> Debtor:
        """A new customer."""
        customer_id = self.stage.add_customer(document, NAME, city)
        return Debtor(customer_id, self.stage.add_subscription(customer_id) if self._has_subscriptions else None)

    def bills(self, debtor: Debtor, bills: Iterable[Bill]) -> list[str]:
        """New invoices of a customer."""
        return list(self.stage.add_invoices(debtor.customer_id, debtor.subscription_id, list(bills)))

    def late(self, debtor: Debtor, *days: int, amount: Money = PRICE) -> list[str]:
        """New invoices of a customer, each due so many days ago; of nothing told, one of 30 days."""
        return self.bills(debtor, [Bill(self.today - each * DAY, amount) for each in days or (30,)])

    def owed(self) -> str:
        """An invoice of a new customer, due 30 days ago."""
        (invoice_id,) = self.late(self.debtor())
        return invoice_id


def ids_of(invoices: Iterable[Invoice], ours: Collection[str]) -> list[str]:
    """Ids in the order given, of the test's own invoices alone: the ERP may hold others."""
    return [invoice.id for invoice in invoices if invoice.id in ours]


def entries_of(entries: Iterable[Entry], ours: Collection[str]) -> list[Entry]:
    """Entries in the order given, of the test's own invoices alone."""
    return [entry for entry in entries if entry.invoice_id in ours]
