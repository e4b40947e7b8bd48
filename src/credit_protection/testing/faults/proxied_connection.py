"""One connection through a proxy: it forwards bytes in both directions and applies the rules."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass, field

from credit_protection.testing.faults.proxy_rules import CHUNK, Direction, ProxyFault, Rule, Rules


class _ConnectionReset(Exception):
    """Reset the connection."""


class _ConnectionClosed(Exception):
    """Close the connection in order."""


@dataclass(eq=False, slots=True)
class _ActiveRule:
    """A rule that acts on this connection after so many bytes of its direction."""

    rule: Rule
    at: int


@dataclass
class ProxiedConnection:
    """A client, a server, and the state of the bytes between them.

    Args:
        rules: of the proxy.
        held: the holds that `release` ends.
        source: the socket that each direction's bytes come from.
    """

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
