"""What could not be read and was left out."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.tables import UNREADABLE
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.unreadable import Unreadable, UnreadableKind

_C = UNREADABLE.c
_LIST = sa.select(UNREADABLE).order_by(_C.host, _C.kind, _C.subject).limit(sa.bindparam("most"))
_OF_KIND = sa.and_(_C.host == sa.bindparam("of_host"), _C.kind == sa.bindparam("of_kind", type_=_C.kind.type))
_SUBJECTS = sa.select(_C.subject).where(_OF_KIND)
_CLEAR = sa.delete(UNREADABLE).where(_OF_KIND, _C.subject == sa.bindparam("of_subject"))


class SqlUnreadable(Repository):
    """`ports.storage.UnreadableRepository`."""

    def add(self, found: Iterable[Unreadable]) -> None:
        """Insert, or replace those of the same subjects."""
        for each in found:
            self._transaction.insert_or_replace(UNREADABLE, unreadable_row(each))

    def list(self, limit: int) -> Sequence[Unreadable]:
        """At most so many, by host, kind and subject."""
        rows = self._transaction.rows(_LIST, {"most": limit})
        return [Unreadable(row.host, row.kind, row.subject, row.reason) for row in rows]

    def keep_only(self, host: str, kind: UnreadableKind, subjects: Iterable[str]) -> int:
        """Delete the others of this host and kind: they were read meanwhile. Returns how many."""
        known = {row.subject for row in self._transaction.rows(_SUBJECTS, {"of_host": host, "of_kind": kind})}
        gone = sorted(known - set(subjects))
        if not gone:
            return 0
        rows = [{"of_host": host, "of_kind": kind, "of_subject": each} for each in gone]
        return self._transaction.execute(_CLEAR, rows)


def unreadable_row(each: Unreadable) -> dict[str, Any]:
    """The row of one of them."""
    return {"host": each.host, "kind": each.kind, "subject": each.subject, "reason": each.reason}
