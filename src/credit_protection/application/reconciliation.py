"""Reconciliation: a pass over the bureau's side, and what waits for one after an outage or a restore."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from itertools import islice
from zoneinfo import ZoneInfo

from credit_protection.application import inclusion_hold
from credit_protection.application.bureau_effects import BureauEffects, Findings, LookedUp, counts_of
from credit_protection.application.inclusion_hold import InclusionHold
from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordKey, RecordState
from credit_protection.domain.comparison import bureau_side
from credit_protection.domain.comparison.brake import is_released
from credit_protection.domain.comparison.bureau_side import BureauRecord
from credit_protection.domain.divergences import Difference, Divergence, DivergenceCode, Side
from credit_protection.domain.errors import (
    BureauError,
    Conflict,
    InvalidInput,
    PermissionDenied,
    RuleViolation,
)
from credit_protection.domain.integrations import Integration
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.operation_counts import OperationCounts
from credit_protection.domain.parsing import compact_document
from credit_protection.domain.statuses import HELD_MESSAGE
from credit_protection.ports.bureau import BureauGateway, ListedRecord
from credit_protection.ports.extracts import Extract
from credit_protection.ports.storage import DivergenceFilter, PageRequest, UnitOfWork, UnseenFilter

BATCH_SIZE = 500
"""Records of a list that are compared and committed together."""
LOOK_UPS = 20
"""Look-ups that are compared and committed together."""
LIST_TRUSTED = "reconciliation.trusted."
"""Prefix of the watermark that a person's "continuar" about a suspect list sets; the integration's id follows."""
_READ_UNTIL = "reconciliation.read."
_LISTED = "reconciliation.listed."
_TRIED = "reconciliation.tried."
_LEASE = "reconciliation.lease."
_LEASED_FOR = timedelta(minutes=5)
_SHARE_OF_RATE = 5
_SLICE = 20.0
_REST = 1.0
_LONGEST_REST = 60.0
_RETRY_AFTER = timedelta(hours=1)
_NIGHTLY_AT = time_of_day(2)
_UNREADABLE = "registros_ilegiveis"
_LEFT = frozenset({RecordState.GONE, RecordState.REMOVING})
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReconciliationSummary:
    """What a pass did.

    Args:
        as_of: the instant of the list, or of the first look-up, UTC.
        rows: records that were listed.
        matched: those that a negativation here has.
        unknown: those that stand and that none has.
        foreign: those that are not ours by their contracts.
        looked_up: records that were looked up.
        missing: those that are believed to be on file and were not found.
        answered: doubts that the list ended, and records that it confirmed.
        reopened: closed records that stand, put back into the removal queue.
        opened: new divergences by code.
        unreadable: rows that could not be read.
        is_suspect: too many are missing from the list: none was judged.
        is_ended: whether the pass came to its end.
        stopped: why it did not: one Portuguese sentence.
    """

    integration_id: str
    as_of: datetime
    rows: int
    matched: int
    unknown: int
    foreign: int
    looked_up: int
    missing: int
    answered: int
    reopened: int
    opened: Mapping[str, int]
    unreadable: int
    is_suspect: bool
    is_ended: bool
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class HoldState:
    """Whether inclusions wait after an outage or a restore, and the integrations that are still to be reconciled."""

    since: datetime | None
    pending: Sequence[Integration] = ()

    @property
    def is_held(self) -> bool:
        """Whether inclusions wait."""
        return self.since is not None

    @property
    def message(self) -> str:
        """What to do, one Portuguese sentence; empty where inclusions go on."""
        return HELD_MESSAGE if self.is_held else ""


class Reconciliation:
    """The use cases about the bureau's side."""

    def __init__(self, tenant: TenantPorts, sleep: Callable[[float], None] = time.sleep) -> None:
        self._tenant = tenant
        self._sleep = sleep
        self._running: dict[str, _Pass] = {}
        self._lock = threading.Lock()

    def run(
        self, actor: Actor, integration_id: str, source: Extract | None = None, *, as_of: datetime | None = None
    ) -> ReconciliationSummary:
        """Compare the bureau's side with what is believed here, to the end.

        It reads the bureau's list where the gateway can list, else looks each record up, else needs a file. It rests
        while a removal is due. It may be repeated: after a failure a second call goes on with what is left.

        Args:
            actor: needs "remover".
            integration_id: whose account.
            source: a file of the bureau's extract instead of asking the bureau.
            as_of: the instant of the file, as the person knows it.

        Raises:
            InvalidInput: a file without its instant, or with one in the future; or it can't be read.
            RuleViolation: the gateway can neither list nor look up, and there is no file.
            Conflict: another pass of the integration is running.
            NotFound, PermissionDenied.
        """
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            context = ContextLoader(self._tenant, unit).for_actor(actor, integration_id)
        actor.require(Permission.REMOVE, context.creditor.id)
        if source is not None:
            instant = _instant_of_file(as_of, now)
            made = _Pass(self._tenant, context, _file_records(source), instant, source=source)
        else:
            _require_source(context)
            made = _Pass(self._tenant, context, self._list_of(context), now)
        if not self._lease(integration_id):
            raise Conflict(
                "Outra reconciliação desta integração está em andamento. Espere alguns minutos e repita.",
                code="reconciliacao_em_andamento",
            )
        try:
            self._drive(made, None)
        finally:
            self._release(integration_id)
        return self._ended(actor, made)

    def compare_counts(
        self, actor: Actor, integration_id: str, counts: Mapping[str, OperationCounts]
    ) -> ReconciliationSummary:
        """Compare a portal's extract of operations, by its counts of each compact document; it opens notices only.

        Raises:
            NotFound, PermissionDenied.
        """
        with self._tenant.storage.read_only() as unit:
            context = ContextLoader(self._tenant, unit).for_actor(actor, integration_id)
        actor.require(Permission.REMOVE, context.creditor.id)
        made = _Pass(self._tenant, context, None, self._tenant.clock.now())
        made.compare(counts)
        return made.summary()

    def run_due(self) -> int:
        """Go on with the passes that are due, for a short while: nightly, or after an outage. For the sweep.

        Returns how many ended.
        """
        ended, until = 0, time.monotonic() + _SLICE
        for context, since in self._due():
            if time.monotonic() < until and self._lease(context.integration.id):
                ended += self._run_slice(context, since, until)
        return ended

    def _run_slice(self, context: IntegrationContext, since: datetime | None, until: float) -> bool:
        """Go on with a pass for a short while, or begin one; whether it ended."""
        integration_id = context.integration.id
        with self._lock:
            made = self._running.pop(integration_id, None)
        is_stopped = True
        try:
            if made is None:
                made = _Pass(self._tenant, context, self._list_of(context), self._tenant.clock.now(), since=since)
            self._drive(made, until)
            is_stopped = bool(made.stopped)
        finally:
            self._release(integration_id, tried=is_stopped)
        if made.is_over:
            self._ended(SYSTEM, made)
        else:
            with self._lock:
                self._running[integration_id] = made
        return made.is_ended

    # ------------------------------------------------------------------------------------ after an outage

    def hold(self, actor: Actor) -> HoldState:
        """Whether inclusions wait, and for which integrations. Raises `PermissionDenied`."""
        actor.require(Permission.READ_HISTORY)
        with self._tenant.storage.read_only() as unit:
            held = inclusion_hold.inclusion_hold(unit, self._tenant.clock.now())
            pending = () if held is None else self._pending(unit, held)
        return HoldState(
            None if held is None else held.since, [each for each in pending if actor.sees(each.creditor_id)]
        )

    def declare_restored(self, actor: Actor, *, remark: str = "") -> HoldState:
        """Declare that a backup was put back: inclusions wait; removals go on.

        Raises:
            PermissionDenied: the actor may not configure, or is bound to some creditors.
        """
        _require_all(actor)
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            inclusion_hold.declare(unit, now)
            unit.audit.add(
                AuditEntry(now, actor.id, actor.name, "installation.restored", "installation", remark=remark)
            )
            pending = self._pending(unit, InclusionHold(now))
            unit.commit()
        return HoldState(now, pending)

    def continue_inclusions(self, actor: Actor, *, remark: str) -> HoldState:
        """Let inclusions go on after a reconciliation of each integration, as a person states.

        Raises:
            RuleViolation: not a person, or an active integration was not reconciled since.
            Conflict: inclusions do not wait.
            InvalidInput: no remark.
            PermissionDenied: the actor may not configure, or is bound to some creditors.
        """
        _require_all(actor)
        if not actor.is_person:
            raise RuleViolation("Só uma pessoa pode liberar as inclusões. Entre com um usuário seu.", code="sem_pessoa")
        if not remark.strip():
            raise InvalidInput("Diga o que foi conferido.", field="remark", code="motivo_obrigatorio")
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            held = inclusion_hold.inclusion_hold(unit, now)
            if held is None:
                raise Conflict("As inclusões não estão em espera: não há o que liberar.", code="sem_espera")
            if pending := self._pending(unit, held):
                names = ", ".join(each.description for each in pending)
                raise RuleViolation(
                    f"Falta reconciliar: {names}. Rode credit-protection reconcile para cada uma e repita.",
                    code="falta_reconciliar",
                )
            inclusion_hold.declare(unit, held.since)
            inclusion_hold.release(unit, now)
            inclusion_hold.record_heartbeat(unit, now)
            unit.audit.add(
                AuditEntry(now, actor.id, actor.name, "installation.continue", "installation", remark=remark.strip())
            )
            unit.commit()
        self._tenant.queue.wake()
        return HoldState(None)

    def _pending(self, unit: UnitOfWork, held: InclusionHold) -> list[Integration]:
        """The integrations that could include and whose bureau was not read since."""
        read = unit.watermarks.all(_READ_UNTIL)
        return [
            each
            for each in unit.integrations.all()
            if each.active and self._can_ask(each) and read.get(_READ_UNTIL + each.id, _NEVER) < held.since
        ]

    def _can_ask(self, integration: Integration) -> bool:
        """Whether the gateway is installed and can list or look up; else the person's statement must do."""
        provider = self._tenant.gateways.providers.get(integration.gateway)
        return provider is not None and (provider.capabilities.list_records or provider.capabilities.find)

    # ------------------------------------------------------------------------------------ passes

    def _list_of(self, context: IntegrationContext) -> Callable[[], Iterator[BureauRecord | None]] | None:
        if not context.capabilities.list_records:
            return None
        gateway = self._tenant.gateways.for_integration(context.integration)
        return lambda: map(_listed, gateway.list_records())

    def _due(self) -> list[tuple[IntegrationContext, datetime | None]]:
        """The integrations whose pass is due, and since when records must have been looked up (no list)."""
        now = self._tenant.clock.now()
        found: list[tuple[IntegrationContext, datetime | None]] = []
        with self._tenant.storage.read_only() as unit:
            marks = unit.watermarks.all("reconciliation.")
            held = inclusion_hold.inclusion_hold(unit, now)
            contexts = ContextLoader(self._tenant, unit)
            for integration in unit.integrations.all():
                if not integration.active or integration.is_paused(now) or not self._can_ask(integration):
                    continue
                if (
                    integration.id not in self._running
                    and now - marks.get(_TRIED + integration.id, _NEVER) < _RETRY_AFTER
                ):
                    continue
                context = contexts.for_actor(SYSTEM, integration.id)
                read = marks.get(_READ_UNTIL + integration.id, integration.created_at)
                after_outage = held is not None and read < held.since
                if context.capabilities.list_records:
                    if integration.id in self._running or after_outage or read < _last_night(context, now):
                        found.append((context, None))
                elif after_outage and held is not None:
                    found.append((context, held.since))
                elif _has_old(unit, context, now):
                    found.append((context, now - bureau_side.LOOKED_UP_WITHIN))
        return found

    def _drive(self, made: _Pass, until: float | None) -> None:
        """Make the calls of a pass, until it is over or the time is."""
        pace = made.pace
        try:
            while not made.is_over:
                if until is not None and time.monotonic() >= until:
                    return
                if self._tenant.clock.now() >= made.leased_until - _LEASED_FOR / 2:
                    made.leased_until = self._extend(made.context.integration.id)
                if made.calls_next:
                    if not self._may_call(made.context.integration.id, wait=until is None):
                        if until is None:
                            made.stop("Há remoções a enviar, e a reconciliação espera por elas. Envie-as e repita.")
                        return
                    if until is not None and time.monotonic() + pace.seconds_left() >= until:
                        return
                    pace.before_call(self._sleep)
                made.step()
        except BureauError as error:
            made.stop(error.message)

    def _may_call(self, integration_id: str, *, wait: bool) -> bool:
        """Whether no removal is due; where a person waits, rest for a while until none is."""
        rested = 0.0
        while True:
            with self._tenant.storage.read_only() as unit:
                if not unit.negativations.has_due_removal(integration_id, self._tenant.clock.now()):
                    return True
            if not wait or rested >= _LONGEST_REST:
                return False
            self._sleep(_REST)
            rested += _REST

    def _ended(self, actor: Actor, made: _Pass) -> ReconciliationSummary:
        summary = made.summary()
        now, integration = self._tenant.clock.now(), made.context.integration
        after = {
            name: str(getattr(summary, name))
            for name in ("rows", "matched", "unknown", "looked_up", "missing", "answered", "reopened", "is_ended")
        }
        with self._tenant.storage.unit() as unit:
            if summary.is_ended:
                unit.watermarks.set(_READ_UNTIL + integration.id, made.read_until)
            unit.audit.add(
                AuditEntry(
                    now,
                    actor.id,
                    actor.name,
                    "reconciliation.run",
                    integration.id,
                    integration.creditor_id,
                    summary.stopped,
                    after=after,
                )
            )
            unit.commit()
        return summary

    def _lease(self, integration_id: str) -> bool:
        """Take the integration's passes for this process; False where another one has them."""
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            until = unit.watermarks.get(_LEASE + integration_id)
            if until is not None and until > now:
                return False
            unit.watermarks.set(_LEASE + integration_id, now + _LEASED_FOR)
            unit.commit()
        return True

    def _extend(self, integration_id: str) -> datetime:
        until = self._tenant.clock.now() + _LEASED_FOR
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(_LEASE + integration_id, until)
            unit.commit()
        return until

    def _release(self, integration_id: str, *, tried: bool = False) -> None:
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(_LEASE + integration_id, now)
            if tried:
                unit.watermarks.set(_TRIED + integration_id, now)
            unit.commit()


class _Pace:
    """At most a fifth of the integration's rate, and each call with a permit."""

    def __init__(self, tenant: TenantPorts, integration: Integration) -> None:
        self._tenant = tenant
        self._integration = integration
        rate = integration.settings.rate_per_second
        self._spacing = timedelta(0) if rate is None else timedelta(seconds=_SHARE_OF_RATE / rate)
        self._next = _NEVER

    def seconds_left(self) -> float:
        """How long the next call must wait for the one before it."""
        return max(0.0, (self._next - self._tenant.clock.now()).total_seconds())

    def before_call(self, sleep: Callable[[float], None]) -> None:
        """Wait until a call may be made."""
        sleep(self.seconds_left())
        while (not_before := self._tenant.limits.acquire(self._integration)) is not None:
            sleep(max(0.0, (not_before - self._tenant.clock.now()).total_seconds()))
        self._next = self._tenant.clock.now() + self._spacing


class _Pass:
    """One pass over one integration, call by call."""

    def __init__(
        self,
        tenant: TenantPorts,
        context: IntegrationContext,
        records: Callable[[], Iterator[BureauRecord | None]] | None,
        as_of: datetime,
        *,
        since: datetime | None = None,
        source: Extract | None = None,
    ) -> None:
        self.context = context
        self.as_of = as_of
        self.read_until = as_of if since is None else since
        self.leased_until = tenant.clock.now() + _LEASED_FOR
        self.is_over = False
        self.is_ended = False
        self.stopped = ""
        self.calls_next = False
        self.pace = _Pace(tenant, context.integration)
        self._tenant = tenant
        self._records = records
        self._is_file = source is not None
        self._is_log = source is not None and source.is_operation_log
        self._is_suspect = False
        self._findings = Findings()
        self._effects = BureauEffects(tenant, context.integration.id, self._findings)
        self._steps = self._run()

    def step(self) -> None:
        """Do one piece: at most one call to the bureau, where `calls_next` said so."""
        try:
            self.calls_next = next(self._steps)
        except StopIteration:
            self.is_over = self.is_ended = True

    def compare(self, counts: Mapping[str, OperationCounts]) -> None:
        """Compare the counts of a portal's extract, instead of any step."""
        documents = sorted(counts)
        for start in range(0, len(documents), BATCH_SIZE):
            self._effects.store_counts({key: counts[key] for key in documents[start : start + BATCH_SIZE]})
        self.is_over = self.is_ended = True

    def stop(self, reason: str) -> None:
        """It can't go on."""
        self.is_over, self.stopped = True, reason

    def summary(self) -> ReconciliationSummary:
        """What it did."""
        found = self._findings
        return ReconciliationSummary(
            integration_id=self.context.integration.id,
            as_of=self.as_of,
            rows=found.rows,
            matched=found.matched,
            unknown=len(found.unknown),
            foreign=found.foreign,
            looked_up=found.looked_up,
            missing=found.missing,
            answered=found.answered,
            reopened=found.reopened,
            opened=counts_of(found),
            unreadable=found.unreadable,
            is_suspect=self._is_suspect,
            is_ended=self.is_ended,
            stopped=self.stopped,
        )

    def _run(self) -> Iterator[bool]:
        """Yields whether the next piece makes a call."""
        with self._tenant.storage.read_only() as unit:
            wanted = DivergenceFilter(integration_id=self.context.integration.id, is_open=True)
            shown = _pages(unit, wanted)
            self._findings.shown_before = {hash(each.subject) for each in shown if each.side is Side.BUREAU}
        if self._records is None:
            yield from self._look_up_all()
            return
        is_whole = yield from self._read_list(self._records())
        if self._is_log:
            return  # a log of operations shows what was done in a period, and no absence
        yield from self._judge(is_whole=is_whole)

    def _read_list(self, records: Iterator[BureauRecord | None]) -> Generator[bool, None, bool]:
        """Store the list batch by batch; returns whether each of its rows could be read."""
        batch: list[BureauRecord] = []
        page = self.context.capabilities.list_page_size
        count, is_whole = page, True
        while count == page:
            yield not self._is_file
            count = 0
            try:
                for record in islice(records, page):
                    count += 1
                    if record is None:
                        self._findings.unreadable += 1
                    else:
                        batch.append(record)
            except BureauError as error:
                if error.code != _UNREADABLE:
                    self._effects.store_list(batch, self.as_of)
                    raise
                count, is_whole = 0, False  # it is raised at the end: some rows could not be read
            while len(batch) >= BATCH_SIZE:
                self._effects.store_list(batch[:BATCH_SIZE], self.as_of)
                del batch[:BATCH_SIZE]
                yield False
        self._effects.store_list(batch, self.as_of)
        return is_whole and not self._findings.unreadable

    def _judge(self, *, is_whole: bool) -> Iterator[bool]:
        """After the list's end: what stands twice, what is absent, and what is over."""
        yield False
        integration, capabilities = self.context.integration, self.context.capabilities
        self._effects.store_others(self.as_of)
        stable = self.as_of - capabilities.quiet_period
        absent_of = UnseenFilter(integration.id, stable, self.as_of)
        with self._tenant.storage.read_only() as unit:
            standing = unit.negativations.count_unseen(UnseenFilter(integration.id, stable))
            shown = sum(1 for _ in _open_ones(unit, integration.id, _MISSING_CODES))
            absent = unit.negativations.count_unseen(absent_of) - shown
            trusted = unit.watermarks.get(LIST_TRUSTED + integration.id)
        if bureau_side.is_suspect(absent, standing) and not is_released(trusted, self._tenant.clock.now()):
            self._is_suspect = True
            self._effects.store_of_integration([bureau_side.suspect_list(integration.id, absent, standing)], ())
            return
        self._effects.store_of_integration(
            self._counted(), (DivergenceCode.SUSPECT_LIST, DivergenceCode.UNKNOWN_RECORD)
        )
        if capabilities.find:
            yield from self._look_up(absent_of)
        elif is_whole:
            yield from self._absent_twice()
        if is_whole:
            yield from self._close_over()

    def _counted(self) -> list[Difference]:
        """Of a shared account, the unknown records are one count."""
        integration, count = self.context.integration, len(self._findings.unknown)
        if not (integration.settings.shared_account and count):
            return []
        return [bureau_side.unknown_count(integration.id, count)]

    def _absent_twice(self) -> Iterator[bool]:
        """Where the gateway can't look up: absent from this list and from one before it."""
        integration_id, quiet = self.context.integration.id, self.context.capabilities.quiet_period
        with self._tenant.storage.read_only() as unit:
            before = unit.watermarks.get(_LISTED + integration_id)
        if before is not None and self.as_of - before < bureau_side.LISTS_APART:
            return
        cursor: str | None = None
        while before is not None:
            wanted = UnseenFilter(integration_id, before - quiet, before)
            with self._tenant.storage.read_only() as unit:
                page = unit.negativations.unseen(wanted, PageRequest(BATCH_SIZE, cursor))
            self._effects.store_missing(page.items, self.as_of)
            yield False
            cursor = page.cursor
            if cursor is None:
                break
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(_LISTED + integration_id, self.as_of)
            unit.commit()

    def _look_up_all(self) -> Iterator[bool]:
        """Where there is no list: the unconfirmed first, then those that were not looked up for the longest."""
        integration_id, quiet = self.context.integration.id, self.context.capabilities.quiet_period
        since = min(self.as_of, max(self.read_until, self.as_of - bureau_side.UNCONFIRMED_WITHIN))
        stable = self.as_of - quiet
        yield from self._look_up(UnseenFilter(integration_id, stable, since, only_unconfirmed=True))
        yield from self._look_up(UnseenFilter(integration_id, stable, self.read_until))

    def _look_up(self, wanted: UnseenFilter) -> Iterator[bool]:
        cursor: str | None = None
        while True:
            with self._tenant.storage.read_only() as unit:
                page = unit.negativations.unseen(wanted, PageRequest(LOOK_UPS, cursor))
            answers: list[LookedUp] = []
            try:
                for negativation in page.items:
                    answer = yield from self._found(negativation)
                    answers.append(answer)
            except BureauError:
                self._effects.store_look_ups(answers)
                raise
            self._effects.store_look_ups(answers)
            cursor = page.cursor
            if cursor is None:
                return

    def _found(self, negativation: Negativation) -> Generator[bool, None, LookedUp]:
        """Look a record up: by the bureau's id, and where that misses, by its natural key."""
        gateway = self._gateway()
        key = RecordKey(negativation.document, negativation.reference, negativation.due_date, negativation.bureau_id)
        yield True
        as_of = self._tenant.clock.now()
        found = _there(gateway.find(key))
        by_key: RecordFound | None = None
        if found is None and key.bureau_id is not None:
            yield True
            by_key = _there(gateway.find(replace(key, bureau_id=None)))
        return LookedUp(negativation, found, by_key, as_of)

    def _close_over(self) -> Iterator[bool]:
        """Close what the list no longer shows; of a record that stood after its removal, after a look-up."""
        integration_id = self.context.integration.id
        with self._tenant.storage.read_only() as unit:
            shown = list(_open_ones(unit, integration_id, bureau_side.CLOSED_BY_LIST))
            after_removal = [each for each in shown if each.code is DivergenceCode.AFTER_REMOVAL]
            seen = unit.negativations.seen_since([each.subject for each in after_removal], self.as_of)
        stands: set[str] = set()
        if self.context.capabilities.find:
            for each in after_removal:
                if each.subject not in seen:
                    with self._tenant.storage.read_only() as unit:
                        negativation = unit.negativations.get(each.subject)
                    answer = yield from self._found(negativation)
                    if answer.found or answer.by_key:
                        stands.add(each.id)
        over = [each for each in shown if each.id not in stands]
        for start in range(0, len(over), BATCH_SIZE):
            self._effects.close_over(over[start : start + BATCH_SIZE], self.as_of)
            yield False

    def _gateway(self) -> BureauGateway:
        return self._tenant.gateways.for_integration(self.context.integration)


_MISSING_CODES = frozenset({DivergenceCode.NOT_THERE, DivergenceCode.NOT_FOUND})


def _open_ones(unit: UnitOfWork, integration_id: str, codes: Iterable[DivergenceCode]) -> Iterator[Divergence]:
    for code in sorted(codes):
        yield from _pages(unit, DivergenceFilter(integration_id=integration_id, code=code, is_open=True))


def _pages(unit: UnitOfWork, wanted: DivergenceFilter) -> Iterator[Divergence]:
    cursor: str | None = None
    while True:
        page = unit.divergences.list(wanted, PageRequest(BATCH_SIZE, cursor))
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _there(result: LookupResult) -> RecordFound | None:
    """The record, where it is on file."""
    return result if isinstance(result, RecordFound) and result.state in bureau_side.IS_THERE else None


def _has_old(unit: UnitOfWork, context: IntegrationContext, now: datetime) -> bool:
    """Whether a record was not looked up for long."""
    integration_id, stable = context.integration.id, now - context.capabilities.quiet_period
    wanted = UnseenFilter(integration_id, stable, now - bureau_side.LOOKED_UP_WITHIN)
    unconfirmed = UnseenFilter(integration_id, stable, now - bureau_side.UNCONFIRMED_WITHIN, only_unconfirmed=True)
    return any(unit.negativations.unseen(each, PageRequest(1)).items for each in (unconfirmed, wanted))


def _last_night(context: IntegrationContext, now: datetime) -> datetime:
    """The newest instant at which the nightly pass was due."""
    local = now.astimezone(ZoneInfo(context.creditor.time_zone))
    due = datetime.combine(local.date(), _NIGHTLY_AT, local.tzinfo)
    return due if due <= local else due - timedelta(days=1)


def _instant_of_file(as_of: datetime | None, now: datetime) -> datetime:
    if as_of is None:
        raise InvalidInput(
            "Diga de quando é o arquivo: o instante em que o extrato foi tirado (--as-of).",
            field="as_of",
            code="instante_do_extrato",
        )
    if as_of.tzinfo is None:
        raise InvalidInput("O instante do extrato precisa de fuso horário.", field="as_of", code="instante_do_extrato")
    if as_of > now:
        raise InvalidInput("O instante do extrato está no futuro. Confira.", field="as_of", code="instante_do_extrato")
    return as_of.astimezone(UTC)


def _require_source(context: IntegrationContext) -> None:
    if not context.capabilities.list_records and not context.capabilities.find:
        raise RuleViolation(
            "Este birô não lista nem encontra registros. Peça o extrato a ele e use o arquivo: --file e --as-of.",
            code="sem_lista",
        )


def _require_all(actor: Actor) -> None:
    """Require a permission over the whole installation."""
    actor.require(Permission.CONFIGURE)
    if actor.creditor_ids is not None:
        raise PermissionDenied(f"{actor.name} só tem acesso a algumas empresas. Peça a um administrador.")


def _listed(record: ListedRecord) -> BureauRecord:
    try:
        amount: Money | None = Money.brl(record.amount)
    except InvalidInput:
        amount = None
    return BureauRecord(
        document=record.key.document.value,
        reference=record.key.reference,
        due_date=record.key.due_date,
        state=record.found.state,
        bureau_id=record.key.bureau_id or record.found.bureau_id,
        amount=amount,
        nature_code=record.nature_code,
        notice_sent_on=record.found.notice_sent_on,
        published_on=record.found.published_on,
    )


def _file_records(source: Extract) -> Callable[[], Iterator[BureauRecord | None]]:
    """The records of a file; of a log of operations, those that it does not remove again."""

    def records() -> Iterator[BureauRecord | None]:
        removed = {hash(row.key) for row in source.rows() if row.state in _LEFT} if source.is_operation_log else set()
        return (_row(row) for row in source.rows() if hash(row.key) not in removed)

    return records


def _row(row: ExtractRow) -> BureauRecord | None:
    if row.problems or row.due_date is None or row.state is None or not row.reference.strip():
        return None
    return BureauRecord(
        document=compact_document(row.document),
        reference=row.reference,
        due_date=row.due_date,
        state=row.state,
        bureau_id=row.bureau_id,
        amount=row.amount,
        notice_sent_on=row.notice_sent_on,
        published_on=row.published_on,
    )
