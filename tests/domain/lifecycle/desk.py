"""What the use cases do around the pure domain, in memory: the few acts that need more than one function of it.

The broken rules replace these, too: a use case that forgets one of them breaks the promise as surely as a wrong table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain import guards, removals, requests, settlements
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.findings import blocks
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import Action
from credit_protection.domain.removal_policy import RemovalTrigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.findings import Finding
    from credit_protection.domain.guards import Candidate, Terms
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.legal_calendar import BusinessCalendar
    from credit_protection.domain.money import Money
    from credit_protection.domain.negativations import Change, Negativation, Transmission
    from credit_protection.domain.requests import InclusionRequest
    from credit_protection.domain.settlements import Entry


def is_in_time(transmission: Transmission, fence: int) -> bool:
    """Whether an answer may be stored under its fence."""
    return transmission.claim is not None and transmission.claim.fence == fence


def apply(
    negativation: Negativation,
    entries: Iterable[Entry],
    integration: Integration,
    calendar: BusinessCalendar,
    gateway: Capabilities,
    now: datetime,
) -> Change:
    """Apply what is recorded of its invoices."""
    policy = integration.removal_policy
    stand = negativation.standings(entries, policy.tolerance)
    return removals.apply_standings(negativation, stand, policy, calendar, gateway, now)


def create(
    request: InclusionRequest,
    candidate: Candidate,
    findings: Iterable[Finding],
    integration: Integration,
    gateway: Capabilities,
    name: Callable[[], str],
    ledger: Iterable[Entry],
) -> list[Change]:
    """Make the negativations of a request; refused where the ledger shows an invoice settled (rule 8).

    Args:
        request: of a person.
        candidate: as the host was read.
        findings: of the guards.
        integration: through which.
        gateway: what it can do.
        name: gives ids and references.
        ledger: as it is now, under the invoices' locks.
    """
    if is_settled(candidate, ledger, integration.removal_policy.tolerance):
        raise RuleViolation("Uma fatura tem uma baixa registrada.")
    return requests.create(
        request,
        candidate,
        findings,
        integration=integration,
        gateway=gateway,
        host="local",
        names=lambda: (name(), name()),
    )


def is_settled(candidate: Candidate, ledger: Iterable[Entry], tolerance: Money) -> bool:
    """Whether the ledger shows an invoice settled, whatever the host showed when it was read."""
    principals = {invoice.id: invoice.amount for invoice in candidate.invoices}
    standings = settlements.standings_of(principals, ledger, tolerance)
    return any(standing.outcome.is_settled for standing in standings.values())


def guard(
    negativation: Negativation,
    candidate: Candidate,
    terms: Terms,
    gateway: Capabilities,
    today: date,
    now: datetime,
) -> Change | None:
    """Before an inclusion is claimed: a finding that blocks cancels it (rule 7). None where it may go."""
    if negativation.transmission.action is not Action.INCLUDE or not blocks(guards.evaluate(candidate, terms)):
        return None
    trigger = RemovalTrigger(RemovalCause.GUARD, now, today, note="recusada por regra na hora do envio")
    return removals.want_removed(negativation, trigger, gateway, now)
