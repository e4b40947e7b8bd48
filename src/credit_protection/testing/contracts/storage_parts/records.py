"""The audit trail and the marks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credit_protection.ports.storage import Page
from credit_protection.testing import samples

if TYPE_CHECKING:
    from credit_protection.ports.storage import Storage

NOW, MINUTE = samples.NOW, samples.MINUTE


class RecordsContract:
    """What holds for the audit trail and the marks."""

    def test_an_act_comes_back_whole(self, storage: Storage) -> None:
        """With everything, and with the least."""
        bare = replace(samples.audit_entry(at=NOW - MINUTE), creditor_id=None, why="", before={}, after={})
        with storage.unit() as unit:
            unit.audit.add(bare)
            unit.audit.add(samples.audit_entry())
            unit.commit()
        with storage.reading() as unit:
            assert list(unit.audit.list(Page()).items) == [samples.audit_entry(), bare]

    def test_acts_are_listed_newest_first_page_by_page(self, storage: Storage) -> None:
        """Of one subject, or of all; those of one instant by their adding."""
        with storage.unit() as unit:
            for number in range(7):
                unit.audit.add(samples.audit_entry(f"subject-{number % 2}", NOW + MINUTE * (number // 4)))
                unit.audit.add(replace(samples.audit_entry("other", NOW - MINUTE), why=str(number)))
            unit.commit()
        with storage.reading() as unit:
            first = unit.audit.list(Page(4), subject="other")
            second = unit.audit.list(Page(4, first.cursor), subject="other")
            assert [each.why for each in (*first.items, *second.items)] == list("6543210")
            assert second.cursor is None
            instants = [each.at for each in unit.audit.list(Page(100)).items]
            assert instants == [NOW + MINUTE] * 3 + [NOW] * 4 + [NOW - MINUTE] * 7

    def test_a_mark_is_set_and_replaced(self, storage: Storage) -> None:
        """None where it never was."""
        with storage.unit() as unit:
            assert unit.marks.get("host.swept.local") is None
            unit.marks.set("host.swept.local", NOW)
            unit.marks.set("host.swept.local", NOW + MINUTE)
            unit.commit()
        with storage.reading() as unit:
            assert unit.marks.get("host.swept.local") == NOW + MINUTE

    def test_marks_are_read_by_the_beginning_of_their_name(self, storage: Storage) -> None:
        """Letter by letter: nothing in it is a pattern."""
        names = ["worker.b", "worker.a", "workers", "Worker.c", "worker%d", "a.worker."]
        with storage.unit() as unit:
            for name in names:
                unit.marks.set(name, NOW)
            unit.commit()
        with storage.reading() as unit:
            assert unit.marks.all("worker.") == {"worker.a": NOW, "worker.b": NOW}
            assert unit.marks.all("worker%") == {"worker%d": NOW}
            assert sorted(unit.marks.all("")) == sorted(names)
            assert unit.marks.all("nobody") == {}
