from datetime import timedelta

import pytest

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.queue.procrastinate import ProcrastinateQueue
from credit_protection.testing.contracts.queue import NewEngine, TransmissionQueueContract
from tests.postgresql import NewDatabase

pytestmark = pytest.mark.postgresql


class TestProcrastinate(TransmissionQueueContract):
    is_distributed = True

    @pytest.fixture
    def new_engine(self, new_database: NewDatabase) -> NewEngine:
        url = new_database()
        return lambda work: ProcrastinateQueue(work, SystemClock(), url, workers=4, sweep_every=timedelta(seconds=1))
