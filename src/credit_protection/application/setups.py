"""What a unit needs to know of integrations: each is read once in it, with its creditor and what its gateway can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class Setup:
    """How a negativation is transmitted: through which account, in whose name, under which capabilities."""

    integration: Integration
    creditor: Creditor
    gateway: Capabilities


class Setups:
    """Those that one unit meets.

    Args:
        tenant: whose gateways.
        unit: the open one.
    """

    def __init__(self, tenant: Tenant, unit: UnitOfWork) -> None:
        self._tenant = tenant
        self._unit = unit
        self._known: dict[tuple[str, str], Setup] = {}

    def of(self, negativation: Negativation) -> Setup:
        """Of one negativation. Raises `NotFound`."""
        key = (negativation.integration_id, negativation.creditor_id)
        if key not in self._known:
            integration, creditor = self._unit.integrations.with_creditor(*key)
            gateway = self._tenant.gateways.kind(integration.gateway).capabilities
            self._known[key] = Setup(integration, creditor, gateway)
        return self._known[key]
