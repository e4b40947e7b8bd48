"""The control endpoints under `/__simulator`: JSON in, JSON out, without a token. For tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from credit_protection.testing.simulator.bureau import Bureau, Refusal
from credit_protection.testing.simulator.clock import SimulatorClock
from credit_protection.testing.simulator.controls import PREFIX
from credit_protection.testing.simulator.faults import Fault, Faults, Latency
from credit_protection.testing.simulator.server import Answer, Request

Arguments = dict[str, Any]


class ControlApi:
    """The endpoints of every simulator, and those that its bureau adds."""

    def __init__(self, bureau: Bureau, faults: Faults, latency: Latency, clock: SimulatorClock) -> None:
        self._bureau = bureau
        self._faults = faults
        self._latency = latency
        self._clock = clock
        self._table: Mapping[tuple[str, str], Callable[[Arguments], object]] = {
            ("GET", "/health"): lambda _: {
                "status": "ok",
                "bureau": bureau.name,
                "operations": sorted(bureau.operations),
            },
            ("GET", "/ledger"): lambda _: bureau.ledger(),
            ("DELETE", "/ledger"): lambda _: bureau.clear_ledger(),
            ("GET", "/counts"): lambda _: bureau.counts(),
            ("GET", "/faults"): lambda _: faults.as_json(),
            ("POST", "/faults"): lambda rule: faults.add(Fault.from_json(rule, bureau.operations)),
            ("DELETE", "/faults"): lambda _: faults.clear(),
            ("GET", "/options"): self._options,
            ("POST", "/options"): self._set_options,
            ("POST", "/clock"): self._advance,
            **bureau.controls,
        }

    def answer(self, request: Request) -> Answer:
        """Serve a control request over HTTP; a refusal is 400 `{"erro": ...}`."""
        path = request.path.removeprefix(PREFIX)
        try:
            return Answer.json(200, self.call(request.method, path, _arguments(request)))
        except ValueError as error:
            return Answer.json(400, {"erro": str(error)})

    def call(self, method: str, path: str, arguments: Arguments) -> object:
        """Serve a control request; a refusal is `ValueError`."""
        endpoint = self._table.get((method, path))
        if endpoint is None:
            raise ValueError(f"no control endpoint {method} {path}")
        try:
            result = endpoint(arguments)
        except Refusal as refusal:
            raise ValueError(refusal.message) from refusal
        return {} if result is None else result

    def _options(self, _: Arguments) -> object:
        return self._latency.options() | self._bureau.options()

    def _set_options(self, arguments: Arguments) -> object:
        """Set the simulator's own options; pass the others to the bureau."""
        own: Arguments = {name: arguments[name] for name in ("latency", "seed") if name in arguments}
        apply_latency = self._latency.changing(own)
        self._bureau.set_options({name: value for name, value in arguments.items() if name not in own})
        apply_latency()
        if "seed" in own:
            self._faults.reseed(own["seed"])
        return self._options({})

    def _advance(self, arguments: Arguments) -> None:
        seconds = arguments.get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError("advance: seconds")  # noqa: TRY004 - one error for every refusal
        self._clock.advance(seconds)


def _arguments(request: Request) -> Arguments:
    arguments = json.loads(request.body) if request.body else dict(request.query)
    if not isinstance(arguments, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - one error for every refusal
    return arguments
