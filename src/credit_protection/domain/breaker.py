"""The breaker: where a bureau is down, its integration rests for all processes, and one call asks whether it is back.

Closed, calls go. When calls for several different rows failed in a run, with no answer between them, it opens: nothing
is called until an instant. From then on it is half-open: one call at a time asks, and the first answer closes it. What
a bureau says about one row, a refusal say, is an answer. A row that always fails opens it for nobody else: a run counts
different rows, and such a row's failure while asking lets the next row ask at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.capabilities import Pace
from credit_protection.domain.errors import (
    BureauUnavailable,
    CredentialsRejected,
    InclusionStillProcessing,
    NoCredit,
    OutcomeUnknown,
    RateLimited,
    Refused,
)

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.errors import BureauError
    from credit_protection.domain.integrations import Integration

ROWS_THAT_OPEN = 5
"""So many different rows fail in a run before all of them rest."""
PAUSES = Pace(timedelta(seconds=30), timedelta(minutes=15))
"""How long they rest: doubling while the bureau stays down."""
CREDENTIALS_PAUSE = timedelta(hours=1)
"""How long refused credentials pause an integration, unless a person mends them before."""
LONGEST_CALM = timedelta(days=1)
"""No bureau's wish for calm counts for longer: removals have a deadline."""
PROBE_LASTS = timedelta(minutes=2)
"""For how long one asks alone where it is not known how long its call may take."""
_SERVER_FAILED = 500


class CallState(StrEnum):
    """Whether an integration's transmissions may call."""

    CLOSED = "closed"
    """They may."""
    OPEN = "open"
    """They rest; or one of them asks just now."""
    HALF_OPEN = "half_open"
    """One may, to ask."""


class Sign(StrEnum):
    """What a call's outcome says about the bureau."""

    ANSWERED = "answered"
    """It is there, whatever it said about the row."""
    DOWN = "down"
    CALM = "calm"
    """It wants no call of this account until an instant."""
    LOCKED_OUT = "locked_out"
    """It refuses the account's credentials."""
    UNCLEAR = "unclear"
    """Nothing: the fault may be the row's, the gateway's or ours."""


def call_state(integration: Integration, now: datetime) -> CallState:
    """The state at an instant."""
    if integration.paused_until is None:
        return CallState.CLOSED
    return CallState.OPEN if integration.is_paused(now) else CallState.HALF_OPEN


def may_call(integration: Integration, now: datetime, probe: datetime | None = None) -> bool:
    """Whether a call may be made now.

    Args:
        integration: through which.
        now: instant, UTC.
        probe: the end of the pause that the caller itself made, in order to ask.
    """
    if probe is not None and integration.paused_until == probe:
        return True
    return call_state(integration, now) is CallState.CLOSED


def probing(integration: Integration, now: datetime, lasts: timedelta = PROBE_LASTS) -> Integration:
    """One call asks: the others rest meanwhile. Unchanged where it is not half-open.

    Args:
        integration: through which.
        now: instant, UTC.
        lasts: the gateway's lease: the call is over by then, and where its process died, another asks.
    """
    if call_state(integration, now) is not CallState.HALF_OPEN:
        return integration
    return replace(integration, paused_until=now + lasts)


def handed_on(integration: Integration, now: datetime, probe: datetime) -> Integration:
    """Whoever was to ask learned nothing, or made no call: the next may ask, at once."""
    return replace(integration, paused_until=now) if integration.paused_until == probe else integration


def closed(integration: Integration) -> Integration:
    """All may call again; unchanged where they may."""
    mended = replace(integration, paused_until=None, paused_since=None, pause_reason="", failing=(), pauses=0)
    return integration if mended == integration else mended


def sign_of(error: BureauError | None, now: datetime) -> Sign:
    """What an outcome says about the bureau.

    Args:
        error: None where the gateway gave an answer, a refusal included.
        now: instant, UTC.
    """
    match error:
        case None | InclusionStillProcessing() | NoCredit() | Refused():
            return Sign.ANSWERED
        case CredentialsRejected():
            return Sign.LOCKED_OUT
        case RateLimited(retry_at=at) if at is not None and at > now:
            return Sign.CALM
        case BureauUnavailable():
            return Sign.DOWN
        case OutcomeUnknown(http_status=status) if status is None or status >= _SERVER_FAILED:
            return Sign.DOWN
        case _:
            return Sign.UNCLEAR


def after_call(
    integration: Integration,
    negativation_id: str,
    error: BureauError | None,
    now: datetime,
    probe: datetime | None = None,
) -> Integration:
    """The rule: what one call's outcome does to its integration.

    Args:
        integration: as it stands now.
        negativation_id: whose call it was.
        error: how it failed; None where it was answered.
        now: instant, UTC.
        probe: the end of the pause that the caller made in order to ask; None where it did not ask.

    Returns:
        The very same where nothing changes: where all is well, and where all rest already.
    """
    asks = probe is not None and integration.paused_until == probe
    match sign_of(error, now):
        case Sign.ANSWERED:
            return closed(integration) if asks or integration.failing else integration
        case Sign.CALM if isinstance(error, RateLimited) and error.retry_at is not None:
            return _told_to_rest(integration, now, min(error.retry_at, now + LONGEST_CALM), error.message, asks=asks)
        case Sign.LOCKED_OUT if error is not None:
            return _told_to_rest(integration, now, now + CREDENTIALS_PAUSE, error.message, asks=asks)
        case Sign.DOWN if error is not None and (asks or integration.paused_until is None):
            if negativation_id not in integration.failing:
                return _failed(integration, negativation_id, error, now, asks=asks)
        case _:
            pass
    return integration if probe is None else handed_on(integration, now, probe)


def _told_to_rest(integration: Integration, now: datetime, until: datetime, why: str, *, asks: bool) -> Integration:
    """The bureau itself speaks for the whole account; a shorter pause does not end a longer one."""
    standing = integration.paused_until
    if standing is not None and standing >= until and not asks:
        return integration
    since = integration.paused_since or now
    return replace(integration, paused_until=until, paused_since=since, pause_reason=why, failing=(), pauses=0)


def _failed(
    integration: Integration, negativation_id: str, error: BureauError, now: datetime, *, asks: bool
) -> Integration:
    failing = (*integration.failing, negativation_id)[-ROWS_THAT_OPEN:]
    if len(failing) < ROWS_THAT_OPEN and not asks:
        return replace(integration, failing=failing)
    return replace(
        integration,
        failing=failing,
        pauses=integration.pauses + 1,
        paused_until=now + _pause(integration.pauses + 1),
        paused_since=integration.paused_since or now,
        pause_reason=f"O birô não responde; o programa volta a tentar sozinho. Último erro: {error.message}",
    )


def _pause(number: int) -> timedelta:
    pause = PAUSES.first
    for _ in range(number - 1):
        if pause >= PAUSES.cap:
            break
        pause *= 2
    return min(pause, PAUSES.cap)
