"""What the use cases work with: the ports of one tenant, that is, of one database."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credit_protection.domain.errors import InvalidInput, NotFound
from credit_protection.ports.limits import Unlimited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from credit_protection.domain.actors import Actor
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.guards import Guard
    from credit_protection.domain.integrations import Integration
    from credit_protection.ports.bureau import BureauGateway, GatewayKind
    from credit_protection.ports.calendar import BusinessCalendars
    from credit_protection.ports.clock import Clock, Identifiers
    from credit_protection.ports.events import Listeners
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.limits import RateLimits
    from credit_protection.ports.queue import TransmissionQueue
    from credit_protection.ports.storage import Storage
    from credit_protection.ports.vault import Vault


class Gateways:
    """The kinds of gateway that are plugged in, and the open ones, one per integration as it is configured now.

    Args:
        kinds: what plugins contributed.
        vault: opens the secrets.
    """

    def __init__(self, kinds: Sequence[GatewayKind], vault: Vault) -> None:
        self._kinds = {kind.code: kind for kind in kinds}
        self._vault = vault
        self._open: dict[str, tuple[object, BureauGateway]] = {}
        self._lock = threading.Lock()

    @property
    def kinds(self) -> Mapping[str, GatewayKind]:
        """By code."""
        return self._kinds

    def kind(self, code: str) -> GatewayKind:
        """One kind.

        Raises:
            InvalidInput: no plugin offers it.
        """
        try:
            return self._kinds[code]
        except KeyError:
            known = ", ".join(sorted(self._kinds)) or "nenhum"
            raise InvalidInput(
                f"Não existe o gateway {code!r}. Instalados: {known}.", field="gateway", code="gateway_desconhecido"
            ) from None

    def of(self, integration: Integration) -> BureauGateway:
        """The open gateway of an integration; opened anew where its parameters changed."""
        identity = (
            integration.gateway,
            dict(integration.parameters),
            dict(integration.sealed),
            integration.environment,
        )
        with self._lock:
            known = self._open.get(integration.id)
            if known is not None and known[0] == identity:
                return known[1]
            secrets = {name: self._vault.open(sealed) for name, sealed in integration.sealed.items()}
            gateway = self.kind(integration.gateway).open(
                {**integration.parameters, **secrets}, integration.environment
            )
            self._open[integration.id] = (identity, gateway)
        if known is not None:
            known[1].close()
        return gateway

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            gateways = [gateway for _, gateway in self._open.values()]
            self._open.clear()
        for gateway in gateways:
            gateway.close()


@dataclass(frozen=True)
class Tenant:
    """The ports of one tenant.

    Args:
        storage: our records.
        gateways: the bureaus.
        host: the ERP.
        vault: secrets.
        clock: the time.
        identifiers: fresh names and randomness.
        calendars: business days.
        listeners: event hooks.
        queue: wakes workers.
        extra_guards: guards that plugins add.
        limits: how many calls an integration may make.
    """

    storage: Storage
    gateways: Gateways
    host: HostErp
    vault: Vault
    clock: Clock
    identifiers: Identifiers
    calendars: BusinessCalendars
    listeners: Listeners
    queue: TransmissionQueue
    extra_guards: Sequence[Guard] = field(default=())
    limits: RateLimits = field(default_factory=Unlimited)

    def today(self, creditor: Creditor) -> date:
        """The creditor's date now."""
        return creditor.today(self.clock.now())

    def visible(self, actor: Actor, creditor_id: str, what: str) -> None:
        """Pass where the actor may know of a record of this creditor.

        Raises:
            NotFound: another creditor's records do not exist for the actor.
        """
        if not actor.sees(creditor_id):
            raise NotFound(f"{what} não encontrada.")
