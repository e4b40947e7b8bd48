"""Creditors, integrations and their catalogues."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from credit_protection.domain.errors import Conflict, NotFound
from credit_protection.domain.integrations import Integration
from credit_protection.ports.storage import Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.committing import committed


class ConfigurationContract:
    """Creditors, integrations and catalogues."""

    def test_a_creditor_comes_back_whole(self, storage: Storage) -> None:
        """Every field."""
        with committed(storage) as unit:
            unit.creditors.save(samples.creditor())
        with storage.read_only() as unit:
            assert unit.creditors.get("creditor-1") == samples.creditor()

    def test_saving_a_creditor_replaces_the_one_with_its_id(self, storage: Storage) -> None:
        """Lists are ordered by id."""
        with committed(storage) as unit:
            unit.creditors.save(samples.creditor("creditor-2"))
            unit.creditors.save(samples.creditor("creditor-1"))
            unit.creditors.save(replace(samples.creditor("creditor-2"), name="Outra", local_holidays=()))
        with storage.read_only() as unit:
            assert [each.name for each in unit.creditors.all()] == ["Provedor Exemplo Ltda", "Outra"]

    def test_an_unknown_creditor_is_not_found(self, storage: Storage) -> None:
        """`get` raises."""
        with storage.read_only() as unit, pytest.raises(NotFound):
            unit.creditors.get("unknown")

    def test_an_integration_comes_back_whole(self, storage: Storage) -> None:
        """Every field, with and without default values."""
        plain = Integration("integration-2", "serasa", "simples", "creditor-1", {}, {}, samples.NOW)
        full = samples.integration(deleted_at=samples.NOW, active=False)
        with committed(storage) as unit:
            for made in (full, plain):
                unit.integrations.add(made)
        with storage.read_only() as unit:
            for made in (full, plain):
                assert unit.integrations.get(made.id) == made

    def test_an_integration_and_a_creditor_are_read_together(self, seeded: Storage) -> None:
        """Each as by `get`; either may be unknown."""
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
        """A stale version is refused."""
        with committed(seeded) as unit:
            read = unit.integrations.get("integration-1")
            unit.integrations.save(replace(read, description="nova", active=False))
        with seeded.read_only() as unit:
            saved = unit.integrations.get("integration-1")
        assert saved == replace(read, description="nova", active=False, version=read.version + 1)
        with seeded.unit() as unit, pytest.raises(Conflict):
            unit.integrations.save(replace(read, description="tarde"))

    def test_an_unknown_integration_is_not_found(self, seeded: Storage) -> None:
        """`get` and `save` raise."""
        with seeded.unit() as unit:
            with pytest.raises(NotFound):
                unit.integrations.get("unknown")
            with pytest.raises(NotFound):
                unit.integrations.save(samples.integration("unknown"))

    def test_an_integration_is_added_once(self, seeded: Storage) -> None:
        """The second is refused, and the unit remains usable."""
        with seeded.unit() as unit:
            with pytest.raises(Conflict):
                unit.integrations.add(samples.integration())
            assert unit.integrations.get("integration-1") == samples.integration()

    def test_integrations_are_listed_oldest_first_without_the_deleted(self, storage: Storage) -> None:
        """Deleted ones on request."""
        with committed(storage) as unit:
            unit.integrations.add(samples.integration("c", created_at=samples.NOW))
            unit.integrations.add(samples.integration("b", created_at=samples.NOW - timedelta(days=1)))
            unit.integrations.add(
                samples.integration("a", created_at=samples.NOW - timedelta(hours=1), deleted_at=samples.NOW)
            )
        with storage.read_only() as unit:
            assert [each.id for each in unit.integrations.all()] == ["b", "c"]
            assert [each.id for each in unit.integrations.all(with_deleted=True)] == ["b", "a", "c"]

    def test_a_catalogue_comes_back_whole_and_in_order(self, seeded: Storage) -> None:
        """Products, natures and removal reasons."""
        with committed(seeded) as unit:
            unit.integrations.save_products("integration-1", samples.products())
            unit.integrations.save_natures("integration-1", samples.natures())
            unit.integrations.save_reasons("integration-1", samples.reasons())
        with seeded.read_only() as unit:
            assert list(unit.integrations.products("integration-1")) == samples.products()
            assert list(unit.integrations.natures("integration-1")) == samples.natures()
            assert list(unit.integrations.reasons("integration-1")) == samples.reasons()

    def test_saving_a_catalogue_replaces_only_that_integrations_list(self, seeded: Storage) -> None:
        """Also with an empty list."""
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("integration-2"))
            for integration_id in ("integration-1", "integration-2"):
                unit.integrations.save_products(integration_id, samples.products())
                unit.integrations.save_natures(integration_id, samples.natures())
                unit.integrations.save_reasons(integration_id, samples.reasons())
            unit.integrations.save_products("integration-1", reversed(samples.products()))
            unit.integrations.save_natures("integration-1", [])
            unit.integrations.save_reasons("integration-1", samples.reasons()[:1])
        with seeded.read_only() as unit:
            assert list(unit.integrations.products("integration-1")) == samples.products()[::-1]
            assert list(unit.integrations.natures("integration-1")) == []
            assert list(unit.integrations.reasons("integration-1")) == samples.reasons()[:1]
            assert list(unit.integrations.products("integration-2")) == samples.products()
            assert list(unit.integrations.natures("integration-2")) == samples.natures()
            assert list(unit.integrations.reasons("integration-2")) == samples.reasons()
