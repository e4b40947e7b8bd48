"""Users: who has which roles. An administrator gives them; the first one is who made the installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from credit_protection.domain.actors import ADMINISTRATOR, ROLES, WORKER, Actor
from credit_protection.domain.errors import Conflict, InvalidInput, PermissionDenied

LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class User:
    """What an administrator gave a person or a program.

    Args:
        id: the actor's: `os:` and the login at the operating system, or the host's id of the user.
        roles: of `ROLES`; none, or one that this version does not know, gives nothing.
        creditor_ids: the creditors it may see; None for all.
        active: False once an administrator has removed it.
        given_by: id of the actor who gave the roles last.
        given_at: when.
    """

    id: str
    roles: frozenset[str]
    creditor_ids: frozenset[str] | None
    active: bool
    given_by: str
    given_at: datetime

    @property
    def administers(self) -> bool:
        """Whether it may give roles: an active administrator of all creditors."""
        return self.active and ADMINISTRATOR in self.roles and self.creditor_ids is None

    def actor(self, name: str) -> Actor:
        """The user as an actor; a removed one has no permission."""
        known = frozenset(
            permission for role in self.roles if self.active for permission in ROLES.get(role, frozenset())
        )
        return Actor(self.id, name, known, self.creditor_ids, is_person=self.roles != {WORKER})

    def removed(self, by: str, at: datetime) -> User:
        """Without any right from now on."""
        return replace(self, active=False, given_by=by, given_at=at)

    def described(self) -> Mapping[str, str]:
        """For the audit trail."""
        creditors = "all" if self.creditor_ids is None else ", ".join(sorted(self.creditor_ids))
        return {"roles": ", ".join(sorted(self.roles)) if self.active else "", "creditors": creditors}


def checked_user(
    user_id: str, roles: frozenset[str], creditor_ids: frozenset[str] | None, given_by: str, at: datetime
) -> User:
    """A user with these roles.

    Raises:
        InvalidInput: the id is empty, too long, or has blanks or characters that can't be shown; no role is given; a
            role is unknown; the scope is empty.
    """
    if not user_id or any(map(str.isspace, user_id)) or len(user_id) > LONGEST_ID or not user_id.isprintable():
        raise InvalidInput(
            f"Diga o usuário: de 1 a {LONGEST_ID} caracteres que se possam ler, sem espaços.",
            field="user",
            code="usuario",
        )
    if unknown := sorted(roles - ROLES.keys()):
        raise InvalidInput(
            f"Não existe o papel {unknown[0][:40]!r}. Use um destes: {', '.join(ROLES)}.", field="role", code="papel"
        )
    if not roles:
        raise InvalidInput(f"Diga ao menos um papel: {', '.join(ROLES)}.", field="role", code="papel")
    if creditor_ids is not None and not (creditor_ids and all(creditor_ids)):
        raise InvalidInput("Diga ao menos uma empresa, ou nenhuma para todas.", field="creditor", code="empresa")
    return User(user_id, roles, creditor_ids, active=True, given_by=given_by, given_at=at)


def require_administrator_left(administrators: frozenset[str], changed: User) -> None:
    """Require that someone can still give roles after a change.

    Args:
        administrators: the ids of those who may give roles now.
        changed: the user as it would be.

    Raises:
        Conflict: the change takes the rights of the last one.
    """
    if not changed.administers and administrators == {changed.id}:
        raise Conflict(
            f"{changed.id} é o último administrador de todas as empresas. Dê antes este papel a outro usuário.",
            code="ultimo_administrador",
        )


def lowered(actor: Actor, limits: tuple[str, ...]) -> Actor:
    """The actor with those of its permissions that each of these roles has too: a limit never adds one.

    Raises:
        PermissionDenied: a limit is blank or no role.
    """
    for role in limits:
        if role not in ROLES:
            named = f"O papel {role!r} não existe" if role.strip() else "O papel está em branco"
            raise PermissionDenied(
                f"{named}: assim {actor.name} não pode nada. Use um destes em CREDIT_PROTECTION_ROLE (ou em role, no "
                f"arquivo), ou tire-o de lá: {', '.join(ROLES)}."
            )
        actor = replace(actor, permissions=actor.permissions & ROLES[role])
    return actor
