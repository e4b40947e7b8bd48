"""Lists of negativations."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.derived_columns import QueueName, WaitState
from credit_protection.adapters.storage.sqlalchemy.mappers.negativations import negativation_of
from credit_protection.adapters.storage.sqlalchemy.pages import (
    decode_cursor,
    filtered,
    read_newest,
    read_page,
    unknown_cursor,
)
from credit_protection.adapters.storage.sqlalchemy.tables import NEGATIVATION, is_, is_false
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.negativations import Negativation
from credit_protection.ports.storage import NegativationFilter, Page, PageRequest

_C = NEGATIVATION.c
_DERIVED = {"desired", "is_closed", "queue", "wait_state"}
NEGATIVATION_COLUMNS = sa.select(*(column for column in _C if column.name not in _DERIVED))
"""Without the derived columns."""
_COUNT_OPEN = sa.select(sa.func.count()).where(_C.integration_id == sa.bindparam("key"), is_false(_C.is_closed))


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


def _conditions(wanted: NegativationFilter) -> list[sa.ColumnElement[bool]]:
    conditions = filtered(NEGATIVATION, wanted, "integration_id", "customer_id", "document", "observed")
    if wanted.is_open is not None:
        conditions.append(_C.queue.is_not(None) if wanted.is_open else _C.queue.is_(None))
    if wanted.in_removal_queue is not None:
        conditions.append(_is_or_not(_C.queue, QueueName.REMOVAL, wanted=wanted.in_removal_queue))
    if wanted.blocked is not None:
        conditions.append(_is_or_not(_C.wait_state, WaitState.PERSON, wanted=wanted.blocked))
    return conditions


def _is_or_not(column: sa.Column[Any], value: str, *, wanted: bool) -> sa.ColumnElement[bool]:
    return is_(column, value) if wanted else sa.or_(column.is_(None), sa.not_(is_(column, value)))


def _most_urgent_first(statement: sa.Select[Any], page: PageRequest) -> sa.Select[Any]:
    if page.after is not None:
        text, last = decode_cursor(page.after, 2)
        try:
            deadline = date.fromisoformat(text)
        except ValueError:
            raise unknown_cursor() from None
        after = sa.tuple_(sa.literal(deadline, _C.deadline.type), sa.literal(last, _C.id.type))
        statement = statement.where(sa.tuple_(_C.deadline, _C.id) > after)
    return statement.order_by(_C.deadline, _C.id).limit(page.size + 1)
