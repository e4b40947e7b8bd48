"""Reconciliation: a list that misses records proves nothing; what the gateway can look up is looked up first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.divergences import Decision, DivergenceCode
from credit_protection.testing.fakes.bureau import FakeBureau, FakeRecord
from tests.application.app import ANA, AppFixture
from tests.application.test_reconciliation import (
    bureau_side,
    codes,
    many,
    reconcile,
    record_of,
    removed,
    run,
    stand_again,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.bureau import ListedRecord

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class CutList(FakeBureau):
    """A bureau whose list leaves some records out, though look-ups find them."""

    def __init__(self) -> None:
        super().__init__(Capabilities(registry=Registry.SPC, grouping=True, list_records=True), synchronous=True)
        self.left_out: set[str] = set()

    def list_records(self) -> Iterator[ListedRecord]:
        return (each for each in super().list_records() if each.found.bureau_id not in self.left_out)


@pytest.fixture
def bureau() -> CutList:
    return CutList()


@pytest.fixture
def app(sqlite: SqlStorage, bureau: CutList) -> AppFixture:
    made = AppFixture(sqlite, bureau=bureau)
    made.register()
    return made


def repeated(app: AppFixture) -> tuple[Negativation, FakeRecord]:
    """A record that stands twice at the bureau."""
    included = app.included("i1")
    record = record_of(app, included)
    app.bureau.records.append(FakeRecord(record.order, "TWIN", RecordState.PRESENT))
    return included, record


def test_record_that_the_list_misses_is_no_other_record_while_its_twin_is_listed(
    app: AppFixture, bureau: CutList
) -> None:
    _, record = repeated(app)
    bureau.left_out = {record.bureau_id}
    assert codes(reconcile(app)) == [DivergenceCode.DUPLICATE]
    assert [each.code for each in app.listeners.divergences] == [DivergenceCode.DUPLICATE]


def test_record_whose_twin_is_listed_and_that_no_look_up_finds_has_another_id(app: AppFixture) -> None:
    _, record = repeated(app)
    app.bureau.records.remove(record)
    assert codes(reconcile(app)) == [DivergenceCode.OTHERS_RECORD]


def test_suspect_list_judges_no_twin(app: AppFixture, bureau: CutList) -> None:
    made = many(app, 30)
    record = record_of(app, made[0])
    app.bureau.records.append(FakeRecord(record.order, "TWIN", RecordState.PRESENT))
    bureau.left_out = {record_of(app, each).bureau_id for each in made}
    assert codes(reconcile(app)) == [DivergenceCode.SUSPECT_LIST]


def test_twin_that_the_list_misses_is_still_shown(app: AppFixture, bureau: CutList) -> None:
    repeated(app)
    (found,) = reconcile(app)
    bureau.left_out = {"TWIN"}
    assert [each.id for each in reconcile(app)] == [found.id]
    app.bureau.records.pop()
    assert reconcile(app) == []


def test_brake_of_the_bureaus_side_ends_once_nothing_is_held(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = removed(app)
    stand_again(app, gone)
    monkeypatch.setattr("credit_protection.application.reading_effects.allowed_turns", lambda *_, **__: 0)
    assert DivergenceCode.BRAKE in codes(reconcile(app))
    monkeypatch.undo()
    app.later(DAY)
    run(app)
    assert codes(bureau_side(app)) == [DivergenceCode.AFTER_REMOVAL]
    app.work(gone)
    assert reconcile(app) == []


def test_unknown_record_that_one_list_misses_is_still_shown_and_stays_decided(app: AppFixture, bureau: CutList) -> None:
    included = app.included("i1")
    app.bureau.records.append(FakeRecord(record_of(app, included).order, "OTHER", RecordState.PRESENT))
    app.bureau.records[-1].order = replace(app.bureau.records[-1].order, reference="U-1")
    (found,) = reconcile(app)
    app.divergences.decide(ANA, found.id, Decision.KEEP, remark="é de outra empresa")
    bureau.left_out = {"OTHER"}
    assert [each.id for each in reconcile(app)] == [found.id]
    bureau.left_out = set()
    (still,) = reconcile(app, DAY)
    assert (still.id, still.decision) == (found.id, Decision.KEEP)
    bureau.left_out = {"OTHER"}
    assert [each.id for each in reconcile(app)] == [found.id]
    assert [each.id for each in reconcile(app, timedelta(minutes=5))] == [found.id]
    assert reconcile(app) == []
