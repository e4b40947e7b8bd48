"""The store of the rate limits breaks: removals go within a minute, it is shown, and it heals without a restart."""

from __future__ import annotations

import os
import sqlite3
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.limits import sqlite
from credit_protection.adapters.limits.buckets import BucketLimits
from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.state_table import Observed
from credit_protection.domain.troubles import TroubleKind
from credit_protection.ports.troubles import Troubles
from credit_protection.testing import samples
from tests.application.app import ANA, AppFixture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from credit_protection.ports.storage import Storage
    from tests.postgresql import NewDatabase

LIMITED = samples.integration(rate_per_second=50.0)
MINUTE = timedelta(minutes=1)


def fill(file: Path) -> None:
    file.write_bytes(os.urandom(5000))


def put_a_folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def put_a_broken_link(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(file.parent / "missing" / "file")


def put_a_loop(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(file)


def put_another_table(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            connection.execute(f"DROP TABLE {name}")
            connection.execute(f"CREATE VIEW {name} AS SELECT 1 AS another")


def delete_the_folder(file: Path) -> None:
    for each in file.parent.iterdir():
        each.unlink()
    file.parent.rmdir()
    file.parent.write_text("a file where the folder was")


BREAKS = [fill, put_a_folder, put_a_broken_link, put_a_loop, put_another_table, delete_the_folder]


class Moving:
    """`time.monotonic`, moved ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC) + self.ahead


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> Moving:
    """The monotonic clock of the limits."""
    clock = Moving()
    monkeypatch.setattr("credit_protection.adapters.limits.buckets.time.monotonic", clock)
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.2)
    return clock


def first_permit(limits: BucketLimits, moving: Moving) -> float:
    """Seconds of the monotonic clock until a call is permitted."""
    for second in range(120):
        if limits.acquire(LIMITED) is None:
            return second
        moving.ahead += 1
    raise AssertionError("no permit in two minutes")


def heal(limits: BucketLimits, troubles: Troubles, moving: Moving) -> None:
    for _ in range(20):
        moving.ahead += 1
        limits.acquire(LIMITED)
    assert troubles.present() == []


@pytest.mark.parametrize("is_known", [False, True], ids=["at the first call", "later"])
@pytest.mark.parametrize("breaks", BREAKS)
def test_broken_file_permits_within_a_minute_and_heals(
    tmp_path: Path, moving: Moving, breaks: Callable[[Path], None], *, is_known: bool
) -> None:
    home, troubles = tmp_path / "home", Troubles()
    home.mkdir()
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", home, troubles=troubles)
    if is_known:
        assert limits.acquire(LIMITED) is None
        limits.close()
    breaks(home / "limits.sqlite")
    assert first_permit(limits, moving) < 60
    is_broken = bool(troubles.present())  # what the file system makes good by itself is no trouble
    assert {each.kind for each in troubles.present()} <= {TroubleKind.LIMITER}
    if home.is_file():
        home.unlink()
    elif (home / "limits.sqlite").is_dir():
        (home / "limits.sqlite").rmdir()
    else:
        for each in home.iterdir():
            each.unlink()
    heal(limits, troubles, moving)
    assert not is_broken or (home / "limits.sqlite").exists()
    limits.close()


def test_locked_file_permits_within_a_minute_and_heals(tmp_path: Path, moving: Moving) -> None:
    troubles = Troubles()
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", tmp_path, troubles=troubles)
    assert limits.acquire(LIMITED) is None
    limits.close()
    holder = sqlite3.connect(tmp_path / "limits.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert first_permit(limits, moving) < 60
    (trouble,) = troubles.present()
    assert "Confira o disco" in trouble.message
    began = time.perf_counter()
    assert [limits.acquire(LIMITED) for _ in range(50)] == [None] * 50  # they don't wait for the lock one by one
    assert time.perf_counter() - began < 2
    holder.rollback()
    holder.close()
    heal(limits, troubles, moving)
    limits.close()


def test_full_disk_permits_within_a_minute_and_heals(tmp_path: Path, moving: Moving) -> None:
    troubles = Troubles()
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", tmp_path, troubles=troubles)
    assert limits.acquire(LIMITED) is None
    connection = limits._known[LIMITED.id][1].__self__._connection  # type: ignore[attr-defined]
    connection.execute("PRAGMA query_only = ON")  # as a disk that takes no byte more
    assert first_permit(limits, moving) < 60
    heal(limits, troubles, moving)
    limits.close()


@pytest.mark.postgresql
def test_lost_database_permits_within_a_minute(
    new_database: NewDatabase, tmp_path: Path, moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit_protection.adapters.limits.postgresql._SECONDS", 1)
    url, troubles = new_database(), Troubles()
    limits = BucketLimits(SystemClock(), url, tmp_path, troubles=troubles)
    assert limits.acquire(LIMITED) is None
    bucket = limits._known[LIMITED.id][1].__self__  # type: ignore[attr-defined]
    with bucket._bucket.pool.connection() as connection:
        connection.execute(f"ALTER TABLE {bucket._bucket._full_tbl} RENAME TO elsewhere")
    assert first_permit(limits, moving) < 60
    heal(limits, troubles, moving)  # the table is made again
    limits.close()
    nowhere = BucketLimits(SystemClock(), "postgresql://ana:secret@127.0.0.1:1/erp", tmp_path, troubles=troubles)
    assert first_permit(nowhere, moving) < 60
    assert all("secret" not in each.message for each in troubles.present())
    nowhere.close()


def test_permits_of_a_clock_that_was_ahead_bar_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = BucketLimits(SystemClock(), "sqlite:///here.sqlite", tmp_path)
    slow = samples.integration(rate_per_second=0.5)
    real = time.time_ns
    with monkeypatch.context() as ahead:
        ahead.setattr("credit_protection.adapters.limits.sqlite.time.time_ns", lambda: real() + 365 * 86400 * 10**9)
        assert limits.acquire(slow) is None
    assert limits.acquire(slow) is None
    again = limits.acquire(slow)  # the rate holds
    assert again is not None
    limits.close()


class Barring:
    """A limiter that gives no permit until an instant."""

    def __init__(self, until: datetime) -> None:
        self.until: datetime | None = until

    def acquire(self, _: object) -> datetime | None:
        return self.until

    def close(self) -> None:
        """Nothing to close."""


def test_permit_that_was_promised_ahead_is_asked_for_again(app: AppFixture) -> None:
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(rate_per_second=10.0))
    asked = app.negativate()
    app.clock.advance(timedelta(days=365))
    limits = Barring(app.clock.now() + timedelta(seconds=1))
    object.__setattr__(app.ports, "limits", limits)
    app.perform(asked)
    app.clock.advance(timedelta(days=-365))
    limits.until = None
    assert app.transmissions.due(5)
    app.perform(asked)
    assert app.bureau.calls.count("include") == 1


def test_broken_limiter_is_an_alarm_and_the_removal_goes(sqlite: Storage, tmp_path: Path, moving: Moving) -> None:
    app = AppFixture(sqlite)
    app.register(IntegrationSettings(rate_per_second=10.0))
    stands = app.included()
    limits = BucketLimits(app.clock, "sqlite:///here.sqlite", tmp_path / "limits", troubles=app.ports.troubles)
    (tmp_path / "limits").write_text("a file where the folder would be")
    object.__setattr__(app.ports, "limits", limits)
    app.paid("i1")
    for _ in range(60):
        app.sweep.run(by_worker=True)
        for each in app.transmissions.due(5):
            app.transmissions.perform(each.negativation_id, "w1")
        app.bureau.process_pending()
        app.clock.advance(timedelta(seconds=1))
        moving.ahead += 1
    app.clock.advance(MINUTE)
    for each in app.transmissions.due(5):
        app.transmissions.perform(each.negativation_id, "w1")
    assert app.get(stands).observed in {Observed.REMOVING, Observed.GONE}
    assert AlarmCode.LIMITER_FAILED in {each.code for each in app.alarms.check(ANA)}
    limits.close()
