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
    from credit_protection.application.negativations import NegativationRequest, Preview
    from credit_protection.application.payments import ApplyResult, RecordResult
    from credit_protection.application.sweep import SweepResult
    from credit_protection.domain.actors import ROLES, SYSTEM, Actor, Permission
    from credit_protection.domain.adoption import AdoptionSummary
    from credit_protection.domain.adoption_assessment import Assessment, Verdict
    from credit_protection.domain.alarms import Alarm, AlarmCode
    from credit_protection.domain.audit import AuditEntry
    from credit_protection.domain.errors import (
        BureauError,
        BureauUnavailable,
        ConfigurationError,
        Conflict,
        CredentialsRejected,
        CreditProtectionError,
        HostUnavailable,
        InvalidInput,
        InvalidReport,
        NoCredit,
        NotFound,
        OutcomeUnknown,
        PermissionDenied,
        ProtocolError,
        RateLimited,
        Refused,
        RuleViolation,
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
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.products import Product, ProductKind, Synchronisation
    from credit_protection.domain.queries import (
        CreditQuery,
        CreditReport,
        DocumentReport,
        ExportFormat,
        Purpose,
        QueryStatus,
        StructuredReport,
    )
    from credit_protection.domain.reasons import BureauReason, RemovalReason
    from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.extracts import Extract
    from credit_protection.ports.storage import AuditFilter, NegativationFilter, Page, PageRequest

__all__ = [
    "ROLES",
    "SYSTEM",
    "Actor",
    "AdoptionSummary",
    "Alarm",
    "AlarmCode",
    "ApplyResult",
    "Assessment",
    "AuditEntry",
    "AuditFilter",
    "BureauError",
    "BureauReason",
    "BureauUnavailable",
    "BusinessCalendar",
    "Candidate",
    "Configuration",
    "ConfigurationError",
    "Conflict",
    "CredentialsRejected",
    "CreditProtection",
    "CreditProtectionError",
    "CreditQuery",
    "CreditReport",
    "DocumentReport",
    "Environment",
    "Event",
    "EventKind",
    "ExportFormat",
    "Extract",
    "Finding",
    "Guard",
    "GuardSettings",
    "HostUnavailable",
    "InclusionNature",
    "InclusionTerms",
    "Integration",
    "IntegrationSettings",
    "InvalidInput",
    "InvalidReport",
    "Money",
    "Negativation",
    "NegativationFilter",
    "NegativationRequest",
    "NoCredit",
    "NotFound",
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
    "QueryStatus",
    "RateLimited",
    "RecordResult",
    "Refused",
    "RemovalPolicy",
    "RemovalReason",
    "RemovalRule",
    "ReuseMode",
    "ReuseWindow",
    "RuleViolation",
    "Severity",
    "StructuredReport",
    "SweepResult",
    "Synchronisation",
    "TelecomGuard",
    "Verdict",
    "blocks",
    "evaluate",
    "hookimpl",
    "plugin_manager",
]

__getattr__ = lazy_names(
    __name__,
    {
        "domain.legal_calendar": "BusinessCalendar",
        "application.negativations": "NegativationRequest Preview",
        "application.payments": "ApplyResult RecordResult",
        "application.sweep": "SweepResult",
        "domain.actors": "Actor Permission ROLES SYSTEM",
        "domain.adoption": "AdoptionSummary",
        "domain.adoption_assessment": "Assessment Verdict",
        "domain.alarms": "Alarm AlarmCode",
        "domain.audit": "AuditEntry",
        "domain.errors": (
            "BureauError BureauUnavailable ConfigurationError Conflict CredentialsRejected CreditProtectionError "
            "HostUnavailable InvalidInput InvalidReport NoCredit NotFound OutcomeUnknown PermissionDenied "
            "ProtocolError RateLimited Refused RuleViolation"
        ),
        "domain.events": "Event EventKind",
        "domain.findings": "Finding Severity blocks",
        "domain.guards": "Candidate Guard GuardSettings InclusionTerms TelecomGuard evaluate",
        "domain.integrations": "Environment Integration IntegrationSettings ReuseMode ReuseWindow",
        "domain.money": "Money",
        "domain.natures": "InclusionNature",
        "domain.negativations": "Negativation",
        "domain.products": "Product ProductKind Synchronisation",
        "domain.queries": "CreditQuery CreditReport DocumentReport ExportFormat Purpose QueryStatus StructuredReport",
        "domain.reasons": "BureauReason RemovalReason",
        "domain.removal_policy": "RemovalPolicy RemovalRule",
        "plugins.configuration": "Configuration",
        "ports.extracts": "Extract",
        "ports.storage": "AuditFilter NegativationFilter Page PageRequest",
    },
)
