"""When to try again: exponential backoff with full jitter and a cap; a bureau's own "slow down" is obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.capabilities import Pace


def next_attempt(
    now: datetime,
    attempts: int,
    pace: Pace,
    jitter: float,
    not_before: datetime | None = None,
) -> datetime:
    """The instant of the next attempt.

    Args:
        now: instant of the failure, UTC.
        attempts: failures in a row, this one included.
        pace: first wait and cap.
        jitter: uniform in [0, 1); the caller's seam of randomness.
        not_before: what the bureau asked for (`Retry-After`), UTC.

    Returns:
        Anywhere within `first * 2 ** (attempts - 1)`, at most `cap`, and never before `not_before`.
    """
    ceiling = pace.first
    for _ in range(attempts - 1):
        ceiling = min(ceiling * 2, pace.cap)
        if ceiling == pace.cap:
            break
    ceiling = min(ceiling, pace.cap)
    instant = now + ceiling * jitter
    return max(instant, not_before) if not_before is not None else instant
