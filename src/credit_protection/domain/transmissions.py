"""Claiming a transmission: the doubt is written before a byte is sent (rule 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.errors import Conflict
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.instants import FARTHEST_DUE, FARTHEST_LEASE, has_come, is_ahead, not_ahead
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Block,
    Change,
    Claim,
    Negativation,
    Transmission,
    Unanswered,
    sync_transmission,
    without_claim,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Desired, Observed, next_action
from credit_protection.domain.statuses import is_asked_about

POSTPONEMENT = timedelta(minutes=1)


def is_claimable(transmission: Transmission, now: datetime) -> bool:
    """Whether a worker may claim it now: a call is due, no worker leases it, and it does not wait for a person."""
    return (
        transmission.action.is_call
        and transmission.block is None
        and has_come(transmission.due_at, now, FARTHEST_DUE)
        and (transmission.claim is None or has_come(transmission.claim.until, now, FARTHEST_LEASE))
    )


def claim(
    negativation: Negativation,
    capabilities: Capabilities,
    *,
    now: datetime,
    worker: str,
    reason: RemovalReason | None = None,
    codes: Sequence[str] = (),
) -> Change:
    """Lease the transmission for one call, and write the doubt; a removal needs its true reason (rule 10).

    It is sent with the first of the `codes` that the bureau did not refuse.

    Returns:
        For an inclusion or a removal: observed is in doubt, with one more unanswered request. For a look-up: only the
        lease. The answer must bring the claim's fence. An expired lease is released first, so that its doubt decides
        what is done now (a look-up instead of an inclusion, say); where that is no call, nothing is claimed.

    Raises:
        Conflict: it is not claimable.
    """
    expired = expire(negativation, capabilities, now)
    negativation = expired.negativation
    work = negativation.transmission
    if not is_claimable(work, now):
        if expired.events:
            return expired
        raise Conflict(
            "Esta transmissão já está com outro processo ou ainda não venceu. Tente de novo depois.",
            code="nao_reivindicavel",
        )
    leased = replace(
        work,
        fence=work.fence + 1,
        claim=Claim(work.action, worker, now, now + capabilities.lease, work.fence + 1),
    )
    detail = {"action": work.action.value, "worker": worker, "fence": str(leased.fence)}
    if work.action is Action.INCLUDE:
        claimed = replace(
            negativation,
            transmission=leased,
            observed=Observed.IN_DOUBT_INCLUDE,
            observed_since=now,
            unanswered_inclusions=_one_more(negativation.unanswered_inclusions, capabilities, now),
            inclusion_claims=negativation.inclusion_claims + 1,
        )
    elif work.action is Action.REMOVE:
        if reason is None:
            raise ValueError("a removal's reason is decided at its claim")
        claimed = replace(
            negativation,
            transmission=leased,
            observed=Observed.IN_DOUBT_REMOVE,
            observed_since=now,
            unanswered_removals=_one_more(negativation.unanswered_removals, capabilities, now),
            removal_claims=negativation.removal_claims + 1,
            removal_reason=reason,
            removal_code=next_code(negativation, codes) or next(iter(codes), ""),
        )
        detail["reason"] = reason.value
        if claimed.removal_code:
            detail["reason_code"] = claimed.removal_code
    else:
        claimed = replace(negativation, transmission=leased)
    return Change(claimed, (*expired.events, Event(EventKind.CLAIMED, negativation.id, now, detail=detail)))


def next_code(negativation: Negativation, codes: Iterable[str]) -> str | None:
    """The first of the codes that the bureau did not refuse; None where it refused each."""
    return next((code for code in codes if code not in negativation.refused_codes), None)


def _one_more(unanswered: Unanswered | None, capabilities: Capabilities, now: datetime) -> Unanswered:
    quiet_until = now + capabilities.quiet_period
    if unanswered is None:
        return Unanswered(1, now, quiet_until)
    return Unanswered(unanswered.count + 1, unanswered.since, max(unanswered.quiet_until, quiet_until))


def expire(negativation: Negativation, capabilities: Capabilities, now: datetime) -> Change:
    """Release an expired lease: its worker is dead or late. The doubt that it wrote stays, and is due now.

    One that ends later than any lease could was made by a wrong clock, and has expired. Unchanged where none has.
    """
    lease = negativation.transmission.claim
    if lease is None or not has_come(lease.until, now, FARTHEST_LEASE):
        return Change(negativation)
    negativation = believable(negativation, capabilities, now)
    event = Event(EventKind.LEASE_EXPIRED, negativation.id, now, detail={"worker": lease.worker})
    return Change(sync_transmission(without_claim(negativation), capabilities, now), (event,))


def believable(negativation: Negativation, capabilities: Capabilities, now: datetime) -> Negativation:
    """The same without instants that lie farther ahead than they could have been set: they count from the present.

    A quiet period then lasts its whole length from now: whatever was sent is over by its end.
    """
    work, known_at = negativation.transmission, negativation.known_at
    inclusions, removals = negativation.unanswered_inclusions, negativation.unanswered_removals
    done_at = [negativation.observed_since, known_at, None if work.claim is None else work.claim.at]
    unanswered = [each for each in (inclusions, removals) if each is not None]
    done_at += [each.since for each in unanswered]
    quiet_until = now + capabilities.quiet_period
    if not any(at is not None and is_ahead(at, now) for at in done_at) and not any(
        is_ahead(each.quiet_until, quiet_until) for each in unanswered
    ):
        return negativation

    def counted(one: Unanswered | None) -> Unanswered | None:
        if one is None:
            return None
        return Unanswered(one.count, not_ahead(one.since, now), min(one.quiet_until, quiet_until))

    lease = None if work.claim is None else replace(work.claim, at=not_ahead(work.claim.at, now))
    return replace(
        negativation,
        transmission=replace(work, claim=lease),
        observed_since=not_ahead(negativation.observed_since, now),
        known_at=None if known_at is None else not_ahead(known_at, now),
        unanswered_inclusions=counted(inclusions),
        unanswered_removals=counted(removals),
    )


def resynced(negativation: Negativation, capabilities: Capabilities) -> Negativation:
    """The same, with the action of what the gateway can do now: it may have been stored without it.

    Unchanged where the action is the same, or a worker leases it.
    """
    work = negativation.transmission
    if work.claim is not None or next_action(negativation.observed, negativation.desired, capabilities) is work.action:
        return negativation
    synced = sync_transmission(negativation, capabilities, work.due_at)
    return negativation if synced.transmission.action is work.action else synced


def require_manual_action(negativation: Negativation, code: str, message: str, now: datetime) -> Change:
    """Block attempts until a person decides. The transmission stays open and keeps its deadline and alarm."""
    blocked = replace(negativation.transmission, block=Block(code, message, now))
    event = Event(EventKind.NEEDS_PERSON, negativation.id, now, cause=message, detail={"code": code})
    return Change(replace(negativation, transmission=blocked), (event,))


def stop_trying(negativation: Negativation, actor_id: str, remark: str, now: datetime) -> Change:
    """Stop the attempts as a person ("Parar de tentar"); the record stays open (rule 5).

    Raises:
        Conflict: nothing is pending.
    """
    if not negativation.transmission.is_open:
        raise Conflict("Não há envio pendente para parar.", code="nada_a_parar")
    blocked = replace(negativation.transmission, block=Block(STOPPED_BY_PERSON, remark, now))
    event = Event(EventKind.ATTEMPTS_STOPPED, negativation.id, now, actor_id, remark)
    return Change(replace(negativation, transmission=blocked), (event,))


def resume(negativation: Negativation, actor_id: str, now: datetime) -> Change:
    """Resume the attempts as a person; an inclusion whose answer was not understood is sent once more.

    Raises:
        Conflict: it is not stopped.
    """
    work = negativation.transmission
    is_asked = work.block is None and work.action is Action.ASK_PERSON and negativation.desired is Desired.INCLUDED
    sends_again = is_asked and negativation.inclusion_not_understood
    if work.block is None and not sends_again and not is_asked_about(negativation):
        raise Conflict("Esta negativação não está parada.", code="nao_esta_parada")
    if sends_again:
        work = replace(work, action=Action.INCLUDE)
        negativation = replace(negativation, inclusion_not_understood=False)
    freed = replace(work, block=None, attempts=0, due_at=now)
    event = Event(EventKind.ATTEMPTS_RESUMED, negativation.id, now, actor_id)
    return Change(replace(negativation, transmission=freed, refused_codes=(), not_understood=0), (event,))


def postpone(negativation: Negativation, code: str, now: datetime) -> Negativation:
    """Leave a row that could not be claimed not due for a minute; `code` says why."""
    waiting = replace(negativation.transmission, due_at=now + POSTPONEMENT, last_error=code)
    return replace(negativation, transmission=waiting)
