"""Wanting a record gone, and the one way back (rule 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credit_protection.domain.errors import Conflict, InvalidInput, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.legal_calendar import RemovalCause, removal_deadline
from credit_protection.domain.negativations import Change, Observed, may_be_several, sync_transmission
from credit_protection.domain.reasons import LABELS, RemovalReason
from credit_protection.domain.removal_policy import RemovalTrigger, settlement_trigger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.legal_calendar import BusinessCalendar
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.removal_policy import RemovalPolicy
    from credit_protection.domain.settlements import InvoiceStanding


def want_removed(negativation: Negativation, trigger: RemovalTrigger, gateway: Capabilities, now: datetime) -> Change:
    """Add a standing reason to remove; closes at once what was never sent.

    Returns:
        `desired` is REMOVED and the table decides. A closed record is left as it is. Asked again for the same cause,
        the earlier deadline rules; a settlement's is the newest reckoning.
    """
    if negativation.is_closed:
        return Change(negativation)
    if not trigger.is_settlement:
        trigger = _not_later(trigger, negativation)
    others = tuple(each for each in negativation.triggers if each.cause is not trigger.cause)
    if trigger.is_settlement:
        others = tuple(each for each in others if not each.is_settlement)
    wanted = replace(negativation, triggers=(*others, trigger))
    event = Event(
        EventKind.REMOVAL_WANTED,
        negativation.id,
        now,
        trigger.actor_id,
        trigger.note,
        {"cause": trigger.cause.value, "deadline": trigger.deadline.isoformat()},
    )
    return _turned(negativation, wanted, gateway, now, event)


def _not_later(trigger: RemovalTrigger, negativation: Negativation) -> RemovalTrigger:
    """Asking twice does not put a deadline off."""
    asked = [each.deadline for each in negativation.triggers if each.cause is trigger.cause]
    return replace(trigger, deadline=min([trigger.deadline, *asked]))


def apply_standings(
    negativation: Negativation,
    standings: Mapping[str, InvoiceStanding],
    policy: RemovalPolicy,
    calendar: BusinessCalendar,
    gateway: Capabilities,
    now: datetime,
) -> Change:
    """Let the settlements that stand decide (rule 4: paid means going).

    Args:
        negativation: whose.
        standings: of every invoice that it covers.
        policy: the integration's.
        calendar: the creditor's.
        gateway: what the gateway can do.
        now: instant, UTC.

    Returns:
        With a settlement trigger where the policy says so; without it after a reversal, unless a removal was ever
        claimed: then it goes all the way, and asking anew makes a new negativation. Idempotent.
    """
    if negativation.is_closed:
        return Change(negativation)
    stood = next((trigger for trigger in negativation.triggers if trigger.is_settlement), None)
    trigger = settlement_trigger(standings, policy, calendar, now)
    if trigger is None:
        return Change(negativation) if stood is None else _lift(negativation, stood, gateway, now)
    if stood is not None:
        deadline = min(stood.deadline, trigger.deadline) if negativation.removal_claims else trigger.deadline
        if (stood.cause, stood.deadline) == (trigger.cause, deadline):
            return Change(negativation)
        trigger = replace(trigger, at=stood.at, deadline=deadline)
    return want_removed(negativation, trigger, gateway, now)


def _lift(negativation: Negativation, trigger: RemovalTrigger, gateway: Capabilities, now: datetime) -> Change:
    if negativation.removal_claims:
        return Change(negativation)
    rest = tuple(each for each in negativation.triggers if each is not trigger)
    lifted = replace(negativation, triggers=rest)
    event = Event(
        EventKind.REMOVAL_WITHDRAWN,
        negativation.id,
        now,
        cause="estorno da baixa",
        detail={"cause": trigger.cause.value},
    )
    return _turned(negativation, lifted, gateway, now, event)


def delete(  # noqa: PLR0913 - the facts of one decision
    negativation: Negativation,
    *,
    actor_id: str,
    reason: RemovalReason | None,
    attestation: str,
    standings: Mapping[str, InvoiceStanding],
    deletion_days: int,
    today: date,
    calendar: BusinessCalendar,
    gateway: Capabilities,
    now: datetime,
) -> Change:
    """Remove because a person asked ("Apagar"). Without a reason it means "solicitação do credor".

    Args:
        negativation: whose.
        actor_id: the person.
        reason: chosen from the list, or None.
        attestation: why, in the person's words; needed for PAYMENT where no settlement stands.
        standings: of every invoice that it covers.
        deletion_days: the policy's.
        today: the creditor's date.
        calendar: the creditor's.
        gateway: what the gateway can do.
        now: instant, UTC.

    Raises:
        Conflict: it is closed already.
        RuleViolation: PAYMENT without a settlement or an attestation.
    """
    if negativation.is_closed:
        raise Conflict("Esta negativação já está encerrada: não há o que apagar.", code="ja_encerrada")
    paid = bool(standings) and all(each.outcome.is_settled for each in standings.values())
    if reason is RemovalReason.PAYMENT and not paid and not attestation.strip():
        raise RuleViolation(
            "Não há baixa registrada para todas as faturas. Para usar o motivo pagamento, registre uma declaração "
            "dizendo como o pagamento foi comprovado.",
            code="pagamento_sem_baixa",
        )
    chosen = reason or RemovalReason.CREDITOR_REQUEST
    cause = RemovalCause.COURT if chosen is RemovalReason.COURT_ORDER else RemovalCause.PERSON
    deadline = removal_deadline(cause, today, calendar, deletion_days=deletion_days)
    note = attestation.strip() or LABELS[chosen]
    rests_on_settlements = chosen is RemovalReason.PAYMENT and not attestation.strip()
    told = None if rests_on_settlements else chosen  # they may be reversed before the claim, which decides (rule 10)
    trigger = RemovalTrigger(cause, now, deadline, actor_id, told, note)
    return want_removed(negativation, trigger, gateway, now)


def withdraw(negativation: Negativation, *, actor_id: str, gateway: Capabilities, now: datetime) -> Change:
    """A person takes a deletion back.

    Raises:
        Conflict: it is closed, or nothing was asked for.
        RuleViolation: another trigger stands (it is paid, say), or a removal was ever claimed (rule 4).
    """
    if negativation.is_closed:
        raise Conflict("Esta negativação já está encerrada: a remoção não pode ser desfeita.", code="ja_encerrada")
    if not negativation.triggers:
        raise Conflict("Não há remoção pedida para desfazer.", code="nada_a_desfazer")
    if any(trigger.actor_id is None for trigger in negativation.triggers):
        raise RuleViolation(
            "A remoção não pode ser desfeita: há uma baixa ou outro motivo que não depende de você. "
            "Se a baixa foi um engano, estorne-a no ERP.",
            code="remocao_com_motivo",
        )
    if negativation.removal_claims:
        raise RuleViolation(
            "A remoção já foi enviada ao birô e não pode ser desfeita. "
            "Se a dívida continua, peça uma nova negativação.",
            code="remocao_ja_enviada",
        )
    event = Event(EventKind.REMOVAL_WITHDRAWN, negativation.id, now, actor_id, "desfeita por pessoa")
    return _turned(negativation, replace(negativation, triggers=()), gateway, now, event)


def bureau_says_removed(negativation: Negativation, gateway: Capabilities, *, today: date, now: datetime) -> Change:
    """A callback or an extract says "removed by the bureau": a hint (rule 6).

    Returns:
        `desired` is REMOVED, cause bureau. It closes after a look-up, since the hint may speak of an earlier attempt
        under the same key; at once where the gateway can't look up and it can only be this one. What the bureau
        was never asked to hold stays.
    """
    if negativation.is_closed or (not negativation.inclusion_claims and negativation.known_at is None):
        return Change(negativation)
    trigger = _not_later(RemovalTrigger(RemovalCause.BUREAU, now, today), negativation)
    others = tuple(each for each in negativation.triggers if each.cause is not RemovalCause.BUREAU)
    hinted = replace(negativation, triggers=(*others, trigger))
    event = Event(EventKind.BUREAU_SAYS_REMOVED, negativation.id, now, cause="informado pelo birô")
    if not gateway.find and not may_be_several(negativation, gateway):
        known_at = negativation.known_at or now
        hinted = replace(
            hinted, observed=Observed.GONE, observed_since=now, known_at=known_at, unanswered_inclusions=None
        )
    elif negativation.observed is Observed.PRESENT:
        hinted = replace(hinted, observed=Observed.IN_DOUBT_REMOVE, observed_since=now)
    return _turned(negativation, hinted, gateway, now, event)


def attest_absent(
    negativation: Negativation, *, actor_id: str, why: str, today: date, gateway: Capabilities, now: datetime
) -> Change:
    """A person states, with a reason, that the bureau holds nothing: the only other way out of the queue (rule 5).

    Raises:
        Conflict: it is closed, a call is running, or a request could still land (rule 6): look again after that.
        InvalidInput: no reason is given.
    """
    if negativation.is_closed:
        raise Conflict("Esta negativação já está encerrada.", code="ja_encerrada")
    if negativation.transmission.claim is not None:
        raise Conflict("Há um envio em andamento. Espere terminar e confira de novo.", code="envio_em_andamento")
    if not why.strip():
        raise InvalidInput(
            "Diga como foi comprovado que o birô não tem o registro.", field="why", code="declaracao_obrigatoria"
        )
    until = lands_until(negativation, gateway)
    if until is not None and now < until:
        raise Conflict(
            "Um envio anterior ainda pode chegar ao birô. Espere o prazo de processamento dele e confira de novo.",
            code="envio_pode_chegar",
            until=until.isoformat(),
        )
    trigger = RemovalTrigger(RemovalCause.PERSON, now, today, actor_id, note=why.strip())
    seen = Observed.GONE if negativation.inclusion_claims or negativation.known_at else Observed.ABSENT
    stated = replace(
        negativation,
        triggers=(*negativation.triggers, trigger),
        observed=seen,
        observed_since=now,
        unanswered_inclusions=None,
        unanswered_removals=None,
    )
    event = Event(EventKind.ATTESTED_ABSENT, negativation.id, now, actor_id, why.strip())
    return Change(sync_transmission(stated, gateway, now), (event,))


def lands_until(negativation: Negativation, gateway: Capabilities) -> datetime | None:
    """Until when an inclusion that was sent could still come to stand; None where none could."""
    instants = []
    if negativation.unanswered_inclusions is not None:
        instants.append(negativation.unanswered_inclusions.quiet_until)
    if negativation.observed is Observed.INCLUDING:
        instants.append(negativation.observed_since + gateway.quiet_period)
    return max(instants, default=None)


def _turned(before: Negativation, after: Negativation, gateway: Capabilities, now: datetime, event: Event) -> Change:
    """Settle the transmission; a running hold stays with its worker, whose answer will find the new wish.

    What was blocked while something else was wanted is tried again: a removal does not wait for an inclusion's block.
    """
    settled = sync_transmission(after, gateway, now)
    if before.desired is not after.desired:
        settled = replace(settled, transmission=replace(settled.transmission, block=None))
    if settled.transmission.action is before.transmission.action:
        settled = replace(settled, transmission=replace(settled.transmission, due_at=before.transmission.due_at))
    events = [event]
    if settled.is_closed and settled.observed is Observed.ABSENT:
        events.append(Event(EventKind.CANCELLED, before.id, now, event.actor_id, "cancelada antes do envio"))
    if settled.is_closed and settled.observed is Observed.GONE:
        events.append(Event(EventKind.REMOVED, before.id, now, event.actor_id, event.cause))
    return Change(settled, tuple(events))
