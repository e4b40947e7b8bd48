"""Requests, negativations and their history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.errors import Conflict, InvalidInput, NotFound
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Action, Block, Observed
from credit_protection.ports.storage import NegativationFilter, Page
from credit_protection.testing import samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import Storage


def keep(storage: Storage, negativations: Iterable[Negativation]) -> None:
    """Store them."""
    with storage.unit() as unit:
        for each in negativations:
            unit.negativations.add(each)
        unit.commit()


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


class NegativationsContract:
    """What holds for negativations."""

    def test_a_request_comes_back_whole(self, stocked: Storage) -> None:
        """With its explicit list in the person's order."""
        with stocked.unit() as unit:
            unit.negativations.add_request(samples.request())
            with pytest.raises(Conflict):
                unit.negativations.add_request(samples.request())
            unit.commit()
        with stocked.reading() as unit:
            assert unit.negativations.request("request-1") == samples.request()
            with pytest.raises(NotFound):
                unit.negativations.request("nobody")

    def test_a_negativation_comes_back_whole(self, stocked: Storage) -> None:
        """A new one, and one with every field filled in."""
        new, full = samples.negativation("new", ["invoice-9"]), samples.full_negativation()
        keep(stocked, [new, full])
        with stocked.reading() as unit:
            assert unit.negativations.get("new") == new
            assert unit.negativations.get(full.id) == full

    def test_every_observation_and_action_comes_back(self, stocked: Storage) -> None:
        """Each member is stored under its own value."""
        made = [samples.negativation(f"o-{each.value}", [each.value], observed=each) for each in Observed]
        plain = samples.negativation().transmission
        made += [
            samples.negativation(f"a-{each.value}", [each.name], transmission=replace(plain, action=each))
            for each in Action
        ]
        keep(stocked, made)
        with stocked.reading() as unit:
            for each in made:
                assert unit.negativations.get(each.id) == each

    def test_a_reference_lives_once(self, stocked: Storage) -> None:
        """The second is refused; nothing of it stays, and the unit remains usable."""
        keep(stocked, [samples.negativation()])
        twin = samples.negativation("twin", ["invoice-9"], reference=samples.negativation().reference)
        with stocked.unit() as unit:
            with pytest.raises(Conflict) as refused:
                unit.negativations.add(twin)
            assert refused.value.code == "referencia_repetida"
            unit.negativations.add(replace(twin, reference="FRESH"))
            unit.commit()
        with stocked.reading() as unit:
            assert unit.negativations.get("twin").reference == "FRESH"

    def test_adopted_records_of_one_reference_are_told_apart_by_their_key(self, stocked: Storage) -> None:
        """Earlier systems gave several records one contract reference, of any length and signs."""
        ours = samples.negativation()
        theirs = samples.negativation("adopted", ["invoice-2"], reference="contrato|7 de longa data", is_adopted=True)
        covered = replace(samples.negativated_invoice("invoice-3"), due_date=date(2026, 7, 10))
        later = replace(theirs, id="later", invoices=(covered,))
        keep(stocked, [ours, theirs, later])
        keys = [(each.document.value, each.reference, each.due_date) for each in (ours, theirs, later)]
        with stocked.unit() as unit:
            assert unit.negativations.get("adopted") == theirs
            found = unit.negativations.with_keys("integration-1", [*keys, ("90010020055", "other", None)])
            assert {each.id for each in found} == {ours.id, "adopted", "later"}
            assert [each.id for each in unit.negativations.with_keys("integration-1", keys[1:2])] == ["adopted"]
            assert [each.id for each in unit.negativations.with_keys("integration-2", keys)] == [ours.id]
            assert not unit.negativations.with_keys("integration-1", [])
            twin = replace(theirs, id="twin", invoices=(replace(theirs.invoices[0], invoice_id="invoice-9"),))
            with pytest.raises(Conflict):
                unit.negativations.add(twin)
            unit.negativations.save(unit.negativations.get("adopted"))
            unit.commit()
        with stocked.reading() as unit:
            assert unit.negativations.get("adopted").reference == theirs.reference

    def test_a_negativation_is_added_once(self, stocked: Storage) -> None:
        """Its id is unique."""
        keep(stocked, [samples.negativation()])
        with stocked.unit() as unit, pytest.raises(Conflict):
            unit.negativations.add(samples.negativation(invoice_ids=["invoice-9"], reference="OTHER"))

    def test_one_wanted_negativation_per_invoice_and_registry(self, stocked: Storage) -> None:
        """Rule 3's backstop: the second is refused; nothing of it stays, and the unit remains usable."""
        keep(stocked, [samples.negativation("first", ["invoice-1"])])
        second = samples.negativation("second", ["invoice-2", "invoice-1"])
        with stocked.unit() as unit:
            with pytest.raises(Conflict) as refused:
                unit.negativations.add(second)
            assert refused.value.code == "fatura_ja_negativada"
            with pytest.raises(NotFound):
                unit.negativations.get("second")
            assert unit.negativations.open_invoices("local", Registry.SPC, ["invoice-2"]) == frozenset()
            unit.negativations.add(samples.negativation("second", ["invoice-2"]))
            unit.commit()
        keep(
            stocked,
            [
                samples.negativation("elsewhere", ["invoice-1"], registry=Registry.SERASA),
                samples.negativation("other-host", ["invoice-1"], host="hubsoft"),
            ],
        )

    def test_an_invoice_is_free_again_when_its_record_is_closed_or_leaving(self, stocked: Storage) -> None:
        """And late evidence may reopen the old one beside the new: it is not wanted."""
        old = samples.negativation("old")
        keep(stocked, [old])
        with stocked.unit() as unit:
            unit.negativations.save(samples.removed(old))
            unit.negativations.add(samples.negativation("new"))
            unit.commit()
        with stocked.unit() as unit:
            unit.negativations.save(replace(samples.wants_removal(old), version=2))
            unit.commit()
        with stocked.reading() as unit:
            covering = unit.negativations.covering("local", ["invoice-1"])
            assert sorted(each.id for each in covering) == ["new", "old"]

    def test_a_record_that_is_wanted_again_can_conflict(self, stocked: Storage) -> None:
        """The backstop holds for changes too."""
        leaving = samples.wants_removal(samples.negativation("leaving"))
        keep(stocked, [leaving, samples.negativation("new")])
        with stocked.unit() as unit, pytest.raises(Conflict):
            unit.negativations.save(replace(leaving, triggers=()))

    def test_saving_a_negativation_replaces_every_field_and_moves_its_version_on(self, stocked: Storage) -> None:
        """Whoever read before it is refused."""
        new = samples.negativation(invoice_ids=["invoice-1", "invoice-2"])
        full = samples.full_negativation(reference="CHANGED", registry=Registry.SPC)
        keep(stocked, [new])
        with stocked.unit() as unit:
            unit.negativations.save(full)
            assert unit.negativations.get(new.id) == replace(full, version=2)
            unit.negativations.save(replace(full, version=2))
            unit.commit()
        with stocked.unit() as unit:
            assert unit.negativations.get(new.id) == replace(full, version=3)
            with pytest.raises(Conflict):
                unit.negativations.save(replace(full, version=2))
            assert unit.negativations.get(new.id) == replace(full, version=3)

    def test_an_unknown_negativation_is_not_found(self, stocked: Storage) -> None:
        """Neither read, held nor saved."""
        with stocked.unit() as unit:
            with pytest.raises(NotFound):
                unit.negativations.get("nobody")
            with pytest.raises(NotFound):
                unit.negativations.lock("nobody")
            with pytest.raises(NotFound):
                unit.negativations.lock("nobody", skip_locked=True)
            with pytest.raises(NotFound):
                unit.negativations.save(samples.negativation("nobody"))

    def test_many_are_read_for_changing_and_replaced_at_once(self, stocked: Storage) -> None:
        """Each one version on, its invoices' places with it; those that do not exist are left out."""
        keep(stocked, [samples.negativation(name, [name]) for name in ("a", "b", "c")])
        with stocked.unit() as unit:
            held = unit.negativations.lock_all(["c", "nobody", "a", "c"])
            assert sorted(each.id for each in held) == ["a", "c"]
            gone = [samples.removed(each) if each.id == "a" else samples.wants_removal(each) for each in held]
            unit.negativations.save_all(gone)
            unit.negativations.save_all([])
            unit.commit()
        with stocked.reading() as unit:
            for each in gone:
                assert unit.negativations.get(each.id) == replace(each, version=2)
            assert unit.negativations.get("b").version == 1
            assert list(unit.negativations.covering("local", ["a"])) == []
            assert [each.id for each in unit.negativations.covering("local", ["b", "c"])] == ["b", "c"]

    def test_one_that_was_changed_meanwhile_refuses_all_that_are_saved_with_it(self, stocked: Storage) -> None:
        """The unit is left without a commit, and nothing stays."""
        made = [samples.negativation(name, [name]) for name in ("a", "b")]
        keep(stocked, made)
        with stocked.unit() as unit:
            unit.negativations.save(made[1])
            unit.commit()
        with stocked.unit() as unit, pytest.raises(Conflict):
            unit.negativations.save_all([replace(each, rejection="E1") for each in made])
        with stocked.reading() as unit:
            assert unit.negativations.get("a") == made[0]

    def test_what_covers_an_invoice_is_read_for_changing(self, stocked: Storage) -> None:
        """The same as is found, and then saved."""
        keep(stocked, [samples.negativation("one", ["1", "2"]), samples.negativation("two", ["3"])])
        with stocked.unit() as unit:
            held = unit.negativations.lock_covering("local", ["2", "9"])
            assert held == unit.negativations.covering("local", ["2", "9"])
            assert [each.id for each in held] == ["one"]
            unit.negativations.save_all(held)
            unit.commit()

    def test_history_comes_back_whole_oldest_first(self, stocked: Storage) -> None:
        """In the order of appending, each negativation's own."""
        keep(stocked, [samples.negativation("one", ["1"]), samples.negativation("two", ["2"])])
        first = [samples.event("one"), samples.event("two"), samples.event("one", EventKind.CLAIMED)]
        bare = replace(samples.event("one", EventKind.REMOVED), actor_id=None, cause="", detail={})
        with stocked.unit() as unit:
            unit.negativations.append(first)
            unit.negativations.append([])
            unit.negativations.append([bare])
            unit.commit()
        with stocked.reading() as unit:
            assert list(unit.negativations.history("one")) == [first[0], first[2], bare]
            assert list(unit.negativations.history("two")) == [first[1]]
            assert list(unit.negativations.history("nobody")) == []

    # -------------------------------------------------------------------------------------------- lists

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

    # -------------------------------------------------------------------------------------------- by invoice

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
