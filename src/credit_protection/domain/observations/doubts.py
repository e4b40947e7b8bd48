"""The table of doubts: what a late answer makes doubtful of what is known.

A late answer is about something that happened before what is known now. So it never replaces what is known: it makes it
doubtful, or changes nothing.
"""

from __future__ import annotations

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    LookupResult,
    RecordFound,
    RecordState,
    Rejected,
)
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.negativations import Negativation, may_have_duplicates
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Action, Observed

_LEFT = frozenset({RecordState.GONE, RecordState.REJECTED})


def resulting_doubt(
    negativation: Negativation, action: Action, answer: Answer | LookupResult, capabilities: Capabilities
) -> Observed | None:
    """What is observed after a late answer; None where it changes nothing."""
    match action, answer:
        case Action.INCLUDE, Done() | Accepted():
            return _from_inclusion(negativation, answer, capabilities)
        case Action.INCLUDE, Rejected():
            doubtful = {Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING}
            return negativation.observed if negativation.observed in doubtful else None
        case Action.REMOVE, Done() | Accepted() | Rejected() if negativation.triggers:
            return _from_removal(negativation, answer, capabilities)
        case _, RecordFound():
            return _from_lookup(negativation, answer)
        case _:
            return None


def _from_inclusion(negativation: Negativation, answer: Done | Accepted, capabilities: Capabilities) -> Observed | None:
    match negativation.observed:
        case Observed.ABSENT | Observed.IN_DOUBT_INCLUDE:
            return Observed.IN_DOUBT_INCLUDE
        case Observed.REJECTED:
            may_exist = capabilities.find or may_have_duplicates(negativation, capabilities)
            is_news = may_exist or isinstance(answer, Done)  # "accepted" came before the refusal
            return Observed.IN_DOUBT_INCLUDE if is_news else None
        case Observed.INCLUDING:
            return Observed.INCLUDING if isinstance(answer, Done) else None
        case Observed.IN_DOUBT_REMOVE | Observed.REMOVING:
            return Observed.IN_DOUBT_REMOVE if capabilities.find else None  # without look-up it is waited for anyhow
        case Observed.GONE:
            return None if _is_explained(negativation, capabilities) else Observed.IN_DOUBT_REMOVE
        case Observed.PRESENT:
            return None


def _from_removal(
    negativation: Negativation, answer: Done | Accepted | Rejected, capabilities: Capabilities
) -> Observed | None:
    merely_received = isinstance(answer, Accepted) and not capabilities.find
    match negativation.observed:
        case Observed.IN_DOUBT_REMOVE:
            return None if merely_received and capabilities.remove_is_repeatable else Observed.IN_DOUBT_REMOVE
        case Observed.REMOVING:
            return None if merely_received else Observed.IN_DOUBT_REMOVE
        case Observed.PRESENT | Observed.INCLUDING:
            return Observed.IN_DOUBT_REMOVE if capabilities.find or isinstance(answer, Done) else None
        case _:
            return None


def _from_lookup(negativation: Negativation, found: RecordFound) -> Observed | None:
    """A late look-up is older than the newest one; but what it found existed once."""
    if negativation.is_closed and found.state in _LEFT:
        return None
    match negativation.observed:
        case Observed.ABSENT | Observed.REJECTED:
            return Observed.IN_DOUBT_INCLUDE
        case Observed.GONE:
            return Observed.IN_DOUBT_REMOVE
        case _:
            return None


def _is_explained(negativation: Negativation, capabilities: Capabilities) -> bool:
    """Whether the only inclusion that can have reached the bureau is the record that was seen to leave."""
    if capabilities.find or may_have_duplicates(negativation, capabilities) or negativation.known_at is None:
        return False
    return negativation.removal_claims > 0 or negativation.has_trigger(RemovalCause.BUREAU)
