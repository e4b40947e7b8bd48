"""In-memory stand-ins for a bureau, an ERP and a clock, for fast tests of use cases and of host code.

They behave, they do not merely answer: the bureau keeps a ledger, the ERP settles invoices, the clock moves when told.
All of them may be used by many threads; each is in a module named as its port is. For the real thing over HTTP use
`credit_protection.testing.simulator`.
"""

from __future__ import annotations

from credit_protection.testing.fakes.bureau import FakeBureau, FakeRecord
from credit_protection.testing.fakes.clock import CountingIdentifiers, FakeClock
from credit_protection.testing.fakes.events import RecordingListeners
from credit_protection.testing.fakes.host import FakeErp
from credit_protection.testing.fakes.queue import RecordingQueue
from credit_protection.testing.fakes.vault import PlainVault

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
