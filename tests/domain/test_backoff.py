from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.capabilities import Backoff

NOW = datetime(2026, 9, 15, 15, tzinfo=UTC)
PACE = Backoff(timedelta(seconds=2), timedelta(minutes=1))
jitters = st.floats(0, 1, exclude_max=True)
paces = st.builds(
    lambda first, more: Backoff(timedelta(seconds=first), timedelta(seconds=first + more)),
    st.integers(1, 3600),
    st.integers(0, 86_400),
)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 2), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (33, 60), (10_000, 60)],
)
def test_wait_doubles_up_to_the_cap(attempts: int, seconds: int) -> None:
    assert PACE.next_attempt(NOW, attempts, 1.0) == NOW + timedelta(seconds=seconds)
    assert PACE.next_attempt(NOW, attempts, 0.5) == NOW + timedelta(seconds=seconds / 2)
    assert PACE.next_attempt(NOW, attempts, 0.0) == NOW


def test_retry_after_of_the_bureau_is_obeyed() -> None:
    soon, late = NOW + timedelta(seconds=1), NOW + timedelta(hours=2)

    assert PACE.next_attempt(NOW, 1, 0.9, late) == late
    assert PACE.next_attempt(NOW, 1, 0.9, soon) == NOW + timedelta(seconds=1.8)
    assert PACE.next_attempt(NOW, 1, 0.0, NOW - timedelta(hours=1)) == NOW


def test_wait_doubles_until_the_cap_is_reached() -> None:
    patient = Backoff(timedelta(microseconds=1), timedelta(days=3650))

    assert patient.next_attempt(NOW, 33, 1.0) == NOW + timedelta(microseconds=1 << 32)
    assert patient.next_attempt(NOW, 99, 1.0) == NOW + timedelta(days=3650)


def test_many_failures_do_not_overflow() -> None:
    daily = Backoff(timedelta(hours=6), timedelta(days=1))
    assert daily.next_attempt(NOW, 40, 1.0) == NOW + timedelta(days=1)


@given(st.integers(0, 200), paces, jitters)
def test_attempt_is_within_its_ceiling(attempts: int, pace: Backoff, jitter: float) -> None:
    due = pace.next_attempt(NOW, attempts, jitter)

    assert NOW <= due <= NOW + pace.cap
    if attempts <= 1:
        assert due <= NOW + pace.first


@given(st.integers(1, 200), paces, jitters, st.integers(-3600, 3600))
def test_attempt_is_never_before_retry_after(attempts: int, pace: Backoff, jitter: float, seconds: int) -> None:
    asked = NOW + timedelta(seconds=seconds)
    due = pace.next_attempt(NOW, attempts, jitter, asked)

    assert due >= asked
    assert due == max(asked, pace.next_attempt(NOW, attempts, jitter))


@given(st.integers(1, 100), paces, jitters)
def test_more_failures_never_shorten_the_ceiling(attempts: int, pace: Backoff, jitter: float) -> None:
    assert pace.next_attempt(NOW, attempts + 1, jitter) >= pace.next_attempt(NOW, attempts, jitter)
