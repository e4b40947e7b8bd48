"""After an outage or a restore inclusions wait: until the bureau's side was read, and a person says that they go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from credit_protection.ports.storage import UnitOfWork

HEARTBEAT_WATERMARK = "worker.heartbeat"
"""Name of the watermark that a worker's sweep sets."""
_PREFIX = "worker."
_HELD = _PREFIX + "inclusions_held"
_RELEASED = _PREFIX + "inclusions_released"
OUTAGE = timedelta(days=1)
"""A worker's heartbeat that is older shows an outage, or that an old backup was put back."""


@dataclass(frozen=True, slots=True)
class InclusionHold:
    """Inclusions wait since an instant; what the bureau's side showed before it does not count."""

    since: datetime


def inclusion_hold(unit: UnitOfWork, now: datetime) -> InclusionHold | None:
    """The hold, declared or by an old heartbeat that no worker has replaced yet; None where inclusions go on."""
    return _hold(unit.watermarks.all(_PREFIX), now)


def is_declared(unit: UnitOfWork) -> bool:
    """Whether inclusions wait and a worker, or a person, has declared it; else a silent worker is why."""
    marks = unit.watermarks.all(_PREFIX)
    held, released = marks.get(_HELD), marks.get(_RELEASED)
    return held is not None and (released is None or released < held)


def declare(unit: UnitOfWork, now: datetime) -> None:
    """Hold inclusions from now on."""
    unit.watermarks.set(_HELD, now)


def release(unit: UnitOfWork, now: datetime) -> None:
    """Let inclusions go on."""
    unit.watermarks.set(_RELEASED, now)


def record_heartbeat(unit: UnitOfWork, now: datetime) -> None:
    """Store that a worker is alive; where the last sign is too old, inclusions are held from now on."""
    marks = unit.watermarks.all(_PREFIX)
    held = _hold(marks, now)
    if held is not None and held.since != marks.get(_HELD):
        declare(unit, held.since)
    unit.watermarks.set(HEARTBEAT_WATERMARK, now)


def _hold(marks: Mapping[str, datetime], now: datetime) -> InclusionHold | None:
    held, released, heartbeat = marks.get(_HELD), marks.get(_RELEASED), marks.get(HEARTBEAT_WATERMARK)
    if held is not None and (released is None or released < held):
        return InclusionHold(held)
    is_outage = heartbeat is not None and now - heartbeat > OUTAGE
    return InclusionHold(heartbeat + OUTAGE) if heartbeat is not None and is_outage else None
