"""Polling the host: settlements that it lists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.host_polling import HostPolling
from credit_protection.application.payments import RecordResult
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.state_table import Desired
from credit_protection.ports.host import HostCapabilities
from tests.application.app import DAY, TODAY
from tests.application.test_payments import ledger, payment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from credit_protection.domain.settlements import Entry
    from tests.application.app import AppFixture


def polling(app: AppFixture) -> HostPolling:
    return HostPolling(app.ports, app.payments)


def test_poll_records_what_the_host_lists_and_overlaps_the_last_poll(app: AppFixture) -> None:
    included, late = app.included("i1"), app.included("i2")
    app.erp.pay("i1", TODAY)
    assert polling(app).poll_host_settlements() == 1
    app.erp.pay("i2", TODAY - 2 * DAY)  # a bank return, back-dated
    assert polling(app).poll_host_settlements() == 1
    assert polling(app).poll_host_settlements() == 0
    entries = [entry for entry in app.audit() if entry.act == "payment.record"]
    assert [(entry.actor_id, entry.remark, entry.after["invoice"]) for entry in entries] == [
        ("system", "lida do ERP", "i1"),
        ("system", "lida do ERP", "i2"),
    ]
    app.payments.apply()
    assert {app.get(one).desired for one in (included, late)} == {Desired.REMOVED}


def test_poll_after_downtime_starts_at_the_last_poll(app: AppFixture) -> None:
    polling(app).poll_host_settlements()
    app.erp.pay("i1", TODAY + DAY)
    app.later(timedelta(days=30))
    assert polling(app).poll_host_settlements() == 1


def test_poll_after_a_failed_one_starts_at_the_last_complete_one(app: AppFixture) -> None:
    polling(app).poll_host_settlements()
    app.later(timedelta(days=30))
    app.erp.pay("i1", TODAY + DAY)
    real = app.erp.settlements_since

    def broken(day: date) -> Iterator[Entry]:
        yield from real(day)
        raise HostUnavailable("O ERP caiu.")

    app.erp.settlements_since = broken  # type: ignore[method-assign] # the ERP goes down on the way
    with pytest.raises(HostUnavailable):
        polling(app).poll_host_settlements()
    app.erp.settlements_since = real  # type: ignore[method-assign] # and comes back
    polling(app).poll_host_settlements()
    assert [entry.invoice_id for entry in ledger(app)] == ["i1"]


def test_no_transaction_is_open_while_a_slow_host_lists(app: AppFixture) -> None:
    app.erp.pay("i1", TODAY)

    def slow(day: date) -> Iterator[Entry]:
        assert day == TODAY - 3 * DAY
        yield payment("i2", "p2")
        assert app.payments.record(SYSTEM, payment("i3", "p3")) is RecordResult.RECORDED
        yield payment("i1", "p1")

    app.erp.settlements_since = slow  # type: ignore[method-assign] # one that takes its time
    assert polling(app).poll_host_settlements() == 2
    assert len(ledger(app, "i1", "i2", "i3")) == 3


def test_host_without_a_settlement_list_is_not_polled(app: AppFixture) -> None:
    app.erp.capabilities = HostCapabilities(settlements=False)
    app.erp.pay("i1", TODAY)
    assert polling(app).poll_host_settlements() == 0
