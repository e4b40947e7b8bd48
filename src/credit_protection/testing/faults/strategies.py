"""Hypothesis strategies of faults and scripts: all that an honest bureau behind a bad network could cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.testing.faults.script import (
    Effect,
    NoReply,
    drip,
    garbage,
    html,
    lands_late,
    lost_reply,
    ok,
    rate_limited,
    refused,
    server_error,
    slow,
    unauthorized,
    unavailable,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from credit_protection.testing.faults.script import Fault

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


def any_fault() -> SearchStrategy[Fault]:
    """One fault. Shrinks to `ok`, then to the simpler ones: nothing sent, an error that says so, a lost reply."""
    effect = st.sampled_from((Effect.NEVER, Effect.NOW, Effect.LATE))
    never_sent = st.sampled_from((NoReply.REFUSED, NoReply.CONNECT_TIMEOUT, NoReply.POOL_TIMEOUT))
    lost = st.sampled_from((NoReply.DISCONNECT, NoReply.RESET, NoReply.BROKEN_PIPE, NoReply.TIMEOUT))
    cut = st.sampled_from((NoReply.DISCONNECT, NoReply.RESET, NoReply.TIMEOUT))
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
        st.builds(lands_late, st.none() | st.integers(0, 600), lost),
        st.builds(server_error, st.sampled_from((500, 502, 504)), effect),
        st.builds(html, st.sampled_from((200, 404, 500)), effect),
        st.builds(garbage, st.sampled_from(_BODIES) | st.binary(max_size=32), effect, st.sampled_from((200, 201, 202))),
        st.builds(drip, st.integers(1, 64), cut_after=st.none() | st.integers(0, 400), cut_by=cut),
    )


def scripts(max_size: int = 6) -> SearchStrategy[tuple[Fault, ...]]:
    """A script. Shrinks to the shortest one, each fault to `ok`.

    Args:
        max_size: faults at most; after them all goes well.
    """
    return st.lists(any_fault(), max_size=max_size).map(tuple)
