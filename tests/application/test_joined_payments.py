"""A payment recorded in the host's own transaction, over each driver: the customer's payment comes first.

A payment that the host rolls back leaves no trace. A failure of ours refuses no payment: it is logged, the host's
transaction stays usable, and the sweep records the payment. Where the database wants the host's transaction retried,
the host gets its driver's own error, unchanged.
"""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest
from psycopg import IsolationLevel

from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.application.payments import RecordResult
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.domain.state_table import Desired
from credit_protection.ports.storage import HostTransactionRetry
from tests.application.app import PRICE, TODAY, AppFixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.settlements import Entry
    from tests.postgresql import NewDatabase

TIMEOUT = 60
DRIVERS = [
    pytest.param("psycopg", marks=pytest.mark.postgresql),
    pytest.param("psycopg2", marks=pytest.mark.postgresql),
    "sqlite3",
]
ON_POSTGRESQL = DRIVERS[:2]


def payment(number: str = "p1", invoice_id: str = "i1") -> Settlement:
    return Settlement(number, invoice_id, SettlementKind.PAYMENT, TODAY, PRICE)


class Host:
    """An ERP with a table of its own beside ours.

    Args:
        app: a tenant whose records live in the ERP's database.
        connect: opens a session as this ERP does.
    """

    def __init__(self, app: AppFixture, connect: Callable[[], Any]) -> None:
        self.app = app
        self.connect = connect
        app.register()
        with closing(connect()) as session:
            run(session, "CREATE TABLE host_invoice (id VARCHAR(9) PRIMARY KEY, paid INTEGER NOT NULL)")
            run(session, "INSERT INTO host_invoice VALUES ('i1', 0), ('i2', 0)")
            session.commit()

    def pay(self, session: Any, entry: Settlement, actor: Actor = SYSTEM) -> RecordResult:  # noqa: ANN401 - a DBAPI connection
        """The ERP's own write, and its report to us within the same transaction."""
        run(session, f"UPDATE host_invoice SET paid = 1 WHERE id = '{entry.invoice_id}'")  # noqa: S608 - a test's own
        return self.app.payments.record(actor, entry, connection=session)

    def paid(self) -> list[str]:
        """The invoices that are paid in the ERP."""
        with closing(self.connect()) as session:
            return [row[0] for row in run(session, "SELECT id FROM host_invoice WHERE paid = 1 ORDER BY id")]

    def ledger(self) -> list[Entry]:
        with self.app.storage.read_only() as unit:
            return list(unit.settlements.entries(self.app.erp.code, ["i1", "i2"]))


def run(session: Any, sql: str) -> list[Any]:  # noqa: ANN401 - a DBAPI connection
    cursor = session.cursor()
    cursor.execute(sql)
    return list(cursor.fetchall()) if cursor.description else []


def begin_reading(session: Any) -> None:  # noqa: ANN401 - a DBAPI connection
    """Begin the session's transaction: it sees the database as it is now."""
    run(session, "SELECT count(*) FROM cp_settlement")


def psycopg_session(url: str) -> psycopg.Connection[Any]:
    session = psycopg.connect(url)
    session.isolation_level = IsolationLevel.REPEATABLE_READ
    return session


def psycopg2_session(url: str) -> Any:  # noqa: ANN401 - a DBAPI connection
    session = psycopg2.connect(url)
    session.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ)
    return session


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Parametrised by its driver."""
    if request.param == "sqlite3":
        path: Path = request.getfixturevalue("database")
        yield Host(AppFixture(request.getfixturevalue("sqlite")), lambda: sqlite3.connect(path, timeout=0))
        return
    from credit_protection.adapters.storage.sqlalchemy import SqlStorage  # noqa: PLC0415 - not for every parameter

    new_database: NewDatabase = request.getfixturevalue("new_database")
    url = new_database()
    storage = SqlStorage(url)
    storage.migrate()
    session = psycopg_session if request.param == "psycopg" else psycopg2_session
    yield Host(AppFixture(storage), lambda: session(url))
    storage.close()


# ------------------------------------------------------------------------------------------------ the host decides


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_payment_rolled_back_by_the_host_leaves_no_trace(host: Host) -> None:
    included = host.app.included("i1")
    trail = host.app.acts()
    with closing(host.connect()) as session:
        assert host.pay(session, payment()) is RecordResult.RECORDED
        session.rollback()
    assert host.app.payments.after_commit().invoices == 0
    assert (host.ledger(), host.paid(), host.app.acts()) == ([], [], trail)
    assert host.app.get(included).desired is Desired.INCLUDED


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_payment_committed_by_the_host_is_audited_and_applied_afterwards(host: Host) -> None:
    included = host.app.included("i1")
    with closing(host.connect()) as session:
        assert host.pay(session, payment()) is RecordResult.RECORDED
        assert host.pay(session, payment()) is RecordResult.REPEATED
        assert host.ledger() == []  # invisible before the commit
        session.commit()
    assert host.app.get(included).desired is Desired.INCLUDED
    (entry,) = host.app.audit("p1")
    assert (entry.act, entry.actor_id, entry.after) == ("payment.record", "system", {"invoice": "i1"})
    assert host.app.payments.after_commit().changed_negativation_ids == [included.id]
    assert (host.ledger(), host.paid()) == ([payment()], ["i1"])
    assert host.app.get(included).desired is Desired.REMOVED


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_sweep_applies_a_commit_that_was_not_reported(host: Host) -> None:
    included = host.app.included("i1")
    with closing(host.connect()) as session:
        host.pay(session, payment())
        session.commit()
    assert host.app.sweep.run().applied == 1
    assert host.app.get(included).desired is Desired.REMOVED


# ------------------------------------------------------------------------------------------------ our failures


def refuse_by_the_database(self: SqlSettlements, *_: object) -> bool:
    self._transaction.connection.exec_driver_sql("SELECT no_such_column FROM cp_settlement")
    raise AssertionError("it is there")


def write_and_then_fail(self: SqlSettlements, *_: object) -> bool:
    self._transaction.connection.exec_driver_sql("DELETE FROM host_invoice")
    raise ZeroDivisionError("a fault of ours")


FAILURES = [refuse_by_the_database, write_and_then_fail]


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
@pytest.mark.parametrize("failure", FAILURES)
def test_our_failure_refuses_no_payment_is_logged_and_the_sweep_records_the_payment(
    host: Host,
    failure: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    included = host.app.included("i1")
    monkeypatch.setattr(SqlSettlements, "record", failure)
    with closing(host.connect()) as session:
        assert host.pay(session, host.app.erp.pay("i1", TODAY)) is RecordResult.FAILED
        run(session, "UPDATE host_invoice SET paid = 1 WHERE id = 'i2'")  # its transaction is usable
        session.commit()
    monkeypatch.undo()
    assert host.paid() == ["i1", "i2"]
    assert host.ledger() == []
    assert "i1" in caplog.text
    assert "pay-1" in caplog.text
    assert host.app.sweep.run().found_by_polling == 1
    assert host.app.get(included).desired is Desired.REMOVED


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_connection_to_a_database_without_our_tables_refuses_no_payment(host: Host) -> None:
    with closing(host.connect()) as session:
        run(session, "DROP TABLE cp_settlement")
        session.commit()
        assert host.pay(session, payment()) is RecordResult.WRONG_CONNECTION
        session.commit()
    assert host.paid() == ["i1"]


@pytest.mark.parametrize("host", ON_POSTGRESQL, indirect=True)
def test_transaction_that_the_host_aborted_before_fails_without_an_exception(host: Host) -> None:
    with closing(host.connect()) as session:
        with pytest.raises(Exception, match="no_such_table"):
            run(session, "SELECT * FROM no_such_table")
        assert host.app.payments.record(SYSTEM, payment(), connection=session) is RecordResult.FAILED
        session.rollback()
        assert host.pay(session, payment()) is RecordResult.RECORDED
        session.commit()
    assert host.paid() == ["i1"]


@pytest.mark.parametrize("actor", [SYSTEM, Actor.with_role("davi", "Davi", "atendente")], ids=["system", "attendant"])
def test_connection_of_an_unknown_driver_refuses_no_payment(
    sqlite: SqlStorage, caplog: pytest.LogCaptureFixture, actor: Actor
) -> None:
    app = AppFixture(sqlite)
    assert app.payments.record(actor, payment(), connection=object()) is RecordResult.WRONG_CONNECTION
    assert "psycopg, psycopg2 ou sqlite3" in caplog.text


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_actor_without_permission_refuses_no_payment_and_is_audited(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    attendant = Actor.with_role("davi", "Davi", "atendente")
    with closing(host.connect()) as session:
        assert host.pay(session, payment(), attendant) is RecordResult.NOT_PERMITTED
        session.commit()
    assert (host.paid(), host.ledger()) == (["i1"], [])
    assert [(entry.act, entry.actor_id) for entry in host.app.audit("p1")] == [("payment.not_permitted", "davi")]
    assert "davi may not record payments" in caplog.text


# ------------------------------------------------------------------------------------------------ the host must retry


SERIALIZATION: dict[str, type[Exception]] = {
    "psycopg": psycopg.errors.SerializationFailure,
    "psycopg2": psycopg2.errors.SerializationFailure,
}
DEADLOCK: dict[str, type[Exception]] = {
    "psycopg": psycopg.errors.DeadlockDetected,
    "psycopg2": psycopg2.errors.DeadlockDetected,
}


def driver_of(session: object) -> str:
    return type(session).__module__.partition(".")[0]


@pytest.mark.parametrize("host", ON_POSTGRESQL, indirect=True)
def test_serialization_failure_reaches_the_host_as_its_driver_raised_it(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(host.connect()) as session:
        begin_reading(session)
        host.app.payments.record(SYSTEM, payment())  # our sweep records the same, and commits first
        with pytest.raises(SERIALIZATION[driver_of(session)]) as raised:
            host.pay(session, payment())
        assert type(raised.value) is SERIALIZATION[driver_of(session)]
        assert raised.value.__cause__ is None
        session.rollback()
        assert host.pay(session, payment()) is RecordResult.REPEATED  # in the host's retry
        session.commit()
    assert host.paid() == ["i1"]
    assert host.ledger() == [payment()]
    assert "was not recorded" not in caplog.text


@pytest.mark.parametrize("host", ON_POSTGRESQL, indirect=True)
def test_deadlock_reaches_one_host_and_the_other_continues(host: Host) -> None:
    one, other = payment("p1", "i1"), payment("p2", "i2")
    both_have_one = threading.Barrier(2)

    def record(first: Settlement, second: Settlement) -> Exception | None:
        with closing(host.connect()) as session:
            try:
                host.app.payments.record(SYSTEM, first, connection=session)
                both_have_one.wait(TIMEOUT)
                host.app.payments.record(SYSTEM, second, connection=session)
                session.commit()
            except (psycopg.Error, psycopg2.Error) as error:
                session.rollback()
                return error
            return None

    with ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(record, one, other), threads.submit(record, other, one)]
        errors = [error for each in futures if (error := each.result(TIMEOUT)) is not None]
    kinds = {DEADLOCK["psycopg"], DEADLOCK["psycopg2"], *SERIALIZATION.values()}
    assert any(type(error) in {DEADLOCK["psycopg"], DEADLOCK["psycopg2"]} for error in errors)
    assert {type(error) for error in errors} <= kinds  # the other may have to be retried too
    with closing(host.connect()) as session:
        for each in (one, other):
            host.app.payments.record(SYSTEM, each, connection=session)
        session.commit()
    assert sorted(map(repr, host.ledger())) == sorted(map(repr, [one, other]))


@pytest.mark.parametrize("host", ["sqlite3"], indirect=True)
def test_busy_sqlite_file_reaches_the_host(host: Host) -> None:
    with closing(host.connect()) as session, closing(host.connect()) as writer:
        run(writer, "UPDATE host_invoice SET paid = 0")  # locks the file
        with pytest.raises(sqlite3.OperationalError) as raised:
            host.app.payments.record(SYSTEM, payment(), connection=session)
        assert type(raised.value) is sqlite3.OperationalError
        assert raised.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
        writer.rollback()
        assert host.pay(session, payment()) is RecordResult.RECORDED
        session.commit()
    assert host.paid() == ["i1"]


@pytest.mark.parametrize("host", ["sqlite3"], indirect=True)
def test_sqlite_snapshot_that_is_outdated_reaches_the_host(host: Host) -> None:
    with closing(host.connect()) as session, closing(host.connect()) as writer:
        run(session, "BEGIN")
        begin_reading(session)
        run(writer, "INSERT INTO host_invoice VALUES ('i9', 0)")
        writer.commit()
        with pytest.raises(sqlite3.OperationalError) as raised:
            host.app.payments.record(SYSTEM, payment(), connection=session)
        assert raised.value.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
        session.rollback()
        assert host.pay(session, payment()) is RecordResult.RECORDED
        session.commit()
    assert host.ledger() == [payment()]


@pytest.mark.parametrize("host", ["sqlite3"], indirect=True)
def test_port_raises_its_own_error_where_the_host_must_retry(host: Host) -> None:
    with closing(host.connect()) as session, closing(host.connect()) as writer:
        run(writer, "UPDATE host_invoice SET paid = 0")

        def join() -> None:
            with host.app.storage.in_transaction_of(session):
                raise AssertionError("it can't begin")

        with pytest.raises(HostTransactionRetry) as raised:
            join()
        assert isinstance(raised.value.error, sqlite3.OperationalError)
        writer.rollback()
