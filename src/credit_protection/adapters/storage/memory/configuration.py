"""Creditors, integrations and what each bureau sells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credit_protection.adapters.storage.refusals import changed_meanwhile, exists, not_found

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from credit_protection.adapters.storage.memory.tables import Views
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.products import Product
    from credit_protection.domain.reasons import BureauReason


class MemoryCreditors:
    """`ports.storage.CreditorRepository`."""

    def __init__(self, tables: Views) -> None:
        self._tables = tables

    def save(self, creditor: Creditor) -> None:
        """Insert, or replace the one with this id."""
        self._tables.creditors.put(creditor.id, creditor)

    def get(self, creditor_id: str) -> Creditor:
        """Raises `NotFound`."""
        creditor = self._tables.creditors.get(creditor_id)
        if creditor is None:
            raise not_found("a empresa", creditor_id)
        return creditor

    def all(self) -> Sequence[Creditor]:
        """All, by id."""
        return sorted(self._tables.creditors.values(), key=lambda each: each.id)


class MemoryIntegrations:
    """`ports.storage.IntegrationRepository`."""

    def __init__(self, tables: Views) -> None:
        self._tables = tables

    def add(self, integration: Integration) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""
        if self._tables.integrations.get(integration.id) is not None:
            raise exists("a integração", integration.id)
        self._tables.integrations.put(integration.id, integration)

    def save(self, integration: Integration) -> None:
        """Replace, one version on."""
        if self.get(integration.id).version != integration.version:
            raise changed_meanwhile("a integração", integration.id)
        self._tables.integrations.put(integration.id, replace(integration, version=integration.version + 1))

    def get(self, integration_id: str) -> Integration:
        """Raises `NotFound`; a deleted one is still found here."""
        integration = self._tables.integrations.get(integration_id)
        if integration is None:
            raise not_found("a integração", integration_id)
        return integration

    def with_creditor(self, integration_id: str, creditor_id: str) -> tuple[Integration, Creditor]:
        """Both. Raises `NotFound` for either."""
        return self.get(integration_id), MemoryCreditors(self._tables).get(creditor_id)

    def all(self, *, with_deleted: bool = False) -> Sequence[Integration]:
        """All, oldest first."""
        kept = [each for each in self._tables.integrations.values() if with_deleted or each.deleted_at is None]
        return sorted(kept, key=lambda each: (each.created_at, each.id))

    def products(self, integration_id: str) -> Sequence[Product]:
        """All products, in the stored order."""
        return list(self._tables.products.get(integration_id) or ())

    def save_products(self, integration_id: str, products: Iterable[Product]) -> None:
        """Replace the list."""
        self._tables.products.put(integration_id, tuple(products))

    def natures(self, integration_id: str) -> Sequence[InclusionNature]:
        """The natures, in the bureau's order."""
        return list(self._tables.natures.get(integration_id) or ())

    def save_natures(self, integration_id: str, natures: Iterable[InclusionNature]) -> None:
        """Replace the list."""
        self._tables.natures.put(integration_id, tuple(natures))

    def reasons(self, integration_id: str) -> Sequence[BureauReason]:
        """The removal reasons, in the bureau's order."""
        return list(self._tables.reasons.get(integration_id) or ())

    def save_reasons(self, integration_id: str, reasons: Iterable[BureauReason]) -> None:
        """Replace the list."""
        self._tables.reasons.put(integration_id, tuple(reasons))
