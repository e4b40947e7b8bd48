"""What the host ERP gives the package. What it can't give it declares as a capability, and the screens adapt."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Customer, Invoice, Subscription
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.holds import Hold
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Entry

_LONGEST_SECOND_COPY = timedelta(days=5 * 366)
"""How much later than at first an invoice may be due now."""


@dataclass(frozen=True, slots=True)
class HostCapabilities:
    """What a host can do. A capability that is declared must be implemented by the method of that name.

    Args:
        settlements: `settlements_since` lists settlements by date, for the sweep.
        events: the ERP records its payments itself, in its own transaction (`payments.record`).
        holds: `holds` gives the do-not-negativate list.
        subscriptions: invoices belong to subscriptions, which `subscriptions` gives.
        settled_invoices: `invoices_due` also gives invoices that are no longer open.
        overdue: `overdue` reports overdue invoices.
        reversals: each reversal is reported, as a settlement is: an open invoice alone then undoes no settlement that
            the host reported. A host whose reversals come only as rechecks reports its payments as rechecks too.
        names: `customers_named` finds customers by a part of their names.
        lag: how far what the host answers may lie behind the instant of asking (a replica, a cache).
    """

    settlements: bool = True
    events: bool = False
    holds: bool = True
    subscriptions: bool = True
    settled_invoices: bool = False
    overdue: bool = True
    reversals: bool = False
    lag: timedelta = timedelta(0)
    names: bool = False


@dataclass(frozen=True, slots=True)
class OverdueFilter:
    """Which overdue invoices to report; None means no limit. Days late are days from the due date to `today`.

    `today` is the creditor's date, `minimum_balance` in BRL, `city` the customer's.
    """

    today: date
    minimum_days_late: int = 1
    maximum_days_late: int | None = None
    minimum_balance: Money | None = None
    customer_id: str | None = None
    city: str | None = None


class HostErp(Protocol):
    """The ERP as the package reads it. Subclass it: a required member that is missing fails at construction.

    The other members have a default for hosts that do not declare their capability. Where the capability is declared
    and the member is missing, the default raises `ConfigurationError`. Every method may be called from several threads
    at once, and raises `HostUnavailable` where the ERP can't be read.
    """

    @property
    @abstractmethod
    def code(self) -> str:
        """Stable name of this host within a tenant (`local`, `hubsoft`): part of every invoice's key."""

    @property
    @abstractmethod
    def capabilities(self) -> HostCapabilities:
        """What it can do."""

    @abstractmethod
    def creditors(self) -> Sequence[Creditor]:
        """The companies (empresas) in whose name debts are owed."""

    @abstractmethod
    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Customers by id; an unknown id is absent from the answer."""

    @abstractmethod
    def customers_with_document(self, document: str) -> Sequence[Customer]:
        """Customers with a compact CPF or CNPJ."""

    @abstractmethod
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        """Invoices with their status now, by id; an unknown id is absent from the answer. At most 1,000 ids."""

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:  # noqa: ARG002 - a default
        """Subscriptions by id; an unknown id is absent from the answer."""
        _require_undeclared(self, "subscriptions", "subscriptions")
        return {}

    def customers_named(self, text: str, limit: int) -> Sequence[Customer]:  # noqa: ARG002 - a default
        """At most so many customers with this text in their names, whatever its case and accents; by name."""
        _require_undeclared(self, "names", "customers_named")
        return []

    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        """Invoices of the customers that fell due, or were to at first, on any of the days, whatever their status.

        For adoption: a bureau may have the original due date.

        The default finds those that are still open and late, by `overdue`. At most 1,000 customers and days.
        """
        _require_undeclared(self, "settled_invoices", "invoices_due")
        wanted = frozenset(days)
        if not wanted:
            return []
        after = max(wanted) + _LONGEST_SECOND_COPY
        return [
            invoice
            for customer_id in customer_ids
            for invoice in self.overdue(OverdueFilter(after, customer_id=customer_id))
            if wanted & {invoice.due_date, invoice.debt_due_date}
        ]

    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:  # noqa: ARG002 - a default
        """Overdue open invoices, oldest first, streamed."""
        _require_undeclared(self, "overdue", "overdue")
        return iter(())

    def settlements_since(self, day: date) -> Iterator[Entry]:  # noqa: ARG002 - a default
        """Settlements paid, and reversals made, on that day or later, streamed. Repeats are harmless."""
        _require_undeclared(self, "settlements", "settlements_since")
        return iter(())

    def customers_with_documents(self, documents: Sequence[str]) -> Mapping[str, Sequence[Customer]]:
        """Customers by compact CPF or CNPJ, of those of the documents that any has; the default asks for each."""
        found = {each: self.customers_with_document(each) for each in dict.fromkeys(documents)}
        return {document: customers for document, customers in found.items() if customers}

    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, Hold | str]:  # noqa: ARG002 - a default
        """The do-not-negativate list by customer id, of those of the ids that are on it; a text is a reason alone."""
        _require_undeclared(self, "holds", "holds")
        return {}


def _require_undeclared(host: HostErp, capability: str, method: str) -> None:
    if getattr(host.capabilities, capability):
        raise ConfigurationError(
            f"O ERP {host.code} declara {capability} e não implementa {method}. "
            f"Implemente {type(host).__name__}.{method} ou declare HostCapabilities({capability}=False).",
            code="erp_incompleto",
        )
