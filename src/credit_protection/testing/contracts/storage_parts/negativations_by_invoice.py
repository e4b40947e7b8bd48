"""Negativations found by the invoices that they cover, and the invoices of those that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.negativations import Observed
from credit_protection.ports.storage import Page
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage_parts.negativations import keep

if TYPE_CHECKING:
    from credit_protection.ports.storage import Storage


class NegativationsByInvoiceContract:
    """What holds between invoices and negativations."""

    def test_what_covers_an_invoice_is_found_until_it_is_closed(self, stocked: Storage) -> None:
        """Of the same host, each once, as it stands."""
        both = samples.negativation("both", ["invoice-1", "invoice-2"])
        keep(
            stocked,
            [
                both,
                samples.negativation("other-host", ["invoice-1"], host="hubsoft"),
                samples.negativation("other-registry", ["invoice-2"], registry=Registry.SERASA),
                samples.removed(samples.negativation("gone", ["invoice-1"])),
                samples.negativation("rejected", ["invoice-1"], observed=Observed.REJECTED),
            ],
        )
        with stocked.unit() as unit:
            found = unit.negativations.covering("local", ["invoice-1", "invoice-2", "invoice-3"])
            assert sorted(each.id for each in found) == ["both", "other-registry"]
            assert both in found
            assert list(unit.negativations.covering("local", [])) == []
            unit.negativations.save(samples.removed(both))
            assert list(unit.negativations.covering("local", ["invoice-1"])) == []

    def test_the_invoices_of_open_negativations_are_told_by_registry(self, stocked: Storage) -> None:
        """Rule 3 asks so before a new one; one negativation may be left out."""
        keep(
            stocked,
            [
                samples.negativation("wanted", ["1", "2"]),
                samples.wants_removal(samples.negativation("leaving", ["3"])),
                samples.removed(samples.negativation("gone", ["4"])),
                samples.negativation("elsewhere", ["5"], registry=Registry.SERASA),
            ],
        )
        asked = ["1", "2", "3", "4", "5", "6"]
        with stocked.reading() as unit:
            assert unit.negativations.open_invoices("local", Registry.SPC, asked) == {"1", "2", "3"}
            assert unit.negativations.open_invoices("local", Registry.SPC, asked[1:]) == {"2", "3"}
            assert unit.negativations.open_invoices("local", Registry.SERASA, asked) == {"5"}
            assert unit.negativations.open_invoices("hubsoft", Registry.SPC, asked) == frozenset()
            assert unit.negativations.open_invoices("local", Registry.SPC, []) == frozenset()
            others = unit.negativations.open_invoices("local", Registry.SPC, asked, except_negativation="wanted")
            assert others == {"3"}

    def test_thousands_of_invoices_can_be_asked_about(self, stocked: Storage) -> None:
        """More than one statement of a database takes."""
        ids = [f"invoice-{number}" for number in range(1203)]
        keep(stocked, [samples.negativation("first", [ids[0]]), samples.negativation("last", [ids[-1]])])
        with stocked.unit() as unit:
            covering = unit.negativations.covering("local", ids)
            assert sorted(each.id for each in covering) == ["first", "last"]
            assert unit.negativations.open_invoices("local", Registry.SPC, ids) == {ids[0], ids[-1]}
            unit.settlements.record("local", samples.settlement("s", ids[-1]), samples.NOW)
            assert len(unit.settlements.entries("local", ids)) == 1
            unit.settlements.lock_invoices("local", ids)

    def test_the_invoices_of_all_open_negativations_are_read_page_by_page(self, stocked: Storage) -> None:
        """Each once, though two registries hold it."""
        keep(
            stocked,
            [
                samples.negativation("a", ["1", "2"]),
                samples.negativation("b", ["2", "3"], registry=Registry.SERASA),
                samples.negativation("c", ["4"]),
                samples.removed(samples.negativation("d", ["5"])),
                samples.negativation("e", ["6"], host="hubsoft"),
            ],
        )
        with stocked.reading() as unit:
            first = unit.negativations.open_invoice_ids("local", Page(3))
            second = unit.negativations.open_invoice_ids("local", Page(3, first.cursor))
            assert [*first.items, *second.items] == ["1", "2", "3", "4"]
            assert second.cursor is None
            assert unit.negativations.open_invoice_ids("local", Page(4)).cursor is None
