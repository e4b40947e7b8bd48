"""Reading the invoices of open negativations again, and the rechecks that a host asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.payments import RecordResult
from credit_protection.application.rereading import REREAD_INTERVAL, REREAD_WATERMARK, Rereading
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.removal_policy import RemovalCause, RemovalPolicy
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Desired
from tests.application.app import ANA, DAY, TODAY
from tests.application.test_payments import ledger, payment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.negativations import Negativation
    from tests.application.app import AppFixture

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def reread(app: AppFixture, after: timedelta = MINUTE) -> int:
    """Read all open invoices some time later, and apply what the ledger gained."""
    app.later(after)
    found = Rereading(app.ports).reread_all()
    app.payments.apply()
    return found


def desired(app: AppFixture, negativation: Negativation) -> Desired:
    return app.get(negativation).desired


def down(_: str) -> None:
    raise HostUnavailable("O ERP não respondeu.")


# ------------------------------------------------------------------------------------------------ settlements


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (InvoiceStatus.PAID, SettlementKind.PAYMENT, RemovalCause.SETTLEMENT),
        (InvoiceStatus.CREDITED, SettlementKind.CREDIT_NOTE, RemovalCause.SETTLEMENT),
        (InvoiceStatus.CANCELLED, SettlementKind.CANCELLATION, RemovalCause.SETTLEMENT),
        (InvoiceStatus.IN_AGREEMENT, SettlementKind.AGREEMENT, RemovalCause.AGREEMENT),
    ],
)
def test_debt_that_ceased_without_a_report_is_found(
    app: AppFixture, status: InvoiceStatus, kind: SettlementKind, cause: RemovalCause
) -> None:
    included = app.included("i1")
    app.erp.set_status("i1", status, TODAY - DAY)
    assert reread(app) == 1
    assert reread(app) == 0
    changed = app.get(included)
    assert (changed.desired, changed.triggers[0].cause) == (Desired.REMOVED, cause)
    (entry,) = ledger(app)
    assert isinstance(entry, Settlement)
    assert (entry.kind, entry.paid_on) == (kind, TODAY - DAY)


def test_invoice_that_was_lowered_and_then_paid_is_removed(app: AppFixture) -> None:
    """The frozen principal and the ERP's new amount contradict each other: the status decides."""
    included = app.included("i1")
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], amount=Money(50_00), balance=Money(50_00))
    app.paid("i1")
    reread(app)
    assert desired(app, included) is Desired.REMOVED


def test_debt_that_is_open_again_is_reversed_after_two_readings_an_hour_apart(app: AppFixture) -> None:
    unreported, reported = app.included("i1"), app.included("i2")
    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)
    app.payments.record(SYSTEM, payment("i2"))  # reported, though its balance still shows the debt
    assert reread(app) == 1
    assert desired(app, unreported) is Desired.REMOVED

    app.erp.set_status("i1", InvoiceStatus.OPEN)
    assert reread(app) == 0
    assert reread(app, HOUR - MINUTE) == 0
    assert reread(app, MINUTE) == 1
    assert desired(app, unreported) is Desired.INCLUDED
    assert desired(app, reported) is Desired.REMOVED  # this host reports its reversals itself
    assert [type(entry) for entry in ledger(app)] == [Settlement, Reversal]

    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)  # and paid once more
    assert reread(app) == 1
    assert desired(app, unreported) is Desired.REMOVED


def test_host_without_reversals_takes_its_own_payments_back_by_its_statuses(app: AppFixture) -> None:
    app.erp.capabilities = replace(app.erp.capabilities, reversals=False)
    included = app.included("i1")
    app.paid("i1")
    app.erp.set_status("i1", InvoiceStatus.OPEN)
    reread(app)
    assert desired(app, included) is Desired.REMOVED
    reread(app, HOUR)
    assert desired(app, included) is Desired.INCLUDED


def test_rest_within_the_tolerance_settles_where_the_balance_fell(app: AppFixture) -> None:
    policy = RemovalPolicy(tolerance=Money(1_00))
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(removal_policy=policy))
    included = app.included("i1")
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], balance=Money(1_00))  # a discount, unreported
    reread(app)
    assert desired(app, included) is Desired.REMOVED
    assert reread(app, 5 * HOUR) == 0  # and it stays so, though the invoice is open


def test_zero_balance_alone_settles_nothing(app: AppFixture) -> None:
    included = app.included("i1")
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], balance=ZERO)
    reread(app)
    assert desired(app, included) is Desired.INCLUDED


def test_closed_negativations_are_not_read_again(app: AppFixture) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id)
    app.work(included)
    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)
    assert reread(app) == 0


def test_invoices_are_read_page_by_page(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit_protection.application.rereading.BATCH_SIZE", 2)
    for invoice_id in ("i1", "i2", "i3"):
        app.negativate(invoice_id)
        app.erp.set_status(invoice_id, InvoiceStatus.PAID, TODAY)
    asked: list[int] = []
    real = app.erp.invoice_statuses

    def counting(invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        asked.append(len(invoice_ids))
        return real(invoice_ids)

    app.erp.invoice_statuses = counting  # type: ignore[method-assign] # counts
    assert reread(app) == 3
    assert asked == [2, 1]


def test_sweep_reads_again_every_few_hours_and_survives_a_host_that_is_down(app: AppFixture) -> None:
    included = app.included("i1")
    app.sweep.run()
    app.erp.set_status("i1", InvoiceStatus.CANCELLED, TODAY)
    app.later(REREAD_INTERVAL - MINUTE)
    assert app.sweep.run().found_by_polling == 0
    app.later(MINUTE)
    app.erp.before = down
    assert app.sweep.run().host_failed == "O ERP não respondeu."
    with app.storage.read_only() as unit:
        assert unit.watermarks.get(REREAD_WATERMARK + app.erp.code) < app.clock.now()  # type: ignore[operator] # it is set
    app.erp.before = lambda _: None
    assert app.sweep.run().found_by_polling == 1
    assert desired(app, included) is Desired.REMOVED


def test_nothing_is_written_where_nothing_changed(app: AppFixture) -> None:
    app.included("i1", "i2")
    reread(app)

    def refuse() -> None:
        raise AssertionError("a row was written")

    rereading = Rereading(app.ports)
    app.later(MINUTE)
    original = app.storage.unit
    app.storage.unit = refuse  # type: ignore[method-assign,assignment] # no unit may write
    try:
        assert not rereading.read(["i1", "i2"]).changed
    finally:
        app.storage.unit = original  # type: ignore[method-assign]


# ------------------------------------------------------------------------------------------------ rechecks


def recheck(app: AppFixture, *invoice_ids: str) -> None:
    assert app.payments.recheck(SYSTEM, invoice_ids) is RecordResult.RECORDED


def test_recheck_is_answered_by_the_next_sweep(app: AppFixture) -> None:
    included = app.included("i1")
    app.sweep.run()
    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)
    recheck(app, "i1")
    app.later(MINUTE)
    assert app.sweep.run().found_by_polling == 1
    assert desired(app, included) is Desired.REMOVED
    app.later(MINUTE)
    assert app.sweep.run().found_by_polling == 0


def test_recheck_that_cannot_be_answered_backs_off_and_blocks_no_other(app: AppFixture) -> None:
    lost, paid = app.included("i1"), app.included("i2")
    app.sweep.run()
    del app.erp.invoices_by_id["i1"]
    for _ in range(3):
        recheck(app, "i1")
    app.erp.set_status("i2", InvoiceStatus.PAID, TODAY)
    recheck(app, "i2")
    app.later(MINUTE)
    app.sweep.run()
    assert (desired(app, lost), desired(app, paid)) == (Desired.INCLUDED, Desired.REMOVED)
    with app.storage.read_only() as unit:
        waiting = [each for each in unit.rechecks.of(app.erp.code, ["i1"]) if each.done_at is None]
    assert [each.attempts for each in waiting] == [1, 1, 1]
    assert all(each.due_at > app.clock.now() for each in waiting)


def test_recheck_while_the_host_is_down_waits_and_settlements_are_applied(app: AppFixture) -> None:
    included, other = app.included("i1"), app.included("i2")
    app.sweep.run()
    recheck(app, "i1")
    app.erp.before = down
    app.payments.record(SYSTEM, payment("i2"))
    app.later(MINUTE)
    assert app.sweep.run().host_failed
    assert desired(app, other) is Desired.REMOVED
    app.erp.before = lambda _: None
    app.erp.set_status("i1", InvoiceStatus.CANCELLED, TODAY)
    app.later(15 * MINUTE)
    app.sweep.run()
    assert desired(app, included) is Desired.REMOVED


def test_reading_of_before_the_recheck_was_seen_does_not_answer_it(app: AppFixture) -> None:
    """A replica lags: what it answers now may be older than the event."""
    app.included("i1")
    app.erp.capabilities = replace(app.erp.capabilities, lag=5 * MINUTE)
    recheck(app, "i1")
    app.later(MINUTE)
    app.sweep.run()
    with app.storage.read_only() as unit:
        (waiting,) = unit.rechecks.of(app.erp.code, ["i1"])
    assert waiting.done_at is None
    app.later(6 * MINUTE)
    app.sweep.run()
    with app.storage.read_only() as unit:
        (done,) = unit.rechecks.of(app.erp.code, ["i1"])
    assert done.done_at is not None


def test_recheck_of_an_invoice_that_nothing_covers_asks_nothing_and_is_forgotten(app: AppFixture) -> None:
    recheck(app, "i3")
    app.later(MINUTE)
    asked: list[str] = []
    app.erp.before = asked.append
    app.sweep.run()
    assert "invoice_statuses" not in asked
    app.later(2 * DAY)
    app.sweep.run()
    with app.storage.read_only() as unit:
        assert not unit.rechecks.of(app.erp.code, ["i3"])


def test_recheck_without_permission_is_refused_and_audited(app: AppFixture) -> None:
    nobody = Actor("eva", "Eva", frozenset())
    assert app.payments.recheck(nobody, ["i1"]) is RecordResult.NOT_PERMITTED
    assert app.acts()[-1] == "payment.not_permitted"


def test_recheck_of_many_is_one_row_for_each_invoice(app: AppFixture) -> None:
    recheck(app, "i1", "i2", "i1")
    with app.storage.read_only() as unit:
        assert sorted(each.invoice_id for each in unit.rechecks.of(app.erp.code, ["i1", "i2"])) == ["i1", "i2"]
