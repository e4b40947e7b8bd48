"""Units of work, of their own and inside a host's transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import pytest

from credit_protection.domain.settlements import Entry
from credit_protection.ports.storage import Page, PageRequest, Storage, UnitOfWork
from credit_protection.testing import samples
from credit_protection.testing.contracts.threads import TIMEOUT, run_in_thread

Item = TypeVar("Item")
Connection = Any
"""A DBAPI connection: drivers share no type."""


@contextmanager
def committed(storage: Storage) -> Iterator[UnitOfWork]:
    """A unit that commits at the end of the block."""
    with storage.unit() as unit:
        yield unit
        unit.commit()


def read_pages(read: Callable[[PageRequest], Page[Item]], size: int) -> list[Item]:
    """All items of a list, read page by page; every page but the last is full."""
    items: list[Item] = []
    cursor: str | None = None
    while True:
        page = read(PageRequest(size, cursor))
        items += page.items
        cursor = page.cursor
        if cursor is None:
            assert 0 < len(page.items) <= size or not items
            return items
        assert len(page.items) == size


def entries_of(storage: Storage, *invoice_ids: str) -> list[Entry]:
    """The entries of invoices in the ledger, read by another unit; by default of the sample settlement's invoice."""
    with storage.read_only() as unit:
        return list(unit.settlements.entries("local", invoice_ids or ["invoice-1"]))


class ExpectedError(Exception):
    """Raised inside a unit."""


def record_and_fail(unit: UnitOfWork) -> None:
    """Record the sample settlement, and raise."""
    unit.settlements.record("local", samples.settlement(), samples.NOW)
    raise ExpectedError


def watermark(storage: Storage, name: str) -> datetime | None:
    """The watermark, read by another unit."""
    with storage.read_only() as unit:
        return unit.watermarks.get(name)


class UnitsContract:
    """Commit, rollback and isolation."""

    def test_committed_changes_are_seen_by_the_next_unit(self, storage: Storage) -> None:
        with committed(storage) as unit:
            unit.watermarks.set("here", samples.NOW)
        assert watermark(storage, "here") == samples.NOW

    def test_a_unit_reads_its_own_writes(self, storage: Storage) -> None:
        with storage.unit() as unit:
            unit.creditors.save(samples.creditor())
            assert unit.creditors.get("creditor-1") == samples.creditor()
            assert list(unit.creditors.all()) == [samples.creditor()]

    def test_a_unit_left_without_commit_leaves_nothing(self, seeded: Storage) -> None:
        with seeded.unit() as unit:
            unit.watermarks.set("here", samples.NOW)
            unit.creditors.save(samples.creditor("creditor-9"))
            unit.integrations.add(samples.integration("integration-9"))
            unit.integrations.save_products("integration-1", samples.products())
            unit.queries.add(samples.query())
            unit.negativations.add_request(samples.request())
            unit.negativations.add(samples.negativation())
            unit.negativations.append([samples.event()])
            unit.settlements.record("local", samples.settlement(), samples.NOW)
            unit.settlements.lock_invoices("local", ["invoice-1"])
            unit.audit.add(samples.audit_entry())
        with seeded.read_only() as unit:
            assert unit.watermarks.get("here") is None
            assert [each.id for each in unit.creditors.all()] == ["creditor-1"]
            assert [each.id for each in unit.integrations.all()] == ["integration-1"]
            assert list(unit.integrations.products("integration-1")) == []
            assert unit.settlements.unapplied(10) == []
            assert list(unit.negativations.for_invoices("local", ["invoice-1"])) == []
            assert list(unit.negativations.history("negativation-1")) == []
            assert unit.negativations.next_due_at(samples.NOW) is None

    def test_an_error_rolls_back_and_propagates(self, storage: Storage) -> None:
        with pytest.raises(ExpectedError), storage.unit() as unit:
            record_and_fail(unit)
        assert entries_of(storage) == []

    def test_a_unit_commits_at_most_once(self, storage: Storage) -> None:
        with storage.unit() as unit:
            unit.commit()
            with pytest.raises(RuntimeError):
                unit.commit()

    def test_a_read_only_unit_refuses_to_write_and_to_commit(self, storage: Storage) -> None:
        with storage.read_only() as unit:
            with pytest.raises(RuntimeError):
                unit.watermarks.set("here", samples.NOW)
            with pytest.raises(RuntimeError):
                unit.commit()
        assert watermark(storage, "here") is None

    def test_a_read_only_unit_neither_waits_for_a_writer_nor_sees_uncommitted_changes(self, storage: Storage) -> None:
        with committed(storage) as unit:
            unit.watermarks.set("here", samples.NOW)
            assert run_in_thread(lambda: watermark(storage, "here")) is None
        assert run_in_thread(lambda: watermark(storage, "here")) == samples.NOW

    def test_concurrent_writers_lose_no_update(self, seeded: Storage) -> None:
        threads, times = 4, 8
        with committed(seeded) as unit:
            unit.negativations.add(samples.negativation())
        ready = threading.Barrier(threads)

        def count() -> None:
            ready.wait(TIMEOUT)
            for _ in range(times):
                with committed(seeded) as unit:
                    locked = unit.negativations.lock("negativation-1")
                    assert locked is not None
                    unit.negativations.save(locked)

        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(count) for _ in range(threads)]:
                done.result(TIMEOUT)
        with seeded.read_only() as unit:
            assert unit.negativations.get("negativation-1").version == 1 + threads * times


def host_names(connection: Connection) -> list[str]:
    """The rows of the host's own table."""
    cursor = connection.cursor()
    cursor.execute("SELECT name FROM host_customer ORDER BY name")
    return [row[0] for row in cursor.fetchall()]


class ExternalTransactionsContract:
    """Units inside a host's transaction.

    The fixture `host_connection` is a DBAPI connection to the storage's database, which has a committed, empty table
    `host_customer(name)`.
    """

    @pytest.fixture
    def host_connection(self) -> Connection:
        """A host's connection."""
        raise NotImplementedError("a subclass must define the fixture `host_connection`")

    @pytest.fixture
    def transaction(self, host_connection: Connection) -> Connection:
        """The host's connection with a change of its own in an open transaction."""
        host_connection.cursor().execute("INSERT INTO host_customer VALUES ('paga')")
        return host_connection

    def test_a_recheck_is_committed_or_rolled_back_with_the_host(
        self, storage: Storage, transaction: Connection
    ) -> None:
        """It is unseen until the commit, whatever its time stamp says."""

        def add(*names: str) -> None:
            with storage.in_transaction_of(transaction) as unit:
                unit.rechecks.add([samples.recheck(name, seen_at=None, done_at=None) for name in names])
                unit.commit()

        def found() -> list[str]:
            with storage.read_only() as unit:
                return sorted(each.id for each in unit.rechecks.of("local", ["invoice-1"]))

        add("a")
        assert found() == []
        transaction.rollback()
        assert found() == []
        transaction.cursor().execute("INSERT INTO host_customer VALUES ('paga')")
        add("b", "c")
        transaction.commit()
        with committed(storage) as unit:
            assert unit.rechecks.see(samples.NOW) == 2  # noqa: PLR2004 - both
        assert found() == ["b", "c"]

    @pytest.mark.parametrize(("unit_commits", "host_commits"), [(True, True), (True, False), (False, True)])
    def test_changes_last_when_both_the_unit_and_the_host_commit(
        self, storage: Storage, transaction: Connection, unit_commits: bool, host_commits: bool
    ) -> None:
        """The unit undoes only itself; the host undoes both."""
        with storage.in_transaction_of(transaction) as unit:
            assert unit.settlements.record("local", samples.settlement(), samples.NOW)
            if unit_commits:
                unit.commit()
        assert entries_of(storage) == []
        if host_commits:
            transaction.commit()
        else:
            transaction.rollback()
        assert entries_of(storage) == ([samples.settlement()] if unit_commits and host_commits else [])
        assert host_names(transaction) == (["paga"] if host_commits else [])

    def test_a_failure_leaves_the_hosts_transaction_usable(self, storage: Storage, transaction: Connection) -> None:
        """An error of ours must not refuse a payment."""
        with pytest.raises(ExpectedError), storage.in_transaction_of(transaction) as unit:
            record_and_fail(unit)
        transaction.cursor().execute("INSERT INTO host_customer VALUES ('viva')")
        transaction.commit()
        assert entries_of(storage) == []
        assert host_names(transaction) == ["paga", "viva"]

    def test_a_repeated_settlement_is_ignored(self, storage: Storage, transaction: Connection) -> None:
        for expected in (True, False):
            with storage.in_transaction_of(transaction) as unit:
                assert unit.settlements.record("local", samples.settlement(), samples.NOW) is expected
                unit.commit()
        transaction.commit()
        assert entries_of(storage) == [samples.settlement()]

    def test_rows_read_the_same_through_the_hosts_connection(self, storage: Storage, transaction: Connection) -> None:
        """Dates, amounts, flags and trees, whatever the host's converters."""
        with storage.in_transaction_of(transaction) as unit:
            unit.creditors.save(samples.creditor())
            unit.integrations.add(samples.integration())
            unit.negativations.add(samples.full_negativation())
            unit.negativations.append([samples.event()])
            unit.settlements.record("local", samples.settlement(), samples.NOW)
            assert unit.creditors.get("creditor-1") == samples.creditor()
            assert unit.integrations.get("integration-1") == samples.integration()
            assert unit.negativations.get("negativation-1") == samples.full_negativation()
            assert unit.negativations.lock("negativation-1") == samples.full_negativation()
            assert list(unit.negativations.history("negativation-1")) == [samples.event()]
            assert list(unit.settlements.entries("local", ["invoice-1"])) == [samples.settlement()]
            unit.settlements.lock_invoices("local", ["invoice-1", "invoice-2"])
            unit.commit()
        transaction.commit()
        with storage.read_only() as unit:
            assert unit.negativations.get("negativation-1") == samples.full_negativation()
