"""A TCP proxy that spoils connections between a client and a server, whatever they speak: HTTP, PostgreSQL, ...

The standard library alone; one thread, which ends with the proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypedDict, TypeVar, Unpack

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

_PIECE = 65_536
_RESETS = struct.pack("ii", 1, 0)
_Result = TypeVar("_Result")


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
class _Rule:
    spoil: Spoil
    way: Way = Way.ANSWER
    after: int = 0
    when: bytes = b""
    times: int | None = None
    probability: float = 1.0
    seconds: float | None = None
    size: int = _PIECE
    number: int = 0
    met: int = 0
    fired: int = 0


class FaultyProxy:
    """Listens on a port of this machine and passes bytes to and from a server, spoilt as its rules say.

    Use it as a context manager, or `start` and `stop` it. With no rules it passes everything on faithfully, half-closed
    connections included. Rules can be told at any moment, also for connections that are open.

    What the rules have in common:

    - `way` and `after`: the rule acts once so many bytes have passed that way; with 0, when the first byte comes, which
      is then not passed on. `reset(Way.REQUEST)` thus loses a request, `reset(Way.ANSWER)` an answer.
    - `when`: the rule acts on each request that contains these bytes, which is what picks one call out of a connection
      that is kept alive (`b"POST /v1/negativacoes"`, `b"COMMIT"`); bytes then count from there. Without it, the rule
      acts once on each connection, and bytes count from its beginning (or from when the rule was told).
    - `times`: it acts so often at most; None for always.
    - `probability`: it acts on that share of what it meets, drawn from the proxy's seed: the same ones in every run.

    Args:
        upstream_host: of the server; or the path of its Unix socket, beginning with a slash.
        upstream_port: of the server.
        host: to listen on.
        port: to listen on; 0 for any free one.
        seed: of the probabilities.
    """

    def __init__(
        self, upstream_host: str, upstream_port: int = 0, *, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        self.host, self.port = host, port
        self._upstream = upstream_host if upstream_host.startswith("/") else (upstream_host, upstream_port)
        self._rules = _Rules(seed)
        self._carrier: _Carrier | None = None

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen; on return, connections are accepted."""
        if self._carrier is not None:
            raise RuntimeError("already started")
        listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = listener.getsockname()[1]
        self._carrier = _Carrier(self._upstream, self._rules, listener)
        return self

    def stop(self) -> None:
        """Refuse connections, reset those that are open, end the thread. What is held is lost."""
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.stop()

    def stop_listening(self) -> None:
        """Refuse connections from now on, as a server that is down; those that are open go on."""
        self._running.run(self._running.refuse_all())

    def listen_again(self) -> None:
        """Accept connections again, on the same port."""
        self._running.run(self._running.accept_again(self.host, self.port))

    def refuse(self, **often: Unpack[Often]) -> None:
        """Accept a connection and reset it at once.

        A client sees that while it connects, or when it first speaks; see `stop_listening` for one that is not even
        accepted.
        """
        self._rules.add(_Rule(Spoil.REFUSE, **often))

    def reset(self, way: Way = Way.ANSWER, **where: Unpack[Where]) -> None:
        """Reset the connection (RST), towards both ends."""
        self._rules.add(_Rule(Spoil.RESET, way, **where))

    def cut(self, way: Way = Way.ANSWER, **where: Unpack[Where]) -> None:
        """Close the connection politely, as a server that restarts; what was passed arrives."""
        self._rules.add(_Rule(Spoil.CUT, way, **where))

    def stall(self, way: Way = Way.ANSWER, seconds: float | None = None, **where: Unpack[Where]) -> None:
        """Hold what goes that way, for so many seconds, or with None until `release`.

        A request that is held reaches the server even if its client has gone by then: it lands late.
        """
        self._rules.add(_Rule(Spoil.STALL, way, seconds=seconds, **where))

    def drip(self, way: Way = Way.ANSWER, size: int = 1, interval: float = 0.05, **where: Unpack[Where]) -> None:
        """From there to the connection's end, let pass `size` bytes each `interval` seconds."""
        if size < 1:
            raise ValueError("a drip has at least one byte")
        self._rules.add(_Rule(Spoil.DRIP, way, seconds=interval, size=size, **where))

    def delay(self, way: Way = Way.ANSWER, seconds: float = 0.1, **where: Unpack[Where]) -> None:
        """From there to the connection's end, let each piece that comes wait so many seconds."""
        self._rules.add(_Rule(Spoil.DELAY, way, seconds=seconds, **where))

    def clear(self) -> None:
        """Behave well from now on, also on open connections. What is held stays held: see `release`."""
        self._rules.clear()

    def release(self) -> None:
        """Let go of all that is held now."""
        self._running.run(self._running.release())

    def counts(self) -> Mapping[str, int]:
        """How many `connections` came, how many bytes passed as `request` and as `answer`, how often each rule acted.

        A name that never counted gives 0.
        """
        return self._rules.counted()

    def wait_for(self, what: str, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until something was counted so often: `wait_for("stall")` until a connection is held.

        Raises:
            TimeoutError: it was not, in that many seconds.
        """
        self._rules.wait_for(what, count, timeout)

    @property
    def _running(self) -> _Carrier:
        if self._carrier is None:
            raise RuntimeError("not started")
        return self._carrier

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


# ------------------------------------------------------------------------------------------------ parts


class _Rules:
    """The rules that stand and the counts; used by the test's threads and by the proxy's."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._changed = threading.Condition()
        self._standing: tuple[_Rule, ...] = ()
        self._told = 0
        self._counts: Counter[str] = Counter()

    @property
    def standing(self) -> tuple[_Rule, ...]:
        return self._standing

    def add(self, rule: _Rule) -> None:
        if rule.after < 0 or (rule.seconds is not None and rule.seconds < 0):
            raise ValueError("neither bytes nor seconds can be negative")
        with self._changed:
            rule.number = self._told
            self._told += 1
            self._standing = (*self._standing, rule)

    def clear(self) -> None:
        with self._changed:
            self._standing = ()

    def chooses(self, rule: _Rule) -> bool:
        """Whether the rule's probability falls on what it meets now."""
        with self._changed:
            rule.met += 1
            draw = random.Random(f"{self._seed}/{rule.number}/{rule.met}").random()
        return draw < rule.probability

    def fires(self, rule: _Rule) -> bool:
        """Whether the rule still acts; it is counted then."""
        with self._changed:
            if rule not in self._standing or rule.fired == rule.times:
                return False
            rule.fired += 1
        self.count(rule.spoil)
        return True

    def count(self, what: str, by: int = 1) -> None:
        with self._changed:
            self._counts[str(what)] += by
            self._changed.notify_all()

    def counted(self) -> Mapping[str, int]:
        with self._changed:
            return Counter(self._counts)

    def wait_for(self, what: str, count: int, timeout: float) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._counts[what] >= count, timeout):
                raise TimeoutError(f"{what}: {self._counts[what]} of {count} in {timeout} seconds")


class _Carrier:
    """The thread, its event loop, and all connections in it."""

    def __init__(self, upstream: str | tuple[str, int], rules: _Rules, listener: socket.socket) -> None:
        self._upstream = upstream
        self._rules = rules
        self._connections: set[asyncio.Task[None]] = set()
        self._held: set[asyncio.Event] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, args=(listener,), name="faulty-proxy", daemon=True)
        self._thread.start()
        self._ready.wait()

    def run(self, order: Coroutine[None, None, _Result]) -> _Result:
        """Carry an order out in the proxy's thread."""
        return asyncio.run_coroutine_threadsafe(order, self._loop).result(timeout=10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def refuse_all(self) -> None:
        if self._listener is not None:
            self._accept(self._listener)  # who connected before this was asked for is let in
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    async def accept_again(self, host: str, port: int) -> None:
        if self._listener is None:
            self._listen(socket.create_server((host, port), backlog=128))

    async def release(self) -> None:
        for held in self._held:
            held.set()

    def _run(self, listener: socket.socket) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        self._listen(listener)
        self._ready.set()
        await self._stopping.wait()
        await self.refuse_all()
        await asyncio.sleep(0)  # a task that never began would not close its socket
        await _end(*self._connections)

    def _listen(self, listener: socket.socket) -> None:
        listener.settimeout(0)
        self._listener = listener
        self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        """Let in all who wait."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.settimeout(0)
                self._rules.count("connections")
                task = self._loop.create_task(self._carry(client))
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)

    async def _carry(self, client: socket.socket) -> None:
        """One connection, from its acceptance until both ends are closed."""
        with client, contextlib.ExitStack() as stack:
            stack.callback(_reset_on_close, client)
            if any(
                rule.spoil is Spoil.REFUSE and self._rules.chooses(rule) and self._rules.fires(rule)
                for rule in self._rules.standing
            ):
                return
            upstream = stack.enter_context(_socket_to(self._upstream))
            stack.callback(_reset_on_close, upstream)
            with contextlib.suppress(OSError):
                await self._loop.sock_connect(upstream, self._upstream)
                _send_at_once(client)
                _send_at_once(upstream)
                line = _Line(self._rules, self._held, {Way.REQUEST: client, Way.ANSWER: upstream})
                if await line.carry():
                    await _close_politely(self._loop, upstream, client)
                    stack.pop_all()


class _Reset(Exception):
    """The connection is to be reset."""


class _Cut(Exception):
    """The connection is to be closed politely."""


@dataclass(eq=False, slots=True)
class _Armed:
    """A rule that will act on this connection once this many bytes have passed its way."""

    rule: _Rule
    at: int


@dataclass
class _Line:
    """A client and a server, and what has passed between them.

    Args:
        rules: those that stand.
        held: what `release` lets go.
        source: where the bytes of each way come from.
    """

    rules: _Rules
    held: set[asyncio.Event]
    source: dict[Way, socket.socket]
    passed: Counter[Way] = field(default_factory=Counter)
    armed: list[_Armed] = field(default_factory=list)
    pace: dict[Way, _Rule] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)
    seen: bytes = b""

    async def carry(self) -> bool:
        """Pass bytes both ways until both ends are done; False where the line was reset."""
        pumps = [asyncio.create_task(self._pump(way)) for way in Way]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await _end(*pumps)
        errors = [None if pump.cancelled() else pump.exception() for pump in pumps]
        if any(isinstance(error, _Cut) for error in errors):
            return True
        unforeseen = [error for error in errors if error is not None and not isinstance(error, _Reset | OSError)]
        if unforeseen:
            raise unforeseen[0]
        return not any(errors)

    async def _pump(self, way: Way) -> None:
        loop, source, sink = asyncio.get_running_loop(), self.source[way], self.source[_OTHER[way]]
        while data := await loop.sock_recv(source, _PIECE):
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

    def _arm(self, rule: _Rule, base: int) -> None:
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

    async def _act(self, rule: _Rule) -> None:
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


def _socket_to(upstream: str | tuple[str, int]) -> socket.socket:
    family = socket.AF_UNIX
    if not isinstance(upstream, str):
        family = socket.AF_INET6 if ":" in upstream[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.settimeout(0)
    return made


def _send_at_once(line: socket.socket) -> None:
    if line.family != socket.AF_UNIX:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reset_on_close(line: socket.socket) -> None:
    """Let the close that follows send RST."""
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)


async def _close_politely(loop: asyncio.AbstractEventLoop, upstream: socket.socket, client: socket.socket) -> None:
    """Say goodbye to both; the client's last words are read, since closing on unread bytes would reset the line."""
    for line in (upstream, client):
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_WR)
    upstream.close()
    while await loop.sock_recv(client, _PIECE):
        pass


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
