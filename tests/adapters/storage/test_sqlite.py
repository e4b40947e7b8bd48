import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.testing.contracts.storage import StorageContract
from credit_protection.testing.tenants import sqlite_storage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


class TestSqlite(StorageContract):
    @pytest.fixture
    def storage(self, file: Path) -> Iterator[SqlStorage]:
        sqlite_storage(file).close()  # migrated; the contract runs on the engine of production
        storage = SqlStorage(f"sqlite:///{file}")
        yield storage
        storage.close()

    @pytest.fixture
    def host_connection(self, storage: SqlStorage, file: Path) -> Iterator[sqlite3.Connection]:  # noqa: ARG002 - made first
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE host_customer (name TEXT)")
        connection.commit()
        yield connection
        connection.close()


def test_commits_wait_for_the_disk_unless_a_test_asks_otherwise(file: Path) -> None:
    waits = []
    for engine in (make_engine(f"sqlite:///{file}"), make_engine(f"sqlite:///{file}", durable=False)):
        with engine.connect() as connection:
            waits.append(connection.exec_driver_sql("PRAGMA synchronous").scalar() != 0)
        engine.dispose()
    assert waits == [True, False]
