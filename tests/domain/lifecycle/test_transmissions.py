"""A claim writes the doubt; an expired lease is released; a person stops and resumes attempts."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from credit_protection.domain import transmissions
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.errors import Conflict
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Block,
    Change,
    Claim,
    Negativation,
    Transmission,
    Unanswered,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.bureau import LOST
from tests.domain.lifecycle.profiles import CALLBACK, LOOKED_UP, NATURAL, REPEATABLE
from tests.domain.lifecycle.table import UNWANTED, WANTED
from tests.domain.lifecycle.transitions import CREATED_AT, answered, claimed, created, deleted, in_state, leased

GATEWAY = LOOKED_UP.gateway
LEASE = timedelta(seconds=65)
QUIET = timedelta(minutes=6, seconds=5)
NOW = CREATED_AT + timedelta(minutes=10)
SECOND = timedelta(seconds=1)


def claim(each: Negativation, gateway: Capabilities = GATEWAY, reason: RemovalReason | None = None) -> Change:
    return transmissions.claim(each, gateway, now=NOW, worker="w-2", reason=reason)


# ------------------------------------------------------------------------------------------------ claimable


@pytest.mark.parametrize("action", [Action.INCLUDE, Action.LOOK_UP, Action.POLL, Action.REMOVE])
def test_due_call_is_claimable(action: Action) -> None:
    assert transmissions.is_claimable(Transmission(action, NOW), NOW)
    assert not transmissions.is_claimable(Transmission(action, NOW + SECOND), NOW)


@pytest.mark.parametrize("action", [Action.AWAIT_CALLBACK, Action.ASK_PERSON, Action.NOTHING, Action.CLOSE])
def test_action_without_call_is_not_claimable(action: Action) -> None:
    assert not transmissions.is_claimable(Transmission(action, NOW), NOW)


def test_blocked_transmission_is_not_claimable() -> None:
    blocked = Transmission(Action.REMOVE, NOW, block=Block("credenciais", "?", NOW))
    assert not transmissions.is_claimable(blocked, NOW)


def test_leased_transmission_is_claimable_after_lease_expiry() -> None:
    work = Transmission(Action.LOOK_UP, CREATED_AT, claim=Claim(Action.LOOK_UP, "w-1", CREATED_AT, NOW, 1))
    assert not transmissions.is_claimable(work, NOW - SECOND)
    assert transmissions.is_claimable(work, NOW)


# ------------------------------------------------------------------------------------------------ claim


def test_claim_of_inclusion_writes_doubt() -> None:
    before = created(GATEWAY)
    change = claim(before)
    assert change.negativation == replace(
        before,
        observed=Observed.IN_DOUBT_INCLUDE,
        observed_since=NOW,
        unanswered_inclusions=Unanswered(1, NOW, NOW + QUIET),
        inclusion_claims=1,
        transmission=replace(before.transmission, fence=1, claim=Claim(Action.INCLUDE, "w-2", NOW, NOW + LEASE, 1)),
    )
    detail = {"action": "include", "worker": "w-2", "fence": "1"}
    assert change.events == (Event(EventKind.CLAIMED, "n-1", NOW, detail=detail),)


def test_claim_of_removal_writes_doubt_and_reason() -> None:
    before = in_state((Observed.PRESENT, UNWANTED), GATEWAY)
    change = claim(before, reason=RemovalReason.PAYMENT)
    assert change.negativation == replace(
        before,
        observed=Observed.IN_DOUBT_REMOVE,
        observed_since=NOW,
        unanswered_removals=Unanswered(1, NOW, NOW + QUIET),
        removal_claims=1,
        removal_reason=RemovalReason.PAYMENT,
        transmission=replace(before.transmission, fence=2, claim=Claim(Action.REMOVE, "w-2", NOW, NOW + LEASE, 2)),
    )
    detail = {"action": "remove", "worker": "w-2", "fence": "2", "reason": "payment"}
    assert change.events == (Event(EventKind.CLAIMED, "n-1", NOW, detail=detail),)


def test_claim_of_removal_without_reason_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a removal's reason is decided at its claim$"):
        claim(in_state((Observed.PRESENT, UNWANTED), GATEWAY))


def test_claim_of_lookup_changes_only_the_lease() -> None:
    before = in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), GATEWAY)
    change = claim(before, reason=RemovalReason.PAYMENT)
    leased_work = replace(before.transmission, fence=2, claim=Claim(Action.LOOK_UP, "w-2", NOW, NOW + LEASE, 2))
    assert change.negativation == replace(before, transmission=leased_work)
    assert change.events[0].detail == {"action": "look_up", "worker": "w-2", "fence": "2"}


def test_repeated_inclusion_is_counted_with_the_first() -> None:
    before = in_state((Observed.IN_DOUBT_INCLUDE, WANTED), REPEATABLE.gateway)
    after = claim(before, REPEATABLE.gateway).negativation
    assert after.unanswered_inclusions == Unanswered(2, CREATED_AT, NOW + QUIET)
    assert after.inclusion_claims == 2


def test_longer_quiet_period_counts() -> None:
    before = replace(in_state((Observed.IN_DOUBT_INCLUDE, WANTED), REPEATABLE.gateway))
    late = NOW + timedelta(days=1)
    before = replace(before, unanswered_inclusions=Unanswered(1, CREATED_AT, late))
    assert claim(before, REPEATABLE.gateway).negativation.unanswered_inclusions == Unanswered(2, CREATED_AT, late)


def test_repeated_removal_is_counted_with_the_first() -> None:
    before = in_state((Observed.IN_DOUBT_REMOVE, UNWANTED), NATURAL.gateway)
    after = claim(before, NATURAL.gateway, RemovalReason.DISPUTE).negativation
    assert after.unanswered_removals == Unanswered(2, CREATED_AT, NOW + QUIET)
    assert after.removal_claims == 2
    assert after.removal_reason is RemovalReason.DISPUTE


def test_claim_of_transmission_leased_elsewhere_is_refused() -> None:
    with pytest.raises(Conflict) as refusal:
        transmissions.claim(claimed(created(GATEWAY), GATEWAY), GATEWAY, now=CREATED_AT + SECOND, worker="w-2")
    assert refusal.value.code == "nao_reivindicavel"
    assert refusal.value.message == (
        "Esta transmissão já está com outro processo ou ainda não venceu. Tente de novo depois."
    )


def test_claim_before_due_time_is_refused() -> None:
    with pytest.raises(Conflict):
        transmissions.claim(created(GATEWAY), GATEWAY, now=CREATED_AT - SECOND, worker="w-2")


def test_inclusion_of_crashed_worker_is_looked_up_not_resent() -> None:
    crashed = claimed(created(GATEWAY), GATEWAY)
    change = claim(crashed)
    assert change.negativation == replace(
        crashed,
        transmission=replace(
            crashed.transmission,
            action=Action.LOOK_UP,
            due_at=NOW,
            fence=2,
            claim=Claim(Action.LOOK_UP, "w-2", NOW, NOW + LEASE, 2),
        ),
    )
    assert [event.kind for event in change.events] == [EventKind.LEASE_EXPIRED, EventKind.CLAIMED]
    assert change.events[1].detail["action"] == "look_up"


def test_inclusion_of_crashed_worker_needs_a_person_without_lookup() -> None:
    crashed = claimed(created(CALLBACK.gateway), CALLBACK.gateway)
    change = claim(crashed, CALLBACK.gateway)
    work = replace(crashed.transmission, action=Action.ASK_PERSON, due_at=NOW, claim=None)
    assert change.negativation == replace(crashed, transmission=work)
    assert change.events == (Event(EventKind.LEASE_EXPIRED, "n-1", NOW, detail={"worker": "w-1"}),)


def test_lease_of_crashed_worker_expires_though_attempts_were_stopped() -> None:
    crashed = transmissions.stop_trying(claimed(created(GATEWAY), GATEWAY), "u-1", "chega", CREATED_AT).negativation
    change = claim(crashed)
    assert change.negativation.transmission.claim is None
    assert change.negativation.transmission.block == Block(STOPPED_BY_PERSON, "chega", CREATED_AT)


# ------------------------------------------------------------------------------------------------ expire


def test_expired_lease_is_released_and_its_doubt_is_due() -> None:
    crashed = claimed(created(GATEWAY), GATEWAY)
    change = transmissions.expire(crashed, GATEWAY, CREATED_AT + LEASE)
    work = replace(crashed.transmission, action=Action.LOOK_UP, due_at=CREATED_AT + LEASE, claim=None)
    assert change.negativation == replace(crashed, transmission=work)
    assert change.events == (Event(EventKind.LEASE_EXPIRED, "n-1", CREATED_AT + LEASE, detail={"worker": "w-1"}),)


def test_running_lease_does_not_expire() -> None:
    alive = claimed(created(GATEWAY), GATEWAY)
    change = transmissions.expire(alive, GATEWAY, CREATED_AT + LEASE - SECOND)
    assert change.negativation is alive
    assert change.events == ()


def test_transmission_without_lease_does_not_expire() -> None:
    free = created(GATEWAY)
    change = transmissions.expire(free, GATEWAY, NOW)
    assert change.negativation is free
    assert change.events == ()


def test_closed_record_stays_closed_after_lease_expiry() -> None:
    gone = leased(in_state((Observed.GONE, UNWANTED), GATEWAY), GATEWAY, Action.REMOVE)
    after = transmissions.expire(gone, GATEWAY, NOW).negativation
    assert after.transmission.action is Action.CLOSE
    assert after.transmission.claim is None


# ------------------------------------------------------------------------------------------------ persons


def test_block_for_a_person_keeps_transmission_open_with_deadline() -> None:
    before = in_state((Observed.PRESENT, UNWANTED), GATEWAY)
    change = transmissions.require_manual_action(before, "credenciais_recusadas", "Confira a senha.", NOW)
    block = Block("credenciais_recusadas", "Confira a senha.", NOW)
    assert change.negativation == replace(before, transmission=replace(before.transmission, block=block))
    assert change.negativation.transmission.is_open
    assert change.negativation.transmission.deadline == date(2026, 11, 24)
    detail = {"code": "credenciais_recusadas"}
    assert change.events == (Event(EventKind.NEEDS_PERSON, "n-1", NOW, cause="Confira a senha.", detail=detail),)


def test_person_stops_attempts() -> None:
    before = in_state((Observed.PRESENT, UNWANTED), GATEWAY)
    change = transmissions.stop_trying(before, "u-1", "já resolvi por telefone", NOW)
    block = Block("parado_por_pessoa", "já resolvi por telefone", NOW)
    assert block.is_manual
    assert change.negativation == replace(before, transmission=replace(before.transmission, block=block))
    assert change.events == (Event(EventKind.ATTEMPTS_STOPPED, "n-1", NOW, "u-1", "já resolvi por telefone"),)


def test_stop_without_pending_request_is_refused() -> None:
    with pytest.raises(Conflict) as refusal:
        transmissions.stop_trying(in_state((Observed.PRESENT, WANTED), GATEWAY), "u-1", "chega", NOW)
    assert refusal.value.code == "nada_a_parar"
    assert refusal.value.message == "Não há envio pendente para parar."


def test_person_resumes_attempts_at_once() -> None:
    before = in_state((Observed.PRESENT, UNWANTED), GATEWAY)
    work = replace(
        before.transmission, attempts=4, due_at=NOW + LEASE, block=Block("x", "y", CREATED_AT), last_error="x"
    )
    change = transmissions.resume(replace(before, transmission=work), "u-1", NOW)
    freed = replace(work, attempts=0, due_at=NOW, block=None)
    assert change.negativation == replace(before, transmission=freed)
    assert change.events == (Event(EventKind.ATTEMPTS_RESUMED, "n-1", NOW, "u-1"),)


def test_resume_without_stop_is_refused() -> None:
    with pytest.raises(Conflict) as refusal:
        transmissions.resume(created(GATEWAY), "u-1", NOW)
    assert refusal.value.code == "nao_esta_parada"
    assert refusal.value.message == "Esta negativação não está parada."


def test_answer_does_not_restart_stopped_transmission() -> None:
    """Stopped during the call: the answer changes the action, and only a person resumes."""
    running = transmissions.stop_trying(claimed(created(GATEWAY), GATEWAY), "u-1", "chega", CREATED_AT).negativation
    stopped = Block(STOPPED_BY_PERSON, "chega", CREATED_AT)
    after = transmissions.expire(running, GATEWAY, NOW).negativation
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.block == stopped


def test_stop_ends_when_transmission_closes() -> None:
    running = transmissions.stop_trying(claimed(created(GATEWAY), GATEWAY), "u-1", "chega", CREATED_AT).negativation
    done = replace(running, observed=Observed.REJECTED)
    assert transmissions.expire(done, GATEWAY, NOW).negativation.transmission.block is None


def test_block_of_inclusion_does_not_block_removal() -> None:
    """A stop or a block made while the record was desired does not apply to its removal."""
    doubtful = answered(created(GATEWAY), GATEWAY, LOST)
    stopped = transmissions.stop_trying(doubtful, "u-1", "chega", CREATED_AT).negativation
    after = deleted(stopped, GATEWAY)
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.block is None


def test_lease_is_longer_than_call() -> None:
    gateway = Capabilities(Registry.SPC, call_deadline=timedelta(seconds=7))
    assert gateway.lease == timedelta(seconds=19)
