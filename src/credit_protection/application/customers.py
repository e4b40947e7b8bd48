"""The host's customers and their overdue invoices, for the screen on which a person chooses what to negativate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from credit_protection.application.host_reading import read_customers
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.customers import Customer, Invoice
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import ConfigurationError, NotFound
from credit_protection.ports.host import OverdueFilter

OVERDUE_LIMIT = 10_000


class Customers:
    """The use cases about what the host ERP owns.

    An actor bound to creditors sees the customers and invoices of these, and those whose creditor the host does not
    give (`creditor_id` None).
    """

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def get(self, actor: Actor, customer_id: str) -> Customer:
        """Read one customer.

        Raises:
            PermissionDenied: the actor may not read the history.
            NotFound: the host has no such customer, or not of the actor's creditors.
            HostUnavailable: the host can't be read.
        """
        actor.require(Permission.READ_HISTORY)
        customer = self._tenant.host.customers([customer_id]).get(customer_id)
        if customer is None or not is_visible(actor, customer):
            raise unknown_customer(customer_id)
        return customer

    def get_many(self, actor: Actor, customer_ids: Iterable[str]) -> Mapping[str, Customer]:
        """Read customers, by id; one whom the host does not know or can't read, or the actor does not see, is absent.

        Raises:
            PermissionDenied: the actor may not read the history.
            HostUnavailable: the host can't be read.
        """
        actor.require(Permission.READ_HISTORY)
        ids = sorted(set(customer_ids))
        found, _ = read_customers(self._tenant, ids)
        return {key: customer for key, customer in found.items() if is_visible(actor, customer)}

    def find(self, actor: Actor, *, document: str) -> Sequence[Customer]:
        """Find the customers with a CPF or CNPJ, with or without punctuation.

        Raises:
            PermissionDenied: the actor may not read the history.
            InvalidInput: the document is not valid.
            HostUnavailable: the host can't be read.
        """
        actor.require(Permission.READ_HISTORY)
        found = self._tenant.host.customers_with_document(parse_document(document).value)
        return [customer for customer in found if is_visible(actor, customer)]

    def overdue_invoices(self, actor: Actor, wanted: OverdueFilter, *, limit: int = OVERDUE_LIMIT) -> Iterator[Invoice]:
        """Stream overdue open invoices, oldest first, at most `limit`.

        Raises:
            PermissionDenied: the actor may not read the history.
            ConfigurationError: the host has no such report.
            HostUnavailable: the host can't be read; possibly after some invoices were given.
        """
        actor.require(Permission.READ_HISTORY)
        if not self._tenant.host.capabilities.overdue:
            raise ConfigurationError(
                "Este ERP não dá o relatório de faturas vencidas. Escolha as faturas nele mesmo.",
                code="erp_sem_vencidas",
            )
        return islice((invoice for invoice in self._tenant.host.overdue(wanted) if is_visible(actor, invoice)), limit)


def unknown_customer(customer_id: str) -> NotFound:
    """Make the error about a customer whom the host does not know."""
    return NotFound(f"O cliente {customer_id} não existe no ERP. Confira o código.", code="cliente_desconhecido")


def unknown_invoice(invoice_id: str) -> NotFound:
    """Make the error about an invoice that the host does not know."""
    return NotFound(f"A fatura {invoice_id} não existe no ERP. Confira o código.", code="fatura_desconhecida")


def is_visible(actor: Actor, owned: Customer | Invoice) -> bool:
    """Whether the actor may know of it: the host does not give its creditor, or it is within the actor's scope."""
    return owned.creditor_id is None or actor.sees(owned.creditor_id)
