"""Units of work: all or nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from credit_protection.ports.storage import Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.committing import committed
from credit_protection.testing.contracts.threads import TIMEOUT, run_in_thread


class ExpectedError(Exception):
    """Raised inside a unit."""


def watermark(storage: Storage, name: str) -> datetime | None:
    """The watermark, read by another unit."""
    with storage.read_only() as unit:
        return unit.watermarks.get(name)


class UnitsContract:
    """Commit, rollback and isolation."""

    def test_committed_changes_are_seen_by_the_next_unit(self, storage: Storage) -> None:
        """After `commit()`."""
        with committed(storage) as unit:
            unit.watermarks.set("here", samples.NOW)
        assert watermark(storage, "here") == samples.NOW

    def test_a_unit_reads_its_own_writes(self, storage: Storage) -> None:
        """Before it commits."""
        with storage.unit() as unit:
            unit.creditors.save(samples.creditor())
            assert unit.creditors.get("creditor-1") == samples.creditor()
            assert list(unit.creditors.all()) == [samples.creditor()]

    def test_a_unit_left_without_commit_leaves_nothing(self, seeded: Storage) -> None:
        """In any table."""
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
        """The error is the one that was raised."""

        def fail() -> None:
            with storage.unit() as unit:
                unit.watermarks.set("here", samples.NOW)
                raise ExpectedError

        with pytest.raises(ExpectedError):
            fail()
        assert watermark(storage, "here") is None

    def test_a_unit_commits_at_most_once(self, storage: Storage) -> None:
        """The second is a programming error."""
        with storage.unit() as unit:
            unit.commit()
            with pytest.raises(RuntimeError):
                unit.commit()

    def test_a_read_only_unit_refuses_to_write_and_to_commit(self, storage: Storage) -> None:
        """Nothing is stored."""
        with storage.read_only() as unit:
            with pytest.raises(RuntimeError):
                unit.watermarks.set("here", samples.NOW)
            with pytest.raises(RuntimeError):
                unit.commit()
        assert watermark(storage, "here") is None

    def test_a_read_only_unit_neither_waits_for_a_writer_nor_sees_uncommitted_changes(self, storage: Storage) -> None:
        """Whatever the writer has locked."""
        with committed(storage) as unit:
            unit.watermarks.set("here", samples.NOW)
            assert run_in_thread(lambda: watermark(storage, "here")) is None
        assert run_in_thread(lambda: watermark(storage, "here")) == samples.NOW

    def test_concurrent_writers_lose_no_update(self, seeded: Storage) -> None:
        """Each reads and writes under one lock."""
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
