"""After an outage or a restore inclusions wait: until the bureau's side was read, and a person says that they go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.instants import is_ahead, is_clock_behind
from credit_protection.domain.statuses import CLOCK_REASON, HELD_REASON
from credit_protection.ports.storage import UnitOfWork

HEARTBEAT_WATERMARK = "worker.heartbeat"
"""Name of the watermark that a worker's sweep sets."""
_PREFIX = "worker."
_HELD = _PREFIX + "inclusions_held"
_RELEASED = _PREFIX + "inclusions_released"
_NEWEST = _PREFIX + "clock"
_NOT_OF_DEEDS = ("reconciliation.lease.", "alarm.notified.")
"""Prefixes of watermarks that may lie ahead."""
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
    held = unit.watermarks.get(_HELD)
    unit.watermarks.set(_RELEASED, now if held is None else max(now, held))


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


def wait_code(unit: UnitOfWork, now: datetime) -> str | None:
    """Why inclusions wait, as the last error of each; None where they go on. One read."""
    marks = unit.watermarks.all("")
    if is_clock_behind(newest_mark(marks), now):
        return CLOCK_REASON
    return None if _hold(marks, now) is None else HELD_REASON


def newest_mark(marks: Mapping[str, datetime]) -> datetime | None:
    """The newest instant at which something was done, by all watermarks."""
    return max((at for name, at in marks.items() if not name.startswith(_NOT_OF_DEEDS)), default=None)


def remember_newest(tenant: TenantPorts) -> None:
    """Keep the newest instant where the clock is behind it, before other watermarks are set back. For each sweep."""
    now = tenant.clock.now()
    with tenant.storage.read_only() as unit:
        newest = newest_mark(unit.watermarks.all(""))
    if newest is not None and is_clock_behind(newest, now):
        with tenant.storage.unit() as unit:
            unit.watermarks.set(_NEWEST, newest)
            unit.commit()


def believe_clock(unit: UnitOfWork, now: datetime) -> bool:
    """Take the clock for right, as a person states: what lies ahead of it is of now. Returns whether anything did."""
    ahead = [name for name, at in unit.watermarks.all("").items() if is_ahead(at, now)]
    notes = unit.watermarks.notes("") if ahead else {}
    for name in ahead:
        unit.watermarks.set(name, now, notes.get(name, ""))
    return bool(ahead)
