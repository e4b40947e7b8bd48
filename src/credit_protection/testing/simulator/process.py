"""The simulator in its own process: served from a command line, or started by a test."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Self

from credit_protection.testing.simulator.controls import RemoteControls
from credit_protection.testing.simulator.simulator import BureauSimulator

READY = "simulador ouvindo em "
_START_SECONDS = 30
_STOP_SECONDS = 5


def announce_on_stdout(line: str) -> None:
    """Print a line and flush it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def serve(
    host: str,
    port: int,
    *,
    announce: Callable[[str], None] = announce_on_stdout,
    end_with: int | None = None,
    **options: object,
) -> None:
    """Serve until SIGTERM or SIGINT, or until the file descriptor `end_with` ends, as a dead parent's pipe does.

    `announce` gets one line when connections are accepted: `simulador ouvindo em http://127.0.0.1:PORT`. `options` are
    those of `BureauSimulator`. Signals are handled only in the main thread.
    """
    ending, end = os.pipe()
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {
            number: signal.signal(number, lambda *_: os.write(end, b"."))  # a signal handler must not lock
            for number in (signal.SIGTERM, signal.SIGINT)
        }
    try:
        with BureauSimulator(host=host, port=port, **options) as simulator:  # type: ignore[arg-type]  # `bureau` is among them
            announce(f"{READY}{simulator.url}")
            _wait(ending, end_with)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(ending)
        os.close(end)


def _wait(ending: int, end_with: int | None) -> None:
    """Return when the first is readable or the second is at its end."""
    watched = [ending] if end_with is None else [ending, end_with]
    while True:
        readable, _, _ = select.select(watched, [], [])
        if ending in readable or not os.read(watched[-1], 4096):
            return


class SimulatorProcess(RemoteControls):
    """A context manager: a simulated bureau in a child process, with the commands of `SimulatorControls`.

    `options` are those of `set_options`. The child also ends when this process dies.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, **options: object) -> None:
        super().__init__("")
        self._arguments = ["--host", host, "--port", str(port), "--end-with-stdin"]
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The child's process id."""
        if self._process is None:
            raise RuntimeError("the simulator was not started")
        return self._process.pid

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "credit_protection.testing.simulator", *self._arguments]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._process = process
        start_timer = threading.Timer(_START_SECONDS, process.kill)
        start_timer.start()
        try:
            assert process.stdout is not None
            self.url = _announced(process.stdout.readline().strip())
            if self._options:
                self.set_options(**self._options)
        except BaseException:
            self.__exit__()
            raise
        finally:
            start_timer.cancel()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def _announced(line: str) -> str:
    if not line.startswith(READY):
        raise RuntimeError(f"the simulator did not start: {line or 'it ended'}")
    return line.removeprefix(READY)
