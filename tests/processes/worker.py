"""`python -m tests.processes.worker HOME URL ENGINE`: a worker's process as it is deployed, on the drill's ERP."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import psycopg
from dependency_injector import providers

from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.adapters.queue.procrastinate import ProcrastinateQueue
from credit_protection.containers import Container
from credit_protection.entrypoints.worker import work
from credit_protection.plugins.configuration import Configuration
from tests.drill.database import Database
from tests.drill.installation import TENANT, Plugin
from tests.plugins.plugged import manager_with

if TYPE_CHECKING:
    from credit_protection.facade import CreditProtection
    from credit_protection.ports.queue import WorkerEngine
    from tests.drill.database import Row

SWEEP_EVERY = timedelta(seconds=1)
THREADS = 4


class LastingDatabase(Database):
    """The ERP's, which connects anew where its connection was lost."""

    def rows(self, statement: str, *values: object) -> list[Row]:
        try:
            return super().rows(statement, *values)
        except psycopg.OperationalError:
            self._held = threading.local()
            return super().rows(statement, *values)


def install(home: Path, url: str, engine: str) -> Container:
    """The package in this process, sweeping in a hurry."""
    manager = manager_with(Plugin(LastingDatabase(url)))
    configuration = Configuration(home, url, workers=THREADS, queue=engine)
    container = Container(name=TENANT, configuration=configuration, manager=manager)
    clock = container.clock()
    queue: WorkerEngine
    if engine == "procrastinate":
        queue = ProcrastinateQueue(container.work, clock, url, workers=THREADS, sweep_every=SWEEP_EVERY)
    else:
        queue = EmbeddedQueue(container.work, clock, workers=THREADS, sweep_every=SWEEP_EVERY)
    container.queue.override(providers.Object(queue))
    return container


if __name__ == "__main__":
    home, url, engine = sys.argv[1:]
    protection = cast("CreditProtection", SimpleNamespace(worker=install(Path(home), url, engine).queue()))
    work(protection, announce=print)
