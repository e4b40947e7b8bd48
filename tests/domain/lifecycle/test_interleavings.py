"""Interleavings that once went wrong, step by step, as the state machine found them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain import removals, transmissions
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    RecordFound,
    RecordNotFound,
    RecordState,
)
from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.negativations import STOPPED_BY_PERSON, Block
from credit_protection.domain.observations import answered, answered_late, looked_up
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger, removal_reason
from credit_protection.domain.state_table import Action, Desired, Observed
from tests.domain.lifecycle.bureau import LOST, STILL_PROCESSING
from tests.domain.lifecycle.profiles import CALLBACK, INSISTENT_CALLBACK, LOOKED_UP, NATURAL, REPEATABLE
from tests.domain.lifecycle.table import UNWANTED, WANTED
from tests.domain.lifecycle.transitions import (
    CALENDAR,
    CREATED_AT,
    INTEGRATION,
    OWED,
    PAID,
    TODAY,
    claimed,
    context,
    created,
    in_state,
    leased,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.settlements import InvoiceSettlementStatus

FIND = replace(LOOKED_UP.gateway, max_processing=timedelta(minutes=4, seconds=25))
"""With the lease of 65 s, a request may take effect for five and a half minutes."""
MINUTE = timedelta(minutes=1)


def applied(each: Negativation, statuses: Mapping[str, InvoiceSettlementStatus]) -> Negativation:
    policy = INTEGRATION.settings.removal_policy
    return removals.apply_settlement_statuses(each, statuses, policy, CALENDAR, FIND, CREATED_AT + MINUTE).negativation


def with_hint(each: Negativation, gateway: Capabilities, day: date = TODAY) -> Negativation:
    return removals.bureau_says_removed(each, gateway, today=day, now=CREATED_AT + MINUTE).negativation


def withdrawn(each: Negativation) -> Negativation:
    return removals.withdraw(each, actor_id="u-1", capabilities=FIND, now=CREATED_AT + MINUTE).negativation


def attested(each: Negativation, gateway: Capabilities, minutes: float) -> Negativation:
    now = CREATED_AT + minutes * MINUTE
    return removals.attest_absent(
        each, actor_id="u-1", remark="vi", today=TODAY, capabilities=gateway, now=now
    ).negativation


def delete(
    each: Negativation,
    reason: RemovalReason | None = None,
    attestation: str = "",
    today: date = TODAY,
    statuses: Mapping[str, InvoiceSettlementStatus] = OWED,
) -> Negativation:
    return removals.delete(
        each,
        actor_id="u-1",
        reason=reason,
        attestation=attestation,
        statuses=statuses,
        deletion_days=2,
        today=today,
        calendar=CALENDAR,
        capabilities=FIND,
        now=CREATED_AT,
    ).negativation


# ------------------------------------------------------------------------------------------------ the bureau's removals


def test_reversal_during_bureau_removal_does_not_request_inclusion_again() -> None:
    """Included, paid, seen in removal by the bureau itself; then the payment is reversed."""
    paid = applied(in_state((Observed.IN_DOUBT_INCLUDE, WANTED), FIND), PAID)
    leaving = looked_up(
        leased(paid, FIND, Action.LOOK_UP), RecordFound(RecordState.REMOVING), context(FIND)
    ).negativation
    assert leaving.observed is Observed.REMOVING
    after = applied(leaving, OWED)
    assert (after.desired, after.observed) == (Desired.REMOVED, Observed.REMOVING)


def test_withdrawal_during_bureau_removal_is_refused() -> None:
    unwanted = leased(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), FIND, Action.LOOK_UP)
    leaving = looked_up(unwanted, RecordFound(RecordState.REMOVING), context(FIND)).negativation
    with pytest.raises(RuleViolation):
        withdrawn(leaving)


def test_removal_reopened_after_attestation_cannot_be_withdrawn() -> None:
    """A person attests absence; a late answer shows the record; the same person withdraws."""
    closed = attested(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), FIND, 6)
    found = answered_late(closed, Action.INCLUDE, Done(), context(FIND, 7)).negativation
    assert found.transmission.is_open
    with pytest.raises(RuleViolation):
        withdrawn(found)


def test_reversal_does_not_request_reopened_record_again() -> None:
    cancelled = applied(created(FIND), PAID)
    assert cancelled.is_closed
    found = answered_late(cancelled, Action.INCLUDE, Done(), context(FIND)).negativation
    assert applied(found, OWED).desired is Desired.REMOVED


# ------------------------------------------------------------------------------------------------ attestations


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING])
def test_absence_cannot_be_attested_while_a_request_could_take_effect(observed: Observed) -> None:
    """A slow inclusion takes effect after the person looked: the record would be active, closed and unseen."""
    each = in_state((observed, UNWANTED), FIND)
    with pytest.raises(Conflict) as refusal:
        attested(each, FIND, 5.49)
    assert refusal.value.code == "envio_pode_chegar"
    assert refusal.value.context == {"until": "2026-11-20T15:05:30+00:00"}
    assert refusal.value.message == (
        "Um envio anterior ainda pode chegar ao birô. Espere o prazo de processamento dele e confira de novo."
    )
    assert attested(each, FIND, 5.5).is_closed


def test_later_of_two_instants_counts() -> None:
    both = replace(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), observed=Observed.INCLUDING)
    later = replace(both, observed_since=CREATED_AT + 2 * MINUTE)
    assert removals.may_take_effect_until(later, FIND) == CREATED_AT + 7.5 * MINUTE
    assert (
        removals.may_take_effect_until(replace(both, observed_since=CREATED_AT - MINUTE), FIND)
        == CREATED_AT + 5.5 * MINUTE
    )
    assert removals.may_take_effect_until(in_state((Observed.PRESENT, UNWANTED), FIND), FIND) is None


# ------------------------------------------------------------------------------------------------ hints


def test_hint_about_earlier_record_under_the_key_closes_nothing() -> None:
    """Sent twice, as the gateway allows; the bureau removed the first record; the second is active."""
    present = replace(in_state((Observed.PRESENT, WANTED), REPEATABLE.gateway), inclusion_claims=2)
    after = with_hint(present, REPEATABLE.gateway)
    assert (after.observed, after.transmission.action) == (Observed.IN_DOUBT_REMOVE, Action.REMOVE)


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING, Observed.PRESENT])
def test_hint_that_can_only_mean_this_record_closes_it(observed: Observed) -> None:
    """The callback "included" was lost and "removed" came: no answer is pending."""
    after = with_hint(in_state((observed, WANTED), CALLBACK.gateway), CALLBACK.gateway)
    assert (after.observed, after.observed_since) == (Observed.GONE, CREATED_AT + MINUTE)
    assert after.known_at is not None
    assert after.unanswered_inclusions is None
    assert after.is_closed


def test_hint_is_looked_up_where_gateway_has_lookup() -> None:
    after = with_hint(in_state((Observed.PRESENT, WANTED), FIND), FIND)
    assert (after.observed, after.observed_since) == (Observed.IN_DOUBT_REMOVE, CREATED_AT + MINUTE)
    assert after.transmission.action is Action.LOOK_UP
    doubtful = with_hint(in_state((Observed.IN_DOUBT_INCLUDE, WANTED), FIND), FIND)
    assert (doubtful.observed, doubtful.desired) == (Observed.IN_DOUBT_INCLUDE, Desired.REMOVED)


def test_second_hint_does_not_postpone_deadline() -> None:
    once = with_hint(in_state((Observed.PRESENT, WANTED), FIND), FIND)
    again = with_hint(once, FIND, date(2026, 11, 25))
    assert again.transmission.deadline == TODAY


def test_removal_answer_after_bureau_removal_does_not_reopen_record() -> None:
    """The hint came during the call and the answer was lost: the record once became a doubtful *inclusion*."""
    running = claimed(in_state((Observed.PRESENT, UNWANTED), CALLBACK.gateway), CALLBACK.gateway)
    gone = with_hint(running, CALLBACK.gateway)
    after = answered(gone, LOST, context(CALLBACK.gateway)).negativation
    assert (after.observed, after.transmission.action) == (Observed.GONE, Action.CLOSE)


# ------------------------------------------------------------------------------------------------ callbacks, receipts


def test_callback_before_its_receipt_is_not_lost() -> None:
    """ "Removed" arrives before "received" is stored: the record once waited for a callback that had come already."""
    gateway = CALLBACK.gateway
    running = claimed(in_state((Observed.PRESENT, UNWANTED), gateway), gateway)
    reported = answered_late(running, Action.REMOVE, Done(), context(gateway)).negativation
    assert answered(reported, Accepted(), context(gateway)).negativation.is_closed


def test_old_receipt_does_not_undo_accepted_removal() -> None:
    """The receipt of the inclusion arrives during the removal: the record once became `INCLUDING` again."""
    removing = in_state((Observed.REMOVING, UNWANTED), CALLBACK.gateway)
    after = answered_late(removing, Action.INCLUDE, Accepted(), context(CALLBACK.gateway)).negativation
    assert after.transmission.action is Action.AWAIT_CALLBACK
    assert after.observed is Observed.REMOVING


def test_still_processing_is_retried_where_the_callback_may_have_come() -> None:
    gateway = INSISTENT_CALLBACK.gateway
    running = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), gateway), gateway)
    reported = answered_late(running, Action.INCLUDE, Done(), context(gateway)).negativation
    after = answered(reported, STILL_PROCESSING, context(gateway)).negativation
    assert (after.observed, after.transmission.action) == (Observed.PRESENT, Action.REMOVE)


# ------------------------------------------------------------------------------------------------ not found


def test_late_not_found_does_not_close_record_included_after_the_question() -> None:
    """Natural key, no look-up: sent at 2 min, included at 5 min, answered at 9 min."""
    gateway = NATURAL.gateway
    asked = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), gateway), gateway, 2)
    free = transmissions.expire(asked, gateway, CREATED_AT + 8 * MINUTE).negativation
    after = answered_late(free, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), context(gateway, 9)).negativation
    assert after.transmission.is_open


def test_inclusion_once_acknowledged_is_not_resent() -> None:
    """The answer came late; the bureau removed the record and no longer shows it; the look-up finds nothing."""
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, WANTED), FIND)
    reported = answered_late(doubtful, Action.INCLUDE, Done(), context(FIND)).negativation
    after = looked_up(leased(reported, FIND, Action.LOOK_UP, 8), RecordNotFound(), context(FIND, 8)).negativation
    assert after.transmission.action is not Action.INCLUDE
    assert after.transmission.block is not None


# ------------------------------------------------------------------------------------------------ persons


def test_stop_during_call_stays_in_force() -> None:
    running = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), FIND), FIND)
    stopped = transmissions.stop_trying(running, "u-1", "chega", CREATED_AT).negativation
    after = looked_up(stopped, RecordFound(RecordState.PRESENT), context(FIND)).negativation
    assert after.transmission.action is Action.REMOVE
    assert after.transmission.block == Block(STOPPED_BY_PERSON, "chega", CREATED_AT)
    assert after.transmission.deadline is not None


def test_block_of_inclusion_does_not_block_removal_after_payment() -> None:
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, WANTED), FIND)
    blocked = transmissions.require_manual_action(doubtful, "registro_sumiu", "?", CREATED_AT).negativation
    after = applied(blocked, PAID)
    assert (after.transmission.action, after.transmission.block) == (Action.LOOK_UP, None)


def test_second_removal_reason_does_not_unblock() -> None:
    refused = transmissions.require_manual_action(
        in_state((Observed.PRESENT, UNWANTED), FIND), "remocao_recusada", "?", CREATED_AT
    )
    after = applied(refused.negativation, PAID)
    assert after.transmission.block is not None


def test_second_deletion_does_not_postpone_deadline() -> None:
    once = delete(in_state((Observed.PRESENT, WANTED), FIND))
    again = delete(once, RemovalReason.DISPUTE, today=date(2026, 11, 23))
    assert again.transmission.deadline == date(2026, 11, 24)
    assert again.triggers[0].reason is RemovalReason.DISPUTE
    sooner = delete(again, RemovalReason.COURT_ORDER, today=TODAY)
    assert sooner.transmission.deadline == TODAY


def test_deadline_follows_a_changed_settlement_date() -> None:
    paid = applied(in_state((Observed.PRESENT, WANTED), FIND), PAID)
    later = {"f-1": replace(PAID["f-1"], settled_on=date(2026, 11, 23))}
    assert applied(paid, later).transmission.deadline == date(2026, 11, 30)


def test_chosen_payment_reason_is_not_reported_after_reversal() -> None:
    """Deleted with reason payment while it was paid; reversed before the removal was claimed."""
    chosen = delete(in_state((Observed.PRESENT, WANTED), FIND), RemovalReason.PAYMENT, statuses=PAID)
    assert removal_reason(PAID, chosen.triggers) is RemovalReason.PAYMENT
    assert removal_reason(OWED, chosen.triggers) is RemovalReason.CREDITOR_REQUEST
    assert chosen.triggers[0].note == "pagamento"


def test_attested_payment_is_reported() -> None:
    attested = delete(in_state((Observed.PRESENT, WANTED), FIND), RemovalReason.PAYMENT, attestation=" recibo 12 ")
    assert removal_reason(OWED, attested.triggers) is RemovalReason.PAYMENT
    assert attested.triggers[0].note == "recibo 12"


def test_second_request_for_same_cause_keeps_earlier_deadline() -> None:
    early = RemovalTrigger(RemovalCause.PERSON, CREATED_AT, TODAY, "u-1")
    late = replace(early, deadline=date(2026, 12, 1))
    present = in_state((Observed.PRESENT, WANTED), FIND)
    once = removals.request_removal(present, early, FIND, CREATED_AT).negativation
    assert removals.request_removal(once, late, FIND, CREATED_AT).negativation.deadline == TODAY
