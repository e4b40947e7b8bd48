"""One attempt of a call, which returns the reply or raises the domain error; and retries of safe calls."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TypeVar

import stamina

from credit_protection.adapters.http.calls import CallFailed, Deadline, HttpCall, HttpReply
from credit_protection.adapters.http.client import HttpClient
from credit_protection.adapters.http.outcomes import Failure, classify, error_of, parse_retry_after
from credit_protection.adapters.http.transcripts import mask, transcript
from credit_protection.domain.errors import BureauUnavailable

ATTEMPTS = 3
_MAX_WAIT = 0.5
_Result = TypeVar("_Result")


def attempt(client: HttpClient, call: HttpCall, deadline: Deadline, secrets: Collection[str] = ()) -> HttpReply:
    """Send once; the reply is 2xx, or a 4xx that the gateway must read, and in none a secret stands.

    Raises:
        BureauUnavailable: not executed, or a safe call's answer was lost.
        RateLimited: not executed.
        CredentialsRejected: not executed.
        OutcomeUnknown: it may have been executed.
    """
    event: Failure | int
    reply, retry_at, cause, status = None, None, "", None
    try:
        reply = client.send(call, deadline).without(secrets)
    except CallFailed as failed:
        event, cause, status = failed.failure, mask(failed.cause, secrets), failed.status
    else:
        event, retry_at = reply.status, parse_retry_after(reply.headers.get("retry-after"), datetime.now(UTC))
        if classify(event, retry_at) is None:
            return reply
    raise error_of(
        event,
        safe=call.safe,
        status=status,
        retry_at=retry_at,
        request_id=reply.request_id if reply is not None else None,
        cause=cause,
        transcript=transcript(call, reply, cause=cause, secrets=secrets),
    )


def retry_safe(once: Callable[[], _Result], deadline: Deadline) -> _Result:
    """Attempt a call that executes nothing (logins, lists, lookups) up to three times within its deadline.

    `RateLimited` is not retried.
    """

    def should_retry(error: Exception) -> bool:
        return type(error) is BureauUnavailable and deadline.remaining() > 2 * _MAX_WAIT

    result: _Result
    for one in stamina.retry_context(
        on=should_retry, attempts=ATTEMPTS, timeout=None, wait_initial=0.1, wait_max=_MAX_WAIT, wait_jitter=0.2
    ):
        with one:
            result = once()
    return result
