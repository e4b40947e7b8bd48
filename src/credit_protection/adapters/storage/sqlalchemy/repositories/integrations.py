"""Creditors, integrations and their catalogues."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage.conflicts import id_conflict, not_found, version_conflict
from credit_protection.adapters.storage.sqlalchemy.mappers import integrations as mapper
from credit_protection.adapters.storage.sqlalchemy.tables import CREDITOR, INTEGRATION, NATURE, PRODUCT, REMOVAL_REASON
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.integrations import Integration
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product
from credit_protection.domain.reasons import BureauReason

_ALL_CREDITORS = sa.select(CREDITOR).order_by(CREDITOR.c.id)
_ONE_CREDITOR = sa.select(CREDITOR).where(CREDITOR.c.id == sa.bindparam("key"))
_ONE = sa.select(INTEGRATION).where(INTEGRATION.c.id == sa.bindparam("key"))
_LOCK = _ONE.with_for_update(read=True, key_share=True)
"""A KEY SHARE: a pause may be written meanwhile, which is an update of other columns."""
_LOCK_FOR_DELETION = _ONE.with_for_update()
_WITH_CREDITOR = (
    sa.select(*mapper.JOINED_COLUMNS)
    .select_from(INTEGRATION)
    .outerjoin(CREDITOR, CREDITOR.c.id == sa.bindparam("creditor_key"))
    .where(INTEGRATION.c.id == sa.bindparam("key"))
)
_ALL = sa.select(INTEGRATION).order_by(INTEGRATION.c.created_at, INTEGRATION.c.id)
_KEPT = _ALL.where(INTEGRATION.c.deleted_at.is_(None))
_REPLACE = sa.update(INTEGRATION).where(
    INTEGRATION.c.id == sa.bindparam("key"), INTEGRATION.c.version == sa.bindparam("read_version")
)


_OF_INTEGRATION = {table: table.c.integration_id == sa.bindparam("key") for table in (PRODUCT, NATURE, REMOVAL_REASON)}
_LIST = {table: sa.select(table).where(which).order_by(table.c.position) for table, which in _OF_INTEGRATION.items()}
_CLEAR = {table: sa.delete(table).where(which) for table, which in _OF_INTEGRATION.items()}


class SqlCreditors(Repository):
    """`ports.storage.CreditorRepository`."""

    def save(self, creditor: Creditor) -> None:
        """Insert, or replace the one with this id."""
        self._transaction.prefetched_integrations.clear()
        self._transaction.insert_or_replace(CREDITOR, mapper.creditor_row(creditor))

    def get(self, creditor_id: str) -> Creditor:
        """Raises `NotFound`."""
        return mapper.creditor_of(self._required(_ONE_CREDITOR, creditor_id, "a empresa"))

    def all(self) -> Sequence[Creditor]:
        """All, by id."""
        return [mapper.creditor_of(row) for row in self._transaction.rows(_ALL_CREDITORS)]


class SqlIntegrations(Repository):
    """`ports.storage.IntegrationRepository`."""

    def add(self, integration: Integration) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""
        if not self._transaction.insert_new(INTEGRATION, mapper.integration_row(integration)):
            raise id_conflict("a integração", integration.id)

    def save(self, integration: Integration) -> None:
        """Replace, and increment the version."""
        self._transaction.prefetched_integrations.clear()
        key, read = integration.id, integration.version
        row = mapper.integration_row(integration) | {"version": read + 1, "key": key, "read_version": read}
        del row["id"]
        if not self._transaction.execute(_REPLACE, row):
            self.get(key)
            raise version_conflict("a integração", key)

    def get(self, integration_id: str) -> Integration:
        """Raises `NotFound`; a deleted one is still found here."""
        return mapper.integration_of(self._required(_ONE, integration_id, "a integração"))

    def lock(self, integration_id: str, *, for_deletion: bool = False) -> Integration:
        """As `get`, holding the row until the unit ends."""
        statement = _LOCK_FOR_DELETION if for_deletion else _LOCK
        return mapper.integration_of(self._required(statement, integration_id, "a integração"))

    def get_with_creditor(self, integration_id: str, creditor_id: str) -> tuple[Integration, Creditor]:
        """Both in one read; in none where they were joined to an earlier row. Raises `NotFound` for either."""
        known = self._transaction.prefetched_integrations.get((integration_id, creditor_id))
        if known is not None:
            return known
        row = self._transaction.row(_WITH_CREDITOR, {"key": integration_id, "creditor_key": creditor_id})
        integration = None if row is None else mapper.integration_in(row)
        if row is None or integration is None:
            raise not_found("a integração", integration_id)
        creditor = mapper.creditor_in(row)
        if creditor is None:
            raise not_found("a empresa", creditor_id)
        return integration, creditor

    def all(self, *, with_deleted: bool = False) -> Sequence[Integration]:
        """All, oldest first."""
        return [mapper.integration_of(row) for row in self._transaction.rows(_ALL if with_deleted else _KEPT)]

    def products(self, integration_id: str) -> Sequence[Product]:
        """All products, in the stored order."""
        return [mapper.product_of(row) for row in self._list(PRODUCT, integration_id)]

    def save_products(self, integration_id: str, products: Iterable[Product]) -> None:
        """Replace the list."""
        self._replace(PRODUCT, integration_id, map(mapper.product_row, products))

    def natures(self, integration_id: str) -> Sequence[InclusionNature]:
        """The natures, in the bureau's order."""
        return [mapper.nature_of(row) for row in self._list(NATURE, integration_id)]

    def save_natures(self, integration_id: str, natures: Iterable[InclusionNature]) -> None:
        """Replace the list."""
        self._replace(NATURE, integration_id, map(mapper.nature_row, natures))

    def reasons(self, integration_id: str) -> Sequence[BureauReason]:
        """The removal reasons, in the bureau's order."""
        return [mapper.reason_of(row) for row in self._list(REMOVAL_REASON, integration_id)]

    def save_reasons(self, integration_id: str, reasons: Iterable[BureauReason]) -> None:
        """Replace the list."""
        self._replace(REMOVAL_REASON, integration_id, map(mapper.reason_row, reasons))

    def _list(self, table: sa.Table, integration_id: str) -> Sequence[sa.Row[Any]]:
        return self._transaction.rows(_LIST[table], {"key": integration_id})

    def _replace(self, table: sa.Table, integration_id: str, rows: Iterable[dict[str, Any]]) -> None:
        self._transaction.execute(_CLEAR[table], {"key": integration_id})
        placed = [row | {"integration_id": integration_id, "position": place} for place, row in enumerate(rows)]
        if placed:
            self._transaction.execute(sa.insert(table), placed)
