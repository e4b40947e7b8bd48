"""From calls per second to what a bucket counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SLOW = 5.0
_LONG_SECONDS = 5
_MARGIN = 0.96
_HASTE = 1.25
_SHORT_SECONDS = 0.1
_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many calls in any stretch of so many milliseconds."""

    calls: int
    milliseconds: int


def windows(rate_per_second: float) -> Sequence[Window]:
    """What must hold at once for a rate.

    Permits are counted here, and calls at the bureau, a moment later: the longer one call's moment and the shorter the
    next one's, the closer they arrive. So a call may not follow another at once (a short window, a little faster than
    the rate, so that who comes late catches up), and five seconds' worth is a little less than the rate says. A slow
    rate is one call at a time.
    """
    if rate_per_second < _SLOW:
        return [Window(1, math.ceil(_MILLISECONDS / rate_per_second))]
    calls = max(1, round(rate_per_second * _SHORT_SECONDS))
    return [
        Window(calls, math.ceil(calls / rate_per_second / _HASTE * _MILLISECONDS)),
        Window(int(rate_per_second * _LONG_SECONDS * _MARGIN), _LONG_SECONDS * _MILLISECONDS),
    ]
