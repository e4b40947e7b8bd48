"""Transmissions: claim, call, store.

A worker claims a row: its doubt is stored and committed before a byte is sent (rule 6). It calls the bureau outside any
transaction, and stores the answer in a second, fenced transaction. Whatever dies in between, the sweep finds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from credit_protection.application.admission_control import CallPermission, CircuitBreaker, RateLimiter
from credit_protection.application.answer_effects import find_record, is_missing, near_contracts, store_shown
from credit_protection.application.batched_updates import BatchedUpdates, UpdateContext, UpdateResult, publish
from credit_protection.application.inclusion_hold import wait_code
from credit_protection.application.inclusions import claim_inclusion, read_host_facts
from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.payments import apply_ledger
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import transmissions
from credit_protection.domain.breaker import may_call
from credit_protection.domain.bureau_answers import Answer, LookupResult, NotExecuted, RecordKey, answer_from_error
from credit_protection.domain.comparison.answered import shown_by_answer
from credit_protection.domain.customers import Customer
from credit_protection.domain.divergences import Divergence
from credit_protection.domain.errors import BureauError, CreditProtectionError, HostUnavailable, NotFound, ProtocolError
from credit_protection.domain.instants import FARTHEST_LEASE, SKEW, has_come
from credit_protection.domain.negativations import Change, Claim, Negativation
from credit_protection.domain.observations import AnswerContext, record_answer
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import removal_reason
from credit_protection.domain.requests import inclusion_order
from credit_protection.domain.state_table import Action
from credit_protection.ports.bureau import RemovalOrder
from credit_protection.ports.failpoints import failpoint
from credit_protection.ports.storage import DueTransmission

log = logging.getLogger(__name__)

RELEASE_LIMIT = 500
GATEWAY_MISSING = "gateway_ausente"
"""Last error of a transmission whose gateway no plugin offers in this environment."""


@dataclass(frozen=True, slots=True)
class TransmissionResult:
    """One transmission's outcome.

    Args:
        negativation: as stored after it.
        action: what was done; None where there was nothing to claim.
        error: the error of the bureau or the network, where the call failed.
        not_before: instant, UTC, where the call is throttled or the bureau paused: nothing was claimed.
    """

    negativation: Negativation
    action: Action | None
    error: BureauError | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A stored claim; for an inclusion, with the customer as the host knows them now."""

    change: Change
    context: IntegrationContext
    customer: Customer | None = None

    @property
    def negativation(self) -> Negativation:
        return self.change.negativation

    @property
    def claim(self) -> Claim | None:
        """None where nothing is to be sent any more."""
        return self.negativation.transmission.claim


class Transmissions:
    """The use cases of the workers."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self._updates = BatchedUpdates(tenant)
        self._rates = RateLimiter(tenant)
        self._breaker = CircuitBreaker(tenant, self._rates)

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now: removals first, earliest deadline first.

        Paused and throttled integrations are left out.
        """
        throttled = self._rates.throttled_integrations()
        with self._tenant.storage.read_only() as unit:
            due = unit.negativations.due(self._tenant.clock.now(), limit, except_integrations=throttled)
        self._rates.remember(due)
        return due

    def next_due_at(self) -> datetime | None:
        """When a worker must fetch due rows again without a wake-up."""
        with self._tenant.storage.read_only() as unit:
            upcoming = unit.negativations.next_due_at(self._tenant.clock.now())
        return self._rates.next_check_at(upcoming)

    def release_expired(self, limit: int = RELEASE_LIMIT) -> int:
        """Release the expired leases of dead workers. Returns how many. Idempotent and bounded."""
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            expired = unit.negativations.expired(now, limit)
        released = 0
        for negativation_id in expired:
            try:
                released += self._release(negativation_id, now)
            except Exception:  # one that can't be released doesn't block the others
                log.exception("the lease of transmission %s was not released", negativation_id)
        return released

    def _release(self, negativation_id: str, now: datetime) -> bool:
        def decide(update: UpdateContext) -> Change | None:
            change = transmissions.expire(update.negativation, update.integration_context.capabilities, now)
            return None if change.negativation is update.negativation else change

        result: UpdateResult[None] | None = self._updates.apply("release", negativation_id, decide)
        if result is None or result.change is None:
            return False
        self._tenant.listeners.negativation_event(result.change.events)
        return True

    def perform(self, negativation_id: str, worker: str) -> TransmissionResult | None:
        """Claim, call, store. None where another worker has claimed it or it is not due."""
        failpoint("perform.started")
        integration = self._rates.integration(negativation_id)
        permit = self._rates.acquire(integration)
        if permit.not_before is not None:
            return self._throttled(negativation_id, permit.not_before)
        used = True
        try:
            with self._breaker.guard(integration) as permission:
                if permission.not_before is None:
                    result = self._send(negativation_id, worker, permission)
                else:
                    result = self._throttled(negativation_id, permission.not_before)
            used = result is not None and result.action is not None
        finally:
            self._rates.release(permit, used=used)
        return result

    def _send(self, negativation_id: str, worker: str, permission: CallPermission) -> TransmissionResult | None:
        try:
            claimed = self._claim(negativation_id, worker, permission.probe)
        except NotFound:
            raise
        except Exception:
            self._postpone(negativation_id, "erro_inesperado")  # else it would stay the first of the queue for ever
            raise
        if claimed is None:
            return None
        if claimed.claim is None:
            self._tenant.listeners.negativation_event(claimed.change.events)
            return TransmissionResult(claimed.negativation, None)
        failpoint("call.before")
        try:
            answer, error = self._call(claimed, claimed.claim)
            failpoint("call.after")
            near = self._near(claimed, claimed.claim, answer)
            change, divergences = self._store(negativation_id, claimed.claim, answer, near)
        except BaseException:
            self._tenant.listeners.negativation_event(claimed.change.events)
            raise
        if error is not None or not isinstance(answer, NotExecuted):  # else no call was made
            self._breaker.record_outcome(permission, claimed.context.integration, negativation_id, error)
        # The claim is announced now: no listener stands between a claim and its call.
        publish(self._tenant, [Change(change.negativation, (*claimed.change.events, *change.events))], divergences)
        failpoint("answer.published")
        return TransmissionResult(change.negativation, claimed.claim.action, error)

    def _throttled(self, negativation_id: str, not_before: datetime) -> TransmissionResult:
        with self._tenant.storage.read_only() as unit:
            return TransmissionResult(unit.negativations.get(negativation_id), None, not_before=not_before)

    def _claim(self, negativation_id: str, worker: str, probe: datetime | None) -> _Claimed | None:
        result: UpdateResult[Negativation] | None = self._updates.apply(
            "claim", negativation_id, lambda update: self._decide_claim(update, worker, probe)
        )
        if result is None:
            with self._tenant.storage.read_only() as unit:
                unit.negativations.get(negativation_id)  # raises where there is none
            return None
        if result.value is not None:
            return self._claim_inclusion(result.value, worker)
        if result.change is None:
            return None
        return _Claimed(result.change, result.integration_context)

    def _decide_claim(self, update: UpdateContext, worker: str, probe: datetime | None) -> Change | Negativation | None:
        """A claim; the negativation itself where it is an inclusion, since the host is to be read first."""
        context = update.integration_context
        now = self._tenant.clock.now()  # lease and quiet period count from here
        if not may_call(context.integration, now, probe):
            return None
        if not transmissions.is_claimable(update.negativation.transmission, now):
            return None
        if not context.is_installed:
            return Change(transmissions.postpone(update.negativation, GATEWAY_MISSING, now))
        expired = transmissions.expire(update.negativation, context.capabilities, now)
        current = transmissions.resynced(expired.negativation, context.capabilities)
        work = current.transmission
        if not context.integration.settings.owns_transmission:
            return Change(transmissions.postpone(current, "transmissao_do_erp", now), expired.events)
        if work.action is Action.INCLUDE:
            if (code := wait_code(update.unit, now)) is not None:  # refused before the host is read
                return Change(transmissions.postpone(current, code, now), expired.events)
            return update.negativation if context.integration.active else None
        failpoint("claim.read")
        if not transmissions.is_claimable(work, now):
            return Change(current, expired.events)  # a dead worker's lease, or a gateway that can do something else now
        if work.action is not Action.REMOVE:
            change = transmissions.claim(current, context.capabilities, now=now, worker=worker)
            return Change(change.negativation, (*expired.events, *change.events))
        return self._decide_removal_claim(update, Change(current, expired.events), worker, now)

    def _decide_removal_claim(self, update: UpdateContext, current: Change, worker: str, now: datetime) -> Change:
        """Let the whole ledger decide where a part of it is recorded and not applied; claim what is still desired."""
        context, ledger = update.integration_context, update.ledger.of(update.negativation)
        decided = Change(current.negativation)
        if update.ledger.has_unapplied(update.negativation):
            decided = apply_ledger(self._tenant, current.negativation, context, ledger)
        events = (*current.events, *decided.events)
        if decided.negativation.transmission.action is not Action.REMOVE:
            return Change(decided.negativation, events)
        tolerance = context.integration.settings.removal_policy.tolerance
        statuses = decided.negativation.settlement_statuses(ledger, tolerance)
        reason = removal_reason(statuses, decided.negativation.triggers)  # the true one (rule 10)
        codes = _reason_codes(context, reason)
        change = transmissions.claim(
            decided.negativation, context.capabilities, now=now, worker=worker, reason=reason, codes=codes
        )
        return Change(change.negativation, (*events, *change.events))

    def _claim_inclusion(self, known: Negativation, worker: str) -> _Claimed | None:
        """Each in a transaction of its own, which locks its invoices: no payment is recorded in between."""
        try:
            facts = read_host_facts(self._tenant, known)
        except HostUnavailable as error:
            self._postpone(known.id, error.code)
            return None
        except Exception:  # a record that the host's adapter can't read waits, and stops no other
            log.exception("the host's records for the inclusion %s can't be read", known.id)
            self._postpone(known.id, "registro_ilegivel")
            return None
        failpoint("claim.read")
        result = self._updates.apply_with_invoices(
            "claim", known, lambda update: claim_inclusion(self._tenant, update, facts, worker)
        )
        if result is None or result.change is None:
            return None
        return _Claimed(result.change, result.integration_context, facts.customer)

    def _postpone(self, negativation_id: str, code: str) -> None:
        """Leave the row unclaimed, and not due for a while."""
        with self._tenant.storage.unit() as unit:
            negativation = unit.negativations.lock(negativation_id, skip_locked=True)
            if negativation is None:
                return
            now, claim = self._tenant.clock.now(), negativation.transmission.claim
            if claim is None or has_come(claim.until, now, FARTHEST_LEASE):
                unit.negativations.save(transmissions.postpone(negativation, code, now))
                unit.commit()

    def _call(self, claimed: _Claimed, claim: Claim) -> tuple[Answer | LookupResult, BureauError | None]:
        """One call to the bureau, outside any transaction; every failure becomes what is known of its effect."""
        negativation, context = claimed.negativation, claimed.context
        try:
            call = self._prepared(claimed, claim)
        except CreditProtectionError as error:  # a lost key, say: no byte was sent, and a person must mend it
            log.warning("transmission %s can't be sent: %s", negativation.id, error.message)
            return NotExecuted(error.code, error.message, needs_person=True), None
        except Exception as error:  # a gateway's plugin that fails before its call
            log.exception("the gateway %s can't be made", context.integration.gateway)
            name = context.integration.gateway
            message = f"O plugin do gateway {name} falhou antes do envio ({type(error).__name__}). Corrija o plugin."
            return NotExecuted("gateway_defeituoso", message), None
        left = claim.until - self._tenant.clock.now()
        if not context.capabilities.call_deadline <= left <= context.capabilities.lease + SKEW:
            # This process was paused after its claim, or its clock was moved: a call sent now could take effect after
            # the quiet period.
            return NotExecuted("reserva_no_fim", "O envio não começou a tempo. Ele será tentado de novo."), None
        try:
            return call(), None
        except BureauError as error:
            return answer_from_error(error), error
        except (Exception, SystemExit, GeneratorExit) as error:  # what a plugin raises ends no worker
            log.exception("the gateway %s failed", context.integration.gateway, extra={"negativation": negativation.id})
            unforeseen = ProtocolError(f"Erro inesperado ao falar com o birô: {type(error).__name__}.")
            return answer_from_error(unforeseen), unforeseen

    def _prepared(self, claimed: _Claimed, claim: Claim) -> Callable[[], Answer | LookupResult]:
        """The call with all its arguments: what fails here is known not to have been sent."""
        negativation, context = claimed.negativation, claimed.context
        key = RecordKey(negativation.document, negativation.reference, negativation.due_date, negativation.bureau_id)
        gateway = self._tenant.gateways.for_integration(context.integration)
        match claim.action:
            case Action.INCLUDE if claimed.customer is not None:
                order = inclusion_order(negativation, claimed.customer, context.creditor, context.capabilities)
                return lambda: gateway.include(order)
            case Action.REMOVE:
                reason = negativation.removal_reason or RemovalReason.CREDITOR_REQUEST
                removal = RemovalOrder(key, reason, context.creditor.document, negativation.removal_code)
                return lambda: gateway.remove(removal)
            case Action.LOOK_UP | Action.POLL:
                return lambda: find_record(gateway, key, lambda: self._rates.acquire_blocking(context.integration))
            case _:
                raise ValueError(f"{claim.action} was claimed without what it needs")

    def _near(self, claimed: _Claimed, claim: Claim, answer: Answer | LookupResult) -> Sequence[str]:
        """Of an unconfirmed record that the bureau does not find: similar contracts, as far as the lease allows."""
        capabilities = claimed.context.capabilities
        if not (claimed.negativation.is_unconfirmed and capabilities.find and is_missing(answer)):
            return ()

        def may_call() -> bool:
            if claim.until - self._tenant.clock.now() < capabilities.call_deadline:
                return False
            return self._tenant.limits.acquire(claimed.context.integration) is None

        gateway = self._tenant.gateways.for_integration(claimed.context.integration)
        return near_contracts(gateway, claimed.negativation, may_call)

    def _store(
        self, negativation_id: str, claim: Claim, answer: Answer | LookupResult, near: Sequence[str]
    ) -> tuple[Change, Sequence[Divergence]]:
        """Store an answer under the claim's fence; a late one is stored as evidence. Raises `NotFound`."""
        written: Sequence[Divergence] = ()

        def decide(update: UpdateContext) -> Change:
            nonlocal written
            change = self._decide_answer(update, claim, answer)
            shown = shown_by_answer(update.negativation, change, answer, near)
            if shown.differences or shown.fresh:
                written = store_shown(self._tenant, update, shown)
            return change

        result: UpdateResult[None] | None = self._updates.apply("answer", negativation_id, decide, wait=True)
        if result is None or result.change is None:
            raise NotFound("Negativação não encontrada.")
        return result.change, written

    def _decide_answer(self, update: UpdateContext, claim: Claim, answer: Answer | LookupResult) -> Change:
        now, current, context = self._tenant.clock.now(), update.negativation, update.integration_context
        at = AnswerContext(
            now=now,
            today=context.creditor.today(now),
            capabilities=context.capabilities,
            jitter=self._tenant.identifiers.jitter(),
            notice_days=context.integration.settings.guards.notice_term(context.creditor.state),
            reason_codes=_reason_codes(context, current.removal_reason or RemovalReason.CREDITOR_REQUEST),
        )
        return record_answer(current, claim, answer, at)


def _reason_codes(context: IntegrationContext, reason: RemovalReason) -> tuple[str, ...]:
    return context.integration.reason_map.candidates(reason, context.capabilities.reason_hints)
