"""Payments that the host reports by itself, in its own transaction: where it declares `events`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.settlements import Reversal, Settlement, standings_of
from credit_protection.testing.contracts.capabilities import needs
from credit_protection.testing.contracts.host_parts.stage import DAY, PRICE, entries_of

if TYPE_CHECKING:
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.storage import Storage
    from credit_protection.testing.contracts.host_parts.stage import Scene


def recorded(storage: Storage, host: HostErp, invoice_id: str) -> list[Entry]:
    """What the ledger holds of an invoice, as anybody may read it."""
    with storage.reading() as unit:
        return list(unit.settlements.entries(host.code, [invoice_id]))


class EventsContract:
    """What holds where the ERP's own payment records the settlement, in the fixture `storage`."""

    @needs("events")
    def test_a_payment_that_the_erp_commits_is_recorded(self, host: HostErp, storage: Storage, scene: Scene) -> None:
        """Once, with its day and amount."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today - DAY, PRICE)
        (entry,) = recorded(storage, host, invoice_id)
        assert isinstance(entry, Settlement)
        assert entry.paid_on == scene.today - DAY
        assert standings_of({invoice_id: PRICE}, [entry])[invoice_id].outcome.is_settled
        assert host.invoice_statuses([invoice_id])[invoice_id].status is InvoiceStatus.PAID

    @needs("events")
    def test_a_payment_that_the_erp_rolls_back_leaves_no_trace(
        self, host: HostErp, storage: Storage, scene: Scene
    ) -> None:
        """The payment and our row, or neither."""
        invoice_id = scene.owed()
        scene.stage.pay_and_roll_back(invoice_id, scene.today, PRICE)
        assert recorded(storage, host, invoice_id) == []
        assert host.invoice_statuses([invoice_id])[invoice_id].status is InvoiceStatus.OPEN

    @needs("events")
    def test_a_payment_that_the_erp_tries_again_is_recorded_once(
        self, host: HostErp, storage: Storage, scene: Scene
    ) -> None:
        """After a serialization failure the ERP runs the whole request anew."""
        invoice_id = scene.owed()
        for _ in range(2):
            scene.stage.pay_and_roll_back(invoice_id, scene.today, PRICE)
        scene.stage.pay(invoice_id, scene.today, PRICE)
        assert len(recorded(storage, host, invoice_id)) == 1

    @needs("events")
    def test_an_event_that_comes_twice_is_recorded_once(self, host: HostErp, storage: Storage, scene: Scene) -> None:
        """And the second harms nothing."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today, PRICE)
        first = recorded(storage, host, invoice_id)
        for _ in range(2):
            scene.stage.report_again(invoice_id)
        assert recorded(storage, host, invoice_id) == first

    @needs("events")
    @needs("reverses")
    def test_a_reversal_is_recorded_too_and_names_the_settlement(
        self, host: HostErp, storage: Storage, scene: Scene
    ) -> None:
        """And a new payment after it is new."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today - DAY, PRICE)
        scene.stage.reverse(invoice_id, scene.today)
        settlement, reversal = recorded(storage, host, invoice_id)
        assert isinstance(settlement, Settlement)
        assert reversal == Reversal(settlement.id, invoice_id, scene.today)
        scene.stage.pay(invoice_id, scene.today, PRICE)
        entries = recorded(storage, host, invoice_id)
        assert standings_of({invoice_id: PRICE}, entries)[invoice_id].outcome.is_settled

    @needs("events")
    @needs("settlements")
    def test_what_is_reported_and_what_is_listed_is_the_same(
        self, host: HostErp, storage: Storage, scene: Scene
    ) -> None:
        """Under the same id: else each payment would be recorded twice, and its reversal undo one of the two."""
        invoice_id = scene.owed()
        scene.stage.pay(invoice_id, scene.today, PRICE)
        listed = entries_of(host.settlements_since(scene.today), {invoice_id})
        assert recorded(storage, host, invoice_id) == listed
