"""Creditors, integrations and what each bureau sells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import Conflict, NotFound
from credit_protection.domain.integrations import Integration
from credit_protection.testing import samples

if TYPE_CHECKING:
    from credit_protection.ports.storage import Storage


class ConfigurationContract:
    """What holds for configuration."""

    def test_a_creditor_comes_back_whole(self, storage: Storage) -> None:
        """Every field."""
        with storage.unit() as unit:
            unit.creditors.save(samples.creditor())
            unit.commit()
        with storage.reading() as unit:
            assert unit.creditors.get("creditor-1") == samples.creditor()

    def test_saving_a_creditor_replaces_the_one_with_its_id(self, storage: Storage) -> None:
        """And lists are by id."""
        with storage.unit() as unit:
            unit.creditors.save(samples.creditor("creditor-2"))
            unit.creditors.save(samples.creditor("creditor-1"))
            unit.creditors.save(replace(samples.creditor("creditor-2"), name="Outra", local_holidays=()))
            unit.commit()
        with storage.reading() as unit:
            assert [each.name for each in unit.creditors.all()] == ["Provedor Exemplo Ltda", "Outra"]

    def test_an_unknown_creditor_is_not_found(self, storage: Storage) -> None:
        """With a message that says what to do."""
        with storage.reading() as unit, pytest.raises(NotFound):
            unit.creditors.get("nobody")

    def test_an_integration_comes_back_whole(self, storage: Storage) -> None:
        """Every field, with other than default values, and with defaults."""
        plain = Integration("integration-2", "serasa", "simples", "creditor-1", {}, {}, samples.NOW)
        full = samples.integration(deleted_at=samples.NOW, active=False)
        with storage.unit() as unit:
            for made in (full, plain):
                unit.integrations.add(made)
            unit.commit()
        with storage.reading() as unit:
            for made in (full, plain):
                assert unit.integrations.get(made.id) == made

    def test_an_integration_and_a_creditor_are_read_together(self, stocked: Storage) -> None:
        """Each as when it is read alone; either may be unknown."""
        with stocked.unit() as unit:
            unit.creditors.save(samples.creditor("creditor-9"))
            unit.commit()
        with stocked.reading() as unit:
            for creditor_id in ("creditor-1", "creditor-9"):
                both = unit.integrations.with_creditor("integration-1", creditor_id)
                assert both == (unit.integrations.get("integration-1"), unit.creditors.get(creditor_id))
            for unknown in (("nobody", "creditor-1"), ("integration-1", "nobody")):
                with pytest.raises(NotFound):
                    unit.integrations.with_creditor(*unknown)

    def test_saving_an_integration_moves_its_version_on(self, stocked: Storage) -> None:
        """Whoever read before it is refused."""
        with stocked.unit() as unit:
            read = unit.integrations.get("integration-1")
            unit.integrations.save(replace(read, description="nova", active=False))
            unit.commit()
        with stocked.reading() as unit:
            saved = unit.integrations.get("integration-1")
        assert saved == replace(read, description="nova", active=False, version=read.version + 1)
        with stocked.unit() as unit, pytest.raises(Conflict):
            unit.integrations.save(replace(read, description="tarde"))

    def test_an_unknown_integration_is_not_found(self, stocked: Storage) -> None:
        """Neither read nor saved."""
        with stocked.unit() as unit:
            with pytest.raises(NotFound):
                unit.integrations.get("nobody")
            with pytest.raises(NotFound):
                unit.integrations.save(samples.integration("nobody"))

    def test_an_integration_is_added_once(self, stocked: Storage) -> None:
        """And the unit that tried remains usable."""
        with stocked.unit() as unit:
            with pytest.raises(Conflict):
                unit.integrations.add(samples.integration())
            assert unit.integrations.get("integration-1") == samples.integration()

    def test_integrations_are_listed_oldest_first_without_the_deleted(self, storage: Storage) -> None:
        """Unless they are asked for."""
        with storage.unit() as unit:
            unit.integrations.add(samples.integration("c", created_at=samples.NOW))
            unit.integrations.add(samples.integration("b", created_at=samples.NOW - timedelta(days=1)))
            unit.integrations.add(
                samples.integration("a", created_at=samples.NOW - timedelta(hours=1), deleted_at=samples.NOW)
            )
            unit.commit()
        with storage.reading() as unit:
            assert [each.id for each in unit.integrations.all()] == ["b", "c"]
            assert [each.id for each in unit.integrations.all(with_deleted=True)] == ["b", "a", "c"]

    def test_a_catalogue_comes_back_whole_and_in_order(self, stocked: Storage) -> None:
        """Products, natures and removal reasons."""
        with stocked.unit() as unit:
            unit.integrations.save_products("integration-1", samples.products())
            unit.integrations.save_natures("integration-1", samples.natures())
            unit.integrations.save_reasons("integration-1", samples.reasons())
            unit.commit()
        with stocked.reading() as unit:
            assert list(unit.integrations.products("integration-1")) == samples.products()
            assert list(unit.integrations.natures("integration-1")) == samples.natures()
            assert list(unit.integrations.reasons("integration-1")) == samples.reasons()

    def test_saving_a_catalogue_replaces_that_integrations_list_alone(self, stocked: Storage) -> None:
        """Also by an empty one."""
        with stocked.unit() as unit:
            unit.integrations.add(samples.integration("integration-2"))
            for integration_id in ("integration-1", "integration-2"):
                unit.integrations.save_products(integration_id, samples.products())
                unit.integrations.save_natures(integration_id, samples.natures())
                unit.integrations.save_reasons(integration_id, samples.reasons())
            unit.integrations.save_products("integration-1", reversed(samples.products()))
            unit.integrations.save_natures("integration-1", [])
            unit.integrations.save_reasons("integration-1", samples.reasons()[:1])
            unit.commit()
        with stocked.reading() as unit:
            assert list(unit.integrations.products("integration-1")) == samples.products()[::-1]
            assert list(unit.integrations.natures("integration-1")) == []
            assert list(unit.integrations.reasons("integration-1")) == samples.reasons()[:1]
            assert list(unit.integrations.products("integration-2")) == samples.products()
            assert list(unit.integrations.natures("integration-2")) == samples.natures()
            assert list(unit.integrations.reasons("integration-2")) == samples.reasons()
