"""The ledger of settlements and reversals."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.ports.storage import Unapplied
from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import needs
from credit_protection.testing.contracts.storage_parts.threads import meanwhile

if TYPE_CHECKING:
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.storage import Storage

NOW, MINUTE = samples.NOW, samples.MINUTE


def record(storage: Storage, *entries: Entry, host: str = "local") -> list[bool]:
    """Record each a minute after the one before; tells which were new."""
    with storage.unit() as unit:
        new = [unit.settlements.record(host, entry, NOW + n * MINUTE) for n, entry in enumerate(entries)]
        unit.commit()
    return new


def unapplied(storage: Storage, limit: int = 100) -> list[tuple[str, str]]:
    """What waits to be decided upon."""
    with storage.reading() as unit:
        return list(unit.settlements.unapplied(limit))


class SettlementsContract:
    """What holds for the ledger."""

    def test_entries_come_back_whole_in_the_order_of_recording(self, storage: Storage) -> None:
        """Settlements with everything and with the least, and reversals."""
        least = Settlement("settlement-0", "invoice-1", SettlementKind.PAYMENT, date(2026, 10, 1))
        entries: list[Entry] = [samples.settlement(), least, samples.reversal()]
        record(storage, *entries)
        with storage.reading() as unit:
            assert list(unit.settlements.entries("local", ["invoice-1"])) == entries

    def test_recording_twice_is_once(self, storage: Storage) -> None:
        """A repeat is ignored, even with other contents, and told."""
        first, other = samples.settlement(), samples.settlement(court_order=False, amount=None)
        assert record(storage, first, first, other) == [True, False, False]
        assert record(storage, other) == [False]
        with storage.reading() as unit:
            assert list(unit.settlements.entries("local", ["invoice-1"])) == [first]

    def test_a_reversal_is_an_entry_of_its_own_before_or_after_its_settlement(self, storage: Storage) -> None:
        """Before it, it is a tombstone."""
        assert record(storage, samples.reversal(), samples.settlement(), samples.reversal()) == [True, True, False]
        with storage.reading() as unit:
            entries = unit.settlements.entries("local", ["invoice-1"])
        assert list(entries) == [samples.reversal(), samples.settlement()]

    def test_each_host_has_its_own_ledger(self, storage: Storage) -> None:
        """The same ids mean other things."""
        assert record(storage, samples.settlement()) == record(storage, samples.settlement(), host="hubsoft") == [True]
        with storage.unit() as unit:
            unit.settlements.mark_applied("hubsoft", ["invoice-1"], NOW)
            unit.commit()
        assert unapplied(storage) == [("local", "invoice-1")]

    def test_entries_of_many_invoices_are_read_at_once(self, storage: Storage) -> None:
        """Of no others; asking twice for one is asking once."""
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(4)))
        with storage.reading() as unit:
            entries = unit.settlements.entries("local", ["invoice-3", "invoice-1", "invoice-3", "nobody"])
            assert sorted(entry.invoice_id for entry in entries) == ["invoice-1", "invoice-3"]
            assert list(unit.settlements.entries("local", [])) == []

    def test_what_is_not_decided_upon_is_told_oldest_first_each_invoice_once(self, storage: Storage) -> None:
        """So many at most."""
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

    def test_what_is_not_decided_upon_can_be_held_while_it_is_found(self, storage: Storage) -> None:
        """All of it, each invoice once: held at once, or to be waited for. So many entries at most."""
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(3)))
        record(storage, samples.settlement("again", "invoice-1"))
        with storage.unit() as unit:
            unit.settlements.lock_invoices("local", ["invoice-2"])
            unit.commit()
        with storage.unit() as unit:
            found = unit.settlements.lock_unapplied(10)
            assert ("local", "invoice-2") in found.held
            assert sorted((*found.held, *found.others)) == [("local", f"invoice-{n}") for n in range(3)]
            assert not found.are_more
            assert unit.settlements.lock_unapplied(2).are_more

    @needs("is_concurrent")
    def test_an_invoice_that_another_unit_holds_is_not_waited_for(self, storage: Storage) -> None:
        """It is told apart; and what is held so, others wait for as if it had been locked."""
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(2)))
        with storage.unit() as unit:
            unit.settlements.lock_invoices("local", ["invoice-0", "invoice-1"])
            unit.commit()

        def found() -> Unapplied:
            with storage.unit() as unit:
                return unit.settlements.lock_unapplied(10)

        with storage.unit() as unit:
            unit.settlements.lock_invoices("local", ["invoice-0"])
            assert meanwhile(found) == Unapplied([("local", "invoice-1")], [("local", "invoice-0")], are_more=False)
        with storage.unit() as unit:
            assert len(unit.settlements.lock_unapplied(10).held) == 2  # noqa: PLR2004 - both
            assert meanwhile(found) == Unapplied([], [("local", f"invoice-{n}") for n in range(2)], are_more=False)

    def test_what_was_decided_upon_waits_no_more(self, storage: Storage) -> None:
        """Until something new is recorded of the invoice."""
        record(storage, samples.settlement(), samples.settlement("s-2", "invoice-2"))
        with storage.unit() as unit:
            unit.settlements.entries("local", ["invoice-1"])
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
            unit.settlements.mark_applied("local", ["nobody"], NOW)
            unit.commit()
        assert unapplied(storage) == [("local", "invoice-2")]
        record(storage, samples.reversal())
        assert unapplied(storage) == [("local", "invoice-1"), ("local", "invoice-2")]
        with storage.unit() as unit:
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
            unit.commit()
        assert unapplied(storage) == [("local", "invoice-2")]
        with storage.reading() as unit:
            entries = unit.settlements.entries("local", ["invoice-1"])
            assert list(entries) == [samples.settlement(), samples.reversal()]

    def test_many_invoices_are_marked_at_once(self, storage: Storage) -> None:
        """Those whose entries were read, and those whose were not; each no more than was read of it."""
        record(storage, *(samples.settlement(f"s-{n}", f"invoice-{n}") for n in range(4)))
        with storage.unit() as unit:
            unit.settlements.entries("local", ["invoice-0", "invoice-1"])
            unit.settlements.record("local", samples.settlement("late", "invoice-1"), NOW + MINUTE)
            unit.settlements.mark_applied("local", [f"invoice-{n}" for n in (0, 1, 2)], NOW)
            unit.settlements.mark_applied("local", [], NOW)
            unit.commit()
        assert unapplied(storage) == [("local", "invoice-1"), ("local", "invoice-3")]

    def test_an_entry_that_came_after_the_reading_is_not_decided_upon(self, storage: Storage) -> None:
        """What was decided did not know it."""
        record(storage, samples.settlement())
        with storage.unit() as unit:
            unit.settlements.entries("local", ["invoice-1"])
            unit.settlements.record("local", samples.settlement("s-2"), NOW)
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
            unit.commit()
        assert unapplied(storage) == [("local", "invoice-1")]
        with storage.unit() as unit:
            unit.settlements.entries("local", ["invoice-1"])
            unit.settlements.mark_applied("local", ["invoice-1"], NOW)
            unit.commit()
        assert unapplied(storage) == []
