"""Polling the host: settlements that it lists, and debts that ceased without a report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.host_polling import RECHECK_INTERVAL, RECHECKED_WATERMARK, HostPolling
from credit_protection.application.payments import RecordResult
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Desired
from credit_protection.ports.host import HostCapabilities
from tests.application.app import ANA, DAY, TODAY
from tests.application.test_payments import ledger, payment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.settlements import Entry
    from tests.application.app import AppFixture


def polling(app: AppFixture) -> HostPolling:
    return HostPolling(app.ports, app.payments)


def test_poll_records_what_the_host_lists_and_overlaps_the_last_poll(app: AppFixture) -> None:
    included, late = app.included("i1"), app.included("i2")
    app.erp.pay("i1", TODAY)
    assert polling(app).poll_host_settlements(TODAY) == 1
    app.erp.pay("i2", TODAY - 2 * DAY)  # a bank return, back-dated
    assert polling(app).poll_host_settlements(TODAY) == 1
    assert polling(app).poll_host_settlements(TODAY) == 0
    app.payments.apply()
    assert {app.get(one).desired for one in (included, late)} == {Desired.REMOVED}


def test_poll_after_downtime_starts_at_the_last_poll(app: AppFixture) -> None:
    polling(app).poll_host_settlements(TODAY)
    app.erp.pay("i1", TODAY + DAY)
    app.later(timedelta(days=30))
    assert polling(app).poll_host_settlements(TODAY + 30 * DAY) == 1


def test_poll_after_a_failed_one_starts_at_the_last_complete_one(app: AppFixture) -> None:
    polling(app).poll_host_settlements(TODAY)
    app.later(timedelta(days=30))
    app.erp.pay("i1", TODAY + DAY)
    real = app.erp.settlements_since

    def broken(day: date) -> Iterator[Entry]:
        yield from real(day)
        raise HostUnavailable("O ERP caiu.")

    app.erp.settlements_since = broken  # type: ignore[method-assign] # the ERP goes down on the way
    with pytest.raises(HostUnavailable):
        polling(app).poll_host_settlements(TODAY + 30 * DAY)
    app.erp.settlements_since = real  # type: ignore[method-assign] # and comes back
    polling(app).poll_host_settlements(TODAY + 30 * DAY)
    assert [entry.invoice_id for entry in ledger(app)] == ["i1"]


def test_no_transaction_is_open_while_a_slow_host_lists(app: AppFixture) -> None:
    app.erp.pay("i1", TODAY)

    def slow(day: date) -> Iterator[Entry]:
        assert day == TODAY - 3 * DAY
        yield payment("i2", "p2")
        assert app.payments.record(SYSTEM, payment("i3", "p3")) is RecordResult.RECORDED
        yield payment("i1", "p1")

    app.erp.settlements_since = slow  # type: ignore[method-assign] # one that takes its time
    assert polling(app).poll_host_settlements(TODAY) == 2
    assert len(ledger(app, "i1", "i2", "i3")) == 3


def test_host_without_a_settlement_list_is_not_polled(app: AppFixture) -> None:
    app.erp.capabilities = HostCapabilities(settlements=False)
    app.erp.pay("i1", TODAY)
    assert polling(app).poll_host_settlements(TODAY) == 0


# ------------------------------------------------------------------------------------------------ rechecking


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (InvoiceStatus.PAID, SettlementKind.PAYMENT, RemovalCause.SETTLEMENT),
        (InvoiceStatus.CREDITED, SettlementKind.CREDIT_NOTE, RemovalCause.SETTLEMENT),
        (InvoiceStatus.CANCELLED, SettlementKind.CANCELLATION, RemovalCause.SETTLEMENT),
        (InvoiceStatus.IN_AGREEMENT, SettlementKind.AGREEMENT, RemovalCause.AGREEMENT),
    ],
)
def test_recheck_finds_a_debt_that_ceased_without_a_report(
    app: AppFixture, status: InvoiceStatus, kind: SettlementKind, cause: RemovalCause
) -> None:
    included = app.included("i1")
    app.erp.set_status("i1", status, TODAY - DAY)
    assert polling(app).recheck_invoices() == 1
    assert polling(app).recheck_invoices() == 0
    app.payments.apply()
    changed = app.get(included)
    assert (changed.desired, changed.triggers[0].cause) == (Desired.REMOVED, cause)
    (entry,) = ledger(app)
    assert isinstance(entry, Settlement)
    assert (entry.kind, entry.paid_on) == (kind, TODAY - DAY)


def test_recheck_of_a_reopened_debt_reverses_only_the_settlements_it_recorded(
    app: AppFixture,
) -> None:
    unreported, reported = app.included("i1"), app.included("i2")
    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)
    app.payments.record(SYSTEM, payment("i2"))  # reported, though its balance still shows the debt
    assert polling(app).recheck_invoices() == 1
    app.payments.apply()

    app.erp.set_status("i1", InvoiceStatus.OPEN)
    assert polling(app).recheck_invoices() == 1
    app.payments.apply()
    assert app.get(unreported).desired is Desired.INCLUDED
    assert app.get(reported).desired is Desired.REMOVED
    assert [type(entry) for entry in ledger(app)] == [Settlement, Reversal]

    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)  # and paid once more
    assert polling(app).recheck_invoices() == 1
    app.payments.apply()
    assert app.get(unreported).desired is Desired.REMOVED


def test_recheck_skips_closed_negativations(app: AppFixture) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id)
    app.work(included)
    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)
    assert polling(app).recheck_invoices() == 0


def test_recheck_reads_page_by_page(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit_protection.application.host_polling.RECHECK_BATCH_SIZE", 2)
    for invoice_id in ("i1", "i2", "i3"):
        app.negativate(invoice_id)
        app.erp.set_status(invoice_id, InvoiceStatus.PAID, TODAY)
    asked: list[int] = []
    real = app.erp.invoice_statuses

    def counting(invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        asked.append(len(invoice_ids))
        return real(invoice_ids)

    app.erp.invoice_statuses = counting  # type: ignore[method-assign] # counts
    assert polling(app).recheck_invoices() == 3
    assert asked == [2, 1]


def test_sweep_rechecks_every_few_hours_and_survives_a_host_that_is_down(app: AppFixture) -> None:
    included = app.included("i1")
    app.sweep.run()
    app.erp.set_status("i1", InvoiceStatus.CANCELLED, TODAY)
    app.later(RECHECK_INTERVAL - timedelta(minutes=1))
    assert app.sweep.run().found_by_polling == 0

    def down(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu.")

    app.later(timedelta(minutes=1))
    app.erp.before = down
    swept = app.sweep.run()
    assert swept.host_failed == "O ERP não respondeu."
    with app.storage.read_only() as unit:
        assert unit.watermarks.get(RECHECKED_WATERMARK + app.erp.code) < app.clock.now()  # type: ignore[operator] # it is set

    app.erp.before = lambda _: None
    assert app.sweep.run().found_by_polling == 1
    assert app.get(included).desired is Desired.REMOVED
