"""Puts wake-ups into Procrastinate's table, by connections of its own: never inside a host's transaction."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import procrastinate
import psycopg
from procrastinate.schema import SchemaManager

from credit_protection.adapters.postgresql import libpq_url, session_options

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOK = "credit_protection_look"
"""Queue and task: somebody looks at what is due."""
SWEEP = "credit_protection_sweep"
"""Queue and task: somebody sweeps."""
_CONNECTIONS = 2
_SECONDS = 3
_QUIET_AFTER_FAILURE = 5.0
_TABLES_LOCK = 0x63705F71  # "cp_q"
_TABLES_ARE_THERE = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL"

log = logging.getLogger(__name__)


class Postbox:
    """Where wake-ups are put. Thread-safe; connects when first used, and anew after a fork.

    Nothing that goes wrong here is raised: what a wake-up tells of is committed, and the sweep finds it. After a
    failure nothing is tried for some seconds, so that a database that is down holds up nobody.

    Args:
        url: of the database.
        schema: of Procrastinate's tables; None for the connection's own.

    Raises:
        ConfigurationError: the schema's name is not a plain one.
    """

    def __init__(self, url: str, schema: str | None) -> None:
        self.conninfo = libpq_url(url)
        self.session: Mapping[str, Any] = {
            "connect_timeout": _SECONDS,
            "options": session_options(url, schema),
        }
        self._schema = schema
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._app: procrastinate.App | None = None
        self._quiet_until = 0.0

    def post(self, task: str, not_before: datetime | None = None) -> bool:
        """Ask for a look or a sweep, once: who asks while one is waiting shares it.

        Args:
            task: `LOOK` or `SWEEP`.
            not_before: instant, UTC; None for now. Looks within one second are one look.

        Returns:
            Whether it is waiting now.
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
            self._failed(error)
            return False
        return True

    def waiting(self) -> int:
        """How many looks wait, those for later included; 0 where the database can't be asked."""
        try:
            app = self._open()
            return 0 if app is None else len(list(app.job_manager.list_jobs(queue=LOOK, status="todo")))
        except Exception as error:  # noqa: BLE001 - see the class: nothing is raised
            self._failed(error)
            return 0

    def prepare(self) -> None:
        """Make Procrastinate's tables, where there are none. Raises what psycopg raises."""
        with psycopg.connect(self.conninfo, autocommit=True, **self.session) as connection:
            if _is_true(connection, _TABLES_ARE_THERE):
                return
            connection.execute("SELECT pg_advisory_lock(%s)", (_TABLES_LOCK,))  # let go of with the connection
            if self._schema is not None:
                connection.execute(
                    psycopg.sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(psycopg.sql.Identifier(self._schema))
                )
            if not _is_true(connection, _TABLES_ARE_THERE):
                connection.execute(SchemaManager.get_schema())

    def close(self) -> None:
        """Let go of the connections. It may be used again."""
        with self._lock:
            if self._app is not None and self._pid == os.getpid():
                self._app.close()
            self._app = None

    def _open(self) -> procrastinate.App | None:
        """None while it keeps quiet."""
        with self._lock:
            if self._pid != os.getpid():  # forked: the connections are the parent's
                self._pid, self._app = os.getpid(), None
            if time.monotonic() < self._quiet_until:
                return None
            if self._app is None:
                self.prepare()
                connector = procrastinate.SyncPsycopgConnector(
                    conninfo=self.conninfo,
                    # Autocommit: a repeated queueing lock leaves no transaction failed.
                    kwargs={**self.session, "autocommit": True},
                    min_size=0,
                    max_size=_CONNECTIONS,
                    timeout=_SECONDS,
                )
                self._app = procrastinate.App(connector=connector).open()
            return self._app

    def _failed(self, error: Exception) -> None:
        self._quiet_until = time.monotonic() + _QUIET_AFTER_FAILURE
        cause = error.__cause__ or error
        log.warning("no wake-up was put for now, the sweep will find what is due: %s: %s", type(cause).__name__, cause)


def _is_true(connection: psycopg.Connection[Any], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return bool(row and row[0])
