"""Due transmissions and expired leases."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.tables import (
    INTEGRATION,
    IS_DUE_INCLUSION,
    IS_DUE_REMOVAL,
    IS_FREE,
    NEGATIVATION,
    is_false,
)
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.instants import FARTHEST_DUE, FARTHEST_LEASE, FARTHEST_PAUSE, SKEW, farthest_believed
from credit_protection.domain.state_table import Action
from credit_protection.ports.storage import DueTransmission

_C = NEGATIVATION.c
_NOW = sa.bindparam("now", type_=_C.due_at.type)
_LAST_DUE = sa.bindparam("last_due", type_=_C.due_at.type)
_LAST_LEASE = sa.bindparam("last_lease", type_=_C.due_at.type)
_IS_PAUSED = sa.and_(  # as `Integration.is_paused`
    INTEGRATION.c.paused_until > _NOW,
    INTEGRATION.c.paused_until <= sa.bindparam("last_pause", type_=_C.due_at.type),
    sa.or_(INTEGRATION.c.paused_at.is_(None), INTEGRATION.c.paused_at <= sa.bindparam("skewed", type_=_C.due_at.type)),
)
_PAUSED = sa.select(INTEGRATION.c.id).where(_IS_PAUSED)
_IS_SUSPENDED = sa.and_(
    _C.action == Action.INCLUDE,
    _C.integration_id.in_(sa.select(INTEGRATION.c.id).where(is_false(INTEGRATION.c.active))),
)
"""Inactive integrations include nothing; earlier inclusions are still looked up, polled and removed."""
_HAS_COME, _IS_TOO_FAR = _C.due_at <= _NOW, _C.due_at > _LAST_DUE
_IS_FREE_NOW = sa.or_(_C.claim_until.is_(None), _C.claim_until <= _NOW, _C.claim_until > _LAST_LEASE)
IS_CLAIMABLE = sa.and_(sa.or_(_HAS_COME, _IS_TOO_FAR), _IS_FREE_NOW)
"""As `domain.transmissions.is_claimable`, by the parameters of `clock_parameters`."""
_DUE = (
    sa.select(_C.id, _C.integration_id, _C.action, _C.deadline, _C.due_at)
    .where(
        _IS_FREE_NOW,
        _C.integration_id.not_in(_PAUSED),
        _C.integration_id.not_in(sa.bindparam("others", expanding=True)),
    )
    .limit(sa.bindparam("most"))
)
_DUE_REMOVALS = _DUE.where(IS_DUE_REMOVAL, sa.or_(_HAS_COME, _IS_TOO_FAR)).order_by(_C.deadline, _C.due_at, _C.id)


def _apart(statement: sa.Select[Any], *conditions: sa.ColumnElement[bool]) -> sa.CompoundSelect[Any]:
    """The statement under each condition, one after the other: each a range of one index, where OR would be none."""
    return sa.union_all(*(sa.select(statement.where(each).subquery()) for each in conditions))


_DUE_INCLUSIONS = _apart(
    _DUE.where(IS_DUE_INCLUSION, sa.not_(_IS_SUSPENDED)).order_by(_C.due_at, _C.id), _HAS_COME, _IS_TOO_FAR
)
_NEXT_FREE = (
    sa.select(_C.due_at)
    .where(IS_FREE, _C.integration_id.not_in(_PAUSED), sa.not_(_IS_SUSPENDED))
    .order_by(_C.due_at)
    .limit(1)
)
_NEXT_PAUSED = (
    sa.select(INTEGRATION.c.paused_until, sa.func.min(_C.due_at, type_=_C.due_at.type).label("due_at"))
    .join(NEGATIVATION, _C.integration_id == INTEGRATION.c.id)
    .where(_IS_PAUSED, IS_FREE)
    .group_by(INTEGRATION.c.id, INTEGRATION.c.paused_until)
)
_NEXT_LEASE = sa.select(_C.claim_until).where(_C.claim_until.is_not(None)).order_by(_C.claim_until).limit(1)
_EXPIRED = _apart(
    sa.select(_C.id).order_by(_C.claim_until, _C.id).limit(sa.bindparam("most")),
    _C.claim_until <= _NOW,
    _C.claim_until > _LAST_LEASE,
)


def clock_parameters(now: datetime) -> dict[str, datetime]:
    """The present, and the last instants that `domain.instants` believes."""
    return {
        "now": now,
        "last_due": farthest_believed(now, FARTHEST_DUE),
        "last_lease": farthest_believed(now, FARTHEST_LEASE),
        "last_pause": farthest_believed(now, FARTHEST_PAUSE),
        "skewed": now + SKEW,
    }


class DueTransmissions(Repository):
    """Part of `ports.storage.NegativationRepository`."""

    def due(self, now: datetime, limit: int, *, except_integrations: Iterable[str] = ()) -> Sequence[DueTransmission]:
        """Transmissions that a worker may claim: removals by deadline, then the rest by `due_at`."""
        parameters = {**clock_parameters(now), "others": list(except_integrations), "most": limit}
        rows = list(self._transaction.rows(_DUE_REMOVALS, parameters))
        if len(rows) < limit:
            left = limit - len(rows)
            rows += self._transaction.rows(_DUE_INCLUSIONS, parameters | {"most": left})[:left]
        return [DueTransmission(row.id, row.integration_id, row.action, row.deadline, row.due_at) for row in rows]

    def next_due_at(self, now: datetime) -> datetime | None:
        """The earliest instant at which a transmission becomes claimable or a lease expires."""
        clock = clock_parameters(now)
        free = self._transaction.row(_NEXT_FREE, clock)
        lease = self._transaction.row(_NEXT_LEASE)
        instants = [max(row.paused_until, row.due_at) for row in self._transaction.rows(_NEXT_PAUSED, clock)]
        instants += [row[0] for row in (free, lease) if row is not None]
        return min(instants, default=None)

    def expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of negativations whose lease expired."""
        return [row.id for row in self._transaction.rows(_EXPIRED, {**clock_parameters(now), "most": limit})][:limit]
