"""Faults of one call as data: whether and when it takes effect, and what the caller gets; strategies of faults.

A correct bureau behind a bad network could cause every fault that the functions below make: where the answer says that
nothing was executed (refused, 401, 429, 503 with Retry-After), nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from hypothesis import strategies as st


class Effect(StrEnum):
    """When a call takes effect at the bureau."""

    NOW = "now"
    """Before the caller gets an answer or an error."""
    NEVER = "never"
    DELAYED = "late"
    """After the caller got an error: at `deliver()`, or when virtual time has passed."""


class TransportFailure(StrEnum):
    """Why the caller gets no response."""

    REFUSED = "refused"
    """No connection: nothing was sent."""
    CONNECT_TIMEOUT = "connect_timeout"
    """No connection in time: nothing was sent."""
    POOL_TIMEOUT = "pool_timeout"
    """No free connection in the pool: nothing was sent."""
    DISCONNECT = "disconnect"
    """The server closed the connection."""
    RESET = "reset"
    """The connection was reset while the caller waited for the response."""
    BROKEN_PIPE = "broken_pipe"
    """The connection broke while the request was sent: perhaps after its last byte."""
    TIMEOUT = "timeout"
    """No response in time."""

    @property
    def is_before_sending(self) -> bool:
        """Whether no byte of the request was sent."""
        return self in {TransportFailure.REFUSED, TransportFailure.CONNECT_TIMEOUT, TransportFailure.POOL_TIMEOUT}


@dataclass(frozen=True, slots=True)
class StubResponse:
    """A response that replaces the bureau's own."""

    status: int
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Fault:
    """A fault of one call. The functions of this module make the usual ones.

    Args:
        name: shown in `calls`.
        effect: whether and when the call takes effect.
        failure: why no response comes; None where one does.
        response: replaces the bureau's own; None forwards that.
        effect_after: virtual seconds until a delayed effect; None waits for `deliver()`.
        piece: bytes of one chunk; None for all.
        interval: real seconds between two chunks.
        cut_after: bytes of the body before the connection fails, at most all but the last; None for all.
        cut_by: the failure after `cut_after`.
    """

    name: str
    effect: Effect = Effect.NOW
    failure: TransportFailure | None = None
    response: StubResponse | None = None
    effect_after: float | None = None
    piece: int | None = None
    interval: float = 0.0
    cut_after: int | None = None
    cut_by: TransportFailure = TransportFailure.DISCONNECT

    def __post_init__(self) -> None:
        if self.failure is not None and self.failure.is_before_sending and self.effect is not Effect.NEVER:
            raise ValueError("a request that was not sent has no effect")
        if self.effect is not Effect.NOW and self.failure is None and self.response is None:
            raise ValueError("a call that the bureau does not execute now has no response of its own")
        if self.piece is not None and self.piece < 1:
            raise ValueError("a piece has at least one byte")

    def __repr__(self) -> str:
        """What differs from `ok`: scripts are read in the output of failed tests."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        differing = [f"{each.name}={values[each.name]!r}" for each in fields(self) if values[each.name] != each.default]
        return f"Fault({', '.join(differing)})"


def ok() -> Fault:
    """No fault."""
    return Fault("ok")


def refused(failure: TransportFailure = TransportFailure.REFUSED) -> Fault:
    """No connection (`REFUSED`, `CONNECT_TIMEOUT` or `POOL_TIMEOUT`): nothing is sent."""
    return Fault("refused", Effect.NEVER, failure)


def lost_reply(failure: TransportFailure = TransportFailure.DISCONNECT) -> Fault:
    """The effect happens, then the answer is lost."""
    return Fault("lost_reply", Effect.NOW, failure)


def delayed_effect(after: float | None = None, failure: TransportFailure = TransportFailure.TIMEOUT) -> Fault:
    """The call fails now, and takes effect `after` virtual seconds; None waits for `ScriptedTransport.deliver`."""
    return Fault("delayed_effect", Effect.DELAYED, failure, effect_after=after)


def slow(effect: Effect = Effect.NEVER) -> Fault:
    """No answer in time; the test does not wait for it."""
    return Fault("slow", effect, TransportFailure.TIMEOUT)


def rate_limited(retry_after: float | str | None = 1) -> Fault:
    """429, not executed, with a Retry-After of seconds or any text; None for no such header."""
    return Fault("rate_limited", Effect.NEVER, response=StubResponse(429, headers=_retry_after(retry_after)))


def unavailable(retry_after: float | str | None = None, effect: Effect = Effect.NEVER) -> Fault:
    """503. With Retry-After it means that nothing was executed; without, a proxy may have sent it too late."""
    if retry_after is not None and effect is not Effect.NEVER:
        raise ValueError("503 with Retry-After means that nothing was executed")
    return Fault("unavailable", effect, response=StubResponse(503, headers=_retry_after(retry_after)))


def unauthorized(status: int = 401) -> Fault:
    """401 or 403, not executed: at 401 a gateway may log in again and send once more."""
    return Fault("unauthorized", Effect.NEVER, response=StubResponse(status))


def server_error(status: int = 500, effect: Effect = Effect.NOW) -> Fault:
    """500, 502 or 504, whatever the effect."""
    return Fault("server_error", effect, response=StubResponse(status))


def garbage(content: bytes = b"<<ileg\xedvel>>{", effect: Effect = Effect.NOW, status: int = 200) -> Fault:
    """A response that is called JSON and is not the bureau's."""
    return Fault("garbage", effect, response=StubResponse(status, content, (("content-type", "application/json"),)))


def html(status: int = 200, effect: Effect = Effect.NOW) -> Fault:
    """A web page instead of the response."""
    page = f"<!DOCTYPE html><html><body><h1>{status}</h1></body></html>".encode()
    return Fault("html", effect, response=StubResponse(status, page, (("content-type", "text/html; charset=utf-8"),)))


def trickle(
    piece: int = 1,
    *,
    interval: float = 0.0,
    cut_after: int | None = None,
    cut_by: TransportFailure = TransportFailure.TIMEOUT,
) -> Fault:
    """The effect happens, and the bureau's response comes in chunks, perhaps not all of them.

    Args:
        piece: bytes of one chunk.
        interval: real seconds between two chunks, to test the caller's own deadline.
        cut_after: bytes of the body that come, at most all but the last; None for all.
        cut_by: the failure; `TIMEOUT` is the caller's total deadline, without waiting for it.
    """
    return Fault("trickle", piece=piece, interval=interval, cut_after=cut_after, cut_by=cut_by)


def _retry_after(value: float | str | None) -> tuple[tuple[str, str], ...]:
    return () if value is None else (("retry-after", str(value)),)


_UNREADABLE_WAITS = ("", "logo", "-1", "1.5", "Wed, 99 Foo 2026 00:00:00 GMT")
_BODIES = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"id": 1}',
    b'{"access_token": ""}',
    b"\xff\xfe",
    b'{"id": "cnm-1"',
    b"[" * 5000,
)


def any_fault() -> st.SearchStrategy[Fault]:
    """One fault. It shrinks to `ok`, then to simpler faults: nothing sent, an error status, a lost reply."""
    effect = st.sampled_from((Effect.NEVER, Effect.NOW, Effect.DELAYED))
    never_sent = st.sampled_from(
        (TransportFailure.REFUSED, TransportFailure.CONNECT_TIMEOUT, TransportFailure.POOL_TIMEOUT)
    )
    lost = st.sampled_from(
        (TransportFailure.DISCONNECT, TransportFailure.RESET, TransportFailure.BROKEN_PIPE, TransportFailure.TIMEOUT)
    )
    cut = st.sampled_from((TransportFailure.DISCONNECT, TransportFailure.RESET, TransportFailure.TIMEOUT))
    seconds = st.integers(0, 3600)
    return st.one_of(
        st.just(ok()),
        st.builds(refused, never_sent),
        st.builds(rate_limited, st.none() | seconds | st.sampled_from(_UNREADABLE_WAITS)),
        st.builds(unavailable, seconds),
        st.builds(unavailable, st.none(), effect),
        st.builds(unauthorized, st.sampled_from((401, 403))),
        st.builds(lost_reply, lost),
        st.builds(slow, effect),
        st.builds(delayed_effect, st.none() | st.integers(0, 600), lost),
        st.builds(server_error, st.sampled_from((500, 502, 504)), effect),
        st.builds(html, st.sampled_from((200, 404, 500)), effect),
        st.builds(garbage, st.sampled_from(_BODIES) | st.binary(max_size=32), effect, st.sampled_from((200, 201, 202))),
        st.builds(trickle, st.integers(1, 64), cut_after=st.none() | st.integers(0, 400), cut_by=cut),
    )


def scripts(max_size: int = 6) -> st.SearchStrategy[tuple[Fault, ...]]:
    """A script of at most `max_size` faults. It shrinks to the shortest one, and each fault to `ok`."""
    return st.lists(any_fault(), max_size=max_size).map(tuple)
