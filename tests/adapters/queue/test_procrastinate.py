"""What is Procrastinate's own: its table, its trouble, and what it is told of the dead."""

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

from credit_protection.adapters.queue.procrastinate import ProcrastinateQueue
from credit_protection.adapters.queue.procrastinate.carrier import cron
from credit_protection.adapters.queue.procrastinate.postbox import LOOK, SWEEP, Postbox
from credit_protection.domain.errors import ConfigurationError
from tests.adapters.queue.rows import Clock, Rows, until

if TYPE_CHECKING:
    from tests.postgresql import NewDatabase

pytestmark = pytest.mark.postgresql
SECOND = timedelta(seconds=1)
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def jobs(url: str, schema: str = "public") -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        sql = f"SELECT task_name, status::text FROM {schema}.procrastinate_jobs ORDER BY id"  # noqa: S608
        return connection.execute(sql.encode()).fetchall()


def test_wake_ups_that_wait_are_shared(new_database: NewDatabase) -> None:
    url = new_database()
    queue = ProcrastinateQueue(Rows, Clock(), url)
    for number in range(20):
        queue.wake(f"n{number}")
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for number in range(20):
        queue.wake(f"n{number}", later + timedelta(milliseconds=1 + 40 * number))
    assert jobs(url) == [(LOOK, "todo"), (LOOK, "todo")]
    assert queue.snapshot().waiting == 2
    assert queue.stop()


def test_a_look_for_later_is_never_early(new_database: NewDatabase) -> None:
    url = new_database()
    at = datetime.now(UTC) + timedelta(hours=1)
    queue = ProcrastinateQueue(Rows, Clock(), url)
    queue.wake("a", at)
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT scheduled_at FROM procrastinate_jobs").fetchone()
    assert row is not None
    assert at <= row[0] < at + SECOND
    assert queue.stop()


def test_its_tables_may_stand_in_a_schema(new_database: NewDatabase) -> None:
    url = new_database()
    queue = ProcrastinateQueue(Rows, Clock(), url.replace("postgresql://", "postgresql+psycopg://"), schema="cobranca")
    queue.wake("a")
    assert jobs(url, "cobranca") == [(LOOK, "todo")]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('public.procrastinate_jobs')").fetchone() == (None,)
    assert queue.stop()


def test_a_hosts_transaction_is_not_joined(new_database: NewDatabase) -> None:
    url = new_database()
    queue = ProcrastinateQueue(Rows, Clock(), url)
    with psycopg.connect(url) as host:
        host.execute("CREATE TABLE payment (id int)")
        queue.wake("a")
        assert host.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        host.rollback()
    assert jobs(url) == [(LOOK, "todo")]
    assert queue.stop()


def test_a_database_that_is_down_is_told_in_the_log_and_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    queue = ProcrastinateQueue(Rows, Clock(), NOWHERE)
    began = time.monotonic()
    for _ in range(200):
        queue.wake("a")
    assert queue.snapshot().waiting == 0
    assert time.monotonic() - began < 4
    told = [record.getMessage() for record in caplog.records if record.name.startswith("credit_protection")]
    assert len(told) == 1
    assert "the sweep will find" in told[0]


def test_without_its_database_the_rows_are_looked_at_and_swept_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    rows = Rows("a")
    queue = ProcrastinateQueue(lambda: rows, Clock(), NOWHERE, workers=2, sweep_every=timedelta(seconds=0.2))
    queue.start()
    until(lambda: rows.begun == ["a"] and rows.sweeps >= 2)
    rows.add("b")
    until(lambda: rows.begun == ["a", "b"])
    assert queue.stop(15)


def test_it_goes_on_after_its_connections_were_cut(new_database: NewDatabase, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    url = new_database()
    rows = Rows()
    queue = ProcrastinateQueue(lambda: rows, Clock(), url, workers=2, sweep_every=timedelta(hours=1))
    queue.start()
    outside = ProcrastinateQueue(Rows, Clock(), url)
    until(lambda: queue._carrier is not None and queue._carrier.is_up)
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(3):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.1)
    rows.add("a")  # the sweep is an hour away
    outside.wake("a")
    until(lambda: rows.begun == ["a"], 20)
    assert queue.stop(15)
    assert outside.stop()


def test_it_stops_although_a_cancellation_is_lost(new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf_once(*_: object, **__: object) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # as asyncio.wait_for does before Python 3.12, at times
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    monkeypatch.setattr(procrastinate.App, "run_worker_async", deaf_once)
    queue = ProcrastinateQueue(Rows, Clock(), new_database())
    queue.start()
    until(lambda: queue._carrier is not None and queue._carrier.is_up)
    assert queue.stop(15)


def test_jobs_of_the_dead_are_forgotten_by_the_sweep(new_database: NewDatabase) -> None:
    url = new_database()
    Postbox(url, None).prepare()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)"
            " SELECT %s, %s, 'doing', max(id) FROM procrastinate_workers",
            (LOOK, LOOK),
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES (%s, %s, 'doing')", (SWEEP, SWEEP)
        )
    rows = Rows()
    queue = ProcrastinateQueue(lambda: rows, Clock(), url, sweep_every=SECOND)
    queue.start()
    until(lambda: not [job for job in jobs(url) if job[1] == "doing"])
    assert queue.stop(15)


def test_nothing_of_it_stays_behind(new_database: NewDatabase) -> None:
    url = new_database()
    rows = Rows()
    queue = ProcrastinateQueue(lambda: rows, Clock(), url, sweep_every=SECOND)
    queue.start()
    until(lambda: rows.sweeps >= 3)
    for _ in range(10):
        queue.wake()
        time.sleep(0.02)
    assert queue.stop(15)
    assert len(jobs(url)) <= 2  # what waits when it stops; nothing that is done
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
def test_how_often_it_sweeps(every: timedelta, written: str) -> None:
    assert cron(every) == written


def test_another_database_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="precisa do PostgreSQL") as refused:
        ProcrastinateQueue(Rows, Clock(), "sqlite:///here.sqlite")
    assert refused.value.code == "fila_sem_postgresql"


def test_a_schema_with_a_strange_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nome simples"):
        ProcrastinateQueue(Rows, Clock(), NOWHERE, schema="a; DROP TABLE b")


def test_a_missing_extra_is_named() -> None:
    program = (
        "import sys\n"
        "sys.modules['procrastinate'] = None\n"
        "from credit_protection.domain.errors import ConfigurationError\n"
        "try:\n"
        "    import credit_protection.adapters.queue.procrastinate\n"
        "except ConfigurationError as error:\n"
        "    print(error.code, error.message)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.startswith("extra_ausente A fila 'procrastinate' não está instalada.")
    assert "credit-protection[distributed]" in told
