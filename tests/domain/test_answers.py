"""What an answer in time makes of a record with one request under way: every field of the outcome, and its event.

Repeated requests, lost and late answers are driven by the stateful model.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    ExecutionResult,
    NotExecuted,
    RecordFound,
    RecordNotFound,
    RecordState,
    Rejected,
    Unknown,
)
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import Block, Change, Negativation, Transmission, Unanswered
from credit_protection.domain.observations import AnswerContext, answered, answered_late, looked_up, lookup_failed
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.removals import request_removal
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.transmissions import claim
from credit_protection.testing.strategies import NOW, TODAY
from tests.domain.sentences import assert_tells_what_to_do
from tests.domain.test_negativations import BY_PERSON, ONE, SPC, standing

SENT_AT = NOW
THEN = NOW + timedelta(seconds=2)
SOON = THEN + timedelta(seconds=0.5)  # half of the first second: the jitter below
AT = AnswerContext(THEN, TODAY, SPC, jitter=0.5, notice_days=10)
QUIET_UNTIL = NOW + SPC.quiet_period
DEADLINE = BY_PERSON.deadline
BUSY = NotExecuted("biro_indisponivel", "O birô está fora do ar. Espere.")
BROKE = NotExecuted("sem_credito", "A conta está sem crédito. Recarregue.", needs_person=True)
LOST = Unknown("resultado_desconhecido", "A resposta se perdeu.")

INCLUDING_CALL = claim(ONE, SPC, now=SENT_AT, worker="w").negativation
PRESENT = standing(Observed.PRESENT, BY_PERSON, known_at=NOW, inclusion_claims=1, bureau_id="B1")
REMOVING_CALL = claim(PRESENT, SPC, now=SENT_AT, worker="w", reason=RemovalReason.CREDITOR_REQUEST).negativation


def free(negativation: Negativation, **changes: object) -> Negativation:
    """Without its hold and with nothing unanswered of the kind that was."""
    work = replace(negativation.transmission, claim=None, **changes)  # type: ignore[arg-type]
    return replace(negativation, transmission=work)


def event(kind: EventKind, cause: str = "", **detail: str) -> Event:
    return Event(kind, "n1", THEN, None, cause, detail)


# ------------------------------------------------------------------------------------------------ inclusions


def test_executed_inclusion_is_present() -> None:
    told = Done(bureau_id="B1", notice_sent_on=date(2026, 9, 14), published_on=date(2026, 9, 30))
    change = answered(INCLUDING_CALL, told, AT)

    assert change.negativation == replace(
        INCLUDING_CALL,
        observed=Observed.PRESENT,
        observed_since=THEN,
        unanswered_inclusions=None,
        known_at=THEN,
        bureau_id="B1",
        notice_sent_on=date(2026, 9, 14),
        published_on=date(2026, 9, 30),
        published_is_estimated=False,
        transmission=Transmission(Action.NOTHING, THEN, fence=1),
    )
    assert change.events == (event(EventKind.INCLUDED),)


@pytest.mark.parametrize(
    ("told", "published_on"),
    [(Done(), date(2026, 9, 25)), (Done(notice_sent_on=date(2026, 9, 10)), date(2026, 9, 20))],
)
def test_publication_is_estimated_from_the_notice_term_and_marked(told: Done, published_on: date) -> None:
    after = answered(INCLUDING_CALL, told, AT).negativation

    assert after.published_on == published_on
    assert after.published_is_estimated
    assert after.notice_sent_on == told.notice_sent_on


def test_reported_publication_date_replaces_the_estimate_and_is_kept() -> None:
    estimated = answered(INCLUDING_CALL, Accepted(), AT).negativation
    polled = claim(estimated, SPC, now=SOON, worker="w").negativation
    shown = looked_up(
        replace(polled, published_on=date(2026, 9, 25), published_is_estimated=True),
        RecordFound(RecordState.PRESENT, published_on=date(2026, 10, 1)),
        AT,
    ).negativation

    assert (shown.published_on, shown.published_is_estimated) == (date(2026, 10, 1), False)
    kept = looked_up(
        replace(polled, published_on=date(2026, 9, 25), published_is_estimated=True, notice_sent_on=TODAY),
        RecordFound(RecordState.PRESENT),
        AT,
    ).negativation
    assert (kept.published_on, kept.published_is_estimated, kept.notice_sent_on) == (date(2026, 9, 25), True, TODAY)


def test_accepted_inclusion_is_polled() -> None:
    change = answered(INCLUDING_CALL, Accepted("B1"), AT)

    assert change.negativation == replace(
        INCLUDING_CALL,
        observed=Observed.INCLUDING,
        observed_since=THEN,
        unanswered_inclusions=None,
        known_at=THEN,
        bureau_id="B1",
        transmission=Transmission(Action.POLL, SOON, fence=1),
    )
    assert change.events == (event(EventKind.INCLUSION_ACCEPTED),)


def test_rejected_inclusion_is_closed_with_the_bureaus_words() -> None:
    change = answered(INCLUDING_CALL, Rejected("17", "dados divergentes"), AT)

    assert change.negativation == replace(
        INCLUDING_CALL,
        observed=Observed.REJECTED,
        observed_since=THEN,
        unanswered_inclusions=None,
        rejection="17: dados divergentes",
        transmission=Transmission(Action.CLOSE, THEN, fence=1),
    )
    assert change.events == (event(EventKind.REJECTED, "dados divergentes", code="17"),)


def test_inclusion_that_was_not_executed_is_tried_again() -> None:
    change = answered(INCLUDING_CALL, BUSY, AT)

    assert change.negativation == replace(
        INCLUDING_CALL,
        observed=Observed.ABSENT,
        observed_since=THEN,
        unanswered_inclusions=None,
        transmission=Transmission(Action.INCLUDE, SOON, attempts=1, fence=1, last_error="biro_indisponivel"),
    )
    assert change.events == (event(EventKind.NOT_EXECUTED, BUSY.message, code="biro_indisponivel"),)


def test_consecutive_failures_wait_longer_and_retry_after_is_obeyed() -> None:
    third = replace(INCLUDING_CALL, transmission=replace(INCLUDING_CALL.transmission, attempts=2))
    asked = THEN + timedelta(minutes=3)

    assert answered(third, BUSY, AT).negativation.transmission.due_at == THEN + timedelta(seconds=2)
    assert answered(third, BUSY, AT).negativation.transmission.attempts == 3
    assert answered(third, replace(BUSY, retry_at=asked), AT).negativation.transmission.due_at == asked


def test_failure_that_needs_a_person_blocks() -> None:
    work = answered(INCLUDING_CALL, BROKE, AT).negativation.transmission

    assert work.block == Block("sem_credito", BROKE.message, THEN)
    assert work.is_open
    assert answered(INCLUDING_CALL, BUSY, AT).negativation.transmission.block is None


def test_inclusion_not_executed_and_no_longer_wanted_is_cancelled_without_a_block() -> None:
    unwanted = request_removal(INCLUDING_CALL, BY_PERSON, SPC, THEN).negativation
    after = answered(unwanted, BROKE, AT).negativation

    assert after.is_closed
    assert after.transmission.block is None
    assert after.transmission.action is Action.CLOSE


def test_lost_answer_leaves_the_doubt_and_is_looked_up_soon() -> None:
    change = answered(INCLUDING_CALL, LOST, AT)

    assert change.negativation == free(
        INCLUDING_CALL, action=Action.LOOK_UP, due_at=SOON, attempts=1, last_error="resultado_desconhecido"
    )
    assert change.events == (event(EventKind.IN_DOUBT, code="resultado_desconhecido"),)


@pytest.mark.parametrize("answer", [Rejected("17", "dados divergentes"), BUSY])
def test_refusal_is_not_final_while_another_inclusion_is_unanswered(answer: Answer) -> None:
    two = replace(INCLUDING_CALL, unanswered_inclusions=Unanswered(2, NOW, QUIET_UNTIL), inclusion_claims=2)
    after = answered(two, answer, AT).negativation

    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.unanswered_inclusions == Unanswered(1, NOW, QUIET_UNTIL)
    assert after.transmission.action is Action.LOOK_UP
    assert after.rejection == ""


# ------------------------------------------------------------------------------------------------ removals


@pytest.mark.parametrize("how", list(ExecutionResult))
def test_executed_removal_ends_the_record(how: ExecutionResult) -> None:
    change = answered(REMOVING_CALL, Done(how), AT)

    assert change.negativation == replace(
        REMOVING_CALL,
        observed=Observed.GONE,
        observed_since=THEN,
        unanswered_removals=None,
        transmission=Transmission(Action.CLOSE, THEN, fence=1),
    )
    assert change.events == (event(EventKind.REMOVED, "removida"),)


def test_accepted_removal_is_polled() -> None:
    change = answered(REMOVING_CALL, Accepted("B1"), AT)

    assert change.negativation.observed is Observed.REMOVING
    assert change.negativation.observed_since == THEN
    assert change.negativation.transmission == Transmission(Action.POLL, SOON, DEADLINE, fence=1)
    assert change.events == (event(EventKind.REMOVAL_ACCEPTED),)


@pytest.mark.parametrize(("message", "said"), [("dados divergentes", "dados divergentes"), ("", "17")])
def test_refused_removal_returns_to_present_and_needs_a_person(message: str, said: str) -> None:
    change = answered(REMOVING_CALL, Rejected("17", message), AT)
    words = f"O birô recusou a remoção: {said}. Corrija e tente de novo; o prazo legal continua correndo."

    assert change.negativation == replace(
        REMOVING_CALL,
        observed=Observed.PRESENT,
        observed_since=THEN,
        unanswered_removals=None,
        transmission=Transmission(
            Action.REMOVE,
            THEN,
            DEADLINE,
            fence=1,
            block=Block("remocao_recusada", words, THEN),
            last_error="remocao_recusada",
        ),
    )
    assert change.events == (
        event(EventKind.REMOVAL_REFUSED, message, code="17"),
        event(EventKind.NEEDS_PERSON, words, code="remocao_recusada"),
    )
    assert_tells_what_to_do(words)


def test_removal_refused_as_still_processing_waits_for_the_inclusion() -> None:
    change = answered(REMOVING_CALL, replace(BUSY, still_processing=True), AT)

    assert change.negativation.observed is Observed.INCLUDING
    assert change.negativation.unanswered_removals is None
    assert change.negativation.transmission == Transmission(Action.POLL, SOON, DEADLINE, fence=1)
    assert change.events == (event(EventKind.STILL_PROCESSING),)


def test_removal_that_was_not_executed_is_tried_again() -> None:
    change = answered(REMOVING_CALL, BUSY, AT)

    assert change.negativation.observed is Observed.PRESENT
    assert change.negativation.unanswered_removals is None
    assert change.negativation.transmission == Transmission(
        Action.REMOVE, SOON, DEADLINE, attempts=1, fence=1, last_error="biro_indisponivel"
    )
    two = replace(REMOVING_CALL, unanswered_removals=Unanswered(2, NOW, QUIET_UNTIL))
    assert answered(two, BUSY, AT).negativation.observed is Observed.IN_DOUBT_REMOVE
    assert answered(two, BUSY, AT).negativation.unanswered_removals == Unanswered(1, NOW, QUIET_UNTIL)


def test_lost_removal_is_looked_up() -> None:
    change = answered(REMOVING_CALL, LOST, AT)

    assert change.negativation == free(
        REMOVING_CALL, action=Action.LOOK_UP, due_at=SOON, attempts=1, last_error="resultado_desconhecido"
    )
    assert change.events == (event(EventKind.IN_DOUBT, code="resultado_desconhecido"),)


def test_answer_in_time_needs_a_claim() -> None:
    with pytest.raises(ValueError, match=r"^an answer in time needs a claim$"):
        answered(PRESENT, Done(), AT)
    with pytest.raises(ValueError, match=r"^a look-up's answer in time needs a claim$"):
        looked_up(PRESENT, RecordNotFound(), AT)


# ------------------------------------------------------------------------------------------------ look-ups


def looking(negativation: Negativation, asked_at: object = THEN) -> Negativation:
    """Held by a worker for a look-up, asked at an instant."""
    due = replace(negativation, transmission=replace(negativation.transmission, due_at=NOW))
    assert asked_at is THEN or asked_at is AFTER
    return claim(due, SPC, now=THEN if asked_at is THEN else AFTER, worker="w").negativation


AFTER = QUIET_UNTIL
LATE = AnswerContext(AFTER + timedelta(seconds=2), TODAY, SPC, jitter=0.5)
DOUBTFUL = answered(INCLUDING_CALL, LOST, AT).negativation
ACCEPTED = answered(INCLUDING_CALL, Accepted("B1"), AT).negativation
UNWANTED = request_removal(DOUBTFUL, BY_PERSON, SPC, THEN).negativation
REMOVAL_LOST = answered(REMOVING_CALL, LOST, AT).negativation
REMOVAL_ACCEPTED = answered(REMOVING_CALL, Accepted(), AT).negativation


def seen(negativation: Negativation, state: RecordState, message: str = "", moment: AnswerContext = LATE) -> Change:
    return looked_up(looking(negativation, AFTER), RecordFound(state, "B2", message), moment)


def test_not_found_counts_only_after_the_quiet_period() -> None:
    early = looked_up(looking(DOUBTFUL), RecordNotFound(), AT)
    late = looked_up(looking(DOUBTFUL, AFTER), RecordNotFound(), LATE)

    assert early.negativation.observed is Observed.IN_DOUBT_INCLUDE
    assert early.negativation.unanswered_inclusions == Unanswered(1, NOW, QUIET_UNTIL)
    assert early.negativation.transmission.action is Action.LOOK_UP
    assert early.negativation.transmission.attempts == 2
    assert early.negativation.transmission.due_at == THEN + timedelta(seconds=1)
    assert early.events == (event(EventKind.NOT_FOUND),)
    assert late.negativation.observed is Observed.ABSENT
    assert late.negativation.unanswered_inclusions is None
    assert late.negativation.transmission.action is Action.INCLUDE
    assert late.negativation.transmission.due_at == LATE.now
    assert late.events == (Event(EventKind.NOT_FOUND, "n1", LATE.now, None, "o birô não tem o registro"),)


def test_record_not_found_and_never_acknowledged_is_cancelled_if_unwanted() -> None:
    late = looked_up(looking(UNWANTED, AFTER), RecordNotFound(), LATE)

    assert late.negativation.is_closed
    assert late.negativation.observed is Observed.ABSENT
    assert late.events == (Event(EventKind.CANCELLED, "n1", LATE.now, None, "o birô não tem o registro"),)


def test_not_found_after_removal_is_final() -> None:
    for sighting in (RecordNotFound(), RecordFound(RecordState.GONE)):
        gone = looked_up(looking(REMOVAL_LOST, AFTER), sighting, LATE)
        assert gone.negativation.observed is Observed.GONE
        assert gone.negativation.unanswered_removals is None
        assert gone.events == (Event(EventKind.REMOVED, "n1", LATE.now, None, "removida"),)


def test_wanted_record_that_vanished_needs_a_person() -> None:
    accepted = replace(ACCEPTED, observed_since=NOW)
    early = looked_up(looking(accepted), RecordNotFound(), AT)
    late = looked_up(looking(accepted, AFTER), RecordNotFound(), LATE)
    words = "O birô aceitou a inclusão e agora não encontra o registro. Confira no portal do birô e diga se ele existe."

    assert early.negativation.observed is Observed.INCLUDING
    assert early.events == (event(EventKind.NOT_FOUND),)
    assert late.negativation.observed is Observed.INCLUDING
    assert late.negativation.transmission.block == Block("registro_sumiu", words, LATE.now)
    assert late.negativation.transmission.last_error == "registro_sumiu"
    assert late.events == (Event(EventKind.NEEDS_PERSON, "n1", LATE.now, None, words, {"code": "registro_sumiu"}),)
    assert_tells_what_to_do(words)


@pytest.mark.parametrize("before", [DOUBTFUL, ACCEPTED, UNWANTED])
def test_found_record_is_present(before: Negativation) -> None:
    change = seen(before, RecordState.PRESENT)
    after = change.negativation

    assert (after.observed, after.observed_since) == (Observed.PRESENT, LATE.now)
    assert after.known_at == (before.known_at or LATE.now)
    assert after.bureau_id == "B2"
    assert after.unanswered_inclusions is None
    assert after.transmission.action is (Action.NOTHING if before.desired is Desired.INCLUDED else Action.REMOVE)
    assert [each.kind for each in change.events] == [EventKind.INCLUDED]


def test_record_still_processed_is_polled_again() -> None:
    once = seen(ACCEPTED, RecordState.INCLUDING)
    work = once.negativation.transmission

    assert once.negativation.observed is Observed.INCLUDING
    assert once.negativation.observed_since == ACCEPTED.observed_since
    assert (work.action, work.attempts, work.last_error) == (Action.POLL, 1, "")
    assert work.due_at == LATE.now + timedelta(seconds=0.5)
    assert [each.kind for each in once.events] == [EventKind.STILL_PROCESSING]


def test_record_found_rejected_is_closed() -> None:
    change = seen(ACCEPTED, RecordState.REJECTED, "dados divergentes")

    assert change.negativation.observed is Observed.REJECTED
    assert change.negativation.rejection == "dados divergentes"
    assert change.negativation.is_closed
    assert change.events == (Event(EventKind.REJECTED, "n1", LATE.now, None, "dados divergentes"),)


def test_record_found_removing_is_polled_again() -> None:
    change = seen(REMOVAL_ACCEPTED, RecordState.REMOVING)
    work = change.negativation.transmission

    assert change.negativation.observed is Observed.REMOVING
    assert change.negativation.triggers == (BY_PERSON,)
    assert (work.action, work.attempts, work.deadline) == (Action.POLL, 1, DEADLINE)
    assert work.due_at == LATE.now + timedelta(seconds=0.5)


def test_record_with_refused_removal_returns_to_present_blocked() -> None:
    after = seen(REMOVAL_ACCEPTED, RecordState.REMOVAL_REFUSED, "prazo").negativation

    assert after.observed is Observed.PRESENT
    assert after.transmission.block is not None
    assert after.transmission.block.code == "remocao_recusada"


@pytest.mark.parametrize("state", [RecordState.PRESENT, RecordState.INCLUDING])
def test_record_found_within_the_quiet_period_of_its_removal_is_looked_up_again(state: RecordState) -> None:
    early = looked_up(looking(REMOVAL_LOST), RecordFound(state), AT).negativation
    late = seen(REMOVAL_LOST, state).negativation

    assert early.observed is Observed.IN_DOUBT_REMOVE
    assert early.transmission.action is Action.LOOK_UP
    assert late.observed is (Observed.PRESENT if state is RecordState.PRESENT else Observed.INCLUDING)
    assert late.unanswered_removals is None


def test_wanted_record_found_gone_was_removed_by_the_bureau() -> None:
    change = seen(ACCEPTED, RecordState.GONE)

    assert change.negativation.triggers == (
        RemovalTrigger(RemovalCause.BUREAU, LATE.now, TODAY, note="removida pelo birô"),
    )
    assert change.negativation.observed is Observed.GONE
    assert change.events == (Event(EventKind.REMOVED, "n1", LATE.now, None, "removida pelo birô"),)


@pytest.mark.parametrize(
    ("failure", "blocked", "due_at"),
    [
        (BUSY, False, THEN + timedelta(seconds=1)),
        (LOST, False, THEN + timedelta(seconds=1)),
        (BROKE, True, THEN + timedelta(seconds=1)),
        (replace(BUSY, retry_at=THEN + timedelta(minutes=1)), False, THEN + timedelta(minutes=1)),
    ],
)
def test_failed_lookup_changes_only_the_next_attempt(
    failure: NotExecuted | Unknown, blocked: bool, due_at: object
) -> None:
    change = lookup_failed(looking(DOUBTFUL), failure, AT)
    work = change.negativation.transmission

    assert replace(change.negativation, transmission=DOUBTFUL.transmission) == DOUBTFUL
    assert (work.claim, work.action, work.attempts, work.last_error) == (None, Action.LOOK_UP, 2, failure.code)
    assert (work.block is not None) is blocked
    assert work.due_at == due_at
    assert change.events == (event(EventKind.NOT_EXECUTED, failure.message, code=failure.code),)


# ------------------------------------------------------------------------------------------------ too late


def test_late_already_removed_is_only_kept_as_evidence() -> None:
    gone = answered(REMOVING_CALL, Done(), AT).negativation
    change = answered_late(gone, Action.REMOVE, Done(ExecutionResult.ALREADY_IN_EFFECT), AT)

    assert change.negativation == gone
    assert change.events == (
        event(EventKind.LATE_ANSWER, "resposta atrasada a remove", answer="Done", action="remove"),
    )


@pytest.mark.parametrize("answer", [BUSY, LOST, RecordNotFound()])
def test_late_answer_without_news_is_only_kept_as_evidence(answer: Answer | RecordNotFound) -> None:
    for before in (ONE, DOUBTFUL, PRESENT):
        change = answered_late(before, Action.INCLUDE, answer, AT)
        assert change.negativation == before
        assert [each.kind for each in change.events] == [EventKind.LATE_ANSWER]


def test_late_inclusion_of_a_closed_record_is_looked_up_at_once_and_removed() -> None:
    cancelled = request_removal(ONE, BY_PERSON, SPC, NOW).negativation
    change = answered_late(cancelled, Action.INCLUDE, Done(bureau_id="B9"), AT)
    after = change.negativation

    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.bureau_id == "B9"
    assert after.desired is Desired.REMOVED
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.due_at == THEN
    assert after.unanswered_inclusions == Unanswered(1, THEN, THEN + SPC.quiet_period)
    assert after.triggers[-1] == RemovalTrigger(
        RemovalCause.LATE_ANSWER, THEN, TODAY, note="apareceu no birô depois de encerrada"
    )
