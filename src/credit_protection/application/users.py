"""Who may do what: roles are given to users by an administrator."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from credit_protection.application.host_scope import require_all_creditors
from credit_protection.domain.actors import ADMINISTRATOR, Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.errors import Conflict, NotFound, PermissionDenied
from credit_protection.domain.users import User, checked_user, require_administrator_left
from credit_protection.ports.clock import Clock
from credit_protection.ports.storage import Page, PageRequest, Storage, UnitOfWork


class Users:
    """The use cases about users.

    They bind whom the command line, or another program of ours, identifies. A host that calls the facade with actors of
    its own decides itself what these may do.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def identify(self, user_id: str) -> User | None:
        """The user with this id; None where an administrator never added one. For the program that asks who acts."""
        with self._storage.read_only() as unit:
            return unit.users.find(user_id)

    def has_any(self) -> bool:
        """Whether the installation has its first administrator."""
        with self._storage.read_only() as unit:
            return bool(unit.users.list(PageRequest(1)).items)

    def add_first(self, user_id: str, name: str) -> User:
        """Make who made the installation its first administrator.

        The caller makes sure of that: no actor can have been given the permission yet.

        Raises:
            InvalidInput: the id can't be one.
            PermissionDenied: there are users: one of their administrators adds others.
        """
        with self._storage.unit() as unit:
            unit.users.lock()
            if unit.users.list(PageRequest(1)).items:
                raise PermissionDenied(
                    "Esta instalação já tem usuários. Peça a um administrador: credit-protection users add."
                )
            now = self._clock.now()
            user = checked_user(user_id, frozenset({ADMINISTRATOR}), None, user_id, now)
            self._save(unit, Actor(user_id, name, frozenset()), "user.first", None, user)
            return user

    def list(self, actor: Actor, page: PageRequest = PageRequest()) -> Page[User]:
        """List the users, the newest change first.

        Raises:
            PermissionDenied: the actor may not give roles, or is bound to some creditors.
        """
        require_all_creditors(actor, Permission.MANAGE_USERS)
        with self._storage.read_only() as unit:
            return unit.users.list(page)

    def add(
        self, actor: Actor, user_id: str, roles: Collection[str], creditor_ids: Collection[str] | None = None
    ) -> User:
        """Add a user with roles, or one that was removed again; `creditor_ids` are those it may see, None for all.

        Raises:
            Conflict: the user is active already.
            InvalidInput: the id, a role or the scope can't be one.
            PermissionDenied: the actor may not give roles, or is bound to some creditors.
        """
        require_all_creditors(actor, Permission.MANAGE_USERS)
        with self._storage.unit() as unit:
            unit.users.lock()
            before = unit.users.find(user_id)
            if before is not None and before.active:
                raise Conflict(
                    f"{user_id} já é usuário. Para mudar os seus papéis: credit-protection users role.",
                    code="usuario_existe",
                )
            return self._give(unit, actor, "user.add", before, user_id, roles, creditor_ids)

    def set_roles(
        self, actor: Actor, user_id: str, roles: Collection[str], creditor_ids: Collection[str] | None = None
    ) -> User:
        """Replace the roles of a user, and the creditors that it may see.

        Raises:
            Conflict: it is the last administrator of all creditors, and would not be one any more.
            InvalidInput: a role or the scope can't be one.
            NotFound: there is no such active user.
            PermissionDenied: the actor may not give roles, or is bound to some creditors.
        """
        require_all_creditors(actor, Permission.MANAGE_USERS)
        with self._storage.unit() as unit:
            unit.users.lock()
            return self._give(unit, actor, "user.role", _active(unit, user_id), user_id, roles, creditor_ids)

    def remove(self, actor: Actor, user_id: str) -> User:
        """Take every right from a user, from its next command on; it stays listed.

        Raises:
            Conflict: it is the last administrator of all creditors.
            NotFound: there is no such active user.
            PermissionDenied: the actor may not give roles, or is bound to some creditors.
        """
        require_all_creditors(actor, Permission.MANAGE_USERS)
        with self._storage.unit() as unit:
            unit.users.lock()
            before = _active(unit, user_id)
            after = before.removed(actor.id, self._clock.now())
            require_administrator_left(unit.users.administrators(), after)
            self._save(unit, actor, "user.remove", before, after)
            return after

    def _give(
        self,
        unit: UnitOfWork,
        actor: Actor,
        act: str,
        before: User | None,
        user_id: str,
        roles: Collection[str],
        creditor_ids: Collection[str] | None,
    ) -> User:
        scope = None if creditor_ids is None else frozenset(creditor_ids)
        user = checked_user(user_id, frozenset(roles), scope, actor.id, self._clock.now())
        require_administrator_left(unit.users.administrators(), user)
        self._save(unit, actor, act, before, user)
        return user

    @staticmethod
    def _save(unit: UnitOfWork, actor: Actor, act: str, before: User | None, after: User) -> None:
        at: datetime = after.given_at
        known = {} if before is None else before.described()
        unit.users.save(after)
        unit.audit.add(AuditEntry(at, actor.id, actor.name, act, after.id, before=known, after=after.described()))
        unit.commit()


def _active(unit: UnitOfWork, user_id: str) -> User:
    user = unit.users.find(user_id)
    if user is None or not user.active:
        raise NotFound(
            f"{user_id[:200]} não é usuário. Veja: credit-protection users list.", code="usuario_desconhecido"
        )
    return user
