"""Creditors, integrations and their catalogues; the audit trail, the watermarks and the users."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from credit_protection.domain.errors import Conflict, NotFound
from credit_protection.domain.integrations import Integration
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product
from credit_protection.domain.reasons import BureauReason
from credit_protection.ports.storage import AuditFilter, PageRequest, Storage, UnitOfWork
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.units import committed, read_pages

NOW, MINUTE = samples.NOW, samples.MINUTE
Catalogue = tuple[list[Product], list[InclusionNature], list[BureauReason]]


def save_catalogue(unit: UnitOfWork, integration_id: str, lists: Catalogue) -> None:
    """Save the three lists of an integration."""
    unit.integrations.save_products(integration_id, lists[0])
    unit.integrations.save_natures(integration_id, lists[1])
    unit.integrations.save_reasons(integration_id, lists[2])


def catalogue(unit: UnitOfWork, integration_id: str) -> Catalogue:
    """The three lists of an integration."""
    read = unit.integrations
    return list(read.products(integration_id)), list(read.natures(integration_id)), list(read.reasons(integration_id))


class ConfigurationContract:
    """Creditors, integrations, catalogues, the audit trail, the watermarks and the users."""

    def test_a_creditor_comes_back_whole(self, storage: Storage) -> None:
        with committed(storage) as unit:
            unit.creditors.save(samples.creditor())
        with storage.read_only() as unit:
            assert unit.creditors.get("creditor-1") == samples.creditor()

    def test_saving_a_creditor_replaces_the_one_with_its_id(self, storage: Storage) -> None:
        with committed(storage) as unit:
            unit.creditors.save(samples.creditor("creditor-2"))
            unit.creditors.save(samples.creditor("creditor-1"))
            unit.creditors.save(replace(samples.creditor("creditor-2"), name="Outra", local_holidays=()))
        with storage.read_only() as unit:
            assert [each.name for each in unit.creditors.all()] == ["Provedor Exemplo Ltda", "Outra"]

    def test_an_unknown_creditor_is_not_found(self, storage: Storage) -> None:
        with storage.read_only() as unit, pytest.raises(NotFound):
            unit.creditors.get("unknown")

    def test_an_integration_comes_back_whole(self, storage: Storage) -> None:
        plain = Integration("integration-2", "serasa", "simples", "creditor-1", {}, {}, samples.NOW)
        full = samples.integration(deleted_at=samples.NOW, active=False)
        with committed(storage) as unit:
            for made in (full, plain):
                unit.integrations.add(made)
        with storage.read_only() as unit:
            for made in (full, plain):
                assert unit.integrations.get(made.id) == made

    def test_an_integration_and_a_creditor_are_read_together(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.creditors.save(samples.creditor("creditor-9"))
        with seeded.read_only() as unit:
            for creditor_id in ("creditor-1", "creditor-9"):
                both = unit.integrations.get_with_creditor("integration-1", creditor_id)
                assert both == (unit.integrations.get("integration-1"), unit.creditors.get(creditor_id))
            for unknown in (("unknown", "creditor-1"), ("integration-1", "unknown")):
                with pytest.raises(NotFound):
                    unit.integrations.get_with_creditor(*unknown)

    def test_saving_an_integration_increments_its_version(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            read = unit.integrations.get("integration-1")
            unit.integrations.save(replace(read, description="nova", active=False))
        with seeded.read_only() as unit:
            saved = unit.integrations.get("integration-1")
        assert saved == replace(read, description="nova", active=False, version=read.version + 1)
        with seeded.unit() as unit, pytest.raises(Conflict):
            unit.integrations.save(replace(read, description="tarde"))

    def test_an_unknown_integration_is_not_found(self, seeded: Storage) -> None:
        with seeded.unit() as unit:
            with pytest.raises(NotFound):
                unit.integrations.get("unknown")
            with pytest.raises(NotFound):
                unit.integrations.save(samples.integration("unknown"))

    def test_an_integration_is_added_once(self, seeded: Storage) -> None:
        with seeded.unit() as unit:
            with pytest.raises(Conflict):
                unit.integrations.add(samples.integration())
            assert unit.integrations.get("integration-1") == samples.integration()

    def test_integrations_are_listed_oldest_first_without_the_deleted(self, storage: Storage) -> None:
        with committed(storage) as unit:
            unit.integrations.add(samples.integration("c", created_at=samples.NOW))
            unit.integrations.add(samples.integration("b", created_at=samples.NOW - timedelta(days=1)))
            unit.integrations.add(
                samples.integration("a", created_at=samples.NOW - timedelta(hours=1), deleted_at=samples.NOW)
            )
        with storage.read_only() as unit:
            assert [each.id for each in unit.integrations.all()] == ["b", "c"]
            assert [each.id for each in unit.integrations.all(with_deleted=True)] == ["b", "a", "c"]

    def test_a_catalogue_comes_back_whole_and_is_replaced_without_another_integrations(self, seeded: Storage) -> None:
        """In its order; a list can be emptied."""
        whole = samples.products(), samples.natures(), samples.reasons()
        changed: Catalogue = whole[0][::-1], [], whole[2][:1]
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("integration-2"))
            save_catalogue(unit, "integration-1", whole)
            save_catalogue(unit, "integration-2", whole)
            assert catalogue(unit, "integration-1") == whole
            save_catalogue(unit, "integration-1", changed)
        with seeded.read_only() as unit:
            assert catalogue(unit, "integration-1") == changed
            assert catalogue(unit, "integration-2") == whole

    def test_an_audit_entry_comes_back_whole(self, storage: Storage) -> None:
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
            others = read_pages(lambda page: unit.audit.list(AuditFilter(subject="other"), page), 4)
            assert [each.remark for each in others] == list("6543210")
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
        with committed(storage) as unit:
            assert unit.watermarks.get("host.swept.local") is None
            unit.watermarks.set("host.swept.local", NOW)
            unit.watermarks.set("host.swept.local", NOW + MINUTE)
        with storage.read_only() as unit:
            assert unit.watermarks.get("host.swept.local") == NOW + MINUTE

    def test_a_watermark_has_a_note_and_can_be_cleared(self, storage: Storage) -> None:
        """With an instant, only where it was not set again meanwhile."""
        with committed(storage) as unit:
            unit.watermarks.set("sweep.failed.poll", NOW, "O ERP não respondeu.")
            unit.watermarks.set("sweep.failed.apply", NOW)
        with committed(storage) as unit:
            assert unit.watermarks.notes("sweep.failed.") == {
                "sweep.failed.apply": "",
                "sweep.failed.poll": "O ERP não respondeu.",
            }
            assert not unit.watermarks.clear("sweep.failed.poll", NOW + MINUTE)
            assert unit.watermarks.clear("sweep.failed.poll", NOW)
            assert unit.watermarks.clear("sweep.failed.apply")
            assert not unit.watermarks.clear("sweep.failed.apply")
        with storage.read_only() as unit:
            assert unit.watermarks.all("sweep.failed.") == {}

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

    def test_a_user_comes_back_whole_and_is_replaced(self, storage: Storage) -> None:
        bound = samples.user("os:bia", creditor_ids=frozenset({"creditor-2", "creditor-1"}))
        kept = samples.user("os:caio", roles=frozenset({"unknown", "auditor"}), active=False)
        with committed(storage) as unit:
            unit.users.save(samples.user("os:bia"))
            unit.users.save(bound)
            unit.users.save(kept)
            assert unit.users.find("os:bia") == bound
        with storage.read_only() as unit:
            assert (unit.users.find("os:bia"), unit.users.find("os:caio")) == (bound, kept)
            assert unit.users.find("OS:BIA") is None

    def test_a_user_of_no_creditor_is_not_one_of_all(self, storage: Storage) -> None:
        with committed(storage) as unit:
            unit.users.save(samples.user("none", creditor_ids=frozenset(), roles=frozenset()))
        with storage.read_only() as unit:
            assert unit.users.find("none") == samples.user("none", creditor_ids=frozenset(), roles=frozenset())

    def test_administrators_are_the_active_ones_of_all_creditors(self, storage: Storage) -> None:
        with committed(storage) as unit:
            unit.users.lock()
            assert unit.users.administrators() == frozenset()
            unit.users.save(samples.user("one"))
            unit.users.save(samples.user("two", roles=frozenset({"auditor", "administrador"})))
            unit.users.save(samples.user("removed", active=False))
            unit.users.save(samples.user("bound", creditor_ids=frozenset({"creditor-1"})))
            unit.users.save(samples.user("operator", roles=frozenset({"operador"})))
            assert unit.users.administrators() == {"one", "two"}
            unit.users.save(samples.user("two", active=False))
        with storage.read_only() as unit:
            assert unit.users.administrators() == {"one"}

    def test_users_are_listed_by_the_newest_change_page_by_page(self, storage: Storage) -> None:
        with committed(storage) as unit:
            for number in range(5):
                unit.users.save(samples.user(f"user-{number}", given_at=NOW + MINUTE * (number // 2)))
            unit.users.save(samples.user("user-0", given_at=NOW + 9 * MINUTE, active=False))
        with storage.read_only() as unit:
            found = read_pages(unit.users.list, 2)
        assert [each.id for each in found] == ["user-0", "user-4", "user-3", "user-2", "user-1"]

    def test_the_lock_on_users_is_released_with_the_unit(self, storage: Storage) -> None:
        for committed_user in ("one", "two"):
            with committed(storage) as unit:
                unit.users.lock()
                unit.users.save(samples.user(committed_user))
        with storage.unit() as unit:
            unit.users.lock()
            unit.users.save(samples.user("three"))  # never committed
        with committed(storage) as unit:
            unit.users.lock()
            assert unit.users.administrators() == {"one", "two"}
