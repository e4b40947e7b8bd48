"""Times two callables alternately, and prints a benchmark's result."""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Ratio:
    """The package against the baseline.

    Args:
        ratio: median over the rounds of baseline seconds to our seconds: ours in speed.
        ours: median seconds of ours.
        baseline: median seconds of the baseline.
    """

    ratio: float
    ours: float
    baseline: float


def compare(ours: Callable[[], object], baseline: Callable[[], object], *, rounds: int = 9) -> Ratio:
    """Time both alternately, in swapped order each round, after one warm-up of each.

    Args:
        ours: one run of ours.
        baseline: one run of the baseline, doing the same work.
        rounds: how many pairs.
    """
    ours()
    baseline()
    pairs: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            other, own = _seconds(baseline), _seconds(ours)
        else:
            own, other = _seconds(ours), _seconds(baseline)
        pairs.append((own, other))
    return Ratio(
        statistics.median(other / own for own, other in pairs),
        statistics.median(own for own, _ in pairs),
        statistics.median(other for _, other in pairs),
    )


def _seconds(run: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def report(name: str, ratio: float, floor: float, **details: object) -> int:
    """Print the result as one JSON line; returns the exit code, 0 at or above the floor."""
    sys.stdout.write(
        json.dumps({"name": name, "ratio": round(ratio, 3), "floor": floor, **details}, ensure_ascii=False) + "\n"
    )
    return 0 if ratio >= floor else 1
