"""What reconciliation reads: negativations by what a bureau lists, and by when its side was last read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from credit_protection.domain.negativations import Claim, Negativation
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage import PageRequest, Storage, UnseenFilter
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.negativations import store
from credit_protection.testing.contracts.storage.units import committed, read_pages

NOW, DAY = samples.NOW, timedelta(days=1)
INTEGRATION = "integration-1"


def unseen(storage: Storage, wanted: UnseenFilter, size: int = 2) -> list[str]:
    """Their ids, read page by page; they are also as many as are counted."""
    with storage.read_only() as unit:
        found = [each.id for each in read_pages(lambda page: unit.negativations.unseen(wanted, page), size)]
        assert unit.negativations.count_unseen(wanted) == len(found)
    return found


class ReconciliationContract:
    """`find_listed`, `mark_seen`, `seen_since`, `unseen`, `unconfirmed_of` and `has_due_removal`."""

    def test_negativations_are_found_by_what_a_bureau_lists(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("integration-2"))
        own = samples.negativation("own", ["1"], reference="REF-OWN", bureau_id="B1")
        adopted = samples.negativation("adopted", ["2"], reference="OLD", bureau_id="B2", is_adopted=True)
        store(
            seeded,
            own,
            samples.removed(samples.negativation("gone", ["3"], reference="REF-GONE", bureau_id="B3")),
            adopted,
            samples.negativation("other", ["4"], reference="X", bureau_id="B1", integration_id="integration-2"),
        )
        document, due = own.document.value, own.due_date

        def found(keys: list[tuple[str, str, date | None]], ids: list[str]) -> list[str]:
            with seeded.read_only() as unit:
                return sorted(each.id for each in unit.negativations.find_listed(INTEGRATION, keys, ids))

        assert found([], []) == []
        assert found([], ["B1", "B3", "unknown"]) == ["gone", "own"]
        assert found([(document, "REF-OWN", due + DAY)], []) == ["own"]
        assert found([(document, "OLD", adopted.due_date)], []) == ["adopted"]
        assert found([(document, "OLD", adopted.due_date + DAY)], []) == []
        assert found([(document, "REF-GONE", due)], ["B2"]) == ["adopted", "gone"]

    def test_what_waits_for_its_inclusion_is_read_too(self, seeded: Storage) -> None:
        waiting = samples.negativation("waiting", ["1"], created_at=NOW - DAY, observed_since=NOW - DAY)
        store(
            seeded,
            waiting,
            replace(samples.negativation("new", ["2"]), created_at=NOW, observed_since=NOW),
            replace(samples.negativation("there", ["3"]), observed=Observed.PRESENT, observed_since=NOW - DAY),
        )
        wanted = UnseenFilter(INTEGRATION, NOW, NOW, waiting=True)
        assert unseen(seeded, wanted) == ["waiting"]
        with committed(seeded) as unit:
            unit.negativations.mark_seen(["waiting"], NOW)
        assert unseen(seeded, wanted) == []

    def test_bureaus_side_is_read_again_the_longest_ago_first(self, seeded: Storage) -> None:
        made = [
            samples.negativation(f"n{number}", [str(number)], created_at=NOW - number * DAY, observed_since=NOW - DAY)
            for number in range(5)
        ]
        present = [replace(each, observed=Observed.PRESENT, known_at=NOW) for each in made]
        store(seeded, *present)
        everything = UnseenFilter(INTEGRATION, NOW)
        assert unseen(seeded, everything) == ["n4", "n3", "n2", "n1", "n0"]
        assert unseen(seeded, replace(everything, seen_before=NOW - 2 * DAY)) == ["n4", "n3"]
        with committed(seeded) as unit:
            unit.negativations.mark_seen(["n4", "n1", "unknown"], NOW + DAY)
            unit.negativations.mark_seen(["n1"], NOW)  # never back
        with seeded.read_only() as unit:
            assert unit.negativations.seen_since(["n4", "n3", "n1"], NOW + DAY) == {"n4", "n1"}
        assert unseen(seeded, everything) == ["n3", "n2", "n0", "n1", "n4"]
        assert unseen(seeded, replace(everything, seen_before=NOW + DAY)) == ["n3", "n2", "n0"]

    def test_what_is_saved_meanwhile_keeps_when_it_was_seen(self, seeded: Storage) -> None:
        made = samples.negativation("n", ["1"], observed=Observed.PRESENT, known_at=NOW, observed_since=NOW - DAY)
        store(seeded, made)
        with committed(seeded) as unit:
            unit.negativations.mark_seen(["n"], NOW + DAY)
        with committed(seeded) as unit:
            unit.negativations.save(replace(made, rejection="read in another unit"))
        with seeded.read_only() as unit:
            assert unit.negativations.seen_since(["n"], NOW + DAY) == {"n"}

    def test_only_what_is_stable_wanted_and_present_is_unseen(self, seeded: Storage) -> None:
        plain = samples.negativation("plain", ["1"], observed=Observed.PRESENT, known_at=NOW, observed_since=NOW - DAY)
        lease = Claim(Action.LOOK_UP, "w", NOW, NOW + DAY, 1)

        def like(key: str) -> Negativation:
            invoices = (replace(plain.invoices[0], invoice_id=key),)
            return replace(plain, id=key, reference=f"R-{key}", invoices=invoices)

        store(
            seeded,
            plain,
            replace(like("recent"), observed_since=NOW),
            replace(like("leased"), transmission=replace(plain.transmission, claim=lease)),
            replace(like("including"), observed=Observed.INCLUDING),
            replace(like("unconfirmed"), known_at=None),
            samples.wants_removal(like("leaving")),
            samples.removed(like("gone")),
        )
        wanted = UnseenFilter(INTEGRATION, NOW)
        assert sorted(unseen(seeded, wanted)) == ["plain", "unconfirmed"]
        assert unseen(seeded, replace(wanted, only_unconfirmed=True)) == ["unconfirmed"]
        assert unseen(seeded, replace(wanted, integration_id="integration-2")) == []
        with seeded.read_only() as unit:
            known = unit.negativations.unconfirmed_of(INTEGRATION, [plain.document.value])
            assert [each.id for each in known] == ["unconfirmed"]
            assert list(unit.negativations.unconfirmed_of(INTEGRATION, ["52998224725"])) == []
            counted = unit.negativations.count_present(INTEGRATION, [plain.document.value, "52998224725"])
            assert dict(counted) == {plain.document.value: 5}
            first = unit.negativations.unseen(wanted, PageRequest(1))
            assert first.cursor is not None

    def test_due_removal_of_an_integration_is_seen(self, seeded: Storage) -> None:
        leaving = samples.wants_removal(samples.negativation("leaving", ["1"], observed=Observed.PRESENT))
        work = replace(leaving.transmission, action=Action.REMOVE, due_at=NOW, claim=None, block=None)
        store(seeded, replace(leaving, transmission=work))
        with seeded.read_only() as unit:
            assert unit.negativations.has_due_removal(INTEGRATION, NOW)
            assert not unit.negativations.has_due_removal(INTEGRATION, NOW - DAY / 48)
            assert not unit.negativations.has_due_removal("integration-2", NOW)
