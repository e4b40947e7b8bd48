"""The parts of the engine that are Procrastinate's: its tables, its failures, the jobs of dead processes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import procrastinate
import psycopg
import pytest

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.queue.procrastinate import ProcrastinateQueue
from credit_protection.adapters.queue.procrastinate.procrastinate_worker import cron
from credit_protection.adapters.queue.procrastinate.wakeup_publisher import FETCH_DUE, SWEEP, WakeupPublisher
from credit_protection.domain.errors import ConfigurationError
from credit_protection.testing.contracts.queue.tasks import InMemoryTasks, until

if TYPE_CHECKING:
    from tests.postgresql import NewDatabase

pytestmark = pytest.mark.postgresql
SECOND = timedelta(seconds=1)
NOWHERE = "postgresql://user@127.0.0.1:1/nothing"


def jobs(url: str, schema: str = "public") -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        sql = f"SELECT task_name, status::text FROM {schema}.procrastinate_jobs ORDER BY id"  # noqa: S608
        return connection.execute(sql.encode()).fetchall()


def test_pending_wakeups_are_shared(new_database: NewDatabase) -> None:
    url = new_database()
    queue = ProcrastinateQueue(InMemoryTasks, SystemClock(), url)
    for number in range(20):
        queue.wake(f"n{number}")
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for number in range(20):
        queue.wake(f"n{number}", later + timedelta(milliseconds=1 + 40 * number))
    assert jobs(url) == [(FETCH_DUE, "todo"), (FETCH_DUE, "todo")]
    assert queue.snapshot().waiting == 2
    assert queue.stop()


def test_scheduled_wakeup_is_never_early(new_database: NewDatabase) -> None:
    url = new_database()
    at = datetime.now(UTC) + timedelta(hours=1)
    queue = ProcrastinateQueue(InMemoryTasks, SystemClock(), url)
    queue.wake("a", at)
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT scheduled_at FROM procrastinate_jobs").fetchone()
    assert row is not None
    assert at <= row[0] < at + SECOND
    assert queue.stop()


def test_tables_may_be_in_a_schema(new_database: NewDatabase) -> None:
    url = new_database()
    queue = ProcrastinateQueue(
        InMemoryTasks, SystemClock(), url.replace("postgresql://", "postgresql+psycopg://"), schema="cobranca"
    )
    queue.wake("a")
    assert jobs(url, "cobranca") == [(FETCH_DUE, "todo")]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('public.procrastinate_jobs')").fetchone() == (None,)
    assert queue.stop()


def test_wakeup_does_not_join_the_hosts_transaction(new_database: NewDatabase) -> None:
    url = new_database()
    queue = ProcrastinateQueue(InMemoryTasks, SystemClock(), url)
    with psycopg.connect(url) as host:
        host.execute("CREATE TABLE payment (id int)")
        queue.wake("a")
        assert host.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        host.rollback()
    assert jobs(url) == [(FETCH_DUE, "todo")]
    assert queue.stop()


def test_database_that_is_down_is_logged_and_delays_no_caller(caplog: pytest.LogCaptureFixture) -> None:
    queue = ProcrastinateQueue(InMemoryTasks, SystemClock(), NOWHERE)
    began = time.monotonic()
    for _ in range(200):
        queue.wake("a")
    assert queue.snapshot().waiting == 0
    assert time.monotonic() - began < 4
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("credit_protection")]
    assert len(logged) == 1
    assert "the sweep will find" in logged[0]


def test_engine_without_its_database_still_fetches_and_sweeps(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    tasks = InMemoryTasks("a")
    queue = ProcrastinateQueue(lambda: tasks, SystemClock(), NOWHERE, workers=2, sweep_every=timedelta(seconds=0.2))
    queue.start()
    until(lambda: tasks.started == ["a"] and tasks.sweeps >= 2)
    tasks.add("b")
    until(lambda: tasks.started == ["a", "b"])
    assert queue.stop(15)


def test_engine_continues_after_its_connections_were_cut(
    new_database: NewDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    url = new_database()
    tasks = InMemoryTasks()
    queue = ProcrastinateQueue(lambda: tasks, SystemClock(), url, workers=2, sweep_every=timedelta(hours=1))
    queue.start()
    outside = ProcrastinateQueue(InMemoryTasks, SystemClock(), url)
    until(lambda: queue._worker is not None and queue._worker.is_up)
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(3):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.1)
    tasks.add("a")  # the sweep is an hour away
    outside.wake("a")
    until(lambda: tasks.started == ["a"], 20)
    assert queue.stop(15)
    assert outside.stop()


def test_engine_stops_although_a_cancellation_is_lost(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ignore_first_cancellation(*_: object, **__: object) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # as asyncio.wait_for does before Python 3.12, at times
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    monkeypatch.setattr(procrastinate.App, "run_worker_async", ignore_first_cancellation)
    queue = ProcrastinateQueue(InMemoryTasks, SystemClock(), new_database())
    queue.start()
    until(lambda: queue._worker is not None and queue._worker.is_up)
    assert queue.stop(15)


def test_sweep_prunes_jobs_of_dead_processes(new_database: NewDatabase) -> None:
    url = new_database()
    WakeupPublisher(url, None).ensure_schema()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)"
            " SELECT %s, %s, 'doing', max(id) FROM procrastinate_workers",
            (FETCH_DUE, FETCH_DUE),
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES (%s, %s, 'doing')", (SWEEP, SWEEP)
        )
    tasks = InMemoryTasks()
    queue = ProcrastinateQueue(lambda: tasks, SystemClock(), url, sweep_every=SECOND)
    queue.start()
    until(lambda: not [job for job in jobs(url) if job[1] == "doing"])
    assert queue.stop(15)


def test_engine_leaves_no_finished_jobs_or_workers(new_database: NewDatabase) -> None:
    url = new_database()
    tasks = InMemoryTasks()
    queue = ProcrastinateQueue(lambda: tasks, SystemClock(), url, sweep_every=SECOND)
    queue.start()
    until(lambda: tasks.sweeps >= 3)
    for _ in range(10):
        queue.wake()
        time.sleep(0.02)
    assert queue.stop(15)
    assert len(jobs(url)) <= 2  # pending jobs, no finished one
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone() == (0,)


@pytest.mark.parametrize(
    ("every", "written"),
    [
        (timedelta(seconds=0.2), "* * * * * */1"),
        (timedelta(seconds=10), "* * * * * */10"),
        (timedelta(seconds=60), "*/1 * * * *"),
        (timedelta(minutes=5), "*/5 * * * *"),
        (timedelta(days=1), "*/59 * * * *"),
    ],
)
def test_sweep_interval_becomes_a_cron_schedule(every: timedelta, written: str) -> None:
    assert cron(every) == written


def test_database_other_than_postgresql_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="precisa do PostgreSQL") as refused:
        ProcrastinateQueue(InMemoryTasks, SystemClock(), "sqlite:///here.sqlite")
    assert refused.value.code == "fila_sem_postgresql"


def test_password_stays_out_of_the_log_of_a_failed_wakeup(caplog: pytest.LogCaptureFixture) -> None:
    publisher = WakeupPublisher("postgresql+psycopg://ana:a%b@c@127.0.0.1:1/erp", None)
    assert not publisher.publish(FETCH_DUE)
    assert "a wake-up was not published" in caplog.text
    assert "a%b" not in caplog.text
    publisher.close()


def test_schema_with_an_unsafe_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nome simples"):
        ProcrastinateQueue(InMemoryTasks, SystemClock(), NOWHERE, schema="a; DROP TABLE b")


def test_error_names_a_missing_extra() -> None:
    program = (
        "import sys\n"
        "sys.modules['procrastinate'] = None\n"
        "from credit_protection.domain.errors import ConfigurationError\n"
        "try:\n"
        "    import credit_protection.adapters.queue.procrastinate\n"
        "except ConfigurationError as error:\n"
        "    print(error.code, error.message)\n"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.startswith("extra_ausente A fila 'procrastinate' não está instalada.")
    assert "credit-protection[distributed]" in output
