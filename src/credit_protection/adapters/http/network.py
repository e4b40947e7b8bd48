"""Connections that obey the total deadline of the call that uses them, each used by one call at a time.

httpx and httpcore time out each single read, so a server that trickles bytes can delay a caller without limit, in the
headers as well as in the body. Here every connect, read and write gets the time left of the call's deadline.

httpcore's pool tests whether a connection is stale without a lock against the thread that is about to use it: on a busy
machine it takes a quick answer for a disconnect and closes the connection during the call, whose outcome is then
unknown. It also checks every connection for each call. Here each connection is a pool of its own and belongs to one
call until its reply is closed.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, cast

import httpcore
import httpx

from credit_protection.adapters.http.calls import Deadline

KEEPALIVE_SECONDS = 30.0
ALONE = "credit_protection_alone"
"""The extension of a request that needs a connection of its own."""
HAS_MORE = "credit_protection_has_more"
"""The extension of such a request's response: whether more came than the reply, asked once it was read."""
_AT_ONCE = 0.001
_deadline: ContextVar[Deadline] = ContextVar("the deadline of the call that this thread is making")


@contextmanager
def deadline_scope(deadline: Deadline) -> Iterator[None]:
    """Limit every socket operation of this thread by the deadline."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class Connections(httpx.BaseTransport):
    """The connections of one client, one for each call in flight. Thread-safe.

    The most recently used connection is acquired first, so that surplus ones become idle and are closed.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: str | None = None) -> None:
        self._tls = tls
        self._proxy = proxy
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, _Connection]] = deque()
        self._is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send once, on a connection that no other call uses until the reply is closed.

        A connection on which more came than the reply is closed then: the next call would take it for its answer. With
        the request's extension `ALONE` the connection is new, and closed in any case.
        """
        is_alone = bool(request.extensions.get(ALONE))
        connection = _Connection(self._tls, self._proxy) if is_alone else self._acquire()
        release = self._close if is_alone else self._release
        try:
            response = connection.handle_request(request)
        except BaseException:
            release(connection)
            raise
        body = _Body(cast("httpx.SyncByteStream", response.stream), connection, release)
        response.stream = body
        if is_alone:
            response.extensions[HAS_MORE] = lambda: body.has_more
        return response

    def close(self) -> None:
        """Close the idle connections now, the others when their calls end."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, deque()
        for _, connection in idle:
            connection.close()

    def _acquire(self) -> _Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()[1]
        return _Connection(self._tls, self._proxy)

    @staticmethod
    def _close(connection: _Connection, *, has_more: bool = False) -> None:
        del has_more
        connection.close()

    def _release(self, connection: _Connection, *, has_more: bool = False) -> None:
        now = time.monotonic()
        stale: list[_Connection] = []
        with self._lock:
            if self._is_closed or has_more:
                stale.append(connection)
            else:
                self._idle.append((now, connection))
            while self._idle and self._idle[0][0] < now - KEEPALIVE_SECONDS:
                stale.append(self._idle.popleft()[1])
        for each in stale:
            each.close()


class _Release(Protocol):
    def __call__(self, connection: _Connection, *, has_more: bool = False) -> None: ...


class _Body(httpx.SyncByteStream):
    """A reply's body; closing it passes its connection on, and whether more came than the reply."""

    def __init__(self, body: httpx.SyncByteStream, connection: _Connection, release: _Release) -> None:
        self.has_more = False
        self._body = body
        self._connection = connection
        self._release: _Release | None = release

    def __iter__(self) -> Iterator[bytes]:
        yield from self._body

    def close(self) -> None:
        release, self._release = self._release, None
        if release is None:
            return
        self.has_more = self._connection.has_more()
        try:
            self._body.close()
        finally:
            release(self._connection, has_more=self.has_more)


class _Connection(httpx.HTTPTransport):
    """httpx's transport over at most one connection. Never connects twice for one call."""

    def __init__(self, tls: ssl.SSLContext, proxy: str | None) -> None:
        super().__init__(verify=tls)
        via = httpx.Proxy(proxy) if proxy else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=httpcore.Proxy(str(via.url), auth=via.raw_auth) if via else None,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEPALIVE_SECONDS,
            retries=0,
            network_backend=_DeadlineBackend(),
        )

    def has_more(self) -> bool:
        """Whether more came than the reply, or this can't be found out. Asked before the reply is closed."""
        return any(_left_over(connection) for connection in self._pool.connections)


def _left_over(connection: object) -> bool:
    """Whether bytes after the reply were received, or wait in the socket; not where it was not read to its end.

    Then the library closes the connection by itself.
    """
    inner: Any = getattr(connection, "_connection", None)
    try:
        if repr(inner._h11_state.their_state) != "DONE":  # noqa: SLF001 - no public name tells it
            return False
        return bool(inner._h11_state.trailing_data[0]) or inner._network_stream.has_data()  # noqa: SLF001 - likewise
    except (AttributeError, TypeError, IndexError):
        return True


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
        """Try the host's addresses, each with its share of the time left."""
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
            _remaining(httpcore.ConnectTimeout)  # after a handshake past the deadline nothing is sent
        except httpcore.ConnectTimeout:
            stream.close()
            raise
        return stream

    def has_data(self) -> bool:
        """Whether bytes wait to be read, which are lost then. An end of the connection is none."""
        try:
            return bool(self._stream.get_extra_info("is_readable")) and bool(self._stream.read(1, _AT_ONCE))
        except (httpcore.NetworkError, httpcore.TimeoutException):
            return False

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


def _remaining(error: type[httpcore.TimeoutException]) -> float:
    """Seconds left to the call; raises the given error once there are none."""
    remaining = _deadline.get().remaining()
    if remaining <= 0:
        raise error("total deadline")
    return remaining
