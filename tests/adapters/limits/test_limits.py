"""Permits: never more than the rate, over all threads and processes; and nothing is opened where there is no rate."""

from __future__ import annotations

import logging
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.limits import BucketLimits
from credit_protection.adapters.limits.pace import Window, windows
from credit_protection.testing import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.postgresql import NewDatabase

RATE = 20.0
SECONDS = 2.0
NewLimits = "Callable[[], BucketLimits]"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def new_limits(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], BucketLimits]:
    """Makes limits that share what is counted."""
    url = "sqlite:///here.sqlite"
    if request.param == "postgresql":
        new_database: NewDatabase = request.getfixturevalue("new_database")
        url = new_database().replace("postgresql://", "postgresql+psycopg://")
    return lambda: BucketLimits(SystemClock(), url, tmp_path / "home")


def taken(limits: BucketLimits, seconds: float, rate: float = RATE) -> list[float]:
    """Ask for permits for some time, as soon as it is of use; when each was given."""
    integration = replace(samples.integration(), rate_per_second=rate)
    end = time.time() + seconds
    given = []
    while time.time() < end:
        not_before = limits.permit(integration)
        if not_before is None:
            given.append(time.time())
        else:
            time.sleep(max(0.0, (not_before - datetime.now(UTC)).total_seconds()))
    return given


def most_within(given: list[float], seconds: float) -> int:
    """The most in any stretch of so many seconds."""
    given = sorted(given)
    return max((sum(at <= each < at + seconds for each in given) for at in given), default=0)


def test_threads_share_a_rate_and_use_it_up(new_limits: Callable[[], BucketLimits]) -> None:
    limits = new_limits()
    with ThreadPoolExecutor(8) as threads:
        given = [at for its in threads.map(lambda _: taken(limits, SECONDS), range(8)) for at in its]
    limits.close()
    assert most_within(given, 1.0) <= RATE * 1.25 + 1
    assert RATE * SECONDS * 0.8 <= len(given) <= RATE * 5 * 0.96


def test_processes_share_a_rate(new_limits: Callable[[], BucketLimits]) -> None:
    limits = new_limits()  # made before the fork: each process connects by itself
    assert taken(limits, 0.05)
    context = multiprocessing.get_context("fork")
    told: multiprocessing.queues.Queue[list[float]] = context.Queue()
    processes = [context.Process(target=lambda: told.put(taken(limits, SECONDS))) for _ in range(3)]
    for process in processes:
        process.start()
    given = [at for _ in processes for at in told.get(timeout=20)]
    for process in processes:
        process.join()
    limits.close()
    assert most_within(given, 1.0) <= RATE * 1.25 + 1
    assert len(given) >= RATE * SECONDS * 0.7


def test_a_slow_rate_says_when_to_ask_again(new_limits: Callable[[], BucketLimits]) -> None:
    limits = new_limits()
    integration = replace(samples.integration(), rate_per_second=0.5)
    assert limits.permit(integration) is None
    not_before = limits.permit(integration)
    assert not_before is not None
    assert timedelta(seconds=1) < not_before - datetime.now(UTC) <= timedelta(seconds=2.1)
    other = replace(integration, id="another")
    assert limits.permit(other) is None  # each has its own
    faster = replace(integration, rate_per_second=1000.0)
    assert limits.permit(faster) is None  # edited: it holds at once
    limits.close()


def test_without_a_rate_nothing_is_opened(tmp_path: Path) -> None:
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", tmp_path / "home")
    assert limits.permit(replace(samples.integration(), rate_per_second=None)) is None
    assert not list(tmp_path.iterdir())
    limits.close()


@pytest.mark.postgresql
def test_sessions_of_other_time_zones_count_alike(new_database: NewDatabase, tmp_path: Path) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET timezone = 'America/Sao_Paulo'".encode())
    first, second = (BucketLimits(SystemClock(), url, tmp_path) for _ in range(2))
    integration = replace(samples.integration(), rate_per_second=0.5)
    assert first.permit(integration) is None
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET timezone = 'Asia/Tokyo'".encode())
    assert second.permit(integration) is not None
    first.close()
    second.close()


def test_a_bucket_that_can_not_be_read_holds_back_and_lets_go_after_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.CRITICAL)
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", tmp_path)
    integration = replace(samples.integration(), rate_per_second=5.0)
    assert limits.permit(integration) is None

    def fail() -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(limits._known[integration.id].bucket, "take", fail)
    held = limits.permit(integration)
    assert held is not None
    assert held - datetime.now(UTC) <= timedelta(seconds=1)
    now = time.monotonic()
    monkeypatch.setattr("credit_protection.adapters.limits.buckets.time.monotonic", lambda: now + 61)
    assert limits.permit(integration) is None
    limits.close()


@pytest.mark.parametrize(
    ("rate", "counted"),
    [
        (0.5, [Window(1, 2000)]),
        (3.0, [Window(1, 334)]),
        (10.0, [Window(1, 80), Window(48, 5000)]),
        (100.0, [Window(10, 80), Window(480, 5000)]),
    ],
)
def test_a_rate_is_counted_in_a_short_window_and_a_long_one(rate: float, counted: list[Window]) -> None:
    assert windows(rate) == counted
