"""What a use case needs to know of an integration: its creditor, and what its gateway can do."""

from __future__ import annotations

from dataclasses import dataclass

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.errors import NotFound
from credit_protection.domain.integrations import Integration
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.settlements import RemovalClock
from credit_protection.ports.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class IntegrationContext:
    """An integration with the creditor in whose name it transmits and the capabilities of its gateway.

    Args:
        is_installed: whether a plugin offers the gateway here. Where not, the capabilities are those under which every
            desired act is a call: payments are applied all the same, and nothing is claimed.
    """

    integration: Integration
    creditor: Creditor
    capabilities: Capabilities
    is_installed: bool = True


class ContextLoader:
    """Reads each integration of one unit of work once."""

    def __init__(self, tenant: TenantPorts, unit: UnitOfWork) -> None:
        self._tenant = tenant
        self._unit = unit
        self._known: dict[tuple[str, str], IntegrationContext] = {}

    def for_negativation(self, negativation: Negativation) -> IntegrationContext:
        """Return the context of a negativation's integration, also where its gateway is missing. Raises `NotFound`."""
        key = (negativation.integration_id, negativation.creditor_id)
        if key not in self._known:
            integration, creditor = self._unit.integrations.get_with_creditor(*key)
            known = self._tenant.gateways.capabilities(integration.gateway)
            capabilities = known or Capabilities(negativation.registry)
            self._known[key] = IntegrationContext(integration, creditor, capabilities, known is not None)
        return self._known[key]

    def for_actor(self, actor: Actor, integration_id: str, *, creates: bool = False) -> IntegrationContext:
        """Return the context of an integration that the actor sees, held where the unit creates something in it.

        Raises `NotFound`, `InvalidInput`.
        """
        find = locked_integration if creates else visible_integration
        integration = find(self._unit, actor, integration_id)
        provider = self._tenant.gateways.provider(integration.gateway)
        return IntegrationContext(integration, self._unit.creditors.get(integration.creditor_id), provider.capabilities)


def legal_calendar(tenant: TenantPorts, context: IntegrationContext) -> BusinessCalendar:
    """Make the calendar by which an integration's legal deadlines count."""
    policy = context.integration.settings.removal_policy
    return tenant.calendars.for_creditor(context.creditor, with_local=policy.counts_local_holidays)


def removal_clock(tenant: TenantPorts, context: IntegrationContext) -> RemovalClock:
    """Make what says from which day the legal term of a removal counts."""
    limit = context.integration.settings.removal_policy.availability_limit
    return RemovalClock(legal_calendar(tenant, context), context.creditor, tenant.clock.now(), limit)


def visible_integration(unit: UnitOfWork, actor: Actor, integration_id: str) -> Integration:
    """Read an integration that is not deleted and that the actor sees.

    Raises:
        NotFound: otherwise.
    """
    return _visible(unit.integrations.get(integration_id), actor)


def locked_integration(
    unit: UnitOfWork, actor: Actor, integration_id: str, *, for_deletion: bool = False
) -> Integration:
    """As `visible_integration`, and hold it until the unit ends: it is not deleted while something is created in it."""
    return _visible(unit.integrations.lock(integration_id, for_deletion=for_deletion), actor)


def _visible(integration: Integration, actor: Actor) -> Integration:
    if integration.deleted_at is not None:
        raise NotFound("Integração não encontrada: foi excluída.")
    require_visible(actor, integration.creditor_id, "Integração")
    return integration


def require_visible(actor: Actor, creditor_id: str, label: str) -> None:
    """Pass where the actor may know of a record of this creditor.

    Raises:
        NotFound: another creditor's records do not exist for the actor.
    """
    if not actor.sees(creditor_id):
        raise NotFound(f"{label} não encontrada.")
