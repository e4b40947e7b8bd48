"""What the use cases work with: the ports of one tenant (one database)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from credit_protection.application.gateway_registry import GatewayRegistry
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.guards import Guard
from credit_protection.ports.clock import BusinessCalendars, Clock, Identifiers
from credit_protection.ports.events import Listeners
from credit_protection.ports.host import HostErp
from credit_protection.ports.limits import RateLimits, Unlimited
from credit_protection.ports.queue import TransmissionQueue
from credit_protection.ports.storage import Storage
from credit_protection.ports.troubles import Troubles
from credit_protection.ports.vault import Vault


@dataclass(frozen=True)
class TenantPorts:
    """The ports of one tenant, and the guards that plugins add to the built-in ones."""

    storage: Storage
    gateways: GatewayRegistry
    host: HostErp
    vault: Vault
    clock: Clock
    identifiers: Identifiers
    calendars: BusinessCalendars
    listeners: Listeners
    queue: TransmissionQueue
    extra_guards: Sequence[Guard] = field(default=())
    limits: RateLimits = field(default_factory=Unlimited)
    troubles: Troubles = field(default_factory=Troubles)

    def host_as_of(self) -> datetime:
        """The instant of which a reading of the host is, where it is asked now: its lag is counted off."""
        return self.clock.now() - self.host.capabilities.lag

    def today(self, creditor: Creditor) -> date:
        """Return the creditor's date now."""
        return creditor.today(self.clock.now())
