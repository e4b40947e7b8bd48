"""The contract of `ports.storage`: an adapter's whole test file is one subclass with one fixture.

Example::

    class TestMyStorage(StorageContract):
        is_concurrent = True

        @pytest.fixture
        def storage(self) -> Iterator[Storage]:
            storage = MyStorage(...)  # empty, ready to use
            yield storage
            storage.close()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_protection.testing import samples
from credit_protection.testing.contracts.storage_parts.configuration import ConfigurationContract
from credit_protection.testing.contracts.storage_parts.joining import JoiningContract
from credit_protection.testing.contracts.storage_parts.negativation_lists import NegativationListsContract
from credit_protection.testing.contracts.storage_parts.negativations import NegativationsContract
from credit_protection.testing.contracts.storage_parts.negativations_by_invoice import NegativationsByInvoiceContract
from credit_protection.testing.contracts.storage_parts.queries import QueriesContract
from credit_protection.testing.contracts.storage_parts.records import RecordsContract
from credit_protection.testing.contracts.storage_parts.settlements import SettlementsContract
from credit_protection.testing.contracts.storage_parts.units import UnitsContract
from credit_protection.testing.contracts.storage_parts.work import WorkContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.ports.storage import Storage


class StorageContract(
    UnitsContract,
    JoiningContract,
    ConfigurationContract,
    QueriesContract,
    NegativationsContract,
    NegativationListsContract,
    NegativationsByInvoiceContract,
    WorkContract,
    SettlementsContract,
    RecordsContract,
):
    """Every method of the port, and what holds between units.

    Attributes:
        has_joined: it can join a host's transaction; the subclass then gives a fixture `host_connection` too.
        is_concurrent: units that write different rows run at the same time; else writers take turns.
    """

    @pytest.fixture
    def storage(self) -> Iterator[Storage]:
        """An empty storage, ready to use."""
        raise NotImplementedError("a subclass gives the fixture `storage`")

    @pytest.fixture
    def stocked(self, storage: Storage) -> Storage:
        """The same with `creditor-1` and `integration-1`."""
        with storage.unit() as unit:
            unit.creditors.save(samples.creditor())
            unit.integrations.add(samples.integration())
            unit.commit()
        return storage
