"""Transmissions: whole lifecycles, payments on the way, and many workers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.errors import NotFound, Refused
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.statuses import Status, status
from credit_protection.testing.fakes import FakeBureau
from tests.application.app import ANA, TODAY, AppFixture, run_concurrently
from tests.application.worker_steps import MINUTE, during_call, performed

if TYPE_CHECKING:
    from credit_protection.adapters.storage.sqlalchemy import SqlStorage


# ------------------------------------------------------------------------------------------------ whole lifecycles


def test_lifecycle_at_a_bureau_that_answers_later(app: AppFixture) -> None:
    made = app.negativate("i1")
    assert performed(app, made).action is Action.INCLUDE
    assert app.get(made).observed is Observed.INCLUDING
    app.bureau.process_pending()
    app.later(MINUTE)
    assert performed(app, made).action is Action.POLL
    included = app.get(made)
    assert (included.observed, included.bureau_id, included.transmission.is_open) == (Observed.PRESENT, "B1", False)
    assert status(included, TODAY) is Status.NOTICE

    app.paid("i1")
    assert performed(app, made).action is Action.REMOVE
    assert app.get(made).observed is Observed.REMOVING
    app.bureau.process_pending()
    app.later(MINUTE)
    assert performed(app, made).action is Action.POLL
    assert status(app.get(made), TODAY) is Status.REMOVED
    assert app.event_kinds(made) == [
        "created",
        "claimed",
        "inclusion_accepted",
        "claimed",
        "included",
        "removal_wanted",
        "claimed",
        "removal_accepted",
        "claimed",
        "removed",
    ]
    assert app.perform(made) is None
    assert not app.bureau.records_on_file()


def test_lifecycle_at_a_bureau_that_answers_at_once(sqlite: SqlStorage) -> None:
    app = AppFixture(sqlite, FakeBureau(synchronous=True))
    app.register()
    made = app.negativate("i1")
    assert performed(app, made).negativation.observed is Observed.PRESENT
    app.paid("i1")
    assert performed(app, made).negativation.observed is Observed.GONE
    assert app.bureau.calls == ["products", "include", "remove"]


def test_inclusion_order_names_debtor_creditor_and_amount(app: AppFixture) -> None:
    made = app.included("i1")
    (record,) = app.bureau.records
    order = record.order
    assert (order.name, order.document.value, order.creditor) == (
        "MARIA DE EXEMPLO",
        "90010020055",
        app.erp.creditor.document,
    )
    assert (order.amount, order.due_date, order.reference) == (made.amount, made.due_date, made.reference)


def test_refused_inclusion_is_closed_with_the_bureaus_message(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.bureau.fail_next("include", Refused("CPF não encontrado na Receita.", code="E42"))
    assert performed(app, made).negativation.observed is Observed.REJECTED
    refused = app.get(made)
    assert (refused.rejection, refused.is_closed) == ("E42: CPF não encontrado na Receita.", True)
    assert status(refused, TODAY) is Status.REFUSED
    app.negativate("i1")  # a new request makes a new negativation


def test_unknown_negativation_raises_and_one_not_due_returns_none(app: AppFixture) -> None:
    with pytest.raises(NotFound):
        app.transmissions.perform("none", "w1")
    made = app.negativate("i1")
    performed(app, made)
    assert app.perform(made) is None  # its poll is not due yet
    assert app.transmissions.next_due_at() == app.get(made).transmission.due_at


def test_answer_wakes_workers_for_the_next_step(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.queue.woken.clear()
    performed(app, made)
    assert app.queue.woken == [made.id]
    assert app.queue.instants[-1] == app.get(made).transmission.due_at


# ------------------------------------------------------------------------------------------------ payments on the way


def test_payment_during_the_inclusion_call_removes_the_record(app: AppFixture) -> None:
    made = app.negativate("i1")
    during_call(app, "include", lambda: app.paid("i1"))
    performed(app, made)
    changed = app.get(made)
    assert (changed.desired, changed.observed) == (Desired.REMOVED, Observed.INCLUDING)
    assert app.work(made).observed is Observed.GONE
    assert not app.bureau.records_on_file()
    assert app.bureau.removal_orders[0].reason is RemovalReason.PAYMENT


def test_removal_during_the_bureaus_processing_waits_for_the_inclusion(sqlite: SqlStorage) -> None:
    app = AppFixture(sqlite)
    app.register()
    included = app.included("i1")
    app.bureau.records[0].state = RecordState.INCLUDING  # the bureau takes its time though it showed the record
    app.paid("i1")
    performed(app, included)
    waiting = app.get(included)
    assert (waiting.observed, waiting.transmission.action) == (Observed.INCLUDING, Action.POLL)
    assert app.work(included).observed is Observed.GONE


def test_inclusion_refused_after_the_payment_is_closed(app: AppFixture) -> None:
    made = app.negativate("i1")
    performed(app, made)
    app.paid("i1")
    app.bureau.records[0].state = RecordState.REJECTED
    assert app.work(made).observed is Observed.REJECTED
    assert not app.get(made).transmission.is_open
    assert "remove" not in app.bureau.calls


# ------------------------------------------------------------------------------------------------ many workers


def test_hundred_workers_on_one_inclusion_make_one_call(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    made = app.negativate("i1")
    outcomes = run_concurrently(100, lambda number: app.perform(made, f"w{number}"))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert len([outcome for outcome in outcomes if outcome is not None]) == 1
    assert app.bureau.calls.count("include") == 1
    assert app.event_kinds(made).count("claimed") == 1


def test_hundred_workers_of_many_processes_on_one_removal_make_one_call(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    made = app.included("i1")
    app.paid("i1")
    processes = [Transmissions(app.ports) for _ in range(10)]  # they share the rows, and no memory
    outcomes = run_concurrently(100, lambda number: processes[number % 10].perform(made.id, f"w{number}"))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert len([outcome for outcome in outcomes if outcome is not None]) == 1
    assert app.bureau.calls.count("remove") == 1


def test_many_workers_send_each_inclusion_once(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    for number in range(12):
        app.erp.add_invoice(f"b{number}", "c1", date(2026, 10, 5))
    made = app.negativations.create(ANA, app.request(*(f"b{number}" for number in range(12))))

    def worker(number: int) -> None:
        for due in app.transmissions.due(50):
            app.transmissions.perform(due.negativation_id, f"w{number}")

    assert run_concurrently(8, worker) == [None] * 8
    assert app.bureau.calls.count("include") == len(made) == len(app.bureau.records)


def test_worker_that_loses_its_row_while_it_reads_the_erp_sends_nothing(app: AppFixture) -> None:
    made = app.negativate("i1")

    def let_another_worker_perform(_: str) -> None:
        app.erp.before = lambda _: None
        performed(app, made, "w2")

    app.erp.before = let_another_worker_perform
    assert app.perform(made, "w1") is None
    assert app.bureau.calls.count("include") == 1


def test_worker_whose_row_is_deleted_while_it_reads_the_erp_sends_nothing(app: AppFixture) -> None:
    made = app.negativate("i1")

    def delete(_: str) -> None:
        app.erp.before = lambda _: None
        app.negativations.delete(ANA, made.id)

    app.erp.before = delete
    assert app.perform(made) is None
    assert "include" not in app.bureau.calls


def test_removals_are_due_before_inclusions(app: AppFixture) -> None:
    included = app.included("i1")
    waiting = app.negativate("i2")
    app.later(MINUTE)
    app.paid("i1")
    assert [due.negativation_id for due in app.transmissions.due(10)] == [included.id, waiting.id]
    assert len(app.transmissions.due(1)) == 1
