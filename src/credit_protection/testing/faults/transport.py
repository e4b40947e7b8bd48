"""A deterministic transport that applies a script of faults, without sockets or waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import httpx

from credit_protection.testing.faults.script import Effect, Fault, StubResponse, TransportFailure, ok

Handler = Callable[[httpx.Request], httpx.Response]
Matching = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call and its result.

    Args:
        fault: its fault; `ok` where it was not matched.
        executed: whether the bureau executed it, whatever the caller got.
        executed_at: the virtual instant of the execution.
        status: of the bureau's answer, whatever the caller got.
    """

    number: int
    method: str
    path: str
    fault: Fault
    executed: bool = False
    executed_at: float | None = None
    status: int | None = None


class ScriptedTransport(httpx.BaseTransport):
    """Calls a bureau and applies the next fault of a script to each matched call; after its end no call fails.

    Nothing is random and, unless a fault has an `interval`, nothing sleeps. Time is virtual: `advance` moves it. The
    bureau is called in the callers' threads, and must be thread-safe if the test has several.

    Args:
        bureau: a transport, or a function from request to response.
        script: the faults in order; it may be endless.
        matching: whether the call of a method and path takes the next fault; None for all calls. Give one: a gateway
            logs in first, and may look up before it acts.
    """

    def __init__(
        self, bureau: httpx.BaseTransport | Handler, script: Iterable[Fault] = (), *, matching: Matching | None = None
    ) -> None:
        self._bureau = bureau if isinstance(bureau, httpx.BaseTransport) else httpx.MockTransport(bureau)
        self._script = iter(script)
        self._matching = matching
        self._lock = threading.RLock()
        self._calls: list[RecordedCall] = []
        self._in_flight: dict[int, tuple[httpx.Request, float | None]] = {}
        self._now = 0.0

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """All calls, in order, with their results so far."""
        with self._lock:
            return tuple(self._calls)

    @property
    def in_flight(self) -> tuple[RecordedCall, ...]:
        """The calls that failed and will still take effect."""
        with self._lock:
            return tuple(self._calls[number] for number in self._in_flight)

    @property
    def now(self) -> float:
        """Virtual seconds since construction."""
        return self._now

    def replace_script(self, *script: Fault) -> None:
        """Apply these faults from the next matched call on, instead of the remaining ones."""
        with self._lock:
            self._script = iter(script)

    def deliver(self, number: int | None = None) -> None:
        """Execute the call in flight with this number (`KeyError` if it is not); None for all, in the order sent."""
        with self._lock:
            numbers = list(self._in_flight) if number is None else [number]
            delivered = [(each, self._in_flight.pop(each)[0]) for each in numbers]
        for each, request in delivered:
            self._execute(each, request)

    def advance(self, seconds: float) -> None:
        """Advance virtual time, and execute each call that is due by then at its own instant."""
        if seconds < 0:
            raise ValueError("time only moves on")
        end = self._now + seconds
        while (due := self._next_due(end)) is not None:
            self._now, number = due
            self.deliver(number)
        self._now = end

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Apply the next fault."""
        request.read()
        number, fault = self._begin(request)
        own = self._execute(number, request) if fault.effect is Effect.NOW else None
        if fault.failure is not None:
            raise _error(fault.failure, request)
        reply = fault.response or own
        if reply is None:
            raise AssertionError("Fault ensures a response")
        return httpx.Response(
            reply.status,
            headers=list(reply.headers),
            stream=_ChunkedBody(reply.content, fault, request),
            request=request,
        )

    def close(self) -> None:
        """Close the bureau's transport."""
        self._bureau.close()

    def _begin(self, request: httpx.Request) -> tuple[int, Fault]:
        method, path = request.method, request.url.path
        with self._lock:
            is_matched = self._matching is None or self._matching(method, path)
            fault = next(self._script, ok()) if is_matched else ok()
            call = RecordedCall(len(self._calls), method, path, fault)
            self._calls.append(call)
            if fault.effect is Effect.DELAYED:
                due = None if fault.effect_after is None else self._now + fault.effect_after
                self._in_flight[call.number] = request, due
        return call.number, fault

    def _execute(self, number: int, request: httpx.Request) -> StubResponse:
        response = self._bureau.handle_request(request)
        if not isinstance(response.stream, httpx.SyncByteStream):
            raise TypeError("the bureau must answer synchronously")
        try:
            content = b"".join(response.stream)
        finally:
            response.close()
        with self._lock:
            self._calls[number] = replace(
                self._calls[number], executed=True, executed_at=self._now, status=response.status_code
            )
        return StubResponse(response.status_code, content, tuple(response.headers.multi_items()))

    def _next_due(self, end: float) -> tuple[float, int] | None:
        with self._lock:
            return min(
                ((due, number) for number, (_, due) in self._in_flight.items() if due is not None and due <= end),
                default=None,
            )


class _ChunkedBody(httpx.SyncByteStream):
    def __init__(self, content: bytes, fault: Fault, request: httpx.Request) -> None:
        self._content = content
        self._fault = fault
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        fault, whole = self._fault, len(self._content)
        end = whole if fault.cut_after is None else min(fault.cut_after, max(whole - 1, 0))
        piece = fault.piece or max(end, 1)
        for start in range(0, end, piece):
            if start and fault.interval:
                time.sleep(fault.interval)
            yield self._content[start : min(start + piece, end)]
        if fault.cut_after is not None:
            raise _error(fault.cut_by, self._request, received=end, expected=whole)


_ERRORS: dict[TransportFailure, tuple[type[httpx.TransportError], str]] = {
    TransportFailure.REFUSED: (httpx.ConnectError, "[Errno 111] Connection refused"),
    TransportFailure.CONNECT_TIMEOUT: (httpx.ConnectTimeout, "timed out"),
    TransportFailure.POOL_TIMEOUT: (httpx.PoolTimeout, ""),
    TransportFailure.RESET: (httpx.ReadError, "[Errno 104] Connection reset by peer"),
    TransportFailure.BROKEN_PIPE: (httpx.WriteError, "[Errno 32] Broken pipe"),
    TransportFailure.TIMEOUT: (httpx.ReadTimeout, "timed out"),
    TransportFailure.DISCONNECT: (httpx.RemoteProtocolError, "Server disconnected without sending a response."),
}
"""The library's errors, with its own messages."""


def _error(
    failure: TransportFailure, request: httpx.Request, received: int = 0, expected: int = 0
) -> httpx.TransportError:
    kind, message = _ERRORS[failure]
    if failure is TransportFailure.DISCONNECT and expected:
        message = (
            f"peer closed connection without sending complete message body (received {received} bytes, "
            f"expected {expected})"
        )
    return kind(message, request=request)
