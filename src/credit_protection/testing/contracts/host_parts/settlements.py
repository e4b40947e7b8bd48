"""Settlements and reversals by date, where the host lists them: the sweep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind, standings_of
from credit_protection.testing.contracts.capabilities import needs
from credit_protection.testing.contracts.host_parts.stage import DAY, PRICE, entries_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import HostErp
    from credit_protection.testing.contracts.host_parts.stage import Scene

_PART = Money(40_01)


def since(host: HostErp, day: date, ours: Collection[str]) -> list[Entry]:
    """What the host lists of the test's own invoices."""
    return entries_of(host.settlements_since(day), ours)


class SettlementsContract:
    """What holds for `settlements_since`. An id is the ERP's own: recorded once, it must never mean anything else."""

    @needs("settlements")
    def test_a_payment_is_listed_with_its_day_and_amount(self, host: HostErp, scene: Scene) -> None:
        """And nothing is before there is one."""
        invoice_id = scene.owed()
        assert since(host, scene.today - 400 * DAY, {invoice_id}) == []
        scene.stage.pay(invoice_id, scene.today - DAY, PRICE)
        (entry,) = since(host, scene.today - DAY, {invoice_id})
        assert isinstance(entry, Settlement)
        assert isinstance(entry.id, str)
        assert entry.id
        assert (entry.kind, entry.paid_on) == (SettlementKind.PAYMENT, scene.today - DAY)
        assert type(entry.paid_on) is date
        assert entry.amount in {None, PRICE}
        assert type(entry.discount.cents) is int
        assert entry.available_on is None or type(entry.available_on) is date

    @needs("settlements")
    def test_the_day_itself_is_listed_and_no_day_before(self, host: HostErp, scene: Scene) -> None:
        """By the day of payment, however late the bank's return came."""
        ours = scene.late(scene.debtor(), 60, 50, 40)
        days = [scene.today - 2 * DAY, scene.today, scene.today - DAY]
        for invoice_id, day in zip(ours, days, strict=True):
            scene.stage.pay(invoice_id, day, PRICE)
        for day in days:
            expected = {each for each, paid_on in zip(ours, days, strict=True) if paid_on >= day}
            assert {entry.invoice_id for entry in since(host, day, ours)} == expected
        assert since(host, scene.today + DAY, ours) == []

    @needs("settlements")
    @needs("reverses")
    def test_a_reversal_names_the_settlement_that_it_undoes(self, host: HostErp, scene: Scene) -> None:
        """It follows it, as an entry of its own."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today - 3 * DAY, PRICE)
        scene.stage.reverse(invoice_id, scene.today - DAY)
        settlement, reversal = since(host, scene.today - 3 * DAY, {invoice_id})
        assert isinstance(settlement, Settlement)
        assert isinstance(reversal, Reversal)
        assert (reversal.settlement_id, reversal.invoice_id) == (settlement.id, invoice_id)
        assert reversal.reversed_on == scene.today - DAY
        assert type(reversal.reversed_on) is date
        assert not standings_of({invoice_id: PRICE}, [settlement, reversal])[invoice_id].outcome.is_settled

    @needs("settlements")
    @needs("reverses")
    def test_a_reversal_is_listed_by_its_own_day(self, host: HostErp, scene: Scene) -> None:
        """Also where its settlement was long before."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today - 10 * DAY, PRICE)
        scene.stage.reverse(invoice_id, scene.today)
        found = since(host, scene.today, {invoice_id})
        assert [type(entry) for entry in found] == [Reversal]
        assert [entry for entry in since(host, scene.today + DAY, {invoice_id}) if isinstance(entry, Reversal)] == []

    @needs("settlements")
    @needs("reverses")
    def test_a_new_payment_after_a_reversal_has_a_new_id(self, host: HostErp, scene: Scene) -> None:
        """Else it would count as a repeat of what was undone, and the customer stayed negativated."""
        invoice_id = scene.owed()
        for _ in range(2):
            scene.stage.pay(invoice_id, scene.today, PRICE)
            scene.stage.reverse(invoice_id, scene.today)
        scene.stage.pay(invoice_id, scene.today, PRICE)
        entries = since(host, scene.today, {invoice_id})
        ids = [entry.id for entry in entries if isinstance(entry, Settlement)]
        undone = [entry.settlement_id for entry in entries if isinstance(entry, Reversal)]
        assert len(ids) == len(set(ids)) == len(undone) + 1
        assert standings_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled

    @needs("settlements")
    @needs("takes_parts")
    def test_two_parts_of_one_day_are_two_settlements(self, host: HostErp, scene: Scene) -> None:
        """Also of the same amount."""
        invoice_id = scene.owed()
        for amount in (_PART, _PART, PRICE - _PART - _PART):
            scene.stage.pay(invoice_id, scene.today, amount)
        entries = [entry for entry in since(host, scene.today, {invoice_id}) if isinstance(entry, Settlement)]
        assert len({entry.id for entry in entries}) == len(entries)
        assert standings_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled
        assert not standings_of({invoice_id: PRICE}, entries[:1])[invoice_id].outcome.is_settled

    @needs("settlements")
    @needs("takes_parts")
    def test_a_part_settles_nothing_by_itself(self, host: HostErp, scene: Scene) -> None:
        """Its amount is told: a settlement without one settles the whole."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today, _PART)
        entries = since(host, scene.today, {invoice_id})
        assert not standings_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled
        assert [entry.amount for entry in entries if isinstance(entry, Settlement)] in ([_PART], [])

    @needs("settlements")
    def test_reading_again_tells_the_same(self, host: HostErp, scene: Scene) -> None:
        """Ids stay, also when more is paid meanwhile: sweeps overlap."""
        ours = scene.late(scene.debtor(), 60, 50)
        scene.stage.pay(ours[0], scene.today - DAY, PRICE)
        first = since(host, scene.today - 5 * DAY, ours)
        assert first == since(host, scene.today - 5 * DAY, ours) == since(host, scene.today - DAY, ours)
        scene.stage.pay(ours[1], scene.today, PRICE)
        later = since(host, scene.today - 5 * DAY, ours)
        assert [entry for entry in later if entry.invoice_id == ours[0]] == first

    @needs("settlements")
    @needs("takes_parts")
    def test_the_list_and_the_standing_say_the_same(self, host: HostErp, scene: Scene) -> None:
        """Settled by the entries is settled by the invoice, and the other way about."""
        paid, part, open_ = ours = scene.late(scene.debtor(), 60, 50, 40)
        scene.stage.pay(paid, scene.today, PRICE)
        scene.stage.pay(part, scene.today, _PART)
        told = standings_of(dict.fromkeys(ours, PRICE), since(host, scene.today, ours))
        invoices = host.invoice_statuses(ours)
        for invoice_id in (paid, part, open_):
            assert told[invoice_id].outcome.is_settled is (invoices[invoice_id].balance == ZERO), invoice_id

    @needs("settlements")
    def test_settlements_are_streamed(self, host: HostErp, scene: Scene) -> None:
        """The host may be asked between two, and a stream left half read."""
        ours = scene.late(scene.debtor(), 60, 50, 40)
        for invoice_id in ours:
            scene.stage.pay(invoice_id, scene.today, PRICE)
        stream = host.settlements_since(scene.today)
        assert isinstance(stream, Iterator)
        assert not isinstance(stream, Sequence)
        found = []
        for entry in stream:
            found.append(entry.invoice_id)
            assert entry.invoice_id in host.invoice_statuses([entry.invoice_id])
            next(host.settlements_since(scene.today))
        listed = [entry.invoice_id for entry in since(host, scene.today, ours)]
        assert [each for each in found if each in ours] == listed

    @needs("settlements", declared=False)
    def test_an_erp_without_such_a_list_tells_of_none(self, host: HostErp, scene: Scene) -> None:
        """It may be asked all the same."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today, PRICE)
        assert list(host.settlements_since(scene.today - 400 * DAY)) == []
