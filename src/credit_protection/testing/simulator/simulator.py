"""The simulator: one bureau, its faults and its control endpoints, served over HTTP, also in its own process."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Self

from credit_protection.testing.simulator.bureau import Bureau, Call, Refusal, ResponseContext, SimulatorClock
from credit_protection.testing.simulator.controls import PREFIX, ControlApi, RemoteControls, SimulatorControls
from credit_protection.testing.simulator.credito_na_medida import CreditoNaMedida
from credit_protection.testing.simulator.faults import Fault, FaultKind, Faults
from credit_protection.testing.simulator.server import Answer, Connection, Request, Server

BUREAUS = {CreditoNaMedida.name: CreditoNaMedida}
"""The simulated bureaus by name; each is constructed with a clock and the origin of files."""


class BureauSimulator(SimulatorControls):
    """A simulated bureau in daemon threads of this process.

    Use it as a context manager, or call `start` and `stop`. Stopped, it refuses connections; started again, it has the
    same port and records. `options` are those of `set_options`.
    """

    def __init__(
        self, *, bureau: str = CreditoNaMedida.name, host: str = "127.0.0.1", port: int = 0, **options: object
    ) -> None:
        self._host, self._port, self._files_port = host, port, 0
        self._clock = SimulatorClock()
        self._faults = Faults()
        self._bureau: Bureau = BUREAUS[bureau](self._clock, lambda: self.files_url)
        self._api = ControlApi(self._bureau, self._faults, self._clock)
        self._servers: list[Server] = []
        if options:
            self.set_options(**options)

    @property
    def url(self) -> str:
        """The bureau's URL: `http://127.0.0.1:PORT`."""
        return f"http://{self._host}:{self._port}"

    @property
    def files_url(self) -> str:
        """The other origin, for reports of the form `other_origin`."""
        return f"http://{self._host}:{self._files_port}"

    def start(self) -> Self:
        """Listen; on return the simulator accepts connections."""
        try:
            for port in (self._port, self._files_port):
                self._servers.append(Server(self._host, port, self._serve))
        except OSError:
            self.stop()
            raise
        self._port, self._files_port = (server.server_port for server in self._servers)
        return self

    def stop(self) -> None:
        """Refuse connections and close open ones; delayed effects that are still due never happen."""
        while self._servers:
            self._servers.pop().stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, request: Request, connection: Connection) -> None:
        if request.path.startswith(f"{PREFIX}/"):
            connection.send(self._api.answer(request))
            return
        call = self._bureau.receive(request)
        latency, fault = self._faults.match_fault(call.operation, call.subject)
        connection.pause(latency)
        deliver(call, fault, connection)

    def _control(self, method: str, path: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        return self._api.call(method, path, dict(arguments or {}))


_GARBAGE = Answer(200, b"<<resposta ileg\xc3\xadvel>>{")
_GATEWAY_ERRORS = {FaultKind.SERVER_ERROR, FaultKind.BAD_GATEWAY, FaultKind.GATEWAY_TIMEOUT}
_ERRORS = {
    FaultKind.SERVER_ERROR: (500, "ERRO_INTERNO", "Erro interno do servidor"),
    FaultKind.BAD_GATEWAY: (502, "GATEWAY_INVALIDO", "Resposta inválida do servidor de origem"),
    FaultKind.GATEWAY_TIMEOUT: (504, "TEMPO_ESGOTADO", "O servidor de origem não respondeu a tempo"),
    FaultKind.RATE_LIMITED: (429, "MUITAS_REQUISICOES", "Muitas requisições; aguarde"),
    FaultKind.UNAVAILABLE: (503, "INDISPONIVEL", "Serviço indisponível; tente mais tarde"),
}


def deliver(call: Call, fault: Fault | None, connection: Connection) -> None:
    """Perform the call and send its answer, as the fault says."""
    kind = fault.kind if fault is not None else None
    if fault is None:
        connection.send(call.perform(ResponseContext()))
    elif kind in _ERRORS or kind is FaultKind.REJECT:
        _send_error(call, fault, connection)
    elif kind is FaultKind.CUT:
        call.skip_effect(fault)
        connection.cut()
    elif kind is FaultKind.LOST_REPLY:
        call.perform(ResponseContext(fault, reply_lost=True))
        connection.cut()
    elif kind is FaultKind.DELAYED_EFFECT:
        _delayed_effect(call, fault, connection)
    elif kind is FaultKind.GARBAGE:
        if fault.effect is False:
            call.skip_effect(fault)
        else:
            call.perform(ResponseContext(fault, reply_lost=True))
        connection.send(_GARBAGE)
    elif kind is FaultKind.TRICKLE:
        connection.trickle(call.perform(ResponseContext(fault)), fault.interval)
    else:  # kinds that the bureau implements: broken reports, expired tokens, processing errors
        connection.send(call.perform(ResponseContext(fault)))


def _send_error(call: Call, fault: Fault, connection: Connection) -> None:
    """Send the fault's error. Only an error of a gateway can hide an effect; after the others there is none."""
    status, code, message = _ERRORS.get(fault.kind, (fault.status, fault.code, fault.message))
    if fault.effect and fault.kind in _GATEWAY_ERRORS:
        call.perform(ResponseContext(fault, reply_lost=True))
        connection.send(Answer.json(status, {"codigo": code, "mensagem": message}))
        return
    answer = call.skip_effect(fault, Refusal(status, code, message, field=fault.field))
    retry_after = 1 if fault.kind is FaultKind.RATE_LIMITED and fault.retry_after is None else fault.retry_after
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    connection.send(replace(answer, headers=(*answer.headers, *headers)))


def _delayed_effect(call: Call, fault: Fault, connection: Connection) -> None:
    """Close and perform, each at its time. The connection's thread outlives the connection."""

    def perform() -> None:
        call.perform(ResponseContext(fault, effect_delayed=True, reply_lost=True))

    elapsed = 0.0
    for at, step in sorted(((fault.hold, connection.cut), (fault.delay[0], perform)), key=lambda step: step[0]):
        connection.pause(at - elapsed)
        step()
        elapsed = at


READY = "simulador ouvindo em "
_print = partial(print, flush=True)
_START_SECONDS = 30
_STOP_SECONDS = 5


def serve(
    host: str, port: int, *, announce: Callable[[str], None] = _print, end_with: int | None = None, **options: object
) -> None:
    """Serve until SIGTERM or SIGINT, or until the file descriptor `end_with` ends, as a dead parent's pipe does.

    `announce` gets one line when connections are accepted: `simulador ouvindo em http://127.0.0.1:PORT`. `options` are
    those of `BureauSimulator`. Signals are handled only in the main thread.
    """
    ending, end = os.pipe()
    os.set_blocking(end, False)
    handlers, previous_descriptor = {}, -1
    if is_main := threading.current_thread() is threading.main_thread():
        # The interpreter writes to the pipe: a handler in Python waits for the main thread, which may block first.
        previous_descriptor = signal.set_wakeup_fd(end)
        handlers = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with BureauSimulator(host=host, port=port, **options) as simulator:  # type: ignore[arg-type]  # `bureau` is among them
            announce(f"{READY}{simulator.url}")
            _wait(ending, end_with)
    finally:
        if is_main:
            signal.set_wakeup_fd(previous_descriptor)
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
