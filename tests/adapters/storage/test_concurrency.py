import subprocess
import sys
from pathlib import Path

import pytest

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
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
