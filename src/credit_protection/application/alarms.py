"""Alarms, for `removals check` and for the event hook, and the reason why a removal waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from credit_protection.application.host_polling import POLLED_WATERMARK, RECHECKED_WATERMARK
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.alarms import (
    Alarm,
    AlarmSettings,
    HeartbeatFacts,
    PendingRemoval,
    QueueFacts,
    alarms,
    wait_reason,
)
from credit_protection.domain.integrations import Integration
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.statuses import is_in_removal_queue
from credit_protection.ports.storage import NegativationFilter, PageRequest, UnitOfWork

CHECK_BATCH_SIZE = 200
"""How many removals are counted, the most urgent first; above it an alarm says "at least"."""
HEARTBEAT_WATERMARK = "worker.heartbeat"
"""Name of the watermark that a worker's sweep sets."""
_NOTIFIED = "alarm.notified."


@dataclass(frozen=True, slots=True)
class WaitReason:
    """Why a removal waits, and the business days until its legal deadline; below zero once it has passed."""

    reason: str
    business_days_left: int | None


class Alarms:
    """The use cases about alarms."""

    def __init__(self, tenant: TenantPorts, settings: AlarmSettings = AlarmSettings()) -> None:
        self._tenant = tenant
        self._settings = settings

    def check(self, actor: Actor) -> Sequence[Alarm]:
        """The present alarms of the creditors that the actor sees, the worst first.

        Raises:
            PermissionDenied: the actor may not read the history.
        """
        actor.require(Permission.READ_HISTORY)
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            integrations = [one for one in unit.integrations.all() if actor.sees(one.creditor_id)]
            queues = self._queues(unit, integrations, actor.creditor_ids, now)
            heartbeats = self._heartbeats(unit, queues, now)
        return alarms(queues, heartbeats, now, self._settings)

    def notify(self) -> Sequence[Alarm]:
        """Notify the listeners of each alarm once a day. For the sweep; returns the new alarms."""
        present = self.check(SYSTEM)
        if not present:
            return []
        with self._tenant.storage.read_only() as unit:
            notified = unit.watermarks.all(_NOTIFIED)
        new = [alarm for alarm in present if notified.get(_watermark(alarm), _NEVER) < _day_start(alarm)]
        for alarm in new:
            self._tenant.listeners.alarm(alarm)
        if new:
            with self._tenant.storage.unit() as unit:
                for alarm in new:
                    unit.watermarks.set(_watermark(alarm), _day_start(alarm))
                unit.commit()
        return new

    def record_heartbeat(self) -> None:
        """Record that a worker is alive. For its sweep."""
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(HEARTBEAT_WATERMARK, self._tenant.clock.now())
            unit.commit()

    def wait_reasons(self, negativations: Sequence[Negativation]) -> Mapping[str, WaitReason]:
        """Why each of these removals waits, by negativation id. The caller has read them under an actor."""
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            integrations = {key: unit.integrations.get(key) for key in {each.integration_id for each in negativations}}
            creditors = {key: unit.creditors.get(key) for key in {each.creditor_id for each in negativations}}
        calendars = {key: self._tenant.calendars.for_creditor(creditor) for key, creditor in creditors.items()}
        found: dict[str, WaitReason] = {}
        for each in negativations:
            deadline, today = each.transmission.deadline, creditors[each.creditor_id].today(now)
            left = None if deadline is None else calendars[each.creditor_id].days_until(deadline, today)
            found[each.id] = WaitReason(wait_reason(each, integrations[each.integration_id], now), left)
        return found

    def _queues(
        self, unit: UnitOfWork, integrations: Sequence[Integration], scope: frozenset[str] | None, now: datetime
    ) -> list[QueueFacts]:
        """The queues, by three indexed reads; one more for each integration that sends nothing."""
        page = PageRequest(CHECK_BATCH_SIZE)
        urgent = unit.negativations.list(NegativationFilter(creditor_ids=scope, in_removal_queue=True), page)
        stuck = unit.negativations.list(NegativationFilter(creditor_ids=scope, blocked=True), page).items
        queues: list[QueueFacts] = []
        for integration in integrations:
            pending = [each for each in urgent.items if each.integration_id == integration.id]
            sends_nothing = integration.paused_until is not None or not integration.settings.owns_transmission
            if not pending and urgent.cursor is not None and sends_nothing:
                its = NegativationFilter(integration_id=integration.id, in_removal_queue=True)
                pending = list(unit.negativations.list(its, page).items)
            creditor = unit.creditors.get(integration.creditor_id)
            queues.append(
                QueueFacts(
                    integration=integration,
                    today=creditor.today(now),
                    calendar=self._tenant.calendars.for_creditor(creditor),
                    pending=_pending(pending),
                    awaiting_person=_pending(each for each in stuck if each.integration_id == integration.id),
                    is_more=urgent.cursor is not None,
                )
            )
        return queues

    def _heartbeats(self, unit: UnitOfWork, queues: Sequence[QueueFacts], now: datetime) -> HeartbeatFacts:
        host = self._tenant.host
        needs_host = bool(unit.negativations.open_invoice_ids(host.code, PageRequest(1)).items)
        needs_worker = needs_host or bool(
            unit.negativations.list(NegativationFilter(is_open=True), PageRequest(1)).items
        )
        watermarks = [unit.watermarks.get(RECHECKED_WATERMARK + host.code)]
        if host.capabilities.settlements:
            watermarks.append(unit.watermarks.get(POLLED_WATERMARK + host.code))
        known = [each for each in watermarks if each is not None]
        return HeartbeatFacts(
            host=host.code,
            host_is_needed=needs_host,
            host_swept_at=min(known) if len(known) == len(watermarks) else None,
            worker_is_needed=needs_worker,
            heartbeat_at=unit.watermarks.get(HEARTBEAT_WATERMARK),
            today=max((queue.today for queue in queues), default=now.date()),
        )


_NEVER = datetime.min.replace(tzinfo=UTC)


def _watermark(alarm: Alarm) -> str:
    return f"{_NOTIFIED}{alarm.code.value}.{alarm.subject}"


def _day_start(alarm: Alarm) -> datetime:
    """The alarm's day, as an instant."""
    return datetime.combine(alarm.day, time(), UTC)


def _pending(negativations: Iterable[Negativation]) -> list[PendingRemoval]:
    """The removals among them, the most urgent first."""
    found = [
        PendingRemoval(each.id, each.transmission.deadline)
        for each in negativations
        if each.transmission.deadline is not None and is_in_removal_queue(each)
    ]
    return sorted(found, key=lambda each: each.deadline)
