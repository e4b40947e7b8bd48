"""Publishes wake-ups as Procrastinate jobs, on connections of its own: never inside a host's transaction."""

import logging
import math
import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import procrastinate
import psycopg
from procrastinate.schema import SchemaManager

from credit_protection.adapters.postgresql import libpq_url, session_options

FETCH_DUE = "credit_protection_fetch_due"
"""Queue and task: one process fetches the due rows."""
SWEEP = "credit_protection_sweep"
"""Queue and task: one process sweeps."""
_CONNECTIONS = 2
_TIMEOUT_SECONDS = 3
_RETRY_AFTER_FAILURE = 5.0
_SCHEMA_LOCK = 0x63705F71  # "cp_q"
_SCHEMA_EXISTS = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL"

log = logging.getLogger(__name__)


class WakeupPublisher:
    """Publishes wake-ups. Thread-safe; connects at first use, and again after a fork.

    Its methods, except `ensure_schema`, raise nothing: the row behind a wake-up is committed, and the sweep finds it.
    After a failure it connects no more for some seconds, so that a database that is down delays no caller.
    """

    def __init__(self, url: str, schema: str | None) -> None:
        self.conninfo = libpq_url(url)
        self.session: Mapping[str, Any] = {
            "connect_timeout": _TIMEOUT_SECONDS,
            "options": session_options(url, schema),
        }
        self._schema = schema
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._app: procrastinate.App | None = None
        self._retry_at = 0.0

    def publish(self, task: str, not_before: datetime | None = None) -> bool:
        """Enqueue a job (`FETCH_DUE` or `SWEEP`), unless an equal one is pending; return whether one is pending now.

        Jobs whose instants, UTC, are within one second are one job; None means now.
        """
        at = None if not_before is None else datetime.fromtimestamp(math.ceil(not_before.timestamp()), UTC)
        lock = task if at is None else f"{task}@{at.timestamp():.0f}"
        try:
            app = self._open()
            if app is None:
                return False
            if not app.job_manager.list_jobs(queueing_lock=lock, status="todo"):
                app.configure_task(task, queue=task, queueing_lock=lock, schedule_at=at).defer()
        except procrastinate.exceptions.AlreadyEnqueued:
            return True
        except Exception as error:  # noqa: BLE001 - see the class: nothing is raised
            self._record_failure(error)
            return False
        return True

    def pending_count(self) -> int:
        """How many `FETCH_DUE` jobs are pending, scheduled ones included; 0 where the database can't be queried."""
        try:
            app = self._open()
            return 0 if app is None else len(list(app.job_manager.list_jobs(queue=FETCH_DUE, status="todo")))
        except Exception as error:  # noqa: BLE001 - see the class: nothing is raised
            self._record_failure(error)
            return 0

    def ensure_schema(self) -> None:
        """Create Procrastinate's tables where they are missing. Raises what psycopg raises."""
        with psycopg.connect(self.conninfo, autocommit=True, **self.session) as connection:
            if _is_true(connection, _SCHEMA_EXISTS):
                return
            connection.execute("SELECT pg_advisory_lock(%s)", (_SCHEMA_LOCK,))  # released with the connection
            if self._schema is not None:
                connection.execute(
                    psycopg.sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(psycopg.sql.Identifier(self._schema))
                )
            if not _is_true(connection, _SCHEMA_EXISTS):
                connection.execute(SchemaManager.get_schema())

    def close(self) -> None:
        """Close the connections. The next call opens new ones."""
        with self._lock:
            if self._app is not None and self._pid == os.getpid():
                self._app.close()
            self._app = None

    def _open(self) -> procrastinate.App | None:
        """The open app; None for some seconds after a failure."""
        with self._lock:
            if self._pid != os.getpid():  # forked: the connections are the parent's
                self._pid, self._app = os.getpid(), None
            if time.monotonic() < self._retry_at:
                return None
            if self._app is None:
                self.ensure_schema()
                connector = procrastinate.SyncPsycopgConnector(
                    conninfo=self.conninfo,
                    # Autocommit: a repeated queueing lock leaves no transaction failed.
                    kwargs={**self.session, "autocommit": True},
                    min_size=0,
                    max_size=_CONNECTIONS,
                    timeout=_TIMEOUT_SECONDS,
                )
                self._app = procrastinate.App(connector=connector).open()
            return self._app

    def _record_failure(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + _RETRY_AFTER_FAILURE
        cause = error.__cause__ or error
        log.warning("a wake-up was not published, the sweep will find what is due: %s: %s", type(cause).__name__, cause)


def _is_true(connection: psycopg.Connection[Any], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return bool(row and row[0])
