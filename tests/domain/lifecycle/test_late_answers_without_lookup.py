"""The negativation after each late answer where the gateway has no look-up, compared field by field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Unanswered
from credit_protection.domain.observations import answered, answered_late
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.answer_fixtures import (
    BUREAU,
    CALLBACK,
    INSISTENT,
    LATE,
    NATURAL,
    QUIET,
    REPEATABLE,
    event,
    evidence,
    late,
    now,
    several,
    t,
)
from tests.domain.lifecycle.bureau import LOST
from tests.domain.lifecycle.table import UNWANTED, WANTED
from tests.domain.lifecycle.transitions import (
    CREATED_AT,
    REFUSED,
    claimed,
    in_state,
)


def test_late_inclusion_is_trusted_without_lookup() -> None:
    before, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Done(), CALLBACK)
    assert (after.observed, after.known_at, after.unanswered_inclusions) == (Observed.PRESENT, t(1), None)
    assert after.transmission.action is Action.REMOVE
    assert events == (evidence(Action.INCLUDE, Done()), event(EventKind.INCLUDED))
    assert after.triggers == before.triggers


def test_late_receipt_is_trusted_without_lookup() -> None:
    _, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Accepted("id-9"), CALLBACK)
    assert (after.observed, after.bureau_id) == (Observed.INCLUDING, "id-9")
    assert after.transmission.action is Action.AWAIT_CALLBACK
    assert events[1] == event(EventKind.INCLUSION_ACCEPTED)


def test_late_refusal_is_trusted_without_lookup() -> None:
    _, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, REFUSED, CALLBACK)
    assert (after.observed, after.rejection) == (Observed.REJECTED, "E10: Dados inválidos.")
    assert [each.kind for each in events] == [EventKind.LATE_ANSWER, EventKind.REJECTED]


@pytest.mark.parametrize(
    ("answer", "observed"), [(Done(), Observed.PRESENT), (REFUSED, Observed.REJECTED), (Accepted(), Observed.INCLUDING)]
)
def test_callback_reports_outcome_of_accepted_inclusion(answer: object, observed: Observed) -> None:
    _, after, _ = late(Observed.INCLUDING, Action.INCLUDE, answer, CALLBACK)
    assert after.observed is observed


@pytest.mark.parametrize(
    ("answer", "observed", "count"),
    [(Done(), Observed.PRESENT, 1), (REFUSED, Observed.IN_DOUBT_INCLUDE, 1)],
)
def test_callback_does_not_count_for_the_other_inclusion(answer: object, observed: Observed, count: int) -> None:
    before = several(in_state((Observed.INCLUDING, WANTED), REPEATABLE))
    after = answered_late(before, Action.INCLUDE, answer, now(REPEATABLE)).negativation  # type: ignore[arg-type]
    assert after.observed is observed
    assert after.unanswered_inclusions == Unanswered(count, CREATED_AT, CREATED_AT + QUIET)


def test_refusal_by_callback_leaves_doubt_while_another_inclusion_may_take_effect() -> None:
    before = several(in_state((Observed.INCLUDING, WANTED), REPEATABLE))
    change = answered_late(before, Action.INCLUDE, REFUSED, now(REPEATABLE))
    assert change.negativation.observed_since == t(1)
    assert change.negativation.transmission.last_error == "E10"
    assert change.events[1] == event(EventKind.IN_DOUBT, code="E10")


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
@pytest.mark.parametrize("answer", [Done(), Accepted()])
def test_late_inclusion_does_not_undo_known_removal(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.INCLUDE, answer, CALLBACK)
    assert after == before


def test_late_inclusion_from_before_removal_sets_known_at() -> None:
    before = replace(in_state((Observed.IN_DOUBT_REMOVE, UNWANTED), CALLBACK), known_at=None)
    after = answered_late(before, Action.INCLUDE, Done(), now(CALLBACK)).negativation
    assert after == replace(before, known_at=t(1))


def test_late_inclusion_of_removed_record_changes_nothing() -> None:
    before, after, _ = late(Observed.GONE, Action.INCLUDE, Done(), CALLBACK)
    assert after == before
    by_bureau = replace(before, removal_claims=0, triggers=(BUREAU,))
    assert answered_late(by_bureau, Action.INCLUDE, Done(), now(CALLBACK)).negativation == by_bureau


def test_late_inclusion_after_attested_absence_is_trusted() -> None:
    attested = replace(in_state((Observed.GONE, UNWANTED), CALLBACK), removal_claims=0)
    after = answered_late(attested, Action.INCLUDE, Done(), now(CALLBACK)).negativation
    assert (after.observed, after.transmission.action) == (Observed.PRESENT, Action.REMOVE)
    assert after.triggers[-1] == LATE


@pytest.mark.parametrize("change", [{"known_at": None}, {"inclusion_claims": 2}])
def test_late_inclusion_that_may_be_another_one_is_trusted(change: dict[str, object]) -> None:
    closed = replace(in_state((Observed.GONE, UNWANTED), REPEATABLE), **change)  # type: ignore[arg-type]
    after = answered_late(closed, Action.INCLUDE, Done(), now(REPEATABLE)).negativation
    assert after.observed is Observed.PRESENT


def test_second_inclusion_after_one_not_executed_is_the_only_one() -> None:
    closed = replace(in_state((Observed.GONE, UNWANTED), CALLBACK), inclusion_claims=2)
    assert answered_late(closed, Action.INCLUDE, Done(), now(CALLBACK)).negativation == closed


def test_receipt_for_closed_record_puts_it_in_doubt() -> None:
    attested = replace(in_state((Observed.GONE, UNWANTED), CALLBACK), removal_claims=0)
    change = answered_late(attested, Action.INCLUDE, Accepted(), now(CALLBACK))
    after = change.negativation
    assert (after.observed, after.transmission.action) == (Observed.IN_DOUBT_REMOVE, Action.ASK_PERSON)
    assert after.unanswered_inclusions is None
    assert change.events == (evidence(Action.INCLUDE, Accepted()),)
    cancelled = answered_late(
        in_state((Observed.ABSENT, UNWANTED), CALLBACK), Action.INCLUDE, Accepted(), now(CALLBACK)
    )
    assert cancelled.negativation.observed is Observed.IN_DOUBT_INCLUDE
    assert cancelled.negativation.unanswered_inclusions == Unanswered(1, t(1), t(1) + QUIET)


def test_receipt_after_refusal_changes_nothing() -> None:
    before, after, _ = late(Observed.REJECTED, Action.INCLUDE, Accepted(), CALLBACK)
    assert replace(after, known_at=None) == before


def test_inclusion_after_refusal_is_trusted() -> None:
    _, after, _ = late(Observed.REJECTED, Action.INCLUDE, Done(), CALLBACK)
    assert after.observed is Observed.PRESENT
    several_sent = replace(in_state((Observed.REJECTED, WANTED), REPEATABLE), inclusion_claims=2)
    receipt = answered_late(several_sent, Action.INCLUDE, Accepted(), now(REPEATABLE)).negativation
    assert receipt.observed is Observed.IN_DOUBT_INCLUDE


@pytest.mark.parametrize("observed", [Observed.PRESENT, Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_late_removal_is_trusted_without_lookup(observed: Observed) -> None:
    _, after, events = late(observed, Action.REMOVE, Done(), CALLBACK)
    assert (after.observed, after.unanswered_removals) == (Observed.GONE, None)
    assert events == (evidence(Action.REMOVE, Done()), event(EventKind.REMOVED, 1, "removida"))


def test_callback_that_refuses_removal_needs_a_person() -> None:
    for observed in (Observed.IN_DOUBT_REMOVE, Observed.REMOVING):
        _, after, _ = late(observed, Action.REMOVE, REFUSED, CALLBACK)
        assert after.observed is Observed.PRESENT
        assert after.transmission.block is not None


def test_late_removal_receipt_is_trusted_where_only_one_was_sent() -> None:
    _, after, _ = late(Observed.IN_DOUBT_REMOVE, Action.REMOVE, Accepted(), CALLBACK)
    assert (after.observed, after.transmission.action) == (Observed.REMOVING, Action.AWAIT_CALLBACK)
    before, same, _ = late(Observed.IN_DOUBT_REMOVE, Action.REMOVE, Accepted(), INSISTENT)
    assert same is before


@pytest.mark.parametrize(
    ("observed", "answer"),
    [
        (Observed.REMOVING, Accepted()),
        (Observed.PRESENT, Accepted()),
        (Observed.PRESENT, REFUSED),
        (Observed.INCLUDING, Accepted()),
        (Observed.INCLUDING, REFUSED),
    ],
)
def test_late_removal_answer_without_news_changes_nothing(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.REMOVE, answer, CALLBACK)
    assert after is before


def test_one_refusal_of_two_removals_leaves_doubt() -> None:
    before = claimed(in_state((Observed.IN_DOUBT_REMOVE, UNWANTED), NATURAL), NATURAL)
    change = answered_late(before, Action.REMOVE, REFUSED, now(NATURAL))
    after = change.negativation
    assert after.observed is Observed.IN_DOUBT_REMOVE
    assert after.unanswered_removals is not None
    assert after.unanswered_removals.count == 1
    assert after.transmission.claim == before.transmission.claim
    assert change.events == (evidence(Action.REMOVE, REFUSED), event(EventKind.IN_DOUBT, code="E10"))


def test_late_not_found_counts_for_the_instant_of_its_removal() -> None:
    """The removal was sent within the quiet period and its answer stored after: the answer concludes nothing."""
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL)
    sent = answered(claimed(doubtful, NATURAL, 2), LOST, now(NATURAL, 2)).negativation
    after = answered_late(sent, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 9)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.transmission.action is Action.REMOVE
    in_time = answered(claimed(after, NATURAL, 10), Done(ExecutionResult.NOT_FOUND), now(NATURAL, 10)).negativation
    assert in_time.is_closed


def test_late_removal_of_unknown_instant_counts_as_the_oldest() -> None:
    before = replace(several(in_state((Observed.PRESENT, UNWANTED), REPEATABLE)), removal_claims=1)
    after = answered_late(before, Action.REMOVE, Done(), now(REPEATABLE, 9)).negativation
    assert after.observed is Observed.IN_DOUBT_REMOVE


def test_late_removal_sent_after_quiet_period_of_other_inclusion_closes() -> None:
    sent = claimed(several(in_state((Observed.PRESENT, UNWANTED), REPEATABLE)), REPEATABLE, 5.5)
    free = answered(sent, LOST, now(REPEATABLE, 6)).negativation
    assert answered_late(free, Action.REMOVE, Done(), now(REPEATABLE, 9)).negativation.observed is Observed.GONE


def test_late_not_found_of_oldest_removal_counts_for_its_own_instant_after_another_answer() -> None:
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL)
    first = answered(claimed(doubtful, NATURAL, 2), LOST, now(NATURAL, 2)).negativation
    second = claimed(first, NATURAL, 3)
    reported = answered(second, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 3)).negativation
    third = claimed(reported, NATURAL, 8)
    assert third.unanswered_removals is not None
    assert third.unanswered_removals.since == t(2)
    unknown = answered(third, LOST, now(NATURAL, 8)).negativation
    assert not answered_late(
        unknown, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 9)
    ).negativation.is_closed


def test_accepted_removal_is_no_proof_that_the_inclusion_took_effect() -> None:
    """Its answer "accepted" says that it was received; the bureau then finds nothing, and the inclusion comes later."""
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), INSISTENT)
    accepted = answered(claimed(doubtful, INSISTENT, 1), Accepted(), now(INSISTENT, 1)).negativation
    assert accepted.observed is Observed.REMOVING
    assert (accepted.known_at, accepted.unanswered_inclusions) == (None, doubtful.unanswered_inclusions)
    not_found = Done(ExecutionResult.NOT_FOUND)
    reported = answered_late(accepted, Action.REMOVE, not_found, now(INSISTENT, 2)).negativation
    assert (reported.observed, reported.transmission.action) == (Observed.IN_DOUBT_INCLUDE, Action.REMOVE)


def test_accepted_removal_after_the_quiet_period_closes_when_nothing_is_found() -> None:
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), INSISTENT)
    accepted = answered(claimed(doubtful, INSISTENT, 6), Accepted(), now(INSISTENT, 6)).negativation
    closed = answered_late(accepted, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), now(INSISTENT, 7)).negativation
    assert (closed.is_closed, closed.observed) == (True, Observed.ABSENT)


def test_not_found_that_may_be_about_a_removal_before_the_inclusion_needs_a_person() -> None:
    doubtful = in_state((Observed.IN_DOUBT_INCLUDE, UNWANTED), INSISTENT)
    lost = answered(claimed(doubtful, INSISTENT, 1), LOST, now(INSISTENT, 1)).negativation
    again = answered(claimed(lost, INSISTENT, 6), Accepted(), now(INSISTENT, 6)).negativation
    after = answered_late(again, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), now(INSISTENT, 7)).negativation
    assert (after.is_closed, after.observed) == (False, Observed.IN_DOUBT_INCLUDE)
    assert after.transmission.block is not None
    assert after.transmission.block.code == "registro_nao_encontrado"


def test_refusals_of_one_removal_of_two_are_repeated_ever_later() -> None:
    row = claimed(in_state((Observed.IN_DOUBT_REMOVE, UNWANTED), INSISTENT), INSISTENT)
    waits = []
    for minutes in (1, 61, 121):
        accepted = answered(row, Accepted(), now(INSISTENT, minutes)).negativation
        doubted = answered_late(accepted, Action.REMOVE, REFUSED, now(INSISTENT, minutes)).negativation
        waits.append(doubted.transmission.due_at - t(minutes))
        row = claimed(doubted, INSISTENT, minutes + 60)
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]
