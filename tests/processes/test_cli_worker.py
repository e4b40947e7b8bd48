"""`credit-protection worker` under the distributed engine, as an operator starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgresql import NewDatabase

WORKER = [sys.executable, "-c", "from credit_protection.entrypoints.cli import main; main()", "worker"]


def environment(home: Path, url: str) -> dict[str, str]:
    return os.environ | {
        "CREDIT_PROTECTION_HOME": str(home),
        "CREDIT_PROTECTION_DATABASE_URL": url,
        "CREDIT_PROTECTION_QUEUE": "procrastinate",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.mark.postgresql
@pytest.mark.timeout(60)
def test_worker_runs_until_sigterm(tmp_path: Path, new_database: NewDatabase) -> None:
    worker = subprocess.Popen(
        WORKER, env=environment(tmp_path, new_database()), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert worker.stdout is not None
        assert "Trabalhador em atividade" in worker.stdout.readline()
        worker.send_signal(signal.SIGTERM)
        output, _ = worker.communicate(timeout=20)
    finally:
        worker.kill()
        worker.wait()
    assert worker.returncode == 0, output


def test_worker_on_another_database_says_what_is_missing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'here.sqlite'}"
    done = subprocess.run(WORKER, env=environment(tmp_path, url), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "precisa do PostgreSQL" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
