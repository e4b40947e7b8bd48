"""The table of next actions, written a second time from the specification, for the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.capabilities import RemovalKey
from credit_protection.domain.state_table import Action, Desired, Observed

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.domain.capabilities import Capabilities

State = tuple[Observed, Desired]
WANTED, UNWANTED = Desired.INCLUDED, Desired.REMOVED


def _doubtful_inclusion(gateway: Capabilities) -> Action:
    if gateway.find:
        return Action.LOOK_UP
    return Action.INCLUDE if gateway.include_is_repeatable else Action.ASK_PERSON


def _doubtful_inclusion_unwanted(gateway: Capabilities) -> Action:
    if gateway.find:
        return Action.LOOK_UP
    may = gateway.removal_key is RemovalKey.NATURAL and gateway.not_found_is_an_answer
    return Action.REMOVE if may else Action.ASK_PERSON


def _doubtful_removal(gateway: Capabilities) -> Action:
    if gateway.find:
        return Action.LOOK_UP
    return Action.REMOVE if gateway.remove_is_repeatable else Action.ASK_PERSON


def _outcome_to_come(gateway: Capabilities) -> Action:
    if gateway.polling:
        return Action.POLL
    return Action.AWAIT_CALLBACK if gateway.callback else Action.ASK_PERSON


TABLE: dict[State, Callable[[Capabilities], Action]] = {
    (Observed.ABSENT, WANTED): lambda _: Action.INCLUDE,
    (Observed.ABSENT, UNWANTED): lambda _: Action.CLOSE,
    (Observed.IN_DOUBT_INCLUDE, WANTED): _doubtful_inclusion,
    (Observed.IN_DOUBT_INCLUDE, UNWANTED): _doubtful_inclusion_unwanted,
    (Observed.INCLUDING, WANTED): _outcome_to_come,
    (Observed.INCLUDING, UNWANTED): _outcome_to_come,
    (Observed.PRESENT, WANTED): lambda _: Action.NOTHING,
    (Observed.PRESENT, UNWANTED): lambda gateway: Action.REMOVE if gateway.remove else Action.ASK_PERSON,
    (Observed.IN_DOUBT_REMOVE, UNWANTED): _doubtful_removal,
    (Observed.REMOVING, UNWANTED): _outcome_to_come,
    (Observed.REJECTED, WANTED): lambda _: Action.CLOSE,
    (Observed.REJECTED, UNWANTED): lambda _: Action.CLOSE,
    (Observed.GONE, UNWANTED): lambda _: Action.CLOSE,
}
"""Every possible pair."""
