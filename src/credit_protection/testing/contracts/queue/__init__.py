"""The contract of `ports.queue.WorkerEngine`: an engine's whole test file is one subclass with one fixture.

docs/queues.md has an example.
"""

from __future__ import annotations

from credit_protection.testing.contracts.capabilities import CapabilityGated
from credit_protection.testing.contracts.queue.behaviour import BehaviourContract, NewEngine
from credit_protection.testing.contracts.queue.processes import ProcessesContract
from credit_protection.testing.contracts.queue.tasks import SharedTasks

__all__ = ["NewEngine", "SharedTasks", "TransmissionQueueContract"]


class TransmissionQueueContract(CapabilityGated, BehaviourContract, ProcessesContract):
    """What every engine does, whichever way its wake-ups travel.

    The fixture `new_engine` creates an engine that is not started: 4 workers, a sweep every second. Engines that one
    test creates share their transport of wake-ups, if they have one.

    Attributes:
        is_distributed: workers of other processes are woken too.
    """
