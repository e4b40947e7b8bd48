"""Negativations by invoice, and lists of them: order, pages, filters; and counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.negativations import Block
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage import NegativationFilter, OpenDebtor, PageRequest, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.negativations import store
from credit_protection.testing.contracts.storage.units import committed, read_pages


def pages(storage: Storage, wanted: NegativationFilter, size: int) -> list[str]:
    """The ids of a list, read page by page."""
    with storage.read_only() as unit:
        return [each.id for each in read_pages(lambda page: unit.negativations.list(wanted, page), size)]


class NegativationListsContract:
    """`for_invoices`, `open_invoices`, `open_invoice_ids`, `list` and `count_open`."""

    def test_negativations_of_an_invoice_are_found_until_they_are_closed(self, seeded: Storage) -> None:
        both = samples.negativation("both", ["invoice-1", "invoice-2"])
        store(
            seeded,
            both,
            samples.negativation("other-host", ["invoice-1"], host="hubsoft"),
            samples.negativation("other-registry", ["invoice-2"], registry=Registry.SERASA),
            samples.removed(samples.negativation("gone", ["invoice-1"])),
            samples.negativation("rejected", ["invoice-1"], observed=Observed.REJECTED),
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
            samples.negativation("wanted", ["1", "2"]),
            samples.wants_removal(samples.negativation("leaving", ["3"])),
            samples.removed(samples.negativation("gone", ["4"])),
            samples.negativation("elsewhere", ["5"], registry=Registry.SERASA),
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
        store(seeded, samples.negativation("first", [ids[0]]), samples.negativation("last", [ids[-1]]))
        with seeded.unit() as unit:
            covering = unit.negativations.for_invoices("local", ids)
            assert sorted(each.id for each in covering) == ["first", "last"]
            assert unit.negativations.open_invoices("local", Registry.SPC, ids) == {ids[0], ids[-1]}
            unit.settlements.record("local", samples.settlement("s", ids[-1]), samples.NOW)
            assert len(unit.settlements.entries("local", ids)) == 1
            unit.settlements.lock_invoices("local", ids)

    def test_invoices_of_all_open_negativations_are_read_page_by_page(self, seeded: Storage) -> None:
        store(
            seeded,
            samples.negativation("a", ["1", "2"]),
            samples.negativation("b", ["2", "3"], registry=Registry.SERASA),
            samples.negativation("c", ["4"]),
            samples.removed(samples.negativation("d", ["5"])),
            samples.negativation("e", ["6"], host="hubsoft"),
        )
        with seeded.read_only() as unit:
            for size in (3, 4):
                found = read_pages(lambda page: unit.negativations.open_invoice_ids("local", page), size)
                assert found == ["1", "2", "3", "4"]

    def test_negativations_are_listed_newest_first_page_by_page(self, seeded: Storage) -> None:
        store(
            seeded,
            *(
                samples.negativation(f"n-{number}", [str(number)], created_at=samples.NOW + timedelta(number // 3))
                for number in range(8)
            ),
        )
        assert pages(seeded, NegativationFilter(), 3) == [f"n-{number}" for number in range(7, -1, -1)]
        assert pages(seeded, NegativationFilter(), 8) == [f"n-{number}" for number in range(7, -1, -1)]
        assert pages(seeded, NegativationFilter(customer_id="unknown"), 8) == []

    def test_a_removal_queue_is_listed_earliest_deadline_first_page_by_page(self, seeded: Storage) -> None:
        """With blocked ones: their alarm continues."""
        store(
            seeded,
            *(
                samples.wants_removal(
                    samples.negativation(f"n-{number}", [str(number)]), date(2026, 10, 20 - number // 3)
                )
                for number in range(8)
            ),
        )
        blocked = samples.wants_removal(
            samples.negativation("blocked"), date(2026, 10, 1), block=Block("parado", "parado", samples.NOW)
        )
        store(seeded, blocked, samples.negativation("wanted", ["w"]), samples.removed(samples.negativation("gone")))
        wanted = NegativationFilter(in_removal_queue=True)
        expected = ["blocked", "n-6", "n-7", "n-3", "n-4", "n-5", "n-0", "n-1", "n-2"]
        assert pages(seeded, wanted, 4) == expected
        assert pages(seeded, wanted, 9) == expected

    def test_one_that_is_asked_about_is_listed_and_due(self, seeded: Storage) -> None:
        """A person is asked about answers that were not understood, and the attempts go on."""
        removal = samples.wants_removal(samples.negativation("asked"), date(2026, 10, 1))
        store(seeded, replace(removal, inclusion_not_understood=True, not_understood=3))
        assert pages(seeded, NegativationFilter(blocked=True), 3) == ["asked"]
        with seeded.read_only() as unit:
            assert [each.negativation_id for each in unit.negativations.due(samples.NOW, 10)] == ["asked"]
            stored = unit.negativations.get("asked")
            assert (stored.inclusion_not_understood, stored.not_understood) == (True, 3)

    def test_negativations_are_filtered(self, seeded: Storage) -> None:
        waiting = samples.negativation().transmission
        blocked = replace(waiting, block=Block("parado", "parado", samples.NOW))
        asking = replace(waiting, action=Action.ASK_PERSON)
        awaiting = replace(waiting, action=Action.AWAIT_CALLBACK)
        nothing = replace(waiting, action=Action.NOTHING)
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("integration-2"))
        store(
            seeded,
            samples.negativation("a", ["a"], creditor_id="creditor-2", transmission=blocked),
            samples.negativation("b", ["b"], integration_id="integration-2", document=samples.CNPJ),
            samples.negativation("c", ["c"], customer_id="customer-2", transmission=asking),
            samples.negativation("d", ["d"], observed=Observed.PRESENT, transmission=nothing),
            samples.wants_removal(samples.negativation("e", ["e"])),
            samples.removed(samples.negativation("f", ["f"])),
            samples.negativation("g", ["g"], observed=Observed.INCLUDING, transmission=awaiting),
        )
        expected = {
            "abcdefg": NegativationFilter(),
            "a": NegativationFilter(creditor_ids=frozenset({"creditor-2"})),
            "": NegativationFilter(creditor_ids=frozenset()),
            "b": NegativationFilter(integration_id="integration-2"),
            "c": NegativationFilter(customer_id="customer-2"),
            "acdefg": NegativationFilter(document=samples.CPF.value),
            "abceg": NegativationFilter(is_open=True),
            "df": NegativationFilter(is_open=False),
            "e": NegativationFilter(in_removal_queue=True),
            "abcdfg": NegativationFilter(in_removal_queue=False),
            "ac": NegativationFilter(blocked=True),
            "bdefg": NegativationFilter(blocked=False),
            "de": NegativationFilter(observed=Observed.PRESENT),
            "bceg": NegativationFilter(is_open=True, creditor_ids=frozenset({"creditor-1", "creditor-3"})),
            "beg": NegativationFilter(is_open=True, blocked=False),
        }
        with seeded.read_only() as unit:
            for ids, wanted in expected.items():
                assert sorted(each.id for each in unit.negativations.list(wanted, PageRequest()).items) == list(ids)

    def test_a_cursor_of_another_list_is_refused(self, seeded: Storage) -> None:
        """A removal queue's cursor is a day, not an instant."""
        with seeded.read_only() as unit:
            for wanted in (NegativationFilter(), NegativationFilter(in_removal_queue=True)):
                with pytest.raises(InvalidInput):
                    unit.negativations.list(wanted, PageRequest(3, "WyJ4IiwgInkiXQ=="))

    def test_open_negativations_of_an_integration_are_counted(self, seeded: Storage) -> None:
        nothing = replace(samples.negativation().transmission, action=Action.NOTHING)
        store(
            seeded,
            samples.negativation("a", ["a"]),
            samples.negativation("b", ["b"], observed=Observed.PRESENT, transmission=nothing),
            samples.removed(samples.negativation("c", ["c"])),
        )
        with seeded.read_only() as unit:
            counts = [unit.negativations.count_open(each) for each in ("integration-1", "unknown")]
        assert counts == [2, 0]

    def test_open_debtors_of_a_host_are_listed_page_by_page(self, seeded: Storage) -> None:
        open_ones = [samples.negativation(f"n{number}", [f"i{number}"]) for number in range(5)]
        store(
            seeded,
            *open_ones,
            samples.negativation("other-host", ["a"], host="hubsoft"),
            samples.removed(samples.negativation("gone", ["b"])),
        )
        size = 2
        listed: list[OpenDebtor] = []
        cursor: str | None = None
        with seeded.read_only() as unit:
            while True:
                page = unit.negativations.open_debtors("integration-1", "local", PageRequest(size, cursor))
                assert len(page.items) <= size
                listed += page.items
                cursor = page.cursor
                if cursor is None:
                    break
        assert sorted(listed, key=lambda each: each.negativation_id) == [
            OpenDebtor(each.id, each.customer_id, each.document.value) for each in open_ones
        ]

    def test_hosts_of_open_negativations_are_listed(self, seeded: Storage) -> None:
        store(
            seeded,
            samples.negativation("a", ["a"]),
            samples.negativation("b", ["b"]),
            samples.negativation("c", ["c"], host="hubsoft"),
            samples.removed(samples.negativation("d", ["d"], host="gone")),
        )
        with seeded.read_only() as unit:
            assert list(unit.negativations.open_hosts()) == ["hubsoft", "local"]
