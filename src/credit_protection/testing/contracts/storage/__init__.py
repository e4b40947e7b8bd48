"""The contract of `ports.storage`: an adapter's whole test file is one subclass with one fixture.

Example::

    class TestMyStorage(StorageContract):
        is_concurrent = True

        @pytest.fixture
        def storage(self) -> Iterator[Storage]:
            storage = MyStorage(...)  # empty, ready to use
            yield storage
            storage.close()

        @pytest.fixture
        def host_connection(self, storage: Storage) -> Iterator[Connection]:
            connection = driver.connect(...)  # as a host, to the same database; see ExternalTransactionsContract
            yield connection
            connection.close()
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from credit_protection.ports.storage import Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.comparison import ComparisonContract
from credit_protection.testing.contracts.storage.configuration import ConfigurationContract
from credit_protection.testing.contracts.storage.due_transmissions import DueTransmissionsContract
from credit_protection.testing.contracts.storage.negativation_lists import NegativationListsContract
from credit_protection.testing.contracts.storage.negativations import NegativationsContract
from credit_protection.testing.contracts.storage.queries import QueriesContract
from credit_protection.testing.contracts.storage.reconciliation import ReconciliationContract
from credit_protection.testing.contracts.storage.settlements import SettlementsContract
from credit_protection.testing.contracts.storage.units import ExternalTransactionsContract, UnitsContract, committed

__all__ = ["StorageContract"]


class StorageContract(
    UnitsContract,
    ExternalTransactionsContract,
    ConfigurationContract,
    QueriesContract,
    NegativationsContract,
    NegativationListsContract,
    DueTransmissionsContract,
    SettlementsContract,
    ComparisonContract,
    ReconciliationContract,
):
    """Every method of the port, alone and with concurrent units.

    Attributes:
        is_concurrent: units that write different rows run at the same time; else writers run one after another.
    """

    @pytest.fixture
    def storage(self) -> Iterator[Storage]:
        """An empty storage, ready to use."""
        raise NotImplementedError("a subclass must define the fixture `storage`")

    @pytest.fixture
    def seeded(self, storage: Storage) -> Storage:
        """The same with `creditor-1` and `integration-1`."""
        with committed(storage) as unit:
            unit.creditors.save(samples.creditor())
            unit.integrations.add(samples.integration())
        return storage
