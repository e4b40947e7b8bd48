"""Divergences between the ERP, this software and the bureau."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.conflicts import divergence_conflict
from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.adapters.storage.sqlalchemy.pages import filtered, read_newest
from credit_protection.adapters.storage.sqlalchemy.tables import DIVERGENCE, NEGATIVATION, TURN, is_
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository, chunks
from credit_protection.domain.divergences import Divergence, DivergenceCode, DivergenceSeverity
from credit_protection.ports.storage import DivergenceCount, DivergenceFilter, Page, PageRequest

_PLAIN = PlainFields(Divergence)
_C = DIVERGENCE.c
_SELECT = sa.select(DIVERGENCE)
_IS_OPEN = _C.closed_at.is_(None)
_ONE = _SELECT.where(_C.id == sa.bindparam("key"))
_OPEN_OF = _SELECT.where(_IS_OPEN, _C.subject.in_(sa.bindparam("subjects", expanding=True)))
_SOUNDS = sa.and_(_IS_OPEN, _C.decision.is_(None), sa.not_(is_(_C.severity, DivergenceSeverity.NOTICE)))
_COUNTS = (
    sa.select(
        _C.integration_id,
        _C.creditor_id,
        _C.code,
        sa.func.max(_C.severity, type_=_C.severity.type).label("severity"),
        sa.func.count().label("how_many"),
        sa.func.min(_C.decide_by, type_=_C.decide_by.type).label("decide_by"),
        sa.func.min(_C.subject).label("example"),
    )
    .where(_SOUNDS)
    .group_by(_C.integration_id, _C.creditor_id, _C.code)
)
_CLOSE_OF_CLOSED = (
    sa.update(DIVERGENCE)
    .where(
        _IS_OPEN,
        sa.not_(is_(_C.code, DivergenceCode.AFTER_REMOVAL)),
        sa.not_(is_(_C.code, DivergenceCode.UNPROVEN_EXIT)),
        _C.negativation_id.in_(sa.select(NEGATIVATION.c.id).where(NEGATIVATION.c.is_closed == sa.true())),
    )
    .values(closed_at=sa.bindparam("now", type_=_C.closed_at.type))
)

_ADD_TURN = sa.insert(TURN).inline()
_COUNT_TURNS = sa.select(sa.func.count().label("how_many")).where(
    TURN.c.integration_id == sa.bindparam("integration_id"),
    TURN.c.at >= sa.bindparam("since", type_=TURN.c.at.type),
    TURN.c.at <= sa.bindparam("until", type_=TURN.c.at.type),
)
_END = datetime(9999, 12, 31, tzinfo=UTC)
_PURGE_TURNS = sa.delete(TURN).where(TURN.c.at < sa.bindparam("before", type_=TURN.c.at.type))


class SqlDivergences(Repository):
    """`ports.storage.DivergenceRepository`."""

    def open_of(self, subjects: Sequence[str]) -> Sequence[Divergence]:
        """The open ones of these subjects."""
        parts = ({"subjects": some} for some in chunks(list(dict.fromkeys(subjects))))
        return [_divergence_of(row) for part in parts for row in self._transaction.rows(_OPEN_OF, part)]

    def get(self, divergence_id: str) -> Divergence:
        """Raises `NotFound`."""
        return _divergence_of(self._required(_ONE, divergence_id, "a divergência"))

    def save_all(self, divergences: Sequence[Divergence]) -> None:
        """Insert, or replace those with the same ids. Raises `Conflict`."""
        in_order = sorted(divergences, key=lambda one: one.closed_at is None)  # a key is free before it is taken
        if rows := [_PLAIN.of(each) for each in in_order]:
            try:
                self._transaction.insert_or_replace(DIVERGENCE, rows)
            except sa.exc.IntegrityError:
                raise divergence_conflict() from None

    def list(self, wanted: DivergenceFilter, page: PageRequest) -> Page[Divergence]:
        """Newest first."""
        conditions = filtered(DIVERGENCE, wanted, "integration_id", "negativation_id", "code")
        if wanted.is_open is not None:
            conditions.append(_IS_OPEN if wanted.is_open else sa.not_(_IS_OPEN))
        if wanted.awaits_person is not None:
            awaits = sa.and_(_IS_OPEN, _C.decision.is_(None))
            conditions.append(awaits if wanted.awaits_person else sa.not_(awaits))
        return read_newest(self._transaction, _SELECT.where(*conditions), _C.opened_at, _C.id, page, _divergence_of)

    def counts(self) -> Sequence[DivergenceCount]:
        """What awaits a person and is no notice, by integration, creditor and code."""
        return [
            DivergenceCount(
                row.integration_id,
                row.creditor_id,
                DivergenceCode(row.code),
                DivergenceSeverity(row.severity),
                row.how_many,
                row.decide_by,
                row.example,
            )
            for row in self._transaction.rows(_COUNTS)
        ]

    def close_of_closed(self, now: datetime) -> int:
        """Close those whose negativation is closed, but what the bureau shows after that. Returns how many."""
        return self._transaction.execute(_CLOSE_OF_CLOSED, {"now": now})


class SqlTurns(Repository):
    """`ports.storage.TurnRepository`."""

    def add(self, integration_id: str, negativation_id: str, at: datetime) -> None:
        """Append."""
        row = {"integration_id": integration_id, "negativation_id": negativation_id, "at": at}
        self._transaction.execute_deferred(_ADD_TURN, [row])

    def count(self, integration_id: str, since: datetime, until: datetime | None = None) -> int:
        """How many of an integration since an instant."""
        parameters = {"integration_id": integration_id, "since": since, "until": until or _END}
        row = self._transaction.row(_COUNT_TURNS, parameters)
        return 0 if row is None else row.how_many

    def purge(self, before: datetime) -> int:
        """Delete those before an instant. Returns how many."""
        return self._transaction.execute(_PURGE_TURNS, {"before": before})


def _divergence_of(row: sa.Row[Any]) -> Divergence:
    return Divergence(**_PLAIN.of(row))
