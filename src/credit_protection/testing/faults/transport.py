"""A transport that plays a script: no socket, no waiting, the same every time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

from credit_protection.testing.faults.script import CannedReply, Effect, NoReply, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from credit_protection.testing.faults.script import Fault

    Handler = Callable[[httpx.Request], httpx.Response]
    Matching = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class PlayedCall:
    """A call as it went.

    Args:
        number: 0 for the first.
        method: `GET`, `POST`, ...
        path: of the address, without the query.
        fault: what befell it; `ok` where it was not matched.
        executed: whether it reached the bureau and was answered there, whatever the caller was told.
        landed_at: the virtual instant at which it did.
        status: what the bureau answered, whatever the caller was told.
    """

    number: int
    method: str
    path: str
    fault: Fault
    executed: bool = False
    landed_at: float | None = None
    status: int | None = None


class ScriptedTransport(httpx.BaseTransport):
    """Speaks to a bureau, and lets each matched call meet the next fault of a script; after its end all goes well.

    Deterministic: nothing is drawn and, unless a fault has an `interval`, nothing sleeps. Time is virtual: it stands at
    `now` until `advance`. Thread-safe as far as the bureau is, which is called in the callers' own threads.

    Args:
        bureau: a transport, or a function from request to response.
        script: the faults in order; may be endless.
        matching: told method and path, whether a call takes its turn in the script; None for all calls. Give one: a
            gateway logs in first, and may look up before it acts.
    """

    def __init__(
        self, bureau: httpx.BaseTransport | Handler, script: Iterable[Fault] = (), *, matching: Matching | None = None
    ) -> None:
        self._bureau = bureau if isinstance(bureau, httpx.BaseTransport) else httpx.MockTransport(bureau)
        self._script = iter(script)
        self._matching = matching
        self._lock = threading.RLock()
        self._calls: list[PlayedCall] = []
        self._in_flight: dict[int, tuple[httpx.Request, float | None]] = {}
        self._now = 0.0

    @property
    def calls(self) -> tuple[PlayedCall, ...]:
        """All calls in the order in which they were made, as they stand now."""
        with self._lock:
            return tuple(self._calls)

    @property
    def in_flight(self) -> tuple[PlayedCall, ...]:
        """The calls that failed and are still to take effect."""
        with self._lock:
            return tuple(self._calls[number] for number in self._in_flight)

    @property
    def now(self) -> float:
        """Virtual seconds since the beginning."""
        return self._now

    def rewrite(self, *script: Fault) -> None:
        """Play these from the next matched call on, in place of what was still to come."""
        with self._lock:
            self._script = iter(script)

    def land(self, number: int | None = None) -> None:
        """Let the call of this number take its effect now; None for all that are in flight, in the order sent.

        Raises:
            KeyError: that call is not in flight.
        """
        with self._lock:
            numbers = list(self._in_flight) if number is None else [number]
            landing = [(each, self._in_flight.pop(each)[0]) for each in numbers]
        for each, request in landing:
            self._execute(each, request)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass; what was to land by then does, each at its own instant."""
        if seconds < 0:
            raise ValueError("time only moves on")
        end = self._now + seconds
        while (due := self._next_due(end)) is not None:
            self._now, number = due
            self.land(number)
        self._now = end

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Play the next fault."""
        request.read()
        number, fault = self._begin(request)
        own = self._execute(number, request) if fault.effect is Effect.NOW else None
        if fault.no_reply is not None:
            raise _error(fault.no_reply, request)
        reply = fault.reply or own
        if reply is None:
            raise AssertionError("Fault sees to it that there is a reply")
        return httpx.Response(
            reply.status, headers=list(reply.headers), stream=_Pieces(reply.content, fault, request), request=request
        )

    def close(self) -> None:
        """Close the bureau's transport."""
        self._bureau.close()

    def _begin(self, request: httpx.Request) -> tuple[int, Fault]:
        method, path = request.method, request.url.path
        with self._lock:
            takes_turn = self._matching is None or self._matching(method, path)
            fault = next(self._script, ok()) if takes_turn else ok()
            call = PlayedCall(len(self._calls), method, path, fault)
            self._calls.append(call)
            if fault.effect is Effect.LATE:
                due = None if fault.lands_after is None else self._now + fault.lands_after
                self._in_flight[call.number] = request, due
        return call.number, fault

    def _execute(self, number: int, request: httpx.Request) -> CannedReply:
        response = self._bureau.handle_request(request)
        if not isinstance(response.stream, httpx.SyncByteStream):
            raise TypeError("the bureau must answer synchronously")
        try:
            content = b"".join(response.stream)
        finally:
            response.close()
        with self._lock:
            self._calls[number] = replace(
                self._calls[number], executed=True, landed_at=self._now, status=response.status_code
            )
        return CannedReply(response.status_code, content, tuple(response.headers.multi_items()))

    def _next_due(self, end: float) -> tuple[float, int] | None:
        with self._lock:
            return min(
                ((due, number) for number, (_, due) in self._in_flight.items() if due is not None and due <= end),
                default=None,
            )


class _Pieces(httpx.SyncByteStream):
    """A body as the fault lets it come."""

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


def _error(why: NoReply, request: httpx.Request, received: int = 0, expected: int = 0) -> httpx.TransportError:
    """The library's error, with the words that it uses itself."""
    match why:
        case NoReply.REFUSED:
            return httpx.ConnectError("[Errno 111] Connection refused", request=request)
        case NoReply.CONNECT_TIMEOUT:
            return httpx.ConnectTimeout("timed out", request=request)
        case NoReply.POOL_TIMEOUT:
            return httpx.PoolTimeout("", request=request)
        case NoReply.RESET:
            return httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
        case NoReply.BROKEN_PIPE:
            return httpx.WriteError("[Errno 32] Broken pipe", request=request)
        case NoReply.TIMEOUT:
            return httpx.ReadTimeout("timed out", request=request)
        case NoReply.DISCONNECT:
            words = (
                f"peer closed connection without sending complete message body (received {received} bytes, "
                f"expected {expected})"
                if expected
                else "Server disconnected without sending a response."
            )
            return httpx.RemoteProtocolError(words, request=request)
