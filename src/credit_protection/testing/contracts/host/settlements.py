"""Settlements and reversals: those that the host lists, and those that it records itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import Entry, Reversal, Settlement, SettlementKind, settlement_statuses_of
from credit_protection.ports.host import HostErp
from credit_protection.ports.storage import Storage
from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.host.erp_driver import DAY, PRICE, HostFixture, entries_of

_PART = Money(40_01)


def since(host: HostErp, day: date, ours: Collection[str]) -> list[Entry]:
    """The entries that the host lists, of the test's own invoices."""
    return entries_of(host.settlements_since(day), ours)


@requires("settlements")
class SettlementsContract:
    """The contract of `settlements_since`. An id, once recorded, never names another settlement."""

    def test_payment_is_listed_with_day_and_amount(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        assert since(host, erp_fixture.today - 400 * DAY, {invoice_id}) == []
        erp_fixture.pay(invoice_id, days_ago=1)
        (entry,) = since(host, erp_fixture.today - DAY, {invoice_id})
        assert isinstance(entry, Settlement)
        assert isinstance(entry.id, str)
        assert entry.id
        assert (entry.kind, entry.paid_on) == (SettlementKind.PAYMENT, erp_fixture.today - DAY)
        assert type(entry.paid_on) is date
        assert entry.amount in {None, PRICE}
        assert type(entry.discount.cents) is int
        assert entry.available_on is None or type(entry.available_on) is date

    def test_settlements_are_listed_from_the_given_day(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """By the day of payment, even where the bank's file came later."""
        ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 50, 40)
        days = [erp_fixture.today - 2 * DAY, erp_fixture.today, erp_fixture.today - DAY]
        for invoice_id, day in zip(ours, days, strict=True):
            erp_fixture.erp.pay(invoice_id, day, PRICE)
        for day in days:
            expected = {each for each, paid_on in zip(ours, days, strict=True) if paid_on >= day}
            assert {entry.invoice_id for entry in since(host, day, ours)} == expected
        assert since(host, erp_fixture.today + DAY, ours) == []

    @requires("supports_reversals")
    def test_reversal_names_its_settlement(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, days_ago=3)
        erp_fixture.reverse(invoice_id, days_ago=1)
        settlement, reversal = since(host, erp_fixture.today - 3 * DAY, {invoice_id})
        assert isinstance(settlement, Settlement)
        assert isinstance(reversal, Reversal)
        assert (reversal.settlement_id, reversal.invoice_id) == (settlement.id, invoice_id)
        assert reversal.reversed_on == erp_fixture.today - DAY
        assert type(reversal.reversed_on) is date
        assert not settlement_statuses_of({invoice_id: PRICE}, [settlement, reversal])[invoice_id].outcome.is_settled

    @requires("supports_reversals")
    def test_reversal_is_listed_by_its_own_day(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, days_ago=10)
        erp_fixture.reverse(invoice_id)
        found = since(host, erp_fixture.today, {invoice_id})
        assert [type(entry) for entry in found] == [Reversal]
        assert [
            entry for entry in since(host, erp_fixture.today + DAY, {invoice_id}) if isinstance(entry, Reversal)
        ] == []

    @requires("supports_reversals")
    def test_payment_after_reversal_has_a_new_id(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Otherwise it counts as a repeat, and the customer stays negativated."""
        invoice_id = erp_fixture.add_open_invoice()
        for _ in range(2):
            erp_fixture.pay(invoice_id)
            erp_fixture.reverse(invoice_id)
        erp_fixture.pay(invoice_id)
        entries = since(host, erp_fixture.today, {invoice_id})
        ids = [entry.id for entry in entries if isinstance(entry, Settlement)]
        undone = [entry.settlement_id for entry in entries if isinstance(entry, Reversal)]
        assert len(ids) == len(set(ids)) == len(undone) + 1
        assert settlement_statuses_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled

    @requires("supports_partial_payments")
    def test_two_partial_payments_on_one_day_are_two_settlements(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        for amount in (_PART, _PART, PRICE - _PART - _PART):
            erp_fixture.pay(invoice_id, amount)
        entries = [entry for entry in since(host, erp_fixture.today, {invoice_id}) if isinstance(entry, Settlement)]
        assert len({entry.id for entry in entries}) == len(entries)
        assert settlement_statuses_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled
        assert not settlement_statuses_of({invoice_id: PRICE}, entries[:1])[invoice_id].outcome.is_settled

    @requires("supports_partial_payments")
    def test_partial_payment_does_not_settle(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """It has its amount: a settlement without one settles the whole invoice."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, _PART)
        entries = since(host, erp_fixture.today, {invoice_id})
        assert not settlement_statuses_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled
        assert [entry.amount for entry in entries if isinstance(entry, Settlement)] in ([_PART], [])

    @requires("reversals", "supports_reversals", "supports_partial_payments")
    def test_reversal_of_a_part_is_listed_alone(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """A host that declares `reversals` tells each: an open invoice undoes no settlement of such a host."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, _PART, days_ago=2)
        erp_fixture.pay(invoice_id, PRICE - _PART, days_ago=1)
        erp_fixture.reverse(invoice_id)
        entries = since(host, erp_fixture.today - 2 * DAY, {invoice_id})
        first, second, reversal = entries
        assert isinstance(first, Settlement)
        assert isinstance(second, Settlement)
        assert isinstance(reversal, Reversal)
        assert reversal.settlement_id == second.id != first.id
        invoice = host.invoice_statuses([invoice_id])[invoice_id]
        assert (invoice.status, invoice.balance) == (InvoiceStatus.OPEN, PRICE - _PART)
        assert not settlement_statuses_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled

    def test_settlement_ids_are_stable(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Sweeps overlap: ids stay the same, also after other payments."""
        ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 50)
        erp_fixture.pay(ours[0], days_ago=1)
        first = since(host, erp_fixture.today - 5 * DAY, ours)
        assert first == since(host, erp_fixture.today - 5 * DAY, ours) == since(host, erp_fixture.today - DAY, ours)
        erp_fixture.pay(ours[1])
        later = since(host, erp_fixture.today - 5 * DAY, ours)
        assert [entry for entry in later if entry.invoice_id == ours[0]] == first

    @requires("supports_partial_payments")
    def test_settlements_agree_with_invoice_statuses(self, host: HostErp, erp_fixture: HostFixture) -> None:
        paid, part, open_ = ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 50, 40)
        erp_fixture.pay(paid)
        erp_fixture.pay(part, _PART)
        statuses = settlement_statuses_of(dict.fromkeys(ours, PRICE), since(host, erp_fixture.today, ours))
        invoices = host.invoice_statuses(ours)
        for invoice_id in (paid, part, open_):
            assert statuses[invoice_id].outcome.is_settled is (invoices[invoice_id].balance == ZERO), invoice_id

    def test_settlements_are_streamed(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Other calls may run between two; a stream may be left half read."""
        ours = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 60, 50, 40)
        for invoice_id in ours:
            erp_fixture.pay(invoice_id)
        stream = host.settlements_since(erp_fixture.today)
        assert isinstance(stream, Iterator)
        assert not isinstance(stream, Sequence)
        found = []
        for entry in stream:
            found.append(entry.invoice_id)
            assert entry.invoice_id in host.invoice_statuses([entry.invoice_id])
            next(host.settlements_since(erp_fixture.today))
        listed = [entry.invoice_id for entry in since(host, erp_fixture.today, ours)]
        assert [each for each in found if each in ours] == listed


def recorded(storage: Storage, host: HostErp, invoice_id: str) -> list[Entry]:
    """The committed entries of an invoice in the ledger."""
    with storage.read_only() as unit:
        return list(unit.settlements.entries(host.code, [invoice_id]))


def rechecks(storage: Storage, host: HostErp, invoice_id: str) -> int:
    """How many committed marks there are to read an invoice again."""
    with storage.read_only() as unit:
        return len(unit.rechecks.of(host.code, [invoice_id]))


@requires("events")
class EventsContract:
    """The contract of a host whose payments record settlements in the fixture `storage`."""

    def test_committed_payment_is_recorded(self, host: HostErp, storage: Storage, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, days_ago=1)
        (entry,) = recorded(storage, host, invoice_id)
        assert isinstance(entry, Settlement)
        assert entry.paid_on == erp_fixture.today - DAY
        assert settlement_statuses_of({invoice_id: PRICE}, [entry])[invoice_id].outcome.is_settled
        assert host.invoice_statuses([invoice_id])[invoice_id].status is InvoiceStatus.PAID

    def test_rolled_back_payment_leaves_no_trace(
        self, host: HostErp, storage: Storage, erp_fixture: HostFixture
    ) -> None:
        """Both the payment and our row exist, or neither."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.erp.pay_and_roll_back(invoice_id, erp_fixture.today, PRICE)
        assert recorded(storage, host, invoice_id) == []
        assert host.invoice_statuses([invoice_id])[invoice_id].status is InvoiceStatus.OPEN

    def test_retried_payment_is_recorded_once(self, host: HostErp, storage: Storage, erp_fixture: HostFixture) -> None:
        """After a serialization failure the ERP runs the whole request again."""
        invoice_id = erp_fixture.add_open_invoice()
        for _ in range(2):
            erp_fixture.erp.pay_and_roll_back(invoice_id, erp_fixture.today, PRICE)
        erp_fixture.pay(invoice_id)
        assert len(recorded(storage, host, invoice_id)) == 1

    def test_repeated_event_is_recorded_once(self, host: HostErp, storage: Storage, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id)
        first = recorded(storage, host, invoice_id)
        for _ in range(2):
            erp_fixture.erp.report_again(invoice_id)
        assert recorded(storage, host, invoice_id) == first

    @requires("supports_reversals")
    def test_recorded_reversal_names_its_settlement(
        self, host: HostErp, storage: Storage, erp_fixture: HostFixture
    ) -> None:
        """A payment after it is a new settlement."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, days_ago=1)
        erp_fixture.reverse(invoice_id)
        settlement, reversal = recorded(storage, host, invoice_id)
        assert isinstance(settlement, Settlement)
        assert reversal == Reversal(settlement.id, invoice_id, erp_fixture.today)
        erp_fixture.pay(invoice_id)
        entries = recorded(storage, host, invoice_id)
        assert settlement_statuses_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled

    @requires("reversals", "supports_reversals", "supports_partial_payments")
    def test_reversal_of_a_part_is_recorded_alone(
        self, host: HostErp, storage: Storage, erp_fixture: HostFixture
    ) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id, _PART)
        erp_fixture.pay(invoice_id, PRICE - _PART)
        erp_fixture.reverse(invoice_id)
        first, second, reversal = recorded(storage, host, invoice_id)
        assert isinstance(first, Settlement)
        assert isinstance(second, Settlement)
        assert reversal == Reversal(second.id, invoice_id, erp_fixture.today)

    @requires("supports_rechecks")
    def test_unclear_change_is_marked_to_be_read_again(
        self, host: HostErp, storage: Storage, erp_fixture: HostFixture
    ) -> None:
        """In the ERP's own transaction, and it is no settlement."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.erp.change_unclearly(invoice_id, rolls_back=True)
        assert rechecks(storage, host, invoice_id) == 0
        erp_fixture.erp.change_unclearly(invoice_id)
        assert rechecks(storage, host, invoice_id) == 1
        assert recorded(storage, host, invoice_id) == []

    @requires("settlements")
    def test_recorded_entries_equal_listed_entries(
        self, host: HostErp, storage: Storage, erp_fixture: HostFixture
    ) -> None:
        """Under another id, each payment would be recorded twice and its reversal would undo only one."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id)
        listed = entries_of(host.settlements_since(erp_fixture.today), {invoice_id})
        assert recorded(storage, host, invoice_id) == listed
