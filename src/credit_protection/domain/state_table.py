"""The table of docs/domain.md, "Desired and observed". Nothing else decides what is sent."""

from __future__ import annotations

from enum import StrEnum

from credit_protection.domain.capabilities import Capabilities, RemovalKey


class Desired(StrEnum):
    """What the creditor wants."""

    INCLUDED = "included"
    REMOVED = "removed"


class Observed(StrEnum):
    """What the bureau is known to have."""

    ABSENT = "absent"
    IN_DOUBT_INCLUDE = "in_doubt_include"
    INCLUDING = "including"
    PRESENT = "present"
    IN_DOUBT_REMOVE = "in_doubt_remove"
    REMOVING = "removing"
    REJECTED = "rejected"
    GONE = "gone"


class Action(StrEnum):
    """What to do next. The first four are calls to the bureau."""

    INCLUDE = "include"
    LOOK_UP = "look_up"
    POLL = "poll"
    REMOVE = "remove"
    AWAIT_CALLBACK = "await_callback"
    """Open: the bureau reports the outcome by itself."""
    ASK_PERSON = "ask_person"
    """Open: only a person can find out; the gateway can neither look it up nor repeat safely."""
    NOTHING = "nothing"
    CLOSE = "close"

    @property
    def is_call(self) -> bool:
        """Whether a worker makes a call for it."""
        return self in _CALLS

    @property
    def is_open(self) -> bool:
        """Whether the transmission stays open for it (rule 5)."""
        return self not in _CLOSED


_CALLS = frozenset({Action.INCLUDE, Action.LOOK_UP, Action.POLL, Action.REMOVE})
_CLOSED = frozenset({Action.NOTHING, Action.CLOSE})


class ImpossibleState(AssertionError):
    """A pair that the table says can't be: the software is wrong, not the operator."""


def next_action(
    observed: Observed, desired: Desired, capabilities: Capabilities, *, may_include: bool = True
) -> Action:
    """The next action; a person is asked instead of an inclusion that may not be sent again by the software.

    Raises:
        ImpossibleState: the pair can't be.
    """
    match observed, desired:
        case Observed.ABSENT, Desired.INCLUDED:
            return Action.INCLUDE if may_include else Action.ASK_PERSON
        case Observed.IN_DOUBT_INCLUDE, Desired.INCLUDED:
            return _ask_or(Action.INCLUDE, capabilities, safe=capabilities.include_is_repeatable and may_include)
        case Observed.IN_DOUBT_INCLUDE, Desired.REMOVED:
            natural = capabilities.removal_key is RemovalKey.NATURAL and capabilities.not_found_is_an_answer
            return _ask_or(Action.REMOVE, capabilities, safe=natural)
        case Observed.PRESENT, Desired.INCLUDED:
            return Action.NOTHING
        case Observed.PRESENT, Desired.REMOVED:
            return Action.REMOVE if capabilities.remove else Action.ASK_PERSON
        case Observed.IN_DOUBT_REMOVE, Desired.REMOVED:
            return _ask_or(Action.REMOVE, capabilities, safe=capabilities.remove_is_repeatable)
        case (Observed.INCLUDING, _) | (Observed.REMOVING, Desired.REMOVED):
            return _await_outcome(capabilities)
        case (Observed.ABSENT | Observed.GONE, Desired.REMOVED) | (Observed.REJECTED, _):
            return Action.CLOSE
        case _:
            raise ImpossibleState(f"{observed}, {desired}")


def _ask_or(repeat: Action, capabilities: Capabilities, *, safe: bool) -> Action:
    """From doubt: look up; else repeat where that is safe; else a person."""
    if capabilities.find:
        return Action.LOOK_UP
    return repeat if safe else Action.ASK_PERSON


def _await_outcome(capabilities: Capabilities) -> Action:
    if capabilities.polling:
        return Action.POLL
    return Action.AWAIT_CALLBACK if capabilities.callback else Action.ASK_PERSON
