"""`python -m tests.processes.worker HOME URL ENGINE`: a worker process as deployed, with the drill's ERP."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import psycopg
from dependency_injector import providers

from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.queue.procrastinate import ProcrastinateQueue
from credit_protection.containers import Container
from credit_protection.entrypoints.worker import run_worker
from credit_protection.plugins.configuration import Configuration
from tests.drill.database import Database
from tests.drill.installation import TENANT, Plugin
from tests.plugins.plugin_fixtures import manager_with

if TYPE_CHECKING:
    from credit_protection.facade import CreditProtection
    from credit_protection.ports.queue import WorkerEngine
    from tests.drill.database import Row

SWEEP_EVERY = timedelta(seconds=1)
THREADS = 4


class ReconnectingDatabase(Database):
    """The ERP's database, which reconnects after a lost connection."""

    def rows(self, statement: str, *values: object) -> list[Row]:
        try:
            return super().rows(statement, *values)
        except psycopg.OperationalError:
            super().__init__(self.url)
            return super().rows(statement, *values)


def install(home: Path, url: str, engine: str) -> Container:
    """Set the package up in this process, with a sweep every second."""
    manager = manager_with(Plugin(ReconnectingDatabase(url)))
    configuration = Configuration(home, url, workers=THREADS, queue=engine)
    container = Container(name=TENANT, configuration=configuration, manager=manager)
    clock = container.clock()
    queue: WorkerEngine
    if engine == "procrastinate":
        queue = ProcrastinateQueue(container.worker_tasks, clock, url, workers=THREADS, sweep_every=SWEEP_EVERY)
    else:
        queue = EmbeddedQueue(container.worker_tasks, clock, workers=THREADS, sweep_every=SWEEP_EVERY)
    container.queue.override(providers.Object(queue))
    return container


if __name__ == "__main__":
    home, url, engine = sys.argv[1:]
    protection = cast("CreditProtection", SimpleNamespace(worker=install(Path(home), url, engine).queue()))
    run_worker(protection, announce=print)
