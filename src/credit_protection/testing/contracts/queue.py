"""The contract of `ports.queue.WorkerEngine`: an engine's whole test file is one subclass with one fixture.

Example::

    class TestMyQueue(TransmissionQueueContract):
        is_distributed = True

        @pytest.fixture
        def new_engine(self) -> NewEngine:
            database = "postgresql://..."  # of this test alone
            return lambda work: MyQueue(work, Clock(), database, workers=4, sweep_every=timedelta(seconds=1))
"""

from __future__ import annotations

from credit_protection.testing.contracts.capabilities import Gated
from credit_protection.testing.contracts.queue_parts.behaviour import BehaviourContract, NewEngine
from credit_protection.testing.contracts.queue_parts.processes import ProcessesContract

__all__ = ["NewEngine", "TransmissionQueueContract"]


class TransmissionQueueContract(Gated, BehaviourContract, ProcessesContract):
    """What every engine does, whatever carries its wake-ups.

    The fixture `new_engine` makes an engine that is not started: 4 workers, a sweep every second. Engines that one test
    makes share what carries their wake-ups, if anything does.

    Attributes:
        is_distributed: workers of other processes are woken too.
    """
