"""Payments: told once, told twice, told too early, and never told at all."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.application.payments import REREAD_MARK
from credit_protection.application.sweep import REREAD_EVERY
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import HostUnavailable, PermissionDenied
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Action, Desired, Observed
from credit_protection.domain.removal_policy import RemovalPolicy, Trigger
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.ports.host import HostCapabilities
from tests.application.desk import ANA, DAY, PRICE, TODAY, Desk, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.settlements import Entry

HALF = Money(PRICE.cents // 2)


def payment(invoice_id: str = "i1", number: str = "p1", **facts: object) -> Settlement:
    given = {"paid_on": TODAY, "amount": PRICE, **facts}
    return Settlement(number, invoice_id, SettlementKind.PAYMENT, **given)  # type: ignore[arg-type] # by name


def ledger(desk: Desk, *invoice_ids: str) -> list[Entry]:
    with desk.storage.reading() as unit:
        return list(unit.settlements.entries(desk.erp.code, invoice_ids or ("i1",)))


# ------------------------------------------------------------------------------------------------ recording


def test_a_payment_puts_its_negativation_in_the_removal_queue_and_wakes_the_workers(shop: Desk) -> None:
    held = shop.included("i1")
    shop.queue.woken.clear()
    assert shop.payments.record(SYSTEM, payment())
    turned = shop.get(held)
    assert (turned.desired, turned.transmission.action) == (Desired.REMOVED, Action.REMOVE)
    assert shop.queue.woken == [held.id]
    assert shop.happened(held)[-1] == "removal_wanted"
    (entry,) = shop.audit("p1")
    assert (entry.act, entry.actor_id, entry.after) == ("payment.record", "system", {"invoice": "i1"})


def test_recorded_twice_is_once(shop: Desk) -> None:
    held = shop.included("i1")
    assert shop.payments.record(SYSTEM, payment())
    after, history = shop.get(held), shop.happened(held)
    assert not shop.payments.record(SYSTEM, payment())
    assert shop.payments.apply().turned == []
    assert (shop.get(held), shop.happened(held)) == (after, history)
    assert len(ledger(shop)) == len(shop.audit("p1")) == 1


def test_the_same_payment_from_eight_threads_is_once(shop: Desk) -> None:
    held = shop.included("i1")
    outcomes = together(8, lambda _: shop.payments.record(SYSTEM, payment()))
    assert sorted(map(str, outcomes)) == ["False"] * 7 + ["True"]
    assert shop.happened(held).count("removal_wanted") == 1


def test_who_may_not_record_payments_records_none(shop: Desk) -> None:
    attendant = Actor.with_role("davi", "Davi", "atendente")
    with pytest.raises(PermissionDenied):
        shop.payments.record(attendant, payment())
    assert not ledger(shop)


def test_a_payment_of_what_was_never_negativated_does_nothing_more(shop: Desk) -> None:
    assert shop.payments.record(SYSTEM, payment("i3"))
    assert shop.payments.apply().invoices == 0


# ------------------------------------------------------------------------------------------ the host's transaction


@pytest.fixture
def hosted(sqlite: SqlStorage) -> Desk:
    """A tenant whose records live in the host's own SQLite file."""
    desk = Desk(sqlite)
    desk.register()
    return desk


@pytest.fixture
def erp(database: Path) -> Iterator[sqlite3.Connection]:
    """The host's own connection to that file, with a table of its own."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE invoice (id TEXT PRIMARY KEY, paid INTEGER)")
        connection.execute("INSERT INTO invoice VALUES ('i1', 0)")
        connection.commit()
        yield connection


def test_what_the_host_rolls_back_leaves_no_trace(hosted: Desk, erp: sqlite3.Connection) -> None:
    held = hosted.included("i1")
    trail = hosted.acts()
    erp.execute("UPDATE invoice SET paid = 1")
    assert hosted.payments.record(SYSTEM, payment(), connection=erp)
    erp.rollback()
    assert hosted.payments.committed().invoices == 0
    assert hosted.get(held).desired is Desired.INCLUDED
    assert not ledger(hosted)
    assert hosted.acts() == trail
    assert erp.execute("SELECT paid FROM invoice").fetchone() == (0,)


def test_what_the_host_commits_is_applied_after_it(hosted: Desk, erp: sqlite3.Connection) -> None:
    held = hosted.included("i1")
    erp.execute("UPDATE invoice SET paid = 1")
    assert hosted.payments.record(SYSTEM, payment(), connection=erp)
    assert not hosted.payments.record(SYSTEM, payment(), connection=erp)
    assert erp.in_transaction
    assert not ledger(hosted)  # nobody sees it before the host commits
    erp.commit()
    assert hosted.get(held).desired is Desired.INCLUDED
    assert hosted.payments.committed().turned == [held.id]
    assert hosted.get(held).desired is Desired.REMOVED


def test_a_commit_that_nobody_tells_of_is_found_by_the_sweep(hosted: Desk, erp: sqlite3.Connection) -> None:
    held = hosted.included("i1")
    hosted.payments.record(SYSTEM, payment(), connection=erp)
    erp.commit()
    assert hosted.sweep.run().applied == 1
    assert hosted.get(held).desired is Desired.REMOVED


# ------------------------------------------------------------------------------------------------ reversals


def test_a_reversal_before_its_settlement_keeps_it_reversed(shop: Desk) -> None:
    held = shop.included("i1")
    shop.payments.reverse(SYSTEM, "p1", "i1", TODAY)
    shop.payments.record(SYSTEM, payment())
    assert shop.get(held).desired is Desired.INCLUDED
    shop.payments.record(SYSTEM, payment(number="p2"))  # a new payment has a new id
    assert shop.get(held).desired is Desired.REMOVED


def test_a_reversal_before_any_removal_was_sent_takes_it_back(shop: Desk) -> None:
    held = shop.included("i1")
    shop.payments.record(SYSTEM, payment())
    assert shop.payments.reverse(SYSTEM, "p1", "i1", TODAY)
    kept = shop.get(held)
    assert (kept.desired, kept.transmission.is_open) == (Desired.INCLUDED, False)
    assert shop.happened(held)[-2:] == ["removal_wanted", "removal_withdrawn"]
    assert shop.acts("p1") == ["payment.record", "payment.reverse"]


def test_a_reversal_after_the_removal_was_sent_lets_it_go_all_the_way(shop: Desk) -> None:
    held = shop.included("i1")
    shop.payments.record(SYSTEM, payment())
    shop.perform(held)
    shop.payments.reverse(SYSTEM, "p1", "i1", TODAY)
    assert shop.work(held).observed is Observed.GONE
    assert "include" not in shop.bureau.calls[shop.bureau.calls.index("remove") :]


# ------------------------------------------------------------------------------------------------ applying


def test_applying_again_changes_nothing(shop: Desk) -> None:
    held = shop.included("i1")
    with shop.storage.unit() as unit:
        unit.settlements.record(shop.erp.code, payment(), shop.clock.now())
        unit.commit()
    assert shop.payments.apply().turned == [held.id]
    after = shop.get(held)
    assert shop.payments.apply() == type(shop.payments.apply())(0, [])
    assert shop.get(held) == after


def test_applying_takes_no_more_than_asked_and_the_rest_next_time(shop: Desk) -> None:
    with shop.storage.unit() as unit:
        for number in range(5):
            unit.settlements.record(shop.erp.code, payment(f"x{number}", f"p{number}"), shop.clock.now())
        unit.commit()
    assert [shop.payments.apply(2).invoices for _ in range(4)] == [2, 2, 1, 0]


def test_one_invoice_that_can_not_be_decided_upon_does_not_keep_the_others(
    shop: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    shop.included("i1")
    shop.uninstall_gateway()
    shop.register(description="Outra conta")
    sound = shop.included("i2")
    with shop.storage.unit() as unit:
        for invoice_id in ("i1", "i2"):
            unit.settlements.record(shop.erp.code, payment(invoice_id, f"p-{invoice_id}"), shop.clock.now())
        unit.commit()
    assert shop.payments.apply().turned == [sound.id]
    assert "i1" in caplog.text
    with shop.storage.reading() as unit:
        assert unit.settlements.unapplied(10) == [(shop.erp.code, "i1")]  # kept for when it is mended


@pytest.mark.parametrize(
    ("facts", "deadline"),
    [
        ({"paid_on": date(2026, 11, 24)}, date(2026, 12, 1)),
        ({"paid_on": date(2026, 11, 18)}, date(2026, 11, 26)),  # 20 November is a holiday
        ({"paid_on": date(2026, 11, 21)}, date(2026, 11, 27)),  # a Saturday
        ({"paid_on": date(2026, 11, 24), "available_on": date(2026, 11, 26)}, date(2026, 12, 3)),
    ],
)
def test_the_deadline_is_five_business_days_after_the_money_is_available(
    shop: Desk, facts: dict[str, object], deadline: date
) -> None:
    held = shop.included("i1")
    shop.payments.record(SYSTEM, payment("i1", "p1", **facts))
    assert shop.get(held).transmission.deadline == deadline


def test_a_court_order_counts_from_the_day_itself(shop: Desk) -> None:
    held = shop.included("i1")
    shop.payments.record(SYSTEM, payment(court_order=True))
    assert shop.get(held).deadline == TODAY


def test_part_payments_settle_once_together_they_cover_the_balance(shop: Desk) -> None:
    held = shop.included("i1")
    shop.paid("i1", HALF)
    assert shop.get(held).desired is Desired.INCLUDED
    shop.paid("i1")
    assert shop.get(held).desired is Desired.REMOVED


def test_a_tolerated_rest_settles(desk: Desk) -> None:
    desk.register(IntegrationSettings(removal_policy=RemovalPolicy(tolerance=Money(1_00))))
    held = desk.included("i1")
    desk.payments.record(SYSTEM, payment(amount=Money(PRICE.cents - 1_00)))
    assert desk.get(held).desired is Desired.REMOVED


def test_an_earlier_part_payment_that_the_balance_reflects_settles_nothing(shop: Desk) -> None:
    earlier = shop.erp.pay("i1", TODAY - 9 * DAY, Money(70_00))
    shop.payments.record(SYSTEM, earlier)
    held = shop.included("i1")
    assert held.amount == Money(49_90)
    shop.payments.apply()
    assert shop.get(held).desired is Desired.INCLUDED
    shop.paid("i1", Money(49_90))
    assert shop.get(held).desired is Desired.REMOVED


@pytest.mark.parametrize(
    ("trigger", "desired"),
    [(Trigger.ANY_INVOICE_PAID, Desired.REMOVED), (Trigger.ALL_INVOICES_SETTLED, Desired.INCLUDED)],
)
def test_one_paid_invoice_of_a_group_removes_or_waits_for_the_others_as_the_policy_says(
    desk: Desk, trigger: Trigger, desired: Desired
) -> None:
    desk.register(IntegrationSettings(grouped=True, removal_policy=RemovalPolicy(trigger)))
    held = desk.included("i1", "i2")
    desk.paid("i1", on=TODAY - 3 * DAY)
    assert desk.get(held).desired is desired
    desk.paid("i2")
    assert desk.get(held).desired is Desired.REMOVED
    counted_from = TODAY if trigger is Trigger.ALL_INVOICES_SETTLED else TODAY - 3 * DAY
    assert desk.get(held).deadline == desk.tenant.calendars.of(desk.erp.creditor).after(counted_from, 5)


# ------------------------------------------------------------------------------------------------ what the host lists


def test_the_sweep_records_what_the_host_lists_and_looks_back_over_the_last_sweep(shop: Desk) -> None:
    held, late = shop.included("i1"), shop.included("i2")
    shop.erp.pay("i1", TODAY)
    assert shop.payments.sweep_host(TODAY) == 1
    shop.erp.pay("i2", TODAY - 2 * DAY)  # a bank return, back-dated
    assert shop.payments.sweep_host(TODAY) == 1
    assert shop.payments.sweep_host(TODAY) == 0
    shop.payments.apply()
    assert {shop.get(one).desired for one in (held, late)} == {Desired.REMOVED}


def test_the_sweep_does_not_forget_the_days_that_it_was_down(shop: Desk) -> None:
    shop.payments.sweep_host(TODAY)
    shop.erp.pay("i1", TODAY + DAY)
    shop.later(timedelta(days=30))
    assert shop.payments.sweep_host(TODAY + 30 * DAY) == 1


def test_a_sweep_that_breaks_off_begins_again_where_the_last_good_one_began(shop: Desk) -> None:
    shop.payments.sweep_host(TODAY)
    shop.later(timedelta(days=30))
    shop.erp.pay("i1", TODAY + DAY)
    real = shop.erp.settlements_since

    def broken(day: date) -> Iterator[Entry]:
        yield from real(day)
        raise HostUnavailable("O ERP caiu.")

    shop.erp.settlements_since = broken  # type: ignore[method-assign] # the ERP goes down on the way
    with pytest.raises(HostUnavailable):
        shop.payments.sweep_host(TODAY + 30 * DAY)
    shop.erp.settlements_since = real  # type: ignore[method-assign] # and comes back
    shop.payments.sweep_host(TODAY + 30 * DAY)
    assert [entry.invoice_id for entry in ledger(shop)] == ["i1"]


def test_nothing_is_held_while_a_slow_host_lists(shop: Desk) -> None:
    shop.erp.pay("i1", TODAY)

    def slow(day: date) -> Iterator[Entry]:
        assert day == TODAY - 3 * DAY
        yield payment("i2", "p2")
        assert shop.payments.record(SYSTEM, payment("i3", "p3"))  # an ERP's payment must not wait for our sweep
        yield payment("i1", "p1")

    shop.erp.settlements_since = slow  # type: ignore[method-assign] # one that takes its time
    assert shop.payments.sweep_host(TODAY) == 2
    assert len(ledger(shop, "i1", "i2", "i3")) == 3


def test_a_host_without_a_list_is_not_asked(shop: Desk) -> None:
    shop.erp.capabilities = HostCapabilities(settlements=False)
    shop.erp.pay("i1", TODAY)
    assert shop.payments.sweep_host(TODAY) == 0


# ------------------------------------------------------------------------------------------------ what nobody told


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (InvoiceStatus.PAID, SettlementKind.PAYMENT, RemovalCause.SETTLEMENT),
        (InvoiceStatus.CREDITED, SettlementKind.CREDIT_NOTE, RemovalCause.SETTLEMENT),
        (InvoiceStatus.CANCELLED, SettlementKind.CANCELLATION, RemovalCause.SETTLEMENT),
        (InvoiceStatus.IN_AGREEMENT, SettlementKind.AGREEMENT, RemovalCause.AGREEMENT),
    ],
)
def test_a_debt_that_ceased_without_any_event_is_seen_by_reading_it(
    shop: Desk, status: InvoiceStatus, kind: SettlementKind, cause: RemovalCause
) -> None:
    held = shop.included("i1")
    shop.erp.cease("i1", status, TODAY - DAY)
    assert shop.payments.reread_standings() == 1
    assert shop.payments.reread_standings() == 0
    shop.payments.apply()
    turned = shop.get(held)
    assert (turned.desired, turned.triggers[0].cause) == (Desired.REMOVED, cause)
    (entry,) = ledger(shop)
    assert isinstance(entry, Settlement)
    assert (entry.kind, entry.paid_on) == (kind, TODAY - DAY)


def test_a_debt_that_is_back_takes_back_what_the_reading_told_and_that_only(shop: Desk) -> None:
    unseen, told = shop.included("i1"), shop.included("i2")
    shop.erp.cease("i1", InvoiceStatus.PAID, TODAY)
    shop.payments.record(SYSTEM, payment("i2"))  # the host told, and its balance still shows the debt
    assert shop.payments.reread_standings() == 1
    shop.payments.apply()

    shop.erp.cease("i1", InvoiceStatus.OPEN)
    assert shop.payments.reread_standings() == 1
    shop.payments.apply()
    assert shop.get(unseen).desired is Desired.INCLUDED
    assert shop.get(told).desired is Desired.REMOVED
    assert [type(entry) for entry in ledger(shop)] == [Settlement, Reversal]

    shop.erp.cease("i1", InvoiceStatus.PAID, TODAY)  # and paid once more
    assert shop.payments.reread_standings() == 1
    shop.payments.apply()
    assert shop.get(unseen).desired is Desired.REMOVED


def test_what_has_run_its_course_is_not_read_again(shop: Desk) -> None:
    held = shop.included("i1")
    shop.negativations.delete(ANA, held.id)
    shop.work(held)
    shop.erp.cease("i1", InvoiceStatus.PAID, TODAY)
    assert shop.payments.reread_standings() == 0


def test_the_reading_goes_page_by_page(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit_protection.application.payments.REREAD_AT_ONCE", 2)
    for invoice_id in ("i1", "i2", "i3"):
        shop.negativate(invoice_id)
        shop.erp.cease(invoice_id, InvoiceStatus.PAID, TODAY)
    asked: list[int] = []
    real = shop.erp.invoice_statuses

    def counting(invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        asked.append(len(invoice_ids))
        return real(invoice_ids)

    shop.erp.invoice_statuses = counting  # type: ignore[method-assign] # counts
    assert shop.payments.reread_standings() == 3
    assert asked == [2, 1]


def test_the_sweep_rereads_every_few_hours_and_survives_a_host_that_is_down(shop: Desk) -> None:
    held = shop.included("i1")
    shop.sweep.run()
    shop.erp.cease("i1", InvoiceStatus.CANCELLED, TODAY)
    shop.later(REREAD_EVERY - timedelta(minutes=1))
    assert shop.sweep.run().told_by_host == 0

    def down(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu.")

    shop.later(timedelta(minutes=1))
    shop.erp.before = down
    swept = shop.sweep.run()
    assert swept.host_failed == "O ERP não respondeu."
    with shop.storage.reading() as unit:
        assert unit.marks.get(REREAD_MARK + shop.erp.code) < shop.clock.now()  # type: ignore[operator] # it is set

    shop.erp.before = lambda _: None
    assert shop.sweep.run().told_by_host == 1
    assert shop.get(held).desired is Desired.REMOVED
