"""Rule 6, the first half: the claim writes the doubt down before a byte is sent. Rule 5: what is stopped stays open."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.capabilities import Capabilities
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
from credit_protection.domain.transmissions import (
    claim,
    expire,
    is_claimable,
    require_manual_action,
    resume,
    stop_trying,
)
from credit_protection.testing.strategies import NOW, capabilities, negativations
from tests.domain.test_negativations import BLOCK, BY_PERSON, ONE, SPC, standing

LATER = NOW + timedelta(hours=1)
TICK = timedelta(microseconds=1)
QUIET = timedelta(minutes=6, seconds=5)
LEASE = timedelta(seconds=65)
HELD = Claim(Action.LOOK_UP, "w-0", NOW, LATER, 4)
PAYMENT = RemovalReason.PAYMENT


def claimed(
    negativation: Negativation,
    now: datetime = LATER,
    reason: RemovalReason | None = None,
    gateway: Capabilities = SPC,
) -> Change:
    return claim(negativation, gateway, now=now, worker="w-1", reason=reason)


def with_work(negativation: Negativation, **changes: object) -> Negativation:
    return replace(negativation, transmission=replace(negativation.transmission, **changes))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ claiming


@pytest.mark.parametrize("action", list(Action))
def test_only_calls_are_claimed(action: Action) -> None:
    assert is_claimable(Transmission(action, NOW), NOW) is action.is_call


@pytest.mark.parametrize(
    ("work", "claimable"),
    [
        (Transmission(Action.INCLUDE, NOW), True),
        (Transmission(Action.INCLUDE, NOW + TICK), False),  # not due
        (Transmission(Action.INCLUDE, NOW, block=BLOCK), False),
        (Transmission(Action.INCLUDE, NOW, claim=replace(HELD, until=NOW + TICK)), False),  # held
        (Transmission(Action.INCLUDE, NOW, claim=replace(HELD, until=NOW)), True),  # the lease ran out
    ],
)
def test_transmission_is_claimable_when_due_unleased_and_unblocked(work: Transmission, claimable: bool) -> None:
    assert is_claimable(work, NOW) is claimable


def test_claim_of_an_inclusion_writes_the_doubt() -> None:
    change = claimed(with_work(ONE, fence=3))

    assert change.negativation == replace(
        ONE,
        observed=Observed.IN_DOUBT_INCLUDE,
        observed_since=LATER,
        unanswered_inclusions=Unanswered(1, LATER, LATER + QUIET),
        inclusion_claims=1,
        transmission=Transmission(
            Action.INCLUDE, NOW, fence=4, claim=Claim(Action.INCLUDE, "w-1", LATER, LATER + LEASE, 4)
        ),
    )
    detail = {"action": "include", "worker": "w-1", "fence": "4"}
    assert change.events == (Event(EventKind.CLAIMED, "n1", LATER, None, "", detail),)


def test_claim_of_a_removal_writes_the_doubt_and_the_true_reason() -> None:
    present = standing(Observed.PRESENT, BY_PERSON, removal_claims=2, inclusion_claims=1)
    change = claimed(present, reason=PAYMENT)
    after = change.negativation

    assert (after.observed, after.observed_since) == (Observed.IN_DOUBT_REMOVE, LATER)
    assert after.unanswered_removals == Unanswered(1, LATER, LATER + QUIET)
    assert (after.removal_claims, after.inclusion_claims) == (3, 1)
    assert after.removal_reason is PAYMENT
    assert after.unanswered_inclusions is None
    assert change.events[0].detail == {"action": "remove", "worker": "w-1", "fence": "1", "reason": "payment"}


def test_claim_of_a_removal_without_a_reason_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match=r"^a removal's reason is decided at its claim$"):
        claimed(standing(Observed.PRESENT, BY_PERSON))


@pytest.mark.parametrize(("observed", "action"), [(Observed.INCLUDING, "poll"), (Observed.IN_DOUBT_REMOVE, "look_up")])
def test_claim_of_a_lookup_only_leases(observed: Observed, action: str) -> None:
    before = standing(observed, BY_PERSON)
    change = claimed(before, reason=PAYMENT)

    assert replace(change.negativation, transmission=before.transmission) == before
    assert change.negativation.transmission.fence == 1
    assert change.events[0].detail == {"action": action, "worker": "w-1", "fence": "1"}


def test_unanswered_requests_are_counted_from_the_first_to_the_last() -> None:
    repeating = replace(SPC, find=False, include_is_repeatable=True)
    once = standing(Observed.IN_DOUBT_INCLUDE, gateway=repeating, unanswered_inclusions=Unanswered(1, NOW, NOW + QUIET))
    twice = claimed(once, gateway=repeating).negativation

    assert twice.unanswered_inclusions == Unanswered(2, NOW, LATER + QUIET)
    slow_before = replace(once, unanswered_inclusions=Unanswered(1, NOW, LATER + timedelta(days=1)))
    assert claimed(slow_before, gateway=repeating).negativation.unanswered_inclusions == Unanswered(
        2, NOW, LATER + timedelta(days=1)
    )


@pytest.mark.parametrize(
    "unclaimable",
    [
        with_work(ONE, due_at=LATER + TICK),
        with_work(ONE, block=BLOCK),
        with_work(standing(Observed.INCLUDING), claim=replace(HELD, until=LATER + TICK)),
        standing(Observed.PRESENT),
    ],
)
def test_claim_of_an_undue_leased_or_blocked_row_is_refused(unclaimable: Negativation) -> None:
    with pytest.raises(Conflict) as caught:
        claimed(unclaimable)

    assert caught.value.code == "nao_reivindicavel"
    assert (
        caught.value.message == "Esta transmissão já está com outro processo ou ainda não venceu. Tente de novo depois."
    )


def test_expired_lease_of_an_inclusion_is_claimed_as_a_lookup() -> None:
    sent = claimed(ONE, now=NOW).negativation
    change = claimed(sent, now=NOW + LEASE)

    assert [event.kind for event in change.events] == [EventKind.LEASE_EXPIRED, EventKind.CLAIMED]
    assert change.negativation.transmission.claim == Claim(Action.LOOK_UP, "w-1", NOW + LEASE, NOW + LEASE + LEASE, 2)
    assert change.negativation.inclusion_claims == 1


def test_expired_lease_is_released_without_a_claim_if_a_person_must_act() -> None:
    mute = replace(SPC, find=False)
    sent = claimed(ONE, now=NOW, gateway=mute).negativation
    change = claimed(sent, now=NOW + LEASE, gateway=mute)

    assert [event.kind for event in change.events] == [EventKind.LEASE_EXPIRED]
    assert change.negativation.transmission.claim is None
    assert change.negativation.transmission.action is Action.ASK_PERSON


@given(
    capabilities().flatmap(lambda gateway: st.tuples(st.just(gateway), negativations(gateway))),
    st.integers(-600, 600).map(lambda minutes: NOW + timedelta(minutes=minutes)),
)
def test_claim_lasts_a_lease_under_a_new_fence(drawn: tuple[Capabilities, Negativation], now: datetime) -> None:
    gateway, before = drawn
    if not is_claimable(before.transmission, now) or before.transmission.claim is not None:
        return
    after = claimed(before, now, PAYMENT, gateway).negativation
    held = after.transmission.claim

    assert held == Claim(before.transmission.action, "w-1", now, now + gateway.lease, before.transmission.fence + 1)
    assert after.transmission.fence == before.transmission.fence + 1
    assert after.transmission.is_open
    sends = before.transmission.action in {Action.INCLUDE, Action.REMOVE}
    assert after.is_in_doubt or not sends
    assert not is_claimable(after.transmission, now + gateway.lease - TICK)
    assert (after.document, after.reference, after.due_date, after.amount) == (
        before.document,
        before.reference,
        before.due_date,
        before.amount,
    )


# ------------------------------------------------------------------------------------------------ leases


def test_expired_lease_leaves_the_doubt_due_now() -> None:
    sent = claimed(ONE, now=NOW).negativation
    change = expire(sent, SPC, NOW + LEASE)

    assert change.events == (Event(EventKind.LEASE_EXPIRED, "n1", NOW + LEASE, detail={"worker": "w-1"}),)
    assert change.negativation == replace(sent, transmission=Transmission(Action.LOOK_UP, NOW + LEASE, fence=1))


def test_running_or_missing_lease_is_unchanged() -> None:
    sent = claimed(ONE, now=NOW).negativation

    assert expire(sent, SPC, NOW + LEASE - TICK) == Change(sent)
    assert expire(ONE, SPC, LATER) == Change(ONE)


# ------------------------------------------------------------------------------------------------ people


def test_row_that_needs_a_person_stays_open_with_its_deadline() -> None:
    queued = standing(Observed.PRESENT, BY_PERSON)
    change = require_manual_action(queued, "credenciais_recusadas", "Confira a senha.", LATER)

    assert change.negativation == with_work(queued, block=Block("credenciais_recusadas", "Confira a senha.", LATER))
    assert change.negativation.transmission.is_open
    assert change.negativation.transmission.deadline == BY_PERSON.deadline
    assert change.events == (
        Event(EventKind.NEEDS_PERSON, "n1", LATER, None, "Confira a senha.", {"code": "credenciais_recusadas"}),
    )


def test_person_stops_and_resumes_the_attempts() -> None:
    queued = with_work(standing(Observed.PRESENT, BY_PERSON), attempts=4, last_error="biro_indisponivel")
    stopped = stop_trying(queued, "u1", "aguardando o jurídico", LATER)
    resumed = resume(stopped.negativation, "u2", LATER + TICK)

    assert stopped.negativation == with_work(queued, block=Block(STOPPED_BY_PERSON, "aguardando o jurídico", LATER))
    assert stopped.negativation.transmission.is_open
    assert stopped.events == (Event(EventKind.ATTEMPTS_STOPPED, "n1", LATER, "u1", "aguardando o jurídico"),)
    assert resumed.negativation == with_work(queued, attempts=0, due_at=LATER + TICK)
    assert resumed.events == (Event(EventKind.ATTEMPTS_RESUMED, "n1", LATER + TICK, "u2"),)


def test_closed_record_can_not_be_stopped_and_running_one_not_resumed() -> None:
    with pytest.raises(Conflict) as nothing:
        stop_trying(standing(Observed.PRESENT), "u1", "x", LATER)
    with pytest.raises(Conflict) as running:
        resume(standing(Observed.PRESENT, BY_PERSON), "u1", LATER)

    assert (nothing.value.code, nothing.value.message) == ("nada_a_parar", "Não há envio pendente para parar.")
    assert (running.value.code, running.value.message) == (
        "nao_esta_parada",
        "Esta negativação não está parada.",
    )


@given(negativations())
def test_stopped_record_stays_in_the_queue(negativation: Negativation) -> None:
    if not negativation.transmission.is_open:
        return
    stopped = stop_trying(negativation, "u1", "x", LATER).negativation
    work = stopped.transmission

    assert work.is_open
    assert not is_claimable(work, LATER + timedelta(days=365))
    assert work.deadline == negativation.transmission.deadline
    assert resume(stopped, "u1", LATER).negativation.transmission.block is None
