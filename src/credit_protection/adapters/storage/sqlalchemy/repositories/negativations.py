"""The negativations with their transmissions, and their history."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage import conflicts
from credit_protection.adapters.storage.derived_columns import adopted_reference
from credit_protection.adapters.storage.sqlalchemy.mappers import integrations as integration_mapper
from credit_protection.adapters.storage.sqlalchemy.mappers import negativations as mapper
from credit_protection.adapters.storage.sqlalchemy.pages import decode_cursor, read_page
from credit_protection.adapters.storage.sqlalchemy.repositories.due_transmissions import DueTransmissions
from credit_protection.adapters.storage.sqlalchemy.repositories.negativation_lists import (
    NEGATIVATION_COLUMNS,
    NegativationLists,
)
from credit_protection.adapters.storage.sqlalchemy.repositories.relinked_invoices import RelinkedInvoices
from credit_protection.adapters.storage.sqlalchemy.repositories.seen_negativations import SeenNegativations
from credit_protection.adapters.storage.sqlalchemy.tables import (
    CREDITOR,
    EVENT,
    INCLUSION_REQUEST,
    INTEGRATION,
    NEGATIVATION,
    NEGATIVATION_INVOICE,
    is_false,
)
from credit_protection.adapters.storage.sqlalchemy.transaction import Transaction, chunks
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.events import Event
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.relinking import Relink
from credit_protection.domain.requests import InclusionRequest
from credit_protection.domain.state_table import Desired
from credit_protection.ports.storage import Page, PageRequest

_C = NEGATIVATION.c
_I = NEGATIVATION_INVOICE.c
_ONE = NEGATIVATION_COLUMNS.where(_C.id == sa.bindparam("key"))
_LOCK = _ONE.with_for_update(key_share=True)
_LOCK_IF_FREE = _ONE.with_for_update(key_share=True, skip_locked=True)
_LOCK_FREE = (
    NEGATIVATION_COLUMNS.where(_C.id.in_(sa.bindparam("keys", expanding=True)))
    .order_by(_C.id)
    .with_for_update(key_share=True, skip_locked=True)
)
_EXISTS = sa.select(_C.id).where(_C.id == sa.bindparam("key"))
_REPLACE = sa.update(NEGATIVATION).where(_C.id == sa.bindparam("key"), _C.version == sa.bindparam("read_version"))
_UPDATE_INVOICE_ROWS = sa.update(NEGATIVATION_INVOICE).where(_I.negativation_id == sa.bindparam("key"))
_DELETE = sa.delete(NEGATIVATION).where(_C.id == sa.bindparam("key"))
_DELETE_INVOICE_ROWS = sa.delete(NEGATIVATION_INVOICE).where(_I.negativation_id == sa.bindparam("key"))
_COUNT_INVOICE_ROWS = sa.select(sa.func.count()).where(_I.negativation_id == sa.bindparam("key"))
_REQUEST = sa.select(INCLUSION_REQUEST).where(INCLUSION_REQUEST.c.id == sa.bindparam("key"))
_ADD_EVENTS = sa.insert(EVENT).inline()  # its number is not needed
_HISTORY = sa.select(EVENT).where(EVENT.c.negativation_id == sa.bindparam("key")).order_by(EVENT.c.seq)
_IS_ACTIVE = sa.and_(_I.host == sa.bindparam("host"), is_false(_I.is_closed))
_COVERS = sa.and_(_IS_ACTIVE, _I.invoice_id.in_(sa.bindparam("invoice_ids", expanding=True)))
_COVERS_ONE = sa.and_(_IS_ACTIVE, _I.invoice_id == sa.bindparam("invoice_id"))


def _covering(covers: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        NEGATIVATION_COLUMNS.add_columns(*integration_mapper.JOINED_COLUMNS)
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
_WITH_REFERENCES = NEGATIVATION_COLUMNS.where(_C.reference.in_(sa.bindparam("references", expanding=True)))
_OPEN_INVOICE_IDS = (
    sa.select(_I.invoice_id)
    .distinct()
    .where(_I.host == sa.bindparam("host"), is_false(_I.is_closed))
    .order_by(_I.invoice_id)
    .limit(sa.bindparam("most"))
)


class SqlNegativations(DueTransmissions, NegativationLists, SeenNegativations, RelinkedInvoices):
    """`ports.storage.NegativationRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._known_rows: dict[tuple[str, int], dict[str, Any]] = {}
        """The rows that this unit read or wrote, by id and version: `save` writes only columns that differ."""
        self._read_rows: dict[tuple[str, int], tuple[sa.Row[Any], Negativation]] = {}
        """Those that were only read: most are never saved."""
        self._locked_ids: set[str] = set()
        """Locked since they were read: no other unit can have changed them."""

    def add_request(self, request: InclusionRequest) -> None:
        """Insert the request of a person. Raises `Conflict` where its id exists."""
        if not self._transaction.insert_new(INCLUSION_REQUEST, mapper.request_row(request)):
            raise conflicts.id_conflict("o pedido", request.id)

    def request(self, request_id: str) -> InclusionRequest:
        """Raises `NotFound`."""
        return mapper.request_of(self._required(_REQUEST, request_id, "o pedido"))

    def find_by_bureau_keys(
        self, integration_id: str, keys: Sequence[tuple[str, str, date | None]]
    ) -> Sequence[Negativation]:
        """Negativations, also closed ones, with one of these keys."""
        key_set = set(keys)
        references = {adopted_reference(integration_id, *key) for key in key_set} | {key[1] for key in key_set}
        found = [
            mapper.negativation_of(row)
            for some in chunks(sorted(references))
            for row in self._transaction.rows(_WITH_REFERENCES, {"references": some})
        ]
        return [each for each in found if (each.document.value, each.reference, each.due_date) in key_set]

    def add(self, negativation: Negativation) -> None:
        """Insert a new one, or no row of it; the unit stays usable."""
        key = negativation.id
        row = mapper.negativation_row(negativation)
        if not self._transaction.insert_new(NEGATIVATION, row):
            known = self._transaction.row(_EXISTS, {"key": key})
            if known is None:
                raise conflicts.reference_conflict(negativation.reference)
            raise conflicts.id_conflict("a negativação", key)
        invoices = mapper.invoice_rows(negativation)
        if self._transaction.insert_new(NEGATIVATION_INVOICE, invoices) != len(invoices):
            self._require_invoices(key, len(invoices))
        self._known_rows[negativation.id, negativation.version] = row

    def _require_invoices(self, key: str, expected: int) -> None:
        """Some drivers count only the last of many inserts: count the rows."""
        there = self._transaction.row(_COUNT_INVOICE_ROWS, {"key": key})
        if there is None or there[0] != expected:
            self._transaction.execute(_DELETE_INVOICE_ROWS, {"key": key})
            self._transaction.execute(_DELETE, {"key": key})
            raise conflicts.invoice_conflict(key)

    def save(self, negativation: Negativation) -> None:
        """Replace, and increment the version."""
        row = mapper.negativation_row(negativation)
        if not self._transaction.execute(_REPLACE, _replacing(row, self._changed_columns(row))):
            self.get(negativation.id)
            raise conflicts.version_conflict("a negativação", negativation.id)
        self._sync_invoice_rows([row])

    def relink(self, negativation: Negativation, relinks: Sequence[Relink]) -> None:
        """Replace, with other invoices; the unit must not be committed after a `Conflict`."""
        self.save(negativation)
        self._add_relinks(negativation, relinks)

    def save_all(self, negativations: Sequence[Negativation]) -> None:
        """Replace many, and increment their versions."""
        if not negativations:
            return
        rows = [mapper.negativation_row(negativation) for negativation in negativations]
        changed = set[str]().union(*(self._changed_columns(row) for row in rows))
        replacing = [_replacing(row, changed) for row in rows]
        if all(row["id"] in self._locked_ids and (row["id"], row["version"]) in self._known_rows for row in rows):
            self._transaction.execute_deferred(_REPLACE, replacing)
        elif self._transaction.execute(_REPLACE, replacing) != len(rows):
            raise conflicts.version_conflict("a negativação", ", ".join(row["id"] for row in rows))
        self._sync_invoice_rows(rows)

    def _changed_columns(self, row: dict[str, Any]) -> set[str]:
        """The columns that differ from the row that this unit read; all, where it did not read this version."""
        key = row["id"], row["version"]
        if key in self._read_rows:
            self._known_rows[key] = mapper.row_as_read(*self._read_rows.pop(key))
        before = self._known_rows.get(key, {})
        return {
            name for name, value in row.items() if name != "seen_at" and (name not in before or before[name] != value)
        }

    def _sync_invoice_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        """Copy `desired` and `is_closed` to the invoice rows, where they changed."""
        changes: dict[str, dict[str, Any]] = {}
        for row in rows:
            key, read = row["id"], row["version"]
            before = self._known_rows.pop((key, read), {})
            copied = {name: row[name] for name in ("desired", "is_closed")}
            if copied != {name: before.get(name) for name in copied}:
                changes[key] = copied | {"key": key}
            self._known_rows[key, read + 1] = row | {"version": read + 1}
        if all(copied["is_closed"] or copied["desired"] is Desired.REMOVED for copied in changes.values()):
            if changes:
                self._transaction.execute_deferred(_UPDATE_INVOICE_ROWS, list(changes.values()))
            return
        try:
            self._transaction.execute(_UPDATE_INVOICE_ROWS, list(changes.values()))
        except sa.exc.IntegrityError:
            raise conflicts.invoice_conflict(", ".join(changes)) from None

    def get(self, negativation_id: str) -> Negativation:
        """Raises `NotFound`."""
        return self._read(self._required(_ONE, negativation_id, "a negativação"))

    def lock(self, negativation_id: str, *, skip_locked: bool = False) -> Negativation | None:
        """Read and lock until this unit ends."""
        row = self._transaction.row(_LOCK_IF_FREE if skip_locked else _LOCK, {"key": negativation_id})
        if row is None:
            if skip_locked and self._transaction.row(_EXISTS, {"key": negativation_id}) is not None:
                return None
            raise conflicts.not_found("a negativação", negativation_id)
        return self._read_locked(row)

    def lock_all(self, negativation_ids: Sequence[str]) -> Sequence[Negativation]:
        """Read and lock many; those that are locked elsewhere or don't exist are left out."""
        return [
            self._read_locked(row)
            for some in chunks(sorted(set(negativation_ids)))
            for row in self._transaction.rows(_LOCK_FREE, {"keys": some})
        ]

    def append(self, events: Iterable[Event]) -> None:
        """Add to the history."""
        rows = [mapper.event_row(event) for event in events]
        if rows:
            self._transaction.execute_deferred(_ADD_EVENTS, rows)

    def history(self, negativation_id: str) -> Sequence[Event]:
        """Oldest first."""
        return [mapper.event_of(row) for row in self._transaction.rows(_HISTORY, {"key": negativation_id})]

    def _read(self, row: sa.Row[Any]) -> Negativation:
        negativation = mapper.negativation_of(row)
        self._read_rows[negativation.id, negativation.version] = row, negativation
        return negativation

    def _read_locked(self, row: sa.Row[Any]) -> Negativation:
        self._locked_ids.add(row.id)
        return self._read(row)

    def for_invoices(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """Negativations that are not closed and cover any of the invoices, oldest first."""
        return self._for_invoices(_COVERING, host, invoice_ids, self._read)

    def lock_for_invoices(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """The same, locked; without those that another unit closed while this one waited."""
        if len(invoice_ids) == 1:  # one payment, applied right after its commit
            rows = self._transaction.rows(_LOCK_COVERING_ONE, {"host": host, "invoice_id": invoice_ids[0]})
            found: Sequence[Negativation] = [self._read_with_integration(row, self._read_locked) for row in rows]
        else:
            found = self._for_invoices(_LOCK_COVERING, host, invoice_ids, self._read_locked)
        return [each for each in found if not each.is_closed]

    def _for_invoices(
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
                    found[row.id] = self._read_with_integration(row, read)
        return list(found.values())

    def _read_with_integration(self, row: sa.Row[Any], read: Callable[[sa.Row[Any]], Negativation]) -> Negativation:
        """Keep its integration and creditor too: a decision reads them next."""
        key = row.integration_id, row.creditor_id
        if key not in self._transaction.prefetched_integrations:
            integration, creditor = integration_mapper.integration_in(row), integration_mapper.creditor_in(row)
            if integration is not None and creditor is not None:
                self._transaction.prefetched_integrations[key] = integration, creditor
        return read(row)

    def open_invoices(
        self, host: str, registry: Registry, invoice_ids: Sequence[str], *, except_negativation: str | None = None
    ) -> frozenset[str]:
        """Those of the invoices that are in a negativation of the registry that is not closed (rule 3)."""
        parameters = {"host": host, "registry": registry, "but": except_negativation or ""}
        return frozenset(
            row.invoice_id
            for some in chunks(invoice_ids)
            for row in self._transaction.rows(_OPEN_INVOICES, parameters | {"invoice_ids": some})
        )

    def open_hosts(self) -> Sequence[str]:
        """The hosts of all negativations that are not closed, by code."""
        return self._distinct(_I.host, is_false(_I.is_closed))

    def open_invoice_ids(self, host: str, page: PageRequest) -> Page[str]:
        """Invoices of all negativations that are not closed, by id."""
        statement = _OPEN_INVOICE_IDS.params(host=host, most=page.size + 1)
        if page.after is not None:
            statement = statement.where(sa.tuple_(_I.invoice_id) > decode_cursor(page.after, _I.invoice_id))
        return read_page(self._transaction, statement, page, lambda row: str(row[0]), lambda row: (row[0],))


def _replacing(row: dict[str, Any], changed: Iterable[str]) -> dict[str, Any]:
    written = {name: row[name] for name in changed if name != "id"}
    return written | {"version": row["version"] + 1, "key": row["id"], "read_version": row["version"]}
