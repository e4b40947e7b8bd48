"""Inclusions wait after an outage or a restore, until a person lets them go on."""

from __future__ import annotations

from credit_protection.application import inclusion_hold
from credit_protection.application.inclusion_hold import InclusionHold
from credit_protection.application.reconciliation.marks import NEVER, READ_UNTIL
from credit_protection.application.reconciliation.results import HoldState
from credit_protection.application.reconciliation.schedule import can_ask
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.errors import (
    Conflict,
    InvalidInput,
    PermissionDenied,
    RuleViolation,
)
from credit_protection.domain.integrations import Integration
from credit_protection.ports.storage import UnitOfWork


class AfterOutage:
    """What waits after an outage or a restore. The errors are those of `Reconciliation`'s methods."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def hold(self, actor: Actor) -> HoldState:
        """Whether inclusions wait, and for which integrations."""
        actor.require(Permission.READ_HISTORY)
        with self._tenant.storage.read_only() as unit:
            held = inclusion_hold.inclusion_hold(unit, self._tenant.clock.now())
            pending = () if held is None else self._pending(unit, held)
        return HoldState(
            None if held is None else held.since, [each for each in pending if actor.sees(each.creditor_id)]
        )

    def declare_restored(self, actor: Actor, *, remark: str = "") -> HoldState:
        """Declare that a backup was put back."""
        _require_all(actor)
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            inclusion_hold.declare(unit, now)
            unit.audit.add(
                AuditEntry(now, actor.id, actor.name, "installation.restored", "installation", remark=remark)
            )
            pending = self._pending(unit, InclusionHold(now))
            unit.commit()
        return HoldState(now, pending)

    def continue_inclusions(self, actor: Actor, *, remark: str) -> HoldState:
        """Let inclusions go on, as a person states."""
        _require_all(actor)
        if not actor.is_person:
            raise RuleViolation("Só uma pessoa pode liberar as inclusões. Entre com um usuário seu.", code="sem_pessoa")
        if not remark.strip():
            raise InvalidInput("Diga o que foi conferido.", field="remark", code="motivo_obrigatorio")
        now = self._tenant.clock.now()
        is_clock = self._believe_clock(actor, remark.strip())
        with self._tenant.storage.unit() as unit:
            held = inclusion_hold.inclusion_hold(unit, now)
            if held is None and is_clock:
                return HoldState(None)
            if held is None:
                raise Conflict("As inclusões não estão em espera: não há o que liberar.", code="sem_espera")
            if pending := self._pending(unit, held):
                names = ", ".join(each.description for each in pending)
                raise RuleViolation(
                    f"Falta reconciliar: {names}. Rode credit-protection reconcile para cada uma e repita.",
                    code="falta_reconciliar",
                )
            inclusion_hold.declare(unit, held.since)
            inclusion_hold.release(unit, now)
            inclusion_hold.record_heartbeat(unit, now)
            unit.audit.add(
                AuditEntry(now, actor.id, actor.name, "installation.continue", "installation", remark=remark.strip())
            )
            unit.commit()
        self._tenant.queue.wake()
        return HoldState(None)

    def _believe_clock(self, actor: Actor, remark: str) -> bool:
        """A person says that the clock is right: whether anything lay ahead of it. Stored also where a hold stays."""
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            if not inclusion_hold.believe_clock(unit, now):
                return False
            unit.audit.add(AuditEntry(now, actor.id, actor.name, "installation.clock", "installation", remark=remark))
            unit.commit()
        self._tenant.queue.wake()
        return True

    def _pending(self, unit: UnitOfWork, held: InclusionHold) -> list[Integration]:
        """The integrations that could include and whose bureau was not read since."""
        read = unit.watermarks.all(READ_UNTIL)
        return [
            each
            for each in unit.integrations.all()
            if each.active and can_ask(self._tenant, each) and read.get(READ_UNTIL + each.id, NEVER) < held.since
        ]


def _require_all(actor: Actor) -> None:
    """Require a permission over the whole installation."""
    actor.require(Permission.CONFIGURE)
    if actor.creditor_ids is not None:
        raise PermissionDenied(f"{actor.name} só tem acesso a algumas empresas. Peça a um administrador.")
