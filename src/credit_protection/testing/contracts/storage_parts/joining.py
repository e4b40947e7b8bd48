"""Joining a transaction that a host holds: where the adapter can (`has_joined`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from credit_protection.domain.errors import ConfigurationError
from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import Gated, needs
from credit_protection.testing.contracts.storage_parts.units import StopHere

if TYPE_CHECKING:
    from credit_protection.ports.storage import Storage


def recorded(storage: Storage) -> bool:
    """Whether the sample settlement is there."""
    with storage.reading() as unit:
        return bool(unit.settlements.entries("local", ["invoice-1"]))


def host_names(connection: Any) -> list[str]:  # noqa: ANN401 - a DBAPI connection
    """What the host's own table holds."""
    cursor = connection.cursor()
    cursor.execute("SELECT name FROM host_customer ORDER BY name")
    return [row[0] for row in cursor.fetchall()]


class JoiningContract(Gated):
    """A subclass with `has_joined` gives a fixture `host_connection`: a DBAPI connection to the same database.

    On it, uncommitted, stands a table `host_customer(name)`: committed and empty.
    """

    has_joined: bool = False

    @pytest.fixture
    def host_connection(self) -> Any:  # noqa: ANN401 - a DBAPI connection
        """Overridden where `has_joined`."""
        if self.has_joined:
            raise NotImplementedError("an adapter that can join gives a fixture `host_connection`")
        return object()

    @pytest.fixture
    def joining(self, host_connection: Any) -> Any:  # noqa: ANN401 - a DBAPI connection
        """The host's connection with its own work in an open transaction."""
        host_connection.cursor().execute("INSERT INTO host_customer VALUES ('paga')")
        return host_connection

    @needs("has_joined", declared=False)
    def test_an_adapter_that_cannot_join_says_so(self, storage: Storage, host_connection: Any) -> None:  # noqa: ANN401
        """Instead of writing elsewhere."""
        with pytest.raises(ConfigurationError), storage.joined(host_connection):
            pass

    @needs("has_joined")
    def test_what_is_joined_lasts_when_the_host_commits(self, storage: Storage, joining: Any) -> None:  # noqa: ANN401
        """And not before."""
        with storage.joined(joining) as unit:
            assert unit.settlements.record("local", samples.settlement(), samples.NOW)
            unit.commit()
        assert not recorded(storage)
        joining.commit()
        assert recorded(storage)
        assert host_names(joining) == ["paga"]

    @needs("has_joined")
    def test_a_host_that_rolls_back_leaves_no_trace(self, storage: Storage, joining: Any) -> None:  # noqa: ANN401
        """Of our work nor of its own."""
        with storage.joined(joining) as unit:
            unit.settlements.record("local", samples.settlement(), samples.NOW)
            unit.commit()
        joining.rollback()
        assert not recorded(storage)
        assert host_names(joining) == []

    @needs("has_joined")
    def test_a_joined_unit_left_without_commit_undoes_only_itself(self, storage: Storage, joining: Any) -> None:  # noqa: ANN401
        """The host's own work stays."""
        with storage.joined(joining) as unit:
            unit.settlements.record("local", samples.settlement(), samples.NOW)
        joining.commit()
        assert not recorded(storage)
        assert host_names(joining) == ["paga"]

    @needs("has_joined")
    def test_a_failure_inside_leaves_the_hosts_transaction_usable(self, storage: Storage, joining: Any) -> None:  # noqa: ANN401
        """A payment is never refused because of us."""

        def fail() -> None:
            with storage.joined(joining) as unit:
                unit.settlements.record("local", samples.settlement(), samples.NOW)
                raise StopHere

        with pytest.raises(StopHere):
            fail()
        joining.cursor().execute("INSERT INTO host_customer VALUES ('viva')")
        joining.commit()
        assert not recorded(storage)
        assert host_names(joining) == ["paga", "viva"]

    @needs("has_joined")
    def test_a_repeat_inside_is_ignored_and_harms_nothing(self, storage: Storage, joining: Any) -> None:  # noqa: ANN401
        """Twice is once."""
        for expected in (True, False):
            with storage.joined(joining) as unit:
                assert unit.settlements.record("local", samples.settlement(), samples.NOW) is expected
                unit.commit()
        joining.commit()
        with storage.reading() as unit:
            assert list(unit.settlements.entries("local", ["invoice-1"])) == [samples.settlement()]

    @needs("has_joined")
    def test_a_joined_unit_reads_rows_as_any_unit_does(self, storage: Storage, joining: Any) -> None:  # noqa: ANN401
        """Dates, amounts, flags and trees come through the host's connection the same."""
        with storage.joined(joining) as unit:
            unit.creditors.save(samples.creditor())
            unit.integrations.add(samples.integration())
            unit.negativations.add(samples.full_negativation())
            unit.negativations.append([samples.event()])
            unit.settlements.record("local", samples.settlement(), samples.NOW)
            assert unit.creditors.get("creditor-1") == samples.creditor()
            assert unit.integrations.get("integration-1") == samples.integration()
            assert unit.negativations.get("negativation-1") == samples.full_negativation()
            assert unit.negativations.lock("negativation-1") == samples.full_negativation()
            assert list(unit.negativations.history("negativation-1")) == [samples.event()]
            assert list(unit.settlements.entries("local", ["invoice-1"])) == [samples.settlement()]
            unit.settlements.lock_invoices("local", ["invoice-1", "invoice-2"])
            unit.commit()
        joining.commit()
        with storage.reading() as unit:
            assert unit.negativations.get("negativation-1") == samples.full_negativation()
