"""What the host ERP must offer. What it can't give is a declared capability, and the screens adapt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.customers import Customer, Invoice, Subscription
    from credit_protection.domain.money import Money
    from credit_protection.domain.settlements import Entry


@dataclass(frozen=True, slots=True)
class HostCapabilities:
    """What a host can do.

    Args:
        settlements: it lists settlements by date (the sweep).
        events: it reports payments by itself, in its transaction.
        holds: it knows a do-not-negativate list.
        subscriptions: its invoices belong to subscriptions.
        settled_invoices: `invoices_due` also gives invoices that are no longer open.
        overdue: it reports overdue invoices.
    """

    settlements: bool = True
    events: bool = False
    holds: bool = True
    subscriptions: bool = True
    settled_invoices: bool = False
    overdue: bool = True


@dataclass(frozen=True, slots=True)
class OverdueFilter:
    """Which overdue invoices are wanted; None means no limit.

    Args:
        today: the creditor's date.
        minimum_days_late: days after the due date.
        maximum_days_late: days after the due date.
        minimum_balance: BRL.
        customer_id: of one customer.
        city: of the customer.
    """

    today: date
    minimum_days_late: int = 1
    maximum_days_late: int | None = None
    minimum_balance: Money | None = None
    customer_id: str | None = None
    city: str | None = None


class HostErp(Protocol):
    """The ERP as the package reads it. Raises `HostUnavailable` where it can't be read.

    Subclass it: what a host can't give has a default that says so, together with its capability.
    """

    @property
    def code(self) -> str:
        """Stable name of this host within a tenant (`local`, `hubsoft`): part of every invoice's key."""
        ...

    @property
    def capabilities(self) -> HostCapabilities:
        """What it can do."""
        ...

    def creditors(self) -> Sequence[Creditor]:
        """The companies (empresas) in whose name debts are owed."""
        ...

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Customers by id; an unknown id is absent from the answer."""
        ...

    def customers_with_document(self, document: str) -> Sequence[Customer]:  # noqa: ARG002 - a default
        """Customers with a compact CPF or CNPJ."""
        return []

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """Subscriptions by id; an unknown id is absent from the answer."""
        ...

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        """Invoices as they stand now, by id; an unknown id is absent from the answer. At most 1,000 ids."""
        ...

    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        """Invoices of the customers that fell due on any of the days, however they stand now: for adoption.

        By default only those that are still open and late, from `overdue`; a host that can do better says so by the
        capability `settled_invoices`. At most 1,000 customers and days.
        """
        wanted = frozenset(days)
        if not wanted:
            return []
        after = max(wanted) + timedelta(days=1)
        return [
            invoice
            for customer_id in customer_ids
            for invoice in self.overdue(OverdueFilter(after, customer_id=customer_id))
            if invoice.due_date in wanted
        ]

    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:  # noqa: ARG002 - a default
        """Overdue open invoices, oldest first, streamed."""
        return iter(())

    def settlements_since(self, day: date) -> Iterator[Entry]:  # noqa: ARG002 - a default
        """Settlements paid, and reversals made, on that day or later, streamed. Repeats are harmless."""
        return iter(())

    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG002 - a default
        """The do-not-negativate list: the reason, by customer id, for those of the ids who are on it."""
        return {}
