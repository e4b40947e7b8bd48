"""The steps that answers and look-ups share: what is known of a record, and each next state with its events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from credit_protection.domain.bureau_answers import NotExecuted
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.instants import FARTHEST_DUE, within
from credit_protection.domain.negativations import (
    UNKNOWN_REASON,
    Block,
    Change,
    Negativation,
    Unanswered,
    may_have_duplicates,
    sync_transmission,
)
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Observed
from credit_protection.domain.transmissions import next_code, require_manual_action


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """When and where an answer is stored; from `notice_days` it is estimated when the record shows in queries.

    `reason_codes` are those with which a removal may be sent, in order.
    """

    now: datetime
    today: date
    capabilities: Capabilities
    jitter: float = 0.5
    notice_days: int = 10
    reason_codes: tuple[str, ...] = ()

    def next_attempt(self, attempts: int = 1, not_before: datetime | None = None) -> datetime:
        """The instant of the next call after so many in a row that settled nothing."""
        instant = self.capabilities.poll_backoff.next_attempt(self.now, attempts, self.jitter, not_before)
        return within(instant, self.now, FARTHEST_DUE)


def with_observed(negativation: Negativation, observed: Observed, context: AnswerContext) -> Negativation:
    """Change what is observed; `observed_since` moves only where it differs."""
    if observed is negativation.observed:
        return negativation
    return replace(negativation, observed=observed, observed_since=context.now)


def took_effect(negativation: Negativation, bureau_id: str | None, context: AnswerContext) -> Negativation:
    """The bureau shows the record. If it never did before, one of the unanswered inclusions took effect."""
    if negativation.known_at is None:
        negativation = one_inclusion_answered(negativation)
    return acknowledged(negativation, bureau_id, context)


def acknowledged(negativation: Negativation, bureau_id: str | None, context: AnswerContext) -> Negativation:
    """The bureau confirmed that it has the record."""
    known_at = negativation.known_at or context.now
    return replace(negativation, known_at=known_at, is_unconfirmed=False, bureau_id=bureau_id or negativation.bureau_id)


def one_inclusion_answered(negativation: Negativation) -> Negativation:
    """One unanswered inclusion fewer."""
    return replace(negativation, unanswered_inclusions=one_less(negativation.unanswered_inclusions))


def one_less(unanswered: Unanswered | None) -> Unanswered | None:
    """One request fewer; None where none is left."""
    if unanswered is None or unanswered.count == 1:
        return None
    return replace(unanswered, count=unanswered.count - 1)


def marked_uncertain(unanswered: Unanswered | None, context: AnswerContext) -> Unanswered:
    """A request may take effect for one more quiet period."""
    quiet_until = context.now + context.capabilities.quiet_period
    if unanswered is None:
        return Unanswered(1, context.now, quiet_until)
    return replace(unanswered, quiet_until=max(unanswered.quiet_until, quiet_until))


def before_removal(negativation: Negativation) -> Observed:
    """What was known before the removal was claimed: its inclusion may have been in doubt."""
    is_on_file = negativation.known_at is not None or negativation.is_unconfirmed
    return Observed.PRESENT if is_on_file else Observed.IN_DOUBT_INCLUDE


def inclusions_quiet_until(negativation: Negativation) -> datetime | None:
    """When no unanswered inclusion can take effect any more; None where there is none."""
    unanswered = negativation.unanswered_inclusions
    return None if unanswered is None else unanswered.quiet_until


def other_inclusion_pending(negativation: Negativation, asked_at: datetime, capabilities: Capabilities) -> bool:
    """Whether an inclusion other than the one that the bureau shows could take effect after `asked_at`."""
    unanswered = negativation.unanswered_inclusions
    if unanswered is None or not may_have_duplicates(negativation, capabilities):
        return False
    return asked_at < unanswered.quiet_until


def removals_quiet_until(negativation: Negativation, context: AnswerContext) -> datetime:
    """When no unanswered removal can take effect any more."""
    unanswered = negativation.unanswered_removals
    if unanswered is not None:
        return unanswered.quiet_until
    return negativation.observed_since + context.capabilities.quiet_period


def with_bureau_trigger(negativation: Negativation, context: AnswerContext) -> Negativation:
    """Where the record leaves and no removal was ever sent, add the bureau's own trigger; it can't be withdrawn."""
    if negativation.removal_claims or negativation.has_trigger(RemovalCause.BUREAU):
        return negativation
    trigger = RemovalTrigger(RemovalCause.BUREAU, context.now, context.today, note="removida pelo birô")
    return replace(negativation, triggers=(*negativation.triggers, trigger))


def transition(
    negativation: Negativation,
    observed: Observed,
    context: AnswerContext,
    kind: EventKind,
    *,
    due: datetime | None = None,
    attempts: int = 0,
    cause: str = "",
    **detail: str,
) -> Change:
    """Something was learnt: the failures in a row are over."""
    synced = sync_transmission(with_observed(negativation, observed, context), context.capabilities, due or context.now)
    work = replace(synced.transmission, attempts=attempts, last_error="")
    event = Event(kind, negativation.id, context.now, cause=cause, detail=detail)
    return Change(replace(synced, transmission=work), (event,))


def present(
    negativation: Negativation, notice_sent_on: date | None, published_on: date | None, context: AnswerContext
) -> Change:
    """The record is on file; where the bureau does not say since when it shows, that is estimated."""
    notice = notice_sent_on or negativation.notice_sent_on
    published = published_on or negativation.published_on
    estimated = negativation.published_is_estimated if published_on is None else False
    if published is None:
        published = (notice or context.today) + timedelta(days=context.notice_days)
        estimated = True
    seen = replace(negativation, notice_sent_on=notice, published_on=published, published_is_estimated=estimated)
    return transition(seen, Observed.PRESENT, context, EventKind.INCLUDED)


WITHOUT_PROOF = "without_proof"
"""Detail of the event of a removal that nothing explains: the bureau just does not find the record."""


def removed(
    negativation: Negativation, asked_at: datetime, context: AnswerContext, *, is_proven: bool = True
) -> Change:
    """The record left: final, unless another unanswered inclusion could take effect."""
    wanted = with_bureau_trigger(negativation, context)
    if other_inclusion_pending(wanted, asked_at, context.capabilities):
        doubted = replace(wanted, observed=Observed.IN_DOUBT_REMOVE, observed_since=context.now)
        return wait(doubted, inclusions_quiet_until(wanted), context)
    left = replace(wanted, unanswered_inclusions=None, unanswered_removals=None)
    by_bureau = all(trigger.cause is RemovalCause.BUREAU for trigger in left.triggers)
    cause = "removida pelo birô" if by_bureau else "removida"
    if is_proven:
        return transition(left, Observed.GONE, context, EventKind.REMOVED, cause=cause)
    return transition(left, Observed.GONE, context, EventKind.REMOVED, cause=cause, without_proof="yes")


def removal_refused(negativation: Negativation, code: str, message: str, context: AnswerContext) -> Change:
    """A refused removal returns to what was known before it, and a person must act; the deadline stays."""
    blocked = blocked_for_person(
        with_observed(negativation, before_removal(negativation), context),
        "remocao_recusada",
        f"O birô recusou a remoção: {message or code}. Corrija e tente de novo; o prazo legal continua correndo.",
        context,
    )
    refused = Event(EventKind.REMOVAL_REFUSED, negativation.id, context.now, cause=message, detail={"code": code})
    return Change(blocked.negativation, (refused, *blocked.events))


def reason_refused(negativation: Negativation, code: str, message: str, context: AnswerContext) -> Change:
    """The bureau does not know the reason's code: the next code is sent, each once, and then a person must act."""
    sent = negativation.removal_code
    known = replace(negativation, refused_codes=tuple(dict.fromkeys((*negativation.refused_codes, sent))))
    other = next_code(known, context.reason_codes)
    if other is not None:
        cause = f"O birô não conhece o motivo da baixa {sent!r}. Será enviado {other!r}."
        before, kind = before_removal(known), EventKind.REMOVAL_REFUSED
        return transition(known, before, context, kind, cause=cause, code=code, reason_code=sent)
    tried = ", ".join(each or "padrão do gateway" for each in known.refused_codes)
    blocked = blocked_for_person(
        with_observed(known, before_removal(known), context),
        UNKNOWN_REASON,
        f"O birô não conhece o motivo da baixa ({tried}). Sincronize a integração, confira o mapa com "
        "credit-protection products reasons e tente de novo; o prazo legal continua correndo.",
        context,
    )
    refused = Event(EventKind.REMOVAL_REFUSED, known.id, context.now, cause=message, detail={"code": code})
    return Change(blocked.negativation, (refused, *blocked.events))


def still_in_doubt(
    negativation: Negativation, doubt: Observed, context: AnswerContext, code: str, transcript: str = ""
) -> Change:
    """The outcome is unknown: the doubt that the claim stored remains, and the bureau is asked soon."""
    synced = sync_transmission(
        with_observed(negativation, doubt, context), context.capabilities, context.next_attempt()
    )
    work = replace(synced.transmission, attempts=synced.transmission.attempts + 1, last_error=code)
    event = Event(EventKind.IN_DOUBT, negativation.id, context.now, detail=_detail(code, transcript))
    return Change(replace(synced, transmission=work), (event,))


def retry(
    negativation: Negativation, observed: Observed, answer: NotExecuted, context: AnswerContext, transcript: str = ""
) -> Change:
    """The call had no effect: try again after the backoff, or once a person acts."""
    attempts = negativation.transmission.attempts + 1
    due = context.next_attempt(attempts, answer.retry_at)
    synced = sync_transmission(with_observed(negativation, observed, context), context.capabilities, due)
    block = Block(answer.code, answer.message, context.now) if answer.needs_person else synced.transmission.block
    if not synced.transmission.is_open:
        block = None
    work = replace(synced.transmission, attempts=attempts, last_error=answer.code, block=block)
    detail = _detail(answer.code, transcript)
    events = [Event(EventKind.NOT_EXECUTED, negativation.id, context.now, cause=answer.message, detail=detail)]
    if observed is Observed.ABSENT and synced.is_closed:
        events.append(Event(EventKind.CANCELLED, negativation.id, context.now, cause="cancelada antes do envio"))
    return Change(replace(synced, transmission=work), tuple(events))


def wait(
    negativation: Negativation,
    until: datetime | None,
    context: AnswerContext,
    kind: EventKind = EventKind.STILL_PROCESSING,
) -> Change:
    """Nothing can be concluded before `until`; look up again before it by the backoff, and at it."""
    attempts = negativation.transmission.attempts + 1
    due = context.next_attempt(attempts)
    if until is not None and context.now < until:
        due = min(due, until)
    synced = sync_transmission(negativation, context.capabilities, due)
    work = replace(synced.transmission, attempts=attempts)
    return Change(replace(synced, transmission=work), (Event(kind, negativation.id, context.now),))


def blocked_for_person(negativation: Negativation, code: str, message: str, context: AnswerContext) -> Change:
    """No attempt is made until a person decides."""
    synced = sync_transmission(negativation, context.capabilities, context.now)
    failed = replace(synced, transmission=replace(synced.transmission, last_error=code))
    return require_manual_action(failed, code, message, context.now)


def _detail(code: str, transcript: str) -> dict[str, str]:
    return {"code": code, "transcript": transcript} if transcript else {"code": code}
