"""The installed program, as its own process."""

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from credit_protection.testing.simulator import RemoteControls
from tests.entrypoints.command_line import Cli

PROGRAM = Path(sys.executable).with_name("credit-protection")
SECONDS = 60


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
    )


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is killed if it is still there at the end."""
    process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    readable, _, _ = select.select([stream], [], [], SECONDS)
    assert readable, "nothing was said"
    return stream.readline()


def end(process: subprocess.Popen[str], number: int) -> int:
    process.send_signal(number)
    return process.wait(SECONDS)


@pytest.mark.usefixtures("empty_home")
def test_done_and_wrong_usage() -> None:
    listed = run("integration", "list", "--json")
    assert (listed.returncode, json.loads(listed.stdout), listed.stderr) == (0, {"integrations": []}, "")
    assert run("integration", "dance").returncode == 2
    assert run("natures", "list").returncode == 6


@pytest.mark.usefixtures("empty_home")
def test_nobody_at_the_terminal_aborts() -> None:
    assert run("invoices", "import").returncode == 0
    asked = run("invoices", "import")
    assert asked.returncode == 130
    assert "Erro [cancelado]: " in asked.stderr


def test_the_help_and_the_version_load_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['credit-protection', '--help']\n"
        "from credit_protection.entrypoints.cli.app import app\n"
        "try:\n app()\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'alembic', 'httpx', 'structlog', 'dependency_injector', 'cryptography', 'holidays',"
        " 'reportlab', 'jsonschema', 'pypdf'}\n"
        "sys.exit(', '.join(sorted(heavy & sys.modules.keys())) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.usefixtures("empty_home")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_worker_ends_gracefully(number: int, code: int) -> None:
    with running("worker") as worker:
        assert line_of(worker.stderr).startswith("Trabalhador em atividade")
        assert end(worker, number) == code
        assert worker.stderr is not None
        assert "Terminando" in worker.stderr.read()


def test_a_worker_transmits_what_other_processes_ask_for(cli: Cli) -> None:
    with running("worker") as worker:
        line_of(worker.stderr)
        (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
        until = time.monotonic() + SECONDS
        while cli.json("negativations", "show", made["id"]).document["observed"] != "present":
            assert time.monotonic() < until
            time.sleep(0.2)
        cli.run("invoices", "pay", "60003")
        while cli.json("negativations", "show", made["id"]).document["observed"] != "gone":
            assert time.monotonic() < until
            time.sleep(0.2)
        assert end(worker, signal.SIGTERM) == 0


def test_the_simulator_says_where_it_listens_and_ends_well() -> None:
    with running("simulator", "--host", "127.0.0.1") as simulator:
        ready = line_of(simulator.stdout).strip()
        assert ready.startswith("simulador ouvindo em http://127.0.0.1:")
        bureau = RemoteControls(ready.rpartition(" ")[2])
        assert bureau.health()["status"] == "ok"
        port = bureau.url.rpartition(":")[2]
        taken = run("simulator", "--port", port, "--host", "127.0.0.1")
        assert taken.returncode == 2
        assert "Erro [porta_indisponivel]: " in taken.stderr
        assert end(simulator, signal.SIGTERM) == 0


def test_a_closed_pipe_is_no_error_message() -> None:
    with running("--help") as program:
        assert program.stdout is not None
        program.stdout.close()
        program.wait(SECONDS)
        assert program.stderr is not None
        assert "Traceback" not in program.stderr.read()
