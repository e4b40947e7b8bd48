"""Transmissions: claim, perform, sweep.

A worker claims (the doubt is written down and committed), calls the bureau outside any transaction, and stores the
answer in a second, fenced transaction. Whatever dies in between, the sweep finds.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credit_protection.application.answers import Answers
from credit_protection.application.breakers import Breakers
from credit_protection.application.checkpoints import reached
from credit_protection.application.claims import Claims
from credit_protection.application.decisions import Decisions
from credit_protection.application.permits import Permits
from credit_protection.application.setups import Setups
from credit_protection.domain import transmissions
from credit_protection.domain.bureau_answers import (
    NotExecuted,
    RecordKey,
    Rejected,
    Unknown,
)
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    CreditProtectionError,
    InclusionStillProcessing,
    NoCredit,
    NotFound,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.negativations import Action
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.requests import inclusion_order
from credit_protection.ports.bureau import RemovalOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from credit_protection.application.breakers import Passage
    from credit_protection.application.claims import Claimed
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Claim, Negativation
    from credit_protection.ports.storage import DueTransmission

log = logging.getLogger(__name__)

SWEEP_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Performed:
    """One transmission's outcome.

    Args:
        negativation: as stored after.
        action: what was done; None where nothing was to be claimed any more.
        error: what the bureau or the network said, where it failed.
        not_before: no permit was free, and nothing was claimed: `due` gives it again from then on.
    """

    negativation: Negativation
    action: Action | None
    error: BureauError | None = None
    not_before: datetime | None = None


class Transmissions:
    """The use cases of the workers."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        decisions = Decisions(tenant)
        self._claims = Claims(tenant, decisions)
        self._answers = Answers(tenant, decisions)
        self._permits = Permits(tenant)
        self._breakers = Breakers(tenant, self._permits)

    # ------------------------------------------------------------------------------------------ what is due

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now: removals first, earliest deadline first.

        Paused integrations are left out, and those whose rate allows no call now.
        """
        held_back = self._permits.held_back()
        with self._tenant.storage.reading() as unit:
            due = unit.negativations.due(self._tenant.clock.now(), limit, except_integrations=held_back)
        self._permits.found(due)
        return due

    def next_due_at(self) -> datetime | None:
        """When a worker must look again, if nobody wakes it."""
        with self._tenant.storage.reading() as unit:
            upcoming = unit.negativations.next_due_at(self._tenant.clock.now())
        return self._permits.look_again(upcoming)

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
        reached("perform.begun")
        integration = self._permits.integration(negativation_id)
        permit = self._permits.take(integration)
        if permit.not_before is not None:
            return self._held_back(negativation_id, permit.not_before)
        was_used = True
        try:
            done = self._perform(negativation_id, worker, integration)
            was_used = done is not None and done.action is not None
        finally:
            self._permits.end(permit, was_used=was_used)
        return done

    def _perform(self, negativation_id: str, worker: str, integration: Integration) -> Performed | None:
        with self._breakers.passage(integration) as passage:
            if passage.not_before is not None:
                return self._held_back(negativation_id, passage.not_before)
            return self._pass(negativation_id, worker, passage)

    def _pass(self, negativation_id: str, worker: str, passage: Passage) -> Performed | None:
        try:
            claimed = self._claims.claim(negativation_id, worker, passage.probe)
        except NotFound:
            raise
        except Exception:
            self._claims.postpone(negativation_id, "erro_inesperado")  # else it would stand first in line for ever
            raise
        if claimed is None:
            return None
        if claimed.claim is None:
            return Performed(claimed.negativation, None)
        reached("call.before")
        answer, error = self._call(claimed, claimed.claim)
        reached("call.after")
        change = self._answers.store(negativation_id, claimed.claim, answer)
        if error is not None or not isinstance(answer, NotExecuted):  # else no call was made
            self._breakers.tell(passage, claimed.setup.integration, negativation_id, error)
        self._tenant.listeners.happened(change.events)
        self._wake(change.negativation)
        reached("answer.told")
        return Performed(change.negativation, claimed.claim.action, error)

    def _let_go(self, negativation_id: str, now: datetime) -> bool:
        with self._tenant.storage.unit() as unit:
            negativation = unit.negativations.lock(negativation_id, skip_locked=True)
            if negativation is None:
                return False
            change = transmissions.expire(negativation, Setups(self._tenant, unit).of(negativation).gateway, now)
            if change.negativation is negativation:
                return False
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            reached("let_go.written")
            unit.commit()
        reached("let_go.committed")
        self._tenant.listeners.happened(change.events)
        return True

    def _held_back(self, negativation_id: str, not_before: datetime) -> Performed:
        with self._tenant.storage.reading() as unit:
            return Performed(unit.negativations.get(negativation_id), None, not_before=not_before)

    # ------------------------------------------------------------------------------------------ the call

    def _call(self, claimed: Claimed, claim: Claim) -> tuple[Answer | LookupResult, BureauError | None]:
        """One call to the bureau, outside any transaction; every failure becomes what is known of it."""
        negativation, integration = claimed.negativation, claimed.setup.integration
        try:
            call = self._prepared(claimed, claim)
        except CreditProtectionError as error:  # a lost key, say: no byte was sent, and a person must mend it
            log.warning("transmission %s can't be sent: %s", negativation.id, error.message)
            return NotExecuted(error.code, error.message, needs_person=True), None
        if claim.until - self._tenant.clock.now() < claimed.setup.gateway.call_deadline:
            # This process stood still after its claim: what it sent now could land when the quiet period is over.
            return NotExecuted("reserva_no_fim", "O envio não começou a tempo. Ele será tentado de novo."), None
        try:
            return call(), None
        except BureauError as error:
            return known_of(error), error
        except Exception as error:
            log.exception("the gateway %s failed", integration.gateway, extra={"negativation": negativation.id})
            unforeseen = ProtocolError(f"Erro inesperado ao falar com o birô: {type(error).__name__}.")
            return known_of(unforeseen), unforeseen

    def _prepared(self, claimed: Claimed, claim: Claim) -> Callable[[], Answer | LookupResult]:
        """The call, all that it needs at hand: whatever fails here is known not to have been sent."""
        negativation, setup = claimed.negativation, claimed.setup
        key = RecordKey(negativation.document, negativation.reference, negativation.due_date, negativation.bureau_id)
        gateway = self._tenant.gateways.of(setup.integration)
        match claim.action:
            case Action.INCLUDE if claimed.customer is not None:
                order = inclusion_order(negativation, claimed.customer, setup.creditor, setup.gateway)
                return lambda: gateway.include(order)
            case Action.REMOVE:
                reason = negativation.removal_reason or RemovalReason.CREDITOR_REQUEST
                removal = RemovalOrder(key, reason, setup.creditor.document)
                return lambda: gateway.remove(removal)
            case Action.LOOK_UP | Action.POLL:
                return lambda: gateway.find(key)
            case _:
                raise ValueError(f"{claim.action} was claimed without what it needs")

    # ------------------------------------------------------------------------------------------ after it

    def _wake(self, negativation: Negativation) -> None:
        work = negativation.transmission
        if work.action.is_call and work.block is None:
            self._tenant.queue.wake(negativation.id, work.due_at)


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
