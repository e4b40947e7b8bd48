"""Which doubt a late answer casts: the table beside `observations.answered_late`.

An answer is late where its fence is stale, or where it is the bureau's callback. It speaks of something that happened
before what is known now; so it never replaces what is known, it only makes it doubtful, or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.bureau_answers import Accepted, Done, Found, RecordState, Rejected
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import Action, Observed, may_be_several

if TYPE_CHECKING:
    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation


def doubt_from(
    negativation: Negativation, action: Action, answer: Answer | LookupResult, gateway: Capabilities
) -> Observed | None:
    """The doubt that a late answer casts on what is known; None where it changes nothing."""
    match action, answer:
        case Action.INCLUDE, Done() | Accepted():
            return _doubt_from_inclusion(negativation, answer, gateway)
        case Action.INCLUDE, Rejected():
            doubtful = {Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING}
            return negativation.observed if negativation.observed in doubtful else None
        case Action.REMOVE, Done() | Accepted() | Rejected() if negativation.triggers:
            return _doubt_from_removal(negativation, answer, gateway)
        case _, Found():
            return _doubt_from_sighting(negativation, answer)
        case _:
            return None


def _doubt_from_inclusion(
    negativation: Negativation, answer: Done | Accepted, gateway: Capabilities
) -> Observed | None:
    match negativation.observed:
        case Observed.ABSENT | Observed.IN_DOUBT_INCLUDE:
            return Observed.IN_DOUBT_INCLUDE
        case Observed.REJECTED:
            is_news = gateway.find or may_be_several(negativation, gateway) or isinstance(answer, Done)
            return Observed.IN_DOUBT_INCLUDE if is_news else None  # "accepted" is what came before the refusal
        case Observed.INCLUDING:
            return Observed.INCLUDING if isinstance(answer, Done) else None
        case Observed.IN_DOUBT_REMOVE | Observed.REMOVING:
            return Observed.IN_DOUBT_REMOVE if gateway.find else None  # what could still land is waited for anyhow
        case Observed.GONE:
            return None if _is_accounted_for(negativation, gateway) else Observed.IN_DOUBT_REMOVE
        case Observed.PRESENT:
            return None


def _doubt_from_removal(
    negativation: Negativation, answer: Done | Accepted | Rejected, gateway: Capabilities
) -> Observed | None:
    merely_received = isinstance(answer, Accepted) and not gateway.find
    match negativation.observed:
        case Observed.IN_DOUBT_REMOVE:
            return None if merely_received and gateway.remove_is_repeatable else Observed.IN_DOUBT_REMOVE
        case Observed.REMOVING:
            return None if merely_received else Observed.IN_DOUBT_REMOVE
        case Observed.PRESENT | Observed.INCLUDING:
            return Observed.IN_DOUBT_REMOVE if gateway.find or isinstance(answer, Done) else None
        case _:
            return None


_LEFT = frozenset({RecordState.GONE, RecordState.REJECTED})


def _doubt_from_sighting(negativation: Negativation, found: Found) -> Observed | None:
    """A look-up that came late speaks of a time before the newest one; but what it saw was there once."""
    if negativation.is_closed and found.state in _LEFT:
        return None
    match negativation.observed:
        case Observed.ABSENT | Observed.REJECTED:
            return Observed.IN_DOUBT_INCLUDE
        case Observed.GONE:
            return Observed.IN_DOUBT_REMOVE
        case _:
            return None


def _is_accounted_for(negativation: Negativation, gateway: Capabilities) -> bool:
    """Whether the only inclusion that can have reached the bureau is the record that was seen to leave."""
    if gateway.find or may_be_several(negativation, gateway) or negativation.known_at is None:
        return False
    by_bureau = any(trigger.cause is RemovalCause.BUREAU for trigger in negativation.triggers)
    return by_bureau or negativation.removal_claims > 0
