"""The audit trail and the watermarks."""

from __future__ import annotations

from dataclasses import replace

from credit_protection.ports.storage import AuditFilter, PageRequest, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.committing import committed

NOW, MINUTE = samples.NOW, samples.MINUTE


class AuditAndWatermarksContract:
    """The audit trail and the watermarks."""

    def test_an_audit_entry_comes_back_whole(self, storage: Storage) -> None:
        """With every field, and with the fewest."""
        bare = replace(samples.audit_entry(at=NOW - MINUTE), creditor_id=None, remark="", before={}, after={})
        with committed(storage) as unit:
            unit.audit.add(bare, samples.audit_entry())
            unit.audit.add()
        with storage.read_only() as unit:
            assert list(unit.audit.list(AuditFilter(), PageRequest()).items) == [samples.audit_entry(), bare]

    def test_audit_entries_are_listed_newest_first_page_by_page(self, storage: Storage) -> None:
        """Of one subject, or of all; those of one instant in the order of adding."""
        with committed(storage) as unit:
            for number in range(7):
                unit.audit.add(samples.audit_entry(f"subject-{number % 2}", NOW + MINUTE * (number // 4)))
                unit.audit.add(replace(samples.audit_entry("other", NOW - MINUTE), remark=str(number)))
        with storage.read_only() as unit:
            first = unit.audit.list(AuditFilter(subject="other"), PageRequest(4))
            second = unit.audit.list(AuditFilter(subject="other"), PageRequest(4, first.cursor))
            assert [each.remark for each in (*first.items, *second.items)] == list("6543210")
            assert second.cursor is None
            instants = [each.at for each in unit.audit.list(AuditFilter(), PageRequest(100)).items]
            assert instants == [NOW + MINUTE] * 3 + [NOW] * 4 + [NOW - MINUTE] * 7

    def test_audit_entries_are_filtered_by_creditor_actor_act_and_time(self, storage: Storage) -> None:
        """From `since` on, until before `before`; an entry about no creditor is in no creditor's scope."""
        entry = samples.audit_entry("one", NOW)
        with committed(storage) as unit:
            unit.audit.add(entry)
            unit.audit.add(replace(entry, subject="of no creditor", creditor_id=None))
            unit.audit.add(replace(entry, subject="other creditor", creditor_id="other"))
            unit.audit.add(replace(entry, subject="other actor", actor_id="other"))
            unit.audit.add(replace(entry, subject="other act", act="other"))
            unit.audit.add(replace(entry, subject="earlier", at=NOW - MINUTE))
        assert entry.creditor_id is not None
        filters = {
            "of no creditor,other creditor": AuditFilter(creditor_ids=frozenset({entry.creditor_id})),
            "other actor": AuditFilter(actor_id=entry.actor_id),
            "other act": AuditFilter(act=entry.act),
            "earlier": AuditFilter(since=NOW),
            "of no creditor,one,other act,other actor,other creditor": AuditFilter(before=NOW),
        }
        with storage.read_only() as unit:
            subjects = {each.subject for each in unit.audit.list(AuditFilter(), PageRequest()).items}
            for left_out, wanted in filters.items():
                found = {each.subject for each in unit.audit.list(wanted, PageRequest()).items}
                assert ",".join(sorted(subjects - found)) == left_out

    def test_a_watermark_is_set_and_replaced(self, storage: Storage) -> None:
        """None before."""
        with committed(storage) as unit:
            assert unit.watermarks.get("host.swept.local") is None
            unit.watermarks.set("host.swept.local", NOW)
            unit.watermarks.set("host.swept.local", NOW + MINUTE)
        with storage.read_only() as unit:
            assert unit.watermarks.get("host.swept.local") == NOW + MINUTE

    def test_watermarks_are_read_by_prefix(self, storage: Storage) -> None:
        """Character by character: a prefix is no pattern."""
        names = ["worker.b", "worker.a", "workers", "Worker.c", "worker%d", "a.worker."]
        with committed(storage) as unit:
            for name in names:
                unit.watermarks.set(name, NOW)
        with storage.read_only() as unit:
            assert unit.watermarks.all("worker.") == {"worker.a": NOW, "worker.b": NOW}
            assert unit.watermarks.all("worker%") == {"worker%d": NOW}
            assert sorted(unit.watermarks.all("")) == sorted(names)
            assert unit.watermarks.all("unknown") == {}
