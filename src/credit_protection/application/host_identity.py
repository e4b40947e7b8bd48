"""Which ERP a database belongs to: an environment that lacks its plugin would take another one for it, silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from credit_protection.application.host_scope import require_all_creditors
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.storage import UnitOfWork

ACCEPTED_WATERMARK = "host.accepted"
"""The watermark of the last change of ERP that a person accepted; its note is the ERP's code."""


@dataclass(frozen=True, slots=True)
class HostState:
    """The ERP of this environment, and those that the database was used with.

    Args:
        code: of this environment.
        used: by payments and by open negativations.
        accepted: the one that a person accepted last; empty where none did.
    """

    code: str
    used: Sequence[str]
    accepted: str

    @property
    def is_known(self) -> bool:
        """Whether this environment may work with the database."""
        if self.accepted:
            return self.code == self.accepted
        return not self.used or self.code in self.used


class HostIdentity:
    """The use cases about the database's ERP."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def state(self, actor: Actor) -> HostState:
        """Tell which ERP is used here, and with which the database was used. Raises `PermissionDenied`."""
        actor.require(Permission.READ_HISTORY)
        return self._state()

    def accept(self, actor: Actor) -> HostState:
        """Take this environment's ERP for the database's from now on.

        Open negativations of another ERP stay; an alarm says that their payments are not seen from here.

        Raises:
            PermissionDenied: the actor may not configure, or is bound to some creditors.
        """
        require_all_creditors(actor, Permission.CONFIGURE)
        before, now = self._state(), self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(ACCEPTED_WATERMARK, now, before.code)
            known = {"host": before.accepted or ", ".join(before.used)}
            act, after = "host.accept", {"host": before.code}
            unit.audit.add(AuditEntry(now, actor.id, actor.name, act, before.code, before=known, after=after))
            unit.commit()
        return self._state()

    def require_known(self) -> None:
        """Require that the database was not used with another ERP, or that a person accepted this one.

        Raises:
            ConfigurationError: otherwise.
        """
        state = self._state()
        if state.is_known:
            return
        others = ", ".join([state.accepted] if state.accepted else state.used)
        raise ConfigurationError(
            f"Este banco de dados é do ERP {others!r}, e este ambiente usa {state.code!r}: os pagamentos não seriam "
            f"vistos. Instale aqui o plugin daquele ERP. Se a troca para {state.code!r} é de propósito, aceite-a: "
            "credit-protection host accept.",
            code="outro_erp",
        )

    def _state(self) -> HostState:
        with self._tenant.storage.read_only() as unit:
            return HostState(
                self._tenant.host.code,
                _used(unit),
                unit.watermarks.notes(ACCEPTED_WATERMARK).get(ACCEPTED_WATERMARK, ""),
            )


def _used(unit: UnitOfWork) -> list[str]:
    return sorted({*unit.settlements.hosts(), *unit.negativations.open_hosts()})


def known_tenant(tenant: TenantPorts, identity: HostIdentity) -> TenantPorts:
    """The same ports, for use cases that work with the host. Raises `ConfigurationError` as `require_known`."""
    identity.require_known()
    return tenant
