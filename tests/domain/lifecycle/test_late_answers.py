"""The negativation after each late answer that a look-up can verify, compared field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    RecordFound,
    RecordNotFound,
    RecordState,
)
from credit_protection.domain.negativations import Unanswered
from credit_protection.domain.observations import answered_late, looked_up
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.answer_fixtures import (
    LATE,
    LOOKED_UP,
    QUIET,
    TODAY,
    becomes,
    evidence,
    late,
    now,
    t,
)
from tests.domain.lifecycle.bureau import LOST, UNAVAILABLE
from tests.domain.lifecycle.transitions import (
    CREATED_AT,
    REFUSED,
    leased,
)

if TYPE_CHECKING:
    from credit_protection.domain.bureau_answers import Rejected


@pytest.mark.parametrize("answer", [UNAVAILABLE, LOST, RecordNotFound()])
@pytest.mark.parametrize("action", [Action.INCLUDE, Action.REMOVE, Action.LOOK_UP])
@pytest.mark.parametrize("observed", list(Observed))
def test_inconclusive_late_answer_is_stored_as_evidence_only(
    observed: Observed, action: Action, answer: object
) -> None:
    before, after, events = late(observed, action, answer, LOOKED_UP)
    assert after is before
    assert events == (evidence(action, answer),)


@pytest.mark.parametrize("answer", [Done(bureau_id="id-9"), Accepted("id-9"), RecordFound(RecordState.PRESENT, "id-9")])
def test_record_taken_for_absent_is_looked_up_before_resend(answer: Done | Accepted | RecordFound) -> None:
    action = Action.LOOK_UP if isinstance(answer, RecordFound) else Action.INCLUDE
    before, after, events = late(Observed.ABSENT, action, answer, LOOKED_UP, wanted=True)
    assert after == becomes(
        before,
        {"action": Action.LOOK_UP, "due_at": t(1)},
        observed=Observed.IN_DOUBT_INCLUDE,
        observed_since=t(1),
        unanswered_inclusions=Unanswered(1, t(1), t(1) + QUIET),
        known_at=t(1),
        bureau_id="id-9",
    )
    assert events == (evidence(action, answer),)


def test_record_acknowledged_once_is_not_resent_when_not_found() -> None:
    """The inclusion took effect, its answer came late, and the bureau removed the record: a person decides."""
    _, suspect, _ = late(Observed.ABSENT, Action.INCLUDE, Done(), LOOKED_UP, wanted=True)
    after = looked_up(leased(suspect, LOOKED_UP, Action.LOOK_UP, 7), RecordNotFound(), now(LOOKED_UP, 7)).negativation
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.block is not None
    assert after.transmission.block.code == "registro_sumiu"


def test_late_answer_extends_an_existing_doubt() -> None:
    before, after, _ = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Accepted("id-9"), LOOKED_UP)
    assert after == becomes(
        before,
        {"due_at": t(1)},
        unanswered_inclusions=Unanswered(1, CREATED_AT, t(1) + QUIET),
        known_at=t(1),
        bureau_id="id-9",
    )
    long = replace(before, unanswered_inclusions=Unanswered(1, CREATED_AT, t(99)))
    kept = answered_late(long, Action.INCLUDE, Done(), now(LOOKED_UP)).negativation
    assert kept.unanswered_inclusions == Unanswered(1, CREATED_AT, t(99))


def test_late_refusal_of_inclusion_in_doubt_is_looked_up() -> None:
    before, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, REFUSED, LOOKED_UP)
    assert after == becomes(before, {"due_at": t(1)})
    assert events == (evidence(Action.INCLUDE, REFUSED),)


@pytest.mark.parametrize("answer", [Done(), REFUSED])
def test_reported_outcome_is_polled_at_once(answer: Done | Rejected) -> None:
    before, after, _ = late(Observed.INCLUDING, Action.INCLUDE, answer, LOOKED_UP)
    assert after == becomes(before, {"due_at": t(1)})
    assert after.transmission.action is Action.POLL


@pytest.mark.parametrize(
    ("observed", "answer"),
    [
        (Observed.PRESENT, Done()),
        (Observed.PRESENT, Accepted()),
        (Observed.PRESENT, REFUSED),
        (Observed.INCLUDING, Accepted()),
        (Observed.ABSENT, REFUSED),
        (Observed.REJECTED, REFUSED),
        (Observed.GONE, REFUSED),
        (Observed.REMOVING, REFUSED),
    ],
)
def test_late_answer_to_inclusion_that_confirms_or_is_superseded_changes_nothing(
    observed: Observed, answer: object
) -> None:
    before, after, events = late(observed, Action.INCLUDE, answer, LOOKED_UP)
    assert replace(after, known_at=before.known_at) == before
    assert events == (evidence(Action.INCLUDE, answer),)


@pytest.mark.parametrize("answer", [Done(), Accepted()])
@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_late_inclusion_answer_triggers_lookup(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.INCLUDE, answer, LOOKED_UP)
    since = CREATED_AT if observed is Observed.IN_DOUBT_REMOVE else t(1)
    assert after == becomes(
        before,
        {"action": Action.LOOK_UP, "due_at": t(1)},
        observed=Observed.IN_DOUBT_REMOVE,
        observed_since=since,
    )


@pytest.mark.parametrize(
    ("observed", "wanted", "doubt"),
    [
        (Observed.ABSENT, False, Observed.IN_DOUBT_INCLUDE),
        (Observed.REJECTED, True, Observed.IN_DOUBT_INCLUDE),
        (Observed.REJECTED, False, Observed.IN_DOUBT_INCLUDE),
        (Observed.GONE, False, Observed.IN_DOUBT_REMOVE),
    ],
)
@pytest.mark.parametrize("answer", [Done(), Accepted(), RecordFound(RecordState.INCLUDING)])
def test_closed_record_that_reappears_is_reopened_for_removal(
    observed: Observed, wanted: bool, doubt: Observed, answer: Done | Accepted | RecordFound
) -> None:
    action = Action.LOOK_UP if isinstance(answer, RecordFound) else Action.INCLUDE
    before, after, events = late(observed, action, answer, LOOKED_UP, wanted=wanted)
    assert before.is_closed
    assert (after.observed, after.observed_since) == (doubt, t(1))
    assert after.triggers == (*before.triggers, LATE)
    assert (after.transmission.action, after.transmission.due_at) == (Action.LOOK_UP, t(1))
    assert after.transmission.deadline == TODAY
    assert events == (evidence(action, answer),)


@pytest.mark.parametrize("state", [RecordState.GONE, RecordState.REJECTED])
@pytest.mark.parametrize("observed", [Observed.ABSENT, Observed.REJECTED, Observed.GONE])
def test_late_lookup_that_shows_removal_reopens_nothing(observed: Observed, state: RecordState) -> None:
    before, after, _ = late(observed, Action.LOOK_UP, RecordFound(state), LOOKED_UP)
    assert before.is_closed
    assert replace(after, known_at=before.known_at, bureau_id=before.bureau_id) == before


def test_late_lookup_that_shows_removal_forbids_resend() -> None:
    _, after, _ = late(Observed.ABSENT, Action.LOOK_UP, RecordFound(RecordState.GONE), LOOKED_UP, wanted=True)
    assert (after.observed, after.known_at) == (Observed.IN_DOUBT_INCLUDE, t(1))


@pytest.mark.parametrize(
    "observed", [Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING, Observed.PRESENT, Observed.IN_DOUBT_REMOVE]
)
def test_late_lookup_changes_nothing_where_a_lookup_is_due(observed: Observed) -> None:
    before, after, _ = late(observed, Action.POLL, RecordFound(RecordState.PRESENT), LOOKED_UP)
    assert replace(after, known_at=before.known_at, bureau_id=before.bureau_id) == before


@pytest.mark.parametrize("answer", [Done(), Accepted(), REFUSED])
@pytest.mark.parametrize(
    "observed", [Observed.PRESENT, Observed.INCLUDING, Observed.IN_DOUBT_REMOVE, Observed.REMOVING]
)
def test_late_removal_answer_triggers_lookup(observed: Observed, answer: object) -> None:
    before, after, events = late(observed, Action.REMOVE, answer, LOOKED_UP)
    since = CREATED_AT if observed is Observed.IN_DOUBT_REMOVE else t(1)
    assert after == becomes(
        before,
        {"action": Action.LOOK_UP, "due_at": t(1), "attempts": before.transmission.attempts},
        observed=Observed.IN_DOUBT_REMOVE,
        observed_since=since,
    )
    assert events == (evidence(Action.REMOVE, answer),)


@pytest.mark.parametrize("answer", [Done(), Done(ExecutionResult.ALREADY_IN_EFFECT), Accepted(), REFUSED])
@pytest.mark.parametrize("observed", [Observed.ABSENT, Observed.IN_DOUBT_INCLUDE, Observed.REJECTED, Observed.GONE])
def test_late_already_removed_changes_nothing(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.REMOVE, answer, LOOKED_UP)
    assert after is before


def test_late_removal_answer_for_desired_record_changes_nothing() -> None:
    before, after, _ = late(Observed.PRESENT, Action.REMOVE, Done(), LOOKED_UP, wanted=True)
    assert after is before


def test_bureau_id_is_set_by_late_answer_and_never_replaced() -> None:
    _, after, _ = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Done(bureau_id="id-9"), LOOKED_UP)
    assert after.bureau_id == "id-9"
    _, known, _ = late(Observed.PRESENT, Action.INCLUDE, Done(bureau_id="id-9"), LOOKED_UP)
    assert known.bureau_id == "id-1"
