"""Negativations as they are listed: in order, page by page, filtered; and counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.negativations import Action, Block, Observed
from credit_protection.ports.storage import NegativationFilter, Page
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage_parts.negativations import keep

if TYPE_CHECKING:
    from credit_protection.ports.storage import Storage


def pages(storage: Storage, wanted: NegativationFilter, size: int) -> list[str]:
    """The ids of a list, read page by page."""
    seen: list[str] = []
    cursor: str | None = None
    with storage.reading() as unit:
        while True:
            page = unit.negativations.list(wanted, Page(size, cursor))
            assert 0 < len(page.items) <= size or not seen
            seen += [each.id for each in page.items]
            cursor = page.cursor
            if cursor is None:
                return seen


class NegativationListsContract:
    """What holds for lists of negativations."""

    def test_negativations_are_listed_newest_first_page_by_page(self, stocked: Storage) -> None:
        """Those of one instant too, each once."""
        keep(
            stocked,
            [
                samples.negativation(f"n-{number}", [str(number)], created_at=samples.NOW + timedelta(number // 3))
                for number in range(8)
            ],
        )
        assert pages(stocked, NegativationFilter(), 3) == [f"n-{number}" for number in range(7, -1, -1)]
        assert pages(stocked, NegativationFilter(), 8) == [f"n-{number}" for number in range(7, -1, -1)]
        assert pages(stocked, NegativationFilter(customer_id="nobody"), 8) == []

    def test_a_removal_queue_is_listed_earliest_deadline_first_page_by_page(self, stocked: Storage) -> None:
        """Blocked ones stay in it: their alarm goes on."""
        keep(
            stocked,
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
        keep(stocked, [blocked, samples.negativation("wanted", ["w"]), samples.removed(samples.negativation("gone"))])
        wanted = NegativationFilter(in_removal_queue=True)
        expected = ["blocked", "n-6", "n-7", "n-3", "n-4", "n-5", "n-0", "n-1", "n-2"]
        assert pages(stocked, wanted, 4) == expected
        assert pages(stocked, wanted, 9) == expected

    def test_negativations_are_filtered(self, stocked: Storage) -> None:
        """By each field, and by several."""
        waiting = samples.negativation().transmission
        blocked = replace(waiting, block=Block("parado", "parado", samples.NOW))
        asking = replace(waiting, action=Action.ASK_PERSON)
        awaiting = replace(waiting, action=Action.AWAIT_CALLBACK)
        nothing = replace(waiting, action=Action.NOTHING)
        with stocked.unit() as unit:
            unit.integrations.add(samples.integration("integration-2"))
            unit.commit()
        keep(
            stocked,
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
        with stocked.reading() as unit:
            for ids, wanted in expected.items():
                assert sorted(each.id for each in unit.negativations.list(wanted, Page()).items) == list(ids)

    def test_a_cursor_of_another_list_is_refused(self, stocked: Storage) -> None:
        """A removal queue's cursor says a day, not an instant."""
        with stocked.reading() as unit:
            for wanted in (NegativationFilter(), NegativationFilter(in_removal_queue=True)):
                with pytest.raises(InvalidInput):
                    unit.negativations.list(wanted, Page(3, "WyJ4IiwgInkiXQ=="))

    def test_open_negativations_of_an_integration_are_counted(self, stocked: Storage) -> None:
        """Not closed, whatever their transmission."""
        nothing = replace(samples.negativation().transmission, action=Action.NOTHING)
        keep(
            stocked,
            [
                samples.negativation("a", ["a"]),
                samples.negativation("b", ["b"], observed=Observed.PRESENT, transmission=nothing),
                samples.removed(samples.negativation("c", ["c"])),
            ],
        )
        with stocked.reading() as unit:
            counts = [unit.negativations.count_open(each) for each in ("integration-1", "nobody")]
        assert counts == [2, 0]
