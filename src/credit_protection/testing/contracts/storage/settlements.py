"""The ledger of settlements and reversals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from credit_protection.domain.settlements import Entry, Settlement, SettlementKind
from credit_protection.domain.unreadable import Unreadable, UnreadableKind
from credit_protection.ports.storage import Storage, Unapplied, WaitingEntries
from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.storage.units import committed, entries_of
from credit_protection.testing.contracts.threads import run_in_thread

NOW, MINUTE = samples.NOW, samples.MINUTE


def record(storage: Storage, *entries: Entry, host: str = "local") -> list[bool]:
    """Record each a minute after the previous one; whether each was new."""
    with committed(storage) as unit:
        return [unit.settlements.record(host, entry, NOW + n * MINUTE) for n, entry in enumerate(entries)]


def unapplied(storage: Storage, limit: int = 100) -> list[tuple[str, str]]:
    """The unapplied invoices."""
    with storage.read_only() as unit:
        return list(unit.settlements.unapplied(limit))


class SettlementsContract:
    """The ledger of settlements and reversals."""

    def test_entries_come_back_whole_in_the_order_of_recording(self, storage: Storage) -> None:
        least = Settlement("settlement-0", "invoice-1", SettlementKind.PAYMENT, date(2026, 10, 1))
        entries: list[Entry] = [samples.settlement(), least, samples.reversal()]
        record(storage, *entries)
        assert entries_of(storage) == entries

    def test_an_entry_comes_back_with_its_instant_of_recording(self, storage: Storage) -> None:
        record(storage, samples.settlement())
        (entry,) = entries_of(storage)
        assert isinstance(entry, Settlement)
        assert entry.recorded_at == NOW
        with storage.read_only() as unit:
            assert list(unit.settlements.unreadable) == []

    def test_what_was_left_out_is_kept_until_it_is_read(self, storage: Storage) -> None:
        invoice, settlement = UnreadableKind.INVOICE, UnreadableKind.SETTLEMENT
        first, second = (Unreadable("erp", invoice, subject, "sem data") for subject in ("1", "2"))
        other, elsewhere = Unreadable("erp", settlement, "1", "sem valor"), Unreadable("local", invoice, "1", "vazia")
        with committed(storage) as unit:
            unit.unreadable.add([replace(first, reason="antes"), second, other, elsewhere])
            unit.unreadable.add([first])
        with storage.read_only() as unit:
            assert list(unit.unreadable.list(10)) == [first, second, other, elsewhere]
            assert len(unit.unreadable.list(2)) == 2  # noqa: PLR2004
        with committed(storage) as unit:
            assert unit.unreadable.keep_only("erp", invoice, ["2", "unknown"]) == 1
            assert unit.unreadable.keep_only("erp", invoice, ["2"]) == 0
        with storage.read_only() as unit:
            assert list(unit.unreadable.list(10)) == [second, other, elsewhere]

    def test_a_repeated_entry_is_ignored(self, storage: Storage) -> None:
        first, other = samples.settlement(), samples.settlement(court_order=False, amount=None)
        assert record(storage, first, first, other) == [True, False, False]
        assert record(storage, other) == [False]
        assert entries_of(storage) == [first]

    def test_a_reversal_is_an_entry_of_its_own_before_or_after_its_settlement(self, storage: Storage) -> None:
        """Before it, it is a tombstone."""
        assert record(storage, samples.reversal(), samples.settlement(), samples.reversal()) == [True, True, False]
        assert entries_of(storage) == [samples.reversal(), samples.settlement()]

    def test_each_host_has_its_own_ledger(self, storage: Storage) -> None:
        """The same ids are other invoices."""
        assert record(storage, samples.settlement()) == record(storage, samples.settlement(), host="hubsoft") == [True]
        with committed(storage) as unit:
            unit.settlements.mark_applied("hubsoft", ["invoice-1"], NOW)
        assert unapplied(storage) == [("local", "invoice-1")]

    def test_waiting_entries_are_counted_up_to_a_limit(self, storage: Storage) -> None:
        """Those that were recorded before an instant and are not applied."""
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(4)))
        with committed(storage) as unit:
            unit.settlements.mark_applied("local", ["invoice-0"], NOW)
        with storage.read_only() as unit:
            assert unit.settlements.newest_waiting() == NOW + 3 * MINUTE
            assert unit.settlements.waiting(NOW, 10) == WaitingEntries(0, None, [])
            waiting = unit.settlements.waiting(NOW + 3 * MINUTE, 10)
            assert waiting == WaitingEntries(2, NOW + MINUTE, ["invoice-1", "invoice-2"])
            assert unit.settlements.waiting(NOW + 9 * MINUTE, 1) == WaitingEntries(1, NOW + MINUTE, ["invoice-1"])

    def test_hosts_of_the_ledger_are_listed(self, storage: Storage) -> None:
        with storage.read_only() as unit:
            assert list(unit.settlements.hosts()) == []
            assert unit.settlements.newest_waiting() is None
        for host in ("local", "hubsoft", "local"):
            record(storage, samples.settlement(), samples.settlement("s-2", "invoice-2"), host=host)
        with storage.read_only() as unit:
            assert list(unit.settlements.hosts()) == ["hubsoft", "local"]

    def test_entries_of_many_invoices_are_read_at_once(self, storage: Storage) -> None:
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(4)))
        entries = entries_of(storage, "invoice-3", "invoice-1", "invoice-3", "unknown")
        assert sorted(entry.invoice_id for entry in entries) == ["invoice-1", "invoice-3"]
        with storage.read_only() as unit:
            assert list(unit.settlements.entries("local", [])) == []

    def test_unapplied_invoices_are_listed_oldest_first_each_once(self, storage: Storage) -> None:
        record(
            storage,
            samples.settlement("s-1", "invoice-9"),
            samples.settlement("s-2", "invoice-1"),
            samples.settlement("s-3", "invoice-9"),
            samples.reversal("s-2", "invoice-1"),
            samples.settlement("s-4", "invoice-5"),
        )
        expected = [("local", "invoice-9"), ("local", "invoice-1"), ("local", "invoice-5")]
        assert unapplied(storage) == expected
        for limit in (1, 2, 3):
            assert unapplied(storage, limit) == expected[:limit]

    def test_unapplied_invoices_are_locked_while_they_are_found(self, storage: Storage) -> None:
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(3)))
        record(storage, samples.settlement("again", "invoice-1"))
        with committed(storage) as unit:
            unit.settlements.lock_invoices("local", ["invoice-2"])
        with storage.unit() as unit:
            found = unit.settlements.lock_unapplied(10)
            assert ("local", "invoice-2") in found.locked
            assert sorted((*found.locked, *found.contended)) == [("local", f"invoice-{n}") for n in range(3)]
            assert not found.has_more
            assert unit.settlements.lock_unapplied(2).has_more

    @requires("is_concurrent")
    def test_lock_unapplied_does_not_wait_for_an_invoice_locked_elsewhere(self, storage: Storage) -> None:
        """It is contended; what is locked so is contended for others."""
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(2)))
        with committed(storage) as unit:
            unit.settlements.lock_invoices("local", ["invoice-0", "invoice-1"])

        def found() -> Unapplied:
            with storage.unit() as unit:
                return unit.settlements.lock_unapplied(10)

        with storage.unit() as unit:
            unit.settlements.lock_invoices("local", ["invoice-0"])
            assert run_in_thread(found) == Unapplied([("local", "invoice-1")], [("local", "invoice-0")], has_more=False)
        with storage.unit() as unit:
            assert len(unit.settlements.lock_unapplied(10).locked) == 2  # noqa: PLR2004 - both
            assert run_in_thread(found) == Unapplied([], [("local", f"invoice-{n}") for n in range(2)], has_more=False)

    def test_applied_entries_are_unapplied_again_only_by_a_new_entry(self, storage: Storage) -> None:
        record(storage, samples.settlement(), samples.settlement("s-2", "invoice-2"))
        with committed(storage) as unit:
            unit.settlements.entries("local", ["invoice-1"])
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
            unit.settlements.mark_applied("local", ["unknown"], NOW)
        assert unapplied(storage) == [("local", "invoice-2")]
        record(storage, samples.reversal())
        assert unapplied(storage) == [("local", "invoice-1"), ("local", "invoice-2")]
        with committed(storage) as unit:
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
        assert unapplied(storage) == [("local", "invoice-2")]
        assert entries_of(storage) == [samples.settlement(), samples.reversal()]

    def test_a_unit_knows_which_invoices_it_read_unapplied(self, storage: Storage) -> None:
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(3)))
        with committed(storage) as unit:
            unit.settlements.mark_applied("local", ["invoice-0"], NOW)
        with storage.read_only() as unit:
            ids = [f"invoice-{n}" for n in range(4)]
            assert unit.settlements.read_unapplied("local", ids) == frozenset()
            unit.settlements.entries("local", ids[:2])
            assert unit.settlements.read_unapplied("local", ids) == {"invoice-1"}
            assert unit.settlements.read_unapplied("hubsoft", ids) == frozenset()

    def test_many_invoices_are_marked_at_once(self, storage: Storage) -> None:
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(4)))
        with committed(storage) as unit:
            unit.settlements.entries("local", ["invoice-0", "invoice-1"])
            unit.settlements.record("local", samples.settlement("late", "invoice-1"), NOW + MINUTE)
            unit.settlements.mark_applied("local", [f"invoice-{n}" for n in (0, 1, 2)], NOW)
            unit.settlements.mark_applied("local", [], NOW)
        assert unapplied(storage) == [("local", "invoice-1"), ("local", "invoice-3")]

    def test_an_entry_recorded_after_the_reading_stays_unapplied(self, storage: Storage) -> None:
        """No decision considered it."""
        record(storage, samples.settlement())
        with committed(storage) as unit:
            unit.settlements.entries("local", ["invoice-1"])
            unit.settlements.record("local", samples.settlement("s-2"), NOW)
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
        assert unapplied(storage) == [("local", "invoice-1")]
        with committed(storage) as unit:
            unit.settlements.entries("local", ["invoice-1"])
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
        assert unapplied(storage) == []
