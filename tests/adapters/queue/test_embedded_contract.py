from datetime import timedelta

import pytest

from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.testing.contracts.queue import NewEngine, TransmissionQueueContract
from credit_protection.testing.contracts.queue.in_memory_tasks import Clock


class TestEmbedded(TransmissionQueueContract):
    @pytest.fixture
    def new_engine(self) -> NewEngine:
        return lambda work: EmbeddedQueue(work, Clock(), workers=4, sweep_every=timedelta(seconds=1))
