"""Which of the host's records an actor may know of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.customers import Customer, Invoice
from credit_protection.domain.errors import PermissionDenied


@dataclass(frozen=True, slots=True)
class HostScope:
    """The creditors whose customers and invoices an actor sees.

    Args:
        only_creditor: the host's one creditor, to which everything is owed that it gives without a creditor; None
            where it has several: what it does not attribute is then seen by no actor that is bound to creditors.
    """

    actor: Actor
    only_creditor: str | None

    @classmethod
    def of(cls, tenant: TenantPorts, actor: Actor) -> HostScope:
        """The scope of an actor; the host is asked for its creditors where the actor is bound to some.

        Raises:
            HostUnavailable: the host can't be read.
        """
        return cls(actor, None if actor.creditor_ids is None else only_creditor(tenant))

    def sees(self, owned: Customer | Invoice) -> bool:
        """Whether the actor may know of it."""
        if self.actor.creditor_ids is None:
            return True
        creditor_id = self.only_creditor if owned.creditor_id is None else owned.creditor_id
        return creditor_id is not None and self.actor.sees(creditor_id)

    def sees_debtor(self, customer: Customer, invoices: tuple[Invoice, ...]) -> bool:
        """Whether the actor may know of a customer who owes these invoices: several creditors may share a customer."""
        is_shared = customer.creditor_id is None and any(map(self.sees, invoices))
        return is_shared or self.sees(customer)


def only_creditor(tenant: TenantPorts) -> str | None:
    """The host's creditor, where it has one alone."""
    creditors = tenant.host.creditors()
    return creditors[0].id if len(creditors) == 1 else None


def has_several_creditors(tenant: TenantPorts, invoices: Iterable[Invoice]) -> bool:
    """Whether the host has several creditors; asked only where one of the invoices names none."""
    return any(each.creditor_id is None for each in invoices) and len(tenant.host.creditors()) > 1


def require_all_creditors(actor: Actor, permission: Permission) -> None:
    """Require a permission over the whole installation.

    Raises:
        PermissionDenied: the actor lacks it, or is bound to some creditors.
    """
    actor.require(permission)
    if actor.creditor_ids is not None:
        raise PermissionDenied(f"{actor.name} só tem acesso a algumas empresas. Peça a um administrador.")
