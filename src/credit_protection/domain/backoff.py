"""Exponential backoff with full jitter and a cap; a bureau's own Retry-After is obeyed."""

from __future__ import annotations

from datetime import datetime

from credit_protection.domain.capabilities import Backoff


def next_attempt(
    now: datetime,
    attempts: int,
    backoff: Backoff,
    jitter: float,
    not_before: datetime | None = None,
) -> datetime:
    """The instant of the next attempt.

    Args:
        now: instant of the failure, UTC.
        attempts: failures in a row, this one included.
        backoff: first wait and cap.
        jitter: uniform in [0, 1), drawn by the caller.
        not_before: what the bureau requested (`Retry-After`), UTC.

    Returns:
        Any instant within `first * 2 ** (attempts - 1)`, at most `cap`, and never before `not_before`.
    """
    ceiling = backoff.first
    for _ in range(attempts - 1):
        ceiling = min(ceiling * 2, backoff.cap)
        if ceiling == backoff.cap:
            break
    ceiling = min(ceiling, backoff.cap)
    instant = now + ceiling * jitter
    return max(instant, not_before) if not_before is not None else instant
