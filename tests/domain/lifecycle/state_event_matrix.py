"""Which event can happen in which state of the table, and why the others can't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    NotExecuted,
    NotUnderstood,
    RecordFound,
    RecordNotFound,
    RecordState,
    Rejected,
)
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.rules import DOUBTS
from tests.domain.lifecycle.table import TABLE, UNWANTED, WANTED

if TYPE_CHECKING:
    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from tests.domain.lifecycle.table import State

_LEFT = {RecordState.GONE, RecordState.REJECTED}


def answer_event(observed: Observed, action: Action, answer: Answer | LookupResult) -> str:
    """The name of an answer in time."""
    if action not in DOUBTS:
        return f"look: {_seen(answer)}"
    if observed is not DOUBTS[action]:
        return f"{action}: overtaken"
    return f"{action}: {_said(answer)}"


def late_event(action: Action, answer: Answer | LookupResult) -> str:
    """The name of an answer that arrives outside its claim; events with the same effect share one name."""
    if action in DOUBTS:
        said = _said(answer)
        if isinstance(answer, NotUnderstood) and action is Action.REMOVE:
            said = "unknown"
        return f"late {action}: {'nothing' if said in {'not executed', 'still processing', 'unknown'} else said}"
    if isinstance(answer, RecordFound):
        return "late look: it had left" if answer.state in _LEFT else "late look: it was there"
    return "late look: missing" if isinstance(answer, RecordNotFound) else "late look: nothing"


def _said(answer: Answer | LookupResult) -> str:
    match answer:
        case Done(result=ExecutionResult.NOT_FOUND):
            return "not found"
        case Done():
            return "done"
        case Accepted():
            return "accepted"
        case Rejected():
            return "rejected"
        case NotExecuted(still_processing=True):
            return "still processing"
        case NotExecuted():
            return "not executed"
        case NotUnderstood():
            return "not understood"
        case _:
            return "unknown"


def _seen(answer: Answer | LookupResult) -> str:
    match answer:
        case RecordFound():
            return answer.state.value
        case RecordNotFound():
            return "missing"
        case NotUnderstood():
            return "not understood"
        case _:
            return "nothing"


_ANSWERS = ("done", "accepted", "rejected", "not executed", "unknown", "not understood")
EVENTS = (
    *(f"claim {action}" for action in ("include", "look_up", "poll", "remove")),
    "guard",
    "lease expired",
    *(f"include: {answer}" for answer in _ANSWERS),
    "include: overtaken",
    *(f"remove: {answer}" for answer in (*_ANSWERS, "not found", "still processing")),
    "remove: overtaken",
    *(f"look: {state}" for state in RecordState),
    "look: missing",
    "look: nothing",
    "look: not understood",
    *(f"late include: {answer}" for answer in ("done", "accepted", "rejected", "not understood", "nothing")),
    *(f"late remove: {answer}" for answer in ("done", "not found", "accepted", "rejected", "nothing")),
    *(f"late look: {answer}" for answer in ("it was there", "it had left", "missing", "nothing")),
    *("settled", "reversed", "deleted", "withdrawn", "stopped", "resumed", "attested", "needs person", "hint"),
)
"""Every event of a negativation."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Events that can't happen in some states, and why."""

    events: tuple[str, ...]
    states: frozenset[State]
    reason: str


def _all_states_but(*observed: Observed, desired: tuple[object, ...] = (WANTED, UNWANTED)) -> frozenset[State]:
    return frozenset(state for state in TABLE if state[0] not in observed or state[1] not in desired)


def _states(*observed: Observed, desired: tuple[object, ...] = (WANTED, UNWANTED)) -> frozenset[State]:
    return frozenset(state for state in TABLE if state[0] in observed and state[1] in desired)


def _starting(*prefixes: str) -> tuple[str, ...]:
    return tuple(event for event in EVENTS if event.startswith(prefixes))


_O = Observed
_IN_DOUBT = (_O.IN_DOUBT_INCLUDE, _O.IN_DOUBT_REMOVE)
_AWAITED = (_O.INCLUDING, _O.REMOVING)

UNREACHABLE = (
    Unreachable(
        ("claim include", "guard"),
        _all_states_but(_O.ABSENT, _O.IN_DOUBT_INCLUDE, desired=(WANTED,)),
        "nothing is included but from the first row, or from doubt where repeating is safe; guards run at that claim",
    ),
    Unreachable(("claim look_up",), _all_states_but(*_IN_DOUBT), "only a doubt is looked up"),
    Unreachable(("claim poll",), _all_states_but(*_AWAITED), "only an outcome to come is polled"),
    Unreachable(
        ("claim remove",),
        _all_states_but(_O.IN_DOUBT_INCLUDE, _O.PRESENT, _O.IN_DOUBT_REMOVE, desired=(UNWANTED,)),
        "a removal is sent for what is there or may be, and is not wanted",
    ),
    Unreachable(
        ("lease expired",),
        _states(_O.ABSENT, desired=(WANTED,)),
        "the claim of an inclusion writes the doubt; nothing that comes while it runs takes it away",
    ),
    Unreachable(
        tuple(f"include: {answer}" for answer in _ANSWERS),
        _all_states_but(_O.IN_DOUBT_INCLUDE),
        "the claim wrote this doubt; where a callback was quicker, it is `overtaken`",
    ),
    Unreachable(
        tuple(f"remove: {answer}" for answer in (*_ANSWERS, "not found", "still processing")),
        _all_states_but(_O.IN_DOUBT_REMOVE),
        "the claim wrote this doubt; where a callback was quicker, it is `overtaken`",
    ),
    Unreachable(
        ("include: overtaken",),
        _states(_O.IN_DOUBT_INCLUDE, *_AWAITED, _O.ABSENT),
        "what overtakes is an outcome; a doubt is what the claim wrote, and no removal is sent during that lease",
    ),
    Unreachable(
        ("remove: overtaken",),
        _states(*_O, desired=(WANTED,)) | _states(_O.IN_DOUBT_REMOVE, *_AWAITED),
        "rule 4: no way back once a removal was claimed; and what overtakes is an outcome",
    ),
    Unreachable(
        _starting("look:"),
        _all_states_but(*_IN_DOUBT, *_AWAITED),
        "a look-up is leased in doubt or while an outcome is awaited, and only its answer ends that",
    ),
    Unreachable(
        ("look: including",),
        _states(_O.IN_DOUBT_REMOVE, _O.REMOVING),
        "what is leaving was included before; an honest bureau does not go back",
    ),
    Unreachable(("look: rejected",), _states(_O.REMOVING), "what is leaving was included before"),
    Unreachable(
        ("look: removal_refused",),
        _states(_O.IN_DOUBT_INCLUDE, _O.INCLUDING),
        "a gateway that looks up sends no removal before the record is seen",
    ),
    Unreachable(
        _starting("late remove:"), _states(*_O, desired=(WANTED,)), "rule 4: no way back once a removal was claimed"
    ),
    Unreachable(
        ("late look: it had left",),
        _states(_O.PRESENT),
        "what has left or was refused does not come back under its key",
    ),
    Unreachable(("reversed",), _states(*_O, desired=(WANTED,)), "no settlement is in force there"),
    Unreachable(
        ("needs person",),
        _states(_O.REJECTED, _O.GONE)
        | _states(_O.ABSENT, desired=(UNWANTED,))
        | _states(_O.PRESENT, desired=(WANTED,)),
        "no worker acts there",
    ),
)


def reachable() -> frozenset[tuple[State, str]]:
    """Every pair of a state and an event that can happen in it."""
    never = {(state, event) for each in UNREACHABLE for state in each.states for event in each.events}
    return frozenset((state, event) for state in TABLE for event in EVENTS if (state, event) not in never)
