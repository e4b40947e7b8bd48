"""The proxy's thread: it accepts connections, connects each to the server, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import TypeVar

from credit_protection.testing.faults.proxied_connection import ProxiedConnection, cancel_all
from credit_protection.testing.faults.proxy_rules import CHUNK, Direction, ProxyFault, Rules

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
        """Accept all waiting clients."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.settimeout(0)
                self._rules.count("connections")
                task = self._loop.create_task(self._serve_connection(client))
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)

    async def _serve_connection(self, client: socket.socket) -> None:
        """Serve one connection until both ends are closed."""
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
    """Make the socket's close send RST."""
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
