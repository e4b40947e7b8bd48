"""The simulator: one bureau, its faults and its control endpoints behind a real HTTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from credit_protection.testing.simulator.clock import SimulatorClock
from credit_protection.testing.simulator.control_api import ControlApi
from credit_protection.testing.simulator.controls import PREFIX, SimulatorControls
from credit_protection.testing.simulator.credito_na_medida import CreditoNaMedida
from credit_protection.testing.simulator.delivery import carry_out
from credit_protection.testing.simulator.faults import Faults
from credit_protection.testing.simulator.latency import Latency
from credit_protection.testing.simulator.server import Listener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.testing.simulator.bureau import Bureau
    from credit_protection.testing.simulator.server import Connection, Request

BUREAUS = {CreditoNaMedida.name: CreditoNaMedida}
"""The bureaus that can be simulated, by name; each is made from a clock and the files' origin."""


class BureauSimulator(SimulatorControls):
    """A simulated bureau in daemon threads of this process.

    Use it as a context manager, or `start` and `stop` it: stopped, its port refuses connections; started again, it
    listens on the same port and remembers everything. `options` are those of `set_options`.
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
        """Where the bureau is: `http://127.0.0.1:PORT`."""
        return f"http://{self._host}:{self._port}"

    @property
    def files_url(self) -> str:
        """The other origin, where some reports are to be fetched."""
        return f"http://{self._host}:{self._files_port}"

    def start(self) -> Self:
        """Listen; on return, connections are accepted."""
        try:
            for port in (self._port, self._files_port):
                self._listeners.append(Listener(self._host, port, self._serve))
        except OSError:
            self.stop()
            raise
        self._port, self._files_port = (listener.port for listener in self._listeners)
        return self

    def stop(self) -> None:
        """Refuse connections, cut those that are open; effects that were still to land do not land."""
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
        added, fault = self._faults.meet(call.operation, call.subject)
        connection.pause(self._latency.draw() + added)
        carry_out(call, fault, connection)

    def _control(self, method: str, path: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        return self._api.call(method, path, dict(arguments or {}))
