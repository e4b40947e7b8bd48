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
    """A process that is killed at the end, unless it has ended."""
    process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    readable, _, _ = select.select([stream], [], [], SECONDS)
    assert readable, "no line was written"
    return stream.readline()


def end(process: subprocess.Popen[str], number: int) -> int:
    process.send_signal(number)
    return process.wait(SECONDS)


@pytest.mark.usefixtures("empty_home")
def test_exit_code_tells_done_wrong_usage_and_not_found_apart() -> None:
    listed = run("integration", "list", "--json")
    assert (listed.returncode, json.loads(listed.stdout), listed.stderr) == (0, {"integrations": []}, "")
    assert run("integration", "dance").returncode == 2
    assert run("natures", "list").returncode == 6


@pytest.mark.usefixtures("empty_home")
def test_question_without_a_terminal_aborts() -> None:
    assert run("invoices", "import").returncode == 0
    asked = run("invoices", "import")
    assert asked.returncode == 130
    assert "Erro [cancelado]: " in asked.stderr


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['credit-protection', '--help']\n"
        "from credit_protection.entrypoints.cli.app import app\n"
        "try:\n app()\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'alembic', 'httpx', 'structlog', 'dependency_injector', 'cryptography', 'holidays',"
        " 'reportlab', 'jsonschema', 'pypdf'}\n"
        "sys.exit(', '.join(sorted(heavy & sys.modules.keys())) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.usefixtures("empty_home")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_worker_stops_gracefully_on_a_signal(number: int, code: int) -> None:
    with running("worker") as worker:
        assert line_of(worker.stderr).startswith("Trabalhador em atividade")
        assert end(worker, number) == code
        assert worker.stderr is not None
        assert "Terminando" in worker.stderr.read()


def test_worker_transmits_requests_of_other_processes(cli: Cli) -> None:
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


def test_simulator_prints_its_address_and_exits_with_0() -> None:
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


def test_closed_pipe_prints_no_traceback() -> None:
    with running("--help") as program:
        assert program.stdout is not None
        program.stdout.close()
        program.wait(SECONDS)
        assert program.stderr is not None
        assert "Traceback" not in program.stderr.read()


@pytest.mark.usefixtures("empty_home")
def test_unreachable_postgresql_is_wrong_usage_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_DATABASE_URL", "postgresql://user:secret@127.0.0.1:1/database")
    result = run("integration", "list")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Erro [banco_inacessivel]: O PostgreSQL em 127.0.0.1:1 não aceitou a conexão.")
    assert "secret" not in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed_and_completes(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    script = run("--show-completion", shell)
    assert (script.returncode, script.stderr) == (0, "")
    assert "_CREDIT_PROTECTION_COMPLETE" in script.stdout
    line = "credit-protection removals "
    monkeypatch.setenv("_CREDIT_PROTECTION_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    completed = run()
    assert completed.returncode == 0
    for command in ("list", "check", "run"):
        assert command in completed.stdout


def test_completion_is_installed_into_the_shells_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run("--install-completion", "bash").returncode == 0
    (installed,) = tmp_path.glob(".bash_completions/*")
    assert installed.name == "credit-protection.sh"
