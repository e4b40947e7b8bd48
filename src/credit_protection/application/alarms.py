"""Alarms: what `removals check` says, what the event hook is told, and why a removal waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from credit_protection.application.payments import REREAD_MARK, SWEPT_MARK
from credit_protection.domain.actors import SYSTEM, Permission
from credit_protection.domain.alarms import (
    AlarmSettings,
    QueueFacts,
    SilenceFacts,
    WaitingRemoval,
    alarms,
    why_it_waits,
)
from credit_protection.domain.negativations import is_in_removal_queue
from credit_protection.ports.storage import NegativationFilter, Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.actors import Actor
    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import UnitOfWork

LOOKED_AT = 200
"""Removals that are looked at: the most urgent ones of all. More are told as "at least"."""
HEARTBEAT_MARK = "worker.heartbeat"
"""Name of the mark that a worker's sweep sets."""
_TOLD = "alarm.told."


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a removal waits, and how long it may.

    Args:
        why: one sentence.
        business_days_left: until its legal deadline; below zero where it is over.
    """

    why: str
    business_days_left: int | None


class Alarms:
    """The use cases about alarms.

    Args:
        tenant: whose.
        settings: when they sound.
    """

    def __init__(self, tenant: Tenant, settings: AlarmSettings = AlarmSettings()) -> None:
        self._tenant = tenant
        self._settings = settings

    def check(self, actor: Actor) -> Sequence[Alarm]:
        """The alarms that stand now, the worst first: of the creditors that the actor sees.

        Raises:
            PermissionDenied: the actor may not read the history.
        """
        actor.require(Permission.READ_HISTORY)
        now = self._tenant.clock.now()
        with self._tenant.storage.reading() as unit:
            integrations = [one for one in unit.integrations.all() if actor.sees(one.creditor_id)]
            queues = self._queues(unit, integrations, actor.creditor_ids, now)
            silence = self._silence(unit, queues, now)
        return alarms(queues, silence, now, self._settings)

    def sound(self) -> Sequence[Alarm]:
        """Tell the listeners of each alarm that they were not told of today. For the sweep; returns those told."""
        standing = self.check(SYSTEM)
        if not standing:
            return []
        with self._tenant.storage.reading() as unit:
            told = unit.marks.all(_TOLD)
        new = [alarm for alarm in standing if told.get(_name(alarm), _NEVER) < _begin(alarm)]
        for alarm in new:
            self._tenant.listeners.alarm(alarm)
        if new:
            with self._tenant.storage.unit() as unit:
                for alarm in new:
                    unit.marks.set(_name(alarm), _begin(alarm))
                unit.commit()
        return new

    def beat(self) -> None:
        """A worker is alive. For its sweep."""
        with self._tenant.storage.unit() as unit:
            unit.marks.set(HEARTBEAT_MARK, self._tenant.clock.now())
            unit.commit()

    def waits(self, negativations: Sequence[Negativation]) -> Mapping[str, Wait]:
        """Why each of a list's removals waits, by negativation id."""
        now = self._tenant.clock.now()
        with self._tenant.storage.reading() as unit:
            integrations = {key: unit.integrations.get(key) for key in {each.integration_id for each in negativations}}
            creditors = {key: unit.creditors.get(key) for key in {each.creditor_id for each in negativations}}
        calendars = {key: self._tenant.calendars.of(creditor) for key, creditor in creditors.items()}
        found: dict[str, Wait] = {}
        for each in negativations:
            deadline, today = each.transmission.deadline, creditors[each.creditor_id].today(now)
            left = None if deadline is None else calendars[each.creditor_id].days_until(deadline, today)
            found[each.id] = Wait(why_it_waits(each, integrations[each.integration_id], now), left)
        return found

    def _queues(
        self, unit: UnitOfWork, integrations: Sequence[Integration], scope: frozenset[str] | None, now: datetime
    ) -> list[QueueFacts]:
        """The queues, by three reads that an index answers; one more for each integration that sends nothing."""
        page = Page(LOOKED_AT)
        urgent = unit.negativations.list(NegativationFilter(creditor_ids=scope, in_removal_queue=True), page)
        stuck = unit.negativations.list(NegativationFilter(creditor_ids=scope, blocked=True), page).items
        queues: list[QueueFacts] = []
        for integration in integrations:
            waiting = [each for each in urgent.items if each.integration_id == integration.id]
            if not waiting and urgent.cursor is not None and _sends_nothing(integration):
                its = NegativationFilter(integration_id=integration.id, in_removal_queue=True)
                waiting = list(unit.negativations.list(its, page).items)
            creditor = unit.creditors.get(integration.creditor_id)
            queues.append(
                QueueFacts(
                    integration=integration,
                    today=creditor.today(now),
                    calendar=self._tenant.calendars.of(creditor),
                    waiting=_waiting(waiting),
                    for_person=_waiting(each for each in stuck if each.integration_id == integration.id),
                    is_more=urgent.cursor is not None,
                )
            )
        return queues

    def _silence(self, unit: UnitOfWork, queues: Sequence[QueueFacts], now: datetime) -> SilenceFacts:
        host = self._tenant.host
        depends = bool(unit.negativations.open_invoice_ids(host.code, Page(1)).items)
        works = depends or bool(unit.negativations.list(NegativationFilter(is_open=True), Page(1)).items)
        marks = [unit.marks.get(REREAD_MARK + host.code)]
        if host.capabilities.settlements:
            marks.append(unit.marks.get(SWEPT_MARK + host.code))
        known = [mark for mark in marks if mark is not None]
        return SilenceFacts(
            host=host.code,
            host_matters=depends,
            host_swept_at=min(known) if len(known) == len(marks) else None,
            worker_matters=works,
            heartbeat_at=unit.marks.get(HEARTBEAT_MARK),
            today=max((queue.today for queue in queues), default=now.date()),
        )


_NEVER = datetime.min.replace(tzinfo=UTC)


def _name(alarm: Alarm) -> str:
    return f"{_TOLD}{alarm.code.value}.{alarm.subject}"


def _begin(alarm: Alarm) -> datetime:
    """The alarm's day, as an instant to compare."""
    return datetime.combine(alarm.day, time(), UTC)


def _sends_nothing(integration: Integration) -> bool:
    return integration.paused_until is not None or not integration.owns_transmission


def _waiting(negativations: Iterable[Negativation]) -> list[WaitingRemoval]:
    """Those of them whose removal is desired, the most urgent first."""
    found = [
        WaitingRemoval(each.id, each.transmission.deadline)
        for each in negativations
        if each.transmission.deadline is not None and is_in_removal_queue(each)
    ]
    return sorted(found, key=lambda each: each.deadline)
