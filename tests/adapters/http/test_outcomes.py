"""Every row of the outcome table, and its error."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.http.outcomes import Failure, classify, error_of, parse_retry_after
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    OutcomeUnknown,
    RateLimited,
)

NOW = datetime(2026, 10, 17, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)

TABLE: list[tuple[Failure | int, datetime | None, type[BureauError] | None]] = [
    (Failure.NO_TIME_LEFT, None, BureauUnavailable),
    (Failure.CLOSED, None, BureauUnavailable),
    (Failure.ADDRESS, None, BureauUnavailable),
    (Failure.CONNECT, None, BureauUnavailable),
    (Failure.CONNECT_TIMEOUT, None, BureauUnavailable),
    (Failure.TLS, None, BureauUnavailable),
    (Failure.PROXY, None, BureauUnavailable),
    (Failure.POOL_TIMEOUT, None, BureauUnavailable),
    (Failure.READ_TIMEOUT, None, OutcomeUnknown),
    (Failure.WRITE, None, OutcomeUnknown),
    (Failure.DISCONNECT, None, OutcomeUnknown),
    (Failure.UNREADABLE, None, OutcomeUnknown),
    (Failure.TOO_LARGE, None, OutcomeUnknown),
    (200, None, None),
    (201, None, None),
    (202, None, None),
    (204, None, None),
    (301, None, OutcomeUnknown),
    (302, None, OutcomeUnknown),
    (307, None, OutcomeUnknown),
    (400, None, None),
    (401, None, CredentialsRejected),
    (401, LATER, CredentialsRejected),
    (402, None, None),
    (403, None, CredentialsRejected),
    (404, None, None),
    (408, None, OutcomeUnknown),
    (409, None, None),
    (422, None, None),
    (429, None, RateLimited),
    (429, LATER, RateLimited),
    (500, None, OutcomeUnknown),
    (500, LATER, OutcomeUnknown),
    (501, None, OutcomeUnknown),
    (502, None, OutcomeUnknown),
    (503, None, OutcomeUnknown),
    (503, LATER, RateLimited),
    (504, None, OutcomeUnknown),
    (504, LATER, OutcomeUnknown),
    (520, None, OutcomeUnknown),
    (600, None, OutcomeUnknown),
]


@pytest.mark.parametrize(("event", "retry_at", "kind"), TABLE)
def test_event_has_the_error_class_of_the_table(
    event: Failure | int, retry_at: datetime | None, kind: type[BureauError] | None
) -> None:
    assert classify(event, retry_at) is kind


def test_table_covers_every_failure() -> None:
    assert {event for event, _, _ in TABLE if isinstance(event, Failure)} == set(Failure)


@pytest.mark.parametrize(("event", "retry_at", "kind"), [row for row in TABLE if row[2]])
@pytest.mark.parametrize("safe", [True, False])
def test_error_has_its_class_and_a_sentence_for_the_operator(
    event: Failure | int, retry_at: datetime | None, kind: type[BureauError], safe: bool
) -> None:
    error = error_of(event, safe=safe, retry_at=retry_at, request_id="P-1")
    expected = BureauUnavailable if safe and kind is OutcomeUnknown else kind
    assert type(error) is expected
    assert error.message.endswith(".")
    assert error.request_id == "P-1"
    assert error.http_status == (None if isinstance(event, Failure) else event)


def test_lost_answer_of_a_safe_call_leaves_no_doubt() -> None:
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
def test_unreadable_retry_after_is_ignored(text: str | None) -> None:
    assert parse_retry_after(text, NOW) is None


@given(
    st.text(max_size=60) | st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9} .{0,6}\Z")
)
def test_retry_after_is_bounded_for_any_text(text: str) -> None:
    moment = parse_retry_after(text, NOW)
    assert moment is None or NOW <= moment <= NOW + timedelta(days=1)
