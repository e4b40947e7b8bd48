"""A recheck: a host's mark that an invoice must be read again, since its hook can't know what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from credit_protection.domain.capabilities import Backoff

KEPT_FOR = timedelta(days=1)
"""How long a recheck that is done still counts for a creation or an adoption that read the host before it."""
_BACKOFF = Backoff(timedelta(seconds=10), timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Recheck:
    """A mark that an invoice must be read again.

    Args:
        id: of our making: the same mark may be made many times.
        recorded_at: when the host's transaction inserted it; that was before its commit, and proves nothing.
        due_at: not before this instant, UTC.
        seen_at: when we first saw it committed; a reading of an earlier instant does not answer it.
        attempts: readings in a row that did not answer it.
        done_at: when a reading answered it.
    """

    id: str
    host: str
    invoice_id: str
    recorded_at: datetime
    due_at: datetime
    seen_at: datetime | None = None
    attempts: int = 0
    done_at: datetime | None = None


def after_reading(recheck: Recheck, as_of: datetime | None, now: datetime) -> Recheck:
    """The recheck after an attempt; `as_of` is None where the ERP gave no answer about the invoice.

    It is done only by a reading that is not older than the instant at which the recheck was first seen.
    """
    if as_of is not None and recheck.seen_at is not None and as_of >= recheck.seen_at:
        return replace(recheck, done_at=now)
    attempts = recheck.attempts + 1
    return replace(recheck, attempts=attempts, due_at=now + _BACKOFF.longest_wait(attempts))


def are_facts_older(rechecks: Iterable[Recheck], as_of: datetime) -> bool:
    """Whether any recheck was seen after the host was read: what was read then may be over.

    One that nobody has seen before this unit counts as seen now.
    """
    return any(each.seen_at is None or each.seen_at > as_of for each in rechecks)
