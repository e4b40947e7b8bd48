"""Alarms, for `removals check` and for the event hook, and the reason why a removal waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from credit_protection.application import inclusion_hold
from credit_protection.application.host_polling import POLLED_WATERMARK
from credit_protection.application.inclusion_hold import HEARTBEAT_WATERMARK
from credit_protection.application.rereading import REREAD_WATERMARK
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.alarms import (
    Alarm,
    AlarmSettings,
    HeartbeatFacts,
    PendingRemoval,
    QueueFacts,
    alarms,
    nothing_configured,
    wait_reason,
    without_ids,
    worst_first,
)
from credit_protection.domain.days import earliest_date
from credit_protection.domain.instants import SKEW, is_over
from credit_protection.domain.integrations import Integration
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.silence import (
    AwaitingDivergences,
    MissingGateway,
    OtherHost,
    SilenceFacts,
    WaitingPayments,
    silence_alarms,
)
from credit_protection.domain.statuses import is_in_removal_queue
from credit_protection.domain.troubles import Trouble, TroubleKind
from credit_protection.ports.storage import NegativationFilter, PageRequest, UnitOfWork

CHECK_BATCH_SIZE = 200
"""How many removals are counted, the most urgent first; above it an alarm says "at least"."""
FAILED_WATERMARK = "sweep.failed."
"""Prefix of the watermark of a step of the sweep that failed; the step follows, and its note says why."""
_NOTIFIED = "alarm.notified."
_TROUBLE = "trouble."
_TROUBLE_SHOWN = timedelta(minutes=15)
"""How long what another process said of itself is shown: while it lasts, its sweep says it again."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WaitReason:
    """Why a transmission waits, and the business days until its legal deadline; below zero once it has passed.

    Args:
        until: the instant, UTC, before which nothing is sent; None where a person or the bureau ends the wait.
    """

    reason: str
    business_days_left: int | None
    until: datetime | None = None


class Alarms:
    """The use cases about alarms."""

    def __init__(self, tenant: TenantPorts, settings: AlarmSettings = AlarmSettings()) -> None:
        self._tenant = tenant
        self._settings = settings
        self._stored: set[str] = set()

    def check(self, actor: Actor) -> Sequence[Alarm]:
        """The present alarms of the creditors that the actor sees, the worst first.

        Raises:
            PermissionDenied: the actor may not read the history.
        """
        actor.require(Permission.READ_HISTORY)
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            registered = unit.integrations.all()
            integrations = [one for one in registered if actor.sees(one.creditor_id)]
            queues = self._queues(unit, integrations, actor.creditor_ids, now)
            heartbeats = self._heartbeats(unit, queues, now)
            silence = self._silence(unit, queues, heartbeats.today, now)
        if actor.creditor_ids is not None:
            heartbeats, silence = without_ids(heartbeats), silence.without_ids()
        silent = silence_alarms(silence, now, self._settings)
        if not registered:
            silent.append(nothing_configured(heartbeats.today))
        return worst_first([*alarms(queues, heartbeats, now, self._settings), *silent])

    def notify(self) -> Sequence[Alarm]:
        """Notify the listeners of each alarm once a day. For the sweep; returns the new alarms."""
        present = self.check(SYSTEM)
        if not present:
            return []
        with self._tenant.storage.read_only() as unit:
            notified = unit.watermarks.all(_NOTIFIED)
        new = [alarm for alarm in present if not _is_told(alarm, notified.get(_watermark(alarm)))]
        for alarm in new:
            self._tenant.listeners.alarm(alarm)
        if new:
            with self._tenant.storage.unit() as unit:
                for alarm in new:
                    unit.watermarks.set(_watermark(alarm), _day_start(alarm))
                unit.commit()
        return new

    def store_troubles(self) -> None:
        """Store what fails in this process, so that the alarms of others tell it too. For its sweep."""
        present = self._tenant.troubles.present()
        stored = {_trouble_mark(each): each.message for each in present}
        if not stored and not self._stored:
            return
        with self._tenant.storage.unit() as unit:
            for name, message in stored.items():
                unit.watermarks.set(name, self._tenant.clock.now(), message)
            for name in self._stored - stored.keys():
                unit.watermarks.clear(name)
            unit.commit()
        self._stored = set(stored)

    def record_heartbeat(self) -> None:
        """Record that a worker is alive. For its sweep."""
        with self._tenant.storage.unit() as unit:
            inclusion_hold.record_heartbeat(unit, self._tenant.clock.now())
            unit.commit()

    def wait_reasons(self, negativations: Sequence[Negativation]) -> Mapping[str, WaitReason]:
        """Why each of these removals waits, by negativation id. The caller has read them under an actor."""
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            integrations = {key: unit.integrations.get(key) for key in {each.integration_id for each in negativations}}
            creditors = {key: unit.creditors.get(key) for key in {each.creditor_id for each in negativations}}
        calendars = {key: self._tenant.calendars.for_creditor(creditor) for key, creditor in creditors.items()}
        installed = self._tenant.gateways.installed
        found: dict[str, WaitReason] = {}
        for each in negativations:
            deadline, today = each.transmission.deadline, creditors[each.creditor_id].today(now)
            left = None if deadline is None else calendars[each.creditor_id].days_until(deadline, today)
            integration = integrations[each.integration_id]
            is_missing = integration.gateway not in installed and each.transmission.block is None
            reason = _missing_gateway(integration) if is_missing else wait_reason(each, integration, now)
            work, until = each.transmission, None
            if work.action.is_call and work.block is None and integration.settings.owns_transmission:
                until = max(work.due_at, integration.paused_until or work.due_at)
            found[each.id] = WaitReason(reason, left, until)
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

    def _silence(self, unit: UnitOfWork, queues: Sequence[QueueFacts], today: date, now: datetime) -> SilenceFacts:
        """What waits, is missing or failed; a bounded number of indexed reads."""
        host, installed = self._tenant.host.code, self._tenant.gateways.installed
        waiting = unit.settlements.waiting(now - self._settings.unapplied_for, CHECK_BATCH_SIZE, or_after=now + SKEW)
        watermarks = unit.watermarks
        visible = {queue.integration.id: queue for queue in queues}
        marks = watermarks.all("")
        return SilenceFacts(
            host=host,
            troubles=self._troubles(unit, marks, now),
            newest=inclusion_hold.newest_mark(marks),
            today=today,
            waiting=None
            if waiting.since is None
            else WaitingPayments(
                waiting.count, waiting.since, waiting.invoice_ids, is_more=waiting.count >= CHECK_BATCH_SIZE
            ),
            missing_gateways=[
                MissingGateway(one.integration, unit.negativations.count_open(one.integration.id), one.today)
                for one in queues
                if one.integration.gateway not in installed
            ],
            failed_steps={
                name.removeprefix(FAILED_WATERMARK): why for name, why in watermarks.notes(FAILED_WATERMARK).items()
            },
            other_hosts=[
                OtherHost(code, watermarks.get(REREAD_WATERMARK + code))
                for code in unit.negativations.open_hosts()
                if code != host
            ],
            divergences=[
                AwaitingDivergences(
                    visible[each.integration_id].integration,
                    each.code,
                    each.severity,
                    each.count,
                    each.decide_by,
                    visible[each.integration_id].today,
                )
                for each in unit.divergences.counts()
                if each.integration_id in visible
            ],
        )

    def _troubles(self, unit: UnitOfWork, marks: Mapping[str, datetime], now: datetime) -> Sequence[Trouble]:
        """What fails in this process, and what other processes lately said of theirs."""
        lately = {
            name: at for name, at in marks.items() if name.startswith(_TROUBLE) and not is_over(at, now, _TROUBLE_SHOWN)
        }
        notes = unit.watermarks.notes(_TROUBLE) if lately else {}
        found = {name: _trouble_of(name, notes.get(name, "")) for name in lately}
        return sorted({**found, **{_trouble_mark(each): each for each in self._tenant.troubles.present()}}.values())

    def _heartbeats(self, unit: UnitOfWork, queues: Sequence[QueueFacts], now: datetime) -> HeartbeatFacts:
        host = self._tenant.host
        needs_host = bool(unit.negativations.open_invoice_ids(host.code, PageRequest(1)).items)
        needs_worker = needs_host or bool(
            unit.negativations.list(NegativationFilter(is_open=True), PageRequest(1)).items
        )
        watermarks = [unit.watermarks.get(REREAD_WATERMARK + host.code)]
        if host.capabilities.settlements:
            watermarks.append(unit.watermarks.get(POLLED_WATERMARK + host.code))
        known = [each for each in watermarks if each is not None]
        return HeartbeatFacts(
            host=host.code,
            host_is_needed=needs_host,
            host_swept_at=min(known) if len(known) == len(watermarks) else None,
            worker_is_needed=needs_worker,
            heartbeat_at=unit.watermarks.get(HEARTBEAT_WATERMARK),
            today=max((queue.today for queue in queues), default=earliest_date(now)),
            unreadable=unit.unreadable.list(CHECK_BATCH_SIZE),
            inclusions_held=inclusion_hold.is_declared(unit),
        )


def _trouble_mark(trouble: Trouble) -> str:
    return f"{_TROUBLE}{trouble.kind.value}.{trouble.subject}"


def _trouble_of(name: str, message: str) -> Trouble:
    kind, _, subject = name.removeprefix(_TROUBLE).partition(".")
    return Trouble(TroubleKind(kind), subject, message)


def _is_told(alarm: Alarm, told: datetime | None) -> bool:
    """Whether it was told on its day; a mark of days ahead is of a clock that was wrong."""
    day = _day_start(alarm)
    return told is not None and day <= told <= day + _DAY


def _missing_gateway(integration: Integration) -> str:
    return f"O gateway {integration.gateway!r} não está instalado neste ambiente. Instale o plugin que o oferece."


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
