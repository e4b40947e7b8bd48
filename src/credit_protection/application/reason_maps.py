"""After an obstacle was removed: what waits for a person because of it is tried again."""

from __future__ import annotations

from credit_protection.application.batched_updates import publish
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import transmissions
from credit_protection.domain.actors import Actor
from credit_protection.domain.negativations import UNKNOWN_REASON, Negativation
from credit_protection.ports.storage import NegativationFilter, PageRequest

_AT_ONCE = 200


UNSENDABLE = frozenset(
    {
        *("chave_ausente", "chave_errada", "chave_invalida", "configuracao", "gateway_desconhecido"),
        *("parametro_desconhecido", "parametro_invalido", "parametro_obrigatorio"),
    }
)
"""Codes of blocks of what could not be sent for the key, or for the parameters: no byte went out."""


def resume_refused(tenant: TenantPorts, actor: Actor, integration_id: str) -> int:
    """Resume the removals whose reason the bureau did not know, after the map of reasons changed. Returns how many."""
    return _resume(tenant, actor, integration_id, frozenset({UNKNOWN_REASON}))


def resume_unsendable(tenant: TenantPorts, actor: Actor, integration_id: str) -> int:
    """Resume what could not be sent, after the bureau accepted the credentials. Returns how many."""
    return _resume(tenant, actor, integration_id, UNSENDABLE)


def _resume(tenant: TenantPorts, actor: Actor, integration_id: str, codes: frozenset[str]) -> int:
    """Resume what is blocked by one of these codes, in pieces of a bounded size.

    What a crash or a lock leaves out still waits for a person, with its alarm.
    """

    def is_refused(negativation: Negativation) -> bool:
        block = negativation.transmission.block
        return block is not None and block.code in codes

    wanted = NegativationFilter(integration_id=integration_id, blocked=True)
    resumed, cursor = 0, None
    while True:
        with tenant.storage.read_only() as unit:
            page = unit.negativations.list(wanted, PageRequest(_AT_ONCE, cursor))
        refused = [one.id for one in page.items if is_refused(one)]
        if refused:
            now = tenant.clock.now()
            with tenant.storage.unit() as unit:
                rows = [row for row in unit.negativations.lock_all(refused) if is_refused(row)]
                changes = [transmissions.resume(row, actor.id, now) for row in rows]
                unit.negativations.save_all([change.negativation for change in changes])
                unit.negativations.append([event for change in changes for event in change.events])
                unit.commit()
            publish(tenant, changes)
            resumed += len(changes)
        if page.cursor is None:
            return resumed
        cursor = page.cursor
