"""The windows in which a bucket counts the permits of a rate."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SLOW_RATE = 5.0
_LONG_SECONDS = 5
_MARGIN = 0.96
_BURST_FACTOR = 1.25
_SHORT_SECONDS = 0.1
_MILLISECONDS = 1000

Acquire = Callable[[], int | None]
"""Acquires a permit of a bucket and returns None, or returns the milliseconds until the next attempt."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many calls in any interval of so many milliseconds."""

    calls: int
    milliseconds: int


def windows(rate_per_second: float) -> Sequence[Window]:
    """The windows of a rate, all of which must admit a call.

    Permits are counted here, calls at the bureau after a delay that varies, so calls arrive closer together than their
    permits. Therefore a short window, a little faster than the rate, separates calls, and a window of five seconds
    admits a little less than the rate. A rate below 5 per second has one window of one call.
    """
    if rate_per_second < _SLOW_RATE:
        return [Window(1, math.ceil(_MILLISECONDS / rate_per_second))]
    calls = max(1, round(rate_per_second * _SHORT_SECONDS))
    return [
        Window(calls, math.ceil(calls / rate_per_second / _BURST_FACTOR * _MILLISECONDS)),
        Window(int(rate_per_second * _LONG_SECONDS * _MARGIN), _LONG_SECONDS * _MILLISECONDS),
    ]
