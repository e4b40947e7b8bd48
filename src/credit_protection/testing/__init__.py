"""What ships for authors of hosts, bureau gateways and property tests (extra `testing`).

A contract proves an adapter with one class. `make_tenant` wires the use cases for tests. Fakes and the bureau simulator
replace the outside. Hypothesis strategies are in `credit_protection.testing.strategies`, faults of the network in
`credit_protection.testing.faults`. Names are imported when they are first used, since each needs other libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection._lazy import lazy_names

if TYPE_CHECKING:
    from credit_protection.testing.contracts.host import ErpDriver, HostErpContract, InvoiceSpec
    from credit_protection.testing.contracts.queue import TransmissionQueueContract
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
    from credit_protection.testing.simulator import BureauSimulator, SimulatorProcess
    from credit_protection.testing.tenants import Tenant, make_tenant, sqlite_storage

__all__ = [
    "BureauSimulator",
    "CountingIdentifiers",
    "ErpDriver",
    "FakeBureau",
    "FakeClock",
    "FakeErp",
    "FakeRecord",
    "HostErpContract",
    "InvoiceSpec",
    "PlainVault",
    "RecordingListeners",
    "RecordingQueue",
    "SimulatorProcess",
    "StorageContract",
    "Tenant",
    "TransmissionQueueContract",
    "make_tenant",
    "sqlite_storage",
]

__getattr__ = lazy_names(
    __name__,
    {
        "testing.contracts.host": "ErpDriver HostErpContract InvoiceSpec",
        "testing.contracts.queue": "TransmissionQueueContract",
        "testing.contracts.storage": "StorageContract",
        "testing.fakes": (
            "CountingIdentifiers FakeBureau FakeClock FakeErp FakeRecord PlainVault RecordingListeners RecordingQueue"
        ),
        "testing.simulator": "BureauSimulator SimulatorProcess",
        "testing.tenants": "Tenant make_tenant sqlite_storage",
    },
)
