"""How an invoice stands after what may happen to it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.money import ZERO, Money
from credit_protection.testing.contracts.capabilities import needs
from credit_protection.testing.contracts.host_parts.stage import DAY, PRICE, ids_of

if TYPE_CHECKING:
    from credit_protection.domain.customers import Invoice
    from credit_protection.ports.host import HostErp
    from credit_protection.testing.contracts.host_parts.stage import Scene

_PART = Money(40_01)


def read(host: HostErp, invoice_id: str) -> Invoice:
    """As it stands now."""
    return host.invoice_statuses([invoice_id])[invoice_id]


class StandingsContract:
    """What holds for `standings` and `invoices_due`: the standing is read again and again, and decides."""

    def test_a_paid_invoice_is_paid_on_its_day(self, host: HostErp, scene: Scene) -> None:
        """It owes nothing; the legal deadline runs from that day."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today - DAY, PRICE)
        invoice = read(host, invoice_id)
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.PAID, PRICE, ZERO)
        assert invoice.paid_on == scene.today - DAY
        assert type(invoice.paid_on) is date
        assert invoice.available_on is None or type(invoice.available_on) is date

    def test_paying_one_leaves_the_others(self, host: HostErp, scene: Scene) -> None:
        """Of the same customer too."""
        paid, open_ = scene.late(scene.debtor(), 60, 30)
        scene.stage.pay(paid, scene.today, PRICE)
        assert read(host, open_).status is InvoiceStatus.OPEN
        assert read(host, open_).balance == PRICE

    @needs("takes_parts")
    def test_a_part_paid_leaves_the_rest_open(self, host: HostErp, scene: Scene) -> None:
        """Until the parts make the whole."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today - 2 * DAY, _PART)
        invoice = read(host, invoice_id)
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.OPEN, PRICE, PRICE - _PART)
        assert invoice.paid_on is None
        scene.stage.pay(invoice_id, scene.today, PRICE - _PART)
        assert (read(host, invoice_id).status, read(host, invoice_id).balance) == (InvoiceStatus.PAID, ZERO)

    @needs("reverses")
    def test_a_reversed_payment_leaves_the_invoice_open(self, host: HostErp, scene: Scene) -> None:
        """With its whole balance, and no payment day."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today - DAY, PRICE)
        scene.stage.reverse(invoice_id, scene.today)
        invoice = read(host, invoice_id)
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.OPEN, PRICE, PRICE)
        assert invoice.paid_on is None
        scene.stage.pay(invoice_id, scene.today, PRICE)
        assert read(host, invoice_id).status is InvoiceStatus.PAID

    @needs("cancels")
    def test_a_cancelled_invoice_is_owed_no_more(self, host: HostErp, scene: Scene) -> None:
        """Cancelled or credited, never open: such a debt ceases without any payment."""
        invoice_id = scene.owed()
        scene.stage.cancel(invoice_id, scene.today)
        invoice = read(host, invoice_id)
        assert invoice.status in {InvoiceStatus.CANCELLED, InvoiceStatus.CREDITED}
        assert invoice.amount == PRICE
        assert invoice.paid_on in {None, scene.today}

    @needs("settled_invoices")
    def test_invoices_due_are_told_however_they_stand(self, host: HostErp, scene: Scene) -> None:
        """Of those customers, of those days, whole."""
        mine, other = scene.debtor(), scene.debtor()
        paid, open_, wrong_day = scene.late(mine, 60, 30, 31)
        scene.late(other, 60)
        scene.stage.pay(paid, scene.today, PRICE)
        days = [scene.today - 60 * DAY, scene.today - 30 * DAY]
        found = list(host.invoices_due([mine.customer_id], days))
        assert {each.id: each for each in found} == host.invoice_statuses([paid, open_])
        assert wrong_day not in {each.id for each in found}
        assert list(host.invoices_due([mine.customer_id], [])) == []

    @needs("settled_invoices", declared=False)
    @needs("overdue")
    def test_invoices_due_are_at_least_the_open_ones(self, host: HostErp, scene: Scene) -> None:
        """Of those customers, of those days; no settled one is told as open."""
        mine, other = scene.debtor(), scene.debtor()
        paid, open_, wrong_day = scene.late(mine, 60, 30, 31)
        (others,) = scene.late(other, 30)
        scene.stage.pay(paid, scene.today, PRICE)
        days = [scene.today - 60 * DAY, scene.today - 30 * DAY]
        found = list(host.invoices_due([mine.customer_id], days))
        assert ids_of(found, {open_, wrong_day, others}) == [open_]
        assert {each.id: each for each in found} == host.invoice_statuses([each.id for each in found])

    @needs("holds")
    def test_who_is_on_hold_is_told_with_the_reason(self, host: HostErp, scene: Scene) -> None:
        """And nobody else is."""
        held, free = scene.debtor().customer_id, scene.debtor().customer_id
        assert not host.holds([held, free])
        scene.stage.put_on_hold(held)
        reasons = host.holds([free, held])
        assert set(reasons) == {held}
        assert isinstance(reasons[held], str)
        assert reasons[held].strip()
        assert not host.holds([free])

    @needs("holds", declared=False)
    def test_an_erp_without_holds_holds_nobody(self, host: HostErp, scene: Scene) -> None:
        """It is asked all the same."""
        assert not host.holds([scene.debtor().customer_id])
