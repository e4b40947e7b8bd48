"""Fault rules: which call fails, how, and how often.

A rule as JSON: `{"operation": "include", "kind": "lost_reply", "times": 1, "probability": 1.0,
"match": {"contrato": "FAT-1"}}` plus the details that its kind reads, see `FaultKind`. `times` null means always.
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from jsonschema import Draft202012Validator

ANY = "any"


class FaultKind(StrEnum):
    """The kinds of faults: whether the call takes effect, and the rule's details that apply."""

    LATENCY = "latency"
    """Takes effect, `delay` seconds later (a number or [from, to]). Adds to other faults."""
    RATE_LIMITED = "rate_limited"
    """No effect; 429 with `retry_after` whole seconds (default 1)."""
    UNAVAILABLE = "unavailable"
    """No effect; 503, with Retry-After where `retry_after` is given."""
    SERVER_ERROR = "server_error"
    """500; takes effect only with `effect` true."""
    BAD_GATEWAY = "bad_gateway"
    """502; takes effect only with `effect` true."""
    GATEWAY_TIMEOUT = "gateway_timeout"
    """504; takes effect only with `effect` true."""
    LOST_REPLY = "lost_reply"
    """Takes effect, then the connection closes without an answer."""
    CUT = "cut"
    """No effect; the connection closes."""
    DELAYED_EFFECT = "delayed_effect"
    """The connection closes after `hold` seconds (default 0); takes effect after `delay` seconds (default 1)."""
    GARBAGE = "garbage"
    """Takes effect unless `effect` is false; a 200 that is not JSON."""
    HTML_INSTEAD_OF_PDF = "html_instead_of_pdf"
    """Takes effect; the report is an HTML error page under `media_type` (default application/pdf)."""
    EMPTY_PDF = "empty_pdf"
    """Takes effect; the report has no bytes."""
    TRUNCATED_PDF = "truncated_pdf"
    """Takes effect; the report is the first half of its bytes."""
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a fault
    """No effect; all tokens expire, so that the client must log in again."""
    TRICKLE = "trickle"
    """Takes effect; the answer comes byte by byte, `interval` seconds apart (default 0.05)."""
    REJECT = "reject"
    """No effect; `status` (default 422) with `code`, `message` and `field`."""
    PROCESSING_ERROR = "processing_error"
    """Accepted, then refused after processing (situação ERRO) with `message`. For include and remove."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One rule; `FaultKind` explains the details."""

    operation: str
    kind: FaultKind
    times: int | None = None
    probability: float = 1.0
    match: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delay: tuple[float, float] = (1.0, 1.0)
    hold: float = 0.0
    interval: float = 0.05
    retry_after: int | None = None
    effect: bool | None = None
    status: int = 422
    code: str = "RECUSADO"
    message: str = "Recusado pelo birô"
    field: str | None = None
    media_type: str = "application/pdf"

    @classmethod
    def from_json(cls, rule: dict[str, Any], operations: frozenset[str]) -> Fault:
        """The rule of a JSON object; `ValueError` if it is invalid."""
        check_json(_RULE, rule)
        if rule["operation"] not in operations | {ANY}:
            raise ValueError(f"operation: one of {', '.join(sorted(operations | {ANY}))}")
        kind, delay = FaultKind(rule["kind"]), seconds_range(rule.get("delay", 1.0))
        return cls(**{**rule, "kind": kind, "delay": delay})

    def matches(self, operation: str, subject: Mapping[str, str]) -> bool:
        """Whether the rule matches this call."""
        return self.operation in (ANY, operation) and all(
            subject.get(name) == value for name, value in self.match.items()
        )


class Faults:
    """The active rules, in order, and the latency of every answer. Of other kinds, the first rule that fires applies.

    A draw depends on seed, rule, subject and the number of earlier draws for that subject, not on the order of threads:
    the same calls get the same faults in every run.
    """

    def __init__(self) -> None:
        self._seed = 0
        self._latency = (0.0, 0.0)
        self._random = random.Random(0)
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._fired: list[int] = []
        self._draws: Counter[tuple[int, str, str]] = Counter()

    def add(self, fault: Fault) -> None:
        """Add a rule."""
        with self._lock:
            self._rules.append(fault)
            self._fired.append(0)

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()
            self._fired.clear()
            self._draws.clear()

    def options(self) -> dict[str, Any]:
        """`latency` of every answer as [from, to], and `seed`."""
        return {"latency": list(self._latency), "seed": self._seed}

    def changing(self, changes: dict[str, Any]) -> Callable[[], None]:
        """Check changes of `latency` and `seed` (`ValueError`); return the function that applies them."""
        check_json(_OPTIONS, changes)

        def change() -> None:
            with self._lock:
                self._latency = seconds_range(changes.get("latency", list(self._latency)))
                self._seed = changes.get("seed", self._seed)
                self._random = random.Random(self._seed)
                if "seed" in changes:
                    self._draws.clear()

        return change

    def as_json(self) -> list[dict[str, Any]]:
        """Each rule with `fired`, how often it applied."""
        with self._lock:
            return [
                dataclasses.asdict(rule) | {"fired": fired}
                for rule, fired in zip(self._rules, self._fired, strict=True)
            ]

    def match_fault(self, operation: str, subject: Mapping[str, str]) -> tuple[float, Fault | None]:
        """Apply the rules to a call: seconds of latency, and the fault that fires."""
        chosen = None
        with self._lock:
            latency = self._random.uniform(*self._latency)
            for index, rule in enumerate(self._rules):
                if chosen is not None and rule.kind is not FaultKind.LATENCY:
                    continue
                if not rule.matches(operation, subject) or self._fired[index] == rule.times:
                    continue
                draw = self._draw(index, operation, subject)
                if rule.probability < 1 and draw.random() >= rule.probability:
                    continue
                self._fired[index] += 1
                delay = draw.uniform(*rule.delay)
                if rule.kind is FaultKind.LATENCY:
                    latency += delay
                else:
                    chosen = dataclasses.replace(rule, delay=(delay, delay))
        return latency, chosen

    def _draw(self, index: int, operation: str, subject: Mapping[str, str]) -> random.Random:
        about = subject.get("contrato") or subject.get("documento") or ""
        self._draws[index, operation, about] += 1
        return random.Random(f"{self._seed}/{index}/{operation}/{about}/{self._draws[index, operation, about]}")


def check_json(validator: Draft202012Validator, value: object) -> None:
    """Raise `ValueError` with the first problem of a JSON value."""
    problem = next(iter(validator.iter_errors(value)), None)
    if problem is not None:
        raise ValueError(f"{problem.json_path}: {problem.message}")


def seconds_range(seconds: float | list[float]) -> tuple[float, float]:
    """A number of seconds, or [from, to], as a range."""
    least, most = seconds if isinstance(seconds, list) else (seconds, seconds)
    return float(least), float(most)


_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0}
_SECONDS_OR_RANGE: dict[str, Any] = {
    "oneOf": [_SECONDS, {"type": "array", "items": _SECONDS, "minItems": 2, "maxItems": 2}]
}
_RULE = Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["operation", "kind"],
        "properties": {
            "operation": {"type": "string"},
            "kind": {"enum": [kind.value for kind in FaultKind]},
            "times": {"type": ["integer", "null"], "minimum": 0},
            "probability": {"type": "number", "minimum": 0, "maximum": 1},
            "match": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"contrato": {"type": "string"}, "documento": {"type": "string"}},
            },
            "delay": _SECONDS_OR_RANGE,
            "hold": _SECONDS,
            "interval": _SECONDS,
            "retry_after": {"type": ["integer", "null"], "minimum": 0},
            "effect": {"type": ["boolean", "null"]},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string"},
            "message": {"type": "string"},
            "field": {"type": ["string", "null"]},
            "media_type": {"type": "string"},
        },
    }
)
_OPTIONS = Draft202012Validator({"properties": {"latency": _SECONDS_OR_RANGE, "seed": {"type": "integer"}}})
