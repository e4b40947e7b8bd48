"""Rounds of examples for one target, until its time is over."""

from __future__ import annotations

import logging
import time
import traceback

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.parsers import TARGETS, check

_ROUND = 200
_PHASES = (Phase.explicit, Phase.generate, Phase.shrink)


def fuzz(name: str, seconds: float, first_seed: int) -> tuple[int, int, str]:
    """Fuzz one target: how many examples it got, the seed of the last round, and the failure."""
    logging.disable(logging.CRITICAL)
    target, ends_at, number, examples = TARGETS[name], time.monotonic() + seconds, first_seed, 0

    def one(example: object) -> None:
        nonlocal examples
        examples += 1
        check(target, example)

    options = settings(
        max_examples=_ROUND, deadline=None, database=None, phases=_PHASES, suppress_health_check=list(HealthCheck)
    )
    while time.monotonic() < ends_at:
        try:
            seed(number)(options(given(target.given)(one)))()
        except BaseException:  # noqa: BLE001 - whatever a parser raises is what is looked for
            return examples, number, traceback.format_exc()
        number += 1
    return examples, number, ""
