"""The HTTP client of one integration: limited connections and reply size, one total deadline per call."""

import re
import ssl
import threading
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from credit_protection.adapters.http.addresses import parse_address
from credit_protection.adapters.http.calls import CallFailed, Deadline, HttpCall, HttpReply
from credit_protection.adapters.http.network import ALONE, HAS_MORE, Connections, deadline_scope
from credit_protection.adapters.http.outcomes import Failure, classify, parse_retry_after
from credit_protection.domain.errors import OutcomeUnknown

CONNECTIONS = 32
REQUEST_ID_HEADERS = ("x-request-id",)
MAX_REPLY_BYTES = 20 * 1024 * 1024
Transport = httpx.BaseTransport
"""What transports the bytes; `testing.faults` substitutes it."""
_is_request_id = re.compile(r"[\x21-\x7e]{1,128}").fullmatch
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "credit-protection"}


class HttpClient:
    """Sends calls below one base address. Thread-safe; opens no connection before the first call.

    It verifies TLS, follows no redirect, keeps no cookie and retries nothing, so it uses httpx's transport without
    httpx's client. The environment may name a proxy (`HTTPS_PROXY`, `NO_PROXY`) and certificates (`SSL_CERT_FILE`).
    Of the headers with the server's protocol (`request_id_headers`), the first one present counts.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connections: int = CONNECTIONS,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        request_id_headers: Sequence[str] = REQUEST_ID_HEADERS,
        transport: Transport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._max_reply_bytes = max_reply_bytes
        self._request_id_headers = request_id_headers
        self._free = threading.BoundedSemaphore(connections)
        self._transport = transport or Connections(_tls(), _proxy_for(self.base_url))
        self._is_closed = False

    def send(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        """Send once, and wait until the deadline for the whole reply; `CallFailed` where none was received.

        A status that means "not executed" (401, 429, ...) is a reply, with an empty body, even if its body was lost.
        """
        if not self._free.acquire(timeout=deadline.remaining() / 2):  # the other half is for the answer
            raise CallFailed(Failure.POOL_TIMEOUT if deadline.remaining() else Failure.NO_TIME_LEFT)
        failed: CallFailed
        try:
            return self._exchange(call, deadline)
        except CallFailed as error:
            failed = error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, zlib.error, UnicodeError) as error:
            failed = CallFailed(_failure_of(error), f"{type(error).__name__}: {error}")
        finally:
            self._free.release()
        raise failed  # outside the handler: the library's error holds the request, with its secrets

    def is_same_origin(self, address: str) -> bool:
        """Whether a path or an absolute address has the base address's origin; only there a token may be sent."""
        if "://" not in address:
            return True
        origin = _origin(address)
        return origin is not None and origin == _origin(self.base_url)

    def close(self) -> None:
        """Close the connections."""
        self._is_closed = True
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, call: HttpCall, deadline: Deadline) -> HttpReply:
        if self._is_closed:
            raise CallFailed(Failure.CLOSED)
        remaining = deadline.remaining()
        if remaining <= 0:
            raise CallFailed(Failure.NO_TIME_LEFT)
        headers = httpx.Headers(_HEADERS)
        headers.update(dict(call.headers))  # in any letter case
        request = httpx.Request(
            call.method,
            call.path if "://" in call.path else f"{self.base_url}{call.path}",
            params=dict(call.query) or None,
            headers=headers,
            json=call.json,
            data=dict(call.form) if call.form is not None else None,
            content=call.content,
            extensions={"timeout": httpx.Timeout(remaining).as_dict(), ALONE: call.alone},
        )
        with deadline_scope(deadline):
            response = self._transport.handle_request(request)
            try:
                return self._reply(response, deadline)
            finally:
                response.close()

    def _reply(self, response: httpx.Response, deadline: Deadline) -> HttpReply:
        headers = MappingProxyType({name.lower(): value for name, value in response.headers.items()})
        values = (headers.get(name, "").strip() for name in self._request_id_headers)
        request_id = next((value for value in values if _is_request_id(value)), None)
        try:
            content = self._body(response, headers.get("content-encoding", ""), deadline)
        except (CallFailed, httpx.HTTPError, zlib.error) as error:
            retry_at = parse_retry_after(headers.get("retry-after"), datetime.now(UTC))
            if classify(response.status_code, retry_at) in {None, OutcomeUnknown}:
                if isinstance(error, zlib.error) or getattr(error, "failure", None) is Failure.UNREADABLE:
                    raise CallFailed(Failure.UNREADABLE, f"{error}", response.status_code) from None
                raise
            content = b""
        has_more = response.extensions.get(HAS_MORE, bool)()
        return HttpReply(response.status_code, headers, content, request_id, has_more)

    def _body(self, response: httpx.Response, encoding: str, deadline: Deadline) -> bytes:
        content = bytearray()
        for piece in _decompressed(response.iter_raw(), encoding.strip().lower(), self._max_reply_bytes):
            content += piece
            if len(content) > self._max_reply_bytes:
                raise CallFailed(Failure.TOO_LARGE, f"more than {self._max_reply_bytes} bytes")
            if deadline.remaining() <= 0:
                raise CallFailed(Failure.READ_TIMEOUT, "total deadline")
        return bytes(content)


def _decompressed(pieces: Iterator[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """Decompress gzip, sent against the accept-encoding; no piece may grow beyond the limit."""
    if encoding in {"", "identity"}:
        yield from pieces
        return
    if encoding not in {"gzip", "deflate"}:
        raise CallFailed(Failure.UNREADABLE, f"content-encoding {encoding[:32]}")
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    for piece in pieces:
        yield inflater.decompress(piece, limit + 1)
        if inflater.unconsumed_tail:
            raise CallFailed(Failure.TOO_LARGE, "inflates beyond the limit")
    if not inflater.eof:
        raise CallFailed(Failure.UNREADABLE, "compressed body ends too early")


_FAILURES: tuple[tuple[tuple[type[Exception], ...], Failure], ...] = (
    ((httpx.ConnectError,), Failure.CONNECT),
    ((httpx.ConnectTimeout,), Failure.CONNECT_TIMEOUT),
    ((httpx.PoolTimeout,), Failure.POOL_TIMEOUT),
    ((httpx.ProxyError,), Failure.PROXY),
    ((httpx.UnsupportedProtocol, httpx.InvalidURL), Failure.ADDRESS),
    ((httpx.ReadTimeout,), Failure.READ_TIMEOUT),
    ((httpx.WriteError, httpx.WriteTimeout), Failure.WRITE),
    ((httpx.NetworkError,), Failure.DISCONNECT),
)


def _failure_of(error: Exception) -> Failure:
    """The library's error as a `Failure`; an unknown error never counts as "not sent"."""
    if isinstance(error, httpx.ConnectError) and _is_tls(error):
        return Failure.TLS
    for kinds, failure in _FAILURES:
        if isinstance(error, kinds):
            return failure
    is_cut = isinstance(error, httpx.RemoteProtocolError) and ("disconnected" in f"{error}" or "closed" in f"{error}")
    return Failure.DISCONNECT if is_cut else Failure.UNREADABLE


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _origin(address: str) -> tuple[str, str, int] | None:
    parsed = parse_address(address)
    return None if parsed is None else parsed.origin


def _proxy_for(base_url: str) -> str | None:
    parts = urlsplit(base_url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy and not proxy_bypass(parts.netloc.rpartition("@")[2]) else None


@cache
def _tls() -> ssl.SSLContext:
    """Shared by all clients: loading the certificates takes longer than a call."""
    return httpx.create_ssl_context()
