"""Lists of negativations."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.derived_columns import QueueName
from credit_protection.adapters.storage.sqlalchemy.mappers.negativations import negativation_of
from credit_protection.adapters.storage.sqlalchemy.pages import (
    decode_cursor,
    filtered,
    read_newest,
    read_page,
)
from credit_protection.adapters.storage.sqlalchemy.tables import NEGATIVATION, is_, is_false, is_true
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.instants import FARTHEST_LEASE, farthest_believed
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage import NegativationFilter, OpenDebtor, Page, PageRequest

_C = NEGATIVATION.c
_DERIVED = {"awaits_person", "desired", "due_date", "is_closed", "queue", "seen_at", "wait_state"}
NEGATIVATION_COLUMNS = sa.select(*(column for column in _C if column.name not in _DERIVED))
"""Without the derived columns, and without the one that reconciliation keeps."""
_COUNT_OPEN = sa.select(sa.func.count()).where(_C.integration_id == sa.bindparam("key"), is_false(_C.is_closed))

_IS_LIVE_OF = sa.and_(_C.integration_id == sa.bindparam("key"), is_false(_C.is_closed))
_HAS_CLAIM = (
    sa.select(_C.id)
    .where(
        _IS_LIVE_OF,
        _C.claim_until > sa.bindparam("now", type_=_C.claim_until.type),
        _C.claim_until <= sa.bindparam("last_lease", type_=_C.claim_until.type),
    )
    .limit(1)
)
_HAS_SENT = sa.select(_C.id).where(_IS_LIVE_OF, sa.not_(is_(_C.observed, Observed.ABSENT))).limit(1)
_STANDING = (
    NEGATIVATION_COLUMNS.where(_IS_LIVE_OF, is_(_C.observed, Observed.PRESENT), _C.known_at.is_not(None))
    .order_by(_C.observed_since.desc(), _C.id)
    .limit(sa.bindparam("most"))
)
_OPEN_DEBTORS = sa.select(
    _C.id,
    _C.customer_id,
    sa.type_coerce(_C.document, sa.Text).label("document"),  # its check digits are not computed again
    _C.due_date,
).where(_IS_LIVE_OF, _C.host == sa.bindparam("host"))
_UNCONFIRM = (
    sa.update(NEGATIVATION)
    .where(_IS_LIVE_OF, _C.known_at.is_not(None))
    .values(known_at=None, is_unconfirmed=sa.true(), version=_C.version + 1)
)

_LOOK_UP_FIRST = sa.case((is_(_C.action, Action.REMOVE), Action.LOOK_UP.value), else_=_C.action)


class NegativationLists(Repository):
    """Part of `ports.storage.NegativationRepository`."""

    def list(self, wanted: NegativationFilter, page: PageRequest) -> Page[Negativation]:
        """Newest first; a removal queue (`in_removal_queue`) earliest deadline first."""
        statement = NEGATIVATION_COLUMNS.where(*_conditions(wanted))
        if not wanted.in_removal_queue:
            return read_newest(self._transaction, statement, _C.created_at, _C.id, page, negativation_of)
        return read_page(
            self._transaction,
            _most_urgent_first(statement, page),
            page,
            negativation_of,
            lambda row: (row.deadline.isoformat(), row.id),
        )

    def count_open(self, integration_id: str) -> int:
        """How many negativations of the integration are not closed."""
        row = self._transaction.row(_COUNT_OPEN, {"key": integration_id})
        return 0 if row is None else int(row[0])

    def has_sent(self, integration_id: str) -> bool:
        """Whether the bureau has, or may have, a record of any open negativation of the integration."""
        return self._transaction.row(_HAS_SENT, {"key": integration_id}) is not None

    def has_claim(self, integration_id: str, now: datetime) -> bool:
        """Whether a worker has a valid lease of any of the integration's transmissions."""
        return (
            self._transaction.row(
                _HAS_CLAIM, {"key": integration_id, "now": now, "last_lease": farthest_believed(now, FARTHEST_LEASE)}
            )
            is not None
        )

    def standing(self, integration_id: str, limit: int) -> Sequence[Negativation]:
        """Open negativations that the bureau acknowledged and that are on file, newest first."""
        rows = self._transaction.rows(_STANDING, {"key": integration_id, "most": limit})
        return [negativation_of(row) for row in rows]

    def due_until(self, integration_id: str, day: date, page: PageRequest) -> Page[Negativation]:
        """Open negativations of the integration whose reported due date is that day or before, the oldest first."""
        statement = NEGATIVATION_COLUMNS.add_columns(_C.due_date.label("reported_due_date")).where(
            _C.integration_id == integration_id, is_false(_C.is_closed), _C.due_date <= day
        )
        return read_page(
            self._transaction,
            _oldest_debt_first(statement, page),
            page,
            negativation_of,
            lambda row: (row.reported_due_date.isoformat(), row.id),
        )

    def open_debtors(self, integration_id: str, host: str, page: PageRequest) -> Page[OpenDebtor]:
        """The debtors of the integration's negativations of the host that are not closed."""
        return read_page(
            self._transaction,
            _oldest_debt_first(_OPEN_DEBTORS.params(key=integration_id, host=host), page),
            page,
            lambda row: OpenDebtor(row.id, row.customer_id, row.document),
            lambda row: (row.due_date.isoformat(), row.id),
        )

    def unconfirm(self, integration_id: str, *, look_up_first: bool) -> int:
        """Make all open negativations of the integration that were acknowledged unconfirmed. Returns how many."""
        statement = _UNCONFIRM.values(action=_LOOK_UP_FIRST) if look_up_first else _UNCONFIRM
        return self._transaction.execute(statement, {"key": integration_id})


def _conditions(wanted: NegativationFilter) -> list[sa.ColumnElement[bool]]:
    conditions = filtered(NEGATIVATION, wanted, "integration_id", "customer_id", "document", "observed")
    if wanted.is_open is not None:
        conditions.append(_C.queue.is_not(None) if wanted.is_open else _C.queue.is_(None))
    if wanted.in_removal_queue is not None:
        conditions.append(_is_or_not(_C.queue, QueueName.REMOVAL, wanted=wanted.in_removal_queue))
    if wanted.blocked is not None:
        conditions.append(is_true(_C.awaits_person) if wanted.blocked else is_false(_C.awaits_person))
    return conditions


def _is_or_not(column: sa.Column[Any], value: str, *, wanted: bool) -> sa.ColumnElement[bool]:
    return is_(column, value) if wanted else sa.or_(column.is_(None), sa.not_(is_(column, value)))


def _oldest_debt_first(statement: sa.Select[Any], page: PageRequest) -> sa.Select[Any]:
    if page.after is not None:
        statement = statement.where(sa.tuple_(_C.due_date, _C.id) > decode_cursor(page.after, _C.due_date, _C.id))
    return statement.order_by(_C.due_date, _C.id).limit(page.size + 1)


def _most_urgent_first(statement: sa.Select[Any], page: PageRequest) -> sa.Select[Any]:
    if page.after is not None:
        statement = statement.where(sa.tuple_(_C.deadline, _C.id) > decode_cursor(page.after, _C.deadline, _C.id))
    return statement.order_by(_C.deadline, _C.id).limit(page.size + 1)
