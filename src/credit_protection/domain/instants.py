"""Comparing stored instants with the clock: the one place that does.

A clock can be wrong: it jumps a year ahead for a minute, a machine starts with an empty battery, two machines differ.
So an instant that lies farther ahead than it could ever have been set was set by a clock that was wrong. It keeps
nothing waiting: it counts as come, and what was last done at it counts as long ago.
"""

from __future__ import annotations

from datetime import datetime, timedelta

SKEW = timedelta(minutes=1)
"""How far the clocks of two machines may differ before a person is told."""
FARTHEST_DUE = timedelta(hours=1)
"""No transmission is made due later than this; a longer wait that a bureau asks for pauses its integration."""
FARTHEST_LEASE = timedelta(hours=1)
"""No lease of a transmission ends later than this."""
FARTHEST_PAUSE = timedelta(days=1)
"""No pause of an integration ends later than this, counted from when it was set."""
FARTHEST_RECHECK = timedelta(hours=1)
"""No recheck is made due later than this."""


def has_come(at: datetime, now: datetime, farthest: timedelta) -> bool:
    """Whether an instant that something waits for has come, or could not have been set as far ahead as it lies."""
    return at <= now or at - now > farthest + SKEW


def farthest_believed(now: datetime, farthest: timedelta) -> datetime:
    """The instant after which `has_come` believes none: for queries, which compare in the database."""
    return now + farthest + SKEW


def is_ahead(at: datetime, now: datetime) -> bool:
    """Whether an instant at which something was done lies ahead: one of the clocks is wrong."""
    return at - now > SKEW


def is_over(since: datetime | None, now: datetime, length: timedelta) -> bool:
    """Whether a time that began at `since` is over; so it is where it never began, or lies ahead."""
    return since is None or now - since >= length or is_ahead(since, now)


def is_longer_ago(since: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Whether something was last done longer ago than the limit; so it was where it never was, or lies ahead."""
    return since is None or now - since > limit or is_ahead(since, now)


def not_ahead(at: datetime, now: datetime) -> datetime:
    """The instant; the present where it lies ahead."""
    return now if is_ahead(at, now) else at


def within(at: datetime, now: datetime, farthest: timedelta) -> datetime:
    """The instant, at most so far ahead: for what may never be believed too early."""
    return min(at, now + farthest)


def is_clock_behind(newest: datetime | None, now: datetime) -> bool:
    """Whether the present lies before an instant at which something was done already."""
    return newest is not None and is_ahead(newest, now)
