"""Requesting and withdrawing a removal (rules 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.divergences import Decision, Divergence
from credit_protection.domain.errors import Conflict, InvalidInput, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Change, Negativation, may_have_duplicates, sync_transmission
from credit_protection.domain.reasons import LABELS, RemovalReason
from credit_protection.domain.removal_policy import (
    RemovalCause,
    RemovalPolicy,
    RemovalTrigger,
    removal_deadline,
    settlement_trigger,
)
from credit_protection.domain.settlements import InvoiceSettlementStatus
from credit_protection.domain.state_table import Observed


def request_removal(
    negativation: Negativation, trigger: RemovalTrigger, capabilities: Capabilities, now: datetime
) -> Change:
    """Add a reason to remove; closes at once what was never sent.

    A closed record is unchanged. A second request for the same cause keeps the earlier deadline; a settlement's
    deadline is always the newest.
    """
    if negativation.is_closed:
        return Change(negativation)
    if trigger.is_settlement:
        others = tuple(each for each in negativation.triggers if not each.is_settlement)
    else:
        same = (trigger.cause, trigger.code)
        others = tuple(each for each in negativation.triggers if (each.cause, each.code) != same)
        trigger = _not_later(trigger, negativation)
    requested = replace(negativation, triggers=(*others, trigger))
    detail = {"cause": trigger.cause.value, "deadline": trigger.deadline.isoformat()}
    event = Event(EventKind.REMOVAL_WANTED, negativation.id, now, trigger.actor_id, trigger.note, detail)
    return _with_desired(negativation, requested, capabilities, now, event)


def _not_later(trigger: RemovalTrigger, negativation: Negativation) -> RemovalTrigger:
    """A second request does not postpone a deadline."""
    same = (trigger.cause, trigger.code)
    earlier = [each.deadline for each in negativation.triggers if (each.cause, each.code) == same]
    return replace(trigger, deadline=min([trigger.deadline, *earlier]))


def apply_settlement_statuses(
    negativation: Negativation,
    statuses: Mapping[str, InvoiceSettlementStatus],
    policy: RemovalPolicy,
    calendar: BusinessCalendar,
    capabilities: Capabilities,
    now: datetime,
) -> Change:
    """Apply the effective settlements (rule 4).

    After a reversal the settlement's trigger is withdrawn, unless a removal was ever claimed. Idempotent.
    """
    if negativation.is_closed:
        return Change(negativation)
    current = next((trigger for trigger in negativation.triggers if trigger.is_settlement), None)
    trigger = settlement_trigger(statuses, policy, calendar, now)
    if trigger is None:
        if current is None:
            return Change(negativation)
        return _withdraw_settlement_trigger(negativation, current, capabilities, now)
    if current is not None:
        deadline = min(current.deadline, trigger.deadline) if negativation.removal_claims else trigger.deadline
        if (current.cause, current.deadline) == (trigger.cause, deadline):
            return Change(negativation)
        trigger = replace(trigger, at=current.at, deadline=deadline)
    return request_removal(negativation, trigger, capabilities, now)


def earlier_deadlines(
    negativation: Negativation,
    statuses: Mapping[str, InvoiceSettlementStatus],
    policy: RemovalPolicy,
    calendar: BusinessCalendar,
    creditor: Creditor,
    capabilities: Capabilities,
    now: datetime,
) -> Change:
    """Count each trigger's deadline anew under the present rule; none becomes later."""
    if negativation.is_closed or not negativation.triggers:
        return Change(negativation)
    settled = settlement_trigger(statuses, policy, calendar, now)

    def counted(trigger: RemovalTrigger) -> RemovalTrigger:
        if not trigger.is_settlement:
            on = creditor.today(trigger.at)
            deadline = removal_deadline(trigger.cause, on, calendar, deletion_days=policy.deletion_days)
        elif settled is not None:
            deadline = settled.deadline
        else:
            return trigger
        return replace(trigger, deadline=deadline) if deadline < trigger.deadline else trigger

    triggers = tuple(counted(each) for each in negativation.triggers)
    if triggers == negativation.triggers:
        return Change(negativation)
    renewed = replace(negativation, triggers=triggers)
    first = min(triggers, key=lambda each: each.deadline)
    detail = {"cause": first.cause.value, "deadline": first.deadline.isoformat()}
    event = Event(EventKind.REMOVAL_WANTED, negativation.id, now, cause="prazo contado de novo", detail=detail)
    return _with_desired(negativation, renewed, capabilities, now, event)


def _withdraw_settlement_trigger(
    negativation: Negativation, trigger: RemovalTrigger, capabilities: Capabilities, now: datetime
) -> Change:
    if negativation.removal_claims:
        return Change(negativation)
    withdrawn = replace(negativation, triggers=tuple(each for each in negativation.triggers if each is not trigger))
    detail = {"cause": trigger.cause.value}
    event = Event(EventKind.REMOVAL_WITHDRAWN, negativation.id, now, cause="estorno da baixa", detail=detail)
    return _with_desired(negativation, withdrawn, capabilities, now, event)


def delete(  # noqa: PLR0913 - the facts of one decision
    negativation: Negativation,
    *,
    actor_id: str,
    reason: RemovalReason | None,
    attestation: str,
    statuses: Mapping[str, InvoiceSettlementStatus],
    deletion_days: int,
    today: date,
    calendar: BusinessCalendar,
    capabilities: Capabilities,
    now: datetime,
) -> Change:
    """Request a removal as a person ("Apagar"). Without a reason it means "solicitação do credor".

    The attestation is in the person's words; it is needed for PAYMENT without an effective settlement.

    Raises:
        Conflict: it is closed already.
        RuleViolation: PAYMENT without a settlement or an attestation.
    """
    if negativation.is_closed:
        raise Conflict("Esta negativação já está encerrada: não há o que apagar.", code="ja_encerrada")
    paid = bool(statuses) and all(each.outcome.is_settled for each in statuses.values())
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
    is_by_settlements = chosen is RemovalReason.PAYMENT and not attestation.strip()
    kept = None if is_by_settlements else chosen  # settlements may be reversed; the claim decides (rule 10)
    trigger = RemovalTrigger(cause, now, deadline, actor_id, kept, note)
    return request_removal(negativation, trigger, capabilities, now)


def withdraw(negativation: Negativation, *, actor_id: str, capabilities: Capabilities, now: datetime) -> Change:
    """Withdraw a deletion as a person.

    Raises:
        Conflict: it is closed, or no removal is requested.
        RuleViolation: there is another trigger (it is paid, say), or a removal was ever claimed (rule 4).
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
    return _with_desired(negativation, replace(negativation, triggers=()), capabilities, now, event)


def lift_divergence(negativation: Negativation, code: str, capabilities: Capabilities, now: datetime) -> Change:
    """Withdraw the trigger of a divergence that is over, or that a person keeps (rule 4).

    Unchanged where there is none, the record is closed, or a removal was ever claimed.
    """
    lifted = tuple(
        each for each in negativation.triggers if not (each.cause is RemovalCause.DIVERGENCE and each.code == code)
    )
    if negativation.is_closed or negativation.removal_claims or len(lifted) == len(negativation.triggers):
        return Change(negativation)
    detail = {"code": code}
    event = Event(EventKind.REMOVAL_WITHDRAWN, negativation.id, now, cause="divergência encerrada", detail=detail)
    return _with_desired(negativation, replace(negativation, triggers=lifted), capabilities, now, event)


def decide_divergence(  # noqa: PLR0913 - the facts of one decision
    negativation: Negativation,
    divergence: Divergence,
    *,
    actor_id: str,
    reason: RemovalReason | None,
    deletion_days: int,
    today: date,
    calendar: BusinessCalendar,
    capabilities: Capabilities,
    now: datetime,
) -> Change:
    """Carry out a person's decision about a divergence: keep lifts its trigger, remove adds the person's own.

    Raises:
        Conflict: the negativation is closed.
    """
    if negativation.is_closed:
        raise Conflict("Esta negativação já está encerrada: não há o que decidir.", code="ja_encerrada")
    if divergence.decision is not Decision.REMOVE:
        return lift_divergence(negativation, divergence.code.value, capabilities, now)
    chosen = reason or RemovalReason.CORRECTION
    cause = RemovalCause.COURT if chosen is RemovalReason.COURT_ORDER else RemovalCause.PERSON
    deadline = removal_deadline(cause, today, calendar, deletion_days=deletion_days)
    trigger = RemovalTrigger(cause, now, deadline, actor_id, chosen, divergence.remark)
    return request_removal(negativation, trigger, capabilities, now)


def bureau_says_removed(
    negativation: Negativation, capabilities: Capabilities, *, today: date, now: datetime
) -> Change:
    """A callback or an extract says "removed by the bureau": a hint (rule 6).

    It closes after a look-up, since the hint may be about an earlier attempt under the same key; at once where the
    gateway can't look up and only one inclusion was sent. A record that was never sent is unchanged.
    """
    if negativation.is_closed or (
        not negativation.inclusion_claims and negativation.known_at is None and not negativation.is_unconfirmed
    ):
        return Change(negativation)
    trigger = _not_later(RemovalTrigger(RemovalCause.BUREAU, now, today), negativation)
    others = tuple(each for each in negativation.triggers if each.cause is not RemovalCause.BUREAU)
    hinted = replace(negativation, triggers=(*others, trigger))
    event = Event(EventKind.BUREAU_SAYS_REMOVED, negativation.id, now, cause="informado pelo birô")
    if not capabilities.find and not may_have_duplicates(negativation, capabilities):
        known_at = negativation.known_at or now
        hinted = replace(
            hinted, observed=Observed.GONE, observed_since=now, known_at=known_at, unanswered_inclusions=None
        )
    elif negativation.observed is Observed.PRESENT:
        hinted = replace(hinted, observed=Observed.IN_DOUBT_REMOVE, observed_since=now)
    return _with_desired(negativation, hinted, capabilities, now, event)


def attest_absent(
    negativation: Negativation, *, actor_id: str, remark: str, today: date, capabilities: Capabilities, now: datetime
) -> Change:
    """Record a person's statement that the bureau has no record: the only other way out of the queue (rule 5).

    Raises:
        Conflict: it is closed, a call is running, or a request could take effect (rule 6).
        InvalidInput: no reason is given.
    """
    if negativation.is_closed:
        raise Conflict("Esta negativação já está encerrada.", code="ja_encerrada")
    if negativation.transmission.claim is not None:
        raise Conflict("Há um envio em andamento. Espere terminar e confira de novo.", code="envio_em_andamento")
    if not remark.strip():
        raise InvalidInput(
            "Diga como foi comprovado que o birô não tem o registro.", field="remark", code="declaracao_obrigatoria"
        )
    until = may_take_effect_until(negativation, capabilities)
    if until is not None and now < until:
        raise Conflict(
            "Um envio anterior ainda pode chegar ao birô. Espere o prazo de processamento dele e confira de novo.",
            code="envio_pode_chegar",
            until=until.isoformat(),
        )
    trigger = RemovalTrigger(RemovalCause.PERSON, now, today, actor_id, note=remark.strip())
    was_on_file = negativation.inclusion_claims or negativation.known_at or negativation.is_unconfirmed
    seen = Observed.GONE if was_on_file else Observed.ABSENT
    stated = replace(
        negativation,
        triggers=(*negativation.triggers, trigger),
        observed=seen,
        observed_since=now,
        unanswered_inclusions=None,
        unanswered_removals=None,
    )
    event = Event(EventKind.ATTESTED_ABSENT, negativation.id, now, actor_id, remark.strip())
    return Change(sync_transmission(stated, capabilities, now), (event,))


def may_take_effect_until(negativation: Negativation, capabilities: Capabilities) -> datetime | None:
    """Until when a sent inclusion could take effect; None where none could."""
    instants = []
    if negativation.unanswered_inclusions is not None:
        instants.append(negativation.unanswered_inclusions.quiet_until)
    if negativation.observed is Observed.INCLUDING:
        instants.append(negativation.observed_since + capabilities.quiet_period)
    return max(instants, default=None)


def _with_desired(
    before: Negativation, after: Negativation, capabilities: Capabilities, now: datetime, event: Event
) -> Change:
    """Synchronise the transmission with what is desired now; a running lease stays with its worker.

    A block that was set under another desired state is dropped: a removal does not wait for an inclusion's block.
    """
    synced = sync_transmission(after, capabilities, now)
    if before.desired is not after.desired:
        synced = replace(synced, transmission=replace(synced.transmission, block=None))
    if synced.transmission.action is before.transmission.action:
        synced = replace(synced, transmission=replace(synced.transmission, due_at=before.transmission.due_at))
    events = [event]
    if synced.is_closed and synced.observed is Observed.ABSENT:
        events.append(Event(EventKind.CANCELLED, before.id, now, event.actor_id, "cancelada antes do envio"))
    if synced.is_closed and synced.observed is Observed.GONE:
        events.append(Event(EventKind.REMOVED, before.id, now, event.actor_id, event.cause))
    return Change(synced, tuple(events))
