"""Many who read at once, what a reading leaves behind, and an ERP that can't be read."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import HostUnavailable
from credit_protection.ports.host import OverdueFilter
from credit_protection.testing import samples
from credit_protection.testing.contracts.host_parts.stage import DAY, PEOPLE, PRICE
from credit_protection.testing.contracts.storage_parts.threads import PATIENCE, meanwhile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import HostErp
    from credit_protection.testing.contracts.host_parts.stage import Scene

_READERS = 8
_ROUNDS = 5

Picture = tuple[dict[str, object], dict[str, "Invoice"], list["Invoice"], list["Entry"]]


def picture(host: HostErp, customers: Sequence[str], invoices: Sequence[str], scene: Scene) -> Picture:
    """Everything that the host tells of them."""
    return (
        dict(host.customers(customers)),
        dict(host.invoice_statuses(invoices)),
        [each for each in host.overdue(OverdueFilter(scene.today)) if each.id in invoices],
        [each for each in host.settlements_since(scene.today - 60 * DAY) if each.invoice_id in invoices],
    )


class ReadingContract:
    """What holds for every reading. Requests and workers share one host object."""

    def test_many_threads_read_the_same_at_once(self, host: HostErp, scene: Scene) -> None:
        """As one would alone."""
        debtors = [scene.debtor(document) for document in PEOPLE]
        invoices = [invoice for debtor in debtors for invoice in scene.late(debtor, 60, 30)]
        customers = [debtor.customer_id for debtor in debtors]
        scene.stage.pay(invoices[0], scene.today, PRICE)
        alone = picture(host, customers, invoices, scene)
        together = threading.Barrier(_READERS, timeout=PATIENCE)

        def look() -> list[Picture]:
            together.wait()
            return [picture(host, customers, invoices, scene) for _ in range(_ROUNDS)]

        with ThreadPoolExecutor(_READERS) as pool:
            seen = [reader.result(PATIENCE) for reader in [pool.submit(look) for _ in range(_READERS)]]
        assert all(each == alone for pictures in seen for each in pictures)

    def test_a_reading_is_not_in_the_erps_way(self, host: HostErp, scene: Scene) -> None:
        """No transaction, lock or cursor is left: the ERP goes on, also beside a stream that is half read."""
        invoice_id = scene.owed()
        other = scene.owed()
        picture(host, [host.invoice_statuses([invoice_id])[invoice_id].customer_id], [invoice_id], scene)
        streams = [host.overdue(OverdueFilter(scene.today)), host.settlements_since(scene.today - DAY)]
        for stream in streams:
            next(stream, None)
        scene.stage.pay(invoice_id, scene.today, PRICE)
        assert host.invoice_statuses([invoice_id])[invoice_id].status is InvoiceStatus.PAID
        for stream in streams:
            list(stream)
        scene.stage.pay(other, scene.today, PRICE)
        assert host.invoice_statuses([other])[other].status is InvoiceStatus.PAID

    def test_what_was_read_before_hides_nothing(self, host: HostErp, scene: Scene) -> None:
        """Every reading sees what is committed by then, whichever thread read before: nothing is remembered."""
        invoice_id = scene.owed()
        for reader in (meanwhile, lambda work: work()):
            assert reader(lambda: host.invoice_statuses([invoice_id])[invoice_id].status) is InvoiceStatus.OPEN
        scene.stage.pay(invoice_id, scene.today, PRICE)
        for reader in (meanwhile, lambda work: work()):
            assert reader(lambda: host.invoice_statuses([invoice_id])[invoice_id].status) is InvoiceStatus.PAID

    def test_reading_changes_nothing(self, host: HostErp, scene: Scene) -> None:
        """Twice read is the same twice."""
        debtor = scene.debtor()
        invoices = scene.late(debtor, 60, 30)
        scene.stage.pay(invoices[0], scene.today, PRICE)
        first = picture(host, [debtor.customer_id], invoices, scene)
        assert picture(host, [debtor.customer_id], invoices, scene) == first

    def test_an_erp_that_can_not_be_read_is_unavailable(self, host_that_is_down: HostErp) -> None:
        """Never empty: nothing is decided upon what could not be read."""
        host = host_that_is_down
        with pytest.raises(HostUnavailable):
            host.invoice_statuses(["1"])
        with pytest.raises(HostUnavailable):
            host.customers(["1"])
        with pytest.raises(HostUnavailable):
            host.customers_with_document(PEOPLE[0])
        if host.capabilities.subscriptions:
            with pytest.raises(HostUnavailable):
                host.subscriptions(["1"])
        if host.capabilities.holds:
            with pytest.raises(HostUnavailable):
                host.holds(["1"])
        if host.capabilities.overdue:
            with pytest.raises(HostUnavailable):
                list(host.overdue(OverdueFilter(samples.TODAY)))
        if host.capabilities.settlements:
            with pytest.raises(HostUnavailable):
                list(host.settlements_since(samples.TODAY))
