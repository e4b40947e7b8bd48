"""Circuit breaker: while a bureau is down, its integration is paused for all processes, and one probe tests it.

It opens when calls for several different rows failed in a run, without an answer in between: no call is made until an
instant. Then it is half-open: one call at a time probes, and the first answer closes it. A refusal is an answer.
A row that always fails does not open it: a run counts different rows, and such a row's failed probe releases the probe.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from credit_protection.domain.capabilities import Backoff
from credit_protection.domain.errors import BureauError, Fault, RateLimited
from credit_protection.domain.instants import not_ahead
from credit_protection.domain.integrations import Integration

FAILURE_THRESHOLD = 5
"""So many different rows fail in a run before it opens."""
OPEN_BACKOFF = Backoff(timedelta(seconds=30), timedelta(minutes=15))
"""How long it stays open: doubling while the bureau is down."""
CREDENTIALS_PAUSE = timedelta(hours=1)
"""How long refused credentials pause an integration, unless a person corrects them before."""
MAX_RETRY_AFTER = timedelta(days=1)
"""A bureau's Retry-After counts for no longer: removals have a deadline."""
PROBE_TIMEOUT = timedelta(minutes=2)
"""How long a probe excludes other calls where the gateway's lease is not known."""


class CallState(StrEnum):
    """Whether an integration's transmissions may call."""

    CLOSED = "closed"
    OPEN = "open"
    """No call, or only the running probe."""
    HALF_OPEN = "half_open"
    """One call may probe."""


def call_state(integration: Integration, now: datetime) -> CallState:
    """The state at an instant."""
    if integration.paused_until is None:
        return CallState.CLOSED
    return CallState.OPEN if integration.is_paused(now) else CallState.HALF_OPEN


def may_call(integration: Integration, now: datetime, probe: datetime | None = None) -> bool:
    """Whether a call may be made now; `probe` is the end of the pause that the caller made for its own probe."""
    if probe is not None and integration.paused_until == probe:
        return True
    return call_state(integration, now) is CallState.CLOSED


def start_probe(integration: Integration, now: datetime, timeout: timedelta = PROBE_TIMEOUT) -> Integration:
    """Start a probe: other calls are paused until its timeout. Unchanged where it is not half-open.

    The timeout is the gateway's lease: the call is over by then; if its process died, another call probes.
    """
    if call_state(integration, now) is not CallState.HALF_OPEN:
        return integration
    return replace(integration, paused_until=now + timeout, paused_at=now)


def release_probe(integration: Integration, now: datetime, probe: datetime) -> Integration:
    """The probe learnt nothing, or made no call: another may start at once."""
    if integration.paused_until != probe:
        return integration
    return replace(integration, paused_until=now, paused_at=now)


def close(integration: Integration) -> Integration:
    """Close it: all calls are allowed. The same object where it is closed already."""
    closed = replace(
        integration,
        paused_until=None,
        paused_since=None,
        paused_at=None,
        pause_reason="",
        failing_negativation_ids=(),
        consecutive_pauses=0,
    )
    return integration if closed == integration else closed


def after_call(
    integration: Integration,
    negativation_id: str,
    error: BureauError | None,
    now: datetime,
    probe: datetime | None = None,
) -> Integration:
    """Apply one call's outcome to its integration; `error` is None where it was answered.

    The same object where nothing changes.
    """
    is_probe = probe is not None and integration.paused_until == probe
    if error is None or error.fault is Fault.NONE:
        return close(integration) if is_probe or integration.failing_negativation_ids else integration
    if error.fault is Fault.CREDENTIALS:
        return _pause_until(integration, now, now + CREDENTIALS_PAUSE, error.message, is_probe=is_probe)
    if isinstance(error, RateLimited) and error.retry_at is not None and error.retry_at > now:
        until = min(error.retry_at, now + MAX_RETRY_AFTER)
        return _pause_until(integration, now, until, error.message, is_probe=is_probe)
    is_new_failure = negativation_id not in integration.failing_negativation_ids
    if error.fault is not Fault.UNCLEAR and is_new_failure and (is_probe or integration.paused_until is None):
        return _failed(integration, negativation_id, error, now, is_probe=is_probe)
    return integration if probe is None else release_probe(integration, now, probe)


def _pause_until(integration: Integration, now: datetime, until: datetime, why: str, *, is_probe: bool) -> Integration:
    """The bureau answered for the whole account; a shorter pause does not end a longer one."""
    current = integration.paused_until
    if current is not None and integration.is_paused(now) and current >= until and not is_probe:
        return integration
    return replace(
        close(integration), paused_until=until, paused_since=_since(integration, now), pause_reason=why, paused_at=now
    )


def _since(integration: Integration, now: datetime) -> datetime:
    return not_ahead(integration.paused_since or now, now)


def _failed(
    integration: Integration, negativation_id: str, error: BureauError, now: datetime, *, is_probe: bool
) -> Integration:
    failing = (*integration.failing_negativation_ids, negativation_id)[-FAILURE_THRESHOLD:]
    if len(failing) < FAILURE_THRESHOLD and not is_probe:
        return replace(integration, failing_negativation_ids=failing)
    return replace(
        integration,
        failing_negativation_ids=failing,
        consecutive_pauses=integration.consecutive_pauses + 1,
        paused_until=now + OPEN_BACKOFF.longest_wait(integration.consecutive_pauses + 1),
        paused_since=_since(integration, now),
        paused_at=now,
        pause_reason=f"O birô não responde; o programa volta a tentar sozinho. Último erro: {error.message}",
    )
