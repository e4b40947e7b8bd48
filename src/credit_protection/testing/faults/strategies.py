"""Hypothesis strategies of the faults and scripts that a correct bureau behind a bad network could cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.testing.faults import script
from credit_protection.testing.faults.script import Effect, Fault, TransportFailure

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

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
        st.just(script.ok()),
        st.builds(script.refused, never_sent),
        st.builds(script.rate_limited, st.none() | seconds | st.sampled_from(_UNREADABLE_WAITS)),
        st.builds(script.unavailable, seconds),
        st.builds(script.unavailable, st.none(), effect),
        st.builds(script.unauthorized, st.sampled_from((401, 403))),
        st.builds(script.lost_reply, lost),
        st.builds(script.slow, effect),
        st.builds(script.delayed_effect, st.none() | st.integers(0, 600), lost),
        st.builds(script.server_error, st.sampled_from((500, 502, 504)), effect),
        st.builds(script.html, st.sampled_from((200, 404, 500)), effect),
        st.builds(
            script.garbage, st.sampled_from(_BODIES) | st.binary(max_size=32), effect, st.sampled_from((200, 201, 202))
        ),
        st.builds(script.trickle, st.integers(1, 64), cut_after=st.none() | st.integers(0, 400), cut_by=cut),
    )


def scripts(max_size: int = 6) -> SearchStrategy[tuple[Fault, ...]]:
    """A script of at most `max_size` faults. It shrinks to the shortest one, and each fault to `ok`."""
    return st.lists(any_fault(), max_size=max_size).map(tuple)
