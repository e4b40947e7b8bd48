"""Worker processes for a test: started, killed, and asked to end."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from credit_protection.application.negativations import Asked
from tests.drill.host import customer_of
from tests.drill.installation import ANA
from tests.drill.roles import NATURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from credit_protection.containers import Container

ROOT = Path(__file__).parents[2]


class Crew:
    """Processes of one installation."""

    def __init__(self, home: Path, url: str, engine: str) -> None:
        self._arguments = [sys.executable, "-m", "tests.processes.worker", str(home), url, engine]
        self._log = (home / "workers.log").open("w")
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, count: int) -> None:
        for _ in range(count):
            self.processes.append(subprocess.Popen(self._arguments, cwd=ROOT, stdout=self._log, stderr=self._log))

    def end(self) -> None:
        """SIGTERM; what does not end is killed."""
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
def crew(home: Path, url: str, engine: str, count: int) -> Iterator[Crew]:
    """So many workers while the block lasts."""
    workers = Crew(home, url, engine)
    workers.start(count)
    try:
        yield workers
    finally:
        workers.end()


def negativate(container: Container, integration_id: str, invoice_ids: Sequence[str]) -> None:
    """A person asks for all of them."""
    for invoice_id in invoice_ids:
        asked = Asked(integration_id, customer_of(invoice_id), [invoice_id], NATURE, why="cobrança esgotada")
        container.negativations().create(ANA, asked)


def until(condition: Callable[[], object], seconds: float, what: str = "it did not come true") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
