"""The contract of external transactions over the drivers, isolation levels, row factories and converters of hosts."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any, cast

import psycopg
import psycopg2
import psycopg2.extras
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.domain.errors import ConfigurationError
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.units import ExternalTransactionsContract
from credit_protection.testing.tenants import sqlite_storage

Connect = Callable[[], sqlite3.Connection]


def by_name(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


class _Named(dict[str, Any]):
    """A row by name that the contract can also read by position."""

    def __missing__(self, key: Any) -> Any:  # noqa: ANN401 - a position
        return list(self.values())[key]


class OverSqlite(ExternalTransactionsContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "store.db"

    @pytest.fixture
    def storage(self, file: Path) -> Iterator[SqlStorage]:
        storage = sqlite_storage(file)
        yield storage
        storage.close()

    def connect(self, file: Path) -> sqlite3.Connection:
        raise NotImplementedError

    @pytest.fixture
    def host_connection(self, storage: SqlStorage, file: Path) -> Iterator[sqlite3.Connection]:  # noqa: ARG002 - made first
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE host_customer (name TEXT)")
        connection.close()
        connection = self.connect(file)
        yield connection
        connection.rollback()
        connection.close()


class TestImmediateSqlite(OverSqlite):
    def connect(self, file: Path) -> sqlite3.Connection:
        return sqlite3.connect(file, isolation_level="IMMEDIATE")


class TestSqliteWithItsOwnConvertersAndRows(OverSqlite):
    def connect(self, file: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(file, detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES)
        connection.row_factory = lambda cursor, row: _Named(by_name(cursor, row))
        return connection


class TestSqliteInAutocommitWithItsOwnBegin(OverSqlite):
    def connect(self, file: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("BEGIN")
        return connection


class TestSqliteRowObjects(OverSqlite):
    def connect(self, file: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(file)
        connection.row_factory = sqlite3.Row
        return connection

    def test_a_host_without_an_open_transaction_still_commits_itself(self, storage: SqlStorage, file: Path) -> None:
        for host in (sqlite3.connect(file), sqlite3.connect(file, isolation_level=None)):
            with storage.in_transaction_of(host) as unit:
                assert unit.settlements.record("local", samples.settlement(), samples.NOW)
                unit.commit()
            assert host.in_transaction
            host.rollback()
            with storage.read_only() as unit:
                assert unit.settlements.unapplied(10) == []
            host.close()


@pytest.fixture(scope="module")
def migrated(postgresql_url: str) -> Iterator[SqlStorage]:
    storage = SqlStorage(postgresql_url)
    storage.migrate()
    yield storage
    storage.close()


@pytest.mark.postgresql
class OverPostgresql(ExternalTransactionsContract):
    @pytest.fixture
    def storage(self, migrated: SqlStorage, postgresql_url: str) -> SqlStorage:
        with psycopg.connect(postgresql_url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS host_customer (name TEXT)")
            connection.execute("TRUNCATE host_customer, cp_settlement, cp_recheck, cp_creditor, cp_integration CASCADE")
        return migrated

    def connect(self, url: str) -> Any:  # noqa: ANN401 - a DBAPI connection
        raise NotImplementedError

    @pytest.fixture
    def host_connection(self, postgresql_url: str) -> Iterator[Any]:
        connection = self.connect(postgresql_url)
        yield connection
        connection.rollback()
        connection.close()


class TestPsycopgInBrasiliaWithNamedRows(OverPostgresql):
    def connect(self, url: str) -> Any:  # noqa: ANN401 - a DBAPI connection
        connection = psycopg.connect(url, options="-c TimeZone=America/Sao_Paulo")
        connection.row_factory = cast(Any, lambda cursor: lambda row: _Named(dict_row(cursor)(row)))
        return connection

    def test_instants_come_back_in_utc(self, storage: SqlStorage, transaction: Any) -> None:  # noqa: ANN401
        with storage.in_transaction_of(transaction) as unit:
            unit.watermarks.set("here", samples.NOW)
            at = unit.watermarks.get("here")
        assert at is not None
        assert at.tzinfo is UTC

    def test_a_refused_statement_leaves_the_hosts_transaction_usable(
        self,
        storage: SqlStorage,
        transaction: Any,  # noqa: ANN401
    ) -> None:
        broken = replace(samples.settlement())
        object.__setattr__(broken, "invoice_id", None)  # as no settlement can be made

        def record() -> None:
            with storage.in_transaction_of(transaction) as unit:
                unit.settlements.record("local", broken, samples.NOW)

        with pytest.raises(sa.exc.IntegrityError):
            record()
        transaction.cursor().execute("INSERT INTO host_customer VALUES ('viva')")
        transaction.commit()


class TestPsycopg2(OverPostgresql):
    def connect(self, url: str) -> Any:  # noqa: ANN401 - a DBAPI connection
        return psycopg2.connect(url)


class TestPsycopg2WithNamedRows(OverPostgresql):
    def connect(self, url: str) -> Any:  # noqa: ANN401 - a DBAPI connection
        return psycopg2.connect(url, cursor_factory=psycopg2.extras.DictCursor)


def test_a_wrapped_connection_is_unwrapped(tmp_path: Path) -> None:
    storage = SqlStorage(f"sqlite:///{tmp_path / 'store.db'}")
    storage.migrate()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as host, storage.in_transaction_of(host.connection) as unit:
        assert unit.settlements.record("local", samples.settlement(), samples.NOW)
        unit.commit()
    with storage.read_only() as unit:
        assert unit.settlements.unapplied(10) == [("local", "invoice-1")]
    engine.dispose()
    storage.close()


def test_another_drivers_connection_is_refused(tmp_path: Path) -> None:
    storage = SqlStorage(f"sqlite:///{tmp_path / 'store.db'}")
    with pytest.raises(ConfigurationError), storage.in_transaction_of(object()):
        pass
