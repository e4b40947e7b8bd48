"""How slow the simulator is in general: a fixed time or a seeded range, slept outside every lock."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from credit_protection.testing.simulator.faults import SECONDS_OR_RANGE, seconds_range

if TYPE_CHECKING:
    from collections.abc import Callable


class Latency:
    """The latency of every answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seed = 0
        self._range = (0.0, 0.0)
        self._random = random.Random(self._seed)

    def draw(self) -> float:
        """Seconds for the next answer."""
        if self._range[0] == self._range[1]:
            return self._range[0]
        with self._lock:
            return self._random.uniform(*self._range)

    def options(self) -> dict[str, Any]:
        """`latency` as [from, to], and `seed`."""
        return {"latency": list(self._range), "seed": self._seed}

    def changing(self, changes: dict[str, Any]) -> Callable[[], None]:
        """Check changes of `latency` and `seed` (`ValueError`), and give back what makes them."""
        problem = next(iter(_SCHEMA.iter_errors(changes)), None)
        if problem is not None:
            raise ValueError(f"{problem.json_path}: {problem.message}")

        def change() -> None:
            with self._lock:
                self._seed = changes.get("seed", self._seed)
                self._range = seconds_range(changes["latency"]) if "latency" in changes else self._range
                self._random = random.Random(self._seed)

        return change


_SCHEMA = Draft202012Validator({"properties": {"latency": SECONDS_OR_RANGE, "seed": {"type": "integer"}}})
