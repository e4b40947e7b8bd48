"""The report of overdue invoices, where the host has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.money import Money
from credit_protection.ports.host import OverdueFilter
from credit_protection.testing.contracts.capabilities import needs
from credit_protection.testing.contracts.host_parts.stage import DAY, PEOPLE, PRICE, Bill, ids_of

if TYPE_CHECKING:
    from credit_protection.ports.host import HostErp
    from credit_protection.testing.contracts.host_parts.stage import Scene


class OverdueContract:
    """What holds for `overdue`. Days are counted from the filter's own `today`, never from the clock's."""

    @needs("overdue")
    def test_overdue_are_the_open_ones_from_the_day_after_they_fell_due(self, host: HostErp, scene: Scene) -> None:
        """Not on the day itself."""
        late, yesterday, today, tomorrow = ours = scene.late(scene.debtor(), 30, 1, 0, -1)
        assert ids_of(host.overdue(OverdueFilter(scene.today)), ours) == [late, yesterday]
        assert ids_of(host.overdue(OverdueFilter(scene.today + DAY)), ours) == [late, yesterday, today]
        assert ids_of(host.overdue(OverdueFilter(scene.today - DAY)), ours) == [late]
        assert tomorrow not in ids_of(host.overdue(OverdueFilter(scene.today + DAY)), ours)

    @needs("overdue")
    @needs("takes_parts")
    def test_overdue_ones_are_told_as_they_stand(self, host: HostErp, scene: Scene) -> None:
        """The same as when they are read by id; what is paid in part is one of them."""
        ours = scene.late(scene.debtor(), 60, 30)
        scene.stage.pay(ours[0], scene.today, Money(40_01))
        found = {each.id: each for each in host.overdue(OverdueFilter(scene.today)) if each.id in ours}
        assert found == host.invoice_statuses(ours)

    @needs("overdue")
    def test_what_is_paid_is_not_overdue(self, host: HostErp, scene: Scene) -> None:
        """The others of the same customer are."""
        paid, open_ = ours = scene.late(scene.debtor(), 60, 30)
        scene.stage.pay(paid, scene.today, PRICE)
        assert ids_of(host.overdue(OverdueFilter(scene.today)), ours) == [open_]
        assert {each.status for each in host.overdue(OverdueFilter(scene.today))} == {InvoiceStatus.OPEN}

    @needs("overdue")
    @needs("reverses")
    def test_what_was_reversed_is_overdue_again(self, host: HostErp, scene: Scene) -> None:
        """It is owed as before."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today, PRICE)
        scene.stage.reverse(invoice_id, scene.today)
        assert ids_of(host.overdue(OverdueFilter(scene.today)), {invoice_id}) == [invoice_id]

    @needs("overdue")
    @needs("cancels")
    def test_what_was_cancelled_is_not_overdue(self, host: HostErp, scene: Scene) -> None:
        """Nor is what was credited."""
        cancelled, open_ = ours = scene.late(scene.debtor(), 60, 30)
        scene.stage.cancel(cancelled, scene.today)
        assert ids_of(host.overdue(OverdueFilter(scene.today)), ours) == [open_]

    @needs("overdue")
    def test_overdue_ones_come_oldest_first(self, host: HostErp, scene: Scene) -> None:
        """Whoever's they are, in whatever order they were made."""
        first, second = scene.debtor(PEOPLE[0]), scene.debtor(PEOPLE[1])
        middle, oldest = scene.late(first, 40, 400)
        newest, older = scene.late(second, 5, 90)
        ours = {middle, oldest, newest, older}
        found = [each.due_date for each in host.overdue(OverdueFilter(scene.today))]
        assert found == sorted(found)
        assert ids_of(host.overdue(OverdueFilter(scene.today)), ours) == [oldest, older, middle, newest]

    @needs("overdue")
    def test_days_late_are_counted_with_both_ends(self, host: HostErp, scene: Scene) -> None:
        """From so many to so many."""
        ids = scene.late(scene.debtor(), 1, 29, 30, 31, 60, 61)
        by_days = dict(zip((1, 29, 30, 31, 60, 61), ids, strict=True))
        for least, most, expected in (
            (30, None, (61, 60, 31, 30)),
            (1, 30, (30, 29, 1)),
            (30, 60, (60, 31, 30)),
            (31, 31, (31,)),
            (32, 59, ()),
        ):
            wanted = OverdueFilter(scene.today, minimum_days_late=least, maximum_days_late=most)
            assert ids_of(host.overdue(wanted), ids) == [by_days[days] for days in expected], (least, most)

    @needs("overdue")
    @needs("takes_parts")
    def test_the_least_balance_counts_what_is_still_open(self, host: HostErp, scene: Scene) -> None:
        """That much, or more."""
        amounts = (Money(99_99), Money(100_00), Money(100_01), Money(500_00))
        bills = [Bill(scene.today - (40 - n) * DAY, amount) for n, amount in enumerate(amounts)]
        below, equal, above, part = ours = scene.bills(scene.debtor(), bills)
        scene.stage.pay(part, scene.today, Money(400_01))
        wanted = OverdueFilter(scene.today, minimum_balance=Money(100_00))
        assert ids_of(host.overdue(wanted), ours) == [equal, above]
        assert below not in {each.id for each in host.overdue(wanted)}

    @needs("overdue")
    def test_one_customers_invoices_alone(self, host: HostErp, scene: Scene) -> None:
        """None of a customer that nobody knows."""
        mine, other = scene.debtor(PEOPLE[0]), scene.debtor(PEOPLE[1])
        ids = scene.late(mine, 60, 30)
        scene.late(other, 45)
        found = host.overdue(OverdueFilter(scene.today, customer_id=mine.customer_id))
        assert [each.id for each in found] == ids
        assert list(host.overdue(OverdueFilter(scene.today, customer_id="no such"))) == []

    @needs("overdue")
    def test_one_citys_customers_alone(self, host: HostErp, scene: Scene) -> None:
        """None of a city that nobody lives in."""
        here, there = scene.debtor(PEOPLE[0], "DIVINÓPOLIS"), scene.debtor(PEOPLE[1], "MANAUS")
        ours = [*scene.late(here, 60, 30), *scene.late(there, 45)]
        assert ids_of(host.overdue(OverdueFilter(scene.today, city="DIVINÓPOLIS")), ours) == ours[:2]
        assert ids_of(host.overdue(OverdueFilter(scene.today, city="MANAUS")), ours) == ours[2:]
        assert list(host.overdue(OverdueFilter(scene.today, city="NENHURES"))) == []

    @needs("overdue")
    def test_filters_narrow_together(self, host: HostErp, scene: Scene) -> None:
        """Each is honoured beside the others."""
        mine, other = scene.debtor(PEOPLE[0]), scene.debtor(PEOPLE[1])
        (wanted_one,) = scene.late(mine, 30, amount=Money(200_00))
        scene.late(mine, 30, amount=Money(1_00))
        scene.late(mine, 90, 5, amount=Money(200_00))
        scene.late(other, 30, amount=Money(200_00))
        wanted = OverdueFilter(scene.today, 20, 40, Money(100_00), mine.customer_id, "DIVINÓPOLIS")
        assert [each.id for each in host.overdue(wanted)] == [wanted_one]

    @needs("overdue")
    def test_overdue_ones_are_streamed(self, host: HostErp, scene: Scene) -> None:
        """One by one: an ERP may have a million. The host may be asked between two; a stream may be left half read."""
        ours = scene.late(scene.debtor(), 60, 30, 10)
        stream = host.overdue(OverdueFilter(scene.today))
        assert isinstance(stream, Iterator)
        assert not isinstance(stream, Sequence)
        found = []
        for invoice in stream:
            found.append(invoice.id)
            assert invoice.customer_id in host.customers([invoice.customer_id])
            next(host.overdue(OverdueFilter(scene.today)))
        assert [each for each in found if each in ours] == ours

    @needs("overdue", declared=False)
    def test_an_erp_without_the_report_tells_of_none(self, host: HostErp, scene: Scene) -> None:
        """It may be asked all the same."""
        scene.owed()
        assert list(host.overdue(OverdueFilter(scene.today))) == []
