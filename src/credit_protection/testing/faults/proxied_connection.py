"""One connection through a proxy, the rules that apply to its bytes, and the counts of what happened."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """The `active` rules, in order, and the counts, shared by the test's threads and the proxy's."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._changed = threading.Condition()
        self.active: tuple[Rule, ...] = ()
        self._added = 0
        self._counts: Counter[str] = Counter()

    def add(self, rule: Rule) -> None:
        """Add a rule, for open connections too."""
        if rule.after < 0 or (rule.seconds is not None and rule.seconds < 0):
            raise ValueError("neither bytes nor seconds can be negative")
        with self._changed:
            rule.number = self._added
            self._added += 1
            self.active = (*self.active, rule)

    def clear(self) -> None:
        """Remove all rules; the counts stay."""
        with self._changed:
            self.active = ()

    def selects(self, rule: Rule) -> bool:
        """Whether the rule's probability selects this match."""
        with self._changed:
            rule.matched += 1
            draw = random.Random(f"{self._seed}/{rule.number}/{rule.matched}").random()
        return draw < rule.probability

    def try_fire(self, rule: Rule) -> bool:
        """Whether the rule may act once more; if so, count it."""
        with self._changed:
            if rule not in self.active or rule.fired == rule.times:
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


class _ConnectionReset(Exception):
    """Reset the connection."""


class _ConnectionClosed(Exception):
    """Close the connection in order."""


@dataclass(eq=False, slots=True)
class _ActiveRule:
    rule: Rule
    at: int


@dataclass
class ProxiedConnection:
    """A client, a server, and the bytes between them; `source` has the socket where each direction begins."""

    rules: Rules
    held: set[asyncio.Event]
    source: dict[Direction, socket.socket]
    passed: Counter[Direction] = field(default_factory=Counter)
    active: list[_ActiveRule] = field(default_factory=list)
    throttles: dict[Direction, Rule] = field(default_factory=dict)
    activated: set[int] = field(default_factory=set)
    seen: bytes = b""

    async def relay(self) -> bool:
        """Forward bytes until both ends are done; False where the connection was reset."""
        pumps = [asyncio.create_task(self._pump(direction)) for direction in Direction]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await cancel_all(*pumps)
        errors = [None if pump.cancelled() else pump.exception() for pump in pumps]
        if any(isinstance(error, _ConnectionClosed) for error in errors):
            return True
        unexpected = [
            error for error in errors if error is not None and not isinstance(error, _ConnectionReset | OSError)
        ]
        if unexpected:
            raise unexpected[0]
        return not any(errors)

    async def _pump(self, direction: Direction) -> None:
        loop, source, sink = asyncio.get_running_loop(), self.source[direction], self.source[_OTHER[direction]]
        while data := await loop.sock_recv(source, CHUNK):
            self._apply_faults(direction, data)
            await self._forward(direction, data, sink)
        sink.shutdown(socket.SHUT_WR)

    def _apply_faults(self, direction: Direction, data: bytes) -> None:
        """Activate the rules that this connection, or a request in this chunk, matches for the first time."""
        rules = [rule for rule in self.rules.active if rule.fault is not ProxyFault.REFUSE]
        for rule in rules:
            if not rule.when and rule.number not in self.activated:
                self.activated.add(rule.number)
                self._activate(rule, self.passed[rule.direction])
        if direction is not Direction.REQUEST:
            return
        text = self.seen + data
        for rule in rules:
            for position in _matches(rule.when, text, len(self.seen)):
                begins = max(self.passed[direction], self.passed[direction] - len(self.seen) + position)
                self._activate(rule, begins if rule.direction is Direction.REQUEST else self.passed[Direction.RESPONSE])
        longest = max((len(rule.when) for rule in rules), default=0)
        self.seen = text[-(longest - 1) :] if longest > 1 else b""

    def _activate(self, rule: Rule, base: int) -> None:
        if self.rules.selects(rule):
            self.active.append(_ActiveRule(rule, base + rule.after))

    async def _forward(self, direction: Direction, data: bytes, sink: socket.socket) -> None:
        while True:
            rules = (active for active in self.active if active.rule.direction is direction)
            first = min(rules, key=lambda active: active.at, default=None)
            if first is None or first.at > self.passed[direction] + len(data):
                await self._send(direction, data, sink)
                return
            here = max(first.at - self.passed[direction], 0)
            await self._send(direction, data[:here], sink)
            data = data[here:]
            self.active.remove(first)
            if self.rules.try_fire(first.rule):
                await self._act(first.rule)
            if not data:
                return

    async def _act(self, rule: Rule) -> None:
        match rule.fault:
            case ProxyFault.RESET:
                raise _ConnectionReset
            case ProxyFault.CUT:
                raise _ConnectionClosed
            case ProxyFault.HOLD:
                await self._wait_until_released(rule.seconds)
            case _:
                self.throttles[rule.direction] = rule

    async def _wait_until_released(self, seconds: float | None) -> None:
        released = asyncio.Event()
        self.held.add(released)
        try:
            async with asyncio.timeout(seconds):
                await released.wait()
        except TimeoutError:
            pass
        finally:
            self.held.discard(released)

    async def _send(self, direction: Direction, data: bytes, sink: socket.socket) -> None:
        while data:
            rule = self.throttles.get(direction)
            paced = rule if rule is not None and rule in self.rules.active else None
            if paced is not None:
                await asyncio.sleep(paced.seconds or 0)
            size = len(data) if paced is None else paced.size
            await asyncio.get_running_loop().sock_sendall(sink, data[:size])
            self.passed[direction] += len(data[:size])
            self.rules.count(direction, len(data[:size]))
            data = data[size:]


_OTHER = {Direction.REQUEST: Direction.RESPONSE, Direction.RESPONSE: Direction.REQUEST}


def _matches(words: bytes, text: bytes, old: int) -> list[int]:
    """Where the words begin in a text, unless they end in its first `old` bytes, which were searched before."""
    places = []
    place = text.find(words) if words else -1
    while place >= 0:
        if place + len(words) > old:
            places.append(place)
        place = text.find(words, place + 1)
    return places


async def cancel_all(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
