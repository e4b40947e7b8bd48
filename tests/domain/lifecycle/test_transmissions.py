"""Claims write the doubt down; a hold whose lease ran out is let go; a person stops and resumes."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from credit_protection.domain import transmissions
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.errors import Conflict
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Action,
    Block,
    Change,
    Claim,
    Negativation,
    Observed,
    Transmission,
    Unanswered,
)
from credit_protection.domain.reasons import RemovalReason
from tests.domain.lifecycle.cells import BORN, LOST, answered, at, born, claimed, deleted, held
from tests.domain.lifecycle.profiles import CALLBACK, LOOKED_UP, NATURAL, REPEATABLE
from tests.domain.lifecycle.table import UNWANTED, WANTED

GATEWAY = LOOKED_UP.gateway
LEASE = timedelta(seconds=65)
QUIET = timedelta(minutes=6, seconds=5)
NOW = BORN + timedelta(minutes=10)
SECOND = timedelta(seconds=1)


def claim(each: Negativation, gateway: Capabilities = GATEWAY, reason: RemovalReason | None = None) -> Change:
    return transmissions.claim(each, gateway, now=NOW, worker="w-2", reason=reason)


# ------------------------------------------------------------------------------------------------ claimable


@pytest.mark.parametrize("action", [Action.INCLUDE, Action.LOOK_UP, Action.POLL, Action.REMOVE])
def test_a_call_that_is_due_may_be_claimed(action: Action) -> None:
    assert transmissions.is_claimable(Transmission(action, NOW), NOW)
    assert not transmissions.is_claimable(Transmission(action, NOW + SECOND), NOW)


@pytest.mark.parametrize("action", [Action.AWAIT_CALLBACK, Action.ASK_PERSON, Action.NOTHING, Action.CLOSE])
def test_what_is_no_call_may_not_be_claimed(action: Action) -> None:
    assert not transmissions.is_claimable(Transmission(action, NOW), NOW)


def test_what_waits_for_a_person_may_not_be_claimed() -> None:
    blocked = Transmission(Action.REMOVE, NOW, block=Block("credenciais", "?", NOW))
    assert not transmissions.is_claimable(blocked, NOW)


def test_what_is_held_may_be_claimed_once_its_lease_has_run_out() -> None:
    work = Transmission(Action.LOOK_UP, BORN, claim=Claim(Action.LOOK_UP, "w-1", BORN, NOW, 1))
    assert not transmissions.is_claimable(work, NOW - SECOND)
    assert transmissions.is_claimable(work, NOW)


# ------------------------------------------------------------------------------------------------ claim


def test_the_claim_of_an_inclusion_writes_the_doubt() -> None:
    before = born(GATEWAY)
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


def test_the_claim_of_a_removal_writes_the_doubt_and_the_reason() -> None:
    before = at((Observed.PRESENT, UNWANTED), GATEWAY)
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


def test_a_removal_without_a_reason_is_never_claimed() -> None:
    with pytest.raises(ValueError, match=r"^a removal's reason is decided at its claim$"):
        claim(at((Observed.PRESENT, UNWANTED), GATEWAY))


def test_the_claim_of_a_look_up_is_only_a_hold() -> None:
    before = at((Observed.IN_DOUBT_INCLUDE, UNWANTED), GATEWAY)
    change = claim(before, reason=RemovalReason.PAYMENT)
    held_work = replace(before.transmission, fence=2, claim=Claim(Action.LOOK_UP, "w-2", NOW, NOW + LEASE, 2))
    assert change.negativation == replace(before, transmission=held_work)
    assert change.events[0].detail == {"action": "look_up", "worker": "w-2", "fence": "2"}


def test_another_inclusion_that_may_be_repeated_is_counted_with_the_first() -> None:
    before = at((Observed.IN_DOUBT_INCLUDE, WANTED), REPEATABLE.gateway)
    after = claim(before, REPEATABLE.gateway).negativation
    assert after.unanswered_inclusions == Unanswered(2, BORN, NOW + QUIET)
    assert after.inclusion_claims == 2


def test_the_longer_quiet_period_counts() -> None:
    before = replace(at((Observed.IN_DOUBT_INCLUDE, WANTED), REPEATABLE.gateway))
    late = NOW + timedelta(days=1)
    before = replace(before, unanswered_inclusions=Unanswered(1, BORN, late))
    assert claim(before, REPEATABLE.gateway).negativation.unanswered_inclusions == Unanswered(2, BORN, late)


def test_another_removal_is_counted_with_the_first() -> None:
    before = at((Observed.IN_DOUBT_REMOVE, UNWANTED), NATURAL.gateway)
    after = claim(before, NATURAL.gateway, RemovalReason.DISPUTE).negativation
    assert after.unanswered_removals == Unanswered(2, BORN, NOW + QUIET)
    assert after.removal_claims == 2
    assert after.removal_reason is RemovalReason.DISPUTE


def test_what_another_worker_holds_is_refused() -> None:
    with pytest.raises(Conflict) as refusal:
        transmissions.claim(claimed(born(GATEWAY), GATEWAY), GATEWAY, now=BORN + SECOND, worker="w-2")
    assert refusal.value.code == "nao_reivindicavel"
    assert refusal.value.message == (
        "Esta transmissão já está com outro processo ou ainda não venceu. Tente de novo depois."
    )


def test_what_is_not_due_is_refused() -> None:
    with pytest.raises(Conflict):
        transmissions.claim(born(GATEWAY), GATEWAY, now=BORN - SECOND, worker="w-2")


def test_a_dead_workers_inclusion_is_looked_up_not_sent_again() -> None:
    dead = claimed(born(GATEWAY), GATEWAY)
    change = claim(dead)
    assert change.negativation == replace(
        dead,
        transmission=replace(
            dead.transmission,
            action=Action.LOOK_UP,
            due_at=NOW,
            fence=2,
            claim=Claim(Action.LOOK_UP, "w-2", NOW, NOW + LEASE, 2),
        ),
    )
    assert [event.kind for event in change.events] == [EventKind.LEASE_EXPIRED, EventKind.CLAIMED]
    assert change.events[1].detail["action"] == "look_up"


def test_a_dead_workers_inclusion_that_nobody_can_look_up_goes_to_a_person() -> None:
    dead = claimed(born(CALLBACK.gateway), CALLBACK.gateway)
    change = claim(dead, CALLBACK.gateway)
    work = replace(dead.transmission, action=Action.ASK_PERSON, due_at=NOW, claim=None)
    assert change.negativation == replace(dead, transmission=work)
    assert change.events == (Event(EventKind.LEASE_EXPIRED, "n-1", NOW, detail={"worker": "w-1"}),)


def test_a_dead_workers_hold_is_let_go_though_a_person_stopped_the_attempts() -> None:
    dead = transmissions.stop_trying(claimed(born(GATEWAY), GATEWAY), "u-1", "chega", BORN).negativation
    change = claim(dead)
    assert change.negativation.transmission.claim is None
    assert change.negativation.transmission.block == Block(STOPPED_BY_PERSON, "chega", BORN)


# ------------------------------------------------------------------------------------------------ expire


def test_a_lease_that_ran_out_is_let_go_and_its_doubt_is_due() -> None:
    dead = claimed(born(GATEWAY), GATEWAY)
    change = transmissions.expire(dead, GATEWAY, BORN + LEASE)
    work = replace(dead.transmission, action=Action.LOOK_UP, due_at=BORN + LEASE, claim=None)
    assert change.negativation == replace(dead, transmission=work)
    assert change.events == (Event(EventKind.LEASE_EXPIRED, "n-1", BORN + LEASE, detail={"worker": "w-1"}),)


def test_a_lease_that_runs_is_left_alone() -> None:
    alive = claimed(born(GATEWAY), GATEWAY)
    change = transmissions.expire(alive, GATEWAY, BORN + LEASE - SECOND)
    assert change.negativation is alive
    assert change.events == ()


def test_what_nobody_holds_does_not_expire() -> None:
    free = born(GATEWAY)
    change = transmissions.expire(free, GATEWAY, NOW)
    assert change.negativation is free
    assert change.events == ()


def test_a_closed_record_whose_hold_expires_stays_closed() -> None:
    gone = held(at((Observed.GONE, UNWANTED), GATEWAY), GATEWAY, Action.REMOVE)
    after = transmissions.expire(gone, GATEWAY, NOW).negativation
    assert after.transmission.action is Action.CLOSE
    assert after.transmission.claim is None


# ------------------------------------------------------------------------------------------------ persons


def test_needing_a_person_keeps_the_work_open_and_its_deadline() -> None:
    before = at((Observed.PRESENT, UNWANTED), GATEWAY)
    change = transmissions.needs_person(before, "credenciais_recusadas", "Confira a senha.", NOW)
    block = Block("credenciais_recusadas", "Confira a senha.", NOW)
    assert change.negativation == replace(before, transmission=replace(before.transmission, block=block))
    assert change.negativation.transmission.is_open
    assert change.negativation.transmission.deadline == date(2026, 11, 24)
    detail = {"code": "credenciais_recusadas"}
    assert change.events == (Event(EventKind.NEEDS_PERSON, "n-1", NOW, cause="Confira a senha.", detail=detail),)


def test_a_person_stops_the_attempts() -> None:
    before = at((Observed.PRESENT, UNWANTED), GATEWAY)
    change = transmissions.stop_trying(before, "u-1", "já resolvi por telefone", NOW)
    block = Block("parado_por_pessoa", "já resolvi por telefone", NOW)
    assert block.is_by_person
    assert change.negativation == replace(before, transmission=replace(before.transmission, block=block))
    assert change.events == (Event(EventKind.ATTEMPTS_STOPPED, "n-1", NOW, "u-1", "já resolvi por telefone"),)


def test_where_nothing_is_to_be_sent_there_is_nothing_to_stop() -> None:
    with pytest.raises(Conflict) as refusal:
        transmissions.stop_trying(at((Observed.PRESENT, WANTED), GATEWAY), "u-1", "chega", NOW)
    assert refusal.value.code == "nada_a_parar"
    assert refusal.value.message == "Não há envio pendente para parar."


def test_a_person_lets_the_attempts_go_on_at_once() -> None:
    before = at((Observed.PRESENT, UNWANTED), GATEWAY)
    work = replace(before.transmission, attempts=4, due_at=NOW + LEASE, block=Block("x", "y", BORN), last_error="x")
    change = transmissions.resume(replace(before, transmission=work), "u-1", NOW)
    freed = replace(work, attempts=0, due_at=NOW, block=None)
    assert change.negativation == replace(before, transmission=freed)
    assert change.events == (Event(EventKind.ATTEMPTS_RESUMED, "n-1", NOW, "u-1"),)


def test_what_is_not_stopped_can_not_be_resumed() -> None:
    with pytest.raises(Conflict) as refusal:
        transmissions.resume(born(GATEWAY), "u-1", NOW)
    assert refusal.value.code == "nao_esta_parada"
    assert refusal.value.message == "Esta negativação não está parada."


def test_no_answer_starts_what_a_person_stopped() -> None:
    """Pressed while the call ran: the answer changes what is to be done, and still a person lets it go on."""
    running = transmissions.stop_trying(claimed(born(GATEWAY), GATEWAY), "u-1", "chega", BORN).negativation
    stopped = Block(STOPPED_BY_PERSON, "chega", BORN)
    after = transmissions.expire(running, GATEWAY, NOW).negativation
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.block == stopped


def test_a_stop_ends_with_the_work() -> None:
    running = transmissions.stop_trying(claimed(born(GATEWAY), GATEWAY), "u-1", "chega", BORN).negativation
    done = replace(running, observed=Observed.REJECTED)
    assert transmissions.expire(done, GATEWAY, NOW).negativation.transmission.block is None


def test_what_blocked_an_inclusion_does_not_hold_back_a_removal() -> None:
    """A stop or a block made while the record was wanted says nothing of its removal."""
    doubtful = answered(born(GATEWAY), GATEWAY, LOST)
    stopped = transmissions.stop_trying(doubtful, "u-1", "chega", BORN).negativation
    after = deleted(stopped, GATEWAY)
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.block is None


def test_the_lease_is_longer_than_the_call() -> None:
    gateway = Capabilities(Registry.SPC, call_deadline=timedelta(seconds=7))
    assert gateway.lease == timedelta(seconds=19)
