"""Payments: record in the host's transaction, apply in ours, and see what no event told.

The way of a payment: `record` inserts one row where the host holds its transaction; the host commits; `apply` locks the
invoice, lets the domain decide under the integration's policy, and opens the transmission.
"""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.application.checkpoints import reached
from credit_protection.application.setups import Setups
from credit_protection.domain import removals
from credit_protection.domain.actors import Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.money import ZERO
from credit_protection.domain.settlements import (
    InvoiceOutcome,
    Reversal,
    Settlement,
    SettlementKind,
    invoice_standing,
    standing,
)
from credit_protection.ports.storage import HostMustRetry, Page, Unapplied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from credit_protection.application.setups import Setup
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.actors import Actor
    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.negativations import Change, Negativation
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.storage import UnitOfWork

log = logging.getLogger(__name__)

APPLY_AT_ONCE = 500
APPLY_TOGETHER = 50
"""How many invoices are decided upon in one transaction."""
REREAD_AT_ONCE = 500
RECORD_AT_ONCE = 500
SWEEP_OVERLAP = timedelta(days=3)
"""Bank returns are back-dated and pages shift while they are read: a sweep looks this far behind the last one."""
SWEPT_MARK = "host.swept."
"""Name of the mark that says when the host's settlements were last listed, with the host's code behind it."""
REREAD_MARK = "host.reread."
"""Name of the mark that says when the standings were last re-read, with the host's code behind it."""
_STANDING = "standing:"


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying settlements did: how many invoices were decided upon, and which negativations turned."""

    invoices: int
    turned: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Decision:
    """What was decided upon some invoices; how the unclear ones stand only the host can say."""

    changes: Sequence[Change]
    unclear: Sequence[str]


class Payments:
    """The use cases about payments."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    # ------------------------------------------------------------------------------ in the host's transaction

    def record(self, actor: Actor, entry: Entry, *, connection: object | None = None) -> bool:
        """Record a settlement or a reversal: one row, a repeat ignored.

        Args:
            actor: who reports it; needs "registrar pagamentos".
            entry: what the host reports.
            connection: the host's own DBAPI connection, to join the transaction that it holds: in a savepoint, never
                committed here. None: a transaction of our own, applied right after.

        Returns:
            Whether it was new. In the host's transaction False as well where it could not be recorded: no fault of ours
            refuses a customer's payment. It is logged, the host's transaction goes on, and the sweep finds the payment.

        Raises:
            PermissionDenied: the actor may not.
            Exception: the host's driver's own error, unchanged, where the database wants the host's transaction done
                again (serialization failure, deadlock, a busy SQLite file).
        """
        actor.require(Permission.RECORD_PAYMENTS)
        now = self._tenant.clock.now()
        if connection is not None:
            return self._record_joined(entry, now, connection)
        with self._tenant.storage.unit() as unit:
            new = unit.settlements.record(self._tenant.host.code, entry, now)
            if new:
                unit.audit.add(_entry_of(actor, entry, self._tenant))
            unit.commit()
        self.committed()
        return new

    def _record_joined(self, entry: Entry, now: datetime, connection: object) -> bool:
        try:
            with self._tenant.storage.joined(connection) as unit:
                new = unit.settlements.record(self._tenant.host.code, entry, now)
                unit.commit()
        except HostMustRetry as told:
            raise told.error from None
        except Exception:
            named = entry.settlement_id if isinstance(entry, Reversal) else entry.id
            log.exception(
                "settlement %s of invoice %s was not recorded in the host's transaction; the sweep finds it",
                named,
                entry.invoice_id,
            )
            return False
        return new

    def reverse(
        self, actor: Actor, settlement_id: str, invoice_id: str, on: date, *, connection: object | None = None
    ) -> bool:
        """Record the reversal of a settlement; it may come before the settlement itself."""
        return self.record(actor, Reversal(settlement_id, invoice_id, on), connection=connection)

    def committed(self) -> Applied:
        """The host has committed: apply what it recorded, and wake the workers. Losing this call is harmless."""
        return self.apply()

    # ------------------------------------------------------------------------------ in our own transaction

    def apply(self, limit: int = APPLY_AT_ONCE) -> Applied:
        """Decide upon settlements not yet applied; idempotent, some invoices in a transaction.

        Args:
            limit: how many invoices at most.
        """
        turned: list[str] = []
        unclear: list[str] = []
        done, are_more = self._apply_first(min(limit, APPLY_TOGETHER), turned, unclear)
        if are_more and done < limit:
            with self._tenant.storage.reading() as unit:
                waiting = unit.settlements.unapplied(limit - done)
            for host, invoice_ids in _by_host(waiting).items():
                for start in range(0, len(invoice_ids), APPLY_TOGETHER):
                    turned += self._apply_some(host, invoice_ids[start : start + APPLY_TOGETHER], unclear)
            done += len(waiting)
        if unclear:
            turned += self._apply_some(self._tenant.host.code, self._cleared_up(unclear), [])
        return Applied(done, turned)

    def _apply_first(self, most: int, turned: list[str], unclear: list[str]) -> tuple[int, bool]:
        """Find, hold and decide upon the first few in one transaction: how many, and whether there may be more."""
        try:
            waiting, decision = self._decide_together(lambda unit: unit.settlements.lock_unapplied(most))
        except Exception:
            log.warning("some settlements could not be applied together; each is applied alone", exc_info=True)
            return 0, True
        turned += self._tell(decision.changes)
        unclear += decision.unclear
        return len(waiting.held), waiting.are_more or bool(waiting.others)

    def _cleared_up(self, unclear: Sequence[str]) -> list[str]:
        """Ask the host about invoices that the ledger alone can't settle; those of which it told something new."""
        try:
            invoices = self._tenant.host.invoice_statuses(unclear)
        except HostUnavailable:
            log.warning("the host could not be asked about part payments; the sweep re-reads them")
            return []
        with self._tenant.storage.reading() as unit:
            ledger = unit.settlements.entries(self._tenant.host.code, unclear)
        new = untold(invoices.values(), ledger, self._tenant.clock.now().date())
        self._record_all(new)
        return sorted({entry.invoice_id for entry in new})

    def _apply_some(self, host: str, invoice_ids: Sequence[str], unclear: list[str]) -> list[str]:
        """Decide upon some invoices together; where that fails, each alone.

        One that can't be decided upon stays unapplied, and keeps no other.
        """
        if not invoice_ids:
            return []

        def hold(unit: UnitOfWork) -> Unapplied:
            unit.settlements.lock_invoices(host, invoice_ids)
            return Unapplied([(host, invoice_id) for invoice_id in invoice_ids], (), are_more=False)

        try:
            _, decision = self._decide_together(hold)
        except Exception:
            if len(invoice_ids) > 1:
                return [turned for each in invoice_ids for turned in self._apply_some(host, [each], unclear)]
            log.exception("settlements of invoice %s were not applied", invoice_ids[0], extra={"host": host})
            return []
        unclear += decision.unclear
        return self._tell(decision.changes)

    def _decide_together(self, hold: Callable[[UnitOfWork], Unapplied]) -> tuple[Unapplied, _Decision]:
        """One transaction: hold some invoices, decide upon them, commit."""
        decisions: list[_Decision] = []
        reached("apply.read")
        with self._tenant.storage.unit() as unit:
            waiting = hold(unit)
            reached("apply.locked")
            for host, invoice_ids in _by_host(waiting.held).items():
                decisions.append(self._decide(unit, host, invoice_ids))
            reached("apply.written")
            unit.commit()
        reached("apply.committed")
        changes = [change for each in decisions for change in each.changes]
        return waiting, _Decision(changes, [invoice_id for each in decisions for invoice_id in each.unclear])

    def _decide(self, unit: UnitOfWork, host: str, invoice_ids: Sequence[str]) -> _Decision:
        """Decide upon invoices that this unit holds, and write it down."""
        held = unit.negativations.lock_covering(host, invoice_ids)
        covered = {*invoice_ids, *(invoice.invoice_id for each in held for invoice in each.invoices)}
        ledger: dict[str, list[Entry]] = {}
        for entry in unit.settlements.entries(host, sorted(covered)):
            ledger.setdefault(entry.invoice_id, []).append(entry)
        setups = Setups(self._tenant, unit)
        changes: list[Change] = []
        unclear: dict[str, None] = {}
        for negativation in held:
            entries = {each.invoice_id: ledger.get(each.invoice_id, []) for each in negativation.invoices}
            told = [entry for each in entries.values() for entry in each]
            change = _decided(self._tenant, negativation, setups.of(negativation), told)
            if change.negativation is not negativation:
                changes.append(change)
            for invoice_id in entries.keys() & set(invoice_ids):
                if _is_unclear(entries[invoice_id], negativation, invoice_id):
                    unclear[invoice_id] = None
        unit.negativations.save_all([change.negativation for change in changes])
        unit.negativations.append([event for change in changes for event in change.events])
        unit.settlements.mark_applied(host, invoice_ids, self._tenant.clock.now())
        return _Decision(changes, list(unclear))

    def _tell(self, changes: Sequence[Change]) -> list[str]:
        """Let plugins and workers know what was committed. Returns which negativations turned."""
        self._tenant.listeners.happened([event for change in changes for event in change.events])
        for change in changes:
            if change.negativation.transmission.action.is_call:
                self._tenant.queue.wake(change.negativation.id)
        return [change.negativation.id for change in changes]

    # ------------------------------------------------------------------------------ what no event told

    def sweep_host(self, today: date) -> int:
        """Record the host's settlements since the last sweep, with an overlap. Returns how many were new."""
        host = self._tenant.host
        if not host.capabilities.settlements:
            return 0
        with self._tenant.storage.reading() as unit:
            last = unit.marks.get(SWEPT_MARK + host.code)
        since = (today if last is None else last.date()) - SWEEP_OVERLAP
        started = self._tenant.clock.now()
        new = self._record_all(host.settlements_since(since))
        with self._tenant.storage.unit() as unit:
            unit.marks.set(SWEPT_MARK + host.code, started)
            unit.commit()
        return new

    def reread_standings(self) -> int:
        """Re-read the invoices of every open negativation from the host, page by page (level-triggered).

        A debt that ceased without any event is recorded as a settlement of our own naming, and its coming back as that
        one's reversal. Returns how many entries were new.
        """
        host = self._tenant.host
        started = self._tenant.clock.now()
        new = 0
        cursor: str | None = None
        while True:
            with self._tenant.storage.reading() as unit:
                page = unit.negativations.open_invoice_ids(host.code, Page(REREAD_AT_ONCE, cursor))
                ledger = unit.settlements.entries(host.code, page.items)
            invoices = host.invoice_statuses(page.items)
            new += self._record_all(untold(invoices.values(), ledger, started.date()))
            cursor = page.cursor
            if cursor is None:
                break
        with self._tenant.storage.unit() as unit:
            unit.marks.set(REREAD_MARK + host.code, started)
            unit.commit()
        return new

    def _record_all(self, entries: Iterable[Entry]) -> int:
        """Record some at a time: nothing is held while a slow host lists."""
        new = 0
        listed = iter(entries)
        while some := list(itertools.islice(listed, RECORD_AT_ONCE)):
            with self._tenant.storage.unit() as unit:
                for entry in some:
                    new += unit.settlements.record(self._tenant.host.code, entry, self._tenant.clock.now())
                unit.commit()
        return new


def decide(tenant: Tenant, unit: UnitOfWork, negativation: Negativation) -> Change:
    """Let the settlements that stand decide about one negativation, held by this unit."""
    ledger = unit.settlements.entries(negativation.host, [invoice.invoice_id for invoice in negativation.invoices])
    return _decided(tenant, negativation, Setups(tenant, unit).of(negativation), ledger)


def _by_host(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    of_host: dict[str, list[str]] = {}
    for host, invoice_id in pairs:
        of_host.setdefault(host, []).append(invoice_id)
    return of_host


def _decided(tenant: Tenant, negativation: Negativation, setup: Setup, ledger: Sequence[Entry]) -> Change:
    policy = setup.integration.removal_policy
    return removals.apply_standings(
        negativation,
        negativation.standings(ledger, policy.tolerance),
        policy,
        tenant.calendars.of(setup.creditor),
        setup.gateway,
        tenant.clock.now(),
    )


_KINDS = {
    InvoiceStatus.PAID: SettlementKind.PAYMENT,
    InvoiceStatus.CREDITED: SettlementKind.CREDIT_NOTE,
    InvoiceStatus.CANCELLED: SettlementKind.CANCELLATION,
    InvoiceStatus.IN_AGREEMENT: SettlementKind.AGREEMENT,
}


def _is_unclear(ledger: Sequence[Entry], negativation: Negativation, invoice_id: str) -> bool:
    """Whether only the host can say how an invoice stands: partly paid, or settled by our own naming alone."""
    outcome = negativation.standings(ledger, ZERO)[invoice_id].outcome
    return outcome is InvoiceOutcome.PARTLY_PAID or any(each.id.startswith(_STANDING) for each in standing(ledger))


def untold(invoices: Iterable[Invoice], ledger: Sequence[Entry], today: date) -> list[Entry]:
    """Entries for what the host shows and nobody told: a debt that ceased, or one of our own naming that came back."""
    stood: dict[str, list[Settlement]] = {}
    for settlement in standing(ledger):
        stood.setdefault(settlement.invoice_id, []).append(settlement)
    named: dict[str, int] = {}
    for entry in ledger:
        if isinstance(entry, Settlement) and entry.id.startswith(_STANDING):
            named[entry.invoice_id] = named.get(entry.invoice_id, 0) + 1
    entries: list[Entry] = []
    for invoice in invoices:
        ours = [each for each in stood.get(invoice.id, []) if each.id.startswith(_STANDING)]
        if invoice.status is InvoiceStatus.OPEN:
            entries.extend(Reversal(each.id, invoice.id, today) for each in ours)
        elif not invoice_standing(invoice.amount, stood.get(invoice.id, [])).outcome.is_settled:
            number = named.get(invoice.id, 0) + 1
            entries.append(
                Settlement(
                    id=f"{_STANDING}{invoice.id}:{number}",
                    invoice_id=invoice.id,
                    kind=_KINDS[invoice.status],
                    paid_on=invoice.paid_on or today,
                    available_on=invoice.available_on,
                )
            )
    return entries


def _entry_of(actor: Actor, entry: Entry, tenant: Tenant) -> AuditEntry:
    act = "payment.reverse" if isinstance(entry, Reversal) else "payment.record"
    subject = entry.settlement_id if isinstance(entry, Reversal) else entry.id
    return AuditEntry(tenant.clock.now(), actor.id, actor.name, act, subject, after={"invoice": entry.invoice_id})
