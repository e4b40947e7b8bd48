"""Recording an answer, in time or late. What each answer makes of a negativation is tested in `lifecycle`."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    LookupResult,
    NotExecuted,
    RecordFound,
    RecordNotFound,
    RecordState,
    Rejected,
    Unknown,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.negativations import Claim, Negativation
from credit_protection.domain.observations import (
    AnswerContext,
    answered,
    answered_late,
    looked_up,
    lookup_failed,
    record_answer,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.transmissions import claim
from credit_protection.testing.strategies import NOW, TODAY, guard_settings
from tests.domain.test_negativations import BY_PERSON, ONE, SPC, in_state

THEN = NOW + timedelta(seconds=2)
AT = AnswerContext(THEN, TODAY, SPC)
FOUND = RecordFound(RecordState.PRESENT)


def claimed(negativation: Negativation) -> tuple[Negativation, Claim]:
    after = claim(negativation, SPC, now=NOW, worker="w-1", reason=RemovalReason.PAYMENT).negativation
    assert after.transmission.claim is not None
    return after, after.transmission.claim


INCLUDING = claimed(ONE)
REMOVING = claimed(in_state(Observed.PRESENT, BY_PERSON, known_at=NOW, inclusion_claims=1))
LOOKING_UP = claimed(in_state(Observed.IN_DOUBT_REMOVE, BY_PERSON, known_at=NOW, inclusion_claims=1))
ANSWERS: list[Answer] = [Done(), Accepted(), Rejected("17", "x"), NotExecuted("x", "y"), Unknown("x", "y")]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("call", [INCLUDING, REMOVING])
def test_answer_in_time_is_recorded_under_its_claim(call: tuple[Negativation, Claim], answer: Answer) -> None:
    assert record_answer(*call, answer, AT) == answered(call[0], answer, AT)


@pytest.mark.parametrize("result", [FOUND, RecordNotFound()])
def test_lookup_result_in_time_is_recorded_under_its_claim(result: LookupResult) -> None:
    assert record_answer(*LOOKING_UP, result, AT) == looked_up(LOOKING_UP[0], result, AT)


@pytest.mark.parametrize("failure", [NotExecuted("x", "y"), Unknown("x", "y")])
def test_failed_lookup_is_recorded_under_its_claim(failure: NotExecuted | Unknown) -> None:
    assert record_answer(*LOOKING_UP, failure, AT) == lookup_failed(LOOKING_UP[0], failure, AT)


@pytest.mark.parametrize(("answer", "code"), [(Rejected("17", "x"), "17"), (Done(), "Done"), (Accepted(), "Accepted")])
def test_lookup_with_another_kind_of_answer_teaches_nothing(answer: Answer, code: str) -> None:
    unknown = Unknown(code, "O birô não respondeu à verificação como esperado.")
    assert record_answer(*LOOKING_UP, answer, AT) == lookup_failed(LOOKING_UP[0], unknown, AT)


@pytest.mark.parametrize("answer", [*ANSWERS, FOUND])
def test_answer_under_another_fence_is_late(answer: Answer | LookupResult) -> None:
    negativation, lease = INCLUDING
    stale = replace(lease, fence=lease.fence - 1)

    assert record_answer(negativation, stale, answer, AT) == answered_late(negativation, Action.INCLUDE, answer, AT)
    assert record_answer(negativation, stale, answer, AT).events[0].kind is EventKind.LATE_ANSWER


def test_lookup_result_for_an_inclusion_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match=r"^RecordFound does not answer an inclusion or a removal$"):
        record_answer(*INCLUDING, FOUND, AT)


@given(
    guard_settings(),
    st.sampled_from(("SP", "MT", "MG")),
    st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_publication_estimate_adds_the_notice_term_of_the_settings(
    settings: GuardSettings, state: str, notice_sent_on: date | None
) -> None:
    term = settings.notice_term(state)
    after = record_answer(*INCLUDING, Done(notice_sent_on=notice_sent_on), replace(AT, notice_days=term)).negativation

    assert after.published_is_estimated
    assert after.published_on == (notice_sent_on or TODAY) + timedelta(days=term)
