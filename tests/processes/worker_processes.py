"""Worker processes for a test: started, killed, and stopped."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from credit_protection.application.negativations import NegativationRequest
from tests.drill.host import customer_of
from tests.drill.installation import ANA
from tests.drill.processes import NATURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from credit_protection.containers import Container

ROOT = Path(__file__).parents[2]


class WorkerProcesses:
    """Worker processes of one installation."""

    def __init__(self, home: Path, url: str, engine: str) -> None:
        self._arguments = [sys.executable, "-m", "tests.processes.worker", str(home), url, engine]
        self._log = (home / "workers.log").open("w")
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, count: int) -> None:
        for _ in range(count):
            self.processes.append(subprocess.Popen(self._arguments, cwd=ROOT, stdout=self._log, stderr=self._log))

    def stop(self) -> None:
        """Send SIGTERM; kill the processes that do not end."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()


@contextlib.contextmanager
def worker_processes(home: Path, url: str, engine: str, count: int) -> Iterator[WorkerProcesses]:
    """Run so many workers during the block."""
    workers = WorkerProcesses(home, url, engine)
    workers.start(count)
    try:
        yield workers
    finally:
        workers.stop()


def negativate(container: Container, integration_id: str, invoice_ids: Sequence[str]) -> None:
    """Request a negativation of each invoice, as a person."""
    for invoice_id in invoice_ids:
        request = NegativationRequest(
            integration_id, customer_of(invoice_id), [invoice_id], NATURE, remark="cobrança esgotada"
        )
        container.negativations().create(ANA, request)


def until(condition: Callable[[], object], seconds: float, message: str = "the condition did not become true") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.05)
