"""In-memory fakes of the ports, for fast tests of use cases and of host code.

They have state: the bureau has records, the ERP settles invoices, the test advances the clock. All are thread-safe. For
a bureau over HTTP use `credit_protection.testing.simulator`.
"""

from __future__ import annotations

from credit_protection.testing.fakes.bureau import FakeBureau, FakeRecord
from credit_protection.testing.fakes.environment import (
    CountingIdentifiers,
    FakeClock,
    PlainVault,
    RecordingListeners,
    RecordingQueue,
)
from credit_protection.testing.fakes.host import FakeErp

__all__ = [
    "CountingIdentifiers",
    "FakeBureau",
    "FakeClock",
    "FakeErp",
    "FakeRecord",
    "PlainVault",
    "RecordingListeners",
    "RecordingQueue",
]
