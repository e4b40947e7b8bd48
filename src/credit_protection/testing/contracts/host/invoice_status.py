"""The status of an invoice after payments, reversals and cancellations."""

from __future__ import annotations

from datetime import date

from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.domain.money import ZERO, Money
from credit_protection.ports.host import HostErp, OverdueFilter
from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.host.erp_driver import DAY, PRICE, HostFixture, ids_of

_PART = Money(40_01)


def read(host: HostErp, invoice_id: str) -> Invoice:
    """The invoice with its status now."""
    return host.invoice_statuses([invoice_id])[invoice_id]


class InvoiceStatusContract:
    """The contract of `invoice_statuses`, `invoices_due` and `holds`. The status decides, and is read often."""

    def test_paid_invoice_has_payment_day_and_no_balance(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The legal deadline runs from that day. Other invoices of the customer stay open."""
        invoice_id, other = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.pay(invoice_id, days_ago=1)
        invoice = read(host, invoice_id)
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.PAID, PRICE, ZERO)
        assert invoice.paid_on == erp_fixture.today - DAY
        assert type(invoice.paid_on) is date
        assert invoice.available_on is None or type(invoice.available_on) is date
        assert (read(host, other).status, read(host, other).balance) == (InvoiceStatus.OPEN, PRICE)

    @requires("supports_partial_payments")
    def test_partly_paid_invoice_stays_open(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """It is paid when the parts reach its amount."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, _PART, days_ago=2)
        invoice = read(host, invoice_id)
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.OPEN, PRICE, PRICE - _PART)
        assert invoice.paid_on is None
        erp_fixture.pay(invoice_id, PRICE - _PART)
        assert (read(host, invoice_id).status, read(host, invoice_id).balance) == (InvoiceStatus.PAID, ZERO)

    @requires("supports_reversals")
    def test_reversed_payment_reopens_the_invoice(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """With its whole balance and no payment day."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, days_ago=1)
        erp_fixture.reverse(invoice_id)
        invoice = read(host, invoice_id)
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.OPEN, PRICE, PRICE)
        assert invoice.paid_on is None
        erp_fixture.pay(invoice_id)
        assert read(host, invoice_id).status is InvoiceStatus.PAID

    @requires("supports_cancellation")
    def test_cancelled_invoice_is_not_open(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """It is cancelled or credited: the debt ends without a payment."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.erp.cancel(invoice_id, erp_fixture.today)
        invoice = read(host, invoice_id)
        assert invoice.status in {InvoiceStatus.CANCELLED, InvoiceStatus.CREDITED}
        assert invoice.amount == PRICE
        assert invoice.paid_on in {None, erp_fixture.today}

    @requires("settled_invoices")
    def test_invoices_due_include_settled_invoices(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """All invoices of those customers and days, and no other."""
        mine, other = erp_fixture.add_debtor(), erp_fixture.add_debtor()
        paid, open_, wrong_day = erp_fixture.add_late_invoices(mine, 60, 30, 31)
        erp_fixture.add_late_invoices(other, 60)
        erp_fixture.pay(paid)
        days = [erp_fixture.today - 60 * DAY, erp_fixture.today - 30 * DAY]
        found = list(host.invoices_due([mine.customer_id], days))
        assert {each.id: each for each in found} == host.invoice_statuses([paid, open_])
        assert wrong_day not in {each.id for each in found}
        assert list(host.invoices_due([mine.customer_id], [])) == []

    @requires("settled_invoices", declared=False)
    @requires("overdue")
    def test_invoices_due_include_open_invoices(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Of those customers and days; no settled invoice is given as open."""
        mine, other = erp_fixture.add_debtor(), erp_fixture.add_debtor()
        paid, open_, wrong_day = erp_fixture.add_late_invoices(mine, 60, 30, 31)
        (others,) = erp_fixture.add_late_invoices(other, 30)
        erp_fixture.pay(paid)
        days = [erp_fixture.today - 60 * DAY, erp_fixture.today - 30 * DAY]
        found = list(host.invoices_due([mine.customer_id], days))
        assert ids_of(found, {open_, wrong_day, others}) == [open_]
        assert {each.id: each for each in found} == host.invoice_statuses([each.id for each in found])

    @requires("holds")
    def test_customer_on_hold_is_reported_with_the_reason(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """No other customer is."""
        held, free = erp_fixture.add_debtor().customer_id, erp_fixture.add_debtor().customer_id
        assert not host.holds([held, free])
        erp_fixture.erp.put_on_hold(held)
        reasons = host.holds([free, held])
        assert set(reasons) == {held}
        assert isinstance(reasons[held], str)
        assert reasons[held].strip()
        assert not host.holds([free])

    @requires("holds", declared=False)
    def test_host_without_holds_returns_none(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The package calls it all the same."""
        assert not host.holds([erp_fixture.add_debtor().customer_id])

    @requires("overdue", declared=False)
    def test_host_without_overdue_report_returns_nothing(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The package calls it all the same."""
        erp_fixture.add_open_invoice()
        assert list(host.overdue(OverdueFilter(erp_fixture.today))) == []

    @requires("settlements", declared=False)
    def test_host_without_settlement_list_returns_nothing(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The package calls it all the same."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id)
        assert list(host.settlements_since(erp_fixture.today - 400 * DAY)) == []
