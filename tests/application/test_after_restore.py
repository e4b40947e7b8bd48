"""After a restore the bureau may have done what this database believes was never sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Observed
from credit_protection.domain.statuses import Status, status
from credit_protection.testing.fakes.bureau import FakeBureau, FakeRecord
from tests.application.app import ANA, DAY, TODAY, AppFixture

if TYPE_CHECKING:
    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.negativations import Negativation

LISTS = Capabilities(registry=Registry.SPC, alphanumeric_cnpj=True, grouping=True, list_records=True)
LOOKS_UP = replace(LISTS, list_records=False)


@pytest.fixture(params=[LISTS, LOOKS_UP], ids=["with a list", "by look-ups"])
def app(request: pytest.FixtureRequest, sqlite: SqlStorage) -> AppFixture:
    made = AppFixture(sqlite, bureau=FakeBureau(request.param, synchronous=True))
    made.register()
    return made


def sent_after_backup(app: AppFixture, state: RecordState) -> Negativation:
    """An inclusion that the restored database believes was never sent, and that the bureau holds, or held."""
    example = app.included("i3")
    order = next(each.order for each in app.bureau.records if each.order.reference == example.reference)
    waiting = app.negativate("i1")
    app.bureau.records.append(
        FakeRecord(replace(order, reference=waiting.reference, due_date=waiting.due_date), "B-1", state)
    )
    app.reconciliation.declare_restored(ANA, remark="backup de ontem")
    app.later(DAY)
    return waiting


def let_go_on(app: AppFixture, waiting: Negativation) -> Negativation:
    assert app.reconciliation.run(ANA, app.integration_id).is_ended
    assert app.reconciliation.run(ANA, app.integration_id).opened == {}
    app.reconciliation.continue_inclusions(ANA, remark="conferido")
    return app.work(waiting)


@pytest.mark.parametrize("state", [RecordState.GONE, RecordState.REMOVING])
def test_inclusion_that_came_and_went_after_the_backup_is_not_sent_again(app: AppFixture, state: RecordState) -> None:
    waiting = sent_after_backup(app, state)
    calls = app.bureau.calls.count("include")
    let_go_on(app, waiting)
    for record in app.bureau.records:
        record.state = RecordState.GONE if record.bureau_id == "B-1" else record.state
    closed = app.work(waiting)
    assert app.bureau.calls.count("include") == calls
    assert (closed.observed, status(closed, TODAY)) == (Observed.GONE, Status.REMOVED_BY_BUREAU)
    assert closed.has_trigger(RemovalCause.BUREAU)
    assert app.negativate("i1").id != closed.id


def test_inclusion_that_stands_since_the_backup_is_not_sent_twice(app: AppFixture) -> None:
    waiting = sent_after_backup(app, RecordState.PRESENT)
    calls = app.bureau.calls.count("include")
    found = let_go_on(app, waiting)
    assert app.bureau.calls.count("include") == calls
    assert (found.observed, found.bureau_id) == (Observed.PRESENT, "B-1")


def test_inclusion_that_the_bureau_never_had_is_sent_once_a_person_continues(app: AppFixture) -> None:
    app.included("i3")
    waiting = app.negativate("i1")
    app.reconciliation.declare_restored(ANA, remark="backup de ontem")
    app.later(DAY)
    assert let_go_on(app, waiting).observed is Observed.PRESENT
