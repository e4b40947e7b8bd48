"""Payments that the host records itself, in its own transaction, where it declares `events`."""

from __future__ import annotations

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.settlements import Entry, Reversal, Settlement, settlement_statuses_of
from credit_protection.ports.host import HostErp
from credit_protection.ports.storage import Storage
from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.host.erp_driver import DAY, PRICE, HostFixture, entries_of


def recorded(storage: Storage, host: HostErp, invoice_id: str) -> list[Entry]:
    """The committed entries of an invoice in the ledger."""
    with storage.read_only() as unit:
        return list(unit.settlements.entries(host.code, [invoice_id]))


@requires("events")
class EventsContract:
    """The contract of a host whose payments record settlements in the fixture `storage`."""

    def test_committed_payment_is_recorded(self, host: HostErp, storage: Storage, erp_fixture: HostFixture) -> None:
        """Once, with its day and amount."""
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
        """The repeat does no harm."""
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

    @requires("settlements")
    def test_recorded_entries_equal_listed_entries(
        self, host: HostErp, storage: Storage, erp_fixture: HostFixture
    ) -> None:
        """Under another id, each payment would be recorded twice and its reversal would undo only one."""
        invoice_id = erp_fixture.add_open_invoice()
        erp_fixture.pay(invoice_id)
        listed = entries_of(host.settlements_since(erp_fixture.today), {invoice_id})
        assert recorded(storage, host, invoice_id) == listed
