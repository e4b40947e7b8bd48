"""Gateways, instants and negativations for tests of answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.bureau_answers import Unknown
from credit_protection.domain.capabilities import Backoff
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import Block, Unanswered
from credit_protection.domain.observations import AnswerContext, answered, answered_late
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle import profiles
from tests.domain.lifecycle.table import UNWANTED, WANTED
from tests.domain.lifecycle.transitions import (
    CREATED_AT,
    claimed,
    created,
    deleted,
    in_state,
    leased,
)

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation

BACKOFF = Backoff(timedelta(minutes=1), timedelta(minutes=15))
PROCESSING = timedelta(minutes=4, seconds=25)
"""With the lease of 65 s, a request may take effect for five and a half minutes."""
LOOKED_UP = replace(profiles.LOOKED_UP.gateway, poll_backoff=BACKOFF, max_processing=PROCESSING)
NATURAL = replace(profiles.NATURAL.gateway, poll_backoff=BACKOFF, max_processing=PROCESSING)
CALLBACK = replace(profiles.CALLBACK.gateway, poll_backoff=BACKOFF, max_processing=PROCESSING)
REPEATABLE = replace(profiles.REPEATABLE.gateway, poll_backoff=BACKOFF, max_processing=PROCESSING)
INSISTENT = replace(profiles.INSISTENT_CALLBACK.gateway, poll_backoff=BACKOFF, max_processing=PROCESSING)
ONCE = replace(profiles.SYNCHRONOUS_LOOKED_UP.gateway, poll_backoff=BACKOFF, max_processing=PROCESSING)

UNREADABLE = Unknown("resposta_nao_entendida", "?", transcript="<html>")

TODAY = date(2026, 11, 20)
QUIET = timedelta(minutes=5, seconds=30)
SOON = timedelta(seconds=15)
"""A quarter of the backoff's first minute; then 30 s, a minute, ..."""


def t(minutes: float) -> datetime:
    return CREATED_AT + timedelta(minutes=minutes)


def now(gateway: Capabilities, minutes: float = 1) -> AnswerContext:
    return AnswerContext(t(minutes), TODAY, gateway, jitter=0.25)


def event(kind: EventKind, minutes: float = 1, cause: str = "", **detail: str) -> Event:
    return Event(kind, "n-1", t(minutes), cause=cause, detail=detail)


def becomes(before: Negativation, work: dict[str, object], **changes: object) -> Negativation:
    """The same without a lease and with these changes."""
    changed: dict[str, object] = {"claim": None, **work}
    return replace(before, transmission=replace(before.transmission, **changed), **changes)  # type: ignore[arg-type]


def including(gateway: Capabilities, *, wanted: bool = True) -> Negativation:
    """An inclusion is being sent; perhaps no longer desired."""
    each = claimed(created(gateway), gateway)
    return each if wanted else deleted(each, gateway)


def removing(gateway: Capabilities) -> Negativation:
    """A removal was claimed at the start."""
    return claimed(in_state((Observed.PRESENT, UNWANTED), gateway), gateway)


def looking(observed: Observed, gateway: Capabilities, minutes: float = 0, *, wanted: bool = False) -> Negativation:
    """A look-up was claimed some minutes after the start."""
    return leased(in_state((observed, WANTED if wanted else UNWANTED), gateway), gateway, Action.LOOK_UP, minutes)


def check_doubt(before: Negativation, answer: Unknown) -> None:
    """A request without a readable answer in time stays in doubt, and is looked up soon."""
    change = answered(before, answer, now(LOOKED_UP))
    assert change.negativation == becomes(
        before, {"action": Action.LOOK_UP, "due_at": t(1) + SOON, "attempts": 1, "last_error": answer.code}
    )
    detail = {"code": answer.code} | ({"transcript": answer.transcript} if answer.transcript else {})
    assert change.events == (Event(EventKind.IN_DOUBT, "n-1", t(1), detail=detail),)


def several(each: Negativation, count: int = 1, minutes: float = 0) -> Negativation:
    """Another inclusion was sent as well and is unanswered."""
    return replace(each, inclusion_claims=2, unanswered_inclusions=Unanswered(count, t(minutes), t(minutes) + QUIET))


BLOCKED = Block("sem_credito", "Sem crédito.", t(1))
LATE = RemovalTrigger(RemovalCause.LATE_ANSWER, t(1), TODAY, note="apareceu no birô depois de encerrada")
BUREAU = RemovalTrigger(RemovalCause.BUREAU, t(1), TODAY, note="removida pelo birô")


def late(
    observed: Observed, action: Action, answer: object, gateway: Capabilities, *, wanted: bool = False
) -> tuple[Negativation, Negativation, tuple[Event, ...]]:
    before = in_state((observed, WANTED if wanted else UNWANTED), gateway)
    change = answered_late(before, action, answer, now(gateway))  # type: ignore[arg-type]
    return before, change.negativation, change.events


def evidence(action: Action, answer: object) -> Event:
    cause = f"resposta atrasada a {action.value}"
    return event(EventKind.LATE_ANSWER, 1, cause, answer=type(answer).__name__, action=action.value)
