"""The negativation after each answer in time to an inclusion, compared field by field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    NotExecuted,
    RecordFound,
    RecordState,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Unanswered
from credit_protection.domain.observations import answered, looked_up
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.answer_fixtures import (
    BLOCKED,
    LOOKED_UP,
    QUIET,
    REPEATABLE,
    SOON,
    UNREADABLE,
    becomes,
    check_doubt,
    event,
    including,
    looking,
    now,
    several,
    t,
)
from tests.domain.lifecycle.bureau import LOST, UNAVAILABLE
from tests.domain.lifecycle.transitions import (
    CREATED_AT,
    REFUSED,
    created,
)


def test_done_inclusion_is_present_with_estimated_publication() -> None:
    before = including(LOOKED_UP)
    change = answered(before, Done(bureau_id="id-9"), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.NOTHING, "due_at": t(1)},
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_inclusions=None,
        known_at=t(1),
        bureau_id="id-9",
        published_on=date(2026, 11, 30),
        published_is_estimated=True,
    )
    assert change.events == (event(EventKind.INCLUDED),)


def test_bureau_dates_of_notice_and_publication_are_stored() -> None:
    dates = Done(notice_sent_on=date(2026, 11, 21), published_on=date(2026, 12, 11))
    after = answered(including(LOOKED_UP), dates, now(LOOKED_UP)).negativation
    assert (after.notice_sent_on, after.published_on) == (date(2026, 11, 21), date(2026, 12, 11))
    assert not after.published_is_estimated
    assert after.bureau_id is None


def test_publication_estimate_counts_from_notice() -> None:
    context = replace(now(LOOKED_UP), notice_days=20)
    after = answered(including(LOOKED_UP), Done(notice_sent_on=date(2026, 11, 23)), context).negativation
    assert (after.published_on, after.published_is_estimated) == (date(2026, 12, 13), True)


def test_publication_estimate_stays_until_bureau_reports_the_date() -> None:
    estimated = replace(
        looking(Observed.INCLUDING, LOOKED_UP, wanted=True),
        published_on=date(2026, 12, 1),
        published_is_estimated=True,
        notice_sent_on=date(2026, 11, 21),
    )
    silent = looked_up(estimated, RecordFound(RecordState.PRESENT), now(LOOKED_UP)).negativation
    assert (silent.published_on, silent.published_is_estimated) == (date(2026, 12, 1), True)
    assert silent.notice_sent_on == date(2026, 11, 21)
    reported = looked_up(
        estimated, RecordFound(RecordState.PRESENT, published_on=date(2026, 12, 5)), now(LOOKED_UP)
    ).negativation
    assert (reported.published_on, reported.published_is_estimated) == (date(2026, 12, 5), False)


def test_done_inclusion_that_is_unwanted_is_due_for_removal_at_once() -> None:
    after = answered(including(LOOKED_UP, wanted=False), Done(), now(LOOKED_UP)).negativation
    assert (after.transmission.action, after.transmission.due_at) == (Action.REMOVE, t(1))
    assert after.transmission.deadline == date(2026, 11, 24)


def test_accepted_inclusion_is_polled_soon() -> None:
    before = including(LOOKED_UP)
    change = answered(before, Accepted("id-9"), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.POLL, "due_at": t(1) + SOON},
        observed=Observed.INCLUDING,
        observed_since=t(1),
        unanswered_inclusions=None,
        known_at=t(1),
        bureau_id="id-9",
    )
    assert change.events == (event(EventKind.INCLUSION_ACCEPTED),)


def test_refused_inclusion_is_closed_with_bureau_message() -> None:
    before = including(LOOKED_UP)
    change = answered(before, REFUSED, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1)},
        observed=Observed.REJECTED,
        observed_since=t(1),
        unanswered_inclusions=None,
        rejection="E10: Dados inválidos.",
    )
    assert change.events == (event(EventKind.REJECTED, 1, "Dados inválidos.", code="E10"),)


def test_refusal_decides_nothing_while_another_inclusion_may_have_taken_effect() -> None:
    before = several(including(REPEATABLE), 2)
    change = answered(before, REFUSED, now(REPEATABLE))
    assert change.negativation == becomes(
        before,
        {"action": Action.INCLUDE, "due_at": t(1) + SOON, "attempts": 1, "last_error": "E10"},
        unanswered_inclusions=Unanswered(1, CREATED_AT, CREATED_AT + QUIET),
    )
    assert change.events == (event(EventKind.IN_DOUBT, code="E10"),)


def test_inclusion_not_executed_is_retried_later() -> None:
    before = including(LOOKED_UP)
    before = replace(before, transmission=replace(before.transmission, attempts=1))
    change = answered(before, UNAVAILABLE, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.INCLUDE, "due_at": t(1.5), "attempts": 2, "last_error": "biro_indisponivel"},
        observed=Observed.ABSENT,
        observed_since=t(1),
        unanswered_inclusions=None,
    )
    kind = EventKind.NOT_EXECUTED
    assert change.events == (event(kind, 1, "O birô está fora do ar.", code="biro_indisponivel"),)


def test_retry_time_of_throttling_bureau_is_respected() -> None:
    throttled = NotExecuted("limite_de_chamadas", "Devagar.", retry_at=t(7))
    assert answered(including(LOOKED_UP), throttled, now(LOOKED_UP)).negativation.transmission.due_at == t(7)


def test_hopeless_retry_is_blocked_for_a_person() -> None:
    hopeless = NotExecuted("sem_credito", "Sem crédito.", needs_person=True)
    after = answered(including(LOOKED_UP), hopeless, now(LOOKED_UP)).negativation
    assert after.transmission.block == BLOCKED
    assert after.transmission.action is Action.INCLUDE


def test_unwanted_inclusion_not_executed_is_cancelled() -> None:
    hopeless = NotExecuted("sem_credito", "Sem crédito.", needs_person=True)
    before = including(LOOKED_UP, wanted=False)
    change = answered(before, hopeless, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1) + SOON, "attempts": 1, "last_error": "sem_credito", "deadline": None},
        observed=Observed.ABSENT,
        observed_since=t(1),
        unanswered_inclusions=None,
    )
    assert change.events == (
        event(EventKind.NOT_EXECUTED, 1, "Sem crédito.", code="sem_credito"),
        event(EventKind.CANCELLED, 1, "cancelada antes do envio"),
    )


def test_repeated_inclusion_not_executed_leaves_the_first_in_doubt() -> None:
    before = several(including(REPEATABLE), 2)
    after = answered(before, UNAVAILABLE, now(REPEATABLE)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.observed_since == CREATED_AT
    assert after.unanswered_inclusions == Unanswered(1, CREATED_AT, CREATED_AT + QUIET)
    assert after.transmission.action is Action.INCLUDE


def test_inclusion_with_lost_answer_stays_in_doubt() -> None:
    check_doubt(including(LOOKED_UP), LOST)


def test_transcript_of_unreadable_inclusion_answer_is_stored() -> None:
    check_doubt(including(LOOKED_UP), UNREADABLE)


def test_answer_in_time_requires_a_claim() -> None:
    with pytest.raises(ValueError, match=r"^an answer in time needs a claim$"):
        answered(created(LOOKED_UP), Done(), now(LOOKED_UP))
