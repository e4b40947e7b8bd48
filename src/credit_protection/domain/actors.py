"""Actors and their permissions, which the use cases check."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from credit_protection.domain.errors import PermissionDenied


class Permission(StrEnum):
    """What an actor may be allowed to do."""

    CONFIGURE = "configure"
    QUERY = "query"
    READ_HISTORY = "read_history"
    NEGATIVATE = "negativate"
    REMOVE = "remove"
    AUDIT = "audit"
    TRANSMIT = "transmit"
    """Run the worker and the sweep: for the system, not for a screen."""
    RECORD_PAYMENTS = "record_payments"
    """Report settlements: for the host."""
    MANAGE_USERS = "manage_users"
    """Give roles to users, and take them."""


PERMISSION_LABELS = {
    Permission.CONFIGURE: "configurar integrações",
    Permission.QUERY: "fazer consultas de crédito",
    Permission.READ_HISTORY: "ver o histórico",
    Permission.NEGATIVATE: "negativar",
    Permission.REMOVE: "remover negativações",
    Permission.AUDIT: "ver a auditoria",
    Permission.TRANSMIT: "transmitir a fila",
    Permission.RECORD_PAYMENTS: "registrar pagamentos",
    Permission.MANAGE_USERS: "dar papéis a usuários",
}

ADMINISTRATOR, WORKER = "administrador", "trabalhador"
ROLES: dict[str, frozenset[Permission]] = {
    ADMINISTRATOR: frozenset(Permission),
    "operador": frozenset(
        {
            Permission.QUERY,
            Permission.READ_HISTORY,
            Permission.NEGATIVATE,
            Permission.REMOVE,
            Permission.RECORD_PAYMENTS,
        },
    ),
    "atendente": frozenset({Permission.QUERY, Permission.READ_HISTORY}),
    "auditor": frozenset({Permission.READ_HISTORY, Permission.AUDIT}),
    WORKER: frozenset({Permission.TRANSMIT, Permission.READ_HISTORY}),
}
"""Named sets of permissions; a host may define its own."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The user, host or system that calls a use case (usuário).

    Args:
        creditor_ids: the creditors it may see; None for all.
        is_person: False for the system and for a host's hooks. Only a person can request a negativation.
    """

    id: str
    name: str
    permissions: frozenset[Permission]
    creditor_ids: frozenset[str] | None = None
    is_person: bool = True

    @classmethod
    def with_role(cls, actor_id: str, name: str, role: str) -> Actor:
        """A person with one of `ROLES`.

        Raises:
            PermissionDenied: there is no such role.
        """
        if role not in ROLES:
            named = f"Não existe o papel {role!r}" if role else f"{name} não tem papel"
            raise PermissionDenied(f"{named}. Use um destes: {', '.join(ROLES)}.")
        return cls(actor_id, name, ROLES[role])

    def sees(self, creditor_id: str) -> bool:
        """Whether the creditor is within the actor's scope."""
        return self.creditor_ids is None or creditor_id in self.creditor_ids

    def narrow(self, creditor_ids: frozenset[str] | None) -> frozenset[str] | None:
        """Return those of the wanted creditors (None for all) that are within the actor's scope (None for all)."""
        if creditor_ids is None or self.creditor_ids is None:
            return self.creditor_ids if creditor_ids is None else creditor_ids
        return creditor_ids & self.creditor_ids

    def require_any(self, permissions: AbstractSet[Permission]) -> None:
        """Require one of some permissions.

        Raises:
            PermissionDenied: the actor has none of them.
        """
        if not permissions & self.permissions:
            names = " ou ".join(PERMISSION_LABELS[each] for each in Permission if each in permissions)
            raise PermissionDenied(
                f"{self.name} não tem permissão para {names}. Peça a um administrador.",
                permission=", ".join(each.value for each in Permission if each in permissions),
            )

    def require(self, permission: Permission, creditor_id: str | None = None) -> None:
        """Require a permission, and access to a creditor where one is given.

        Raises:
            PermissionDenied: the actor lacks it, or is bound to another creditor.
        """
        if permission not in self.permissions:
            raise PermissionDenied(
                f"{self.name} não tem permissão para {PERMISSION_LABELS[permission]}. Peça a um administrador.",
                permission=permission.value,
            )
        if creditor_id is not None and not self.sees(creditor_id):
            raise PermissionDenied(f"{self.name} não tem acesso a esta empresa. Peça a um administrador.")


SYSTEM = Actor(
    "system",
    "sistema",
    frozenset({Permission.TRANSMIT, Permission.RECORD_PAYMENTS, Permission.READ_HISTORY}),
    is_person=False,
)
"""The worker and the sweep. It cannot negativate: rule 1."""
