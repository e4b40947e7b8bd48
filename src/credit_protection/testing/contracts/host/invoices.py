"""The status of an invoice, and the report of overdue invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.domain.holds import as_hold
from credit_protection.domain.money import ZERO, Money
from credit_protection.ports.host import HostErp, OverdueFilter
from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.host.erp_driver import DAY, PEOPLE, PRICE, HostFixture, InvoiceSpec, ids_of

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

    @requires("supports_deletion")
    def test_deleted_invoice_is_absent(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """An ERP that gave it as open, or as cancelled, would hide that nobody knows what became of the debt."""
        deleted, other = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.erp.delete(deleted)
        assert set(host.invoice_statuses([deleted, other])) == {other}
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), {deleted}) == []

    @requires("supports_write_off")
    def test_invoice_that_is_written_off_is_not_settled(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The customer still owes it: a person decides whether it stays negativated."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.erp.write_off(invoice_id, erp_fixture.today)
        invoice = read(host, invoice_id)
        assert (invoice.status, invoice.amount) == (InvoiceStatus.WRITTEN_OFF, PRICE)
        settlements = host.settlements_since(erp_fixture.today - DAY)
        assert [each for each in settlements if each.invoice_id == invoice_id] == []
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), {invoice_id}) == []

    @requires("settled_invoices")
    def test_invoices_due_include_settled_invoices(self, host: HostErp, erp_fixture: HostFixture) -> None:
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
        held, free = erp_fixture.add_debtor().customer_id, erp_fixture.add_debtor().customer_id
        assert not host.holds([held, free])
        erp_fixture.erp.put_on_hold(held)
        reasons = host.holds([free, held])
        assert set(reasons) == {held}
        assert as_hold(reasons[held]).text.strip()
        assert not host.holds([free])

    @requires("holds", declared=False)
    def test_host_without_holds_returns_none(self, host: HostErp, erp_fixture: HostFixture) -> None:
        assert not host.holds([erp_fixture.add_debtor().customer_id])

    @requires("overdue", declared=False)
    def test_host_without_overdue_report_returns_nothing(self, host: HostErp, erp_fixture: HostFixture) -> None:
        erp_fixture.add_open_invoice()
        assert list(host.overdue(OverdueFilter(erp_fixture.today))) == []

    @requires("settlements", declared=False)
    def test_host_without_settlement_list_returns_nothing(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id)
        assert list(host.settlements_since(erp_fixture.today - 400 * DAY)) == []


@requires("overdue")
class OverdueContract:
    """The contract of `overdue`. Days late are counted from the filter's `today`, never from the clock."""

    def test_open_invoice_is_overdue_from_the_day_after_its_due_date(
        self, host: HostErp, erp_fixture: HostFixture
    ) -> None:
        late, yesterday, today, tomorrow = ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 30, 1, 0, -1)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [late, yesterday]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today + DAY)), ours) == [late, yesterday, today]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today - DAY)), ours) == [late]
        assert tomorrow not in ids_of(host.overdue(OverdueFilter(erp_fixture.today + DAY)), ours)

    @requires("supports_partial_payments")
    def test_overdue_invoice_equals_its_invoice_status(self, host: HostErp, erp_fixture: HostFixture) -> None:
        ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.pay(ours[0], Money(40_01))
        found = {each.id: each for each in host.overdue(OverdueFilter(erp_fixture.today)) if each.id in ours}
        assert found == host.invoice_statuses(ours)

    def test_paid_invoice_is_not_overdue(self, host: HostErp, erp_fixture: HostFixture) -> None:
        paid, open_ = ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.pay(paid)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [open_]
        assert {each.status for each in host.overdue(OverdueFilter(erp_fixture.today))} == {InvoiceStatus.OPEN}

    @requires("supports_reversals")
    def test_invoice_is_overdue_again_after_a_reversal(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id)
        erp_fixture.reverse(invoice_id)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), {invoice_id}) == [invoice_id]

    @requires("supports_cancellation")
    def test_cancelled_invoice_is_not_overdue(self, host: HostErp, erp_fixture: HostFixture) -> None:
        cancelled, open_ = ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.erp.cancel(cancelled, erp_fixture.today)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [open_]

    def test_overdue_invoices_are_sorted_oldest_first(self, host: HostErp, erp_fixture: HostFixture) -> None:
        first, second = erp_fixture.add_debtor(PEOPLE[0]), erp_fixture.add_debtor(PEOPLE[1])
        middle, oldest = erp_fixture.add_late_invoices(first, 40, 400)
        newest, older = erp_fixture.add_late_invoices(second, 5, 90)
        ours = {middle, oldest, newest, older}
        found = [each.due_date for each in host.overdue(OverdueFilter(erp_fixture.today))]
        assert found == sorted(found)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [oldest, older, middle, newest]

    def test_days_late_filter_includes_both_ends(self, host: HostErp, erp_fixture: HostFixture) -> None:
        ids = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 1, 29, 30, 31, 60, 61)
        by_days = dict(zip((1, 29, 30, 31, 60, 61), ids, strict=True))
        for least, most, expected in (
            (30, None, (61, 60, 31, 30)),
            (1, 30, (30, 29, 1)),
            (30, 60, (60, 31, 30)),
            (31, 31, (31,)),
            (32, 59, ()),
        ):
            wanted = OverdueFilter(erp_fixture.today, minimum_days_late=least, maximum_days_late=most)
            assert ids_of(host.overdue(wanted), ids) == [by_days[days] for days in expected], (least, most)

    @requires("supports_partial_payments")
    def test_minimum_balance_filter_uses_the_open_balance(self, host: HostErp, erp_fixture: HostFixture) -> None:
        amounts = (Money(99_99), Money(100_00), Money(100_01), Money(500_00))
        specs = [InvoiceSpec(erp_fixture.today - (40 - n) * DAY, amount) for n, amount in enumerate(amounts)]
        below, equal, above, part = ours = erp_fixture.add_invoices(erp_fixture.add_debtor(), specs)
        erp_fixture.pay(part, Money(400_01))
        wanted = OverdueFilter(erp_fixture.today, minimum_balance=Money(100_00))
        assert ids_of(host.overdue(wanted), ours) == [equal, above]
        assert below not in {each.id for each in host.overdue(wanted)}

    def test_customer_filter_selects_one_customer(self, host: HostErp, erp_fixture: HostFixture) -> None:
        mine, other = erp_fixture.add_debtor(PEOPLE[0]), erp_fixture.add_debtor(PEOPLE[1])
        ids = erp_fixture.add_late_invoices(mine, 60, 30)
        erp_fixture.add_late_invoices(other, 45)
        found = host.overdue(OverdueFilter(erp_fixture.today, customer_id=mine.customer_id))
        assert [each.id for each in found] == ids
        assert list(host.overdue(OverdueFilter(erp_fixture.today, customer_id="no such"))) == []

    def test_city_filter_selects_one_city(self, host: HostErp, erp_fixture: HostFixture) -> None:
        here, there = erp_fixture.add_debtor(PEOPLE[0], "DIVINÓPOLIS"), erp_fixture.add_debtor(PEOPLE[1], "MANAUS")
        ours = [*erp_fixture.add_late_invoices(here, 60, 30), *erp_fixture.add_late_invoices(there, 45)]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today, city="DIVINÓPOLIS")), ours) == ours[:2]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today, city="MANAUS")), ours) == ours[2:]
        assert list(host.overdue(OverdueFilter(erp_fixture.today, city="NENHURES"))) == []

    def test_filters_combine(self, host: HostErp, erp_fixture: HostFixture) -> None:
        mine, other = erp_fixture.add_debtor(PEOPLE[0]), erp_fixture.add_debtor(PEOPLE[1])
        (wanted_one,) = erp_fixture.add_late_invoices(mine, 30, amount=Money(200_00))
        erp_fixture.add_late_invoices(mine, 30, amount=Money(1_00))
        erp_fixture.add_late_invoices(mine, 90, 5, amount=Money(200_00))
        erp_fixture.add_late_invoices(other, 30, amount=Money(200_00))
        wanted = OverdueFilter(erp_fixture.today, 20, 40, Money(100_00), mine.customer_id, "DIVINÓPOLIS")
        assert [each.id for each in host.overdue(wanted)] == [wanted_one]

    def test_overdue_invoices_are_streamed(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """An ERP may have a million. Other calls may run between two; a stream may be left half read."""
        ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30, 10)
        stream = host.overdue(OverdueFilter(erp_fixture.today))
        assert isinstance(stream, Iterator)
        assert not isinstance(stream, Sequence)
        found = []
        for invoice in stream:
            found.append(invoice.id)
            assert invoice.customer_id in host.customers([invoice.customer_id])
            next(host.overdue(OverdueFilter(erp_fixture.today)))
        assert [each for each in found if each in ours] == ours
