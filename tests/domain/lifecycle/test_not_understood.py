"""Answers that the bureau gave and the gateway could not read: an inclusion is not sent again, a removal goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain import transmissions
from credit_protection.domain.bureau_answers import (
    Accepted,
    NotUnderstood,
    RecordFound,
    RecordNotFound,
    RecordState,
    Rejected,
    Unknown,
    answer_from_error,
)
from credit_protection.domain.errors import BureauError, Conflict, InvalidReport, OutcomeUnknown, ProtocolError
from credit_protection.domain.events import EventKind
from credit_protection.domain.observations import answered, answered_late, looked_up, lookup_failed
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.statuses import NOT_UNDERSTOOD, Status, question, status
from tests.domain.lifecycle.answer_fixtures import (
    CALLBACK,
    LOOKED_UP,
    NATURAL,
    QUIET,
    REPEATABLE,
    including,
    looking,
    now,
    removing,
    t,
)
from tests.domain.lifecycle.bureau import GARBLED, LOST, STILL_PROCESSING, UNAVAILABLE
from tests.domain.lifecycle.table import UNWANTED, WANTED
from tests.domain.lifecycle.transitions import claimed, deleted, in_state, leased

if TYPE_CHECKING:
    from credit_protection.domain.bureau_answers import Answer
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ProtocolError("?", transcript="<html>"), NotUnderstood),
        (ProtocolError("?", http_status=404), NotUnderstood),
        (InvalidReport("?", http_status=200), NotUnderstood),
        (OutcomeUnknown("?", http_status=302), NotUnderstood),
        (OutcomeUnknown("?"), Unknown),
        (OutcomeUnknown("?", http_status=408), Unknown),
        (OutcomeUnknown("?", http_status=503), Unknown),
        (ProtocolError("?", http_status=500), Unknown),
        (BureauError("?"), Unknown),
    ],
)
def test_answer_with_a_status_line_that_is_not_understood_is_no_lost_one(error: BureauError, kind: type) -> None:
    answer = answer_from_error(error)
    assert type(answer) is kind
    assert isinstance(answer, NotUnderstood | Unknown)
    assert answer.transcript == error.context.get("transcript", "")


def garbled_inclusion(gateway: Capabilities) -> Negativation:
    return answered(including(gateway), GARBLED, now(gateway)).negativation


def test_inclusion_is_looked_up_and_found_as_ever() -> None:
    doubted = garbled_inclusion(LOOKED_UP)
    assert (doubted.observed, doubted.transmission.action) == (Observed.IN_DOUBT_INCLUDE, Action.LOOK_UP)
    search = leased(doubted, LOOKED_UP, Action.LOOK_UP, 2)
    assert looked_up(search, RecordFound(RecordState.PRESENT), now(LOOKED_UP, 2)).negativation.observed is (
        Observed.PRESENT
    )


def not_found(each: Negativation, minutes: float = 6) -> Negativation:
    search = leased(each, LOOKED_UP, Action.LOOK_UP, minutes)
    return looked_up(search, RecordNotFound(), now(LOOKED_UP, minutes)).negativation


def test_inclusion_not_found_after_the_quiet_period_waits_for_a_person_who_may_send_it_again() -> None:
    early = not_found(garbled_inclusion(LOOKED_UP), 5)
    assert early.transmission.action is Action.LOOK_UP
    asked = not_found(early)
    assert asked.transmission.action is Action.ASK_PERSON
    assert status(asked, t(6).date()) is Status.NEEDS_PERSON
    assert "não será enviada de novo sem você" in (question(asked) or "")
    again = transmissions.resume(asked, "u-1", t(7)).negativation
    assert (again.transmission.action, again.transmission.due_at) == (Action.INCLUDE, t(7))
    with pytest.raises(Conflict):
        transmissions.resume(again, "u-1", t(7))
    assert not_found(
        answered(claimed(again, LOOKED_UP), LOST, now(LOOKED_UP, 8)).negativation, 20
    ).transmission.action is (Action.INCLUDE)


def test_person_is_asked_at_once_where_nothing_can_be_looked_up() -> None:
    for gateway in (REPEATABLE, NATURAL, CALLBACK):
        change = answered(including(gateway), GARBLED, now(gateway))
        assert change.negativation.transmission.action is Action.ASK_PERSON
        assert status(change.negativation, t(1).date()) is Status.NEEDS_PERSON
    assert [event.detail for event in answered(including(REPEATABLE), GARBLED, now(REPEATABLE)).events][1:] == [
        {"code": "inclusao_nao_entendida", "transcript": "<html>"}
    ]


def test_deletion_of_an_inclusion_that_was_not_understood_and_is_not_there_closes_it() -> None:
    asked = not_found(garbled_inclusion(LOOKED_UP))
    assert deleted(asked, LOOKED_UP).is_closed


@pytest.mark.parametrize("observed", [Observed.ABSENT, Observed.IN_DOUBT_INCLUDE])
@pytest.mark.parametrize("gateway", [LOOKED_UP, REPEATABLE], ids=["look-up", "none"])
def test_late_answer_that_is_not_understood_stops_a_second_inclusion(observed: Observed, gateway: Capabilities) -> None:
    change = answered_late(in_state((observed, WANTED), gateway), Action.INCLUDE, GARBLED, now(gateway))
    wanted = Action.LOOK_UP if gateway.find else Action.ASK_PERSON
    assert (change.negativation.observed, change.negativation.transmission.action) == (
        Observed.IN_DOUBT_INCLUDE,
        wanted,
    )
    assert change.events[0].detail["transcript"] == "<html>"
    assert [event.kind for event in change.events[1:]] == ([] if gateway.find else [EventKind.NEEDS_PERSON])


@given(st.lists(st.sampled_from((GARBLED, LOST, UNAVAILABLE)), max_size=8))
def test_removal_is_attempted_for_ever_and_a_person_is_asked_after_three_such_answers(answers: list[Answer]) -> None:
    """Of a gateway without look-up, which repeats removals; lost answers and calls without effect never count."""
    each, asked = in_state((Observed.PRESENT, UNWANTED), NATURAL), 0
    for place, answer in enumerate(answers, 1):
        at = each.transmission.due_at
        claim = transmissions.claim(each, NATURAL, now=at, worker="w", reason=RemovalReason.PAYMENT)
        change = answered(claim.negativation, answer, replace(now(NATURAL), now=at))
        each = change.negativation
        count = answers[:place].count(GARBLED)
        asked += sum(event.cause == NOT_UNDERSTOOD for event in change.events)
        assert each.transmission.action is Action.REMOVE
        assert each.transmission.block is None
        assert (status(each, at.date()) is Status.NEEDS_PERSON, asked) == (count >= 3, int(count >= 3))
        if answer is GARBLED and count >= 3:
            assert each.transmission.due_at == at + HOUR
        else:
            assert each.transmission.due_at <= at + timedelta(minutes=15)


def test_looked_up_removal_is_sent_once_an_hour_after_three_answers() -> None:
    each = replace(removing(LOOKED_UP), not_understood=2)
    doubted = answered(each, GARBLED, now(LOOKED_UP)).negativation
    assert doubted.transmission.action is Action.LOOK_UP  # soon: the removal may have worked
    assert doubted.transmission.due_at < t(5)
    search = leased(doubted, LOOKED_UP, Action.LOOK_UP, 10)
    shown = looked_up(search, RecordFound(RecordState.PRESENT), now(LOOKED_UP, 10)).negativation
    assert (shown.transmission.action, shown.transmission.due_at) == (Action.REMOVE, t(0) + HOUR)
    assert question(shown) == NOT_UNDERSTOOD


@pytest.mark.parametrize("answer", [Accepted(), Rejected("17", "x"), STILL_PROCESSING])
def test_answer_to_a_removal_that_is_understood_starts_the_count_again(answer: Answer) -> None:
    each = replace(removing(LOOKED_UP), not_understood=2)
    assert answered(each, answer, now(LOOKED_UP)).negativation.not_understood == 0
    assert answered(each, LOST, now(LOOKED_UP)).negativation.not_understood == 2


def test_person_who_resumes_has_it_sent_at_once() -> None:
    each = replace(in_state((Observed.PRESENT, UNWANTED), LOOKED_UP), not_understood=5)
    each = replace(each, transmission=replace(each.transmission, due_at=t(50)))
    resumed = transmissions.resume(each, "u-1", t(3)).negativation
    assert (resumed.not_understood, resumed.transmission.due_at) == (0, t(3))


def test_lookups_that_are_never_understood_ask_a_person_and_go_on() -> None:
    each = looking(Observed.REMOVING, LOOKED_UP)
    for count in (1, 2, 3, 4):
        change = lookup_failed(each, GARBLED, now(LOOKED_UP))
        assert [event.kind for event in change.events][1:] == ([EventKind.NEEDS_PERSON] if count == 3 else [])
        assert change.negativation.transmission.block is None
        each = leased(change.negativation, LOOKED_UP, Action.POLL, QUIET / timedelta(minutes=1))
    assert status(each, t(1).date()) is Status.NEEDS_PERSON
    seen = looked_up(each, RecordFound(RecordState.REMOVING), now(LOOKED_UP)).negativation
    assert (seen.not_understood, status(seen, t(1).date())) == (0, Status.REMOVAL_SENT)


def test_late_answer_to_a_removal_changes_nothing() -> None:
    before = in_state((Observed.PRESENT, UNWANTED), LOOKED_UP)
    assert answered_late(before, Action.REMOVE, GARBLED, now(LOOKED_UP)).negativation == before
