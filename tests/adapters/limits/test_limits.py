"""Permits never exceed the rate over all threads and processes and use it up; without a rate nothing is opened."""

from __future__ import annotations

import logging
import multiprocessing
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.limits.buckets import BucketLimits
from credit_protection.adapters.limits.rate_windows import Window, windows
from credit_protection.adapters.limits.sqlite import SqliteBuckets
from credit_protection.testing import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.postgresql import NewDatabase

RATE = 20.0
PERMITS = 40


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def new_limits(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], BucketLimits]:
    """Creates limits that share their buckets."""
    url = "sqlite:///here.sqlite"
    if request.param == "postgresql":
        new_database: NewDatabase = request.getfixturevalue("new_database")
        url = new_database().replace("postgresql://", "postgresql+psycopg://")
    return lambda: BucketLimits(SystemClock(), url, tmp_path / "home")


def acquire(limits: BucketLimits, count: int) -> None:
    """Acquire so many permits, waiting as the refusals say, and check how often and how long this caller waited.

    A slow machine lowers both. All callers together acquire `PERMITS`, so no caller waits longer than that takes.
    """
    integration = samples.integration(rate_per_second=RATE)
    refusals, waited = 0, 0.0
    while count:
        not_before = limits.acquire(integration)
        if not_before is None:
            count -= 1
            continue
        refusals += 1
        wait = max(0.0, (not_before - datetime.now(UTC)).total_seconds())
        waited += wait
        time.sleep(wait)
    assert refusals <= PERMITS
    assert waited <= PERMITS / RATE * 1.25


def check_windows(limits: BucketLimits, count: int) -> None:
    """The instants that the bucket itself recorded respect every window, however slow the machine is."""
    bucket = limits._known[samples.integration().id][1].__self__._bucket  # type: ignore[attr-defined]
    instants = [bucket.peek(index).timestamp for index in range(bucket.count())]
    assert len(instants) >= count
    for window in windows(RATE):
        # Without the last millisecond, which rounding may add.
        most = max(sum(at <= each < at + window.milliseconds - 1 for each in instants) for at in instants)
        assert most <= window.calls, window


def test_permit_is_given_at_the_instant_that_a_refusal_returned(new_limits: Callable[[], BucketLimits]) -> None:
    limits = new_limits()
    acquire(limits, PERMITS)
    limits.close()


def test_threads_share_a_rate(new_limits: Callable[[], BucketLimits]) -> None:
    limits = new_limits()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: acquire(limits, PERMITS // 8), range(8)))
    check_windows(limits, PERMITS)
    limits.close()


def test_processes_share_a_rate(new_limits: Callable[[], BucketLimits]) -> None:
    limits = new_limits()  # created before the fork: each process connects by itself
    acquire(limits, 1)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=acquire, args=(limits, PERMITS // 4), daemon=True) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    check_windows(limits, PERMITS + 1)
    limits.close()


def test_slow_rate_returns_the_next_instant(new_limits: Callable[[], BucketLimits]) -> None:
    limits = new_limits()
    integration = samples.integration(rate_per_second=0.5)
    assert limits.acquire(integration) is None
    not_before = limits.acquire(integration)
    assert not_before is not None
    assert timedelta(seconds=1) < not_before - datetime.now(UTC) <= timedelta(seconds=2.1)
    other = replace(integration, id="another")
    assert limits.acquire(other) is None  # each integration has its own bucket
    faster = samples.integration(rate_per_second=1000.0)
    assert limits.acquire(faster) is None  # a changed rate applies at once
    limits.close()


def test_integration_without_a_rate_opens_nothing(tmp_path: Path) -> None:
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", tmp_path / "home")
    assert limits.acquire(samples.integration(rate_per_second=None)) is None
    assert not list(tmp_path.iterdir())
    limits.close()


@pytest.mark.postgresql
def test_sessions_in_different_time_zones_share_a_rate(new_database: NewDatabase, tmp_path: Path) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET timezone = 'America/Sao_Paulo'".encode())
    first, second = (BucketLimits(SystemClock(), url, tmp_path) for _ in range(2))
    integration = samples.integration(rate_per_second=0.5)
    assert first.acquire(integration) is None
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET timezone = 'Asia/Tokyo'".encode())
    assert second.acquire(integration) is not None
    first.close()
    second.close()


def test_unreadable_bucket_throttles_for_a_minute_and_then_permits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.CRITICAL)
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", tmp_path)
    integration = samples.integration(rate_per_second=5.0)
    assert limits.acquire(integration) is None

    def fail() -> None:
        raise OSError("the disk is full")

    limits._known[integration.id] = (5.0, fail)
    delayed_until = limits.acquire(integration)
    assert delayed_until is not None
    assert delayed_until - datetime.now(UTC) <= timedelta(seconds=1)
    now = time.monotonic()
    monkeypatch.setattr("credit_protection.adapters.limits.buckets.time.monotonic", lambda: now + 61)
    assert limits.acquire(integration) is None
    limits.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_bucket_that_cannot_be_created_throttles_for_a_minute_and_then_permits(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.write_text("a file where the folder would be")
    monkeypatch.setattr("credit_protection.adapters.limits.postgresql._SECONDS", 0.1)
    server = "postgresql://ana:a%b@c@127.0.0.1:1/erp"  # nothing listens there
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite" if kind == "sqlite" else server, home)
    integration = samples.integration(rate_per_second=5.0)
    delayed_until = limits.acquire(integration)
    assert delayed_until is not None
    assert delayed_until - datetime.now(UTC) <= timedelta(seconds=1)
    assert "can't be read: calls are delayed" in caplog.text
    assert "a%b" not in caplog.text
    monkeypatch.setattr("credit_protection.adapters.limits.buckets._FAIL_OPEN_AFTER", -1.0)
    assert limits.acquire(integration) is None
    if kind == "sqlite":
        home.unlink()
        assert limits.acquire(integration) is None  # created now
        assert (home / "limits.sqlite").exists()
    limits.close()


def test_bucket_waits_for_a_process_that_has_the_new_file_locked(tmp_path: Path) -> None:
    file = tmp_path / "limits.sqlite"
    holder = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE another (name TEXT)")
    holder.execute("BEGIN IMMEDIATE")  # the busy time-out does not cover a switch to WAL
    release = threading.Timer(0.3, holder.rollback)
    release.start()
    buckets = SqliteBuckets(file)
    assert buckets.bucket("cp_1", windows(RATE))() is None
    release.join()
    holder.close()
    buckets.close()


@pytest.mark.parametrize(
    ("rate", "counted"),
    [
        (0.5, [Window(1, 2000)]),
        (3.0, [Window(1, 334)]),
        (10.0, [Window(1, 80), Window(48, 5000)]),
        (100.0, [Window(10, 80), Window(480, 5000)]),
    ],
)
def test_rate_has_a_short_and_a_long_window(rate: float, counted: list[Window]) -> None:
    assert windows(rate) == counted
