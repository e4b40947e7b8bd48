"""The call after a host's commit: it costs the same whatever else waits, and what it leaves the workers apply."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from credit_protection.application import payments
from credit_protection.application.payments import APPLY_BATCH_SIZE, APPLY_LIMIT, WAKEUP_DELAY, ApplyResult
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.domain.state_table import Desired
from credit_protection.testing.tenants import make_tenant
from tests.application.app import DAY, PRICE, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.application.app import AppFixture


def payment(invoice_id: str, amount: Money | None = PRICE) -> Settlement:
    return Settlement(f"p-{invoice_id}", invoice_id, SettlementKind.PAYMENT, TODAY, amount)


@pytest.fixture
def host(database: Path) -> Iterator[sqlite3.Connection]:
    """The host's own connection."""
    with closing(sqlite3.connect(database)) as connection:
        yield connection


def pay(app: AppFixture, host: sqlite3.Connection, *invoice_ids: str, amount: Money | None = PRICE) -> None:
    """Record in the host's transactions, and commit."""
    for invoice_id in invoice_ids:
        app.payments.record(SYSTEM, payment(invoice_id, amount), connection=host)
        host.commit()


def backlog(app: AppFixture, count: int) -> None:
    """Recorded payments of other invoices, older than everything else."""
    with app.storage.unit() as unit:
        for number in range(count):
            unit.settlements.record(app.erp.code, payment(f"w{number:05}"), app.clock.now() - DAY)
        unit.commit()


def waiting(app: AppFixture) -> list[str]:
    with app.storage.read_only() as unit:
        return [invoice_id for _, invoice_id in unit.settlements.unapplied(10_000)]


def test_it_decides_about_the_own_invoices_only(app: AppFixture, host: sqlite3.Connection) -> None:
    included = app.included("i1")
    backlog(app, 2 * APPLY_BATCH_SIZE)
    pay(app, host, "i1")
    assert app.payments.after_commit() == ApplyResult(1, [included.id])
    assert len(waiting(app)) == 2 * APPLY_BATCH_SIZE
    assert app.payments.after_commit() == ApplyResult(0, [])  # its memory is empty


def test_invoices_can_be_named(app: AppFixture, host: sqlite3.Connection) -> None:
    first, second = app.included("i1"), app.included("i2")
    pay(app, host, "i1", "i2")
    assert app.payments.after_commit(["i2"]).changed_negativation_ids == [second.id]
    assert app.get(first).desired is Desired.INCLUDED
    assert app.payments.after_commit().changed_negativation_ids == [first.id]


def test_without_any_it_wakes_the_workers(app: AppFixture) -> None:
    backlog(app, 3)
    app.queue.woken.clear()
    assert app.payments.after_commit([]) == ApplyResult(0, [])
    assert app.queue.woken == [None]
    assert len(waiting(app)) == 3


def test_at_most_one_batch_is_applied(app: AppFixture) -> None:
    backlog(app, APPLY_BATCH_SIZE + 2)
    app.payments.after_commit(waiting(app))
    assert len(waiting(app)) == 2
    assert app.queue.instants[-1] == app.clock.now() + WAKEUP_DELAY


def test_host_is_not_asked_about_a_part_payment(app: AppFixture, host: sqlite3.Connection) -> None:
    """It is asked by the next sweep: the ERP may be the one that waits for this call."""
    included = app.included("i1")
    app.erp.pay("i1", TODAY, Money(PRICE.cents))
    app.erp.before = pytest.fail
    pay(app, host, "i1", amount=Money(100))
    app.payments.after_commit()
    app.erp.before = lambda _: None
    app.sweep.run()
    assert app.get(included).desired is Desired.REMOVED


def test_two_at_once_are_left_to_the_workers(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread applies; the other returns at once, and so does every call within the next second."""
    included = [app.included(each) for each in ("i1", "i2")]
    with app.storage.unit() as unit:
        for each in ("i1", "i2"):
            unit.settlements.record(app.erp.code, payment(each), app.clock.now())
        unit.commit()
    applying, go_on = threading.Event(), threading.Event()
    decide = payments.apply_ledger

    def slow(*facts: Any) -> Any:  # noqa: ANN401
        applying.set()
        assert go_on.wait(30)
        return decide(*facts)

    monkeypatch.setattr(payments, "apply_ledger", slow)
    thread = threading.Thread(target=lambda: app.payments.after_commit(["i1"]))
    thread.start()
    assert applying.wait(30)
    app.queue.woken.clear()
    assert app.payments.after_commit(["i2"]) == ApplyResult(0, [])
    assert app.payments.after_commit(["i2"]) == ApplyResult(0, [])
    assert app.queue.woken == [None]  # one wake-up, a moment later, serves both
    go_on.set()
    thread.join()
    assert app.payments.after_commit(["i2"]) == ApplyResult(0, [])
    assert waiting(app) == ["i2"]
    app.payments.apply_piece()
    assert [app.get(each).desired for each in included] == [Desired.REMOVED, Desired.REMOVED]


def test_fetching_worker_applies_one_batch_and_comes_back(app: AppFixture) -> None:
    tasks = make_tenant(app.storage, host=app.erp, clock=app.clock, queue=app.queue).tasks
    backlog(app, APPLY_BATCH_SIZE + 2)
    app.queue.woken.clear()
    tasks.due(1)
    assert len(waiting(app)) == 2
    assert app.queue.instants[-1] == app.clock.now()  # no payment came lately: it does not rest
    tasks.due(1)
    assert waiting(app) == []


def test_fetching_worker_rests_while_payments_come_in(app: AppFixture) -> None:
    backlog(app, APPLY_BATCH_SIZE + 2)
    with app.storage.unit() as unit:
        unit.settlements.record(app.erp.code, payment("i1"), app.clock.now())
        unit.commit()
    assert app.payments.apply_piece()
    assert app.queue.instants[-1] is not None
    assert app.queue.instants[-1] > app.clock.now()


def test_entries_that_fail_block_no_other(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six hundred that can't be applied are before a payment."""
    included = app.included("i1")
    backlog(app, APPLY_LIMIT + 100)
    decide = payments.Payments._decide

    def fail(self: payments.Payments, unit: Any, host: str, ids: list[str], unclear: list[str]) -> Any:  # noqa: ANN401
        if any(each.startswith("w") for each in ids):
            raise ZeroDivisionError
        return decide(self, unit, host, ids, unclear)

    monkeypatch.setattr(payments.Payments, "_decide", fail)
    with app.storage.unit() as unit:
        unit.settlements.record(app.erp.code, payment("i1"), app.clock.now())
        unit.commit()
    for _ in range(2):
        app.payments.apply()
        app.later(timedelta(minutes=1))
    assert app.get(included).desired is Desired.REMOVED
    monkeypatch.undo()
    for _ in range(40):
        app.later(timedelta(hours=1))
        app.payments.apply()
    assert waiting(app) == []


def test_thread_that_never_calls_keeps_a_bounded_memory(app: AppFixture, host: sqlite3.Connection) -> None:
    pay(app, host, *(f"x{number}" for number in range(APPLY_BATCH_SIZE + 5)))
    assert app.payments.after_commit().invoices == APPLY_BATCH_SIZE
