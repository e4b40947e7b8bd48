"""Which transport outcome is which: every row of the table, and the errors that are made of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.http.outcomes import Failure, Outcome, classify, error_of, parse_retry_after
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    OutcomeUnknown,
    RateLimited,
)

NOW = datetime(2026, 10, 17, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)

TABLE: list[tuple[Failure | int, datetime | None, Outcome]] = [
    (Failure.NO_TIME_LEFT, None, Outcome.NOT_EXECUTED),
    (Failure.CLOSED, None, Outcome.NOT_EXECUTED),
    (Failure.ADDRESS, None, Outcome.NOT_EXECUTED),
    (Failure.CONNECT, None, Outcome.NOT_EXECUTED),
    (Failure.CONNECT_TIMEOUT, None, Outcome.NOT_EXECUTED),
    (Failure.TLS, None, Outcome.NOT_EXECUTED),
    (Failure.PROXY, None, Outcome.NOT_EXECUTED),
    (Failure.POOL_TIMEOUT, None, Outcome.NOT_EXECUTED),
    (Failure.READ_TIMEOUT, None, Outcome.UNKNOWN),
    (Failure.WRITE, None, Outcome.UNKNOWN),
    (Failure.DISCONNECT, None, Outcome.UNKNOWN),
    (Failure.UNREADABLE, None, Outcome.UNKNOWN),
    (Failure.TOO_LARGE, None, Outcome.UNKNOWN),
    (200, None, Outcome.ANSWER),
    (201, None, Outcome.ANSWER),
    (202, None, Outcome.ANSWER),
    (204, None, Outcome.ANSWER),
    (301, None, Outcome.UNKNOWN),
    (302, None, Outcome.UNKNOWN),
    (307, None, Outcome.UNKNOWN),
    (400, None, Outcome.ANSWER),
    (401, None, Outcome.CREDENTIALS),
    (401, LATER, Outcome.CREDENTIALS),
    (402, None, Outcome.ANSWER),
    (403, None, Outcome.CREDENTIALS),
    (404, None, Outcome.ANSWER),
    (408, None, Outcome.UNKNOWN),
    (409, None, Outcome.ANSWER),
    (422, None, Outcome.ANSWER),
    (429, None, Outcome.RATE_LIMITED),
    (429, LATER, Outcome.RATE_LIMITED),
    (500, None, Outcome.UNKNOWN),
    (500, LATER, Outcome.UNKNOWN),
    (501, None, Outcome.UNKNOWN),
    (502, None, Outcome.UNKNOWN),
    (503, None, Outcome.UNKNOWN),
    (503, LATER, Outcome.RATE_LIMITED),
    (504, None, Outcome.UNKNOWN),
    (504, LATER, Outcome.UNKNOWN),
    (520, None, Outcome.UNKNOWN),
    (600, None, Outcome.UNKNOWN),
]


@pytest.mark.parametrize(("event", "retry_at", "outcome"), TABLE)
def test_every_row_of_the_table(event: Failure | int, retry_at: datetime | None, outcome: Outcome) -> None:
    assert classify(event, retry_at) is outcome


def test_no_failure_is_left_out_of_the_table() -> None:
    assert {event for event, _, _ in TABLE if isinstance(event, Failure)} == set(Failure)


_EFFECT_ERRORS: dict[Outcome, type[BureauError]] = {
    Outcome.NOT_EXECUTED: BureauUnavailable,
    Outcome.RATE_LIMITED: RateLimited,
    Outcome.CREDENTIALS: CredentialsRejected,
    Outcome.UNKNOWN: OutcomeUnknown,
}


@pytest.mark.parametrize(("event", "retry_at", "outcome"), [row for row in TABLE if row[2] is not Outcome.ANSWER])
@pytest.mark.parametrize("safe", [True, False])
def test_each_outcome_has_its_error_and_a_sentence_for_the_operator(
    event: Failure | int, retry_at: datetime | None, outcome: Outcome, safe: bool
) -> None:
    error = error_of(event, safe=safe, retry_at=retry_at, request_id="P-1")
    expected = BureauUnavailable if safe and outcome is Outcome.UNKNOWN else _EFFECT_ERRORS[outcome]
    assert type(error) is expected
    assert error.message.endswith(".")
    assert error.request_id == "P-1"
    assert error.http_status == (None if isinstance(event, Failure) else event)


def test_a_lost_answer_of_a_call_that_executes_nothing_is_no_doubt() -> None:
    assert isinstance(error_of(Failure.READ_TIMEOUT, safe=True), BureauUnavailable)
    assert isinstance(error_of(Failure.READ_TIMEOUT, safe=False), OutcomeUnknown)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", 0),
        ("30", 30),
        (" 30 ", 30),
        ("86400", 86_400),
        ("86401", 86_400),
        ("999999999", 86_400),
        ("9" * 5000, 86_400),
        ("Sat, 17 Oct 2026 12:00:30 GMT", 30),
        ("Sat, 17 Oct 2026 12:00:30", 30),
        ("Sat, 17 Oct 2026 09:00:30 -0300", 30),
        ("Sat, 17 Oct 2026 11:00:00 GMT", 0),
        ("Sat, 17 Oct 2099 12:00:00 GMT", 86_400),
    ],
)
def test_retry_after_in_both_forms_is_bounded(text: str, wait: int) -> None:
    assert parse_retry_after(text, NOW) == NOW + timedelta(seconds=wait)


@pytest.mark.parametrize(
    "text", [None, "", "soon", "-5", "1.5", "1e3", "٣٠", "30s", "Sat, 45 Oct 2026 12:00:30 GMT", "\x00"]
)
def test_a_retry_after_that_can_not_be_read_says_nothing(text: str | None) -> None:
    assert parse_retry_after(text, NOW) is None


@given(
    st.text(max_size=60) | st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9} .{0,6}\Z")
)
def test_no_retry_after_leads_out_of_bounds(text: str) -> None:
    moment = parse_retry_after(text, NOW)
    assert moment is None or NOW <= moment <= NOW + timedelta(days=1)
