"""Every use case runs over a SQLite file; concurrent behaviour over PostgreSQL too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.testing.tenants import sqlite_storage
from tests.application.app import AppFixture
from tests.postgresql import new_database, postgresql_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgresql import NewDatabase

__all__ = ["new_database", "postgresql_server"]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The path of the storage's SQLite file, which may be a host's too."""
    return tmp_path / "credit_protection.sqlite"


@pytest.fixture
def sqlite(database: Path) -> Iterator[SqlStorage]:
    """A storage over a SQLite file with empty tables."""
    storage = sqlite_storage(database)
    yield storage
    storage.close()


@pytest.fixture
def postgresql(new_database: NewDatabase) -> Iterator[SqlStorage]:
    """A storage over a PostgreSQL database of its own."""
    storage = SqlStorage(new_database())
    storage.migrate()
    yield storage
    storage.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def app_on_any_storage(request: pytest.FixtureRequest) -> AppFixture:
    """A tenant with one integration, over each storage there is: for what many threads do concurrently."""
    app = AppFixture(request.getfixturevalue(request.param))
    app.register()
    return app


@pytest.fixture
def empty_app(sqlite: SqlStorage) -> AppFixture:
    """A tenant that nothing is registered in."""
    return AppFixture(sqlite)


@pytest.fixture
def app(empty_app: AppFixture) -> AppFixture:
    """A tenant with one integration, its products fetched."""
    empty_app.register()
    return empty_app
