"""Every use case is tried over the memory and over a SQLite file; on PostgreSQL, what happens at the same time."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from credit_protection.adapters.storage.memory import MemoryStorage
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from tests.application.desk import Desk
from tests.postgresql import new_database, postgresql_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credit_protection.ports.storage import Storage
    from tests.postgresql import NewDatabase

__all__ = ["new_database", "postgresql_server"]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrating takes longer than a test."""
    path = tmp_path_factory.mktemp("empty") / "empty.sqlite"
    storage = SqlStorage(f"sqlite:///{path}")
    storage.migrate()
    storage.close()
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    """A SQLite file with our tables, which may be a host's too."""
    path = tmp_path / "credit_protection.sqlite"
    shutil.copy(empty_database, path)
    return path


@pytest.fixture
def sqlite(database: Path) -> Iterator[SqlStorage]:
    """A storage over that file; what a power cut would lose is not waited for."""
    storage = SqlStorage(f"sqlite:///{database}")
    event.listen(storage._engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
    yield storage
    storage.close()


@pytest.fixture
def postgresql(new_database: NewDatabase) -> Iterator[SqlStorage]:
    """A storage over a PostgreSQL database of its own."""
    storage = SqlStorage(new_database())
    storage.migrate()
    yield storage
    storage.close()


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Either storage."""
    if request.param == "memory":
        return MemoryStorage()
    made: Storage = request.getfixturevalue("sqlite")
    return made


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def everywhere(request: pytest.FixtureRequest) -> Desk:
    """A tenant with one integration, over each storage there is: for what many threads do at the same time."""
    desk = Desk(MemoryStorage() if request.param == "memory" else request.getfixturevalue(request.param))
    desk.register()
    return desk


@pytest.fixture
def desk(storage: Storage) -> Desk:
    """A tenant that nothing is registered in."""
    return Desk(storage)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A tenant with one integration, its products fetched."""
    desk.register()
    return desk
