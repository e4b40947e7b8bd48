"""Steps of the use cases that need more than one function of the domain, in memory; rule mutants replace them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain import guards, removals, requests
from credit_protection.domain.findings import blocks
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.findings import Finding
    from credit_protection.domain.guards import Candidate, InclusionTerms
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.legal_calendar import BusinessCalendar
    from credit_protection.domain.negativations import Change, Negativation, Transmission
    from credit_protection.domain.requests import InclusionRequest
    from credit_protection.domain.settlements import Entry


def is_in_time(transmission: Transmission, fence: int) -> bool:
    """Whether an answer may still be stored under its fencing token."""
    return transmission.claim is not None and transmission.claim.fence == fence


def apply(
    negativation: Negativation,
    entries: Iterable[Entry],
    integration: Integration,
    calendar: BusinessCalendar,
    gateway: Capabilities,
    now: datetime,
) -> Change:
    """Apply the recorded settlements of its invoices."""
    policy = integration.settings.removal_policy
    statuses = negativation.settlement_statuses(entries, policy.tolerance)
    return removals.apply_settlement_statuses(negativation, statuses, policy, calendar, gateway, now)


def create(
    request: InclusionRequest,
    candidate: Candidate,
    findings: Iterable[Finding],
    integration: Integration,
    gateway: Capabilities,
    name: Callable[[], str],
    ledger: Sequence[Entry],
) -> list[Change]:
    """Create the negativations of a request; refused where the ledger shows a settled invoice (rule 8).

    Args:
        request: of a person.
        candidate: as read from the host.
        findings: of the guards.
        integration: through which.
        gateway: its capabilities.
        name: gives ids and references.
        ledger: as it is now, under the invoices' locks.

    Raises:
        RuleViolation: an invoice is settled, or a finding blocks.
    """
    settled = requests.settled_findings(candidate, ledger, integration.settings.removal_policy.tolerance)
    return requests.create(
        request,
        candidate,
        [*findings, *settled],
        integration=integration,
        capabilities=gateway,
        host="local",
        new_ids=lambda: (name(), name()),
    )


def guard(
    negativation: Negativation,
    candidate: Candidate,
    terms: InclusionTerms,
    gateway: Capabilities,
    today: date,
    now: datetime,
) -> Change | None:
    """Cancel an inclusion before its claim if a finding blocks it (rule 7); None where it may be sent."""
    if negativation.transmission.action is not Action.INCLUDE or not blocks(guards.evaluate(candidate, terms)):
        return None
    trigger = RemovalTrigger(RemovalCause.GUARD, now, today, note="recusada por regra na hora do envio")
    return removals.request_removal(negativation, trigger, gateway, now)
