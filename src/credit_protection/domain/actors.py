"""Who asks, and what they may do. Checked in the use cases, not only on the screens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from credit_protection.domain.errors import PermissionDenied


class Permission(StrEnum):
    """One act that a user may be allowed."""

    CONFIGURE = "configure"
    QUERY = "query"
    READ_HISTORY = "read_history"
    NEGATIVATE = "negativate"
    NEGATIVATE_IN_BULK = "negativate_in_bulk"
    REMOVE = "remove"
    MANAGE_HOLDS = "manage_holds"
    AUDIT = "audit"
    TRANSMIT = "transmit"
    """Run the worker and the sweep: the system's, never a screen's."""
    RECORD_PAYMENTS = "record_payments"
    """Report settlements: the host's."""


_PORTUGUESE = {
    Permission.CONFIGURE: "configurar integrações",
    Permission.QUERY: "fazer consultas de crédito",
    Permission.READ_HISTORY: "ver o histórico",
    Permission.NEGATIVATE: "negativar",
    Permission.NEGATIVATE_IN_BULK: "negativar em massa",
    Permission.REMOVE: "remover negativações",
    Permission.MANAGE_HOLDS: "gerir a lista de não negativar",
    Permission.AUDIT: "ver a auditoria",
    Permission.TRANSMIT: "transmitir a fila",
    Permission.RECORD_PAYMENTS: "registrar pagamentos",
}

ROLES: dict[str, frozenset[Permission]] = {
    "administrador": frozenset(Permission),
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
}
"""Named sets of permissions; a host may bring its own."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asked (usuário).

    Args:
        id: stable, as text.
        name: shown in the history.
        permissions: what it may do.
        creditor_ids: the creditors it may see; None for all.
        is_person: False for the system and for a host's hooks. Only a person can ask for a negativation.
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
            raise PermissionDenied(f"Não existe o papel {role!r}. Use um destes: {', '.join(ROLES)}.")
        return cls(actor_id, name, ROLES[role])

    def sees(self, creditor_id: str) -> bool:
        """Tell whether the creditor is within the actor's scope."""
        return self.creditor_ids is None or creditor_id in self.creditor_ids

    def require(self, permission: Permission, creditor_id: str | None = None) -> None:
        """Pass, or refuse.

        Raises:
            PermissionDenied: lacks the permission, or is bound to another creditor.
        """
        if permission not in self.permissions:
            raise PermissionDenied(
                f"{self.name} não tem permissão para {_PORTUGUESE[permission]}. Peça a um administrador.",
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
