"""Updates of negativations: decided while the row is locked, stored with their events and audit entries.

Updates that threads request at the same time share one transaction (group commit), so that they share its cost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, cast

from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.audit import automatic_entries
from credit_protection.domain.divergences import Divergence
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.settlements import Entry
from credit_protection.domain.state_table import Desired
from credit_protection.ports.failpoints import failpoint
from credit_protection.ports.storage import UnitOfWork

Value = TypeVar("Value")
Request = TypeVar("Request")
Result = TypeVar("Result")


class Ledger:
    """The settlements of those rows whose removal is desired; read once for the whole transaction, when first used."""

    def __init__(self, unit: UnitOfWork, negativations: Sequence[Negativation]) -> None:
        self._unit = unit
        self._negativations = negativations

    def of(self, negativation: Negativation) -> Sequence[Entry]:
        """Every entry of its invoices."""
        keys = ((negativation.host, invoice.invoice_id) for invoice in negativation.invoices)
        return [entry for key in keys for entry in self._entries.get(key, ())]

    def has_unapplied(self, negativation: Negativation) -> bool:
        """Whether an entry of its invoices is recorded and not applied."""
        ids = [invoice.invoice_id for invoice in negativation.invoices]
        return bool(self._entries) and bool(self._unit.settlements.read_unapplied(negativation.host, ids))

    @cached_property
    def _entries(self) -> dict[tuple[str, str], list[Entry]]:
        invoices: dict[str, list[str]] = {}
        for each in self._negativations:
            if each.desired is Desired.REMOVED:
                invoices.setdefault(each.host, []).extend(invoice.invoice_id for invoice in each.invoices)
        entries: dict[tuple[str, str], list[Entry]] = {}
        for host, invoice_ids in invoices.items():
            for entry in self._unit.settlements.entries(host, invoice_ids):
                entries.setdefault((host, entry.invoice_id), []).append(entry)
        return entries


@dataclass(frozen=True, slots=True)
class UpdateContext:
    """What an update is decided from: `unit` is the open transaction, which has locked the negativation."""

    negativation: Negativation
    integration_context: IntegrationContext
    ledger: Ledger
    unit: UnitOfWork


@dataclass(frozen=True, slots=True)
class UpdateResult(Generic[Value]):
    """A change, as stored; or `value`, where the decision was no change."""

    integration_context: IntegrationContext
    change: Change | None
    value: Value | None = None


class BatchedUpdates:
    """Updates rows in shared transactions. Thread-safe."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self._group: GroupCommit[_UpdateRequest, UpdateResult[object] | None] = GroupCommit(self._execute)

    def apply(
        self,
        name: str,
        negativation_id: str,
        decide: Callable[[UpdateContext], Change | Value | None],
        *,
        wait: bool = False,
    ) -> UpdateResult[Value] | None:
        """Decide about one row and store the change; any other value of `decide` stores nothing.

        The failpoints are `<name>.written` and `<name>.committed`. With `wait`, it waits for a transaction that has
        locked the row; else, as where there is no such row, the result is None.
        """
        request = _UpdateRequest(name, negativation_id, decide)
        result = self._group(request)
        if result is None and wait:
            result = self._execute([request], lock=_lock_waiting)[0]
        return cast("UpdateResult[Value] | None", result)

    def apply_with_invoices(
        self, name: str, known: Negativation, decide: Callable[[UpdateContext], Change | None]
    ) -> UpdateResult[None] | None:
        """Lock the invoices of a row, then the row, in a transaction of its own; otherwise like `apply`."""
        invoice_ids = [invoice.invoice_id for invoice in known.invoices]

        def lock(unit: UnitOfWork, ids: Sequence[str]) -> Sequence[Negativation]:
            unit.settlements.lock_invoices(known.host, invoice_ids)
            return unit.negativations.lock_all(ids)

        result = self._execute([_UpdateRequest(name, known.id, decide)], lock=lock)[0]
        return cast("UpdateResult[None] | None", result)

    def _execute(
        self,
        requests: Sequence[_UpdateRequest],
        lock: Callable[[UnitOfWork, Sequence[str]], Sequence[Negativation]] | None = None,
    ) -> Sequence[UpdateResult[object] | None]:
        with self._tenant.storage.unit() as unit:
            ids = [each.negativation_id for each in requests]
            rows = unit.negativations.lock_all(ids) if lock is None else lock(unit, ids)
            locked = {each.id: each for each in rows}
            contexts, ledger = ContextLoader(self._tenant, unit), Ledger(unit, rows)
            results: list[UpdateResult[object] | None] = []
            for each in requests:
                current = locked.get(each.negativation_id)
                if current is None:
                    results.append(None)
                    continue
                integration = contexts.for_negativation(current)
                decided = each.decide(UpdateContext(current, integration, ledger, unit))
                if isinstance(decided, Change):
                    locked[current.id] = decided.negativation  # a second request for the row must see this change
                    results.append(UpdateResult(integration, decided))
                else:
                    results.append(UpdateResult(integration, None, decided))
            changes = [each.change for each in results if each is not None and each.change is not None]
            if changes:
                self._store(unit, {each.name for each in requests}, changes)
        return results

    def _store(self, unit: UnitOfWork, names: Iterable[str], changes: Sequence[Change]) -> None:
        unit.negativations.save_all(list({change.negativation.id: change.negativation for change in changes}.values()))
        unit.negativations.append([event for change in changes for event in change.events])
        unit.audit.add(*automatic_entries(changes))
        for name in names:
            failpoint(f"{name}.written")
        unit.commit()
        for name in names:
            failpoint(f"{name}.committed")


class GroupCommit(Generic[Request, Result]):
    """Executes requests one batch at a time; each batch contains all requests that wait. Thread-safe.

    The first caller executes its request alone, at once. When a batch is done, one of the callers that arrived while it
    ran executes all of their requests, in its own thread.

    Args:
        execute: returns one result for each request, in order; all or nothing. Where it raises for several requests,
            each of them is executed alone, in its caller's thread, so that one bad request fails no other.
    """

    def __init__(self, execute: Callable[[Sequence[Request]], Sequence[Result]]) -> None:
        self._execute = execute
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[Request, Result]] = []
        self._is_executing = False

    def __call__(self, request: Request) -> Result:
        """Execute a request and wait for its result. Raises what `execute` raises."""
        waiter: _Waiter[Request, Result] = _Waiter(request)
        with self._lock:
            self._waiting.append(waiter)
            leads = not self._is_executing
            self._is_executing = True
        if leads or waiter.wait_for_turn():
            self._execute_batch(waiter)
        return waiter.results[0] if waiter.results else self._execute([request])[0]

    def _execute_batch(self, leader: _Waiter[Request, Result]) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            results = self._execute([waiter.request for waiter in batch])
            for waiter, result in zip(batch, results, strict=True):
                waiter.results.append(result)
        except Exception:
            if len(batch) == 1:
                raise
        finally:
            self._promote_next()
            for waiter in batch:
                if waiter is not leader:
                    waiter.wake()

    def _promote_next(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting[0].wake(leads=True)
            else:
                self._is_executing = False


class _Waiter(Generic[Request, Result]):
    """A caller that waits for its result, or for its turn to execute a batch."""

    __slots__ = ("_leads", "_sleep", "request", "results")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.results: list[Result] = []
        self._leads = False
        self._sleep = threading.Lock()
        self._sleep.acquire()

    def wait_for_turn(self) -> bool:
        """Sleep until woken: True where the caller executes the next batch, False where its request was executed."""
        self._sleep.acquire()
        return self._leads

    def wake(self, *, leads: bool = False) -> None:
        """Wake the caller."""
        self._leads = leads
        self._sleep.release()


@dataclass(frozen=True, slots=True)
class _UpdateRequest:
    name: str
    negativation_id: str
    decide: Callable[[UpdateContext], object]


def publish(tenant: TenantPorts, changes: Sequence[Change], divergences: Sequence[Divergence] = ()) -> None:
    """After the commit of changes: notify the listeners, then wake the workers."""
    tenant.listeners.negativation_event([event for change in changes for event in change.events])
    tenant.listeners.divergence(divergences)
    for change in changes:
        work = change.negativation.transmission
        if work.action.is_call and work.block is None:
            tenant.queue.wake(change.negativation.id, work.due_at)


def _lock_waiting(unit: UnitOfWork, negativation_ids: Sequence[str]) -> Sequence[Negativation]:
    rows = (unit.negativations.lock(each) for each in negativation_ids)
    return [row for row in rows if row is not None]
