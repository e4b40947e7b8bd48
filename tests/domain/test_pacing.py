from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.capabilities import Pace
from credit_protection.domain.pacing import next_attempt

NOW = datetime(2026, 9, 15, 15, tzinfo=UTC)
PACE = Pace(timedelta(seconds=2), timedelta(minutes=1))
jitters = st.floats(0, 1, exclude_max=True)
paces = st.builds(
    lambda first, more: Pace(timedelta(seconds=first), timedelta(seconds=first + more)),
    st.integers(1, 3600),
    st.integers(0, 86_400),
)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 2), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (33, 60), (10_000, 60)],
)
def test_the_wait_doubles_up_to_the_cap(attempts: int, seconds: int) -> None:
    assert next_attempt(NOW, attempts, PACE, 1.0) == NOW + timedelta(seconds=seconds)
    assert next_attempt(NOW, attempts, PACE, 0.5) == NOW + timedelta(seconds=seconds / 2)
    assert next_attempt(NOW, attempts, PACE, 0.0) == NOW


def test_a_bureaus_own_slow_down_is_obeyed() -> None:
    soon, late = NOW + timedelta(seconds=1), NOW + timedelta(hours=2)

    assert next_attempt(NOW, 1, PACE, 0.9, late) == late
    assert next_attempt(NOW, 1, PACE, 0.9, soon) == NOW + timedelta(seconds=1.8)
    assert next_attempt(NOW, 1, PACE, 0.0, NOW - timedelta(hours=1)) == NOW


def test_the_doublings_go_on_to_the_cap() -> None:
    patient = Pace(timedelta(microseconds=1), timedelta(days=3650))

    assert next_attempt(NOW, 33, patient, 1.0) == NOW + timedelta(microseconds=1 << 32)
    assert next_attempt(NOW, 99, patient, 1.0) == NOW + timedelta(days=3650)


def test_a_slow_pace_survives_many_failures() -> None:
    daily = Pace(timedelta(hours=6), timedelta(days=1))
    assert next_attempt(NOW, 40, daily, 1.0) == NOW + timedelta(days=1)


@given(st.integers(0, 200), paces, jitters)
def test_an_attempt_is_within_its_ceiling(attempts: int, pace: Pace, jitter: float) -> None:
    due = next_attempt(NOW, attempts, pace, jitter)

    assert NOW <= due <= NOW + pace.cap
    if attempts <= 1:
        assert due <= NOW + pace.first


@given(st.integers(1, 200), paces, jitters, st.integers(-3600, 3600))
def test_it_is_never_before_what_the_bureau_asked_for(attempts: int, pace: Pace, jitter: float, seconds: int) -> None:
    asked = NOW + timedelta(seconds=seconds)
    due = next_attempt(NOW, attempts, pace, jitter, asked)

    assert due >= asked
    assert due == max(asked, next_attempt(NOW, attempts, pace, jitter))


@given(st.integers(1, 100), paces, jitters)
def test_more_failures_never_wait_less(attempts: int, pace: Pace, jitter: float) -> None:
    assert next_attempt(NOW, attempts + 1, pace, jitter) >= next_attempt(NOW, attempts, pace, jitter)
