"""What ships for authors of hosts, bureau gateways and property tests (extra `testing`).

A contract proves an adapter with one class. `make_tenant` wires the use cases for tests. Fakes and the bureau simulator
replace the outside. Hypothesis strategies are in `credit_protection.testing.strategies`, faults of the network in
`credit_protection.testing.faults`. Names are imported when they are first used, since each needs other libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection._lazy import lazy_names

if TYPE_CHECKING:
    from credit_protection.testing.contracts.host import (
        Debtor,
        ErpDriver,
        HostErpContract,
        HostFixture,
        InvoiceFacts,
        InvoiceSpec,
    )
    from credit_protection.testing.contracts.queue import NewEngine, SharedTasks, TransmissionQueueContract
    from credit_protection.testing.contracts.storage import StorageContract
    from credit_protection.testing.fakes import (
        CountingIdentifiers,
        FakeBureau,
        FakeClock,
        FakeErp,
        FakeRecord,
        PlainVault,
        RecordingListeners,
        RecordingQueue,
    )
    from credit_protection.testing.simulator import BureauSimulator, Ledger, SimulatorProcess
    from credit_protection.testing.tenants import Tenant, database_storage, make_tenant, sqlite_storage

__all__ = [
    "BureauSimulator",
    "CountingIdentifiers",
    "Debtor",
    "ErpDriver",
    "FakeBureau",
    "FakeClock",
    "FakeErp",
    "FakeRecord",
    "HostErpContract",
    "HostFixture",
    "InvoiceFacts",
    "InvoiceSpec",
    "Ledger",
    "NewEngine",
    "PlainVault",
    "RecordingListeners",
    "RecordingQueue",
    "SharedTasks",
    "SimulatorProcess",
    "StorageContract",
    "Tenant",
    "TransmissionQueueContract",
    "database_storage",
    "make_tenant",
    "sqlite_storage",
]

__getattr__ = lazy_names(
    __name__,
    {
        "testing.contracts.host": "Debtor ErpDriver HostErpContract HostFixture InvoiceFacts InvoiceSpec",
        "testing.contracts.queue": "NewEngine SharedTasks TransmissionQueueContract",
        "testing.contracts.storage": "StorageContract",
        "testing.fakes": (
            "CountingIdentifiers FakeBureau FakeClock FakeErp FakeRecord PlainVault RecordingListeners RecordingQueue"
        ),
        "testing.simulator": "BureauSimulator Ledger SimulatorProcess",
        "testing.tenants": "Tenant database_storage make_tenant sqlite_storage",
    },
)
