"""The rules of a proxy, which of them apply, and the counts of what happened."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

CHUNK = 65_536
"""The most bytes that are read at a time."""


class Direction(StrEnum):
    """The direction of bytes."""

    REQUEST = "request"
    """From the client to the server."""
    RESPONSE = "response"
    """From the server to the client."""


class ProxyFault(StrEnum):
    """What a rule does; `counts` and `wait_for` use these names."""

    REFUSE = "refuse"
    RESET = "reset"
    CUT = "cut"
    HOLD = "hold"
    TRICKLE = "trickle"
    DELAY = "delay"


class FrequencyOptions(TypedDict, total=False):
    """How often a rule acts; see `FaultyProxy`."""

    times: int | None
    probability: float


class TriggerOptions(FrequencyOptions, total=False):
    """When and how often a rule acts; see `FaultyProxy`."""

    after: int
    when: bytes


@dataclass(eq=False, slots=True)
class Rule:
    """A rule, how often it matched and how often it acted."""

    fault: ProxyFault
    direction: Direction = Direction.RESPONSE
    after: int = 0
    when: bytes = b""
    times: int | None = None
    probability: float = 1.0
    seconds: float | None = None
    size: int = CHUNK
    number: int = 0
    matched: int = 0
    fired: int = 0


class Rules:
    """The active rules and the counts, shared by the test's threads and the proxy's."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._changed = threading.Condition()
        self._active: tuple[Rule, ...] = ()
        self._added = 0
        self._counts: Counter[str] = Counter()

    @property
    def active(self) -> tuple[Rule, ...]:
        """The rules that were added and not cleared, in order."""
        return self._active

    def add(self, rule: Rule) -> None:
        """Add a rule, for open connections too."""
        if rule.after < 0 or (rule.seconds is not None and rule.seconds < 0):
            raise ValueError("neither bytes nor seconds can be negative")
        with self._changed:
            rule.number = self._added
            self._added += 1
            self._active = (*self._active, rule)

    def clear(self) -> None:
        """Remove all rules; the counts stay."""
        with self._changed:
            self._active = ()

    def selects(self, rule: Rule) -> bool:
        """Whether the rule's probability selects this match."""
        with self._changed:
            rule.matched += 1
            draw = random.Random(f"{self._seed}/{rule.number}/{rule.matched}").random()
        return draw < rule.probability

    def try_fire(self, rule: Rule) -> bool:
        """Whether the rule may act once more; if so, count it."""
        with self._changed:
            if rule not in self._active or rule.fired == rule.times:
                return False
            rule.fired += 1
        self.count(rule.fault)
        return True

    def count(self, event: str, by: int = 1) -> None:
        """Count an event, and wake the threads that wait for it."""
        with self._changed:
            self._counts[str(event)] += by
            self._changed.notify_all()

    def counts(self) -> Mapping[str, int]:
        """A copy of the counts."""
        with self._changed:
            return Counter(self._counts)

    def wait_for(self, event: str, count: int, timeout: float) -> None:
        """Wait for a count; see `FaultyProxy.wait_for`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._counts[event] >= count, timeout):
                raise TimeoutError(f"{event}: {self._counts[event]} of {count} in {timeout} seconds")
