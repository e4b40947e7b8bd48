from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_protection.testing.simulator import BureauSimulator
from tests.testing.simulator.bureau_client import BureauClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def simulator() -> Iterator[BureauSimulator]:
    with BureauSimulator(processing_seconds=60) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: BureauSimulator) -> Iterator[BureauClient]:
    client = BureauClient(simulator.url)
    yield client
    client.close()
