"""The host's customers and their overdue invoices, for the screen on which a person chooses what to negativate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from credit_protection.application.host_reading import read_customers
from credit_protection.application.host_scope import HostScope
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.customers import Customer, Invoice
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import ConfigurationError, InvalidInput, NotFound
from credit_protection.ports.host import OverdueFilter

OVERDUE_LIMIT = 10_000
SEARCH_LIMIT = 50
_SHORTEST_NAME = 3


class Customers:
    """The use cases about what the host ERP owns.

    An actor bound to creditors sees the customers and invoices of these. What the host gives without a creditor is of
    its only one; where it has several, such an actor does not see it.
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
        if customer is None or not HostScope.of(self._tenant, actor).sees(customer):
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
        scope = HostScope.of(self._tenant, actor)
        found, _ = read_customers(self._tenant, ids)
        return {key: customer for key, customer in found.items() if scope.sees(customer)}

    def find(self, actor: Actor, *, document: str) -> Sequence[Customer]:
        """Find the customers with a CPF or CNPJ, with or without punctuation.

        Raises:
            PermissionDenied: the actor may not read the history.
            InvalidInput: the document is not valid.
            HostUnavailable: the host can't be read.
        """
        actor.require(Permission.READ_HISTORY)
        found = self._tenant.host.customers_with_document(parse_document(document).value)
        scope = HostScope.of(self._tenant, actor)
        return [customer for customer in found if scope.sees(customer)]

    def search(self, actor: Actor, text: str, *, limit: int = SEARCH_LIMIT) -> Sequence[Customer]:
        """Find customers by what a person knows of them: a CPF or CNPJ, the host's code, or a part of the name.

        Raises:
            PermissionDenied: the actor may not read the history.
            InvalidInput: the text is blank, or too short for a name.
            ConfigurationError: it is neither a document nor a code, and the host does not find customers by name.
            HostUnavailable: the host can't be read.
        """
        actor.require(Permission.READ_HISTORY)
        wanted, host = text.strip(), self._tenant.host
        scope = HostScope.of(self._tenant, actor)
        found: dict[str, Customer] = dict(host.customers([wanted])) if wanted else {}
        with suppress(InvalidInput):
            found |= {each.id: each for each in host.customers_with_document(parse_document(wanted).value)}
        if not found and len(wanted) < _SHORTEST_NAME:
            raise InvalidInput(
                f"Escreva um CPF, um CNPJ, um código, ou pelo menos {_SHORTEST_NAME} letras do nome.",
                field="text",
                code="busca_curta",
            )
        if not found and not host.capabilities.names:
            raise ConfigurationError(
                "Este ERP não busca clientes pelo nome. Use o CPF, o CNPJ ou o código.", code="erp_sem_nomes"
            )
        if not found:
            found = {each.id: each for each in host.customers_named(wanted, limit)}
        return [each for each in found.values() if scope.sees(each)][:limit]

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
        scope = HostScope.of(self._tenant, actor)
        return islice((invoice for invoice in self._tenant.host.overdue(wanted) if scope.sees(invoice)), limit)


def unknown_customer(customer_id: str) -> NotFound:
    """Make the error about a customer whom the host does not know."""
    return NotFound(f"O cliente {customer_id} não existe no ERP. Confira o código.", code="cliente_desconhecido")


def unknown_invoice(invoice_id: str) -> NotFound:
    """Make the error about an invoice that the host does not know."""
    return NotFound(f"A fatura {invoice_id} não existe no ERP. Confira o código.", code="fatura_desconhecida")
