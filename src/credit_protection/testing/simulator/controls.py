"""The simulator's commands: in Python, and as JSON under `/__simulator`, without a token. For tests."""

from __future__ import annotations

import http.client
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from credit_protection.testing.simulator.bureau import Bureau, Refusal, SimulatorClock
from credit_protection.testing.simulator.faults import Fault, Faults
from credit_protection.testing.simulator.server import Answer, Request

Ledger = dict[str, Any]
"""`{"records": [...], "requests": [...], "counts": {...}}`."""

PREFIX = "/__simulator"


class SimulatorControls(ABC):
    """The commands. A refused command raises `ValueError` with the reason."""

    @abstractmethod
    def _control(self, method: str, path: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call a control endpoint; return its JSON."""

    def health(self) -> dict[str, Any]:
        """`{"status": "ok", "bureau": ..., "operations": [...]}`."""
        return cast("dict[str, Any]", self._control("GET", "/health"))

    def ledger(self) -> Ledger:
        """The bureau's ledger: `records`, `requests` (those that ask for an effect), `counts`."""
        return cast("Ledger", self._control("GET", "/ledger"))

    def counts(self) -> dict[str, int]:
        """The ledger's counts: fast also with many records."""
        return cast("dict[str, int]", self._control("GET", "/counts"))

    def clear_ledger(self) -> None:
        """Delete every record and request."""
        self._control("DELETE", "/ledger")

    def add_fault(self, operation: str, kind: str, **details: object) -> None:
        """Add a fault rule: `times`, `probability`, `match`, and the details of its `FaultKind`."""
        self._control("POST", "/faults", {"operation": operation, "kind": kind, **details})

    def faults(self) -> list[dict[str, Any]]:
        """The active rules, each with `fired`."""
        return cast("list[dict[str, Any]]", self._control("GET", "/faults"))

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self._control("DELETE", "/faults")

    def options(self) -> dict[str, Any]:
        """The options now."""
        return cast("dict[str, Any]", self._control("GET", "/options"))

    def set_options(self, **changes: object) -> None:
        """Change options: `latency` (seconds or [from, to]), `seed`, and the bureau's own."""
        self._control("POST", "/options", changes)

    def advance(self, seconds: float) -> None:
        """Advance the clock of records and tokens."""
        self._control("POST", "/clock", {"advance": seconds})

    def record(self, record_id: str) -> dict[str, Any]:
        """One record, with `motivo` and `pedido`, the body of its inclusion."""
        return cast("dict[str, Any]", self._control("GET", "/records", {"id": record_id}))

    def add_records(self, records: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
        """Add records without a request, as from before this software was installed."""
        return cast("list[dict[str, Any]]", self._control("POST", "/records", {"records": [*map(dict, records)]}))

    def remove_at_bureau(self, record_id: str) -> None:
        """Remove a record as the bureau itself would, without a request."""
        self._control("POST", "/removals", {"id": record_id})

    def catalogue(self) -> dict[str, Any]:
        """`produtos`, `naturezas`, `motivos`."""
        return cast("dict[str, Any]", self._control("GET", "/catalogue"))

    def set_catalogue(self, **lists: object) -> None:
        """Replace `produtos`, `naturezas` or `motivos`."""
        self._control("POST", "/catalogue", lists)

    def remove_product(self, code: str) -> None:
        """Remove a product from the catalogue."""
        products = self.catalogue()["produtos"]
        left = [each for each in products if each["codigo"] != code]
        if left == products:
            raise ValueError(f"no product {code!r}")
        self.set_catalogue(produtos=left)

    def expire_tokens(self) -> None:
        """Expire all tokens; clients must log in again."""
        self._control("POST", "/tokens/expire")


class RemoteControls(SimulatorControls):
    """The commands of a simulator in another process, over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _control(self, method: str, path: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        target = urlsplit(self.url)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        query = f"?{urlencode(arguments)}" if method == "GET" and arguments else ""
        body = json.dumps(arguments or {}) if method == "POST" else None
        try:
            connection.request(method, f"{PREFIX}{path}{query}", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            value = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise ValueError(value["erro"])
        return value


Arguments = dict[str, Any]


class ControlApi:
    """The endpoints of every simulator, and those that its bureau adds."""

    def __init__(self, bureau: Bureau, faults: Faults, clock: SimulatorClock) -> None:
        self._bureau = bureau
        self._faults = faults
        self._clock = clock
        self._table: Mapping[tuple[str, str], Callable[[Arguments], object]] = {
            ("GET", "/health"): lambda _: {
                "status": "ok",
                "bureau": bureau.name,
                "operations": sorted(bureau.operations),
            },
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
        return self._faults.options() | self._bureau.options()

    def _set_options(self, arguments: Arguments) -> object:
        own: Arguments = {name: arguments[name] for name in ("latency", "seed") if name in arguments}
        apply_own = self._faults.changing(own)
        self._bureau.set_options({name: value for name, value in arguments.items() if name not in own})
        apply_own()
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
