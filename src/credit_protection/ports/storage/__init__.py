"""The storage port: units of work over one repository per aggregate. No method runs a query per row."""

from __future__ import annotations

from credit_protection.ports.storage.audit import AuditFilter, AuditRepository, WatermarkRepository
from credit_protection.ports.storage.catalogue import CreditorRepository, IntegrationRepository
from credit_protection.ports.storage.divergences import (
    DivergenceCount,
    DivergenceFilter,
    DivergenceRepository,
    TurnRepository,
)
from credit_protection.ports.storage.negativations import (
    DueTransmission,
    NegativationFilter,
    NegativationRepository,
    OpenDebtor,
    UnseenFilter,
)
from credit_protection.ports.storage.paging import Page, PageRequest
from credit_protection.ports.storage.queries import QueryFilter, QueryRepository
from credit_protection.ports.storage.readings import (
    OpenInvoices,
    ReadingRepository,
    RecheckRepository,
    UnreadableRepository,
)
from credit_protection.ports.storage.settlements import SettlementRepository, Unapplied, WaitingEntries
from credit_protection.ports.storage.units import HostTransactionRetry, Storage, UnitOfWork
from credit_protection.ports.storage.users import UserRepository

__all__ = [
    "AuditFilter",
    "AuditRepository",
    "CreditorRepository",
    "DivergenceCount",
    "DivergenceFilter",
    "DivergenceRepository",
    "DueTransmission",
    "HostTransactionRetry",
    "IntegrationRepository",
    "NegativationFilter",
    "NegativationRepository",
    "OpenDebtor",
    "OpenInvoices",
    "Page",
    "PageRequest",
    "QueryFilter",
    "QueryRepository",
    "ReadingRepository",
    "RecheckRepository",
    "SettlementRepository",
    "Storage",
    "TurnRepository",
    "Unapplied",
    "UnitOfWork",
    "UnreadableRepository",
    "UnseenFilter",
    "UserRepository",
    "WaitingEntries",
    "WatermarkRepository",
]
