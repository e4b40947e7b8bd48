"""Requests, negativations and their history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.errors import Conflict, NotFound
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Action, Observed
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
