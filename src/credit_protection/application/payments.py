"""Payments: recorded in the host's transaction, applied in a transaction of our own.

The flow: `record` inserts one row and one audit entry in the transaction that the host has open; the host commits;
`apply` locks the invoice, lets the domain decide under the integration's policy, and opens the transmission.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import removals
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry, automatic_entries
from credit_protection.domain.errors import ConfigurationError, HostUnavailable
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.settlements import Entry, Reversal, by_invoice, needs_host_status, unreported_entries
from credit_protection.ports.failpoints import failpoint
from credit_protection.ports.storage import HostTransactionRetry, Unapplied, UnitOfWork

log = logging.getLogger(__name__)

APPLY_LIMIT = 500
APPLY_BATCH_SIZE = 50
"""How many invoices one transaction decides about."""
RECORD_BATCH_SIZE = 500


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
    """The actor lacks `RECORD_PAYMENTS`; the audit trail has an entry."""
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

    def record(self, actor: Actor, entry: Entry, *, connection: object | None = None) -> RecordResult:
        """Record a settlement or a reversal.

        A missing permission is a result, not an exception: it must not refuse a customer's payment. For the same reason
        an asyncio event loop in the calling thread is not refused here: two inserts block it for less than a lost
        payment costs.

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
        result = self._write(connection, actor, entry)
        if Permission.RECORD_PAYMENTS not in actor.permissions:
            log.error("%s may not record payments: an entry of invoice %s was refused", actor.id, entry.invoice_id)
            return RecordResult.NOT_PERMITTED
        if connection is None:
            self.after_commit()
        elif result in {RecordResult.FAILED, RecordResult.WRONG_CONNECTION}:
            log.error("settlement %s of invoice %s was not recorded", _subject(entry), entry.invoice_id)
        return result

    def reverse(
        self, actor: Actor, settlement_id: str, invoice_id: str, on: date, *, connection: object | None = None
    ) -> RecordResult:
        """Record the reversal of a settlement; it may come before the settlement itself. See `record`."""
        return self.record(actor, Reversal(settlement_id, invoice_id, on), connection=connection)

    def after_commit(self) -> ApplyResult:
        """Apply what the host has committed, and wake the workers. Losing this call is harmless: the sweep applies."""
        return self.apply()

    def record_all(self, entries: Iterable[Entry]) -> int:
        """Record what the host lists, in batches: no transaction is open while it is slow. Returns how many are new."""
        new = 0
        listed = iter(entries)
        while batch := list(itertools.islice(listed, RECORD_BATCH_SIZE)):
            with self._tenant.storage.unit() as unit:
                for entry in batch:
                    new += unit.settlements.record(self._tenant.host.code, entry, self._tenant.clock.now())
                unit.commit()
        return new

    def _write(self, connection: object | None, actor: Actor, entry: Entry) -> RecordResult:
        if connection is None:
            with self._tenant.storage.unit() as unit:
                result = self._insert(unit, actor, entry)
                unit.commit()
            return result
        try:
            with self._tenant.storage.in_transaction_of(connection) as unit:
                result = self._insert(unit, actor, entry)
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

    def _insert(self, unit: UnitOfWork, actor: Actor, entry: Entry) -> RecordResult:
        now, result = self._tenant.clock.now(), RecordResult.RECORDED
        if Permission.RECORD_PAYMENTS not in actor.permissions:
            result, act = RecordResult.NOT_PERMITTED, "payment.not_permitted"
        elif unit.settlements.record(self._tenant.host.code, entry, now):
            act = "payment.reverse" if isinstance(entry, Reversal) else "payment.record"
        else:
            return RecordResult.REPEATED
        after = {"invoice": entry.invoice_id}
        unit.audit.add(AuditEntry(now, actor.id, actor.name, act, _subject(entry), after=after))
        return result

    def apply(self, limit: int = APPLY_LIMIT) -> ApplyResult:
        """Decide about settlements of at most `limit` invoices; idempotent; one transaction for each batch of them."""
        changed: list[str] = []
        unknown: list[str] = []
        done, has_more = self._apply_first(min(limit, APPLY_BATCH_SIZE), changed, unknown)
        if has_more and done < limit:
            with self._tenant.storage.read_only() as unit:
                unapplied = unit.settlements.unapplied(limit - done)
            for host, invoice_ids in _by_host(unapplied).items():
                for start in range(0, len(invoice_ids), APPLY_BATCH_SIZE):
                    self._apply_batch(host, invoice_ids[start : start + APPLY_BATCH_SIZE], changed, unknown)
            done += len(unapplied)
        if unknown and (resolved := self._resolved(unknown)):
            self._apply_batch(self._tenant.host.code, resolved, changed, [])
        return ApplyResult(done, changed)

    def _apply_first(self, limit: int, changed: list[str], unknown: list[str]) -> tuple[int, bool]:
        """Find and apply one batch in one transaction: how many invoices, and whether there may be more."""
        try:
            unapplied, changes = self._decide_locked(lambda unit: unit.settlements.lock_unapplied(limit), unknown)
        except Exception:
            log.warning("a batch of settlements could not be applied; each is applied alone", exc_info=True)
            return 0, True
        self._publish(changes, changed)
        return len(unapplied.locked), unapplied.has_more or bool(unapplied.contended)

    def _resolved(self, unknown_state_ids: Sequence[str]) -> list[str]:
        """Ask the host about invoices that the ledger alone can't settle; returns those with new entries."""
        try:
            invoices = self._tenant.host.invoice_statuses(unknown_state_ids)
        except HostUnavailable:
            log.warning("the host could not be asked about part payments; the sweep rechecks them")
            return []
        with self._tenant.storage.read_only() as unit:
            ledger = unit.settlements.entries(self._tenant.host.code, unknown_state_ids)
        new = unreported_entries(invoices.values(), ledger, self._tenant.clock.now().date())
        self.record_all(new)
        return sorted({entry.invoice_id for entry in new})

    def _apply_batch(self, host: str, invoice_ids: Sequence[str], changed: list[str], unknown: list[str]) -> None:
        """Apply to a batch of invoices; where that fails, to each alone: a failing one stays unapplied."""

        def lock(unit: UnitOfWork) -> Unapplied:
            unit.settlements.lock_invoices(host, invoice_ids)
            return Unapplied([(host, invoice_id) for invoice_id in invoice_ids], (), has_more=False)

        try:
            _, changes = self._decide_locked(lock, unknown)
        except Exception:
            if len(invoice_ids) == 1:
                log.exception("settlements of invoice %s were not applied", invoice_ids[0], extra={"host": host})
                return
            for each in invoice_ids:
                self._apply_batch(host, [each], changed, unknown)
        else:
            self._publish(changes, changed)

    def _publish(self, changes: Sequence[Change], changed: list[str]) -> None:
        publish(self._tenant, changes)
        changed += [change.negativation.id for change in changes]

    def _decide_locked(
        self, lock: Callable[[UnitOfWork], Unapplied], unknown: list[str]
    ) -> tuple[Unapplied, Sequence[Change]]:
        """One transaction: lock some invoices, decide about them, commit."""
        changes: list[Change] = []
        unclear: list[str] = []
        failpoint("apply.read")
        with self._tenant.storage.unit() as unit:
            unapplied = lock(unit)
            failpoint("apply.locked")
            for host, invoice_ids in _by_host(unapplied.locked).items():
                changes += self._decide(unit, host, invoice_ids, unclear)
            failpoint("apply.written")
            unit.commit()
        failpoint("apply.committed")
        unknown += unclear
        return unapplied, changes

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
        unit.negativations.save_all([change.negativation for change in changes])
        unit.negativations.append([event for change in changes for event in change.events])
        unit.audit.add(*automatic_entries(changes))
        unit.settlements.mark_applied(host, invoice_ids, self._tenant.clock.now())
        return changes


def apply_ledger(
    tenant: TenantPorts, negativation: Negativation, context: IntegrationContext, ledger: Sequence[Entry]
) -> Change:
    """Let the settlements of its invoices decide about one negativation, under its integration's policy."""
    policy = context.integration.settings.removal_policy
    return removals.apply_settlement_statuses(
        negativation,
        negativation.settlement_statuses(ledger, policy.tolerance),
        policy,
        tenant.calendars.for_creditor(context.creditor),
        context.capabilities,
        tenant.clock.now(),
    )


def decide_removal(
    tenant: TenantPorts, unit: UnitOfWork, negativation: Negativation, context: IntegrationContext
) -> Change:
    """Like `apply_ledger`; reads the ledger. The unit has locked the invoices."""
    ledger = unit.settlements.entries(negativation.host, [invoice.invoice_id for invoice in negativation.invoices])
    return apply_ledger(tenant, negativation, context, ledger)


def publish(tenant: TenantPorts, changes: Sequence[Change]) -> None:
    """After commit: notify the listeners, then wake the workers."""
    tenant.listeners.negativation_event([event for change in changes for event in change.events])
    for change in changes:
        work = change.negativation.transmission
        if work.action.is_call and work.block is None:
            tenant.queue.wake(change.negativation.id, work.due_at)


def _by_host(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    of_host: dict[str, list[str]] = {}
    for host, invoice_id in pairs:
        of_host.setdefault(host, []).append(invoice_id)
    return of_host


def _subject(entry: Entry) -> str:
    return entry.settlement_id if isinstance(entry, Reversal) else entry.id
