"""What may befall one call, as data: whether and when it takes effect, and what the caller gets to see of it.

Every fault made by the functions below is one that an honest bureau behind a bad network could cause: where the caller
is told that nothing was executed (refused, 401, 429, 503 with Retry-After), nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


class Effect(StrEnum):
    """When a call takes effect at the bureau."""

    NOW = "now"
    """Before the caller is told anything."""
    NEVER = "never"
    LATE = "late"
    """After the caller was told: at `land()`, or once virtual time has passed."""


class NoReply(StrEnum):
    """Why no reply comes."""

    REFUSED = "refused"
    """No connection: nothing was sent."""
    CONNECT_TIMEOUT = "connect_timeout"
    """No connection in time: nothing was sent."""
    POOL_TIMEOUT = "pool_timeout"
    """No free connection in the pool: nothing was sent."""
    DISCONNECT = "disconnect"
    """The server hung up."""
    RESET = "reset"
    """The line was reset while the reply was awaited."""
    BROKEN_PIPE = "broken_pipe"
    """The line broke while the request was being sent: perhaps after its last byte."""
    TIMEOUT = "timeout"
    """No reply in time."""

    @property
    def is_before_sending(self) -> bool:
        """Whether not a byte of the request went out."""
        return self in {NoReply.REFUSED, NoReply.CONNECT_TIMEOUT, NoReply.POOL_TIMEOUT}


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A reply that comes in place of the bureau's own.

    Args:
        status: of HTTP.
        content: body.
        headers: names and values.
    """

    status: int
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Fault:
    """What befalls one call. Made by the functions of this module; make one yourself for what they lack.

    Args:
        name: shown in `calls`.
        effect: whether and when it takes effect.
        no_reply: why no reply comes; None where one does.
        reply: one in place of the bureau's own; None relays that.
        lands_after: virtual seconds until a late effect; None waits for `land()`.
        piece: bytes that come at once; None for all.
        interval: real seconds between two pieces.
        cut_after: bytes of the body that come before it is cut, at most all but the last; None for no cut.
        cut_by: how it is cut.
    """

    name: str
    effect: Effect = Effect.NOW
    no_reply: NoReply | None = None
    reply: CannedReply | None = None
    lands_after: float | None = None
    piece: int | None = None
    interval: float = 0.0
    cut_after: int | None = None
    cut_by: NoReply = NoReply.DISCONNECT

    def __post_init__(self) -> None:
        if self.no_reply is not None and self.no_reply.is_before_sending and self.effect is not Effect.NEVER:
            raise ValueError("what was not sent has no effect")
        if self.effect is not Effect.NOW and self.no_reply is None and self.reply is None:
            raise ValueError("a call without an effect has no reply of the bureau's to relay")
        if self.piece is not None and self.piece < 1:
            raise ValueError("a piece has at least one byte")

    def __repr__(self) -> str:
        """What differs from `ok`: scripts are read in the output of failed tests."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        differing = [f"{each.name}={told[each.name]!r}" for each in fields(self) if told[each.name] != each.default]
        return f"Fault({', '.join(differing)})"


def ok() -> Fault:
    """Nothing goes wrong."""
    return Fault("ok")


def refused(how: NoReply = NoReply.REFUSED) -> Fault:
    """No connection: nothing is sent.

    Args:
        how: `REFUSED`, `CONNECT_TIMEOUT` or `POOL_TIMEOUT`.
    """
    return Fault("refused", Effect.NEVER, how)


def lost_reply(how: NoReply = NoReply.DISCONNECT) -> Fault:
    """The effect happens, then the answer is lost."""
    return Fault("lost_reply", Effect.NOW, how)


def lands_late(after: float | None = None, how: NoReply = NoReply.TIMEOUT) -> Fault:
    """The call fails now, and takes effect later.

    Args:
        after: virtual seconds, see `ScriptedTransport.advance`; None waits for `ScriptedTransport.land`.
        how: the call fails.
    """
    return Fault("lands_late", Effect.LATE, how, lands_after=after)


def slow(effect: Effect = Effect.NEVER) -> Fault:
    """No answer in time; no clock is waited for."""
    return Fault("slow", effect, NoReply.TIMEOUT)


def rate_limited(retry_after: float | str | None = 1) -> Fault:
    """429, not executed.

    Args:
        retry_after: the header: seconds, or any text; None for none.
    """
    return Fault("rate_limited", Effect.NEVER, reply=CannedReply(429, headers=_retry_after(retry_after)))


def unavailable(retry_after: float | str | None = None, effect: Effect = Effect.NEVER) -> Fault:
    """503. With a Retry-After it says that nothing was executed; without, a proxy may have said it too late.

    Args:
        retry_after: the header: seconds, or any text; None for none.
        effect: other than `NEVER` only without Retry-After.
    """
    if retry_after is not None and effect is not Effect.NEVER:
        raise ValueError("503 with Retry-After says that nothing was executed")
    return Fault("unavailable", effect, reply=CannedReply(503, headers=_retry_after(retry_after)))


def unauthorized(status: int = 401) -> Fault:
    """401 or 403, not executed: at 401 a gateway may log in anew and send once more."""
    return Fault("unauthorized", Effect.NEVER, reply=CannedReply(status))


def server_error(status: int = 500, effect: Effect = Effect.NOW) -> Fault:
    """500, 502 or 504, whatever became of the call."""
    return Fault("server_error", effect, reply=CannedReply(status))


def garbage(content: bytes = b"<<ileg\xedvel>>{", effect: Effect = Effect.NOW, status: int = 200) -> Fault:
    """A reply that is called JSON and is none of the bureau's."""
    return Fault("garbage", effect, reply=CannedReply(status, content, (("content-type", "application/json"),)))


def html(status: int = 200, effect: Effect = Effect.NOW) -> Fault:
    """Somebody's web page in place of the reply."""
    page = f"<!DOCTYPE html><html><body><h1>{status}</h1></body></html>".encode()
    return Fault("html", effect, reply=CannedReply(status, page, (("content-type", "text/html; charset=utf-8"),)))


def drip(
    piece: int = 1, *, interval: float = 0.0, cut_after: int | None = None, cut_by: NoReply = NoReply.TIMEOUT
) -> Fault:
    """The effect happens, and the bureau's reply comes piece by piece, perhaps not all of it.

    Args:
        piece: bytes that come at once.
        interval: real seconds between two pieces; none unless the caller's own deadline is what is tested.
        cut_after: bytes of the body that come, at most all but the last; None for all of them.
        cut_by: how it is cut; `TIMEOUT` is the caller's total deadline, without waiting for it.
    """
    return Fault("drip", piece=piece, interval=interval, cut_after=cut_after, cut_by=cut_by)


def _retry_after(told: float | str | None) -> tuple[tuple[str, str], ...]:
    return () if told is None else (("retry-after", str(told)),)
