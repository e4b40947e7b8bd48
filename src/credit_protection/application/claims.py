"""Claims: the doubt is written down and committed before a byte is sent (rule 6).

Workers that claim at the same time share a transaction. Inclusions are claimed one by one: all their guards run again,
on what the host says now (rule 7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.application.checkpoints import reached
from credit_protection.application.inclusion_facts import configured, reread, terms
from credit_protection.application.payments import decide
from credit_protection.application.setups import Setups
from credit_protection.domain import removals, transmissions
from credit_protection.domain.breaker import may_call
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import HostUnavailable, InvalidInput, NotFound
from credit_protection.domain.findings import Severity
from credit_protection.domain.guards import evaluate
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import Action, Change, Desired
from credit_protection.domain.removal_policy import RemovalTrigger, removal_reason

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.application.decisions import Decisions, Facts
    from credit_protection.application.inclusion_facts import Configured
    from credit_protection.application.setups import Setup
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.customers import Customer
    from credit_protection.domain.findings import Finding
    from credit_protection.domain.guards import Candidate
    from credit_protection.domain.negativations import Claim, Negativation
    from credit_protection.domain.reasons import RemovalReason
    from credit_protection.ports.storage import UnitOfWork

POSTPONED = timedelta(minutes=1)
"""How long a row waits that could not be claimed."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker holds: the doubt is stored.

    Args:
        negativation: as stored.
        setup: how it is transmitted, as read at the claim.
        claim: the hold; None where nothing is to be sent any more.
        customer: for an inclusion, as the host knows them now.
    """

    negativation: Negativation
    setup: Setup
    claim: Claim | None
    customer: Customer | None = None


class Claims:
    """The first transaction of a transmission."""

    def __init__(self, tenant: Tenant, decisions: Decisions) -> None:
        self._tenant = tenant
        self._decisions = decisions

    def claim(self, negativation_id: str, worker: str, probe: datetime | None = None) -> Claimed | None:
        """Take a transmission for one call.

        Args:
            negativation_id: whose.
            worker: who, for the history.
            probe: the end of the pause that was made so that this call asks alone whether the bureau is back.

        Returns:
            None where somebody else has it or it is not due.

        Raises:
            NotFound: there is none.
        """
        decided = self._decisions.make("claim", negativation_id, lambda facts: self._decide(facts, worker, probe))
        if decided is None:
            with self._tenant.storage.reading() as unit:
                unit.negativations.get(negativation_id)
            return None
        if decided.other is not None:
            return self._claim_inclusion(decided.other, decided.setup, worker)
        if decided.change is None:
            return None
        self._tenant.listeners.happened(decided.change.events)
        negativation = decided.change.negativation
        return Claimed(negativation, decided.setup, negativation.transmission.claim)

    def postpone(self, negativation_id: str, why: str) -> None:
        """The host can't be read, or something is amiss: it waits a minute, unclaimed."""
        with self._tenant.storage.unit() as unit:
            negativation = unit.negativations.lock(negativation_id, skip_locked=True)
            if negativation is None:
                return
            now, held = self._tenant.clock.now(), negativation.transmission.claim
            if held is None or held.until <= now:
                unit.negativations.save(_postponed(negativation, why, now))
                unit.commit()

    # ------------------------------------------------------------------------------------------ what needs no host

    def _decide(self, facts: Facts, worker: str, probe: datetime | None) -> Change | Negativation | None:
        """A claim; the negativation itself where it is an inclusion: the host is to be read first."""
        negativation, setup = facts.negativation, facts.setup
        now = self._tenant.clock.now()  # lease and quiet period count from here
        is_open = may_call(setup.integration, now, probe)
        if not is_open or not transmissions.is_claimable(negativation.transmission, now):
            return None
        let_go = transmissions.expire(negativation, setup.gateway, now)
        work = let_go.negativation.transmission
        if not setup.integration.owns_transmission:
            return Change(_postponed(let_go.negativation, "transmissao_do_erp", now), let_go.events)
        if work.action is Action.INCLUDE:
            return negativation if setup.integration.active else None
        reached("claim.read")
        if not transmissions.is_claimable(work, now):
            return let_go  # a dead worker's hold was let go of, and what it left is no call
        reason = _reason(facts) if work.action is Action.REMOVE else None
        change = transmissions.claim(let_go.negativation, setup.gateway, now=now, worker=worker, reason=reason)
        return Change(change.negativation, (*let_go.events, *change.events))

    # ------------------------------------------------------------------------------------------ an inclusion

    def _claim_inclusion(self, peeked: Negativation, known: Setup, worker: str) -> Claimed | None:
        try:
            fresh = self._fresh_facts(configured(self._tenant, known.integration), peeked)
        except HostUnavailable as error:
            self.postpone(peeked.id, error.code)
            return None
        reached("claim.read")
        with self._tenant.storage.unit() as unit:
            unit.settlements.lock_invoices(peeked.host, [invoice.invoice_id for invoice in peeked.invoices])
            negativation = unit.negativations.lock(peeked.id, skip_locked=True)
            now = self._tenant.clock.now()  # lease and quiet period count from here: the host may have been slow
            if negativation is None or not transmissions.is_claimable(negativation.transmission, now):
                return None
            setup = Setups(self._tenant, unit).of(negativation)
            let_go = transmissions.expire(negativation, setup.gateway, now)
            change = self._decide_inclusion(unit, let_go.negativation, setup, worker, fresh, now)
            if change is None:
                return None  # it became something else after it was peeked at: the next look claims that
            change = Change(change.negativation, (*let_go.events, *change.events))
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            reached("claim.written")
            unit.commit()
        reached("claim.committed")
        self._tenant.listeners.happened(change.events)
        customer = None if fresh.candidate is None else fresh.candidate.customer
        return Claimed(change.negativation, setup, change.negativation.transmission.claim, customer)

    def _decide_inclusion(
        self,
        unit: UnitOfWork,
        negativation: Negativation,
        setup: Setup,
        worker: str,
        fresh: _FreshFacts,
        now: datetime,
    ) -> Change | None:
        if negativation.transmission.action is not Action.INCLUDE or not setup.integration.owns_transmission:
            return None
        settled = decide(self._tenant, unit, negativation)
        if settled.negativation.desired is Desired.REMOVED:
            return settled
        if refusal := self._refusal(unit, negativation, fresh):
            today = fresh.setup.creditor.today(now)
            trigger = RemovalTrigger(RemovalCause.GUARD, now, today, note=refusal)
            return removals.want_removed(negativation, trigger, setup.gateway, now)
        return transmissions.claim(negativation, setup.gateway, now=now, worker=worker)

    def _fresh_facts(self, setup: Configured, negativation: Negativation) -> _FreshFacts:
        try:
            candidate = reread(self._tenant, negativation)
        except NotFound as error:
            return _FreshFacts(setup, None, {}, error.message)
        return _FreshFacts(setup, candidate, dict(self._tenant.host.holds([negativation.customer_id])))

    def _refusal(self, unit: UnitOfWork, negativation: Negativation, fresh: _FreshFacts) -> str:
        """Why the inclusion may not be sent, one sentence; empty where it may."""
        if fresh.candidate is None:
            return fresh.missing
        if _is_somebody_else(fresh.candidate, negativation):
            return "O documento do cliente mudou no ERP depois do pedido. Confira o cadastro e peça de novo."
        taken = unit.negativations.open_invoices(
            negativation.host,
            negativation.registry,
            [invoice.invoice_id for invoice in negativation.invoices],
            except_negativation=negativation.id,
        )
        facts = terms(self._tenant, fresh.setup, fresh.holds, taken)
        findings: list[Finding] = evaluate(fresh.candidate, facts, self._tenant.extra_guards)
        return next((finding.message for finding in findings if finding.severity is Severity.BLOCK), "")


@dataclass(frozen=True, slots=True)
class _FreshFacts:
    """What the host says at the claim; `missing` tells why there is no candidate."""

    setup: Configured
    candidate: Candidate | None
    holds: dict[str, str]
    missing: str = ""


def _postponed(negativation: Negativation, why: str, now: datetime) -> Negativation:
    waiting = replace(negativation.transmission, due_at=now + POSTPONED, last_error=why)
    return replace(negativation, transmission=waiting)


def _reason(facts: Facts) -> RemovalReason:
    """The removal's true reason (rule 10)."""
    tolerance = facts.setup.integration.removal_policy.tolerance
    standings = facts.negativation.standings(facts.ledger.of(facts.negativation), tolerance)
    return removal_reason(standings, facts.negativation.triggers)


def _is_somebody_else(candidate: Candidate, negativation: Negativation) -> bool:
    try:
        return parse_document(candidate.customer.document) != negativation.document
    except InvalidInput:
        return False  # the guards say so better
