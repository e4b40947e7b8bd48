"""The report of overdue invoices, where the host has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.money import Money
from credit_protection.ports.host import HostErp, OverdueFilter
from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.host.erp_driver import DAY, PEOPLE, HostFixture, InvoiceSpec, ids_of


@requires("overdue")
class OverdueContract:
    """The contract of `overdue`. Days late are counted from the filter's `today`, never from the clock."""

    def test_open_invoice_is_overdue_from_the_day_after_its_due_date(
        self, host: HostErp, erp_fixture: HostFixture
    ) -> None:
        """Not on the due date itself."""
        late, yesterday, today, tomorrow = ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 30, 1, 0, -1)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [late, yesterday]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today + DAY)), ours) == [late, yesterday, today]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today - DAY)), ours) == [late]
        assert tomorrow not in ids_of(host.overdue(OverdueFilter(erp_fixture.today + DAY)), ours)

    @requires("supports_partial_payments")
    def test_overdue_invoice_equals_its_invoice_status(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Partly paid invoices are included."""
        ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.pay(ours[0], Money(40_01))
        found = {each.id: each for each in host.overdue(OverdueFilter(erp_fixture.today)) if each.id in ours}
        assert found == host.invoice_statuses(ours)

    def test_paid_invoice_is_not_overdue(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Other invoices of the same customer are."""
        paid, open_ = ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.pay(paid)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [open_]
        assert {each.status for each in host.overdue(OverdueFilter(erp_fixture.today))} == {InvoiceStatus.OPEN}

    @requires("supports_reversals")
    def test_invoice_is_overdue_again_after_a_reversal(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Its whole balance is open."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id)
        erp_fixture.reverse(invoice_id)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), {invoice_id}) == [invoice_id]

    @requires("supports_cancellation")
    def test_cancelled_invoice_is_not_overdue(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """A credited one is not either."""
        cancelled, open_ = ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 30)
        erp_fixture.erp.cancel(cancelled, erp_fixture.today)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [open_]

    def test_overdue_invoices_are_sorted_oldest_first(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Across customers, whatever the order of creation."""
        first, second = erp_fixture.add_debtor(PEOPLE[0]), erp_fixture.add_debtor(PEOPLE[1])
        middle, oldest = erp_fixture.add_late_invoices(first, 40, 400)
        newest, older = erp_fixture.add_late_invoices(second, 5, 90)
        ours = {middle, oldest, newest, older}
        found = [each.due_date for each in host.overdue(OverdueFilter(erp_fixture.today))]
        assert found == sorted(found)
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today)), ours) == [oldest, older, middle, newest]

    def test_days_late_filter_includes_both_ends(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """From the minimum to the maximum."""
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
        """An equal balance is included."""
        amounts = (Money(99_99), Money(100_00), Money(100_01), Money(500_00))
        specs = [InvoiceSpec(erp_fixture.today - (40 - n) * DAY, amount) for n, amount in enumerate(amounts)]
        below, equal, above, part = ours = erp_fixture.add_invoices(erp_fixture.add_debtor(), specs)
        erp_fixture.pay(part, Money(400_01))
        wanted = OverdueFilter(erp_fixture.today, minimum_balance=Money(100_00))
        assert ids_of(host.overdue(wanted), ours) == [equal, above]
        assert below not in {each.id for each in host.overdue(wanted)}

    def test_customer_filter_selects_one_customer(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """An unknown customer has none."""
        mine, other = erp_fixture.add_debtor(PEOPLE[0]), erp_fixture.add_debtor(PEOPLE[1])
        ids = erp_fixture.add_late_invoices(mine, 60, 30)
        erp_fixture.add_late_invoices(other, 45)
        found = host.overdue(OverdueFilter(erp_fixture.today, customer_id=mine.customer_id))
        assert [each.id for each in found] == ids
        assert list(host.overdue(OverdueFilter(erp_fixture.today, customer_id="no such"))) == []

    def test_city_filter_selects_one_city(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """An unknown city has none."""
        here, there = erp_fixture.add_debtor(PEOPLE[0], "DIVINÓPOLIS"), erp_fixture.add_debtor(PEOPLE[1], "MANAUS")
        ours = [*erp_fixture.add_late_invoices(here, 60, 30), *erp_fixture.add_late_invoices(there, 45)]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today, city="DIVINÓPOLIS")), ours) == ours[:2]
        assert ids_of(host.overdue(OverdueFilter(erp_fixture.today, city="MANAUS")), ours) == ours[2:]
        assert list(host.overdue(OverdueFilter(erp_fixture.today, city="NENHURES"))) == []

    def test_filters_combine(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Each filter applies together with the others."""
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
