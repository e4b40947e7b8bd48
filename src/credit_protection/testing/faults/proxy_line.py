"""One connection through a proxy: bytes go both ways, and rules act where they meet them."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credit_protection.testing.faults.proxy_rules import PIECE, Spoil, Way

if TYPE_CHECKING:
    from credit_protection.testing.faults.proxy_rules import Rule, Rules


class _Reset(Exception):
    """The connection is to be reset."""


class _Cut(Exception):
    """The connection is to be closed politely."""


@dataclass(eq=False, slots=True)
class _Armed:
    """A rule that will act on this connection once this many bytes have passed its way."""

    rule: Rule
    at: int


@dataclass
class Line:
    """A client and a server, and what has passed between them.

    Args:
        rules: those that stand.
        held: what `release` lets go.
        source: where the bytes of each way come from.
    """

    rules: Rules
    held: set[asyncio.Event]
    source: dict[Way, socket.socket]
    passed: Counter[Way] = field(default_factory=Counter)
    armed: list[_Armed] = field(default_factory=list)
    pace: dict[Way, Rule] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)
    seen: bytes = b""

    async def carry(self) -> bool:
        """Pass bytes both ways until both ends are done; False where the line was reset."""
        pumps = [asyncio.create_task(self._pump(way)) for way in Way]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await end(*pumps)
        errors = [None if pump.cancelled() else pump.exception() for pump in pumps]
        if any(isinstance(error, _Cut) for error in errors):
            return True
        unforeseen = [error for error in errors if error is not None and not isinstance(error, _Reset | OSError)]
        if unforeseen:
            raise unforeseen[0]
        return not any(errors)

    async def _pump(self, way: Way) -> None:
        loop, source, sink = asyncio.get_running_loop(), self.source[way], self.source[_OTHER[way]]
        while data := await loop.sock_recv(source, PIECE):
            self._meet(way, data)
            await self._pass(way, data, sink)
        sink.shutdown(socket.SHUT_WR)

    def _meet(self, way: Way, data: bytes) -> None:
        """Arm the rules that this connection, or the request that begins in this piece, meets for the first time."""
        standing = [rule for rule in self.rules.standing if rule.spoil is not Spoil.REFUSE]
        for rule in standing:
            if not rule.when and rule.number not in self.met:
                self.met.add(rule.number)
                self._arm(rule, self.passed[rule.way])
        if way is not Way.REQUEST:
            return
        text = self.seen + data
        for rule in standing:
            for place in _places(rule.when, text, len(self.seen)):
                begins = max(self.passed[way], self.passed[way] - len(self.seen) + place)
                self._arm(rule, begins if rule.way is Way.REQUEST else self.passed[Way.ANSWER])
        longest = max((len(rule.when) for rule in standing), default=0)
        self.seen = text[-(longest - 1) :] if longest > 1 else b""

    def _arm(self, rule: Rule, base: int) -> None:
        if self.rules.chooses(rule):
            self.armed.append(_Armed(rule, base + rule.after))

    async def _pass(self, way: Way, data: bytes, sink: socket.socket) -> None:
        while True:
            ahead = (armed for armed in self.armed if armed.rule.way is way)
            first = min(ahead, key=lambda armed: armed.at, default=None)
            if first is None or first.at > self.passed[way] + len(data):
                await self._send(way, data, sink)
                return
            here = max(first.at - self.passed[way], 0)
            await self._send(way, data[:here], sink)
            data = data[here:]
            self.armed.remove(first)
            if self.rules.fires(first.rule):
                await self._act(first.rule)
            if not data:
                return

    async def _act(self, rule: Rule) -> None:
        match rule.spoil:
            case Spoil.RESET:
                raise _Reset
            case Spoil.CUT:
                raise _Cut
            case Spoil.STALL:
                await self._hold(rule.seconds)
            case _:
                self.pace[rule.way] = rule

    async def _hold(self, seconds: float | None) -> None:
        released = asyncio.Event()
        self.held.add(released)
        try:
            async with asyncio.timeout(seconds):
                await released.wait()
        except TimeoutError:
            pass
        finally:
            self.held.discard(released)

    async def _send(self, way: Way, data: bytes, sink: socket.socket) -> None:
        while data:
            rule = self.pace.get(way)
            paced = rule if rule is not None and rule in self.rules.standing else None
            if paced is not None:
                await asyncio.sleep(paced.seconds or 0)
            size = len(data) if paced is None else paced.size
            await asyncio.get_running_loop().sock_sendall(sink, data[:size])
            self.passed[way] += len(data[:size])
            self.rules.count(way, len(data[:size]))
            data = data[size:]


_OTHER = {Way.REQUEST: Way.ANSWER, Way.ANSWER: Way.REQUEST}


def _places(words: bytes, text: bytes, old: int) -> list[int]:
    """Where words that were not seen before begin in a text whose first `old` bytes were."""
    places = []
    place = text.find(words) if words else -1
    while place >= 0:
        if place + len(words) > old:
            places.append(place)
        place = text.find(words, place + 1)
    return places


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
