"""When and where an answer is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from credit_protection.domain.backoff import next_attempt
from credit_protection.domain.capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """When and where an answer is stored.

    Args:
        now: instant, UTC.
        today: the creditor's date.
        capabilities: what the gateway can do.
        jitter: uniform in [0, 1), for the next attempt.
        notice_days: the term of the written notice, to estimate when the record shows in queries.
    """

    now: datetime
    today: date
    capabilities: Capabilities
    jitter: float = 0.5
    notice_days: int = 10

    def next_attempt(self, attempts: int = 1, not_before: datetime | None = None) -> datetime:
        """The instant of the next call after so many in a row that settled nothing."""
        return next_attempt(self.now, attempts, self.capabilities.poll_backoff, self.jitter, not_before)
