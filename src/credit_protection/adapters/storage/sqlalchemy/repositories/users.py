"""The users of an installation."""

from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.adapters.storage.sqlalchemy.pages import read_newest
from credit_protection.adapters.storage.sqlalchemy.tables import USER, is_true
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.users import User
from credit_protection.ports.storage import Page, PageRequest

_PLAIN = PlainFields(User, without=("roles", "creditor_ids"))
_C = USER.c
_SELECT = sa.select(USER)
_ONE = _SELECT.where(_C.id == sa.bindparam("key"))
_ADMINISTRATORS = sa.select(_C.id).where(is_true(_C.administers))
_LOCK_KEY = 0x63705F7573657273  # "cp_users"
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY))


class SqlUsers(Repository):
    """`ports.storage.UserRepository`."""

    def lock(self) -> None:
        """An advisory lock on PostgreSQL; on SQLite a writing unit has the database to itself."""
        if self._transaction.dialect.name == "postgresql":
            self._transaction.rows(_LOCK)

    def find(self, user_id: str) -> User | None:
        """None where there is none."""
        row = self._transaction.row(_ONE, {"key": user_id})
        return None if row is None else _user_of(row)

    def save(self, user: User) -> None:
        """Insert, or replace the one with this id."""
        self._transaction.insert_or_replace(USER, _row_of(user))

    def administrators(self) -> frozenset[str]:
        """The ids of those who may give roles."""
        return frozenset(row.id for row in self._transaction.rows(_ADMINISTRATORS))

    def list(self, page: PageRequest) -> Page[User]:
        """All, the newest change first."""
        return read_newest(self._transaction, _SELECT, _C.given_at, _C.id, page, _user_of)


def _row_of(user: User) -> dict[str, Any]:
    creditor_ids = None if user.creditor_ids is None else sorted(user.creditor_ids)
    own = {"roles": sorted(user.roles), "creditor_ids": creditor_ids, "administers": user.administers}
    return _PLAIN.of(user) | own


def _user_of(row: sa.Row[Any]) -> User:
    creditor_ids = None if row.creditor_ids is None else frozenset(row.creditor_ids)
    return User(**_PLAIN.of(row), roles=frozenset(row.roles), creditor_ids=creditor_ids)
