"""Payments: recorded in the host's transaction, applied in a transaction of our own.

The flow: `record` inserts one row and one audit entry in the transaction that the host has open; the host commits;
`apply` locks the invoice, lets the domain decide under the integration's policy, and opens the transmission.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from credit_protection.application.batched_updates import publish
from credit_protection.application.host_reading import read_invoices
from credit_protection.application.host_scope import HostScope
from credit_protection.application.integration_context import (
    ContextLoader,
    IntegrationContext,
    legal_calendar,
    removal_clock,
)
from credit_protection.application.recording import record_listed
from credit_protection.application.rereading import Rereading
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import removals
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry, automatic_entries, settlement_entry
from credit_protection.domain.capabilities import Backoff
from credit_protection.domain.errors import ConfigurationError, HostUnavailable
from credit_protection.domain.instants import has_come, is_over
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.settlements import Entry, Reversal, by_invoice, needs_host_status
from credit_protection.ports.failpoints import failpoint
from credit_protection.ports.storage import HostTransactionRetry, Unapplied, UnitOfWork

log = logging.getLogger(__name__)

APPLY_LIMIT = 500
APPLY_BATCH_SIZE = 50
"""How many invoices one transaction decides about."""
RECORD_BATCH_SIZE = 500
WAKEUP_DELAY = timedelta(milliseconds=100)
"""How long payments that come fast are collected before the workers apply them."""
_REST = 9
"""How many times as long as a batch took a worker pauses before the next one while payments come in."""
_PAYING_FOR = timedelta(seconds=2)
_BUSY_FOR = 1.0
"""Seconds for which calls after a commit only wake the workers, after two came at once."""
_SHOWN = 10
_FAILURES_KEPT = 10_000
_RETRIES = Backoff(timedelta(seconds=30), timedelta(minutes=15))
_Invoice = tuple[str, str]
"""Host and invoice id."""


class RecordResult(StrEnum):
    """What became of a settlement or a reversal that a host recorded.

    In the host's transaction no result but `RECORDED` and `REPEATED` leaves a settlement behind; the host's transaction
    stays usable, the log says why, and the sweep records the payment where the host lists its settlements.
    """

    RECORDED = "recorded"
    """It is new and stored; in the host's transaction, once the host commits."""
    REPEATED = "repeated"
    """It was recorded before: nothing was changed."""
    NOT_PERMITTED = "not_permitted"
    """The actor lacks `RECORD_PAYMENTS`, or is bound to creditors and the invoice is not known to be theirs.

    The audit trail has an entry. In the second case a settlement marks its invoice to be read from the ERP.
    """
    WRONG_CONNECTION = "wrong_connection"
    """The connection is of an unsupported driver, or of a database without the `cp_` tables."""
    FAILED = "failed"
    """The write failed in the host's transaction."""


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """How many invoices were decided about, and which negativations changed."""

    invoices: int
    changed_negativation_ids: Sequence[str]


class Payments:
    """The use cases about payments."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self._rereading = Rereading(tenant)
        self._own = _OwnPayments()
        self._failures = _Failures()

    def record(self, actor: Actor, entry: Entry, *, connection: object | None = None) -> RecordResult:
        """Record a settlement or a reversal.

        A missing permission is a result, not an exception: it must not refuse a customer's payment. For the same reason
        the facade does not refuse an asyncio event loop in the calling thread where a connection is given: two inserts
        block it for less than a lost payment costs. Without one, it does.

        Args:
            actor: who reports it; needs `RECORD_PAYMENTS`.
            entry: what the host reports.
            connection: the host's own DBAPI connection to the database with the `cp_` tables, to join the transaction
                that is open on it: the rows are written in a savepoint, and the host commits. None: a transaction of
                our own; the entry is applied at once.

        Raises:
            Exception: the host's driver's own error, unchanged, where the database wants the host's transaction retried
                (serialization failure, deadlock, a busy SQLite file). Without a connection: any failure.
        """
        seen = self._seen(actor, [entry.invoice_id], connection)
        result = self._in_transaction(connection, lambda unit: self._insert(unit, actor, entry, seen))
        if result is RecordResult.NOT_PERMITTED:
            log.error("%s may not record payments: an entry of invoice %s was refused", actor.id, entry.invoice_id)
        elif result in {RecordResult.FAILED, RecordResult.WRONG_CONNECTION}:
            log.error("settlement %s of invoice %s was not recorded", entry.settlement_key, entry.invoice_id)
        elif connection is None:
            self._apply_own(entry.invoice_id)
        elif result is RecordResult.RECORDED:
            self._own.remember(entry.invoice_id)
        return result

    def reverse(
        self, actor: Actor, settlement_id: str, invoice_id: str, on: date, *, connection: object | None = None
    ) -> RecordResult:
        """Record the reversal of a settlement; it may come before the settlement itself. See `record`."""
        return self.record(actor, Reversal(settlement_id, invoice_id, on), connection=connection)

    def recheck(self, actor: Actor, invoice_ids: Sequence[str], *, connection: object | None = None) -> RecordResult:
        """Mark invoices to be read again: for an event of the ERP that does not say what happened.

        A recheck is no settlement. Settlements and reversals that the host records are applied before it.

        Args:
            actor: who reports it; needs `RECORD_PAYMENTS`.
            invoice_ids: the host's own ids.
            connection: as in `record`.

        Raises:
            Exception: as `record`.
        """
        seen = self._seen(actor, invoice_ids, connection)
        result = self._in_transaction(connection, lambda unit: self._mark(unit, actor, invoice_ids, seen))
        if result is not RecordResult.RECORDED:
            log.error("a recheck of %s invoices was not recorded: %s", len(invoice_ids), result.value)
        elif connection is None:
            self._tenant.queue.wake()
        return result

    def _seen(self, actor: Actor, invoice_ids: Sequence[str], connection: object | None) -> frozenset[str]:
        """Those of the invoices that the host shows to an actor that is bound to creditors.

        None in the host's transaction, where the host is not asked, and none while it can't be read.
        """
        if actor.creditor_ids is None or connection is not None:
            return frozenset()
        try:
            scope = HostScope.of(self._tenant, actor)
            given, _ = read_invoices(self._tenant, sorted(set(invoice_ids)))
        except HostUnavailable:
            return frozenset()
        return frozenset(key for key, invoice in given.items() if scope.sees(invoice))

    def _is_within_scope(
        self, unit: UnitOfWork, actor: Actor, invoice_ids: Sequence[str], seen: frozenset[str]
    ) -> bool:
        """Whether all invoices are of the actor's creditors: as the host shows them, or as open negativations say."""
        if actor.creditor_ids is None:
            return True
        covering = unit.negativations.for_invoices(self._tenant.host.code, invoice_ids)
        known = {each.invoice_id for one in covering for each in one.invoices}
        return all(actor.sees(one.creditor_id) for one in covering) and set(invoice_ids) <= seen | known

    def _mark(self, unit: UnitOfWork, actor: Actor, invoice_ids: Sequence[str], seen: frozenset[str]) -> RecordResult:
        is_permitted = Permission.RECORD_PAYMENTS in actor.permissions
        if not is_permitted or not self._is_within_scope(unit, actor, invoice_ids, seen):
            now, subject = self._tenant.clock.now(), ", ".join(invoice_ids[:_SHOWN])
            unit.audit.add(AuditEntry(now, actor.id, actor.name, "payment.not_permitted", subject))
            return RecordResult.NOT_PERMITTED
        unit.rechecks.add(self._rereading.new_rechecks(invoice_ids))
        return RecordResult.RECORDED

    def after_commit(self, invoice_ids: Sequence[str] | None = None) -> ApplyResult:
        """Apply the payments that the host has just committed, or have the workers apply them.

        It costs the host the same whatever else waits: it decides about these invoices only. Where payments come so
        fast that two threads would decide at once, it only wakes the workers. Losing this call is harmless.

        Args:
            invoice_ids: of the committed payments; by default those that this thread recorded in a host's transaction
                since its last call. Without any, it only wakes the workers.
        """
        own = self._own.recorded() if invoice_ids is None else list(dict.fromkeys(invoice_ids))
        changed: list[str] = []
        unknown: list[str] = []
        with self._own.turn() as has_turn:
            if has_turn and own:
                done = self._apply_batch(self._tenant.host.code, own[:APPLY_BATCH_SIZE], changed, unknown)
                if len(own) <= APPLY_BATCH_SIZE:
                    if unknown:  # the host is not asked while a customer pays
                        self._rereading.recheck(unknown)
                    return ApplyResult(done, changed)
        if self._own.schedules_wakeup():
            self._tenant.queue.wake(not_before=self._tenant.clock.now() + WAKEUP_DELAY)
        return ApplyResult(len(changed), changed)

    def _apply_own(self, invoice_id: str) -> None:
        unknown: list[str] = []
        self._apply_batch(self._tenant.host.code, [invoice_id], [], unknown)
        self._resolve(unknown, [])

    def record_all(self, entries: Iterable[Entry]) -> int:
        """Record what the host lists, in batches: no transaction is open while it is slow. Returns how many are new.

        Raises:
            Exception: the host's, once all that it had listed before is recorded.
        """
        new = 0
        listed = iter(entries)
        failure: Exception | None = None
        while failure is None:
            batch: list[Entry] = []
            try:
                batch.extend(itertools.islice(listed, RECORD_BATCH_SIZE))
            except Exception as error:  # noqa: BLE001 - raised below
                failure = error
            if not batch:
                break
            with self._tenant.storage.unit() as unit:
                new += record_listed(self._tenant, unit, batch)
                unit.commit()
        if failure is not None:
            raise failure
        return new

    def _in_transaction(self, connection: object | None, write: Callable[[UnitOfWork], RecordResult]) -> RecordResult:
        """Write in the host's transaction, or in one of our own."""
        if connection is None:
            with self._tenant.storage.unit() as unit:
                result = write(unit)
                unit.commit()
            return result
        try:
            with self._tenant.storage.in_transaction_of(connection) as unit:
                result = write(unit)
                unit.commit()
        except HostTransactionRetry as retry:
            raise retry.error from None
        except ConfigurationError:
            log.exception("the connection can't be used to record payments")
            return RecordResult.WRONG_CONNECTION
        except Exception:
            log.exception("a write in the host's transaction failed")
            return RecordResult.FAILED
        return result

    def _insert(self, unit: UnitOfWork, actor: Actor, entry: Entry, seen: frozenset[str]) -> RecordResult:
        now = self._tenant.clock.now()
        if Permission.RECORD_PAYMENTS not in actor.permissions:
            unit.audit.add(settlement_entry(now, actor, entry, refused=True))
            return RecordResult.NOT_PERMITTED
        if not self._is_within_scope(unit, actor, [entry.invoice_id], seen):
            unit.audit.add(settlement_entry(now, actor, entry, refused=True))
            if not isinstance(entry, Reversal):  # whether it was paid, the ERP itself says
                unit.rechecks.add(self._rereading.new_rechecks([entry.invoice_id]))
            return RecordResult.NOT_PERMITTED
        if not unit.settlements.record(self._tenant.host.code, entry, now):
            return RecordResult.REPEATED
        unit.audit.add(settlement_entry(now, actor, entry))
        return RecordResult.RECORDED

    def apply(self, limit: int = APPLY_LIMIT) -> ApplyResult:
        """Decide about settlements of at most `limit` invoices; idempotent; one transaction for each batch of them."""
        changed: list[str] = []
        unknown: list[str] = []
        done, has_more = 0, True
        if not self._failures:
            done, has_more = self._apply_first(min(limit, APPLY_BATCH_SIZE), changed, unknown)
        if has_more and done < limit:
            with self._tenant.storage.read_only() as unit:
                unapplied = unit.settlements.unapplied(limit - done + len(self._failures))
            others, failed = self._failures.split(unapplied, self._tenant.clock.now())
            chosen = [*others[: limit - done], *failed[:APPLY_BATCH_SIZE]]  # what failed before blocks no other
            for host, invoice_ids in _by_host(chosen).items():
                self._apply_all(host, invoice_ids, changed, unknown)
            done += len(chosen)
        self._resolve(unknown, changed)
        return ApplyResult(done, changed)

    def apply_piece(self) -> bool:
        """Apply one batch, for a worker that fetches; returns whether more may wait. One read where nothing waits.

        Where more may wait, the worker is woken: at once, or after a pause where payments come in fast, which compete
        with it for the database.
        """
        began, now = time.monotonic(), self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            waiting = unit.settlements.unapplied(1 + len(self._failures))
            newest = unit.settlements.newest_waiting() if waiting else None
        others, _ = self._failures.split(waiting, now)
        has_more = bool(others) and self.apply(APPLY_BATCH_SIZE).invoices >= APPLY_BATCH_SIZE
        if has_more:
            is_paying = not is_over(newest, now, _PAYING_FOR)
            pause = timedelta(seconds=_REST * (time.monotonic() - began)) if is_paying else timedelta(0)
            self._tenant.queue.wake(not_before=self._tenant.clock.now() + pause)
        return has_more

    def decide_again(self, host: str, invoice_ids: Sequence[str]) -> Sequence[str]:
        """Decide about invoices as if their ledger were new; returns the ids of the negativations that changed."""
        changed: list[str] = []
        unknown: list[str] = []
        self._apply_all(host, invoice_ids, changed, unknown)
        if unknown and host == self._tenant.host.code:
            self._rereading.recheck(unknown)
        return changed

    def _apply_all(self, host: str, invoice_ids: Sequence[str], changed: list[str], unknown: list[str]) -> None:
        for start in range(0, len(invoice_ids), APPLY_BATCH_SIZE):
            self._apply_batch(host, invoice_ids[start : start + APPLY_BATCH_SIZE], changed, unknown)

    def _resolve(self, unknown: Sequence[str], changed: list[str]) -> None:
        """Ask the host about invoices that the ledger alone can't settle, and apply its answers."""
        if unknown and (resolved := self._resolved(unknown)):
            self._apply_batch(self._tenant.host.code, resolved, changed, [])

    def _apply_first(self, limit: int, changed: list[str], unknown: list[str]) -> tuple[int, bool]:
        """Find and apply one batch in one transaction: how many invoices, and whether there may be more."""
        try:
            unapplied, _, changes = self._decide_locked(lambda unit: unit.settlements.lock_unapplied(limit), unknown)
        except Exception:
            log.warning("a batch of settlements could not be applied; each is applied alone", exc_info=True)
            return 0, True
        self._publish(changes, changed)
        return len(unapplied.locked), unapplied.has_more or bool(unapplied.contended)

    def _resolved(self, unknown_state_ids: Sequence[str]) -> list[str]:
        """Ask the host about invoices that the ledger alone can't settle; returns those with new entries."""
        try:
            return sorted(self._rereading.read(unknown_state_ids).changed)
        except HostUnavailable:
            log.warning("the host could not be asked about part payments; they are asked about again")
            self._rereading.recheck(unknown_state_ids)
            return []

    def _apply_batch(self, host: str, invoice_ids: Sequence[str], changed: list[str], unknown: list[str]) -> int:
        """Apply to a batch of invoices; where that fails, to each alone: a failing one stays unapplied.

        Returns how many had an entry that was still to be applied.
        """

        def lock(unit: UnitOfWork) -> Unapplied:
            unit.settlements.lock_invoices(host, invoice_ids)
            return Unapplied([(host, invoice_id) for invoice_id in invoice_ids], (), has_more=False)

        try:
            _, applied, changes = self._decide_locked(lock, unknown)
        except Exception:
            if len(invoice_ids) == 1:
                log.exception("settlements of invoice %s were not applied", invoice_ids[0], extra={"host": host})
                self._failures.add((host, invoice_ids[0]), self._tenant.clock.now())
                return 0
            return sum(self._apply_batch(host, [each], changed, unknown) for each in invoice_ids)
        self._failures.remove((host, each) for each in invoice_ids)
        self._publish(changes, changed)
        return applied

    def _publish(self, changes: Sequence[Change], changed: list[str]) -> None:
        publish(self._tenant, changes)
        changed += [change.negativation.id for change in changes]

    def _decide_locked(
        self, lock: Callable[[UnitOfWork], Unapplied], unknown: list[str]
    ) -> tuple[Unapplied, int, Sequence[Change]]:
        """One transaction: lock some invoices, decide about them, commit. The number is that of `mark_applied`."""
        changes: list[Change] = []
        applied = 0
        unclear: list[str] = []
        failpoint("apply.read")
        with self._tenant.storage.unit() as unit:
            unapplied = lock(unit)
            failpoint("apply.locked")
            for host, invoice_ids in _by_host(unapplied.locked).items():
                changes += self._decide(unit, host, invoice_ids, unclear)
                applied += unit.settlements.mark_applied(host, invoice_ids, self._tenant.clock.now())
            failpoint("apply.written")
            unit.commit()
        failpoint("apply.committed")
        unknown += unclear
        return unapplied, applied, changes

    def _decide(self, unit: UnitOfWork, host: str, invoice_ids: Sequence[str], unclear: list[str]) -> Sequence[Change]:
        """Decide about locked invoices, store the changes; `unclear` collects those whose state only the host knows."""
        negativations = unit.negativations.lock_for_invoices(host, invoice_ids)
        covered = {*invoice_ids, *(invoice.invoice_id for each in negativations for invoice in each.invoices)}
        ledger = by_invoice(unit.settlements.entries(host, sorted(covered)))
        contexts = ContextLoader(self._tenant, unit)
        changes: list[Change] = []
        for negativation in negativations:
            entries = {each.invoice_id: ledger.get(each.invoice_id, []) for each in negativation.invoices}
            recorded = [entry for each in entries.values() for entry in each]
            change = apply_ledger(self._tenant, negativation, contexts.for_negativation(negativation), recorded)
            if change.negativation is not negativation:
                changes.append(change)
            principals = {each.invoice_id: each.principal for each in negativation.invoices}
            for invoice_id in entries.keys() & set(invoice_ids):
                if invoice_id not in unclear and needs_host_status(entries[invoice_id], principals[invoice_id]):
                    unclear.append(invoice_id)
        unclear += [each.subject for each in unit.settlements.unreadable if each.subject in covered]
        unit.negativations.save_all([change.negativation for change in changes])
        unit.negativations.append([event for change in changes for event in change.events])
        unit.audit.add(*automatic_entries(changes))
        return changes


class _OwnPayments:
    """What each thread recorded in a host's transaction, and whose turn it is to apply it. Thread-safe."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._thread = threading.local()
        self._busy_until = 0.0
        self._wakeup_at = 0.0

    def remember(self, invoice_id: str) -> None:
        """Note that this thread has recorded a payment in its host's transaction."""
        recorded: dict[str, None] = self._thread.__dict__.setdefault("recorded", {})
        if len(recorded) < APPLY_BATCH_SIZE:
            recorded[invoice_id] = None

    def recorded(self) -> list[str]:
        """What this thread has recorded since the last call."""
        recorded: dict[str, None] = self._thread.__dict__.pop("recorded", {})
        return list(recorded)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether this thread may apply now: no other does, nor did two at once within the last second."""
        if not self._turn.acquire(blocking=False):
            self._busy_until = time.monotonic() + _BUSY_FOR
            yield False
            return
        try:
            yield time.monotonic() >= self._busy_until
        finally:
            self._turn.release()

    def schedules_wakeup(self) -> bool:
        """Whether to wake the workers after `WAKEUP_DELAY`: no wake-up is scheduled that is still to come."""
        now = time.monotonic()
        if now < self._wakeup_at:
            return False
        self._wakeup_at = now + WAKEUP_DELAY.total_seconds()
        return True


class _Failures:
    """Invoices whose entries could not be applied lately: they are tried after all others. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[_Invoice, tuple[int, datetime]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, invoice: _Invoice, now: datetime) -> None:
        """Note a failure; the next attempt is later each time."""
        with self._lock:
            count = self._known.get(invoice, (0, now))[0] + 1
            if count > 1 or len(self._known) < _FAILURES_KEPT:
                self._known[invoice] = (count, now + _RETRIES.longest_wait(count))

    def remove(self, invoices: Iterable[_Invoice]) -> None:
        """Forget failures: these were applied."""
        if self._known:
            with self._lock:
                for each in invoices:
                    self._known.pop(each, None)

    def split(self, invoices: Sequence[_Invoice], now: datetime) -> tuple[list[_Invoice], list[_Invoice]]:
        """Those that did not fail, and those that did and are to be tried again now."""
        with self._lock:
            known = {each: self._known[each][1] for each in invoices if each in self._known}
        return [each for each in invoices if each not in known], [
            each for each, due in known.items() if has_come(due, now, _RETRIES.cap)
        ]


def apply_ledger(
    tenant: TenantPorts, negativation: Negativation, context: IntegrationContext, ledger: Sequence[Entry]
) -> Change:
    """Let the settlements of its invoices decide about one negativation, under its integration's policy."""
    policy = context.integration.settings.removal_policy
    return removals.apply_settlement_statuses(
        negativation,
        negativation.settlement_statuses(ledger, policy.tolerance, removal_clock(tenant, context)),
        policy,
        legal_calendar(tenant, context),
        context.capabilities,
        tenant.clock.now(),
    )


def decide_removal(
    tenant: TenantPorts, unit: UnitOfWork, negativation: Negativation, context: IntegrationContext
) -> Change:
    """Like `apply_ledger`; reads the ledger. The unit has locked the invoices."""
    ledger = unit.settlements.entries(negativation.host, [invoice.invoice_id for invoice in negativation.invoices])
    return apply_ledger(tenant, negativation, context, ledger)


def _by_host(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    of_host: dict[str, list[str]] = {}
    for host, invoice_id in pairs:
        of_host.setdefault(host, []).append(invoice_id)
    return of_host
