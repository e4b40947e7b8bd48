"""Credit protection for ERPs: credit queries, negativation, and removal by itself when the debt is paid.

This module has what a host's code calls: the facade, the actor, requests and results, errors, and the plugin hooks. Its
names are imported when they are first used: importing it loads no adapter, no SQLAlchemy, no httpx and no container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection._lazy import lazy_names
from credit_protection.facade import CreditProtection
from credit_protection.plugins import hookimpl, plugin_manager

if TYPE_CHECKING:
    from credit_protection.application.alarms import WaitReason
    from credit_protection.application.host_identity import HostState
    from credit_protection.application.negativations import NegativationRequest, Preview
    from credit_protection.application.payments import ApplyResult, RecordResult
    from credit_protection.application.reconciliation import HoldState, ReconciliationSummary
    from credit_protection.application.sweep import SweepResult
    from credit_protection.application.transmissions import TransmissionResult
    from credit_protection.domain.actors import ROLES, SYSTEM, Actor, Permission
    from credit_protection.domain.adoption import AdoptionSummary
    from credit_protection.domain.adoption_assessment import Assessment, ExtractRow, Verdict
    from credit_protection.domain.alarms import Alarm, AlarmCode, AlarmSettings, AlarmSeverity
    from credit_protection.domain.audit import AuditEntry
    from credit_protection.domain.divergences import (
        Decision,
        Divergence,
        DivergenceCode,
        DivergencePolicies,
        DivergencePolicy,
        DivergenceSeverity,
        Side,
    )
    from credit_protection.domain.errors import (
        BureauError,
        BureauUnavailable,
        ConfigurationError,
        Conflict,
        CredentialsRejected,
        CreditProtectionError,
        Fault,
        HostUnavailable,
        InvalidInput,
        InvalidReport,
        NoCredit,
        NotFound,
        OutcomeUnknown,
        PermissionDenied,
        ProtocolError,
        RateLimited,
        ReceivedAnswer,
        Refused,
        RuleViolation,
        UnstoredAnswer,
    )
    from credit_protection.domain.events import Event, EventKind
    from credit_protection.domain.findings import Finding, Severity, blocks
    from credit_protection.domain.guards import Candidate, Guard, GuardSettings, InclusionTerms, TelecomGuard, evaluate
    from credit_protection.domain.integrations import (
        Environment,
        Integration,
        IntegrationSettings,
        ReuseMode,
        ReuseWindow,
    )
    from credit_protection.domain.legal_calendar import BusinessCalendar
    from credit_protection.domain.money import Money
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.negativations import (
        Block,
        Claim,
        NegativatedInvoice,
        Negativation,
        Transmission,
        Unanswered,
    )
    from credit_protection.domain.operation_counts import OperationCounts
    from credit_protection.domain.products import Product, ProductKind, Synchronisation
    from credit_protection.domain.queries import (
        CreditQuery,
        CreditReport,
        DocumentReport,
        ExportFormat,
        Purpose,
        QueryStatus,
        StructuredReport,
        UncheckedAnswer,
    )
    from credit_protection.domain.reasons import BureauReason, ReasonCode, ReasonMap, RemovalReason
    from credit_protection.domain.relinking import InvoiceMatch
    from credit_protection.domain.removal_policy import RemovalCause, RemovalPolicy, RemovalRule, RemovalTrigger
    from credit_protection.domain.settlements import InvoiceOutcome, InvoiceSettlementStatus, RemovalClock
    from credit_protection.domain.state_table import Action, Desired, Observed
    from credit_protection.domain.users import User
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.clock import BusinessCalendars, Clock, Identifiers
    from credit_protection.ports.events import Listeners
    from credit_protection.ports.extracts import Extract
    from credit_protection.ports.limits import RateLimits
    from credit_protection.ports.queue import (
        QueueCapabilities,
        QueueSnapshot,
        TransmissionQueue,
        WorkerEngine,
        WorkerTasks,
    )
    from credit_protection.ports.storage import (
        AuditFilter,
        DivergenceFilter,
        DueTransmission,
        NegativationFilter,
        Page,
        PageRequest,
        QueryFilter,
        Storage,
    )
    from credit_protection.ports.vault import Vault

__all__ = [
    "ROLES",
    "SYSTEM",
    "Action",
    "Actor",
    "AdoptionSummary",
    "Alarm",
    "AlarmCode",
    "AlarmSettings",
    "AlarmSeverity",
    "ApplyResult",
    "Assessment",
    "AuditEntry",
    "AuditFilter",
    "Block",
    "BureauError",
    "BureauReason",
    "BureauUnavailable",
    "BusinessCalendar",
    "BusinessCalendars",
    "Candidate",
    "Claim",
    "Clock",
    "Configuration",
    "ConfigurationError",
    "Conflict",
    "CredentialsRejected",
    "CreditProtection",
    "CreditProtectionError",
    "CreditQuery",
    "CreditReport",
    "Decision",
    "Desired",
    "Divergence",
    "DivergenceCode",
    "DivergenceFilter",
    "DivergencePolicies",
    "DivergencePolicy",
    "DivergenceSeverity",
    "DocumentReport",
    "DueTransmission",
    "Environment",
    "Event",
    "EventKind",
    "ExportFormat",
    "Extract",
    "ExtractRow",
    "Fault",
    "Finding",
    "Guard",
    "GuardSettings",
    "HoldState",
    "HostState",
    "HostUnavailable",
    "Identifiers",
    "InclusionNature",
    "InclusionTerms",
    "Integration",
    "IntegrationSettings",
    "InvalidInput",
    "InvalidReport",
    "InvoiceMatch",
    "InvoiceOutcome",
    "InvoiceSettlementStatus",
    "Listeners",
    "Money",
    "NegativatedInvoice",
    "Negativation",
    "NegativationFilter",
    "NegativationRequest",
    "NoCredit",
    "NotFound",
    "Observed",
    "OperationCounts",
    "OutcomeUnknown",
    "Page",
    "PageRequest",
    "Permission",
    "PermissionDenied",
    "Preview",
    "Product",
    "ProductKind",
    "ProtocolError",
    "Purpose",
    "QueryFilter",
    "QueryStatus",
    "QueueCapabilities",
    "QueueSnapshot",
    "RateLimited",
    "RateLimits",
    "ReasonCode",
    "ReasonMap",
    "ReceivedAnswer",
    "ReconciliationSummary",
    "RecordResult",
    "Refused",
    "RemovalCause",
    "RemovalClock",
    "RemovalPolicy",
    "RemovalReason",
    "RemovalRule",
    "RemovalTrigger",
    "ReuseMode",
    "ReuseWindow",
    "RuleViolation",
    "Severity",
    "Side",
    "Storage",
    "StructuredReport",
    "SweepResult",
    "Synchronisation",
    "TelecomGuard",
    "Transmission",
    "TransmissionQueue",
    "TransmissionResult",
    "Unanswered",
    "UncheckedAnswer",
    "UnstoredAnswer",
    "User",
    "Vault",
    "Verdict",
    "WaitReason",
    "WorkerEngine",
    "WorkerTasks",
    "blocks",
    "evaluate",
    "hookimpl",
    "plugin_manager",
]

__getattr__ = lazy_names(
    __name__,
    {
        "application.alarms": "WaitReason",
        "application.host_identity": "HostState",
        "application.negativations": "NegativationRequest Preview",
        "application.payments": "ApplyResult RecordResult",
        "application.reconciliation": "HoldState ReconciliationSummary",
        "application.sweep": "SweepResult",
        "application.transmissions": "TransmissionResult",
        "domain.actors": "Actor Permission ROLES SYSTEM",
        "domain.adoption": "AdoptionSummary",
        "domain.adoption_assessment": "Assessment ExtractRow Verdict",
        "domain.alarms": "Alarm AlarmCode AlarmSettings AlarmSeverity",
        "domain.audit": "AuditEntry",
        "domain.divergences": (
            "Decision Divergence DivergenceCode DivergencePolicies DivergencePolicy DivergenceSeverity Side"
        ),
        "domain.errors": (
            "BureauError BureauUnavailable ConfigurationError Conflict CredentialsRejected "
            "CreditProtectionError Fault HostUnavailable InvalidInput InvalidReport NoCredit NotFound OutcomeUnknown "
            "PermissionDenied ReceivedAnswer "
            "ProtocolError RateLimited Refused RuleViolation UnstoredAnswer"
        ),
        "domain.events": "Event EventKind",
        "domain.findings": "Finding Severity blocks",
        "domain.guards": "Candidate Guard GuardSettings InclusionTerms TelecomGuard evaluate",
        "domain.integrations": "Environment Integration IntegrationSettings ReuseMode ReuseWindow",
        "domain.legal_calendar": "BusinessCalendar",
        "domain.money": "Money",
        "domain.natures": "InclusionNature",
        "domain.negativations": "Block Claim NegativatedInvoice Negativation Transmission Unanswered",
        "domain.operation_counts": "OperationCounts",
        "domain.products": "Product ProductKind Synchronisation",
        "domain.queries": (
            "CreditQuery CreditReport DocumentReport ExportFormat Purpose QueryStatus StructuredReport UncheckedAnswer"
        ),
        "domain.reasons": "BureauReason ReasonCode ReasonMap RemovalReason",
        "domain.relinking": "InvoiceMatch",
        "domain.removal_policy": "RemovalCause RemovalPolicy RemovalRule RemovalTrigger",
        "domain.settlements": "InvoiceOutcome InvoiceSettlementStatus RemovalClock",
        "domain.state_table": "Action Desired Observed",
        "domain.users": "User",
        "plugins.configuration": "Configuration",
        "ports.clock": "BusinessCalendars Clock Identifiers",
        "ports.events": "Listeners",
        "ports.extracts": "Extract",
        "ports.limits": "RateLimits",
        "ports.queue": "QueueCapabilities QueueSnapshot TransmissionQueue WorkerEngine WorkerTasks",
        "ports.storage": (
            "AuditFilter DivergenceFilter DueTransmission NegativationFilter Page PageRequest QueryFilter Storage"
        ),
        "ports.vault": "Vault",
    },
)
