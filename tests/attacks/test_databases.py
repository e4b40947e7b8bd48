"""A database in trouble: the worker goes on by itself when the trouble ends, and the log tells it once."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.queue.repeated_failures import RepeatedFailures
from credit_protection.adapters.storage.sqlalchemy import SqlStorage, engine
from credit_protection.application.worker_tasks import TenantWorkerTasks
from credit_protection.domain.state_table import Observed
from credit_protection.testing.fakes import FakeBureau
from credit_protection.testing.tenants import sqlite_storage
from tests.application.app import AppFixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from credit_protection.domain.negativations import Negativation
    from tests.postgresql import NewDatabase

WAIT = 150.0
SWEEP_EVERY = timedelta(seconds=0.5)


def new_app(storage: SqlStorage) -> AppFixture:
    app = AppFixture(storage, bureau=FakeBureau(synchronous=True), clock=SystemClock())  # type: ignore[arg-type]
    app.register()
    return app


def included(app: AppFixture) -> Negativation:
    asked = app.negativate("i1")
    app.perform(asked)
    assert app.get(asked).observed is Observed.PRESENT
    return asked


@contextmanager
def working(app: AppFixture) -> Iterator[EmbeddedQueue]:
    """A worker of two threads, with looks that follow each other quickly."""
    tasks = TenantWorkerTasks(app.transmissions, app.sweep, app.payments)
    queue = EmbeddedQueue(lambda: tasks, SystemClock(), workers=2, sweep_every=SWEEP_EVERY)
    queue.start()
    try:
        yield queue
    finally:
        queue.stop(10)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_gone(app: AppFixture, stands: Negativation) -> bool:
    return app.get(stands).observed is Observed.GONE


def tracebacks(caplog: pytest.LogCaptureFixture) -> int:
    return sum(1 for each in caplog.records if each.exc_info)


def error(kind: str) -> sa.exc.DBAPIError:
    texts = {
        "locked": "database is locked",
        "read only": "attempt to write a readonly database",
        "full": "database or disk is full",
        "damaged": "database disk image is malformed",
        "gone": "unable to open database file",
    }
    if kind == "cut":
        cause = psycopg.OperationalError("server closed the connection unexpectedly")
        return sa.exc.OperationalError("SELECT 1", {}, cause, connection_invalidated=True)
    return sa.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError(texts[kind]))


@pytest.mark.parametrize("reads", [True, False], ids=["nothing", "only reads"])
@pytest.mark.parametrize("kind", ["locked", "read only", "full", "damaged", "gone", "cut"])
def test_worker_goes_on_when_the_trouble_ends_and_logs_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str, *, reads: bool
) -> None:
    storage = sqlite_storage(tmp_path / "here.sqlite")
    app = new_app(storage)
    stands = included(app)
    app.paid("i1")
    caplog.set_level(logging.WARNING)

    def fails() -> None:
        raise error(kind)

    with working(app) as worker:
        with monkeypatch.context() as patch:
            patch.setattr(storage, "unit", fails)
            if not reads:
                patch.setattr(storage, "read_only", fails)
            worker.wake()
            time.sleep(4)  # eight sweeps
        told = tracebacks(caplog)
        assert 1 <= told <= 6, [each.getMessage() for each in caplog.records if each.exc_info]
        worker.wake()
        wait_for(lambda: is_gone(app, stands))
    storage.close()


def test_worker_goes_on_after_a_backup_that_locked_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    storage = sqlite_storage(tmp_path / "here.sqlite")
    app = new_app(storage)
    stands = included(app)
    app.paid("i1")
    caplog.set_level(logging.WARNING)
    backup = sqlite3.connect(tmp_path / "here.sqlite", isolation_level=None)
    backup.execute("BEGIN EXCLUSIVE")
    with working(app) as worker:
        worker.wake()
        time.sleep(4)
        assert tracebacks(caplog) <= 6
        backup.rollback()
        worker.wake()
        wait_for(lambda: is_gone(app, stands))
    backup.close()
    storage.close()


@pytest.mark.postgresql
def test_worker_goes_on_after_its_connections_were_cut_again_and_again(new_database: NewDatabase) -> None:
    url = new_database()
    storage = SqlStorage(url)
    storage.migrate()
    app = new_app(storage)
    stands = included(app)
    with working(app) as worker, psycopg.connect(url, autocommit=True) as other:
        for _ in range(20):
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.1)
        for _ in range(10):
            try:
                app.erp.pay("i1", app.clock.now().date())
                app.payments.record_all(app.erp.entries)
            except sa.exc.DBAPIError:
                continue
            break
        worker.wake()
        wait_for(lambda: is_gone(app, stands))
    storage.close()


def test_failure_that_repeats_is_logged_once_and_counted_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    failures = RepeatedFailures(logging.getLogger("credit_protection.test"))
    for _ in range(50):
        failures.failed("the sweep", OSError("cheio"), "the sweep failed")
    failures.failed("the sweep", ValueError("outra"), "the sweep failed")
    failures.succeeded("the sweep")
    failures.succeeded("the sweep")
    failures.failed("fetching", OSError("cheio"), "fetching failed")
    failures.succeeded("fetching")
    for _ in range(50):
        failures.failed("the sweep", OSError("cheio"), "the sweep failed")
    failures.succeeded("the sweep")
    assert [each.getMessage() for each in caplog.records] == [
        "the sweep failed",
        "the sweep failed",
        "fetching failed",
        "the sweep failed",
        "the sweep works again after 50 failures in a row",
    ]
