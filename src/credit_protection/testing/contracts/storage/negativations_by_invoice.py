"""Negativations by the invoices that they cover, and the invoices of open ones."""

from __future__ import annotations

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.state_table import Observed
from credit_protection.ports.storage import PageRequest, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.negativations import store


class NegativationsByInvoiceContract:
    """`for_invoices`, `open_invoices` and `open_invoice_ids`."""

    def test_negativations_of_an_invoice_are_found_until_they_are_closed(self, seeded: Storage) -> None:
        """Of the same host, each once, with its current fields."""
        both = samples.negativation("both", ["invoice-1", "invoice-2"])
        store(
            seeded,
            [
                both,
                samples.negativation("other-host", ["invoice-1"], host="hubsoft"),
                samples.negativation("other-registry", ["invoice-2"], registry=Registry.SERASA),
                samples.removed(samples.negativation("gone", ["invoice-1"])),
                samples.negativation("rejected", ["invoice-1"], observed=Observed.REJECTED),
            ],
        )
        with seeded.unit() as unit:
            found = unit.negativations.for_invoices("local", ["invoice-1", "invoice-2", "invoice-3"])
            assert sorted(each.id for each in found) == ["both", "other-registry"]
            assert both in found
            assert list(unit.negativations.for_invoices("local", [])) == []
            unit.negativations.save(samples.removed(both))
            assert list(unit.negativations.for_invoices("local", ["invoice-1"])) == []

    def test_invoices_of_open_negativations_are_found_by_registry(self, seeded: Storage) -> None:
        """For rule 3, before a new one; one negativation can be excepted."""
        store(
            seeded,
            [
                samples.negativation("wanted", ["1", "2"]),
                samples.wants_removal(samples.negativation("leaving", ["3"])),
                samples.removed(samples.negativation("gone", ["4"])),
                samples.negativation("elsewhere", ["5"], registry=Registry.SERASA),
            ],
        )
        ids = ["1", "2", "3", "4", "5", "6"]
        with seeded.read_only() as unit:
            assert unit.negativations.open_invoices("local", Registry.SPC, ids) == {"1", "2", "3"}
            assert unit.negativations.open_invoices("local", Registry.SPC, ids[1:]) == {"2", "3"}
            assert unit.negativations.open_invoices("local", Registry.SERASA, ids) == {"5"}
            assert unit.negativations.open_invoices("hubsoft", Registry.SPC, ids) == frozenset()
            assert unit.negativations.open_invoices("local", Registry.SPC, []) == frozenset()
            others = unit.negativations.open_invoices("local", Registry.SPC, ids, except_negativation="wanted")
            assert others == {"3"}

    def test_thousands_of_invoices_can_be_looked_up(self, seeded: Storage) -> None:
        """More than one statement accepts."""
        ids = [f"invoice-{number}" for number in range(1203)]
        store(seeded, [samples.negativation("first", [ids[0]]), samples.negativation("last", [ids[-1]])])
        with seeded.unit() as unit:
            covering = unit.negativations.for_invoices("local", ids)
            assert sorted(each.id for each in covering) == ["first", "last"]
            assert unit.negativations.open_invoices("local", Registry.SPC, ids) == {ids[0], ids[-1]}
            unit.settlements.record("local", samples.settlement("s", ids[-1]), samples.NOW)
            assert len(unit.settlements.entries("local", ids)) == 1
            unit.settlements.lock_invoices("local", ids)

    def test_invoices_of_all_open_negativations_are_read_page_by_page(self, seeded: Storage) -> None:
        """Each once, though two registries have it."""
        store(
            seeded,
            [
                samples.negativation("a", ["1", "2"]),
                samples.negativation("b", ["2", "3"], registry=Registry.SERASA),
                samples.negativation("c", ["4"]),
                samples.removed(samples.negativation("d", ["5"])),
                samples.negativation("e", ["6"], host="hubsoft"),
            ],
        )
        with seeded.read_only() as unit:
            first = unit.negativations.open_invoice_ids("local", PageRequest(3))
            second = unit.negativations.open_invoice_ids("local", PageRequest(3, first.cursor))
            assert [*first.items, *second.items] == ["1", "2", "3", "4"]
            assert second.cursor is None
            assert unit.negativations.open_invoice_ids("local", PageRequest(4)).cursor is None
