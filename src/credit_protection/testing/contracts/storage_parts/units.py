"""Units of work: all or nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from credit_protection.testing import samples
from credit_protection.testing.contracts.storage_parts.threads import PATIENCE, meanwhile

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.ports.storage import Storage


class StopHere(Exception):
    """Raised by a test inside a unit."""


def mark_of(storage: Storage, name: str) -> datetime | None:
    """The mark as others see it."""
    with storage.reading() as unit:
        return unit.marks.get(name)


class UnitsContract:
    """What holds for every unit."""

    def test_what_is_committed_lasts(self, storage: Storage) -> None:
        """And is seen by the next unit."""
        with storage.unit() as unit:
            unit.marks.set("here", samples.NOW)
            unit.commit()
        assert mark_of(storage, "here") == samples.NOW

    def test_a_unit_sees_what_it_wrote(self, storage: Storage) -> None:
        """Before it commits."""
        with storage.unit() as unit:
            unit.creditors.save(samples.creditor())
            assert unit.creditors.get("creditor-1") == samples.creditor()
            assert list(unit.creditors.all()) == [samples.creditor()]

    def test_a_unit_left_without_commit_leaves_nothing(self, stocked: Storage) -> None:
        """Of any table."""
        with stocked.unit() as unit:
            unit.marks.set("here", samples.NOW)
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
        with stocked.reading() as unit:
            assert unit.marks.get("here") is None
            assert [each.id for each in unit.creditors.all()] == ["creditor-1"]
            assert [each.id for each in unit.integrations.all()] == ["integration-1"]
            assert list(unit.integrations.products("integration-1")) == []
            assert unit.settlements.unapplied(10) == []
            assert list(unit.negativations.covering("local", ["invoice-1"])) == []
            assert list(unit.negativations.history("negativation-1")) == []
            assert unit.negativations.next_due_at(samples.NOW) is None

    def test_an_error_rolls_back_and_passes_through(self, storage: Storage) -> None:
        """As it was raised."""

        def fail() -> None:
            with storage.unit() as unit:
                unit.marks.set("here", samples.NOW)
                raise StopHere

        with pytest.raises(StopHere):
            fail()
        assert mark_of(storage, "here") is None

    def test_a_unit_commits_at_most_once(self, storage: Storage) -> None:
        """The second time the program is wrong."""
        with storage.unit() as unit:
            unit.commit()
            with pytest.raises(RuntimeError):
                unit.commit()

    def test_a_reading_unit_has_nothing_to_commit(self, storage: Storage) -> None:
        """It only reads."""
        with storage.reading() as unit, pytest.raises(RuntimeError):
            unit.commit()

    def test_a_reading_unit_writes_nothing(self, storage: Storage) -> None:
        """It refuses, and nothing lasts."""
        with storage.reading() as unit, pytest.raises(RuntimeError):
            unit.marks.set("here", samples.NOW)
        assert mark_of(storage, "here") is None

    def test_a_reading_unit_neither_waits_for_a_writer_nor_sees_what_is_not_committed(self, storage: Storage) -> None:
        """Whatever the writer holds."""
        with storage.unit() as unit:
            unit.marks.set("here", samples.NOW)
            assert meanwhile(lambda: mark_of(storage, "here")) is None
            unit.commit()
        assert meanwhile(lambda: mark_of(storage, "here")) == samples.NOW

    def test_writers_of_many_threads_take_turns_and_lose_nothing(self, stocked: Storage) -> None:
        """Read, then write, under one lock: every increment lasts."""
        threads, times = 4, 8
        with stocked.unit() as unit:
            unit.negativations.add(samples.negativation())
            unit.commit()
        ready = threading.Barrier(threads)

        def count() -> None:
            ready.wait(PATIENCE)
            for _ in range(times):
                with stocked.unit() as unit:
                    held = unit.negativations.lock("negativation-1")
                    assert held is not None
                    unit.negativations.save(held)
                    unit.commit()

        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(count) for _ in range(threads)]:
                done.result(PATIENCE)
        with stocked.reading() as unit:
            assert unit.negativations.get("negativation-1").version == 1 + threads * times
