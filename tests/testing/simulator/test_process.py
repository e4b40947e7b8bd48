from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from credit_protection.testing.simulator import BureauSimulator, SimulatorProcess, serve
from credit_protection.testing.simulator.__main__ import main
from tests.testing.simulator.bureau_client import CNPJ_WITH_LETTERS, BureauClient

COMMAND = [sys.executable, "-m", "credit_protection.testing.simulator"]


def test_simulator_process_has_the_same_commands() -> None:
    with SimulatorProcess(processing_seconds=0, balance="3.00") as simulator:
        client = BureauClient(simulator.url)
        assert client.query().status == 200
        assert client.query().status == 402
        simulator.add_fault("include", "rate_limited", times=1, retry_after=3)
        assert client.include().headers["Retry-After"] == "3"
        record_id = client.include().json["id"]
        assert simulator.record(record_id)["situacao"] == "INCLUSAO"
        client.close()
        pid = simulator.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_simulator_that_does_not_start_raises() -> None:
    with BureauSimulator() as taken:
        port = int(taken.url.rpartition(":")[2])
        with pytest.raises(RuntimeError, match="did not start"), SimulatorProcess(port=port):
            pytest.fail("the port was taken")
    with pytest.raises(ValueError, match="colour"), SimulatorProcess(colour="blue"):
        pytest.fail("the option does not exist")
    with pytest.raises(RuntimeError, match="not started"):
        _ = SimulatorProcess().pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_prints_one_line_and_ends_at_a_signal(number: signal.Signals) -> None:
    options = ["--port", "0", "--latency", "0-0.001", "--report-form", "base64", "--no-duplicate-check", "--seed", "4"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("simulador ouvindo em http://127.0.0.1:")
        client = BureauClient(line.split()[-1])
        assert client.query().json["protocolo"].startswith("CNM-")
        process.send_signal(number)
        out, err = process.communicate(timeout=5)
        client.close()
    assert (out, err, process.returncode) == ("", "", 0)


def test_options_of_the_account_are_those_of_the_command() -> None:
    options = ["--client-id", "me", "--client-secret", "mine", "--token-seconds", "7", "--balance", "3.00"]
    with subprocess.Popen(
        [*COMMAND, *options, "--no-alphanumeric-cnpj", "--end-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        client = BureauClient(process.stdout.readline().split()[-1])
        assert client.login().status == 401
        reply = client.login("me", "mine")
        assert (reply.status, reply.json["expires_in"]) == (200, 7)
        assert [client.query().status for _ in range(2)] == [200, 402]
        assert client.include(documento=CNPJ_WITH_LETTERS, tipo_pessoa="PJ", nascimento=None).status == 422
        client.close()


def test_child_ends_when_its_parent_dies() -> None:
    with subprocess.Popen(
        [*COMMAND, "--end-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.write("still here\n")
        process.stdin.flush()
        time.sleep(0.02)
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(5) == 0


def test_taken_port_is_reported_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with BureauSimulator() as taken, pytest.raises(SystemExit) as ended:
        main(["--port", taken.url.rpartition(":")[2]])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("simulador: ")


def test_serve_announces_its_url_and_restores_the_signal_handlers() -> None:
    lines: list[str] = []
    before = signal.getsignal(signal.SIGTERM)

    def announce(line: str) -> None:
        lines.append(line)
        client = BureauClient(line.rsplit(maxsplit=1)[-1])
        assert client.login().status == 200
        client.close()
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGTERM)).start()

    serve("127.0.0.1", 0, announce=announce, processing_seconds=0)
    assert len(lines) == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_serve_outside_the_main_thread_ends_with_its_pipe() -> None:
    reader, writer = os.pipe()
    urls: list[str] = []
    ready = threading.Event()

    def announce(line: str) -> None:
        urls.append(line.rsplit(maxsplit=1)[-1])
        ready.set()

    thread = threading.Thread(target=serve, args=("127.0.0.1", 0), kwargs={"announce": announce, "end_with": reader})
    thread.start()
    assert ready.wait(5)
    os.close(writer)
    thread.join(5)
    assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        BureauClient(urls[0]).login()
    with suppress(OSError):
        os.close(reader)
