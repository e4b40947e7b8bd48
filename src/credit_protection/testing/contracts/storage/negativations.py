"""Requests, negativations and their history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.errors import Conflict, NotFound
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.relinking import Relink
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage import PageRequest, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.units import committed, read_pages


def store(storage: Storage, *negativations: Negativation) -> None:
    """Add them in one unit."""
    with committed(storage) as unit:
        for each in negativations:
            unit.negativations.add(each)


class NegativationsContract:
    """Requests, negativations and their history."""

    def test_a_request_comes_back_whole(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.negativations.add_request(samples.request())
            with pytest.raises(Conflict):
                unit.negativations.add_request(samples.request())
        with seeded.read_only() as unit:
            assert unit.negativations.request("request-1") == samples.request()
            with pytest.raises(NotFound):
                unit.negativations.request("unknown")

    def test_a_negativation_comes_back_whole(self, seeded: Storage) -> None:
        new, full = samples.negativation("new", ["invoice-9"]), samples.full_negativation()
        store(seeded, new, full)
        with seeded.read_only() as unit:
            assert unit.negativations.get("new") == new
            assert unit.negativations.get(full.id) == full

    def test_every_observation_and_action_comes_back(self, seeded: Storage) -> None:
        made = [samples.negativation(f"o-{each.value}", [each.value], observed=each) for each in Observed]
        plain = samples.negativation().transmission
        made += [
            samples.negativation(f"a-{each.value}", [each.name], transmission=replace(plain, action=each))
            for each in Action
        ]
        store(seeded, *made)
        with seeded.read_only() as unit:
            for each in made:
                assert unit.negativations.get(each.id) == each

    def test_a_reference_is_unique(self, seeded: Storage) -> None:
        store(seeded, samples.negativation())
        twin = samples.negativation("twin", ["invoice-9"], reference=samples.negativation().reference)
        with committed(seeded) as unit:
            with pytest.raises(Conflict) as refused:
                unit.negativations.add(twin)
            assert refused.value.code == "referencia_repetida"
            unit.negativations.add(replace(twin, reference="FRESH"))
        with seeded.read_only() as unit:
            assert unit.negativations.get("twin").reference == "FRESH"

    def test_adopted_records_of_one_reference_are_distinguished_by_their_key(self, seeded: Storage) -> None:
        """Earlier systems gave several records one contract reference, of any length and characters."""
        ours = samples.negativation()
        theirs = samples.negativation("adopted", ["invoice-2"], reference="contrato|7 de longa data", is_adopted=True)
        covered = replace(samples.negativated_invoice("invoice-3"), due_date=date(2026, 7, 10))
        later = replace(theirs, id="later", invoices=(covered,))
        store(seeded, ours, theirs, later)
        keys = [(each.document.value, each.reference, each.due_date) for each in (ours, theirs, later)]
        with committed(seeded) as unit:
            assert unit.negativations.get("adopted") == theirs
            found = unit.negativations.find_by_bureau_keys("integration-1", [*keys, ("90010020055", "other", None)])
            assert {each.id for each in found} == {ours.id, "adopted", "later"}
            assert [each.id for each in unit.negativations.find_by_bureau_keys("integration-1", keys[1:2])] == [
                "adopted"
            ]
            assert [each.id for each in unit.negativations.find_by_bureau_keys("integration-2", keys)] == [ours.id]
            assert not unit.negativations.find_by_bureau_keys("integration-1", [])
            twin = replace(theirs, id="twin", invoices=(replace(theirs.invoices[0], invoice_id="invoice-9"),))
            with pytest.raises(Conflict):
                unit.negativations.add(twin)
            unit.negativations.save(unit.negativations.get("adopted"))
        with seeded.read_only() as unit:
            assert unit.negativations.get("adopted").reference == theirs.reference

    def test_a_negativation_is_added_once(self, seeded: Storage) -> None:
        store(seeded, samples.negativation())
        with seeded.unit() as unit, pytest.raises(Conflict):
            unit.negativations.add(samples.negativation(invoice_ids=["invoice-9"], reference="OTHER"))

    def test_a_second_desired_negativation_of_an_invoice_and_registry_is_refused(self, seeded: Storage) -> None:
        """Rule 3's backstop: it leaves no row, and the unit remains usable."""
        store(seeded, samples.negativation("first", ["invoice-1"]))
        second = samples.negativation("second", ["invoice-2", "invoice-1"])
        with committed(seeded) as unit:
            with pytest.raises(Conflict) as refused:
                unit.negativations.add(second)
            assert refused.value.code == "fatura_ja_negativada"
            with pytest.raises(NotFound):
                unit.negativations.get("second")
            assert unit.negativations.open_invoices("local", Registry.SPC, ["invoice-2"]) == frozenset()
            unit.negativations.add(samples.negativation("second", ["invoice-2"]))
        store(
            seeded,
            samples.negativation("elsewhere", ["invoice-1"], registry=Registry.SERASA),
            samples.negativation("other-host", ["invoice-1"], host="hubsoft"),
        )

    def test_an_invoice_is_free_when_its_record_is_closed_or_removal_is_desired(self, seeded: Storage) -> None:
        """And late evidence may reopen the old one running_in_thread the new: it is not wanted."""
        old = samples.negativation("old")
        store(seeded, old)
        with committed(seeded) as unit:
            unit.negativations.save(samples.removed(old))
            unit.negativations.add(samples.negativation("new"))
        with committed(seeded) as unit:
            unit.negativations.save(replace(samples.wants_removal(old), version=2))
        with seeded.read_only() as unit:
            covering = unit.negativations.for_invoices("local", ["invoice-1"])
            assert sorted(each.id for each in covering) == ["new", "old"]

    def test_a_record_that_is_desired_again_can_conflict(self, seeded: Storage) -> None:
        """The backstop applies to changes too."""
        leaving = samples.wants_removal(samples.negativation("leaving"))
        store(seeded, leaving, samples.negativation("new"))
        with seeded.unit() as unit, pytest.raises(Conflict):
            unit.negativations.save(replace(leaving, triggers=()))

    def test_saving_a_negativation_replaces_every_field_and_increments_its_version(self, seeded: Storage) -> None:
        new = samples.negativation(invoice_ids=["invoice-1", "invoice-2"])
        full = samples.full_negativation(reference="CHANGED", registry=Registry.SPC)
        store(seeded, new)
        with committed(seeded) as unit:
            unit.negativations.save(full)
            assert unit.negativations.get(new.id) == replace(full, version=2)
            unit.negativations.save(replace(full, version=2))
        with seeded.unit() as unit:
            assert unit.negativations.get(new.id) == replace(full, version=3)
            with pytest.raises(Conflict):
                unit.negativations.save(replace(full, version=2))
            assert unit.negativations.get(new.id) == replace(full, version=3)

    def test_an_unknown_negativation_is_not_found(self, seeded: Storage) -> None:
        with seeded.unit() as unit:
            for read in (
                unit.negativations.get,
                unit.negativations.lock,
                partial(unit.negativations.lock, skip_locked=True),
            ):
                with pytest.raises(NotFound):
                    read("unknown")
            with pytest.raises(NotFound):
                unit.negativations.save(samples.negativation("unknown"))

    def test_many_negativations_are_locked_and_replaced_at_once(self, seeded: Storage) -> None:
        store(seeded, *(samples.negativation(name, [name]) for name in ("a", "b", "c")))
        with committed(seeded) as unit:
            locked = unit.negativations.lock_all(["c", "unknown", "a", "c"])
            assert sorted(each.id for each in locked) == ["a", "c"]
            gone = [samples.removed(each) if each.id == "a" else samples.wants_removal(each) for each in locked]
            unit.negativations.save_all(gone)
            unit.negativations.save_all([])
        with seeded.read_only() as unit:
            for each in gone:
                assert unit.negativations.get(each.id) == replace(each, version=2)
            assert unit.negativations.get("b").version == 1
            assert list(unit.negativations.for_invoices("local", ["a"])) == []
            assert [each.id for each in unit.negativations.for_invoices("local", ["b", "c"])] == ["b", "c"]

    def test_a_stale_version_refuses_all_that_are_saved_with_it(self, seeded: Storage) -> None:
        made = [samples.negativation(name, [name]) for name in ("a", "b")]
        store(seeded, *made)
        with committed(seeded) as unit:
            unit.negativations.save(made[1])
        with seeded.unit() as unit, pytest.raises(Conflict):
            unit.negativations.save_all([replace(each, rejection="E1") for each in made])
        with seeded.read_only() as unit:
            assert unit.negativations.get("a") == made[0]

    def test_negativations_of_an_invoice_are_locked(self, seeded: Storage) -> None:
        store(seeded, samples.negativation("one", ["1", "2"]), samples.negativation("two", ["3"]))
        with committed(seeded) as unit:
            locked = unit.negativations.lock_for_invoices("local", ["2", "9"])
            assert locked == unit.negativations.for_invoices("local", ["2", "9"])
            assert [each.id for each in locked] == ["one"]
            unit.negativations.save_all(locked)

    def test_a_relinked_negativation_is_found_by_its_new_invoices(self, seeded: Storage) -> None:
        before = samples.negativation("n-1", ["old", "kept"])
        store(seeded, before, samples.negativation("n-2", ["other"]))
        invoices = tuple(replace(each, invoice_id=each.invoice_id.replace("old", "new")) for each in before.invoices)
        relinks = [
            Relink("n-1", "local", "old", "hubsoft", "new", samples.NOW),
            Relink("n-1", "local", "kept", "hubsoft", "kept", samples.NOW),
        ]
        with committed(seeded) as unit:
            unit.negativations.relink(replace(before, host="hubsoft", invoices=invoices), relinks)
        with seeded.read_only() as unit:
            after = unit.negativations.get("n-1")
            assert (after.host, after.invoices, after.version) == ("hubsoft", invoices, before.version + 1)
            assert list(unit.negativations.for_invoices("local", ["old", "kept"])) == []
            assert [each.id for each in unit.negativations.for_invoices("hubsoft", ["new", "kept"])] == ["n-1"]
            for size in (1, 2, 3):
                assert read_pages(unit.negativations.relinks, size) == sorted(relinks, key=lambda each: each.invoice_id)
        with committed(seeded) as unit:
            unit.negativations.save(samples.removed(after))
        with seeded.read_only() as unit:
            assert list(unit.negativations.relinks(PageRequest()).items) == []

    def test_an_invoice_of_another_desired_negativation_is_not_relinked(self, seeded: Storage) -> None:
        before = samples.negativation("n-1", ["old"])
        store(seeded, before, samples.negativation("n-2", ["new"]))
        changed = replace(before, invoices=(replace(before.invoices[0], invoice_id="new"),))
        relinked = Relink("n-1", "local", "old", "local", "new", samples.NOW)
        with pytest.raises(Conflict), committed(seeded) as unit:
            unit.negativations.relink(changed, [relinked])
        with seeded.read_only() as unit:
            assert unit.negativations.get("n-1") == before
            assert [each.id for each in unit.negativations.for_invoices("local", ["old"])] == ["n-1"]
            assert list(unit.negativations.relinks(PageRequest()).items) == []

    def test_history_comes_back_whole_oldest_first(self, seeded: Storage) -> None:
        store(seeded, samples.negativation("one", ["1"]), samples.negativation("two", ["2"]))
        first = [samples.event("one"), samples.event("two"), samples.event("one", EventKind.CLAIMED)]
        bare = replace(samples.event("one", EventKind.REMOVED), actor_id=None, cause="", detail={})
        with committed(seeded) as unit:
            unit.negativations.append(first)
            unit.negativations.append([])
            unit.negativations.append([bare])
        with seeded.read_only() as unit:
            assert list(unit.negativations.history("one")) == [first[0], first[2], bare]
            assert list(unit.negativations.history("two")) == [first[1]]
            assert list(unit.negativations.history("unknown")) == []
