"""Transmissions: claim, perform, sweep.

A worker claims (the doubt is written down and committed), calls the bureau outside any transaction, and stores the
answer in a second, fenced transaction. Whatever dies in between, the sweep finds.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.application.inclusion_facts import configured, reread, terms
from credit_protection.application.integrations import CREDENTIALS_PAUSE
from credit_protection.application.payments import decide
from credit_protection.domain import observations, removals, transmissions
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    Found,
    Missing,
    NotExecuted,
    RecordKey,
    Rejected,
    Unknown,
)
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    Conflict,
    CredentialsRejected,
    CreditProtectionError,
    HostUnavailable,
    InclusionStillProcessing,
    InvalidInput,
    NoCredit,
    NotFound,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.findings import Severity
from credit_protection.domain.guards import evaluate
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import Action, Change, Desired
from credit_protection.domain.observations import Moment
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalTrigger, removal_reason
from credit_protection.domain.requests import inclusion_order
from credit_protection.ports.bureau import RemovalOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from credit_protection.application.inclusion_facts import Configured
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.bureau_answers import Answer, Sighting
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.customers import Customer
    from credit_protection.domain.findings import Finding
    from credit_protection.domain.guards import Candidate
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Claim, Negativation
    from credit_protection.ports.storage import DueTransmission, UnitOfWork

log = logging.getLogger(__name__)

SWEEP_LIMIT = 500
POSTPONED = timedelta(minutes=1)
"""How long a row waits that could not be claimed."""


@dataclass(frozen=True, slots=True)
class Performed:
    """One transmission's outcome.

    Args:
        negativation: as stored after.
        action: what was done; None where nothing was to be claimed any more.
        error: what the bureau or the network said, where it failed.
    """

    negativation: Negativation
    action: Action | None
    error: BureauError | None = None


class Transmissions:
    """The use cases of the workers."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    # ------------------------------------------------------------------------------------------ what is due

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now: removals first, earliest deadline first; paused integrations left out."""
        with self._tenant.storage.reading() as unit:
            return unit.negativations.due(self._tenant.clock.now(), limit)

    def next_due_at(self) -> datetime | None:
        """When a worker must look again, if nobody wakes it."""
        with self._tenant.storage.reading() as unit:
            return unit.negativations.next_due_at(self._tenant.clock.now())

    def sweep(self, limit: int = SWEEP_LIMIT) -> int:
        """Let go of what dead workers held. Returns how many. Idempotent and bounded."""
        now = self._tenant.clock.now()
        with self._tenant.storage.reading() as unit:
            expired = unit.negativations.expired(now, limit)
        let_go = 0
        for negativation_id in expired:
            try:
                let_go += self._let_go(negativation_id, now)
            except Exception:  # one that can't be let go of keeps no other
                log.exception("transmission %s was not let go of", negativation_id)
        return let_go

    # ------------------------------------------------------------------------------------------ performing

    def perform(self, negativation_id: str, worker: str) -> Performed | None:
        """Claim, call, store.

        Args:
            negativation_id: which; may have been done by another worker meanwhile.
            worker: who, for the history.

        Returns:
            What came of it; None where somebody else has it or it is not due.
        """
        try:
            claimed = self._claim(negativation_id, worker)
        except NotFound:
            raise
        except Exception:
            self._postpone(negativation_id, "erro_inesperado")  # else it would stand first in line for ever
            raise
        if claimed is None:
            return None
        if claimed.claim is None:
            return Performed(claimed.negativation, None)
        answer, error = self._call(claimed, claimed.claim)
        stored = self._store(claimed, claimed.claim, answer, error)
        return Performed(stored, claimed.claim.action, error)

    # ------------------------------------------------------------------------------------------ the claim

    def _let_go(self, negativation_id: str, now: datetime) -> bool:
        with self._tenant.storage.unit() as unit:
            negativation = unit.negativations.lock(negativation_id, skip_locked=True)
            if negativation is None:
                return False
            change = transmissions.expire(negativation, self._capabilities(unit, negativation), now)
            if change.negativation is negativation:
                return False
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            unit.commit()
        self._tenant.listeners.happened(change.events)
        return True

    def _claim(self, negativation_id: str, worker: str) -> _Claimed | None:
        """Write the doubt down. For an inclusion, all guards run again on fresh host data (rule 7)."""
        with self._tenant.storage.reading() as unit:
            peeked = unit.negativations.get(negativation_id)
            integration = unit.integrations.get(peeked.integration_id)
        now = self._tenant.clock.now()
        if not transmissions.is_claimable(peeked.transmission, now) or integration.is_paused(now):
            return None
        including = peeked.transmission.action is Action.INCLUDE
        if including and not integration.active:
            return None
        try:
            fresh = self._fresh_facts(configured(self._tenant, integration), peeked) if including else None
        except HostUnavailable as error:
            self._postpone(negativation_id, error.code)
            return None
        with self._tenant.storage.unit() as unit:
            if including:
                unit.settlements.lock_invoices(peeked.host, [invoice.invoice_id for invoice in peeked.invoices])
            negativation = unit.negativations.lock(negativation_id, skip_locked=True)
            now = self._tenant.clock.now()  # lease and quiet period count from here: the host may have been slow
            if negativation is None or not transmissions.is_claimable(negativation.transmission, now):
                return None
            let_go = transmissions.expire(negativation, self._capabilities(unit, negativation), now)
            if let_go.negativation.transmission.action is Action.INCLUDE and fresh is None:
                return None  # it became an inclusion after it was peeked at: the next look reads the host first
            change = self._decide_claim(unit, let_go.negativation, worker, fresh, now)
            change = Change(change.negativation, (*let_go.events, *change.events))
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            unit.commit()
        self._tenant.listeners.happened(change.events)
        customer = None if fresh is None or fresh.candidate is None else fresh.candidate.customer
        return _Claimed(change.negativation, change.negativation.transmission.claim, customer)

    def _decide_claim(
        self, unit: UnitOfWork, negativation: Negativation, worker: str, fresh: _FreshFacts | None, now: datetime
    ) -> Change:
        gateway = self._capabilities(unit, negativation)
        action = negativation.transmission.action
        if not transmissions.is_claimable(negativation.transmission, now):
            return Change(negativation)  # a dead worker's hold was let go of, and what it left is no call
        if action is Action.INCLUDE and fresh is not None:
            settled = decide(self._tenant, unit, negativation)
            if settled.negativation.desired is Desired.REMOVED:
                return settled
            if refusal := self._refusal(unit, negativation, fresh):
                today = fresh.setup.creditor.today(now)
                trigger = RemovalTrigger(RemovalCause.GUARD, now, today, note=refusal)
                return removals.want_removed(negativation, trigger, gateway, now)
        reason = self._reason(unit, negativation) if action is Action.REMOVE else None
        return transmissions.claim(negativation, gateway, now=now, worker=worker, reason=reason)

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

    def _reason(self, unit: UnitOfWork, negativation: Negativation) -> RemovalReason:
        integration = unit.integrations.get(negativation.integration_id)
        entries = unit.settlements.entries(negativation.host, [invoice.invoice_id for invoice in negativation.invoices])
        standings = negativation.standings(entries, integration.removal_policy.tolerance)
        return removal_reason(standings, negativation.triggers)

    def _postpone(self, negativation_id: str, why: str) -> None:
        """The host can't be read, or something is amiss: it waits a minute, unclaimed."""
        with self._tenant.storage.unit() as unit:
            negativation = unit.negativations.lock(negativation_id, skip_locked=True)
            if negativation is None:
                return
            now, held = self._tenant.clock.now(), negativation.transmission.claim
            if held is None or held.until <= now:
                waiting = replace(negativation.transmission, due_at=now + POSTPONED, last_error=why)
                unit.negativations.save(replace(negativation, transmission=waiting))
                unit.commit()

    # ------------------------------------------------------------------------------------------ the call

    def _call(self, claimed: _Claimed, claim: Claim) -> tuple[Answer | Sighting, BureauError | None]:
        """One call to the bureau, outside any transaction; every failure becomes what is known of it."""
        negativation = claimed.negativation
        with self._tenant.storage.reading() as unit:
            integration = unit.integrations.get(negativation.integration_id)
            creditor = unit.creditors.get(negativation.creditor_id)
        try:
            call = self._prepared(claimed, claim, integration, creditor)
        except CreditProtectionError as error:  # a lost key, say: no byte was sent, and a person must mend it
            log.warning("transmission %s can't be sent: %s", negativation.id, error.message)
            return NotExecuted(error.code, error.message, needs_person=True), None
        try:
            return call(), None
        except BureauError as error:
            return known_of(error), error
        except Exception as error:
            log.exception("the gateway %s failed", integration.gateway, extra={"negativation": negativation.id})
            unforeseen = ProtocolError(f"Erro inesperado ao falar com o birô: {type(error).__name__}.")
            return known_of(unforeseen), unforeseen

    def _prepared(
        self, claimed: _Claimed, claim: Claim, integration: Integration, creditor: Creditor
    ) -> Callable[[], Answer | Sighting]:
        """The call, all that it needs at hand: whatever fails here is known not to have been sent."""
        negativation = claimed.negativation
        key = RecordKey(negativation.document, negativation.reference, negativation.due_date, negativation.bureau_id)
        gateway = self._tenant.gateways.of(integration)
        match claim.action:
            case Action.INCLUDE if claimed.customer is not None:
                capabilities = self._tenant.gateways.kind(integration.gateway).capabilities
                order = inclusion_order(negativation, claimed.customer, creditor, capabilities)
                return lambda: gateway.include(order)
            case Action.REMOVE:
                reason = negativation.removal_reason or RemovalReason.CREDITOR_REQUEST
                removal = RemovalOrder(key, reason, creditor.document)
                return lambda: gateway.remove(removal)
            case _:
                return lambda: gateway.find(key)

    # ------------------------------------------------------------------------------------------ the answer

    def _store(
        self, claimed: _Claimed, claim: Claim, answer: Answer | Sighting, error: BureauError | None
    ) -> Negativation:
        """Store the answer under its fence; one that comes too late is kept as evidence."""
        negativation_id, integration_id = claimed.negativation.id, claimed.negativation.integration_id
        with self._tenant.storage.unit() as unit:
            current = unit.negativations.lock(negativation_id)
            if current is None:
                raise NotFound("Negativação não encontrada.")
            moment = self._moment(unit, current)
            held = current.transmission.claim
            if held is None or held.fence != claim.fence:
                change = observations.answered_late(current, claim.action, answer, moment)
            elif claim.action in {Action.INCLUDE, Action.REMOVE}:
                change = observations.answered(current, _as_answer(answer), moment)
            elif isinstance(answer, Found | Missing):
                change = observations.sighted(current, answer, moment)
            else:
                change = observations.unseen(current, _as_failure(answer), moment)
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            unit.commit()
        if error is not None:
            self._pause(integration_id, error)
        self._tenant.listeners.happened(change.events)
        work = change.negativation.transmission
        if work.action.is_call and work.block is None:
            self._tenant.queue.wake(negativation_id, work.due_at)
        return change.negativation

    def _moment(self, unit: UnitOfWork, negativation: Negativation) -> Moment:
        now = self._tenant.clock.now()
        creditor = unit.creditors.get(negativation.creditor_id)
        return Moment(
            now=now,
            today=creditor.today(now),
            gateway=self._capabilities(unit, negativation),
            jitter=self._tenant.identifiers.jitter(),
        )

    def _capabilities(self, unit: UnitOfWork, negativation: Negativation) -> Capabilities:
        integration = unit.integrations.get(negativation.integration_id)
        return self._tenant.gateways.kind(integration.gateway).capabilities

    def _pause(self, integration_id: str, error: BureauError) -> None:
        """The breaker is a column that all processes see: pause once, not once per row."""
        now = self._tenant.clock.now()
        if isinstance(error, CredentialsRejected):
            until = now + CREDENTIALS_PAUSE
        elif isinstance(error, RateLimited) and error.retry_at is not None:
            until = error.retry_at
        else:
            return
        with suppress(Conflict), self._tenant.storage.unit() as unit:  # somebody else paused or mended it just now
            integration = unit.integrations.get(integration_id)
            if integration.paused_until is None or integration.paused_until < until:
                unit.integrations.save(replace(integration, paused_until=until, pause_reason=error.message))
                unit.commit()


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What a worker holds: the doubt is stored; `claim` is None where nothing is to be sent any more."""

    negativation: Negativation
    claim: Claim | None
    customer: Customer | None


@dataclass(frozen=True, slots=True)
class _FreshFacts:
    """What the host says at the claim; `missing` tells why there is no candidate."""

    setup: Configured
    candidate: Candidate | None
    holds: dict[str, str]
    missing: str = ""


def _is_somebody_else(candidate: Candidate, negativation: Negativation) -> bool:
    try:
        return parse_document(candidate.customer.document) != negativation.document
    except InvalidInput:
        return False  # the guards say so better


def known_of(error: BureauError) -> NotExecuted | Unknown | Rejected:
    """What an error of a call says about its effect."""
    match error:
        case InclusionStillProcessing():
            return NotExecuted(error.code, error.message, still_processing=True)
        case RateLimited():
            return NotExecuted(error.code, error.message, error.retry_at)
        case NoCredit():
            return NotExecuted(error.code, error.message, needs_person=True)
        case BureauUnavailable() | CredentialsRejected():
            return NotExecuted(error.code, error.message)
        case Refused():
            return Rejected(error.code, error.message, error.field, error.request_id)
        case _:
            return Unknown(error.code, error.message, str(error.context.get("transcript", "")))


def _as_answer(answer: Answer | Sighting) -> Answer:
    if isinstance(answer, Done | Accepted | Rejected | NotExecuted | Unknown):
        return answer
    raise TypeError(f"{type(answer).__name__} does not answer an inclusion or a removal")


def _as_failure(answer: Answer | Sighting) -> NotExecuted | Unknown:
    if isinstance(answer, NotExecuted | Unknown):
        return answer
    code = answer.code if isinstance(answer, Rejected) else type(answer).__name__
    return Unknown(code, "O birô não respondeu à verificação como esperado.")
