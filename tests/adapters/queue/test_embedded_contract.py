from datetime import timedelta

import pytest

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.testing.contracts.queue import NewEngine, TransmissionQueueContract


class TestEmbedded(TransmissionQueueContract):
    @pytest.fixture
    def new_engine(self) -> NewEngine:
        return lambda work: EmbeddedQueue(work, SystemClock(), workers=4, sweep_every=timedelta(seconds=1))
