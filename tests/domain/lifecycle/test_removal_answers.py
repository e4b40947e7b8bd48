"""The negativation after each answer in time to a removal, or one that a callback preceded, compared field by field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain import transmissions
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    RecordNotFound,
    Rejected,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Block, Unanswered
from credit_protection.domain.observations import AnswerContext, answered, answered_late, looked_up
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.answer_fixtures import (
    CALLBACK,
    INSISTENT,
    LOOKED_UP,
    NATURAL,
    QUIET,
    REPEATABLE,
    SOON,
    TODAY,
    UNREADABLE,
    becomes,
    check_doubt,
    event,
    evidence,
    including,
    now,
    removing,
    several,
    t,
)
from tests.domain.lifecycle.bureau import LOST, STILL_PROCESSING, UNAVAILABLE
from tests.domain.lifecycle.table import UNWANTED
from tests.domain.lifecycle.transitions import (
    CREATED_AT,
    REFUSED,
    claimed,
    in_state,
)

if TYPE_CHECKING:
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation

# ------------------------------------------------------------------------------------------------ a removal's answer


@pytest.mark.parametrize("how", [ExecutionResult.EXECUTED, ExecutionResult.ALREADY_IN_EFFECT])
def test_done_removal_closes_negativation(how: ExecutionResult) -> None:
    before = removing(NATURAL)
    change = answered(before, Done(how), now(NATURAL))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1), "deadline": None},
        observed=Observed.GONE,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.REMOVED, 1, "removida"),)


NOT_FOUND = Done(ExecutionResult.NOT_FOUND)


def removing_later(gateway: Capabilities) -> Negativation:
    """Its removal is claimed after the quiet period of the answer that acknowledged it."""
    return claimed(in_state((Observed.PRESENT, UNWANTED), gateway), gateway, 5.5)


def test_known_record_that_is_not_found_too_early_is_removed_again() -> None:
    before = removing(NATURAL)
    change = answered(before, NOT_FOUND, now(NATURAL))
    assert change.negativation == becomes(
        before,
        {"action": Action.REMOVE, "due_at": t(1) + SOON, "attempts": 1},
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.NOT_FOUND),)


def test_known_record_that_is_not_found_without_a_look_up_closes_without_proof() -> None:
    change = answered(removing_later(NATURAL), NOT_FOUND, now(NATURAL, 6))
    assert change.negativation.is_closed
    assert change.events == (event(EventKind.REMOVED, 6, "removida", without_proof="yes"),)


def test_known_record_that_is_not_found_is_looked_up_before_it_closes() -> None:
    before = removing_later(LOOKED_UP)
    change = answered(before, NOT_FOUND, now(LOOKED_UP, 6))
    assert change.negativation == becomes(
        before, {"action": Action.LOOK_UP, "due_at": t(6) + SOON, "attempts": 1}, unanswered_removals=None
    )
    claim = claimed(change.negativation, LOOKED_UP, 7)
    closed = looked_up(claim, RecordNotFound(), now(LOOKED_UP, 8))
    assert closed.negativation.is_closed
    assert closed.events == (event(EventKind.REMOVED, 8, "removida", without_proof="yes"),)


def test_unanswered_removal_explains_that_a_record_is_not_found() -> None:
    before = removing_later(NATURAL)
    assert before.unanswered_removals is not None
    twice = replace(before, unanswered_removals=replace(before.unanswered_removals, count=2))
    change = answered(twice, NOT_FOUND, now(NATURAL, 6))
    assert change.events == (event(EventKind.REMOVED, 6, "removida"),)


def test_done_removal_from_doubt_proves_that_the_inclusion_took_effect() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    after = answered(before, Done(), now(NATURAL)).negativation
    assert (after.observed, after.known_at, after.unanswered_inclusions) == (Observed.GONE, t(1), None)


def test_early_not_found_concludes_nothing() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    change = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL))
    assert change.negativation == becomes(
        before,
        {"due_at": t(1) + SOON, "attempts": 1},
        observed=Observed.IN_DOUBT_INCLUDE,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.negativation.transmission.action is Action.REMOVE
    assert change.events == (event(EventKind.NOT_FOUND),)


def test_next_lookup_is_no_later_than_end_of_quiet_period() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    before = replace(before, transmission=replace(before.transmission, attempts=5))
    after = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 5)).negativation
    assert after.transmission.due_at == CREATED_AT + QUIET
    late = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 5.5)).negativation
    assert late.transmission.due_at == t(5.5) + timedelta(minutes=3.75)


def test_not_found_after_quiet_period_cancels() -> None:
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL)
    before = claimed(doubtful, NATURAL, 5.5)
    change = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 6))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(6), "deadline": None, "attempts": 0, "last_error": ""},
        observed=Observed.ABSENT,
        observed_since=t(6),
        unanswered_inclusions=None,
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.CANCELLED, 6, "o birô não tem o registro"),)


def test_removal_does_not_close_while_another_inclusion_could_take_effect() -> None:
    before = several(removing(REPEATABLE))
    change = answered(before, Done(), now(REPEATABLE))
    assert change.negativation == becomes(
        before,
        {"action": Action.REMOVE, "due_at": t(1) + SOON, "attempts": 1},
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.negativation.observed is Observed.IN_DOUBT_REMOVE
    assert change.events == (event(EventKind.STILL_PROCESSING),)


def test_removal_sent_after_quiet_period_of_other_inclusion_closes() -> None:
    before = several(claimed(in_state((Observed.PRESENT, UNWANTED), REPEATABLE), REPEATABLE, 5.5))
    assert answered(before, Done(), now(REPEATABLE, 6)).negativation.observed is Observed.GONE


def test_accepted_removal_is_polled_soon() -> None:
    before = removing(LOOKED_UP)
    change = answered(before, Accepted(), now(LOOKED_UP))
    assert change.negativation == becomes(
        before, {"action": Action.POLL, "due_at": t(1) + SOON}, observed=Observed.REMOVING, observed_since=t(1)
    )
    assert change.negativation.unanswered_removals == Unanswered(1, CREATED_AT, CREATED_AT + QUIET)
    assert change.events == (event(EventKind.REMOVAL_ACCEPTED),)


def test_accepted_removal_from_doubt_says_nothing_of_the_inclusion() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), INSISTENT), INSISTENT)
    after = answered(before, Accepted(), now(INSISTENT)).negativation
    assert (after.known_at, after.unanswered_inclusions) == (None, before.unanswered_inclusions)
    assert after.transmission.action is Action.AWAIT_CALLBACK
    assert after.transmission.attempts == before.transmission.attempts


@pytest.mark.parametrize(("message", "said"), [("Em disputa.", "Em disputa."), ("", "E99")])
def test_refused_removal_returns_to_present_and_needs_a_person(message: str, said: str) -> None:
    before = removing(LOOKED_UP)
    change = answered(before, Rejected("E99", message), now(LOOKED_UP))
    instruction = f"O birô recusou a remoção: {said}. Corrija e tente de novo; o prazo legal continua correndo."
    assert change.negativation == becomes(
        before,
        {
            "action": Action.REMOVE,
            "due_at": t(1),
            "block": Block("remocao_recusada", instruction, t(1)),
            "last_error": "remocao_recusada",
        },
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.negativation.transmission.deadline == date(2026, 11, 24)
    assert change.events == (
        event(EventKind.REMOVAL_REFUSED, 1, message, code="E99"),
        event(EventKind.NEEDS_PERSON, 1, instruction, code="remocao_recusada"),
    )


def test_refused_removal_from_doubt_returns_to_doubt() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    after = answered(before, REFUSED, now(NATURAL)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.transmission.block is not None


UNKNOWN_REASON = Rejected("E7", "motivo inválido", reason_unknown=True)


def test_removal_with_an_unknown_reason_is_sent_with_the_next_code_and_each_code_once() -> None:
    row, codes = removing(LOOKED_UP), ("PG", "SC", "AA")
    at = replace(now(LOOKED_UP), reason_codes=codes)
    sent: list[str] = []
    for _ in codes[:-1]:
        row = replace(row, removal_code=codes[len(sent)])
        sent.append(row.removal_code)
        change = answered(row, UNKNOWN_REASON, at)
        row = change.negativation
        now_is = (row.observed, row.transmission.action, row.transmission.block)
        assert now_is == (Observed.PRESENT, Action.REMOVE, None)
        assert row.transmission.due_at == t(1)
        cause = f"O birô não conhece o motivo da baixa {sent[-1]!r}. Será enviado {codes[len(sent)]!r}."
        assert change.events == (event(EventKind.REMOVAL_REFUSED, 1, cause, code="E7", reason_code=sent[-1]),)
        row = transmissions.claim(
            row, LOOKED_UP, now=t(1), worker="w-1", reason=RemovalReason.PAYMENT, codes=codes
        ).negativation
        assert row.removal_code == codes[len(sent)]
    change = answered(row, UNKNOWN_REASON, at)
    assert change.negativation.refused_codes == codes
    block = change.negativation.transmission.block
    assert block is not None
    assert block.code == "motivo_desconhecido"
    assert block.message == (
        "O birô não conhece o motivo da baixa (PG, SC, AA). Sincronize a integração, confira o mapa com "
        "credit-protection products reasons e tente de novo; o prazo legal continua correndo."
    )
    assert [each.kind for each in change.events] == [EventKind.REMOVAL_REFUSED, EventKind.NEEDS_PERSON]
    assert transmissions.resume(change.negativation, "ana", t(2)).negativation.refused_codes == ()


def test_codes_that_were_refused_before_are_not_sent_again() -> None:
    row = replace(in_state((Observed.PRESENT, UNWANTED), LOOKED_UP), refused_codes=("PG", "SC"))

    def sent(*codes: str) -> str:
        claim = transmissions.claim(row, LOOKED_UP, now=t(1), worker="w", reason=RemovalReason.PAYMENT, codes=codes)
        assert claim.events[-1].detail["reason_code"] == claim.negativation.removal_code
        return claim.negativation.removal_code

    assert sent("PG", "SC", "AA") == "AA"
    assert sent("PG", "SC") == "PG"  # a person resumed in the meantime


@given(
    codes=st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3, unique=True),
    known=st.sets(st.sampled_from("ABCD")),
)
def test_removal_goes_through_wherever_the_bureau_knows_one_of_the_codes(codes: list[str], known: set[str]) -> None:
    row = in_state((Observed.PRESENT, UNWANTED), LOOKED_UP)
    sent: list[str] = []
    while row.transmission.action is Action.REMOVE and row.transmission.block is None:
        row = transmissions.claim(
            row, LOOKED_UP, now=t(1), worker="w", reason=RemovalReason.PAYMENT, codes=codes
        ).negativation
        sent.append(row.removal_code)
        answer = Done() if row.removal_code in known else UNKNOWN_REASON
        row = answered(row, answer, replace(now(LOOKED_UP), reason_codes=tuple(codes))).negativation
    assert len(set(sent)) == len(sent) <= len(codes)
    assert (row.observed is Observed.GONE) is bool(known.intersection(codes))
    assert (row.transmission.block is None) is (row.observed is Observed.GONE)


def test_unknown_reason_without_a_list_of_codes_is_for_a_person() -> None:
    after = answered(removing(LOOKED_UP), UNKNOWN_REASON, now(LOOKED_UP)).negativation
    assert after.transmission.block is not None
    assert "(padrão do gateway)" in after.transmission.block.message


def test_removal_with_an_unknown_reason_from_doubt_returns_to_doubt() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    after = answered(before, UNKNOWN_REASON, replace(now(NATURAL), reason_codes=("SC",))).negativation
    assert (after.observed, after.transmission.block) == (Observed.IN_DOUBT_INCLUDE, None)


def test_still_processing_postpones_removal() -> None:
    before = removing(LOOKED_UP)
    change = answered(before, STILL_PROCESSING, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.POLL, "due_at": t(1) + SOON},
        observed=Observed.INCLUDING,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.STILL_PROCESSING),)


def test_still_processing_is_retried_without_polling_or_callback() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), INSISTENT), INSISTENT)
    after = answered(before, STILL_PROCESSING, now(INSISTENT)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert (after.transmission.action, after.transmission.due_at) == (Action.REMOVE, t(1) + SOON)


def test_removal_not_executed_is_retried_later() -> None:
    before = removing(LOOKED_UP)
    change = answered(before, UNAVAILABLE, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"due_at": t(1) + SOON, "attempts": 1, "last_error": "biro_indisponivel"},
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.NOT_EXECUTED, 1, "O birô está fora do ar.", code="biro_indisponivel"),)


def test_repeated_removal_not_executed_leaves_the_first_in_doubt() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_REMOVE, UNWANTED), NATURAL), NATURAL)
    after = answered(before, UNAVAILABLE, now(NATURAL)).negativation
    assert after.observed is Observed.IN_DOUBT_REMOVE
    assert after.observed_since == before.observed_since
    assert after.unanswered_removals is not None
    assert after.unanswered_removals.count == 1


def test_removal_with_lost_answer_stays_in_doubt() -> None:
    check_doubt(removing(LOOKED_UP), LOST)


def test_postponed_removal_from_doubt_proves_that_the_inclusion_took_effect() -> None:
    gateway = replace(NATURAL, polling=True)
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), gateway), gateway)
    after = answered(before, STILL_PROCESSING, now(gateway)).negativation
    assert (after.observed, after.known_at, after.unanswered_inclusions) == (Observed.INCLUDING, t(1), None)


def test_transcript_of_unreadable_removal_answer_is_stored() -> None:
    check_doubt(removing(LOOKED_UP), UNREADABLE)


def test_gone_record_has_no_unanswered_requests() -> None:
    twice = replace(removing(NATURAL), unanswered_removals=Unanswered(2, CREATED_AT, CREATED_AT + QUIET))
    counted = replace(twice, unanswered_inclusions=Unanswered(1, CREATED_AT, CREATED_AT + QUIET))
    after = answered(counted, Done(), now(NATURAL)).negativation
    assert (after.observed, after.unanswered_inclusions, after.unanswered_removals) == (Observed.GONE, None, None)


def test_absent_record_has_no_unanswered_requests() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL, 5.5)
    twice = replace(before, unanswered_removals=Unanswered(2, CREATED_AT, t(11)))
    after = answered(twice, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 6)).negativation
    assert (after.observed, after.unanswered_inclusions, after.unanswered_removals) == (Observed.ABSENT, None, None)


# ------------------------------------------------------------------------------------------------ superseded


SUPERSEDED = "o birô já havia informado o resultado"


@pytest.mark.parametrize("answer", [Accepted(), REFUSED, UNAVAILABLE, LOST])
def test_callback_outcome_of_inclusion_prevails_over_slower_answer(answer: object) -> None:
    reported = answered_late(including(CALLBACK), Action.INCLUDE, Done(), now(CALLBACK, 0)).negativation
    assert (reported.observed, reported.transmission.claim is None) == (Observed.PRESENT, False)
    change = answered(reported, answer, now(CALLBACK))  # type: ignore[arg-type]
    assert change.negativation == becomes(reported, {"due_at": t(1)})
    detail = {"answer": type(answer).__name__, "action": "include"}
    assert change.events == (event(EventKind.LATE_ANSWER, 1, SUPERSEDED, **detail),)


@pytest.mark.parametrize("answer", [Accepted(), REFUSED, UNAVAILABLE, STILL_PROCESSING, LOST])
def test_callback_outcome_of_removal_prevails_over_slower_answer(answer: object) -> None:
    reported = answered_late(removing(CALLBACK), Action.REMOVE, Done(), now(CALLBACK, 0)).negativation
    assert reported.observed is Observed.GONE
    change = answered(reported, answer, now(CALLBACK))  # type: ignore[arg-type]
    assert change.negativation == becomes(reported, {"due_at": t(1)})
    assert change.negativation.transmission.action is Action.CLOSE


def test_done_answer_completes_callback_outcome() -> None:
    refused = answered_late(removing(CALLBACK), Action.REMOVE, REFUSED, now(CALLBACK, 0)).negativation
    change = answered(refused, Done(), now(CALLBACK))
    assert change.negativation.observed is Observed.GONE
    assert change.negativation.transmission.claim is None
    assert change.events[0] == evidence(Action.REMOVE, Done())


def test_refusal_by_callback_prevails_over_receipt_in_time() -> None:
    refused = answered_late(including(CALLBACK), Action.INCLUDE, REFUSED, now(CALLBACK, 0)).negativation
    assert refused.observed is Observed.REJECTED
    kept = answered(refused, Accepted(), now(CALLBACK)).negativation
    assert kept.observed is Observed.REJECTED


def test_answer_context_has_defaults() -> None:
    context = AnswerContext(CREATED_AT, TODAY, LOOKED_UP)
    assert (context.jitter, context.notice_days) == (0.5, 10)
