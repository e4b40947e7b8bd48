"""Lists of negativations: order, pages, filters; and counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.negativations import Block
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage import NegativationFilter, PageRequest, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.committing import committed
from credit_protection.testing.contracts.storage.negativations import store


def pages(storage: Storage, wanted: NegativationFilter, size: int) -> list[str]:
    """The ids of a list, read page by page."""
    seen: list[str] = []
    cursor: str | None = None
    with storage.read_only() as unit:
        while True:
            page = unit.negativations.list(wanted, PageRequest(size, cursor))
            assert 0 < len(page.items) <= size or not seen
            seen += [each.id for each in page.items]
            cursor = page.cursor
            if cursor is None:
                return seen


class NegativationListsContract:
    """`list` and `count_open`."""

    def test_negativations_are_listed_newest_first_page_by_page(self, seeded: Storage) -> None:
        """Also those of one instant, each once."""
        store(
            seeded,
            [
                samples.negativation(f"n-{number}", [str(number)], created_at=samples.NOW + timedelta(number // 3))
                for number in range(8)
            ],
        )
        assert pages(seeded, NegativationFilter(), 3) == [f"n-{number}" for number in range(7, -1, -1)]
        assert pages(seeded, NegativationFilter(), 8) == [f"n-{number}" for number in range(7, -1, -1)]
        assert pages(seeded, NegativationFilter(customer_id="unknown"), 8) == []

    def test_a_removal_queue_is_listed_earliest_deadline_first_page_by_page(self, seeded: Storage) -> None:
        """With blocked ones: their alarm continues."""
        store(
            seeded,
            [
                samples.wants_removal(
                    samples.negativation(f"n-{number}", [str(number)]), date(2026, 10, 20 - number // 3)
                )
                for number in range(8)
            ],
        )
        blocked = samples.wants_removal(
            samples.negativation("blocked"), date(2026, 10, 1), block=Block("parado", "parado", samples.NOW)
        )
        store(seeded, [blocked, samples.negativation("wanted", ["w"]), samples.removed(samples.negativation("gone"))])
        wanted = NegativationFilter(in_removal_queue=True)
        expected = ["blocked", "n-6", "n-7", "n-3", "n-4", "n-5", "n-0", "n-1", "n-2"]
        assert pages(seeded, wanted, 4) == expected
        assert pages(seeded, wanted, 9) == expected

    def test_negativations_are_filtered(self, seeded: Storage) -> None:
        """By each field, and by several."""
        waiting = samples.negativation().transmission
        blocked = replace(waiting, block=Block("parado", "parado", samples.NOW))
        asking = replace(waiting, action=Action.ASK_PERSON)
        awaiting = replace(waiting, action=Action.AWAIT_CALLBACK)
        nothing = replace(waiting, action=Action.NOTHING)
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("integration-2"))
        store(
            seeded,
            [
                samples.negativation("a", ["a"], creditor_id="creditor-2", transmission=blocked),
                samples.negativation("b", ["b"], integration_id="integration-2", document=samples.CNPJ),
                samples.negativation("c", ["c"], customer_id="customer-2", transmission=asking),
                samples.negativation("d", ["d"], observed=Observed.PRESENT, transmission=nothing),
                samples.wants_removal(samples.negativation("e", ["e"])),
                samples.removed(samples.negativation("f", ["f"])),
                samples.negativation("g", ["g"], observed=Observed.INCLUDING, transmission=awaiting),
            ],
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
        """Whatever their transmission."""
        nothing = replace(samples.negativation().transmission, action=Action.NOTHING)
        store(
            seeded,
            [
                samples.negativation("a", ["a"]),
                samples.negativation("b", ["b"], observed=Observed.PRESENT, transmission=nothing),
                samples.removed(samples.negativation("c", ["c"])),
            ],
        )
        with seeded.read_only() as unit:
            counts = [unit.negativations.count_open(each) for each in ("integration-1", "unknown")]
        assert counts == [2, 0]
