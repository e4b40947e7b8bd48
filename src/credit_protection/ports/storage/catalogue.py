"""Creditors, integrations and their catalogues."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.integrations import Integration
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product
from credit_protection.domain.reasons import BureauReason


class CreditorRepository(Protocol):
    """The creditors."""

    @abstractmethod
    def save(self, creditor: Creditor) -> None:
        """Insert, or replace the one with this id."""

    @abstractmethod
    def get(self, creditor_id: str) -> Creditor:
        """Raises `NotFound`."""

    @abstractmethod
    def all(self) -> Sequence[Creditor]:
        """All, by id."""


class IntegrationRepository(Protocol):
    """The integrations and their catalogues."""

    @abstractmethod
    def add(self, integration: Integration) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""

    @abstractmethod
    def save(self, integration: Integration) -> None:
        """Replace; `integration.version` is the version that was read, and is incremented. Raises `Conflict`."""

    @abstractmethod
    def get(self, integration_id: str) -> Integration:
        """Raises `NotFound`; deleted ones are still found here."""

    @abstractmethod
    def lock(self, integration_id: str, *, for_deletion: bool = False) -> Integration:
        """As `get`, holding the row until the unit ends; for what is created in it, or for its deletion.

        Many may create at once; a deletion waits for them, and they for it.
        """

    @abstractmethod
    def get_with_creditor(self, integration_id: str, creditor_id: str) -> tuple[Integration, Creditor]:
        """An integration and a creditor, in one read. Raises `NotFound` for either."""

    @abstractmethod
    def all(self, *, with_deleted: bool = False) -> Sequence[Integration]:
        """All, oldest first."""

    @abstractmethod
    def products(self, integration_id: str) -> Sequence[Product]:
        """All products, also hidden and withdrawn ones, in the stored order."""

    @abstractmethod
    def save_products(self, integration_id: str, products: Iterable[Product]) -> None:
        """Replace the list."""

    @abstractmethod
    def natures(self, integration_id: str) -> Sequence[InclusionNature]:
        """The natures, in the bureau's order."""

    @abstractmethod
    def save_natures(self, integration_id: str, natures: Iterable[InclusionNature]) -> None:
        """Replace the list."""

    @abstractmethod
    def reasons(self, integration_id: str) -> Sequence[BureauReason]:
        """The removal reasons, in the bureau's order."""

    @abstractmethod
    def save_reasons(self, integration_id: str, reasons: Iterable[BureauReason]) -> None:
        """Replace the list."""
