"""Negativations for reconciliation: by what the bureau lists, and by when its side was last read."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.derived_columns import adopted_reference
from credit_protection.adapters.storage.sqlalchemy.mappers.negativations import negativation_of
from credit_protection.adapters.storage.sqlalchemy.pages import decode_cursor, read_page
from credit_protection.adapters.storage.sqlalchemy.repositories.due_transmissions import IS_CLAIMABLE, clock_parameters
from credit_protection.adapters.storage.sqlalchemy.repositories.negativation_lists import NEGATIVATION_COLUMNS
from credit_protection.adapters.storage.sqlalchemy.tables import IS_DUE_REMOVAL, NEGATIVATION, is_, is_false
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository, chunks
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.ports.storage import Page, PageRequest, UnseenFilter

_C = NEGATIVATION.c
_OF_INTEGRATION = _C.integration_id == sa.bindparam("integration_id")
_BY_REFERENCES = NEGATIVATION_COLUMNS.where(_C.reference.in_(sa.bindparam("references", expanding=True)))
_BY_BUREAU_IDS = NEGATIVATION_COLUMNS.where(
    _C.bureau_id.is_not(None), _C.bureau_id.in_(sa.bindparam("bureau_ids", expanding=True)), _OF_INTEGRATION
)
_AT = sa.bindparam("at", type_=_C.seen_at.type)
_MARK_SEEN = (
    sa.update(NEGATIVATION).where(_C.id.in_(sa.bindparam("keys", expanding=True)), _C.seen_at < _AT).values(seen_at=_AT)
)
_SEEN_SINCE = sa.select(_C.id).where(_C.id.in_(sa.bindparam("keys", expanding=True)), _C.seen_at >= _AT)
_UNCONFIRMED_OF = NEGATIVATION_COLUMNS.where(
    _C.document.in_(sa.bindparam("documents", expanding=True)),
    _OF_INTEGRATION,
    is_false(_C.is_closed),
    is_(_C.observed, Observed.PRESENT),
    _C.known_at.is_(None),
)
_COUNT_PRESENT = (
    sa.select(_C.document, sa.func.count().label("how_many"))
    .where(
        _C.document.in_(sa.bindparam("documents", expanding=True)),
        _OF_INTEGRATION,
        is_false(_C.is_closed),
        is_(_C.observed, Observed.PRESENT),
    )
    .group_by(_C.document)
)
_HAS_DUE_REMOVAL = (
    sa.select(_C.id)
    .where(IS_DUE_REMOVAL, _C.integration_id.concat("") == sa.bindparam("integration_id"), IS_CLAIMABLE)
    .order_by(_C.deadline, _C.due_at, _C.id)
    .limit(1)
)
"""In the order of the queue's index, which is short; by its plain id SQLite reads all records of the integration."""


class SeenNegativations(Repository):
    """Part of `ports.storage.NegativationRepository`."""

    def find_listed(
        self, integration_id: str, keys: Sequence[tuple[str, str, date | None]], bureau_ids: Sequence[str]
    ) -> Sequence[Negativation]:
        """Negativations, also closed ones, with one of these ids, references or adopted keys."""
        references = {adopted_reference(integration_id, *key) for key in keys} | {key[1] for key in keys}
        found: dict[str, Negativation] = {}
        for some in chunks(sorted(references)):
            for row in self._transaction.rows(_BY_REFERENCES, {"references": some}):
                found[row.id] = negativation_of(row)
        for some in chunks(sorted(set(bureau_ids))):
            parameters = {"bureau_ids": some, "integration_id": integration_id}
            for row in self._transaction.rows(_BY_BUREAU_IDS, parameters):
                found[row.id] = negativation_of(row)
        return list(found.values())

    def mark_seen(self, negativation_ids: Sequence[str], at: datetime) -> None:
        """Store as of when the bureau's side was read about them."""
        for some in chunks(sorted(set(negativation_ids))):
            self._transaction.execute(_MARK_SEEN, {"keys": some, "at": at})

    def seen_since(self, negativation_ids: Sequence[str], at: datetime) -> frozenset[str]:
        """Those of them whose bureau's side was read as of this instant or later."""
        return frozenset(
            row.id
            for some in chunks(sorted(set(negativation_ids)))
            for row in self._transaction.rows(_SEEN_SINCE, {"keys": some, "at": at})
        )

    def unseen(self, wanted: UnseenFilter, page: PageRequest) -> Page[Negativation]:
        """Those whose bureau's side was not read since an instant; the longest ago first."""
        statement = NEGATIVATION_COLUMNS.add_columns(_C.seen_at.label("last_seen_at")).where(*_conditions(wanted))
        if page.after is not None:
            statement = statement.where(sa.tuple_(_C.seen_at, _C.id) > decode_cursor(page.after, _C.seen_at, _C.id))
        statement = statement.order_by(_C.seen_at, _C.id).limit(page.size + 1)
        return read_page(
            self._transaction,
            statement,
            page,
            negativation_of,
            lambda row: (row.last_seen_at.isoformat(), row.id),
        )

    def count_unseen(self, wanted: UnseenFilter) -> int:
        """How many."""
        statement = sa.select(sa.func.count()).select_from(NEGATIVATION).where(*_conditions(wanted))
        row = self._transaction.row(statement)
        return 0 if row is None else int(row[0])

    def unconfirmed_of(self, integration_id: str, documents: Sequence[str]) -> Sequence[Negativation]:
        """Those of these debtors that the bureau never acknowledged."""
        return [
            negativation_of(row)
            for some in chunks(sorted(set(documents)))
            for row in self._transaction.rows(_UNCONFIRMED_OF, {"documents": some, "integration_id": integration_id})
        ]

    def count_present(self, integration_id: str, documents: Sequence[str]) -> Mapping[str, int]:
        """How many records of each of these debtors are believed to be on file."""
        return {
            row.document.value: row.how_many
            for some in chunks(sorted(set(documents)))
            for row in self._transaction.rows(_COUNT_PRESENT, {"documents": some, "integration_id": integration_id})
        }

    def has_due_removal(self, integration_id: str, now: datetime) -> bool:
        """Whether a worker may claim a removal of the integration now."""
        parameters = {**clock_parameters(now), "integration_id": integration_id}
        return self._transaction.row(_HAS_DUE_REMOVAL, parameters) is not None


def _conditions(wanted: UnseenFilter) -> list[sa.ColumnElement[Any]]:
    conditions: list[sa.ColumnElement[Any]] = [
        _C.integration_id == wanted.integration_id,
        is_false(_C.is_closed),
        is_(_C.observed, Observed.ABSENT if wanted.waiting else Observed.PRESENT),
        is_(_C.desired, Desired.INCLUDED),
        _C.claim_until.is_(None),
        _C.observed_since < wanted.stable_before,
    ]
    if wanted.seen_before is not None:
        conditions.append(_C.seen_at < wanted.seen_before)
    if wanted.only_unconfirmed:
        conditions.append(_C.known_at.is_(None))
    return conditions
