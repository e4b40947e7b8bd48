import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.testing import samples
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
    with storage.reading() as unit:
        unit.negativations.get("negativation-1")
"""


def count_in_processes(url: str) -> int:
    """Each process reads, then writes, again and again: nothing is lost, nobody is turned away."""
    storage = SqlStorage(url)
    storage.migrate()
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        unit.negativations.add(samples.negativation())
        unit.commit()
    command = [sys.executable, "-c", COUNT, url, str(TIMES)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    for each in running:
        said, _ = each.communicate(timeout=100)
        assert each.returncode == 0, said
    with storage.reading() as unit:
        version = unit.negativations.get("negativation-1").version
    storage.close()
    return version


def test_processes_that_read_then_write_on_sqlite_take_turns(tmp_path: Path) -> None:
    assert count_in_processes(f"sqlite:///{tmp_path / 'store.db'}") == 1 + 2 * TIMES


@pytest.mark.postgresql
def test_processes_that_read_then_write_on_postgresql_take_turns(new_database: NewDatabase) -> None:
    assert count_in_processes(new_database()) == 1 + 2 * TIMES


def test_a_forked_child_leaves_its_parents_connections_alone(tmp_path: Path, migrated_file: Path) -> None:
    storage = SqlStorage(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'store.db')}")
    with storage.reading() as unit:
        assert unit.marks.get("child") is None
    pool = storage._engine.pool
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            with storage.unit() as unit:
                unit.marks.set("child", samples.NOW)
                unit.commit()
        finally:
            os._exit(0 if storage._engine.pool is not pool else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert storage._engine.pool is pool
    with storage.reading() as unit:
        assert unit.marks.get("child") == samples.NOW
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
