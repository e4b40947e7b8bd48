"""A TCP proxy that disturbs connections between a client and a server of any protocol: HTTP, PostgreSQL, ..."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Mapping
from typing import Self, TypeVar, Unpack

from credit_protection.testing.faults.proxied_connection import (
    CHUNK,
    Direction,
    FrequencyOptions,
    ProxiedConnection,
    ProxyFault,
    Rule,
    Rules,
    TriggerOptions,
    cancel_all,
)


class FaultyProxy:
    """Listens on a local port, forwards bytes to and from a server, and disturbs them by rules.

    Use it as a context manager, or call `start` and `stop`. Without rules it forwards everything unchanged, half-closed
    connections included. Rules can be added at any time, also for open connections.

    Parameters of the rules:

    - `direction` and `after`: the rule acts after so many bytes of that direction. With 0 it acts at the first byte,
      which is not forwarded: `reset(Direction.REQUEST)` loses a request, `reset(Direction.RESPONSE)` an answer.
    - `when`: the rule acts on each request that contains these bytes (`b"POST /v1/negativacoes"`, `b"COMMIT"`), and
      bytes count from there: so it selects one call of a kept-alive connection. Without it, the rule acts once on each
      connection, and bytes count from its beginning or from the moment the rule was added.
    - `times`: the most times that it acts; None for always.
    - `probability`: the share of its matches on which it acts, drawn from the proxy's seed: the same in every run.

    Args:
        upstream_host: of the server; or the path of its Unix socket, beginning with a slash.
        port: to listen on; 0 for any free one.
    """

    def __init__(
        self, upstream_host: str, upstream_port: int = 0, *, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        self.host, self.port = host, port
        self._upstream = upstream_host if upstream_host.startswith("/") else (upstream_host, upstream_port)
        self._rules = Rules(seed)
        self._server: ProxyServer | None = None

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen; on return the proxy accepts connections."""
        if self._server is not None:
            raise RuntimeError("already started")
        listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = listener.getsockname()[1]
        self._server = ProxyServer(self._upstream, self._rules, listener)
        return self

    def stop(self) -> None:
        """Refuse connections, reset open ones, and end the thread. Held bytes are lost."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def stop_listening(self) -> None:
        """Refuse new connections, as a server that is down; open ones continue."""
        self._running.run(self._running.refuse_all())

    def listen_again(self) -> None:
        """Accept connections again, on the same port."""
        self._running.run(self._running.accept_again(self.host, self.port))

    def refuse(self, **often: Unpack[FrequencyOptions]) -> None:
        """Accept a connection and reset it at once. `stop_listening` does not even accept it."""
        self._rules.add(Rule(ProxyFault.REFUSE, **often))

    def reset(self, direction: Direction = Direction.RESPONSE, **where: Unpack[TriggerOptions]) -> None:
        """Reset the connection (RST), towards both ends."""
        self._rules.add(Rule(ProxyFault.RESET, direction, **where))

    def cut(self, direction: Direction = Direction.RESPONSE, **where: Unpack[TriggerOptions]) -> None:
        """Close the connection in order (FIN), as a server that restarts; forwarded bytes arrive."""
        self._rules.add(Rule(ProxyFault.CUT, direction, **where))

    def hold(
        self, direction: Direction = Direction.RESPONSE, seconds: float | None = None, **where: Unpack[TriggerOptions]
    ) -> None:
        """Hold the bytes of that direction for so many seconds, or with None until `release`.

        A held request reaches the server even if its client has closed: it takes effect late.
        """
        self._rules.add(Rule(ProxyFault.HOLD, direction, seconds=seconds, **where))

    def trickle(
        self,
        direction: Direction = Direction.RESPONSE,
        size: int = 1,
        interval: float = 0.05,
        **where: Unpack[TriggerOptions],
    ) -> None:
        """From there to the connection's end, forward `size` bytes each `interval` seconds."""
        if size < 1:
            raise ValueError("size is at least one byte")
        self._rules.add(Rule(ProxyFault.TRICKLE, direction, seconds=interval, size=size, **where))

    def delay(
        self, direction: Direction = Direction.RESPONSE, seconds: float = 0.1, **where: Unpack[TriggerOptions]
    ) -> None:
        """From there to the connection's end, delay each chunk by so many seconds."""
        self._rules.add(Rule(ProxyFault.DELAY, direction, seconds=seconds, **where))

    def clear(self) -> None:
        """Remove all rules, also for open connections. Held bytes stay held: see `release`."""
        self._rules.clear()

    def release(self) -> None:
        """Forward all held bytes."""
        self._running.run(self._running.release())

    def counts(self) -> Mapping[str, int]:
        """The number of `connections`, of bytes by direction (`request`, `response`), and of each rule's actions."""
        return self._rules.counts()

    def wait_for(self, event: str, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until a count is reached: `wait_for("hold")` until a connection is held. Raises `TimeoutError`."""
        self._rules.wait_for(event, count, timeout)

    @property
    def _running(self) -> ProxyServer:
        if self._server is None:
            raise RuntimeError("not started")
        return self._server

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


_LINGER_ZERO = struct.pack("ii", 1, 0)
_Result = TypeVar("_Result")


class ProxyServer:
    """The thread, its event loop and its connections."""

    def __init__(self, upstream: str | tuple[str, int], rules: Rules, listener: socket.socket) -> None:
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

    def run(self, coroutine: Coroutine[None, None, _Result]) -> _Result:
        """Run a coroutine in the proxy's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    def stop(self) -> None:
        """End all connections and the thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def refuse_all(self) -> None:
        """Close the port; open connections go on."""
        if self._listener is not None:
            self._accept(self._listener)  # accept the clients that connected before this call
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    async def accept_again(self, host: str, port: int) -> None:
        """Open the port again if it is closed."""
        if self._listener is None:
            self._listen(socket.create_server((host, port), backlog=128))

    async def release(self) -> None:
        """End all holds."""
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
        await asyncio.sleep(0)  # a task that never started would not close its socket
        await cancel_all(*self._connections)

    def _listen(self, listener: socket.socket) -> None:
        listener.settimeout(0)
        self._listener = listener
        self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.settimeout(0)
                self._rules.count("connections")
                task = self._loop.create_task(self._serve_connection(client))
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)

    async def _serve_connection(self, client: socket.socket) -> None:
        with client, contextlib.ExitStack() as stack:
            stack.callback(_reset_on_close, client)
            if any(
                rule.fault is ProxyFault.REFUSE and self._rules.selects(rule) and self._rules.try_fire(rule)
                for rule in self._rules.active
            ):
                return
            upstream = stack.enter_context(_socket_to(self._upstream))
            stack.callback(_reset_on_close, upstream)
            with contextlib.suppress(OSError):
                await self._loop.sock_connect(upstream, self._upstream)
                _disable_nagle(client)
                _disable_nagle(upstream)
                connection = ProxiedConnection(
                    self._rules, self._held, {Direction.REQUEST: client, Direction.RESPONSE: upstream}
                )
                if await connection.relay():
                    await _close_in_order(self._loop, upstream, client)
                    stack.pop_all()


def _socket_to(upstream: str | tuple[str, int]) -> socket.socket:
    family = socket.AF_UNIX
    if not isinstance(upstream, str):
        family = socket.AF_INET6 if ":" in upstream[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.settimeout(0)
    return made


def _disable_nagle(connection: socket.socket) -> None:
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reset_on_close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)


async def _close_in_order(loop: asyncio.AbstractEventLoop, upstream: socket.socket, client: socket.socket) -> None:
    """Close both ends with FIN. The client's last bytes are read first: closing with unread bytes would send RST."""
    for connection in (upstream, client):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
    upstream.close()
    while await loop.sock_recv(client, CHUNK):
        pass
