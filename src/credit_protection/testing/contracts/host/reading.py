"""Concurrent readers, locks that a reading leaves, and an ERP that can't be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.settlements import Entry
from credit_protection.ports.host import HostErp, OverdueFilter
from credit_protection.testing import samples
from credit_protection.testing.contracts.host.erp_driver import DAY, PEOPLE, HostFixture
from credit_protection.testing.contracts.threads import TIMEOUT, run_in_thread

_READERS = 8
_ROUNDS = 5

Snapshot = tuple[dict[str, object], dict[str, "Invoice"], list["Invoice"], list["Entry"]]


def snapshot(host: HostErp, customers: Sequence[str], invoices: Sequence[str], erp_fixture: HostFixture) -> Snapshot:
    """Everything that the host reports of them."""
    return (
        dict(host.customers(customers)),
        dict(host.invoice_statuses(invoices)),
        [each for each in host.overdue(OverdueFilter(erp_fixture.today)) if each.id in invoices],
        [each for each in host.settlements_since(erp_fixture.today - 60 * DAY) if each.invoice_id in invoices],
    )


class ReadingContract:
    """The contract of every reading. Requests and workers share one host object."""

    def test_concurrent_readers_get_the_same_records(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The same as one reader alone."""
        debtors = [erp_fixture.add_debtor(document) for document in PEOPLE]
        invoices = [invoice for debtor in debtors for invoice in erp_fixture.add_late_invoices(debtor, 60, 30)]
        customers = [debtor.customer_id for debtor in debtors]
        erp_fixture.pay(invoices[0])
        alone = snapshot(host, customers, invoices, erp_fixture)
        start = threading.Barrier(_READERS, timeout=TIMEOUT)

        def read() -> list[Snapshot]:
            start.wait()
            return [snapshot(host, customers, invoices, erp_fixture) for _ in range(_ROUNDS)]

        with ThreadPoolExecutor(_READERS) as pool:
            seen = [reader.result(TIMEOUT) for reader in [pool.submit(read) for _ in range(_READERS)]]
        assert all(each == alone for snapshots in seen for each in snapshots)

    def test_reading_leaves_no_lock_or_transaction(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The ERP can write, also while a stream is half read."""
        invoice_id = erp_fixture.add_open_invoice()
        other = erp_fixture.add_open_invoice()
        snapshot(host, [host.invoice_statuses([invoice_id])[invoice_id].customer_id], [invoice_id], erp_fixture)
        streams = [host.overdue(OverdueFilter(erp_fixture.today)), host.settlements_since(erp_fixture.today - DAY)]
        for stream in streams:
            next(stream, None)
        erp_fixture.pay(invoice_id)
        assert host.invoice_statuses([invoice_id])[invoice_id].status is InvoiceStatus.PAID
        for stream in streams:
            list(stream)
        erp_fixture.pay(other)
        assert host.invoice_statuses([other])[other].status is InvoiceStatus.PAID

    def test_reading_sees_every_commit(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Nothing is cached, whichever thread read before."""
        invoice_id = erp_fixture.add_open_invoice()
        for reader in (run_in_thread, lambda work: work()):
            assert reader(lambda: host.invoice_statuses([invoice_id])[invoice_id].status) is InvoiceStatus.OPEN
        erp_fixture.pay(invoice_id)
        for reader in (run_in_thread, lambda work: work()):
            assert reader(lambda: host.invoice_statuses([invoice_id])[invoice_id].status) is InvoiceStatus.PAID

    def test_unreachable_erp_raises_host_unavailable(self, unreachable_host: HostErp) -> None:
        """An empty answer would decide on records that were never read."""
        host, can = unreachable_host, unreachable_host.capabilities
        readings: list[tuple[bool, Callable[[], object]]] = [
            (True, lambda: host.invoice_statuses(["1"])),
            (True, lambda: host.customers(["1"])),
            (True, lambda: host.customers_with_document(PEOPLE[0])),
            (can.subscriptions, lambda: host.subscriptions(["1"])),
            (can.holds, lambda: host.holds(["1"])),
            (can.overdue, lambda: list(host.overdue(OverdueFilter(samples.TODAY)))),
            (can.settlements, lambda: list(host.settlements_since(samples.TODAY))),
        ]
        for read in [read for applies, read in readings if applies]:
            with pytest.raises(HostUnavailable):
                read()
