"""What the author of an ERP's adapter needs. docs/hosts.md shows a whole adapter.

Subclass `HostErp`, give it to the package by the hook `credit_protection_host`, and prove it with
`credit_protection.testing.HostErpContract`.
"""

from __future__ import annotations

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    LineKind,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj, Cpf, Document, PersonType, parse_document
from credit_protection.domain.errors import HostUnavailable, InvalidInput
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import (
    Entry,
    InvoiceOutcome,
    InvoiceSettlementStatus,
    RemovalClock,
    Reversal,
    Settlement,
    SettlementKind,
    settlement_statuses_of,
)
from credit_protection.ports.host import HostCapabilities, HostErp, OverdueFilter

__all__ = [
    "Address",
    "Cnpj",
    "Cpf",
    "Creditor",
    "Customer",
    "Document",
    "Entry",
    "Hold",
    "HoldKind",
    "HostCapabilities",
    "HostErp",
    "HostUnavailable",
    "InvalidInput",
    "Invoice",
    "InvoiceOutcome",
    "InvoiceSettlementStatus",
    "InvoiceStatus",
    "LineKind",
    "Money",
    "OverdueFilter",
    "PersonType",
    "RemovalClock",
    "Reversal",
    "Settlement",
    "SettlementKind",
    "Subscription",
    "SubscriptionStatus",
    "parse_document",
    "settlement_statuses_of",
]
