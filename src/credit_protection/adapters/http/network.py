"""Sockets that obey the total deadline of the call that uses them, and that only this call can close.

httpx and httpcore time out each single read, so a server that drips a byte now and then holds a caller for as long as
it likes, in the headers as well as in the body. Here every connect, read and write gets what remains of the call's
deadline.

httpcore's pool decides whether a connection has gone stale without a lock against the thread that is about to use it:
on a busy machine a quick answer is taken for a hang-up, and the connection is closed under the call, whose outcome is
unknown then. Here a stream belongs to a call from its first byte on, and whoever else closes it waits for the call.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from credit_protection.adapters.http.calls import Deadline


class _Call:
    """The call that a thread is making: its deadline, and the streams that it has written to."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.streams: list[_DeadlineStream] = []


_current: ContextVar[_Call] = ContextVar("the call that this thread is making")


@contextmanager
def under(deadline: Deadline) -> Iterator[None]:
    """Let every socket operation of this thread end by the deadline."""
    call = _Call(deadline)
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)
        for stream in call.streams:
            stream.release(call)


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport over a pool whose sockets obey the deadline. Never connects twice for one call.

    Args:
        tls: verifies the server's certificate.
        connections: at most so many at once, all of them kept alive.
        proxy: address of the network's proxy, None for none.
    """

    def __init__(self, tls: ssl.SSLContext, connections: int, proxy: str | None = None) -> None:
        super().__init__(verify=tls)
        through = httpx.Proxy(proxy) if proxy else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=httpcore.Proxy(str(through.url), auth=through.raw_auth) if through else None,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=30.0,
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
        self._lock = threading.Lock()
        self._owner: _Call | None = None
        self._closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, _remaining(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write; the first write makes the stream the call's.

        Raises:
            ConnectionNotAvailable: it was closed before this call wrote anything: the pool takes another.
        """
        del timeout
        call = _current.get()
        with self._lock:
            if self._owner is not call:
                if self._closed:
                    raise httpcore.ConnectionNotAvailable
                self._owner = call
                call.streams.append(self)
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
        with self._lock:
            self._closed = True
            if self._owner is not None and self._owner is not _current.get(None):
                return
        self._stream.close()

    def release(self, call: _Call) -> None:
        """The call is over: close the stream, if somebody wanted to meanwhile."""
        with self._lock:
            if self._owner is not call:
                return
            self._owner = None
            if not self._closed:
                return
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        """What the socket tells; one in use is never told to be readable, which the pool takes for a hang-up."""
        if info == "is_readable" and self._owner is not None and self._owner is not _current.get(None):
            return False
        return self._stream.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _remaining(over: type[httpcore.TimeoutException]) -> float:
    """Seconds left to the call, or the error that says they are over."""
    remaining = _current.get().deadline.remaining()
    if remaining <= 0:
        raise over("total deadline")
    return remaining
