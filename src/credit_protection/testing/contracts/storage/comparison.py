"""Readings, rechecks, divergences, and what turned: the comparison with the ERP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.comparison.readings import StoredReading
from credit_protection.domain.comparison.rechecks import Recheck
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import Decision, Divergence, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.errors import Conflict, InvalidInput, NotFound
from credit_protection.domain.settlements import OWN_ID
from credit_protection.ports.storage import DivergenceFilter, OpenInvoices, PageRequest, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.units import committed, read_pages

NOW, MINUTE = samples.NOW, samples.MINUTE
HOUR = timedelta(hours=1)
_MANY = 1203
"""More than one statement accepts."""


def store_readings(storage: Storage, *readings: StoredReading, host: str = "local") -> None:
    """Store readings, committed."""
    with committed(storage) as unit:
        unit.readings.save(host, readings)


def open_invoices(storage: Storage, as_of: datetime, size: int = 10, host: str = "local") -> dict[str, str | None]:
    """The open invoices, read page by page."""
    found: dict[str, str | None] = {}
    cursor: str | None = None
    while True:
        with storage.read_only() as unit:
            page: OpenInvoices = unit.readings.open_invoices(host, as_of, PageRequest(size, cursor))
        assert not found.keys() & page.contents.keys()
        found |= page.contents
        cursor = page.cursor
        if cursor is None:
            assert len(page.contents) <= size
            return found
        assert len(page.contents) == size


def add_rechecks(storage: Storage, *rechecks: Recheck, seen_at: datetime | None = None) -> None:
    """Add rechecks, and see them where an instant is given."""
    with committed(storage) as unit:
        unit.rechecks.add(rechecks)
    if seen_at is not None:
        with committed(storage) as unit:
            unit.rechecks.see(seen_at)


def due(storage: Storage, at: datetime, limit: int = 10, host: str = "local") -> list[str]:
    """The ids of the rechecks that are due."""
    with storage.read_only() as unit:
        return [each.id for each in unit.rechecks.due(host, at, limit)]


def rechecks_of(storage: Storage, *invoice_ids: str) -> list[Recheck]:
    """All rechecks of invoices, by id."""
    with storage.read_only() as unit:
        return sorted(unit.rechecks.of("local", invoice_ids), key=lambda each: each.id)


def store_divergences(storage: Storage, *divergences: Divergence) -> None:
    """Store divergences, committed."""
    with committed(storage) as unit:
        unit.divergences.save_all(divergences)


def open_of(storage: Storage, *subjects: str) -> list[str]:
    """The ids of the open divergences of subjects, sorted."""
    with storage.read_only() as unit:
        return sorted(each.id for each in unit.divergences.open_of(subjects))


def ids(divergences: Iterable[Divergence]) -> str:
    """The ids, in order, as one text."""
    return "".join(each.id for each in divergences)


class ReadingsContract:
    """What the ERP last said of each invoice."""

    def test_a_reading_comes_back_whole(self, storage: Storage) -> None:
        full, gone = samples.stored_reading(), samples.gone_reading("invoice-2")
        store_readings(storage, full, gone)
        with storage.read_only() as unit:
            found = unit.readings.get("local", ["invoice-1", "invoice-2", "unknown", "invoice-1"])
            assert found == {"invoice-1": full, "invoice-2": gone}
            assert unit.readings.get("local", []) == {}

    def test_a_newer_reading_replaces_the_older_one(self, storage: Storage) -> None:
        store_readings(storage, samples.stored_reading(), samples.stored_reading("invoice-2"))
        newer = samples.stored_reading(as_of=NOW + HOUR, status=InvoiceStatus.PAID)
        store_readings(storage, newer)
        store_readings(storage)
        with storage.read_only() as unit:
            found = unit.readings.get("local", ["invoice-1", "invoice-2"])
        assert found == {"invoice-1": newer, "invoice-2": samples.stored_reading("invoice-2")}

    def test_each_host_has_its_own_readings(self, storage: Storage) -> None:
        store_readings(storage, samples.stored_reading())
        store_readings(storage, samples.gone_reading("invoice-1"), host="hubsoft")
        with storage.read_only() as unit:
            assert unit.readings.get("local", ["invoice-1"]) == {"invoice-1": samples.stored_reading()}
            assert unit.readings.get("hubsoft", ["invoice-1"]) == {"invoice-1": samples.gone_reading("invoice-1")}

    def test_thousands_of_readings_are_stored_and_read_at_once(self, storage: Storage) -> None:
        names = [f"invoice-{number}" for number in range(_MANY)]
        store_readings(storage, *(samples.stored_reading(name) for name in names))
        with storage.read_only() as unit:
            assert len(unit.readings.get("local", names)) == _MANY

    def test_open_invoices_are_given_page_by_page_with_what_was_read(self, seeded: Storage) -> None:
        """Each once, those of closed negativations and of other hosts left out."""
        with committed(seeded) as unit:
            unit.negativations.add(samples.negativation("a", ["1", "2"]))
            unit.negativations.add(samples.negativation("b", ["2", "3"], registry=Registry.SERASA))
            unit.negativations.add(samples.removed(samples.negativation("c", ["4"])))
            unit.negativations.add(samples.negativation("d", ["5"], host="hubsoft"))
        read = samples.stored_reading("2")
        store_readings(seeded, read, samples.stored_reading("4"))
        store_readings(seeded, samples.stored_reading("1"), host="hubsoft")
        expected = {"1": None, "2": read.reading.content, "3": None}
        for size in (1, 2, 3, 4):
            assert open_invoices(seeded, NOW + MINUTE, size) == expected
        assert list(open_invoices(seeded, NOW + MINUTE)) == sorted(expected)
        assert open_invoices(seeded, NOW + MINUTE, host="hubsoft") == {"5": None}
        with seeded.read_only() as unit, pytest.raises(InvalidInput):
            unit.readings.open_invoices("local", NOW, PageRequest(3, "não é um cursor"))

    def test_a_stored_content_counts_only_until_it_must_be_compared_again(self, seeded: Storage) -> None:
        """Nor for a reading that is not newer: it is dropped, however it differs."""
        with committed(seeded) as unit:
            unit.negativations.add(samples.negativation())
        read = samples.stored_reading()
        store_readings(seeded, read)
        for as_of in (read.reading.as_of - MINUTE, read.reading.as_of, read.check_at, read.check_at + MINUTE):
            assert open_invoices(seeded, as_of) == {"invoice-1": None}
        for as_of in (read.reading.as_of + MINUTE, read.check_at - MINUTE):
            assert open_invoices(seeded, as_of) == {"invoice-1": read.reading.content}

    def test_a_held_reading_comes_back_held_and_is_compared_again_at_once(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.negativations.add(samples.negativation())
        held = replace(samples.stored_reading(), is_held=True)
        store_readings(seeded, held)
        with seeded.read_only() as unit:
            assert unit.readings.get("local", ["invoice-1"]) == {"invoice-1": held}
        assert open_invoices(seeded, NOW + MINUTE) == {"invoice-1": None}
        store_readings(seeded, replace(held, is_held=False))
        assert open_invoices(seeded, NOW + MINUTE) == {"invoice-1": held.reading.content}


class AsOfContract:
    """What the ledger says about the age of a decision."""

    def test_entries_of_our_own_naming_keep_the_instant_of_their_reading(self, storage: Storage) -> None:
        own = samples.settlement(f"{OWN_ID}invoice-1:1", as_of=NOW)
        undone = replace(samples.reversal(own.id), as_of=NOW + HOUR)
        with committed(storage) as unit:
            unit.settlements.record("local", own, NOW)
            unit.settlements.record("local", undone, NOW)
        with storage.read_only() as unit:
            found = list(unit.settlements.entries("local", ["invoice-1"]))
        assert found == [own, undone]
        assert [each.as_of for each in found] == [NOW, NOW + HOUR]

    def test_the_newest_application_of_an_entry_is_known(self, storage: Storage) -> None:
        """The present, where one is still to be applied: no reading is newer than its decision."""
        with committed(storage) as unit:
            for name, invoice_id in (("s-1", "1"), ("s-2", "1"), ("s-3", "2")):
                unit.settlements.record("local", samples.settlement(name, invoice_id), NOW)
            unit.settlements.record("hubsoft", samples.settlement("s-4", "3"), NOW)
        with committed(storage) as unit:
            unit.settlements.mark_applied("local", ["1", "2"], NOW + MINUTE)
        with committed(storage) as unit:
            unit.settlements.record("local", samples.settlement("s-5", "1"), NOW + 2 * MINUTE)
            unit.settlements.mark_applied("local", ["1"], NOW + 3 * MINUTE)
            unit.settlements.record("local", samples.reversal("s-3", "2"), NOW + 2 * MINUTE)
        with storage.read_only() as unit:
            found = unit.settlements.newest_applied("local", ["1", "2", "3", "unknown"], NOW + HOUR)
            assert unit.settlements.newest_applied("local", [], NOW) == {}
        assert found == {"1": NOW + 3 * MINUTE, "2": NOW + HOUR}


class RechecksContract:
    """Marks that an invoice must be read again."""

    def test_a_recheck_comes_back_whole(self, storage: Storage) -> None:
        full, least = samples.recheck(), samples.recheck("r-2", seen_at=None, attempts=0, done_at=None)
        add_rechecks(storage, full, least)
        assert rechecks_of(storage, "invoice-1", "invoice-1") == [least, full]
        assert rechecks_of(storage) == rechecks_of(storage, "unknown") == []

    def test_a_recheck_is_stamped_once_when_it_is_first_seen(self, storage: Storage) -> None:
        """Its own time stamp was set before its commit, and proves nothing."""
        add_rechecks(storage, samples.recheck("a", seen_at=None, done_at=None))
        with committed(storage) as unit:
            assert unit.rechecks.see(NOW + MINUTE) == 1
        add_rechecks(storage, samples.recheck("b", seen_at=None, done_at=None))
        with committed(storage) as unit:
            assert unit.rechecks.see(NOW + HOUR) == 1
            assert unit.rechecks.see(NOW + HOUR) == 0
        assert [each.seen_at for each in rechecks_of(storage, "invoice-1")] == [NOW + MINUTE, NOW + HOUR]

    def test_due_rechecks_are_given_earliest_first(self, storage: Storage) -> None:
        """Seen, not done, of this host: another host's never take their place."""
        add_rechecks(
            storage,
            samples.recheck("c", due_at=NOW + MINUTE, done_at=None),
            samples.recheck("b", due_at=NOW, done_at=None),
            samples.recheck("a", due_at=NOW, done_at=None),
            samples.recheck("done", due_at=NOW - HOUR),
            samples.recheck("later", due_at=NOW + HOUR, done_at=None),
            samples.recheck("unseen", due_at=NOW - HOUR, seen_at=None, done_at=None),
            *(samples.recheck(f"x-{n}", host="hubsoft", due_at=NOW - HOUR, done_at=None) for n in range(5)),
        )
        assert due(storage, NOW + MINUTE) == ["a", "b", "c"]
        assert due(storage, NOW + MINUTE, 2) == ["a", "b"]
        assert due(storage, NOW - MINUTE) == []

    def test_an_attempt_and_an_answer_are_stored(self, storage: Storage) -> None:
        first, second = (samples.recheck(name, done_at=None) for name in ("a", "b"))
        add_rechecks(storage, first, second)
        failed = replace(first, attempts=first.attempts + 1, due_at=NOW + HOUR)
        done = replace(second, done_at=NOW + MINUTE)
        with committed(storage) as unit:
            unit.rechecks.save_all([failed, done])
            unit.rechecks.save_all([])
        assert rechecks_of(storage, "invoice-1") == [failed, done]
        assert due(storage, NOW + 2 * HOUR) == ["a"]

    def test_rechecks_that_are_done_are_deleted_later(self, storage: Storage) -> None:
        add_rechecks(
            storage,
            samples.recheck("a", done_at=NOW - HOUR),
            samples.recheck("b", done_at=NOW),
            samples.recheck("c", done_at=None),
        )
        with committed(storage) as unit:
            assert unit.rechecks.purge(NOW) == 1
        assert [each.id for each in rechecks_of(storage, "invoice-1")] == ["b", "c"]

    def test_thousands_of_rechecks_are_added_at_once(self, storage: Storage) -> None:
        names = [f"invoice-{number}" for number in range(_MANY)]
        add_rechecks(storage, *(samples.recheck(f"r-{name}", invoice_id=name) for name in names))
        assert len(rechecks_of(storage, *names)) == _MANY


class DivergencesContract:
    """Divergences, of which one is open at a time for each subject, code and side."""

    def test_a_divergence_comes_back_whole(self, storage: Storage) -> None:
        full, least = samples.decided_divergence("a"), samples.divergence("b", negativation_id=None, decide_by=None)
        store_divergences(storage, full, least)
        with storage.read_only() as unit:
            assert (unit.divergences.get("a"), unit.divergences.get("b")) == (full, least)
            with pytest.raises(NotFound):
                unit.divergences.get("unknown")

    def test_a_divergence_is_replaced(self, storage: Storage) -> None:
        store_divergences(storage, samples.divergence("a"))
        changed = replace(samples.divergence("a"), theirs="R$ 1,00", decision=Decision.KEEP, decided_by="ana")
        store_divergences(storage, changed)
        store_divergences(storage)
        with storage.read_only() as unit:
            assert unit.divergences.get("a") == changed

    def test_one_is_open_at_a_time_for_each_key(self, storage: Storage) -> None:
        """Two units that compare at once must not both open it. A closed one, another code or side is another key."""
        store_divergences(
            storage,
            samples.divergence("a"),
            samples.divergence("b", code=DivergenceCode.HELD),
            samples.divergence("c", side=Side.BUREAU),
            samples.divergence("d", subject="negativation-2"),
            samples.divergence("e", closed_at=NOW + HOUR),
        )
        with storage.unit() as unit, pytest.raises(Conflict):
            unit.divergences.save_all([samples.divergence("f")])
        assert open_of(storage, "negativation-1", "negativation-2") == ["a", "b", "c", "d"]
        assert open_of(storage, "negativation-1", "negativation-1", "unknown") == ["a", "b", "c"]
        assert open_of(storage) == []

    def test_one_is_closed_and_its_successor_opened_at_once(self, storage: Storage) -> None:
        store_divergences(storage, samples.divergence("a"))
        store_divergences(storage, samples.divergence("b"), replace(samples.divergence("a"), closed_at=NOW + HOUR))
        assert open_of(storage, "negativation-1") == ["b"]

    def test_divergences_are_listed_newest_first_page_by_page(self, storage: Storage) -> None:
        store_divergences(
            storage,
            *(
                samples.divergence(str(number), subject=f"n-{number}", opened_at=NOW + number // 3 * HOUR)
                for number in range(8)
            ),
        )
        with storage.read_only() as unit:
            for size in (3, 8):
                found = read_pages(lambda page: unit.divergences.list(DivergenceFilter(), page), size)
                assert ids(found) == "76543210"
            with pytest.raises(InvalidInput):
                unit.divergences.list(DivergenceFilter(), PageRequest(3, "não é um cursor"))

    def test_divergences_are_filtered(self, storage: Storage) -> None:
        store_divergences(
            storage,
            samples.divergence("a"),
            samples.divergence("b", subject="2", negativation_id="2", code=DivergenceCode.HELD),
            samples.divergence("c", integration_id="integration-2", creditor_id="creditor-2", subject="3"),
            samples.divergence("d", closed_at=NOW + HOUR),
            samples.decided_divergence("e", closed_at=None, subject="5"),
            samples.decided_divergence("f", subject="6"),
        )
        expected = {
            "fedcba": DivergenceFilter(),
            "b": DivergenceFilter(negativation_id="2"),
            "c": DivergenceFilter(integration_id="integration-2"),
            "cba": DivergenceFilter(awaits_person=True),
            "fed": DivergenceFilter(awaits_person=False),
            "ecba": DivergenceFilter(is_open=True),
            "fd": DivergenceFilter(is_open=False),
            "e": DivergenceFilter(is_open=True, awaits_person=False),
            "ba": DivergenceFilter(awaits_person=True, creditor_ids=frozenset({"creditor-1", "creditor-3"})),
            "": DivergenceFilter(creditor_ids=frozenset()),
        }
        with storage.read_only() as unit:
            for names, wanted in expected.items():
                assert ids(unit.divergences.list(wanted, PageRequest()).items) == names
            held = DivergenceFilter(code=DivergenceCode.HELD)
            assert ids(unit.divergences.list(held, PageRequest()).items) == "b"

    def test_what_awaits_a_person_is_counted_without_notices(self, storage: Storage) -> None:
        days = [NOW.date() + timedelta(number) for number in range(3)]
        store_divergences(
            storage,
            samples.divergence("a", subject="1", decide_by=days[1]),
            samples.divergence("b", subject="2", decide_by=days[0]),
            samples.divergence("c", subject="3", decide_by=None, severity=DivergenceSeverity.CRITICAL),
            samples.divergence("d", subject="4", severity=DivergenceSeverity.NOTICE),
            samples.divergence("e", subject="5", closed_at=NOW),
            samples.decided_divergence("f", subject="6", closed_at=None),
            samples.divergence("g", subject="7", integration_id="integration-2"),
            samples.divergence("h", subject="8", code=DivergenceCode.HELD),
        )
        with storage.read_only() as unit:
            counts = {(each.integration_id, each.code): each for each in unit.divergences.counts()}
        assert {key: each.count for key, each in counts.items()} == {
            ("integration-1", DivergenceCode.LOWER_AMOUNT): 3,
            ("integration-2", DivergenceCode.LOWER_AMOUNT): 1,
            ("integration-1", DivergenceCode.HELD): 1,
        }
        most = counts["integration-1", DivergenceCode.LOWER_AMOUNT]
        assert (most.severity, most.decide_by) == (DivergenceSeverity.CRITICAL, days[0])
        assert most.creditor_id == "creditor-1"
        assert most.example in {"1", "2", "3"}

    def test_divergences_close_with_their_negativation(self, seeded: Storage) -> None:
        """What the bureau shows after that stays open."""
        with committed(seeded) as unit:
            unit.negativations.add(samples.removed(samples.negativation("gone", ["1"])))
            unit.negativations.add(samples.negativation("here", ["2"]))
        gone = {"subject": "gone", "negativation_id": "gone"}
        store_divergences(
            seeded,
            samples.divergence("a", **gone),
            samples.divergence("b", subject="here", negativation_id="here"),
            samples.divergence("c", side=Side.BUREAU, code=DivergenceCode.AFTER_REMOVAL, **gone),
            samples.divergence("d", subject="integration-1", negativation_id=None),
            samples.divergence("e", side=Side.BUREAU, **gone),
        )
        with committed(seeded) as unit:
            assert unit.divergences.close_of_closed(NOW + HOUR) == 2  # noqa: PLR2004 - of both sides
            assert unit.divergences.close_of_closed(NOW + 2 * HOUR) == 0
            assert unit.divergences.get("a").closed_at == NOW + HOUR
        assert open_of(seeded, "gone", "here", "integration-1") == ["b", "c", "d"]


class TurnsContract:
    """What turned without a host's own settlement."""

    def test_turns_of_an_integration_are_counted_since_an_instant(self, storage: Storage) -> None:
        with committed(storage) as unit:
            for number in range(4):
                unit.turns.add("integration-1", f"n-{number}", NOW + number * HOUR)
            unit.turns.add("integration-1", "n-3", NOW + 3 * HOUR)
            unit.turns.add("integration-2", "n-9", NOW)
            assert unit.turns.count("integration-1", NOW) == 5  # noqa: PLR2004 - all
        with committed(storage) as unit:
            assert unit.turns.count("integration-1", NOW + 2 * HOUR) == 3  # noqa: PLR2004 - one of them twice
            assert unit.turns.count("integration-3", NOW) == 0
            assert unit.turns.purge(NOW + HOUR) == 2  # noqa: PLR2004 - one of each integration
        with storage.read_only() as unit:
            assert unit.turns.count("integration-1", NOW) == 4  # noqa: PLR2004 - the rest


class ComparisonContract(ReadingsContract, AsOfContract, RechecksContract, DivergencesContract, TurnsContract):
    """The repositories of the comparison with the ERP."""
