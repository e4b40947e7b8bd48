"""The negativations with their transmissions, and their history."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from credit_protection.adapters.storage import cursors
from credit_protection.adapters.storage.places import Queue, WaitsFor, adopted_reference
from credit_protection.adapters.storage.refusals import (
    changed_meanwhile,
    exists,
    invoice_taken,
    not_found,
    reference_exists,
)
from credit_protection.adapters.storage.sqlalchemy import setups
from credit_protection.adapters.storage.sqlalchemy.lists import listed, newest_first
from credit_protection.adapters.storage.sqlalchemy.mappers.negativations import (
    event_of,
    event_row,
    invoice_rows,
    negativation_of,
    negativation_row,
    request_of,
    request_row,
)
from credit_protection.adapters.storage.sqlalchemy.tables import (
    CREDITOR,
    EVENT,
    INCLUSION_REQUEST,
    INTEGRATION,
    IS_DUE_INCLUSION,
    IS_DUE_REMOVAL,
    IS_FREE,
    NEGATIVATION,
    NEGATIVATION_INVOICE,
    is_,
    is_false,
)
from credit_protection.adapters.storage.sqlalchemy.transaction import chunks
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.negativations import Action, Desired
from credit_protection.ports.storage import DueTransmission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction
    from credit_protection.domain.capabilities import Registry
    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.requests import InclusionRequest
    from credit_protection.ports.storage import Listed, NegativationFilter, Page

_C = NEGATIVATION.c
_I = NEGATIVATION_INVOICE.c
_DERIVED = {"desired", "is_closed", "queue", "waits_for"}
_SELECT = sa.select(*(column for column in _C if column.name not in _DERIVED))
_ONE = _SELECT.where(_C.id == sa.bindparam("key"))
_LOCK = _ONE.with_for_update(key_share=True)
_LOCK_IF_FREE = _ONE.with_for_update(key_share=True, skip_locked=True)
_LOCK_FREE = (
    _SELECT.where(_C.id.in_(sa.bindparam("keys", expanding=True)))
    .order_by(_C.id)
    .with_for_update(key_share=True, skip_locked=True)
)
_IS_THERE = sa.select(_C.id).where(_C.id == sa.bindparam("key"))
_REPLACE = sa.update(NEGATIVATION).where(_C.id == sa.bindparam("key"), _C.version == sa.bindparam("read_version"))
_PLACE_INVOICES = sa.update(NEGATIVATION_INVOICE).where(_I.negativation_id == sa.bindparam("key"))
_FORGET = sa.delete(NEGATIVATION).where(_C.id == sa.bindparam("key"))
_FORGET_INVOICES = sa.delete(NEGATIVATION_INVOICE).where(_I.negativation_id == sa.bindparam("key"))
_COUNT_INVOICES = sa.select(sa.func.count()).where(_I.negativation_id == sa.bindparam("key"))
_REQUEST = sa.select(INCLUSION_REQUEST).where(INCLUSION_REQUEST.c.id == sa.bindparam("key"))
_ADD_EVENTS = sa.insert(EVENT).inline()  # nobody asks for the number: the database gives it
_HISTORY = sa.select(EVENT).where(EVENT.c.negativation_id == sa.bindparam("key")).order_by(EVENT.c.seq)

_NOW = sa.bindparam("now", type_=_C.due_at.type)
_PAUSED = sa.select(INTEGRATION.c.id).where(INTEGRATION.c.paused_until > _NOW)
_IS_HELD_BACK = sa.and_(
    _C.action == Action.INCLUDE,
    _C.integration_id.in_(sa.select(INTEGRATION.c.id).where(is_false(INTEGRATION.c.active))),
)
"""Inactive integrations include nothing; what was sent before is still looked up, polled and removed."""
_DUE = (
    sa.select(_C.id, _C.integration_id, _C.action, _C.deadline, _C.due_at)
    .where(
        _C.due_at <= _NOW,
        sa.or_(_C.claim_until.is_(None), _C.claim_until <= _NOW),
        _C.integration_id.not_in(_PAUSED),
        _C.integration_id.not_in(sa.bindparam("others", expanding=True)),
    )
    .limit(sa.bindparam("most"))
)
_DUE_REMOVALS = _DUE.where(IS_DUE_REMOVAL).order_by(_C.deadline, _C.due_at, _C.id)
_DUE_INCLUSIONS = _DUE.where(IS_DUE_INCLUSION, sa.not_(_IS_HELD_BACK)).order_by(_C.due_at, _C.id)
_NEXT_FREE = (
    sa.select(_C.due_at)
    .where(IS_FREE, _C.integration_id.not_in(_PAUSED), sa.not_(_IS_HELD_BACK))
    .order_by(_C.due_at)
    .limit(1)
)
_NEXT_PAUSED = (
    sa.select(INTEGRATION.c.paused_until, sa.func.min(_C.due_at, type_=_C.due_at.type).label("due_at"))
    .join(NEGATIVATION, _C.integration_id == INTEGRATION.c.id)
    .where(INTEGRATION.c.paused_until > _NOW, IS_FREE)
    .group_by(INTEGRATION.c.id, INTEGRATION.c.paused_until)
)
_NEXT_LEASE = sa.select(_C.claim_until).where(_C.claim_until.is_not(None)).order_by(_C.claim_until).limit(1)
_EXPIRED = sa.select(_C.id).where(_C.claim_until <= _NOW).order_by(_C.claim_until, _C.id).limit(sa.bindparam("most"))
_STANDS = sa.and_(_I.host == sa.bindparam("host"), is_false(_I.is_closed))
_COVERS = sa.and_(_STANDS, _I.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True)))
_COVERS_ONE = sa.and_(_STANDS, _I.invoice_id == sa.bindparam("invoice_id"))


def _covering(covers: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        _SELECT.add_columns(*setups.COLUMNS)
        .select_from(NEGATIVATION)
        .outerjoin(INTEGRATION, INTEGRATION.c.id == _C.integration_id)
        .outerjoin(CREDITOR, CREDITOR.c.id == _C.creditor_id)
        .where(_C.id.in_(sa.select(_I.negativation_id).where(covers)))
        .order_by(_C.created_at, _C.id)
    )


def _locked(statement: sa.Select[Any]) -> sa.Select[Any]:
    return statement.with_for_update(key_share=True, of=NEGATIVATION)


_COVERING = _covering(_COVERS)
_LOCK_COVERING = _locked(_COVERING)
_LOCK_COVERING_ONE = _locked(_covering(_COVERS_ONE))
_OPEN_INVOICES = sa.select(_I.invoice_id).where(
    _COVERS,
    _I.registry == sa.bindparam("registry", type_=_I.registry.type),
    _I.negativation_id != sa.bindparam("but"),
)
_COUNT_OPEN = sa.select(sa.func.count()).where(_C.integration_id == sa.bindparam("key"), is_false(_C.is_closed))
_WITH_REFERENCES = _SELECT.where(_C.reference.in_(sa.bindparam("references", expanding=True)))
_OPEN_INVOICE_IDS = (
    sa.select(_I.invoice_id)
    .distinct()
    .where(_I.host == sa.bindparam("host"), _I.invoice_id > sa.bindparam("last"), is_false(_I.is_closed))
    .order_by(_I.invoice_id)
    .limit(sa.bindparam("most"))
)


class SqlNegativations:
    """`ports.storage.NegativationRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._stored: dict[tuple[str, int], dict[str, Any]] = {}
        """The rows that this unit knows, by id and version: what stays the same is not written again."""
        self._held: set[str] = set()
        """Those that it holds since it read them: nobody else can have changed them."""

    # -------------------------------------------------------------------------------------------- requests

    def add_request(self, request: InclusionRequest) -> None:
        """Insert the request of a person. Raises `Conflict` where its id exists."""
        if not self._transaction.insert_new(INCLUSION_REQUEST, request_row(request)):
            raise exists("o pedido", request.id)

    def request(self, request_id: str) -> InclusionRequest:
        """Raises `NotFound`."""
        row = self._transaction.row(_REQUEST, {"key": request_id})
        if row is None:
            raise not_found("o pedido", request_id)
        return request_of(row)

    # -------------------------------------------------------------------------------------------- one by one

    def with_keys(self, integration_id: str, keys: Sequence[tuple[str, str, date | None]]) -> Sequence[Negativation]:
        """Those, closed ones too, that have one of these keys at the bureau."""
        wanted = set(keys)
        references = {adopted_reference(integration_id, *key) for key in wanted} | {key[1] for key in wanted}
        found = [
            negativation_of(row)
            for some in chunks(sorted(references))
            for row in self._transaction.rows(_WITH_REFERENCES, {"references": some})
        ]
        return [each for each in found if (each.document.value, each.reference, each.due_date) in wanted]

    def add(self, negativation: Negativation) -> None:
        """Insert a new one. Nothing of it stays where that is refused, and the unit remains usable."""
        key = negativation.id
        if not self._transaction.insert_new(NEGATIVATION, negativation_row(negativation)):
            known = self._transaction.row(_IS_THERE, {"key": key})
            raise reference_exists(negativation.reference) if known is None else exists("a negativação", key)
        invoices = invoice_rows(negativation)
        if self._transaction.insert_new(NEGATIVATION_INVOICE, invoices) != len(invoices):
            self._require_invoices(key, len(invoices))
        self._remember(negativation)

    def _require_invoices(self, key: str, expected: int) -> None:
        """Some drivers count only the last of many inserts: count what is there."""
        there = self._transaction.row(_COUNT_INVOICES, {"key": key})
        if there is None or there[0] != expected:
            self._transaction.change(_FORGET_INVOICES, {"key": key})
            self._transaction.change(_FORGET, {"key": key})
            raise invoice_taken(key)

    def save(self, negativation: Negativation) -> None:
        """Replace, one version on."""
        row = negativation_row(negativation)
        if not self._transaction.change(_REPLACE, _replacing(row, self._changed(row))):
            self.get(negativation.id)
            raise changed_meanwhile("a negativação", negativation.id)
        self._place_anew([row])

    def save_all(self, negativations: Sequence[Negativation]) -> None:
        """Replace many, one version on."""
        if not negativations:
            return
        rows = [negativation_row(negativation) for negativation in negativations]
        changed = set[str]().union(*(self._changed(row) for row in rows))
        replacing = [_replacing(row, changed) for row in rows]
        if all(row["id"] in self._held and (row["id"], row["version"]) in self._stored for row in rows):
            self._transaction.change_later(_REPLACE, replacing)
        elif self._transaction.change(_REPLACE, replacing) != len(rows):
            raise changed_meanwhile("a negativação", ", ".join(row["id"] for row in rows))
        self._place_anew(rows)

    def _changed(self, row: dict[str, Any]) -> set[str]:
        """The columns that differ from what this unit read; all, where it did not read this version."""
        before = self._stored.get((row["id"], row["version"]), {})
        return {name for name, value in row.items() if name not in before or before[name] != value}

    def _place_anew(self, rows: Sequence[dict[str, Any]]) -> None:
        """Let the invoice rows say what the saved rows say, where that changed."""
        places: dict[str, dict[str, Any]] = {}
        for row in rows:
            key, read = row["id"], row["version"]
            before = self._stored.pop((key, read), {})
            place = {name: row[name] for name in ("desired", "is_closed")}
            if place != {name: before.get(name) for name in place}:
                places[key] = place | {"key": key}
            self._stored[key, read + 1] = row | {"version": read + 1}
        if all(place["is_closed"] or place["desired"] is Desired.REMOVED for place in places.values()):
            if places:
                self._transaction.change_later(_PLACE_INVOICES, list(places.values()))
            return
        try:
            self._transaction.change(_PLACE_INVOICES, list(places.values()))
        except sa.exc.IntegrityError:
            raise invoice_taken(", ".join(places)) from None

    def get(self, negativation_id: str) -> Negativation:
        """Raises `NotFound`."""
        row = self._transaction.row(_ONE, {"key": negativation_id})
        if row is None:
            raise not_found("a negativação", negativation_id)
        return self._read(row)

    def lock(self, negativation_id: str, *, skip_locked: bool = False) -> Negativation | None:
        """Read for changing: nobody else changes it before this unit ends."""
        row = self._transaction.row(_LOCK_IF_FREE if skip_locked else _LOCK, {"key": negativation_id})
        if row is None:
            if skip_locked and self._transaction.row(_IS_THERE, {"key": negativation_id}) is not None:
                return None
            raise not_found("a negativação", negativation_id)
        return self._hold(row)

    def lock_all(self, negativation_ids: Sequence[str]) -> Sequence[Negativation]:
        """Read many for changing; those that others hold, or that do not exist, are left out."""
        return [
            self._hold(row)
            for some in chunks(sorted(set(negativation_ids)))
            for row in self._transaction.rows(_LOCK_FREE, {"keys": some})
        ]

    def append(self, events: Iterable[Event]) -> None:
        """Add to the history."""
        rows = [event_row(event) for event in events]
        if rows:
            self._transaction.change_later(_ADD_EVENTS, rows)

    def history(self, negativation_id: str) -> Sequence[Event]:
        """Oldest first."""
        return [event_of(row) for row in self._transaction.rows(_HISTORY, {"key": negativation_id})]

    def _read(self, row: sa.Row[Any]) -> Negativation:
        return self._remember(negativation_of(row))

    def _hold(self, row: sa.Row[Any]) -> Negativation:
        self._held.add(row.id)
        return self._read(row)

    def _remember(self, negativation: Negativation) -> Negativation:
        self._stored[negativation.id, negativation.version] = negativation_row(negativation)
        return negativation

    # -------------------------------------------------------------------------------------------- lists

    def list(self, wanted: NegativationFilter, page: Page) -> Listed[Negativation]:
        """Newest first; a removal queue (`in_removal_queue`) earliest deadline first."""
        statement = _SELECT.where(*_conditions(wanted))
        if wanted.in_removal_queue:
            return listed(
                self._transaction,
                _most_urgent_first(statement, page),
                page,
                negativation_of,
                lambda row: (row.deadline.isoformat(), row.id),
            )
        return listed(
            self._transaction,
            newest_first(statement, _C.created_at, _C.id, page),
            page,
            negativation_of,
            lambda row: (row.created_at.isoformat(), row.id),
        )

    # -------------------------------------------------------------------------------------------- the work

    def due(self, now: datetime, limit: int, *, except_integrations: Iterable[str] = ()) -> Sequence[DueTransmission]:
        """Transmissions that a worker may claim now: removals by deadline, then the rest by `due_at`."""
        wanted = {"now": now, "others": list(except_integrations), "most": limit}
        rows = list(self._transaction.rows(_DUE_REMOVALS, wanted))
        if len(rows) < limit:
            rows += self._transaction.rows(_DUE_INCLUSIONS, wanted | {"most": limit - len(rows)})
        return [DueTransmission(row.id, row.integration_id, row.action, row.deadline, row.due_at) for row in rows]

    def next_due_at(self, now: datetime) -> datetime | None:
        """The earliest instant at which something becomes claimable or a lease runs out."""
        free = self._transaction.row(_NEXT_FREE, {"now": now})
        lease = self._transaction.row(_NEXT_LEASE)
        instants = [max(row.paused_until, row.due_at) for row in self._transaction.rows(_NEXT_PAUSED, {"now": now})]
        instants += [row[0] for row in (free, lease) if row is not None]
        return min(instants, default=None)

    def expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of negativations whose lease ran out."""
        return [row.id for row in self._transaction.rows(_EXPIRED, {"now": now, "most": limit})]

    # -------------------------------------------------------------------------------------------- by invoice

    def covering(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """Negativations that are not closed and cover any of the invoices, oldest first."""
        return self._covering(_COVERING, host, invoice_ids, self._read)

    def lock_covering(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """The same, read for changing: without those that whoever held them closed, while this one waited."""
        if len(invoice_ids) == 1:  # the one payment that is decided upon right after its commit
            rows = self._transaction.rows(_LOCK_COVERING_ONE, {"host": host, "invoice_id": invoice_ids[0]})
            found: Sequence[Negativation] = [self._read_along(row, self._hold) for row in rows]
        else:
            found = self._covering(_LOCK_COVERING, host, invoice_ids, self._hold)
        return [each for each in found if not each.is_closed]

    def _covering(
        self,
        statement: sa.Select[Any],
        host: str,
        invoice_ids: Sequence[str],
        read: Callable[[sa.Row[Any]], Negativation],
    ) -> Sequence[Negativation]:
        found: dict[str, Negativation] = {}
        for some in chunks(invoice_ids):
            for row in self._transaction.rows(statement, {"host": host, "invoice_ids": some}):
                if row.id not in found:
                    found[row.id] = self._read_along(row, read)
        return list(found.values())

    def _read_along(self, row: sa.Row[Any], read: Callable[[sa.Row[Any]], Negativation]) -> Negativation:
        """With its integration and creditor: whoever decides asks for them next."""
        key = row.integration_id, row.creditor_id
        if key not in self._transaction.along:
            integration, creditor = setups.integration_in(row), setups.creditor_in(row)
            if integration is not None and creditor is not None:
                self._transaction.along[key] = integration, creditor
        return read(row)

    def open_invoices(
        self, host: str, registry: Registry, invoice_ids: Sequence[str], *, except_negativation: str | None = None
    ) -> frozenset[str]:
        """Those of the invoices that are in a negativation of the registry that is not closed (rule 3)."""
        wanted = {"host": host, "registry": registry, "but": except_negativation or ""}
        return frozenset(
            row.invoice_id
            for some in chunks(invoice_ids)
            for row in self._transaction.rows(_OPEN_INVOICES, wanted | {"invoice_ids": some})
        )

    def count_open(self, integration_id: str) -> int:
        """How many negativations of the integration are not closed."""
        row = self._transaction.row(_COUNT_OPEN, {"key": integration_id})
        return 0 if row is None else int(row[0])

    def open_invoice_ids(self, host: str, page: Page) -> Listed[str]:
        """Invoices of all negativations that are not closed, by id."""
        last = "" if page.after is None else cursors.decode(page.after, 1)[0]
        statement = _OPEN_INVOICE_IDS.params(host=host, last=last, most=page.size + 1)
        return listed(self._transaction, statement, page, lambda row: str(row[0]), lambda row: (row[0],))


def _replacing(row: dict[str, Any], changed: Iterable[str]) -> dict[str, Any]:
    written = {name: row[name] for name in changed if name != "id"}
    return written | {"version": row["version"] + 1, "key": row["id"], "read_version": row["version"]}


def _conditions(wanted: NegativationFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.creditor_ids is not None:
        conditions.append(_C.creditor_id.in_(sorted(wanted.creditor_ids)))
    if wanted.is_open is not None:
        conditions.append(_C.queue.is_not(None) if wanted.is_open else _C.queue.is_(None))
    if wanted.in_removal_queue is not None:
        conditions.append(_is_or_not(_C.queue, Queue.REMOVAL, wanted=wanted.in_removal_queue))
    if wanted.blocked is not None:
        conditions.append(_is_or_not(_C.waits_for, WaitsFor.PERSON, wanted=wanted.blocked))
    conditions += [
        column == value
        for column, value in (
            (_C.integration_id, wanted.integration_id),
            (_C.customer_id, wanted.customer_id),
            (_C.document, wanted.document),
            (_C.observed, wanted.observed),
        )
        if value is not None
    ]
    return conditions


def _is_or_not(column: sa.Column[Any], value: str, *, wanted: bool) -> sa.ColumnElement[bool]:
    return is_(column, value) if wanted else sa.or_(column.is_(None), sa.not_(is_(column, value)))


def _most_urgent_first(statement: sa.Select[Any], page: Page) -> sa.Select[Any]:
    if page.after is not None:
        text, last = cursors.decode(page.after, 2)
        try:
            deadline = date.fromisoformat(text)
        except ValueError:
            raise InvalidInput("A página pedida não existe mais. Volte ao início da lista.", field="page") from None
        after = sa.tuple_(sa.literal(deadline, _C.deadline.type), sa.literal(last, _C.id.type))
        statement = statement.where(sa.tuple_(_C.deadline, _C.id) > after)
    return statement.order_by(_C.deadline, _C.id).limit(page.size + 1)
