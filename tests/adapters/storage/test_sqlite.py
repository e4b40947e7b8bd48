import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.testing.contracts.storage import StorageContract
from credit_protection.testing.tenants import sqlite_storage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


class TestSqlite(StorageContract):
    @pytest.fixture
    def storage(self, file: Path) -> Iterator[SqlStorage]:
        storage = sqlite_storage(file)
        yield storage
        storage.close()

    @pytest.fixture
    def host_connection(self, storage: SqlStorage, file: Path) -> Iterator[sqlite3.Connection]:  # noqa: ARG002 - made first
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE host_customer (name TEXT)")
        connection.commit()
        yield connection
        connection.close()
