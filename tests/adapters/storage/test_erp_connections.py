"""The storage's whole contract over connections opened the way Tryton 8.0 and Odoo 19 open theirs."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from decimal import Decimal
from time import sleep
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg2.errors
import psycopg2.extensions
import pytest
from psycopg import sql

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.tables import METADATA
from credit_protection.ports.storage import HostTransactionRetry
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage import StorageContract
from credit_protection.testing.contracts.storage.units import host_names
from credit_protection.testing.contracts.threads import SHORT_WAIT, TIMEOUT, running_in_thread
from credit_protection.testing.tenants import sqlite_storage
from tests.adapters.storage.erp_connections import (
    ErpStorage,
    odoo_postgresql,
    sqlite_types,
    tryton_pool,
    tryton_postgresql,
    tryton_sqlite,
    tryton_sqlite_types,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from psycopg_pool import ConnectionPool


class TestTrytonOnSqlite(StorageContract):
    @pytest.fixture(autouse=True)
    def types(self) -> Iterator[None]:
        with tryton_sqlite_types():
            yield

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[ErpStorage]:
        file = tmp_path / "demo.sqlite"
        inner = sqlite_storage(file)
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE host_customer (name VARCHAR)")
        connection.close()
        storage = ErpStorage(inner, lambda: tryton_sqlite(file))
        yield storage
        storage.close()

    @pytest.fixture
    def host_connection(self, storage: ErpStorage) -> Iterator[sqlite3.Connection]:
        connection = storage.connect()
        yield connection
        connection.rollback()
        connection.close()

    def test_the_erps_connection_keeps_its_settings(self, storage: ErpStorage) -> None:
        with closing(storage.connect()) as erp:
            erp.execute("CREATE TABLE host_invoice (total NUMERIC, due DATE, at TIMESTAMP)")
            day, instant = date(2026, 10, 5), samples.NOW.replace(tzinfo=None)
            erp.execute("INSERT INTO host_invoice VALUES (?, ?, ?)", (Decimal("119.90"), day, instant))
            with storage.in_transaction_of(erp) as unit:
                unit.integrations.add(samples.integration())
                unit.commit()
            assert erp.execute("SELECT * FROM host_invoice").fetchall() == [(Decimal("119.90"), day, instant)]
            assert (erp.isolation_level, erp.row_factory, erp.in_transaction) == ("IMMEDIATE", None, True)
            erp.rollback()

    def test_no_column_type_of_ours_triggers_a_converter(self, storage: ErpStorage) -> None:
        names = {name.upper() for name in sqlite_types()[0]}
        with closing(storage.connect()) as erp:
            columns = [
                (table, column)
                for table in METADATA.tables
                for column in erp.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
            ]
        assert columns
        assert [each for each in columns if each[1][1].upper().split("(")[0] in names] == []


def test_tryton_types_are_unregistered_afterwards() -> None:
    before = [dict(registered) for registered in sqlite_types()]
    with tryton_sqlite_types():
        assert [dict(registered) for registered in sqlite_types()] != before
    assert [dict(registered) for registered in sqlite_types()] == before


@pytest.fixture(scope="module")
def migrated(postgresql_url: str) -> Iterator[SqlStorage]:
    storage = SqlStorage(postgresql_url)
    storage.migrate()
    yield storage
    storage.close()


@pytest.mark.postgresql
class OnPostgresql(StorageContract):
    is_concurrent = True

    @pytest.fixture
    def emptied(self, migrated: SqlStorage, postgresql_url: str) -> SqlStorage:
        with psycopg.connect(postgresql_url) as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
            connection.execute("CREATE TABLE IF NOT EXISTS host_customer (name TEXT)")
            connection.execute("DELETE FROM host_customer")
        return migrated

    @pytest.fixture
    def host_connection(self, storage: ErpStorage) -> Iterator[Any]:
        connection = storage.connect()
        yield connection
        connection.rollback()
        connection.close()

    # At REPEATABLE READ a request that waited for a lock must be retried; the tests below replace these.
    test_a_locked_negativation_is_not_changed_by_another_unit = None  # type: ignore[assignment]
    test_an_invoice_locked_by_a_unit_is_not_locked_by_another = None  # type: ignore[assignment]
    test_lock_for_invoices_leaves_out_one_that_was_closed_while_it_waited = None  # type: ignore[assignment]
    test_units_that_lock_the_same_invoices_never_deadlock = None  # type: ignore[assignment]
    test_concurrent_writers_lose_no_update = None  # type: ignore[assignment]

    serialization_failure: type[Exception]
    """The driver's own, after which the ERP retries the request."""

    def test_the_erp_gets_its_drivers_own_serialization_failure(self, seeded: ErpStorage) -> None:
        with seeded.unit() as unit:
            unit.negativations.add(samples.negativation())
            unit.commit()

        def change_a_stale_row() -> None:
            with seeded.unit() as mine:
                assert mine.watermarks.get("here") is None  # its snapshot begins here
                with seeded.unit() as others:
                    held = others.negativations.lock("negativation-1")
                    assert held is not None
                    others.negativations.save(held)
                    others.commit()
                mine.negativations.lock("negativation-1")

        with pytest.raises(HostTransactionRetry) as failure:
            change_a_stale_row()
        assert isinstance(failure.value.error, self.serialization_failure)

    def test_concurrent_requests_are_retried_and_lose_no_update(self, seeded: ErpStorage) -> None:
        threads, times = 3, 4
        with seeded.unit() as unit:
            unit.negativations.add(samples.negativation())
            unit.commit()

        def increment() -> None:
            with seeded.unit() as unit:
                unit.settlements.lock_invoices("local", ["invoice-1", "invoice-2"])
                held = unit.negativations.lock("negativation-1")
                assert held is not None
                unit.negativations.save(held)
                unit.commit()

        def count(_: int) -> None:
            for _ in range(times):
                self.retry(increment)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(count, range(threads), timeout=TIMEOUT))
        with seeded.read_only() as unit:
            assert unit.negativations.get("negativation-1").version == 1 + threads * times

    def test_a_settlement_committed_concurrently_is_recorded_once(self, storage: ErpStorage) -> None:
        tries = []

        def pay() -> None:
            with closing(storage.connect()) as erp:
                erp.cursor().execute("INSERT INTO host_customer VALUES ('paga')")
                tries.append("once more")
                if len(tries) == 1:
                    with storage.inner.unit() as sweep:
                        assert sweep.settlements.record("local", samples.settlement(), samples.NOW)
                        sweep.commit()
                with storage.in_transaction_of(erp) as unit:
                    assert not unit.settlements.record("local", samples.settlement(), samples.NOW)
                    unit.commit()
                erp.commit()

        self.retry(pay)
        assert len(tries) == 2
        with closing(storage.connect()) as erp:
            assert host_names(erp) == ["paga"]
        with storage.read_only() as unit:
            assert list(unit.settlements.entries("local", ["invoice-1"])) == [samples.settlement()]

    def test_a_request_that_waited_for_our_lock_is_retried(self, storage: ErpStorage) -> None:
        order: list[str] = []

        def wait() -> None:
            with storage.unit() as unit:
                unit.settlements.lock_invoices("local", ["invoice-1"])
                order.append("second")
                unit.commit()

        with storage.unit() as unit:
            unit.settlements.lock_invoices("local", ["invoice-1"])
            with running_in_thread(lambda: self.retry(wait)):
                sleep(SHORT_WAIT)
                order.append("first")
                unit.commit()
        assert order == ["first", "second"]

    def retry(self, request: Callable[[], None]) -> None:
        """As both ERPs do after a serialization failure."""
        for _ in range(50):
            try:
                return request()
            except HostTransactionRetry as failure:
                if not isinstance(failure.error, self.serialization_failure):
                    raise
        raise AssertionError("too often")


@pytest.fixture(scope="module")
def pool(postgresql_url: str) -> Iterator[ConnectionPool[Any]]:
    with tryton_pool(postgresql_url) as pool:
        yield pool


class TestTrytonOnPostgresql(OnPostgresql):
    serialization_failure = psycopg.errors.SerializationFailure

    @pytest.fixture
    def storage(self, emptied: SqlStorage, pool: ConnectionPool[Any]) -> ErpStorage:
        return ErpStorage(emptied, lambda: tryton_postgresql(pool))

    def test_the_erps_connection_keeps_its_settings(self, storage: ErpStorage) -> None:
        with closing(storage.connect()) as erp:
            with storage.in_transaction_of(erp) as unit:
                unit.integrations.add(samples.integration())
                unit.commit()
            assert (erp.isolation_level, erp.autocommit) == (psycopg.IsolationLevel.REPEATABLE_READ, False)
            row = erp.execute("""SELECT '{"__class__": "Decimal", "decimal": "1.10"}'::jsonb, 1.10, 'SP'""").fetchone()
            assert row == (Decimal("1.10"), Decimal("1.10"), "SP")
            assert erp.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)
            assert erp.execute("SHOW statement_timeout").fetchone() == ("20s",)
            assert type(erp.cursor()).__name__ == "_LoggingCursor"
            erp.rollback()


class TestOdoo(OnPostgresql):
    serialization_failure = psycopg2.errors.SerializationFailure

    @pytest.fixture
    def storage(self, emptied: SqlStorage, postgresql_url: str) -> ErpStorage:
        return ErpStorage(emptied, lambda: odoo_postgresql(postgresql_url))

    def test_the_erps_connection_keeps_its_settings(self, storage: ErpStorage) -> None:
        with closing(storage.connect()) as erp:
            with storage.in_transaction_of(erp) as unit:
                unit.integrations.add(samples.integration())
                unit.commit()
            cursor = erp.cursor()
            cursor.execute("SELECT 1.10, ARRAY[1.10], current_setting('transaction_isolation')")
            assert cursor.fetchone() == (1.10, [1.10], "repeatable read")
            assert type(cursor) is psycopg2.extensions.cursor
            erp.rollback()
