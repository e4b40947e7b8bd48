"""Interleavings that once went wrong, step by step: each is a story that the machine told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain import removals, transmissions
from credit_protection.domain.bureau_answers import Accepted, Done, Found, ExecutionResult, Missing, RecordState
from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.events import EventKind
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import STOPPED_BY_PERSON, Action, Block, Desired, Observed
from credit_protection.domain.observations import answered, answered_late, sighted
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalTrigger, removal_reason
from tests.domain.lifecycle.bureau import STILL_PROCESSING
from tests.domain.lifecycle.cells import (
    BORN,
    CALENDAR,
    INTEGRATION,
    LOST,
    OWED,
    PAID,
    TODAY,
    UNAVAILABLE,
    at,
    born,
    claimed,
    deleted,
    held,
    moment,
)
from tests.domain.lifecycle.profiles import CALLBACK, INSISTENT_CALLBACK, LOOKED_UP, NATURAL, REPEATABLE
from tests.domain.lifecycle.table import UNWANTED, WANTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.settlements import InvoiceStanding

FIND = replace(LOOKED_UP.gateway, max_processing=timedelta(minutes=4, seconds=25))
"""With the lease of 65 s, a request could land for five and a half minutes."""
MINUTE = timedelta(minutes=1)


def applied(each: Negativation, standings: Mapping[str, InvoiceStanding]) -> Negativation:
    policy = INTEGRATION.removal_policy
    return removals.apply_standings(each, standings, policy, CALENDAR, FIND, BORN + MINUTE).negativation


def hinted(each: Negativation, gateway: Capabilities, day: date = TODAY) -> Negativation:
    return removals.bureau_says_removed(each, gateway, today=day, now=BORN + MINUTE).negativation


def withdrawn(each: Negativation) -> Negativation:
    return removals.withdraw(each, actor_id="u-1", gateway=FIND, now=BORN + MINUTE).negativation


def stated(each: Negativation, gateway: Capabilities, minutes: float) -> Negativation:
    now = BORN + minutes * MINUTE
    return removals.attest_absent(each, actor_id="u-1", why="vi", today=TODAY, gateway=gateway, now=now).negativation


def delete(
    each: Negativation,
    reason: RemovalReason | None = None,
    attestation: str = "",
    today: date = TODAY,
    standings: Mapping[str, InvoiceStanding] = OWED,
) -> Negativation:
    return removals.delete(
        each,
        actor_id="u-1",
        reason=reason,
        attestation=attestation,
        standings=standings,
        deletion_days=2,
        today=today,
        calendar=CALENDAR,
        gateway=FIND,
        now=BORN,
    ).negativation


# ------------------------------------------------------------------------------------------------ the bureau's own hand


def test_a_reversal_while_the_bureau_removes_by_itself_does_not_want_it_again() -> None:
    """Included, paid, seen to be leaving by the bureau's own hand, and then the payment is reversed."""
    paid = applied(at((Observed.IN_DOUBT_INCLUDE, WANTED), FIND), PAID)
    leaving = sighted(held(paid, FIND, Action.LOOK_UP), Found(RecordState.REMOVING), moment(FIND)).negativation
    assert leaving.observed is Observed.REMOVING
    after = applied(leaving, OWED)
    assert (after.desired, after.observed) == (Desired.REMOVED, Observed.REMOVING)


def test_a_withdrawal_while_the_bureau_removes_by_itself_is_refused() -> None:
    unwanted = held(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), FIND, Action.LOOK_UP)
    leaving = sighted(unwanted, Found(RecordState.REMOVING), moment(FIND)).negativation
    with pytest.raises(RuleViolation):
        withdrawn(leaving)


def test_what_was_stated_to_be_absent_and_turns_up_can_not_be_taken_back() -> None:
    """A person stated that it was absent; a late answer shows that it is not; the same person withdraws."""
    closed = stated(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), FIND, 6)
    found = answered_late(closed, Action.INCLUDE, Done(), moment(FIND, 7)).negativation
    assert found.transmission.is_open
    with pytest.raises(RuleViolation):
        withdrawn(found)


def test_what_was_cancelled_and_turns_up_is_not_wanted_again_by_a_reversal() -> None:
    cancelled = applied(born(FIND), PAID)
    assert cancelled.is_closed
    found = answered_late(cancelled, Action.INCLUDE, Done(), moment(FIND)).negativation
    assert applied(found, OWED).desired is Desired.REMOVED


# ------------------------------------------------------------------------------------------------ statements


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING])
def test_a_person_can_not_state_that_nothing_is_there_while_a_request_could_land(observed: Observed) -> None:
    """A slow inclusion lands after the person looked; the record would stand, closed and unseen."""
    each = at((observed, UNWANTED), FIND)
    with pytest.raises(Conflict) as refusal:
        stated(each, FIND, 5.49)
    assert refusal.value.code == "envio_pode_chegar"
    assert refusal.value.context == {"until": "2026-11-20T15:05:30+00:00"}
    assert refusal.value.message == (
        "Um envio anterior ainda pode chegar ao birô. Espere o prazo de processamento dele e confira de novo."
    )
    assert stated(each, FIND, 5.5).is_closed


def test_the_latest_of_the_two_instants_counts() -> None:
    both = replace(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), observed=Observed.INCLUDING)
    later = replace(both, observed_since=BORN + 2 * MINUTE)
    assert removals.lands_until(later, FIND) == BORN + 7.5 * MINUTE
    assert removals.lands_until(replace(both, observed_since=BORN - MINUTE), FIND) == BORN + 5.5 * MINUTE
    assert removals.lands_until(at((Observed.PRESENT, UNWANTED), FIND), FIND) is None


# ------------------------------------------------------------------------------------------------ hints


def test_a_hint_of_an_earlier_record_under_the_key_closes_nothing() -> None:
    """Sent twice, as the gateway allows; the first landed and was removed by the bureau; the second stands."""
    present = replace(at((Observed.PRESENT, WANTED), REPEATABLE.gateway), inclusion_claims=2)
    after = hinted(present, REPEATABLE.gateway)
    assert (after.observed, after.transmission.action) == (Observed.IN_DOUBT_REMOVE, Action.REMOVE)


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING, Observed.PRESENT])
def test_a_hint_that_can_only_mean_this_record_closes_it(observed: Observed) -> None:
    """Its callback "included" was lost; "removed" came: there is nothing left to wait for."""
    after = hinted(at((observed, WANTED), CALLBACK.gateway), CALLBACK.gateway)
    assert (after.observed, after.observed_since) == (Observed.GONE, BORN + MINUTE)
    assert after.known_at is not None
    assert after.unanswered_inclusions is None
    assert after.is_closed


def test_a_hint_is_looked_up_where_that_is_possible() -> None:
    after = hinted(at((Observed.PRESENT, WANTED), FIND), FIND)
    assert (after.observed, after.observed_since) == (Observed.IN_DOUBT_REMOVE, BORN + MINUTE)
    assert after.transmission.action is Action.LOOK_UP
    doubtful = hinted(at((Observed.IN_DOUBT_INCLUDE, WANTED), FIND), FIND)
    assert (doubtful.observed, doubtful.desired) == (Observed.IN_DOUBT_INCLUDE, Desired.REMOVED)


def test_a_second_hint_does_not_put_the_deadline_off() -> None:
    once = hinted(at((Observed.PRESENT, WANTED), FIND), FIND)
    again = hinted(once, FIND, date(2026, 11, 25))
    assert again.transmission.deadline == TODAY


def test_a_removal_answered_after_the_bureau_said_removed_does_not_reopen_it() -> None:
    """The hint came while the call ran; the answer was lost: it once became a doubtful *inclusion*."""
    running = claimed(at((Observed.PRESENT, UNWANTED), CALLBACK.gateway), CALLBACK.gateway)
    gone = hinted(running, CALLBACK.gateway)
    after = answered(gone, LOST, moment(CALLBACK.gateway)).negativation
    assert (after.observed, after.transmission.action) == (Observed.GONE, Action.CLOSE)


# ------------------------------------------------------------------------------------------------ callbacks, receipts


def test_a_callback_that_is_quicker_than_its_receipt_is_not_lost() -> None:
    """ "Removed" arrives before "received" is stored: it once waited for a callback that had come already."""
    gateway = CALLBACK.gateway
    running = claimed(at((Observed.PRESENT, UNWANTED), gateway), gateway)
    told = answered_late(running, Action.REMOVE, Done(), moment(gateway)).negativation
    assert answered(told, Accepted(), moment(gateway)).negativation.is_closed


def test_an_old_receipt_does_not_undo_a_removal_that_was_accepted() -> None:
    """The receipt of the inclusion comes late, when the removal is on its way: it once became `INCLUDING` again."""
    removing = at((Observed.REMOVING, UNWANTED), CALLBACK.gateway)
    after = answered_late(removing, Action.INCLUDE, Accepted(), moment(CALLBACK.gateway)).negativation
    assert after.transmission.action is Action.AWAIT_CALLBACK
    assert after.observed is Observed.REMOVING


def test_what_is_still_processing_is_tried_again_where_the_callback_may_have_come() -> None:
    gateway = INSISTENT_CALLBACK.gateway
    running = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), gateway), gateway)
    told = answered_late(running, Action.INCLUDE, Done(), moment(gateway)).negativation
    after = answered(told, STILL_PROCESSING, moment(gateway)).negativation
    assert (after.observed, after.transmission.action) == (Observed.PRESENT, Action.REMOVE)


# ------------------------------------------------------------------------------------------------ not found


def test_a_late_not_found_does_not_close_what_landed_after_it_was_asked() -> None:
    """Natural key, no look-up: asked at 2 min, landed at 5 min, answered at 9 min."""
    gateway = NATURAL.gateway
    asked = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), gateway), gateway, 2)
    free = transmissions.expire(asked, gateway, BORN + 8 * MINUTE).negativation
    after = answered_late(free, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), moment(gateway, 9)).negativation
    assert after.transmission.is_open


def test_an_inclusion_that_once_stood_is_not_sent_again() -> None:
    """Its answer came late; the bureau removed it by itself and forgot it; the look-up finds nothing."""
    doubtful = at((Observed.IN_DOUBT_INCLUDE, WANTED), FIND)
    told = answered_late(doubtful, Action.INCLUDE, Done(), moment(FIND)).negativation
    after = sighted(held(told, FIND, Action.LOOK_UP, 8), Missing(), moment(FIND, 8)).negativation
    assert after.transmission.action is not Action.INCLUDE
    assert after.transmission.block is not None


def test_a_dead_workers_inclusion_is_never_sent_again_by_the_next_worker() -> None:
    dead = claimed(born(FIND), FIND)
    after = transmissions.claim(dead, FIND, now=BORN + 2 * MINUTE, worker="w-2").negativation
    assert after.transmission.claim is not None
    assert after.transmission.claim.action is Action.LOOK_UP
    assert after.inclusion_claims == 1


# ------------------------------------------------------------------------------------------------ persons


def test_a_stop_pressed_while_the_call_ran_holds() -> None:
    running = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), FIND)
    stopped = transmissions.stop_trying(running, "u-1", "chega", BORN).negativation
    after = sighted(stopped, Found(RecordState.PRESENT), moment(FIND)).negativation
    assert after.transmission.action is Action.REMOVE
    assert after.transmission.block == Block(STOPPED_BY_PERSON, "chega", BORN)
    assert after.transmission.deadline is not None


def test_a_payment_is_not_held_back_by_what_blocked_the_inclusion() -> None:
    doubtful = at((Observed.IN_DOUBT_INCLUDE, WANTED), FIND)
    blocked = transmissions.needs_person(doubtful, "registro_sumiu", "?", BORN).negativation
    after = applied(blocked, PAID)
    assert (after.transmission.action, after.transmission.block) == (Action.LOOK_UP, None)


def test_a_second_reason_does_not_unblock() -> None:
    refused = transmissions.needs_person(at((Observed.PRESENT, UNWANTED), FIND), "remocao_recusada", "?", BORN)
    after = applied(refused.negativation, PAID)
    assert after.transmission.block is not None


def test_deleting_twice_does_not_put_the_deadline_off() -> None:
    once = delete(at((Observed.PRESENT, WANTED), FIND))
    again = delete(once, RemovalReason.DISPUTE, today=date(2026, 11, 23))
    assert again.transmission.deadline == date(2026, 11, 24)
    assert again.triggers[0].reason is RemovalReason.DISPUTE
    sooner = delete(again, RemovalReason.COURT_ORDER, today=TODAY)
    assert sooner.transmission.deadline == TODAY


def test_the_deadline_of_a_settlement_is_reckoned_anew() -> None:
    paid = applied(at((Observed.PRESENT, WANTED), FIND), PAID)
    later = {"f-1": replace(PAID["f-1"], since=date(2026, 11, 23))}
    assert applied(paid, later).transmission.deadline == date(2026, 11, 30)


def test_payment_chosen_on_a_settlement_is_not_told_once_it_was_reversed() -> None:
    """Deleted with reason payment while it was paid; reversed before the removal was claimed."""
    chosen = delete(at((Observed.PRESENT, WANTED), FIND), RemovalReason.PAYMENT, standings=PAID)
    assert removal_reason(PAID, chosen.triggers) is RemovalReason.PAYMENT
    assert removal_reason(OWED, chosen.triggers) is RemovalReason.CREDITOR_REQUEST
    assert chosen.triggers[0].note == "pagamento"


def test_an_attested_payment_is_told() -> None:
    attested = delete(at((Observed.PRESENT, WANTED), FIND), RemovalReason.PAYMENT, attestation=" recibo 12 ")
    assert removal_reason(OWED, attested.triggers) is RemovalReason.PAYMENT
    assert attested.triggers[0].note == "recibo 12"


def test_an_unwanted_inclusion_that_was_not_executed_says_that_it_was_cancelled() -> None:
    unwanted = deleted(claimed(born(FIND), FIND), FIND)
    change = answered(unwanted, UNAVAILABLE, moment(FIND))
    assert [each.kind for each in change.events] == [EventKind.NOT_EXECUTED, EventKind.CANCELLED]


def test_asking_for_the_same_cause_keeps_the_earlier_deadline() -> None:
    early = RemovalTrigger(RemovalCause.PERSON, BORN, TODAY, "u-1")
    late = replace(early, deadline=date(2026, 12, 1))
    present = at((Observed.PRESENT, WANTED), FIND)
    once = removals.want_removed(present, early, FIND, BORN).negativation
    assert removals.want_removed(once, late, FIND, BORN).negativation.deadline == TODAY
