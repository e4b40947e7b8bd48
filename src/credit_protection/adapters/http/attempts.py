"""One try of a call, told as a reply or as the error that the caller must deal with; and several, where harmless."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import stamina

from credit_protection.adapters.http.calls import CallFailed
from credit_protection.adapters.http.outcomes import Failure, Outcome, classify, error_of, parse_retry_after
from credit_protection.adapters.http.transcripts import mask, transcript
from credit_protection.domain.errors import BureauUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from credit_protection.adapters.http.calls import Deadline, HttpCall, HttpReply
    from credit_protection.adapters.http.client import HttpClient

ATTEMPTS = 3
_LONGEST_WAIT = 0.5
_Result = TypeVar("_Result")


def attempt(client: HttpClient, call: HttpCall, deadline: Deadline, secrets: Collection[str] = ()) -> HttpReply:
    """Send once.

    Returns:
        The reply, where the server answered in its own words: 2xx, or a 4xx that the gateway must read.

    Raises:
        BureauUnavailable: not executed, or a safe call's answer was lost.
        RateLimited: not executed.
        CredentialsRejected: not executed.
        OutcomeUnknown: it may have been executed.
    """
    reply: HttpReply | None = None
    failure, cause = Failure.UNREADABLE, ""
    try:
        reply = client.send(call, deadline)
    except CallFailed as failed:
        failure, cause = failed.failure, mask(failed.cause, secrets)
    event = failure if reply is None else reply.status
    retry_at = parse_retry_after(reply.headers.get("retry-after"), datetime.now(UTC)) if reply is not None else None
    if reply is not None and classify(event, retry_at) is Outcome.ANSWER:
        return reply
    raise error_of(
        event,
        safe=call.safe,
        retry_at=retry_at,
        request_id=reply.request_id if reply is not None else None,
        cause=cause,
        transcript=transcript(call, reply, cause=cause, secrets=secrets),
    )


def persist(once: Callable[[], _Result], deadline: Deadline) -> _Result:
    """Try a safe call up to three times within its deadline.

    Only for what executes nothing: logins, lists, look-ups. A bureau that asks for calm is left alone.

    Raises:
        BureauError: the last try's.
    """

    def is_worth_it(error: Exception) -> bool:
        return type(error) is BureauUnavailable and deadline.remaining() > 2 * _LONGEST_WAIT

    result: _Result
    for one in stamina.retry_context(
        on=is_worth_it, attempts=ATTEMPTS, timeout=None, wait_initial=0.1, wait_max=_LONGEST_WAIT, wait_jitter=0.2
    ):
        with one:
            result = once()
    return result
