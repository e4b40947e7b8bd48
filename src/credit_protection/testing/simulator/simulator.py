"""The simulator: one bureau, its faults and its control endpoints, served over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from credit_protection.testing.simulator.bureau import Bureau
from credit_protection.testing.simulator.clock import SimulatorClock
from credit_protection.testing.simulator.control_api import ControlApi
from credit_protection.testing.simulator.controls import PREFIX, SimulatorControls
from credit_protection.testing.simulator.credito_na_medida import CreditoNaMedida
from credit_protection.testing.simulator.delivery import deliver
from credit_protection.testing.simulator.faults import Faults, Latency
from credit_protection.testing.simulator.server import Connection, Listener, Request

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
        self._latency = Latency()
        self._faults = Faults(seed=0)
        self._bureau: Bureau = BUREAUS[bureau](self._clock, lambda: self.files_url)
        self._api = ControlApi(self._bureau, self._faults, self._latency, self._clock)
        self._listeners: list[Listener] = []
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
                self._listeners.append(Listener(self._host, port, self._serve))
        except OSError:
            self.stop()
            raise
        self._port, self._files_port = (listener.port for listener in self._listeners)
        return self

    def stop(self) -> None:
        """Refuse connections and close open ones; delayed effects that are still due never happen."""
        while self._listeners:
            self._listeners.pop().stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, request: Request, connection: Connection) -> None:
        if request.path.startswith(f"{PREFIX}/"):
            connection.send(self._api.answer(request))
            return
        call = self._bureau.receive(request)
        added, fault = self._faults.match_fault(call.operation, call.subject)
        connection.pause(self._latency.draw() + added)
        deliver(call, fault, connection)

    def _control(self, method: str, path: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        return self._api.call(method, path, dict(arguments or {}))
