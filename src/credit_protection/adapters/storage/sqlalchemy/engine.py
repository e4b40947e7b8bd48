"""Engines: SQLite in WAL mode with explicit BEGINs, PostgreSQL through psycopg 3."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

import sqlalchemy as sa
from sqlalchemy import event

from credit_protection.domain.errors import ConfigurationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import URL

BUSY_SECONDS = 30
"""How long a writer waits for another on SQLite."""
_RESTED_AFTER = 1.0
_ISOLATION = "READ COMMITTED"
_POSTGRESQL = {"postgresql", "postgres"}


def make_engine(url: str) -> sa.Engine:
    """Make an engine of our own.

    Args:
        url: `sqlite:///path/to/file.db` or `postgresql://user:password@host/database`.

    Raises:
        ConfigurationError: another database, or SQLite without a file.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() in _POSTGRESQL:
        from credit_protection.adapters.storage.sqlalchemy.plain_cursor import PlainCursor  # noqa: PLC0415 - optional

        engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            isolation_level=_ISOLATION,
            connect_args={"cursor_factory": PlainCursor},
            hide_parameters=True,  # an error's text goes to logs: no document in it
            pool_size=10,
            max_overflow=30,
            use_native_hstore=False,
        )
        _ping_after_rest(engine)
    else:
        engine = sa.create_engine(
            parsed.set(drivername="sqlite+pysqlite"),
            connect_args={"timeout": BUSY_SECONDS},
            hide_parameters=True,
            pool_size=5,
            max_overflow=50,
        )
        event.listen(engine, "connect", _set_up_sqlite)
    _ours.add(engine)
    return engine


def _forget_connections() -> None:
    """A forked child leaves its parent's connections alone, and makes its own."""
    for engine in _ours:
        engine.dispose(close=False)
    _turns.clear()  # one may have been held by a thread that was left behind


_ours: WeakSet[sa.Engine] = WeakSet()
_turns: WeakKeyDictionary[sa.Engine, threading.RLock] = WeakKeyDictionary()
os.register_at_fork(after_in_child=_forget_connections)


def _parsed(url: str) -> URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        parsed = sa.make_url("none://")
    backend = parsed.get_backend_name()
    if backend != "sqlite" and backend not in _POSTGRESQL:
        raise ConfigurationError(
            "O endereço do banco deve começar com sqlite:/// ou postgresql://. Corrija a configuração do banco.",
            code="banco_desconhecido",
        )
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError(
            "O SQLite precisa de um arquivo: sqlite:///caminho/arquivo.db. Corrija a configuração do banco.",
            code="banco_sem_arquivo",
        )
    return parsed


def _ping_after_rest(engine: sa.Engine) -> None:
    """Ask a connection that rested whether its server is still there; asking each time would cost a round trip."""

    def note(_connection: object, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        record.info["rests_since"] = time.monotonic()

    def ask(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - psycopg's and SQLAlchemy's own
        now = time.monotonic()
        if now - record.info.get("rests_since", now) < _RESTED_AFTER:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError from error  # the pool makes another

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ask)


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """We say BEGIN ourselves: the driver's own would come too late, and be of the wrong kind."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _switch_to_wal(connection)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The busy time-out does not cover this switch: wait for others who are about it too."""
    import sqlite3  # noqa: PLC0415 - not needed where PostgreSQL is used

    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


def writing(engine: sa.Engine) -> sa.Engine:
    """The same engine for units that write: READ COMMITTED on PostgreSQL."""
    is_set = engine in _ours or engine.dialect.name != "postgresql"
    return engine if is_set else engine.execution_options(isolation_level=_ISOLATION)


def turn(engine: sa.Engine) -> AbstractContextManager[object]:
    """To be held around a unit that writes.

    SQLite has one writer at a time, and the others ask again and again, with sleeps between. The threads of one process
    need not: they take turns here. It is no lock that anything rests on: who waits too long goes on, and asks SQLite.
    """
    if engine.dialect.name == "postgresql":
        return nullcontext()
    return _in_turn(_turns.setdefault(engine, threading.RLock()))


@contextmanager
def _in_turn(lock: threading.RLock) -> Iterator[None]:
    is_held = lock.acquire(timeout=BUSY_SECONDS)
    try:
        yield
    finally:
        if is_held:
            lock.release()


def reading(engine: sa.Engine) -> sa.Engine:
    """The same engine for units that read.

    On PostgreSQL each statement stands alone: at READ COMMITTED it sees the same, and BEGIN and ROLLBACK would be two
    round trips more (and at a ROLLBACK psycopg forgets every statement that it has prepared).
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT") if engine.dialect.name == "postgresql" else engine


def begin(connection: sa.Connection, *, how: str) -> sa.RootTransaction:
    """Begin a transaction: on SQLite in this way, since a plain BEGIN suits no unit that reads before it writes.

    It fails at once when another wrote between. Said to the driver: a listener on the engine would slow each statement.

    Args:
        connection: in no transaction.
        how: `BEGIN` for a snapshot, `BEGIN IMMEDIATE` to be the only writer.
    """
    begun = connection.begin()
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.dbapi_connection
        if not raw.in_transaction:
            raw.execute(how)
    return begun
