"""Sockets that obey the total deadline of the call that uses them.

httpx and httpcore time out each single read, so a server that drips a byte now and then holds a caller for as long as
it likes, in the headers as well as in the body. Here every connect, read and write gets what remains of the call's
deadline.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import httpcore
import httpx

from credit_protection.adapters.http.calls import Deadline

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

_deadline: ContextVar[Deadline] = ContextVar("deadline of the call that this thread is making")


@contextmanager
def under(deadline: Deadline) -> Iterator[None]:
    """Let every socket operation of this thread end by the deadline."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


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
    """Seconds left, or the error that says they are over; outside a call there is no limit to obey but a short one."""
    remaining = _deadline.get(Deadline.after(1.0)).remaining()
    if remaining <= 0:
        raise over("total deadline")
    return remaining
