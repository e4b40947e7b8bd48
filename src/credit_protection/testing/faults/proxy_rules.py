"""What a proxy is told: its rules, which of them act, and the counts of what came about."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

PIECE = 65_536
"""How many bytes are read at most at a time."""


class Way(StrEnum):
    """Which way bytes go."""

    REQUEST = "request"
    """From the client to the server."""
    ANSWER = "answer"
    """From the server to the client."""


class Spoil(StrEnum):
    """What a rule does; the names that `counts` and `wait_for` use."""

    REFUSE = "refuse"
    RESET = "reset"
    CUT = "cut"
    STALL = "stall"
    DRIP = "drip"
    DELAY = "delay"


class Often(TypedDict, total=False):
    """How often a rule acts; see `FaultyProxy`."""

    times: int | None
    probability: float


class Where(Often, total=False):
    """Where and how often a rule acts; see `FaultyProxy`."""

    after: int
    when: bytes


@dataclass(eq=False, slots=True)
class Rule:
    """What a proxy was told, and what became of it: how often it was met, and how often it acted."""

    spoil: Spoil
    way: Way = Way.ANSWER
    after: int = 0
    when: bytes = b""
    times: int | None = None
    probability: float = 1.0
    seconds: float | None = None
    size: int = PIECE
    number: int = 0
    met: int = 0
    fired: int = 0


class Rules:
    """The rules that stand and the counts; used by the test's threads and by the proxy's."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._changed = threading.Condition()
        self._standing: tuple[Rule, ...] = ()
        self._told = 0
        self._counts: Counter[str] = Counter()

    @property
    def standing(self) -> tuple[Rule, ...]:
        """Those that were told and not cleared, in order."""
        return self._standing

    def add(self, rule: Rule) -> None:
        """One more rule, for open connections too."""
        if rule.after < 0 or (rule.seconds is not None and rule.seconds < 0):
            raise ValueError("neither bytes nor seconds can be negative")
        with self._changed:
            rule.number = self._told
            self._told += 1
            self._standing = (*self._standing, rule)

    def clear(self) -> None:
        """No rule stands from now on; the counts stay."""
        with self._changed:
            self._standing = ()

    def chooses(self, rule: Rule) -> bool:
        """Whether the rule's probability falls on what it meets now."""
        with self._changed:
            rule.met += 1
            draw = random.Random(f"{self._seed}/{rule.number}/{rule.met}").random()
        return draw < rule.probability

    def fires(self, rule: Rule) -> bool:
        """Whether the rule still acts; it is counted then."""
        with self._changed:
            if rule not in self._standing or rule.fired == rule.times:
                return False
            rule.fired += 1
        self.count(rule.spoil)
        return True

    def count(self, what: str, by: int = 1) -> None:
        """Something came about; whoever waits for it is told."""
        with self._changed:
            self._counts[str(what)] += by
            self._changed.notify_all()

    def counted(self) -> Mapping[str, int]:
        """The counts as they are now."""
        with self._changed:
            return Counter(self._counts)

    def wait_for(self, what: str, count: int, timeout: float) -> None:
        """Return once something was counted so often; see `FaultyProxy.wait_for`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._counts[what] >= count, timeout):
                raise TimeoutError(f"{what}: {self._counts[what]} of {count} in {timeout} seconds")
