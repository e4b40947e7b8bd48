import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.lightweight_cursor import LightweightCursor
from credit_protection.adapters.storage.sqlalchemy.tables import METADATA
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage import StorageContract
from tests.postgresql import NewDatabase

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def migrated(postgresql_url: str) -> Iterator[SqlStorage]:
    storage = SqlStorage(postgresql_url)
    storage.migrate()
    yield storage
    storage.close()


class TestPostgresql(StorageContract):
    is_concurrent = True

    @pytest.fixture
    def storage(self, migrated: SqlStorage, postgresql_url: str) -> SqlStorage:
        with psycopg.connect(postgresql_url) as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
            connection.execute("CREATE TABLE IF NOT EXISTS host_customer (name TEXT)")
            connection.execute("DELETE FROM host_customer")
        return migrated

    @pytest.fixture
    def host_connection(self, postgresql_url: str) -> Iterator[Any]:
        with psycopg.connect(postgresql_url) as connection:
            yield connection
            connection.rollback()

    def test_a_payment_committed_between_reading_and_marking_stays_unapplied(self, seeded: SqlStorage) -> None:
        with seeded.unit() as unit:
            unit.settlements.record("local", samples.settlement(), samples.NOW)
            unit.commit()
        with seeded.unit() as unit:
            assert len(unit.settlements.entries("local", ["invoice-1"])) == 1
            with seeded.unit() as host:
                host.settlements.record("local", samples.settlement("settlement-2"), samples.NOW)
                host.commit()
            assert len(unit.settlements.entries("local", ["invoice-1"])) == 2
            unit.settlements.mark_applied("local", ["invoice-1"], samples.NOW)
            unit.commit()
        with seeded.read_only() as unit:
            assert unit.settlements.unapplied(10) == [("local", "invoice-1")]

    def test_a_lock_waits_and_skip_locked_does_not(self, seeded: SqlStorage) -> None:
        with seeded.unit() as unit:
            unit.negativations.add(samples.negativation())
            unit.commit()
        order: list[str] = []

        def wait() -> None:
            with seeded.unit() as unit:
                unit.negativations.lock("negativation-1")
                order.append("second")

        with seeded.unit() as unit:
            unit.negativations.lock("negativation-1")
            waiter = threading.Thread(target=wait)
            waiter.start()
            with seeded.unit() as other:
                assert other.negativations.lock("negativation-1", skip_locked=True) is None
            # the lock does not block history, which refers to the row
            with seeded.unit() as other:
                other.negativations.append([samples.event()])
                other.commit()
            order.append("first")
        waiter.join(20)
        assert order == ["first", "second"]


def test_tables_can_be_in_a_schema_of_their_own(new_database: NewDatabase) -> None:
    url = new_database()
    storage = SqlStorage(url, schema="protecao")
    storage.migrate()
    storage.migrate()
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        unit.negativations.add(samples.full_negativation())
        unit.commit()
    with psycopg.connect(url) as connection:
        with storage.in_transaction_of(connection) as unit:
            unit.settlements.record("local", samples.settlement(), samples.NOW)
            unit.commit()
        connection.commit()
        found = connection.execute(
            "SELECT table_schema, count(*) FROM information_schema.tables WHERE table_name LIKE 'cp\\_%' GROUP BY 1"
        ).fetchall()
    assert found == [("protecao", len(METADATA.tables) + 1)]
    with storage.read_only() as unit:
        assert unit.negativations.get("negativation-1") == samples.full_negativation()
        assert unit.settlements.unapplied(10) == [("local", "invoice-1")]
        assert unit.negativations.next_due_at(samples.NOW) is not None
    storage.close()


def test_a_lightweight_cursor_describes_name_and_type_as_psycopgs_own(postgresql_url: str) -> None:
    query = "SELECT 1 AS one, 'a'::text AS \"ação\", NULL::timestamptz AS at"
    with psycopg.connect(postgresql_url) as connection:
        own, plain = psycopg.Cursor(connection), LightweightCursor(connection)
        for statement in (query, "SELECT 1 WHERE false", "SET TIME ZONE 'UTC'"):
            own.execute(statement)
            plain.execute(statement)
            expected = None if own.description is None else [tuple(column)[:2] for column in own.description]
            assert (None if plain.description is None else [column[:2] for column in plain.description]) == expected
        assert plain.execute(query).fetchone() == (1, "a", None)


def test_a_deferred_statement_that_fails_at_the_commit_is_rolled_back(
    migrated: SqlStorage,
) -> None:
    with migrated.unit() as unit:
        unit.watermarks.set("in vain", samples.NOW)
        unit.negativations.append([samples.event("unknown")])
        unit.audit.add(samples.audit_entry())
        with pytest.raises(sa.exc.IntegrityError) as failed:
            unit.commit()
    assert isinstance(failed.value.orig, psycopg.errors.ForeignKeyViolation)
    assert "Ana Souza" not in str(failed.value)
    for _ in range(20):  # more than the pool keeps
        with migrated.unit() as unit:
            assert unit.watermarks.get("in vain") is None
            unit.watermarks.set("then", samples.NOW)
            unit.commit()
