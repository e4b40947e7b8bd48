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
from credit_protection.domain.settlements import Settlement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.findings import Finding
    from credit_protection.domain.guards import Candidate, Terms
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.legal_calendar import BusinessCalendar
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
    seen: Iterable[Entry],
    ledger: Iterable[Entry],
) -> list[Change]:
    """Make the negativations of a request; refused where something was settled since the host was read (rule 8).

    Args:
        request: of a person.
        candidate: as the host was read.
        findings: of the guards.
        integration: through which.
        gateway: what it can do.
        name: gives ids and references.
        seen: the ledger just before the host was read.
        ledger: the ledger now, under the invoices' locks.
    """
    before = frozenset(entry.id for entry in seen if isinstance(entry, Settlement))
    if just_settled(candidate, before, ledger):
        raise RuleViolation("Uma fatura acaba de receber uma baixa.")
    return requests.create(
        request,
        candidate,
        findings,
        integration=integration,
        gateway=gateway,
        host="local",
        names=lambda: (name(), name()),
        reflected=before,
    )


def just_settled(candidate: Candidate, before: frozenset[str], ledger: Iterable[Entry]) -> bool:
    """Whether an invoice was settled after the host was read."""
    chosen = {invoice.id for invoice in candidate.invoices}
    return any(each.invoice_id in chosen and each.id not in before for each in settlements.standing(ledger))


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
