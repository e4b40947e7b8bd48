"""A clock that jumps, by seconds or years, ahead or back: no removal waits for it, no inclusion trusts it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.errors import BureauUnavailable, Conflict, OutcomeUnknown, RateLimited
from credit_protection.domain.instants import (
    SKEW,
    farthest_believed,
    has_come,
    is_ahead,
    is_longer_ago,
    is_over,
)
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.domain.statuses import CLOCK_REASON
from credit_protection.ports import failpoints
from credit_protection.ports.failpoints import APPLY, PERFORM
from credit_protection.ports.host import HostCapabilities
from credit_protection.testing.fakes import FakeClock, FakeErp
from credit_protection.testing.tenants import sqlite_storage
from tests.application.app import ANA, DUE, AppFixture

if TYPE_CHECKING:
    from pathlib import Path

    from credit_protection.ports.storage import Storage

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = timedelta(days=365)
JUMPS = [5 * HOUR, YEAR]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
instants = st.integers(-10 * 366 * 86400, 10 * 366 * 86400).map(lambda seconds: NOW + timedelta(seconds=seconds))
lengths = st.sampled_from([MINUTE, HOUR, DAY])


def alarm_codes(app: AppFixture) -> set[str]:
    return {each.code.value for each in app.alarms.check(ANA)}


def jump(app: AppFixture, by: timedelta) -> None:
    app.clock.advance(by)


def passes(app: AppFixture, rounds: int = 6) -> None:
    """What a worker does in a minute, and in the minutes after it."""
    for _ in range(rounds):
        app.sweep.run(by_worker=True)
        for _ in range(10):
            due = app.transmissions.due(50)
            if not [app.transmissions.perform(each.negativation_id, "w1") for each in due]:
                break
            app.bureau.process_pending()
        app.clock.advance(MINUTE)


# -------------------------------------------------------------------------------- the comparisons


@given(instants, instants, lengths)
def test_what_waits_waits_no_longer_than_it_could_have_been_told_to(
    at: datetime, now: datetime, farthest: timedelta
) -> None:
    if not has_come(at, now, farthest):
        assert now < at <= farthest_believed(now, farthest)
    else:
        assert at <= now or at > farthest_believed(now, farthest)


@given(instants, instants, lengths)
def test_what_was_done_ahead_was_done_long_ago(at: datetime, now: datetime, length: timedelta) -> None:
    assert is_over(at, now, length) is (is_ahead(at, now) or now - at >= length)
    assert is_longer_ago(at, now, length) is (is_ahead(at, now) or now - at > length)
    assert is_over(None, now, length)


# -------------------------------------------------------------------------------- a year ahead


@pytest.mark.parametrize("by", JUMPS, ids=str)
@pytest.mark.parametrize("lists", [True, False], ids=["host lists", "host lists nothing"])
def test_payment_is_seen_and_removed_soon_after_a_clock_that_was_ahead(
    sqlite: Storage, by: timedelta, *, lists: bool
) -> None:
    erp = FakeErp(capabilities=HostCapabilities(settled_invoices=True, reversals=True, settlements=lists, events=False))
    app = AppFixture(sqlite, erp=erp)
    app.register()
    stands = app.included()
    app.sweep.run(by_worker=True)
    jump(app, by)
    app.sweep.run(by_worker=True)
    jump(app, -by)
    app.erp.pay("i1", app.clock.now().date())  # the event is lost: only the sweep sees it
    passes(app)
    assert app.get(stands).observed is Observed.GONE
    assert AlarmCode.CLOCK.value in alarm_codes(app)


@pytest.mark.parametrize("by", JUMPS, ids=str)
def test_silence_sounds_although_its_watermarks_lie_ahead(app: AppFixture, by: timedelta) -> None:
    app.included()
    jump(app, by)
    app.sweep.run(by_worker=True)
    jump(app, -by)
    sounding = alarm_codes(app)
    assert {"trabalhador_parado", "erp_sem_leitura", "relogio"} <= sounding
    (told,) = (each for each in app.alarms.check(ANA) if each.code is AlarmCode.WORKER_STOPPED)
    assert "ainda não chegou" in told.message


def test_alarm_that_was_told_ahead_is_told_again(app: AppFixture) -> None:
    app.included()
    jump(app, YEAR)
    app.alarms.notify()
    told = {each.code for each in app.listeners.alarms}
    jump(app, -YEAR)
    app.listeners.alarms.clear()
    app.alarms.notify()
    assert told & {each.code for each in app.listeners.alarms}
    app.listeners.alarms.clear()
    assert not app.alarms.notify()


# -------------------------------------------------------------------------------- a clock that is behind


@pytest.mark.parametrize("by", [3 * MINUTE, 2 * HOUR, 10 * YEAR], ids=str)
def test_no_inclusion_is_sent_by_a_clock_that_is_behind_and_removals_go_on(app: AppFixture, by: timedelta) -> None:
    leaving, waiting = app.included("i1"), app.negativate("i2")
    app.paid("i1")
    app.sweep.run(by_worker=True)
    jump(app, -by)
    calls = app.bureau.calls.count("include")
    passes(app, 1)
    assert app.bureau.calls.count("include") == calls
    assert app.get(waiting).transmission.last_error == (CLOCK_REASON if by > HOUR else "")  # else not due yet
    assert by < HOUR or app.get(leaving).observed in {Observed.REMOVING, Observed.GONE}
    assert AlarmCode.CLOCK.value in alarm_codes(app)
    jump(app, by)
    passes(app)
    assert AlarmCode.CLOCK.value not in alarm_codes(app)
    if by < DAY:  # else the last sign of a worker looks like an outage, and a person releases the inclusions
        assert app.get(waiting).observed is Observed.PRESENT


def test_nothing_is_asked_for_before_its_integration_was_made(app: AppFixture) -> None:
    jump(app, -YEAR)
    with pytest.raises(Conflict) as refused:
        app.negativate()
    assert refused.value.code == CLOCK_REASON


def test_person_who_says_that_the_clock_is_right_lets_inclusions_go_on(app: AppFixture) -> None:
    app.sweep.run(by_worker=True)
    jump(app, YEAR)
    with app.storage.unit() as unit:
        unit.watermarks.set("host.polled.another", app.clock.now())
        unit.commit()
    jump(app, -YEAR)
    waiting = app.negativate()
    passes(app, 2)
    assert app.get(waiting).transmission.last_error == CLOCK_REASON
    app.reconciliation.continue_inclusions(ANA, remark="conferi o relógio")
    passes(app)
    assert app.get(waiting).observed is Observed.PRESENT
    assert AlarmCode.CLOCK.value not in alarm_codes(app)
    assert "installation.clock" in app.acts()


# -------------------------------------------------------------------------------- rows, both databases


@pytest.mark.parametrize("by", [2 * HOUR, YEAR], ids=str)
@pytest.mark.parametrize("column", ["due_at", "lease"])
def test_far_rows_are_claimed(app_on_any_storage: AppFixture, by: timedelta, column: str) -> None:
    app = app_on_any_storage
    rows = [app.included("i1"), app.negativate("i2")]
    app.paid("i1")
    app.payments.apply()
    jump(app, by)
    for each in rows:
        with app.storage.unit() as unit:
            locked = unit.negativations.lock(each.id)
            assert locked is not None
            work = replace(locked.transmission, due_at=app.clock.now() + timedelta(seconds=30))
            unit.negativations.save(replace(locked, transmission=work))
            unit.commit()
    if column == "lease":
        jump(app, MINUTE)

        def dies(_: str) -> None:
            raise Died

        app.bureau.before = dies
        for each in rows:
            with pytest.raises(Died):
                app.perform(each)
        app.bureau.before = lambda _: None
    jump(app, -by)
    if column == "lease":
        assert app.transmissions.release_expired() == len(rows)
    assert app.transmissions.due(50)[0].negativation_id == rows[0].id  # the removal comes first
    passes(app, 20)
    assert app.get(rows[0]).observed is Observed.GONE


class Died(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("error", ["refused", "throttled", "down"])
@pytest.mark.parametrize("by", [2 * HOUR], ids=str)
def test_pause_that_was_set_ahead_ends_with_the_jump(app_on_any_storage: AppFixture, by: timedelta, error: str) -> None:
    app = app_on_any_storage
    for number in range(8):
        app.erp.add_invoice(f"b{number}", "c1", DUE)
    rows = [app.included(f"b{number}") for number in range(8)]
    for number in range(8):
        app.paid(f"b{number}")
    app.payments.apply()
    jump(app, by)
    failure = {
        "refused": BureauUnavailable("O birô não aceitou a conexão a tempo."),
        "throttled": RateLimited("Devagar.", retry_at=app.clock.now() + DAY),
        "down": OutcomeUnknown("O birô não respondeu a tempo."),
    }[error]

    def fails(_: str) -> None:
        raise failure

    app.bureau.before = fails
    passes(app, 3)
    app.bureau.before = lambda _: None
    jump(app, -by)
    passes(app, 15)
    assert {app.get(each).observed for each in rows} == {Observed.GONE}


POINTS = (*APPLY, *PERFORM)


def move_at(app: AppFixture, patch: pytest.MonkeyPatch, point: str, by: timedelta, *, dies: bool) -> None:
    """Move the clock once, when this point is reached; the process may die there too."""

    def moving(reached: str) -> None:
        if reached == point:
            patch.setattr(failpoints, "handler", None)
            app.clock.advance(by)
            if dies:
                raise Died

    patch.setattr(failpoints, "handler", moving)


def pay_while_the_clock_moves(
    app: AppFixture, patch: pytest.MonkeyPatch, point: str, by: timedelta, *, dies: bool
) -> None:
    stands = app.included()
    app.sweep.run(by_worker=True)
    move_at(app, patch, point, by, dies=dies)
    with suppress(Died):
        app.paid("i1")
        app.payments.apply()
        app.perform(stands)
    patch.setattr(failpoints, "handler", None)
    app.bureau.process_pending()
    passes(app, 3)
    for _ in range(10):  # a lease or a look-up of up to an hour may be believed
        if app.get(stands).observed is Observed.GONE:
            break
        app.clock.advance(10 * MINUTE)
        passes(app, 1)
    assert app.get(stands).desired is Desired.REMOVED
    assert app.get(stands).observed is Observed.GONE
    app.clock.advance(-by)
    passes(app, 1)
    assert app.get(stands).observed is Observed.GONE
    assert not app.transmissions.due(50)


@given(
    seconds=st.integers(1, 10 * 366 * 86400),
    is_back=st.booleans(),
    point=st.sampled_from(POINTS),
    dies=st.booleans(),
)
@settings(max_examples=25)
def test_removal_is_made_whenever_and_however_far_the_clock_moves(
    seconds: int, point: str, *, is_back: bool, dies: bool
) -> None:
    storage = sqlite_storage()
    app = AppFixture(storage)
    app.register()
    with pytest.MonkeyPatch.context() as patch:
        by = timedelta(seconds=-seconds if is_back else seconds)
        pay_while_the_clock_moves(app, patch, point, by, dies=dies)
    storage.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("by", [-2 * HOUR, YEAR], ids=str)
@pytest.mark.parametrize("point", POINTS)
def test_removal_is_made_on_postgresql_too(
    postgresql: Storage, monkeypatch: pytest.MonkeyPatch, point: str, by: timedelta
) -> None:
    app = AppFixture(postgresql)
    app.register()
    pay_while_the_clock_moves(app, monkeypatch, point, by, dies=False)


# -------------------------------------------------------------------------------- two workers, clocks apart


@pytest.mark.parametrize("apart", [2 * HOUR, -2 * HOUR, YEAR], ids=str)
def test_two_workers_whose_clocks_differ_remove_every_paid_record_and_rest(
    app_on_any_storage: AppFixture, apart: timedelta
) -> None:
    app = app_on_any_storage
    other = AppFixture(app.storage, app.bureau, app.erp, FakeClock(app.clock.now()), app.identifiers)
    other.integration_id = app.integration_id
    rows = []
    for number in range(24):
        app.erp.add_invoice(f"b{number}", "c1", DUE)
        rows.append(app.included(f"b{number}"))
    other.clock.advance(app.clock.now() - other.clock.now() + apart)
    for number in range(24):
        (app if number % 2 else other).paid(f"b{number}")
        for worker in (other, app):
            for each in worker.transmissions.due(2):
                worker.transmissions.perform(each.negativation_id, f"w{worker is app}")
            app.bureau.process_pending()
        if number == 12:
            other.clock.advance(-apart)  # it is set right while payments arrive
        for worker in (app, other):
            worker.clock.advance(timedelta(seconds=5))
            worker.sweep.run(by_worker=True)
    for _ in range(3):
        passes(other, 1)
        passes(app, 1)
    passes(app, 12)
    left = [each.id for each in rows if app.get(each).observed is not Observed.GONE]
    assert left == []
    assert not app.transmissions.due(100)
    assert len(app.bureau.records) == len(rows)


# -------------------------------------------------------------------------------- quiet periods and counts


def test_record_is_not_taken_for_missing_since_the_clock_fell_back_after_a_look_up_was_claimed(app: AppFixture) -> None:
    def lost(_: str) -> None:
        raise OutcomeUnknown("O birô não respondeu a tempo.")

    asked = app.negativate()
    app.bureau.before = lost  # it may arrive later
    app.perform(asked)
    app.bureau.before = lambda _: None
    jump(app, YEAR)

    def falls_back(_: str) -> None:
        app.bureau.before = lambda _: None
        jump(app, -YEAR)

    app.bureau.before = falls_back
    app.perform(asked)
    stored = app.get(asked)
    assert stored.observed is Observed.IN_DOUBT_INCLUDE
    assert stored.unanswered_inclusions is not None


def test_brake_counts_only_turns_that_can_be_of_the_last_day(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    now = app.clock.now()
    with app.storage.unit() as unit:
        for at in (now - 2 * DAY, now - HOUR, now, now + SKEW, now + HOUR, now + YEAR):
            unit.turns.add("integration", "negativation", at)
        unit.commit()
    with app.storage.read_only() as unit:
        assert unit.turns.count("integration", now - DAY, now + SKEW) == 3
        assert unit.turns.count("integration", now - DAY) == 5


def test_reading_that_lies_ahead_keeps_no_newer_one_out(app: AppFixture) -> None:
    app.included()
    jump(app, YEAR)
    app.sweep.run(reads_all=True)
    jump(app, -YEAR)
    app.erp.pay("i1", app.clock.now().date())
    app.erp.entries.clear()  # only its invoice shows it
    app.sweep.run(reads_all=True)
    with app.storage.read_only() as unit:
        assert unit.readings.get(app.erp.code, ["i1"])["i1"].reading.as_of <= app.clock.now()


def test_recheck_that_lies_ahead_is_answered_and_holds_no_inclusion(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    asked = app.negativate("i2")
    app.included("i1")
    jump(app, YEAR)
    app.payments.recheck(SYSTEM, "i1")
    app.payments.recheck(SYSTEM, "i2")
    app.sweep.run()
    app.payments.recheck(SYSTEM, "i1")
    app.payments.recheck(SYSTEM, "i2")
    jump(app, -YEAR)
    app.sweep.run()
    with app.storage.read_only() as unit:
        assert all(each.done_at is not None for each in unit.rechecks.of(app.erp.code, ["i1", "i2"]))
    app.reconciliation.continue_inclusions(ANA, remark="conferi o relógio")
    assert app.work(asked).observed is Observed.PRESENT


def test_query_and_payment_that_lie_ahead_are_told(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    jump(app, YEAR)
    app.paid("i3")
    jump(app, -YEAR)
    with app.storage.read_only() as unit:
        now = app.clock.now()
        assert unit.settlements.waiting(now, 10).count in {0, 1}
        assert unit.settlements.waiting(now, 10, or_after=now + SKEW).count >= unit.settlements.waiting(now, 10).count


def test_far_rows_are_found_by_an_index(app: AppFixture, database: Path) -> None:
    executed: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:  # noqa: ANN401
        executed.append((statement, parameters))

    sa.event.listen(Engine, "before_cursor_execute", note)
    try:
        app.transmissions.due(10)
        app.transmissions.release_expired()
    finally:
        sa.event.remove(Engine, "before_cursor_execute", note)
    with closing(sqlite3.connect(database)) as connection:
        plans = [
            row[3]
            for statement, parameters in executed
            if "cp_negativation" in statement
            for row in connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)
        ]
    for index in ("ix_cp_negativation_due_inclusion (due_at", "ix_cp_negativation_lease (claim_until"):
        assert sum(index in each for each in plans) == 2, plans  # a range for the present, one beyond belief
    assert any("ix_cp_negativation_due_removal" in each for each in plans)
