"""Connections that obey the total deadline of the call that uses them, each used by one call at a time.

httpx and httpcore time out each single read, so a server that drips a byte now and then holds a caller for as long as
it likes, in the headers as well as in the body. Here every connect, read and write gets what remains of the call's
deadline.

httpcore's pool decides whether a connection has gone stale without a lock against the thread that is about to use it:
on a busy machine a quick answer is taken for a hang-up, and the connection is closed under the call, whose outcome is
unknown then. It also looks at every connection for each call. Here each connection is a pool of its own, and belongs to
the call that took it until its reply is closed.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    from credit_protection.adapters.http.calls import Deadline

KEPT_ALIVE = 30.0
"""Seconds that an idle connection is kept open."""
_deadline: ContextVar[Deadline] = ContextVar("the deadline of the call that this thread is making")


@contextmanager
def under(deadline: Deadline) -> Iterator[None]:
    """Let every socket operation of this thread end by the deadline."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class Connections(httpx.BaseTransport):
    """The connections of one client, as many as calls are made at once. Thread-safe.

    The one that was used last is taken first, so that those which a rush of calls left behind go stale and are closed.

    Args:
        tls: verifies the server's certificate.
        proxy: address of the network's proxy, None for none.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: str | None = None) -> None:
        self._tls = tls
        self._proxy = proxy
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, _Connection]] = deque()
        self._is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send once, over a connection that no other call uses before the reply is closed."""
        connection = self._take()
        try:
            response = connection.handle_request(request)
        except BaseException:
            self._give_back(connection)
            raise
        response.stream = _Body(cast("httpx.SyncByteStream", response.stream), lambda: self._give_back(connection))
        return response

    def close(self) -> None:
        """Close those that are idle now; the others when their calls are over."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, deque()
        for _, connection in idle:
            connection.close()

    def _take(self) -> _Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()[1]
        return _Connection(self._tls, self._proxy)

    def _give_back(self, connection: _Connection) -> None:
        now = time.monotonic()
        stale: list[_Connection] = []
        with self._lock:
            if self._is_closed:
                stale.append(connection)
            else:
                self._idle.append((now, connection))
            while self._idle and self._idle[0][0] < now - KEPT_ALIVE:
                stale.append(self._idle.popleft()[1])
        for each in stale:
            each.close()


class _Body(httpx.SyncByteStream):
    """A reply's body, whose end frees its connection."""

    def __init__(self, body: httpx.SyncByteStream, free: Callable[[], None]) -> None:
        self._body = body
        self._free: Callable[[], None] | None = free

    def __iter__(self) -> Iterator[bytes]:
        yield from self._body

    def close(self) -> None:
        free, self._free = self._free, None
        if free is None:
            return
        try:
            self._body.close()
        finally:
            free()


class _Connection(httpx.HTTPTransport):
    """httpx's own transport, over one connection at most. Never connects twice for one call."""

    def __init__(self, tls: ssl.SSLContext, proxy: str | None) -> None:
        super().__init__(verify=tls)
        through = httpx.Proxy(proxy) if proxy else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=httpcore.Proxy(str(through.url), auth=through.raw_auth) if through else None,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEPT_ALIVE,
            retries=0,
            network_backend=_DeadlineBackend(),
        )


class _DeadlineBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Try the host's addresses, each with its share of the time: create_connection gives each the whole."""
        del timeout
        failed: httpcore.NetworkError | httpcore.TimeoutException = httpcore.ConnectError(f"no address for {host}")
        addresses = _addresses(host, port)
        for tried, address in enumerate(addresses):
            share = _remaining(httpcore.ConnectTimeout) / (len(addresses) - tried)
            try:
                stream = self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            return _DeadlineStream(stream)
        raise failed


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, _remaining(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, _remaining(httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        remaining = _remaining(httpcore.ConnectTimeout)
        stream = _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, remaining))
        try:
            _remaining(httpcore.ConnectTimeout)  # the handshake may have used it up: nothing is sent then
        except httpcore.ConnectTimeout:
            stream.close()
            raise
        return stream

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _remaining(over: type[httpcore.TimeoutException]) -> float:
    """Seconds left to the call, or the error that says they are over."""
    remaining = _deadline.get().remaining()
    if remaining <= 0:
        raise over("total deadline")
    return remaining
