from datetime import timedelta

import pytest

from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.testing.contracts.queue import NewEngine, TransmissionQueueContract
from tests.adapters.queue.rows import Clock


class TestEmbedded(TransmissionQueueContract):
    @pytest.fixture
    def new_engine(self) -> NewEngine:
        return lambda work: EmbeddedQueue(work, Clock(), workers=4, sweep_every=timedelta(seconds=1))
