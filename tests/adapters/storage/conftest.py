from pathlib import Path

import pytest

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from tests.postgresql import new_database, postgresql_server, postgresql_url

__all__ = ["new_database", "postgresql_server", "postgresql_url"]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with empty tables, to copy: quicker than migrating for each test."""
    file = tmp_path_factory.mktemp("migrated") / "store.db"
    storage = SqlStorage(f"sqlite:///{file}")
    storage.migrate()
    storage.close()
    return file
