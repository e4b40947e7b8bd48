import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.testing import samples
from credit_protection.testing.tenants import sqlite_storage
from tests.postgresql import NewDatabase

TIMES = 40
COUNT = """
import sys
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
storage = SqlStorage(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with storage.unit() as unit:
        negativation = unit.negativations.lock("negativation-1")
        unit.settlements.unapplied(10)
        unit.negativations.save(negativation)
        unit.commit()
    with storage.read_only() as unit:
        unit.negativations.get("negativation-1")
"""


def count_in_processes(url: str) -> int:
    """Two processes read and write in a loop; returns the version, which counts the updates."""
    storage = SqlStorage(url)
    storage.migrate()
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        unit.negativations.add(samples.negativation())
        unit.commit()
    command = [sys.executable, "-c", COUNT, url, str(TIMES)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    for each in running:
        output, _ = each.communicate(timeout=100)
        assert each.returncode == 0, output
    with storage.read_only() as unit:
        version = unit.negativations.get("negativation-1").version
    storage.close()
    return version


def test_processes_on_sqlite_lose_no_update(tmp_path: Path) -> None:
    assert count_in_processes(f"sqlite:///{tmp_path / 'store.db'}") == 1 + 2 * TIMES


@pytest.mark.postgresql
def test_processes_on_postgresql_lose_no_update(new_database: NewDatabase) -> None:
    assert count_in_processes(new_database()) == 1 + 2 * TIMES


def test_a_forked_child_opens_its_own_connections(tmp_path: Path) -> None:
    storage = sqlite_storage(tmp_path / "store.db")
    with storage.read_only() as unit:
        assert unit.watermarks.get("child") is None
    pool = storage._engine.pool
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            with storage.unit() as unit:
                unit.watermarks.set("child", samples.NOW)
                unit.commit()
        finally:
            os._exit(0 if storage._engine.pool is not pool else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert storage._engine.pool is pool
    with storage.read_only() as unit:
        assert unit.watermarks.get("child") == samples.NOW
    storage.close()


@pytest.mark.postgresql
def test_a_hosts_engine_keeps_its_settings_and_stays_open(new_database: NewDatabase) -> None:
    host = sa.create_engine(make_engine(new_database()).url, isolation_level="REPEATABLE READ")
    storage = SqlStorage.from_engine(host)
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(storage.migrate) for _ in range(3)]:
            done.result(60)
    isolation = sa.text("SHOW transaction_isolation")
    with storage.unit() as unit:
        assert unit._transaction.connection.execute(isolation).scalar() == "read committed"
    storage.close()
    with host.connect() as connection:
        assert connection.execute(isolation).scalar() == "repeatable read"
    host.dispose()


def test_readers_run_concurrently_with_writers_of_other_threads() -> None:
    storage = sqlite_storage()
    finished = threading.Event()

    def write() -> None:
        for number in range(100):
            with storage.unit() as unit:
                unit.watermarks.set(f"mark-{number}", samples.NOW)
                unit.commit()
        finished.set()

    def read() -> list[int]:
        counts = [0]
        while not finished.is_set():
            with storage.read_only() as unit:
                counts.append(len(unit.watermarks.all("mark")))
        return counts

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        pool.submit(write).result(20)
        for reader in readers:
            assert reader.result(20) == sorted(reader.result())
    storage.close()


def test_writing_unit_inside_another_of_the_same_thread_fails_at_once_on_sqlite() -> None:
    storage = sqlite_storage()
    with storage.unit() as unit:
        unit.watermarks.set("outer", samples.NOW)
        started = time.monotonic()
        with pytest.raises(RuntimeError, match="this thread has a writing unit open"), storage.unit():
            pass  # pragma: no cover - not reached
        assert time.monotonic() - started < 5
        with storage.read_only() as reading:
            assert reading.watermarks.get("outer") is None
        unit.commit()
        with storage.unit() as after:  # the outer one is committed
            assert after.watermarks.get("outer") == samples.NOW
    storage.close()


def test_writing_units_of_two_threads_wait_for_each_other_on_sqlite() -> None:
    storage = sqlite_storage()
    order: list[str] = []

    def write() -> None:
        with storage.unit():
            order.append("second")

    with storage.unit() as unit:
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(0.2)
        order.append("first")
        unit.commit()
    thread.join(20)
    assert order == ["first", "second"]
    storage.close()
