"""Real trouble with the files of a database: held by another process, without room, without its log.

The worker goes on by itself when the trouble ends; a command says in one sentence what is wrong.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from credit_protection.adapters.storage.sqlalchemy import engine
from credit_protection.domain.state_table import Observed
from credit_protection.testing.tenants import sqlite_storage
from tests.attacks.hostile_files import prepared, run
from tests.attacks.test_databases import included, is_gone, new_app, tracebacks, wait_for, working

_HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""
_MOST_TRACEBACKS = 6


@contextmanager
def held(path: Path, seconds: float) -> Iterator[None]:
    """Another process holds the whole file for so long, as a backup does."""
    command = [sys.executable, "-c", _HOLD, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield


@contextmanager
def without_room() -> Iterator[None]:
    """No file of this process can grow: as on a full disk, for a process that is not root."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, handled)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of 4 MB at a folder; gives False where this process may mount none."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607 - as the shell finds it


def test_worker_goes_on_after_another_process_held_the_file_for_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.5)
    storage = sqlite_storage(tmp_path / "here.sqlite")
    app = new_app(storage)
    stands = included(app)
    app.paid("i1")
    caplog.set_level(logging.WARNING)
    with working(app), held(tmp_path / "here.sqlite", 6):
        wait_for(lambda: is_gone(app, stands) if _is_free(tmp_path / "here.sqlite") else False)
    assert tracebacks(caplog) <= _MOST_TRACEBACKS
    storage.close()


def _is_free(path: Path) -> bool:
    with sqlite3.connect(path, timeout=0) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.rollback()
        return True


def test_worker_goes_on_after_there_was_no_room(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    storage = sqlite_storage(tmp_path / "here.sqlite")
    app = new_app(storage)
    stands = included(app)
    app.paid("i1")
    caplog.set_level(logging.WARNING)
    with working(app) as worker:
        with without_room():
            worker.wake()
            time.sleep(3)
            assert not is_gone(app, stands)
        assert tracebacks(caplog) <= _MOST_TRACEBACKS
        worker.wake()
        wait_for(lambda: is_gone(app, stands))
    storage.close()


def test_worker_goes_on_after_a_disk_was_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with small_disk(tmp_path / "disk") as is_mounted:
        storage = sqlite_storage(tmp_path / "disk" / "here.sqlite")
        app = new_app(storage)
        stands = included(app)
        app.paid("i1")
        caplog.set_level(logging.WARNING)
        ballast = tmp_path / "disk" / "ballast"
        with working(app) as worker:
            if is_mounted:
                _fill(ballast)
            worker.wake()
            time.sleep(2)
            assert tracebacks(caplog) <= _MOST_TRACEBACKS
            ballast.unlink(missing_ok=True)
            worker.wake()
            wait_for(lambda: is_gone(app, stands))
        storage.close()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_worker_goes_on_after_its_process_died_and_the_log_file_was_deleted(tmp_path: Path) -> None:
    """What the log held is lost; what the ERP still lists is seen again."""
    storage = sqlite_storage(tmp_path / "here.sqlite")
    app = new_app(storage)
    stands = included(app)
    storage.close()  # all is in the file now
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            app.paid("i1")
        os._exit(0)
    os.waitpid(child, 0)
    assert (tmp_path / "here.sqlite-wal").stat().st_size
    for name in ("here.sqlite-wal", "here.sqlite-shm"):
        (tmp_path / name).unlink()
    assert app.get(stands).observed is Observed.PRESENT
    app.paid("i1")
    with working(app) as worker:
        worker.wake()
        wait_for(lambda: is_gone(app, stands))
    storage.close()


@pytest.mark.parametrize("command", [("negativations", "list"), ("removals", "check"), ("invoices", "pay", "60003")])
@pytest.mark.parametrize("trouble", ["held", "no room"])
def test_command_says_what_is_wrong_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, trouble: str, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.3)
    with prepared() as folder:
        home = folder / "home"
        around = held(home / "credit_protection.sqlite", 3) if trouble == "held" else without_room()
        with around:
            code, output, log, _, _ = run([*command, "--json"], home)
        assert code in {0, 1, 2, 3}, log
        assert "Traceback" not in output + log
        if code not in {0, 1}:
            message = json.loads(output)["error"]["message"]
            assert message.strip().endswith(".")
        assert run([*command, "--json"], home)[0] in {0, 1}
