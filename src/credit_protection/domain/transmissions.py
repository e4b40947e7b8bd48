"""Claiming a transmission: doubt is written before a byte is sent (rule 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credit_protection.domain.errors import Conflict
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Action,
    Block,
    Change,
    Claim,
    Observed,
    Unanswered,
    sync_transmission,
)

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation, Transmission
    from credit_protection.domain.reasons import RemovalReason


def is_claimable(transmission: Transmission, now: datetime) -> bool:
    """Whether a worker may claim it now: a call is due, nobody holds it, and it does not wait for a person."""
    return (
        transmission.action.is_call
        and transmission.block is None
        and transmission.due_at <= now
        and (transmission.claim is None or transmission.claim.until <= now)
    )


def claim(
    negativation: Negativation,
    gateway: Capabilities,
    *,
    now: datetime,
    worker: str,
    reason: RemovalReason | None = None,
) -> Change:
    """Take the transmission for one call, and write the doubt down.

    Args:
        negativation: whose.
        gateway: what the gateway can do; its lease and quiet period count.
        now: instant of the claim, UTC.
        worker: who.
        reason: the removal's true reason, decided now (rule 10); needed for a removal.

    Returns:
        For an inclusion or a removal: observed is in doubt, with one more unanswered request. For a look-up: only the
        hold. The claim's fence is what the answer must bring back. A hold whose lease ran out is let go of first, so
        that the doubt it wrote decides what is done now: a look-up, say, where an inclusion was being sent. Where that
        is no call, there is no claim in what is returned.

    Raises:
        Conflict: it is not claimable.
    """
    let_go = expire(negativation, gateway, now)
    negativation = let_go.negativation
    work = negativation.transmission
    if let_go.events and not is_claimable(work, now):
        return let_go
    if not is_claimable(work, now):
        raise Conflict(
            "Esta transmissão já está com outro processo ou ainda não venceu. Tente de novo depois.",
            code="nao_reivindicavel",
        )
    held = replace(
        work,
        fence=work.fence + 1,
        claim=Claim(work.action, worker, now, now + gateway.lease, work.fence + 1),
    )
    claimed = replace(negativation, transmission=held)
    match work.action:
        case Action.INCLUDE:
            claimed = replace(
                claimed,
                observed=Observed.IN_DOUBT_INCLUDE,
                observed_since=now,
                unanswered_inclusions=_one_more(negativation.unanswered_inclusions, gateway, now),
                inclusion_claims=negativation.inclusion_claims + 1,
            )
        case Action.REMOVE:
            if reason is None:
                raise ValueError("a removal's reason is decided at its claim")
            claimed = replace(
                claimed,
                observed=Observed.IN_DOUBT_REMOVE,
                observed_since=now,
                unanswered_removals=_one_more(negativation.unanswered_removals, gateway, now),
                removal_claims=negativation.removal_claims + 1,
                removal_reason=reason,
            )
        case _:
            pass
    detail = {"action": work.action.value, "worker": worker, "fence": str(held.fence)}
    if reason is not None and work.action is Action.REMOVE:
        detail["reason"] = reason.value
    return Change(claimed, (*let_go.events, Event(EventKind.CLAIMED, negativation.id, now, detail=detail)))


def _one_more(unanswered: Unanswered | None, gateway: Capabilities, now: datetime) -> Unanswered:
    quiet_until = now + gateway.quiet_period
    if unanswered is None:
        return Unanswered(1, now, quiet_until)
    return Unanswered(unanswered.count + 1, unanswered.since, max(unanswered.quiet_until, quiet_until))


def expire(negativation: Negativation, gateway: Capabilities, now: datetime) -> Change:
    """Let go of a hold whose lease ran out: its worker is dead or late. The doubt it wrote stays, and is now due.

    Returns:
        The same, nobody holding it, the next action from the table; unchanged where no lease has run out.
    """
    held = negativation.transmission.claim
    if held is None or held.until > now:
        return Change(negativation)
    free = replace(negativation, transmission=replace(negativation.transmission, claim=None))
    event = Event(EventKind.LEASE_EXPIRED, negativation.id, now, detail={"worker": held.worker})
    return Change(sync_transmission(free, gateway, now), (event,))


def needs_person(negativation: Negativation, code: str, message: str, now: datetime) -> Change:
    """Stop attempts until a person decides. The transmission stays open and keeps its deadline and alarm."""
    blocked = replace(negativation.transmission, block=Block(code, message, now))
    event = Event(EventKind.NEEDS_PERSON, negativation.id, now, cause=message, detail={"code": code})
    return Change(replace(negativation, transmission=blocked), (event,))


def stop_trying(negativation: Negativation, actor_id: str, why: str, now: datetime) -> Change:
    """Stop trying ("Parar de tentar"): a person stops the attempts; the record stays open (rule 5).

    Raises:
        Conflict: there is nothing to stop.
    """
    if not negativation.transmission.is_open:
        raise Conflict("Não há envio pendente para parar.", code="nada_a_parar")
    blocked = replace(negativation.transmission, block=Block(STOPPED_BY_PERSON, why, now))
    event = Event(EventKind.ATTEMPTS_STOPPED, negativation.id, now, actor_id, why)
    return Change(replace(negativation, transmission=blocked), (event,))


def resume(negativation: Negativation, actor_id: str, now: datetime) -> Change:
    """A person lets the attempts go on.

    Raises:
        Conflict: it is not stopped.
    """
    if negativation.transmission.block is None:
        raise Conflict("Esta negativação não está parada.", code="nao_esta_parada")
    freed = replace(negativation.transmission, block=None, attempts=0, due_at=now)
    event = Event(EventKind.ATTEMPTS_RESUMED, negativation.id, now, actor_id)
    return Change(replace(negativation, transmission=freed), (event,))
