"""A payment recorded in the host's own transaction, over each driver: the customer's payment comes first.

What the host rolls back leaves no trace. A failure of ours refuses no payment: it is told in the log, the host's
transaction goes on, and the sweep makes it good. Where the database wants the host's transaction to be repeated, the
host gets its driver's own error, unchanged, to do what it does about such errors.
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

from credit_protection.adapters.storage.memory import MemoryStorage
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.errors import PermissionDenied
from credit_protection.domain.negativations import Desired
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.ports.storage import HostMustRetry
from tests.application.desk import PRICE, TODAY, Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.settlements import Entry
    from tests.postgresql import NewDatabase

PATIENCE = 60
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
        desk: a tenant whose records live in the ERP's database.
        connect: opens a session as this ERP does.
    """

    def __init__(self, desk: Desk, connect: Callable[[], Any]) -> None:
        self.desk = desk
        self.connect = connect
        desk.register()
        with closing(connect()) as session:
            run(session, "CREATE TABLE host_invoice (id VARCHAR(9) PRIMARY KEY, paid INTEGER NOT NULL)")
            run(session, "INSERT INTO host_invoice VALUES ('i1', 0), ('i2', 0)")
            session.commit()

    def pay(self, session: Any, entry: Settlement) -> bool:  # noqa: ANN401 - a DBAPI connection
        """The ERP's own write, and what it tells us within the same transaction."""
        run(session, f"UPDATE host_invoice SET paid = 1 WHERE id = '{entry.invoice_id}'")  # noqa: S608 - a test's own
        return self.desk.payments.record(SYSTEM, entry, connection=session)

    def paid(self) -> list[str]:
        """The invoices that the ERP holds to be paid."""
        with closing(self.connect()) as session:
            return [row[0] for row in run(session, "SELECT id FROM host_invoice WHERE paid = 1 ORDER BY id")]

    def ledger(self) -> list[Entry]:
        with self.desk.storage.reading() as unit:
            return list(unit.settlements.entries(self.desk.erp.code, ["i1", "i2"]))


def run(session: Any, sql: str) -> list[Any]:  # noqa: ANN401 - a DBAPI connection
    cursor = session.cursor()
    cursor.execute(sql)
    return list(cursor.fetchall()) if cursor.description else []


def begin_with_a_look(session: Any) -> None:  # noqa: ANN401 - a DBAPI connection
    """The session's transaction begins, and sees the database as it is now."""
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
        yield Host(Desk(request.getfixturevalue("sqlite")), lambda: sqlite3.connect(path, timeout=0))
        return
    from credit_protection.adapters.storage.sqlalchemy import SqlStorage  # noqa: PLC0415 - not for every parameter

    new_database: NewDatabase = request.getfixturevalue("new_database")
    url = new_database()
    storage = SqlStorage(url)
    storage.migrate()
    session = psycopg_session if request.param == "psycopg" else psycopg2_session
    yield Host(Desk(storage), lambda: session(url))
    storage.close()


# ------------------------------------------------------------------------------------------------ the host decides


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_what_the_host_rolls_back_leaves_no_trace(host: Host) -> None:
    held = host.desk.included("i1")
    trail = host.desk.acts()
    with closing(host.connect()) as session:
        assert host.pay(session, payment())
        session.rollback()
    assert host.desk.payments.committed().invoices == 0
    assert (host.ledger(), host.paid(), host.desk.acts()) == ([], [], trail)
    assert host.desk.get(held).desired is Desired.INCLUDED


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_what_the_host_commits_is_applied_after_it(host: Host) -> None:
    held = host.desk.included("i1")
    with closing(host.connect()) as session:
        assert host.pay(session, payment())
        assert host.ledger() == []  # nobody sees it yet
        session.commit()
    assert host.desk.payments.committed().turned == [held.id]
    assert (host.ledger(), host.paid()) == ([payment()], ["i1"])
    assert host.desk.get(held).desired is Desired.REMOVED


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
def test_our_failure_refuses_no_payment_is_told_of_and_made_good_by_the_sweep(
    host: Host,
    failure: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    held = host.desk.included("i1")
    monkeypatch.setattr(SqlSettlements, "record", failure)
    with closing(host.connect()) as session:
        assert not host.pay(session, host.desk.erp.pay("i1", TODAY))
        run(session, "UPDATE host_invoice SET paid = 1 WHERE id = 'i2'")  # its transaction goes on
        session.commit()
    monkeypatch.undo()
    assert host.paid() == ["i1", "i2"]
    assert host.ledger() == []
    assert "i1" in caplog.text
    assert "pay-1" in caplog.text
    assert host.desk.sweep.run().told_by_host == 1
    assert host.desk.get(held).desired is Desired.REMOVED


@pytest.mark.parametrize("host", DRIVERS, indirect=True)
def test_tables_of_ours_that_are_gone_refuse_no_payment(host: Host) -> None:
    with closing(host.connect()) as session:
        run(session, "DROP TABLE cp_settlement")
        session.commit()
        assert not host.pay(session, payment())
        session.commit()
    assert host.paid() == ["i1"]


@pytest.mark.parametrize("host", ON_POSTGRESQL, indirect=True)
def test_a_transaction_that_the_host_broke_before_is_the_hosts_own_affair(host: Host) -> None:
    with closing(host.connect()) as session:
        with pytest.raises(Exception, match="no_such_table"):
            run(session, "SELECT * FROM no_such_table")
        assert not host.desk.payments.record(SYSTEM, payment(), connection=session)
        session.rollback()
        assert host.pay(session, payment())
        session.commit()
    assert host.paid() == ["i1"]


def test_a_storage_that_can_not_join_refuses_no_payment(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(MemoryStorage())
    assert not desk.payments.record(SYSTEM, payment(), connection=object())
    assert "Use SQLite ou PostgreSQL" in caplog.text


def test_who_may_not_record_is_refused_before_anything_is_touched(sqlite: SqlStorage) -> None:
    attendant = Actor.with_role("davi", "Davi", "atendente")
    with pytest.raises(PermissionDenied):
        Desk(sqlite).payments.record(attendant, payment(), connection=object())


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
def test_a_serialization_failure_goes_up_to_the_host_as_its_driver_raised_it(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(host.connect()) as session:
        begin_with_a_look(session)
        host.desk.payments.record(SYSTEM, payment())  # our sweep tells the same, and commits first
        with pytest.raises(SERIALIZATION[driver_of(session)]) as raised:
            host.pay(session, payment())
        assert type(raised.value) is SERIALIZATION[driver_of(session)]
        assert raised.value.__cause__ is None
        session.rollback()
        assert not host.pay(session, payment())  # the host's retry: it is there already
        session.commit()
    assert host.paid() == ["i1"]
    assert host.ledger() == [payment()]
    assert "was not recorded" not in caplog.text


@pytest.mark.parametrize("host", ON_POSTGRESQL, indirect=True)
def test_a_deadlock_goes_up_to_one_host_and_the_other_goes_on(host: Host) -> None:
    one, other = payment("p1", "i1"), payment("p2", "i2")
    both_hold_one = threading.Barrier(2)

    def tell(first: Settlement, second: Settlement) -> Exception | None:
        with closing(host.connect()) as session:
            try:
                host.desk.payments.record(SYSTEM, first, connection=session)
                both_hold_one.wait(PATIENCE)
                host.desk.payments.record(SYSTEM, second, connection=session)
                session.commit()
            except (psycopg.Error, psycopg2.Error) as error:
                session.rollback()
                return error
            return None

    with ThreadPoolExecutor(2) as threads:
        told = [threads.submit(tell, one, other), threads.submit(tell, other, one)]
        errors = [error for each in told if (error := each.result(PATIENCE)) is not None]
    kinds = {DEADLOCK["psycopg"], DEADLOCK["psycopg2"], *SERIALIZATION.values()}
    assert any(type(error) in {DEADLOCK["psycopg"], DEADLOCK["psycopg2"]} for error in errors)
    assert {type(error) for error in errors} <= kinds  # the other may find that it must begin anew too
    with closing(host.connect()) as session:
        for each in (one, other):
            host.desk.payments.record(SYSTEM, each, connection=session)
        session.commit()
    assert sorted(map(repr, host.ledger())) == sorted(map(repr, [one, other]))


@pytest.mark.parametrize("host", ["sqlite3"], indirect=True)
def test_a_busy_sqlite_goes_up_to_the_host(host: Host) -> None:
    with closing(host.connect()) as session, closing(host.connect()) as writer:
        run(writer, "UPDATE host_invoice SET paid = 0")  # holds the file
        with pytest.raises(sqlite3.OperationalError) as raised:
            host.desk.payments.record(SYSTEM, payment(), connection=session)
        assert type(raised.value) is sqlite3.OperationalError
        assert raised.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
        writer.rollback()
        assert host.pay(session, payment())
        session.commit()
    assert host.paid() == ["i1"]


@pytest.mark.parametrize("host", ["sqlite3"], indirect=True)
def test_a_sqlite_that_others_changed_since_the_host_looked_goes_up_to_it_too(host: Host) -> None:
    with closing(host.connect()) as session, closing(host.connect()) as writer:
        run(session, "BEGIN")
        begin_with_a_look(session)
        run(writer, "INSERT INTO host_invoice VALUES ('i9', 0)")
        writer.commit()
        with pytest.raises(sqlite3.OperationalError) as raised:
            host.desk.payments.record(SYSTEM, payment(), connection=session)
        assert raised.value.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
        session.rollback()
        assert host.pay(session, payment())
        session.commit()
    assert host.ledger() == [payment()]


@pytest.mark.parametrize("host", ["sqlite3"], indirect=True)
def test_who_joins_by_the_port_is_told_by_an_error_of_the_port(host: Host) -> None:
    with closing(host.connect()) as session, closing(host.connect()) as writer:
        run(writer, "UPDATE host_invoice SET paid = 0")

        def join() -> None:
            with host.desk.storage.joined(session):
                raise AssertionError("it can't begin")

        with pytest.raises(HostMustRetry) as raised:
            join()
        assert isinstance(raised.value.error, sqlite3.OperationalError)
        writer.rollback()
