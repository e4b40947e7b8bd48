"""Rule 6, the first half: the claim writes the doubt down before a byte is sent. Rule 5: what is stopped stays open."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.errors import Conflict
from credit_protection.domain.negativations import (
    Change,
    Claim,
    Negativation,
    Transmission,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.transmissions import (
    claim,
    is_claimable,
    resume,
    stop_trying,
)
from credit_protection.testing.strategies import NOW, capabilities, negativations
from tests.domain.test_negativations import BLOCK, ONE, SPC, in_state

LATER = NOW + timedelta(hours=1)
TICK = timedelta(microseconds=1)
QUIET = timedelta(minutes=6, seconds=5)
LEASE = timedelta(seconds=65)
LEASE_OF_ANOTHER = Claim(Action.LOOK_UP, "w-0", NOW, LATER, 4)
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
        (Transmission(Action.INCLUDE, NOW, claim=replace(LEASE_OF_ANOTHER, until=NOW + TICK)), False),  # lease
        (Transmission(Action.INCLUDE, NOW, claim=replace(LEASE_OF_ANOTHER, until=NOW)), True),  # the lease ran out
    ],
)
def test_transmission_is_claimable_when_due_unleased_and_unblocked(work: Transmission, claimable: bool) -> None:
    assert is_claimable(work, NOW) is claimable


@pytest.mark.parametrize(
    "unclaimable",
    [
        with_work(ONE, due_at=LATER + TICK),
        with_work(ONE, block=BLOCK),
        with_work(in_state(Observed.INCLUDING), claim=replace(LEASE_OF_ANOTHER, until=LATER + TICK)),
        in_state(Observed.PRESENT),
    ],
)
def test_claim_of_an_undue_leased_or_blocked_row_is_refused(unclaimable: Negativation) -> None:
    with pytest.raises(Conflict) as caught:
        claimed(unclaimable)

    assert caught.value.code == "nao_reivindicavel"
    assert (
        caught.value.message == "Esta transmissão já está com outro processo ou ainda não venceu. Tente de novo depois."
    )


@given(
    capabilities().flatmap(lambda gateway: st.tuples(st.just(gateway), negativations(gateway))),
    st.integers(-600, 600).map(lambda minutes: NOW + timedelta(minutes=minutes)),
)
def test_claim_lasts_a_lease_under_a_new_fence(drawn: tuple[Capabilities, Negativation], now: datetime) -> None:
    gateway, before = drawn
    if not is_claimable(before.transmission, now) or before.transmission.claim is not None:
        return
    after = claimed(before, now, PAYMENT, gateway).negativation
    lease = after.transmission.claim

    assert lease == Claim(before.transmission.action, "w-1", now, now + gateway.lease, before.transmission.fence + 1)
    assert after.transmission.fence == before.transmission.fence + 1
    assert after.transmission.is_open
    sends = before.transmission.action in {Action.INCLUDE, Action.REMOVE}
    assert after.observed in {Observed.IN_DOUBT_INCLUDE, Observed.IN_DOUBT_REMOVE} or not sends
    assert not is_claimable(after.transmission, now + gateway.lease - TICK)
    assert (after.document, after.reference, after.due_date, after.amount) == (
        before.document,
        before.reference,
        before.due_date,
        before.amount,
    )


# ------------------------------------------------------------------------------------------------ people


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
