"""Units inside a host's transaction."""

from __future__ import annotations

from typing import Any

import pytest

from credit_protection.ports.storage import Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.units import ExpectedError


def recorded(storage: Storage) -> bool:
    """Whether another unit reads the sample settlement."""
    with storage.read_only() as unit:
        return bool(unit.settlements.entries("local", ["invoice-1"]))


def host_names(connection: Any) -> list[str]:  # noqa: ANN401 - a DBAPI connection
    """The rows of the host's own table."""
    cursor = connection.cursor()
    cursor.execute("SELECT name FROM host_customer ORDER BY name")
    return [row[0] for row in cursor.fetchall()]


class ExternalTransactionsContract:
    """Units inside a host's transaction.

    The fixture `host_connection` is a DBAPI connection to the storage's database, which has a committed, empty table
    `host_customer(name)`.
    """

    @pytest.fixture
    def host_connection(self) -> Any:  # noqa: ANN401 - a DBAPI connection
        """A host's connection."""
        raise NotImplementedError("a subclass must define the fixture `host_connection`")

    @pytest.fixture
    def transaction(self, host_connection: Any) -> Any:  # noqa: ANN401 - a DBAPI connection
        """The host's connection with a change of its own in an open transaction."""
        host_connection.cursor().execute("INSERT INTO host_customer VALUES ('paga')")
        return host_connection

    def test_changes_last_when_the_host_commits(self, storage: Storage, transaction: Any) -> None:  # noqa: ANN401
        """Not when the unit commits."""
        with storage.in_transaction_of(transaction) as unit:
            assert unit.settlements.record("local", samples.settlement(), samples.NOW)
            unit.commit()
        assert not recorded(storage)
        transaction.commit()
        assert recorded(storage)
        assert host_names(transaction) == ["paga"]

    def test_changes_are_undone_when_the_host_rolls_back(self, storage: Storage, transaction: Any) -> None:  # noqa: ANN401
        """Ours and its own."""
        with storage.in_transaction_of(transaction) as unit:
            unit.settlements.record("local", samples.settlement(), samples.NOW)
            unit.commit()
        transaction.rollback()
        assert not recorded(storage)
        assert host_names(transaction) == []

    def test_a_unit_without_commit_undoes_only_itself(self, storage: Storage, transaction: Any) -> None:  # noqa: ANN401
        """The host's own change stays."""
        with storage.in_transaction_of(transaction) as unit:
            unit.settlements.record("local", samples.settlement(), samples.NOW)
        transaction.commit()
        assert not recorded(storage)
        assert host_names(transaction) == ["paga"]

    def test_a_failure_leaves_the_hosts_transaction_usable(self, storage: Storage, transaction: Any) -> None:  # noqa: ANN401
        """An error of ours must not refuse a payment."""

        def fail() -> None:
            with storage.in_transaction_of(transaction) as unit:
                unit.settlements.record("local", samples.settlement(), samples.NOW)
                raise ExpectedError

        with pytest.raises(ExpectedError):
            fail()
        transaction.cursor().execute("INSERT INTO host_customer VALUES ('viva')")
        transaction.commit()
        assert not recorded(storage)
        assert host_names(transaction) == ["paga", "viva"]

    def test_a_repeated_settlement_is_ignored(self, storage: Storage, transaction: Any) -> None:  # noqa: ANN401
        """The host's transaction stays usable."""
        for expected in (True, False):
            with storage.in_transaction_of(transaction) as unit:
                assert unit.settlements.record("local", samples.settlement(), samples.NOW) is expected
                unit.commit()
        transaction.commit()
        with storage.read_only() as unit:
            assert list(unit.settlements.entries("local", ["invoice-1"])) == [samples.settlement()]

    def test_rows_read_the_same_through_the_hosts_connection(self, storage: Storage, transaction: Any) -> None:  # noqa: ANN401
        """Dates, amounts, flags and trees, whatever the host's converters."""
        with storage.in_transaction_of(transaction) as unit:
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
        transaction.commit()
        with storage.read_only() as unit:
            assert unit.negativations.get("negativation-1") == samples.full_negativation()
