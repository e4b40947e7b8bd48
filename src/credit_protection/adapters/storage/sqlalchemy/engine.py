"""Engines: SQLite in WAL mode with explicit BEGINs, PostgreSQL through psycopg 3."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL

from credit_protection.adapters.postgresql import is_postgresql, libpq_url
from credit_protection.adapters.private_files import private_file
from credit_protection.adapters.sqlite import switch_to_wal
from credit_protection.adapters.storage.sqlalchemy.connection_failures import (
    BUSY_SECONDS,
    bad_options,
    connection_failure,
    require_known_options,
)
from credit_protection.domain.errors import ConfigurationError

_IDLE_AFTER = 1.0
_ISOLATION = "READ COMMITTED"
_POSTGRESQL = {"postgresql", "postgres"}


class WriteLock:
    """A lock that the thread which holds it can't acquire again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, or go on without it after the busy time-out."""
        thread = threading.get_ident()
        if self._owner == thread:
            raise RuntimeError("this thread has a writing unit open: commit or leave it before the next one")
        is_held = self._lock.acquire(timeout=BUSY_SECONDS)
        if is_held:
            self._owner = thread
        try:
            yield
        finally:
            if is_held:
                self._owner = None
                self._lock.release()


def make_engine(url: str, *, durable: bool = True) -> sa.Engine:
    """Make an engine of our own; url, durability and errors as for `SqlStorage`."""
    parsed = _parsed(url)
    try:
        engine = _postgresql(parsed) if parsed.get_backend_name() in _POSTGRESQL else _sqlite(parsed, durable=durable)
    except (ValueError, sa.exc.ArgumentError) as error:
        raise bad_options(parsed) from error
    _own_engines.add(engine)
    return engine


def _sqlite(url: URL, *, durable: bool) -> sa.Engine:
    require_known_options(url)
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,
        pool_size=5,
        max_overflow=50,
    )
    event.listen(engine, "do_connect", _create_privately)
    event.listen(engine, "connect", _set_up_sqlite)
    if not durable:
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
    return engine


def _postgresql(url: URL) -> sa.Engine:
    try:
        from credit_protection.adapters.storage.sqlalchemy.lightweight_cursor import (  # noqa: PLC0415 - optional
            LightweightCursor,
        )
    except ImportError as error:
        raise ConfigurationError(
            "O PostgreSQL precisa do psycopg. Instale-o: pip install 'credit-protection[postgresql]'. "
            f"(Falta: {error.name}.)",
            code="extra_ausente",
        ) from error
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level=_ISOLATION,
        connect_args={"cursor_factory": LightweightCursor},
        hide_parameters=True,  # error texts go to logs: no document in them
        pool_size=10,
        max_overflow=30,
        use_native_hstore=False,
    )
    _pre_ping_after_idle(engine)
    return engine


def require_connection(engine: sa.Engine) -> None:
    """Check that the database accepts connections; the `ConfigurationError` names the server, not its password."""
    try:
        engine.connect().close()
    except sa.exc.DBAPIError as error:
        raise connection_failure(engine, error) from error


def _forget_connections() -> None:
    """A forked child must not use its parent's connections: it opens its own."""
    for engine in _own_engines:
        engine.dispose(close=False)
    _write_locks.clear()  # a thread of the parent may have locked one


_own_engines: WeakSet[sa.Engine] = WeakSet()
_write_locks: WeakKeyDictionary[sa.Engine, WriteLock] = WeakKeyDictionary()
os.register_at_fork(after_in_child=_forget_connections)


def _parsed(url: str) -> URL:
    try:
        parsed = sa.make_url(libpq_url(url) if is_postgresql(url) else url)
    except sa.exc.ArgumentError:
        parsed = sa.make_url("none://")
    except ValueError:  # the port is no number; the error may quote a password
        raise bad_options(sa.make_url("none://")) from None
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


def _pre_ping_after_idle(engine: sa.Engine) -> None:
    """Ping a connection that was idle before it is used; a ping for every use would cost a round trip."""

    def note(_connection: object, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        record.info["idle_since"] = time.monotonic()

    def ping(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - psycopg's and SQLAlchemy's own
        now = time.monotonic()
        if now - record.info.get("idle_since", now) < _IDLE_AFTER:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError from error  # the pool opens another

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ping)


def _create_privately(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
    """The file has its final mode before SQLite opens it. Where it can't be made, SQLite's own error says more."""
    if not options.get("uri"):
        with suppress(OSError):
            private_file(Path(arguments[0]))


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Turn the driver's own BEGIN off: it would come too late, and be of the wrong kind."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        switch_to_wal(connection, BUSY_SECONDS)


def for_writing(engine: sa.Engine) -> sa.Engine:
    """The same engine for units that write: READ COMMITTED on PostgreSQL."""
    is_set = engine in _own_engines or engine.dialect.name != "postgresql"
    return engine if is_set else engine.execution_options(isolation_level=_ISOLATION)


def write_lock(engine: sa.Engine) -> AbstractContextManager[object]:
    """Serializes the writing units of one process on SQLite.

    SQLite has one writer at a time, and others poll it with sleeps; the threads of one process wait here instead. It
    saves time only: after a time-out the unit goes on, and SQLite's own lock decides.

    Raises:
        RuntimeError: this thread has a writing unit open, so it would wait for itself: a programming error.
    """
    if engine.dialect.name == "postgresql":
        return nullcontext()
    return _write_locks.setdefault(engine, WriteLock()).held()


def for_reading(engine: sa.Engine) -> sa.Engine:
    """The same engine for units that read.

    On PostgreSQL in autocommit: at READ COMMITTED each statement sees the same, and BEGIN and ROLLBACK would cost two
    round trips (and at a ROLLBACK psycopg drops its prepared statements).
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT") if engine.dialect.name == "postgresql" else engine


def begin(connection: sa.Connection, *, statement: str) -> sa.RootTransaction:
    """Begin a transaction.

    On SQLite a unit that reads before it writes fails after a plain BEGIN, when another unit wrote in between. The
    driver executes the statement (`BEGIN` for a snapshot, `BEGIN IMMEDIATE` to be the only writer): a listener on the
    engine would slow every statement.
    """
    transaction = connection.begin()
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.dbapi_connection
        if not raw.in_transaction:
            raw.execute(statement)
    return transaction
