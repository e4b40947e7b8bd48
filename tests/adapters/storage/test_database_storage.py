"""A third party tests on a database of its own: PostgreSQL, or a SQLite file."""

from pathlib import Path

import pytest

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.domain.errors import ConfigurationError
from credit_protection.testing import FakeErp, database_storage, make_tenant, samples
from tests.postgresql import NewDatabase


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    new_database: NewDatabase = request.getfixturevalue("new_database")
    return new_database()


def test_storage_is_migrated_and_closed_and_keeps_its_rows(url: str) -> None:
    with database_storage(url) as storage:
        tenant = make_tenant(storage, host=FakeErp())
        assert tenant.ports.storage is storage
        with storage.unit() as unit:
            unit.creditors.save(samples.creditor())
            unit.commit()
        assert isinstance(storage, SqlStorage)
        engine = storage._engine
        assert engine.pool.checkedin() > 0  # type: ignore[attr-defined] # a pool that counts
    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined] # likewise
    with database_storage(url) as again, again.read_only() as unit:
        assert unit.creditors.all() == [samples.creditor()]


def test_storage_is_closed_where_the_test_fails(url: str) -> None:
    used: list[SqlStorage] = []

    def fail() -> None:
        with database_storage(url) as storage:
            assert isinstance(storage, SqlStorage)
            used.append(storage)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert used[0]._engine.pool.checkedin() == 0  # type: ignore[attr-defined] # likewise


def test_database_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Confira"), database_storage(f"sqlite:///{tmp_path}/no/store.db"):
        pass  # pragma: no cover - not reached
