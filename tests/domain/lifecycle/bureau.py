"""A model of a bureau for one contract reference: the records it holds, and the requests that may still take effect.

It knows nothing of the domain's state machine: it executes inclusions and removals at once, later, or never, and each
answer that it gives is true.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
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
    Unknown,
)
from credit_protection.domain.state_table import Action

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from tests.domain.lifecycle.profiles import Profile

LOST = Unknown("tempo_esgotado", "O birô não respondeu a tempo.")
GARBLED = NotUnderstood("resposta_nao_entendida", "A resposta não foi entendida.", "<html>")
UNAVAILABLE = NotExecuted("biro_indisponivel", "O birô está fora do ar.")
NO_CREDIT = NotExecuted("sem_credito", "Sem crédito no birô.", needs_person=True)
STILL_PROCESSING = NotExecuted("inclusao_em_processamento", "Ainda em processamento.", still_processing=True)
REFUSED = Rejected("recusado", "O birô recusou.")


class Plan(Enum):
    """What the bureau does with a request."""

    WORKS = auto()
    REFUSED = auto()
    REFUSED_LATER = auto()
    """Accepted first (only where the bureau is asynchronous)."""
    FORGOTTEN = auto()
    """A removal that was accepted and then never done (only where that can be looked up)."""
    NOT_EXECUTED = auto()
    NO_CREDIT = auto()
    NEVER = auto()
    """Lost on the way; the caller gets no answer."""
    GARBLED = auto()
    """Works, and its answer is not understood."""
    REFUSED_GARBLED = auto()
    """Refused, and its answer is not understood."""


class Delay(Enum):
    """When a request takes effect, after the worker sent it."""

    NONE = auto()
    WITHIN_CALL = auto()
    LONGEST = auto()
    """At the end of what the gateway declares: the call's time and the processing."""


@dataclass(slots=True)
class Call:
    """A call that a worker is making.

    Args:
        negativation_id: about which.
        action: what it does.
        fence: the fencing token of its claim.
        at: when it was claimed.
        answer: what the bureau answered; None while it has not.
    """

    negativation_id: str
    action: Action
    fence: int
    at: datetime
    answer: Answer | LookupResult | None = None


@dataclass(slots=True)
class Record:
    """One record under the key."""

    state: RecordState


_LIVE = frozenset({RecordState.INCLUDING, RecordState.PRESENT, RecordState.REMOVING, RecordState.REMOVAL_REFUSED})
_ACTIVE = frozenset({RecordState.PRESENT, RecordState.REMOVING, RecordState.REMOVAL_REFUSED})


@dataclass(slots=True)
class Ledger:
    """What the bureau holds under one key.

    Args:
        profile: how it behaves.
        records: all records, past and present.
        pending_inclusions: how many inclusions will take effect.
        pending_callbacks: the request's kind and its outcome; None for the bureau's own removal.
    """

    profile: Profile
    records: list[Record] = field(default_factory=list)
    pending_inclusions: int = 0
    pending_callbacks: list[tuple[Action, Done | Rejected] | None] = field(default_factory=list)
    _effects: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    _number: int = 0

    @property
    def active_records(self) -> int:
        """How many records harm the debtor now."""
        return sum(record.state in _ACTIVE for record in self.records)

    @property
    def may_become_active(self) -> int:
        """How many records are active now or will be, if no request follows."""
        return self.active_records + self.pending_inclusions

    @property
    def next_effect(self) -> datetime | None:
        """When the next request takes effect."""
        return self._effects[0][0] if self._effects else None

    def advance(self, now: datetime) -> None:
        """Execute what is due, in order."""
        while self._effects and self._effects[0][0] <= now:
            at, _, effect = heapq.heappop(self._effects)
            effect(at)

    def include(self, call: Call, plan: Plan, delay: Delay, *, answer_lost: bool) -> None:
        """Take an inclusion."""
        if self._answers_without_effect(call, plan):
            return
        arrives, settles = self._times(call, delay)
        succeeds = plan is not Plan.REFUSED_LATER
        self.pending_inclusions += succeeds
        if delay is Delay.LONGEST:
            early: Answer = Accepted("id-1") if self.profile.asynchronous else LOST
            self._answer_at(call, call.at, early, plan, lost=answer_lost)

        def arrive(at: datetime) -> None:
            repeated = self.profile.gateway.include_is_repeatable and self._live
            record = self._live[0] if repeated else Record(RecordState.INCLUDING)
            if not repeated:
                self.records.append(record)
            answer: Answer = Accepted("id-1")
            if self.profile.asynchronous:
                self._at(settles, lambda _: self._included(record, succeeds=succeeds))
            else:
                self._included(record, succeeds=True)
                answer = Done(ExecutionResult.ALREADY_IN_EFFECT if repeated else ExecutionResult.EXECUTED, "id-1")
            if delay is not Delay.LONGEST:
                self._answer_at(call, at, answer, plan, lost=answer_lost)

        self._at(arrives, arrive)

    def _included(self, record: Record, *, succeeds: bool) -> None:
        if record.state is RecordState.INCLUDING:
            record.state = RecordState.PRESENT if succeeds else RecordState.REJECTED
        self.pending_inclusions -= succeeds
        if self.profile.gateway.callback:
            self.pending_callbacks.append((Action.INCLUDE, Done(bureau_id="id-1") if succeeds else REFUSED))

    def remove(self, call: Call, plan: Plan, delay: Delay, *, answer_lost: bool) -> None:
        """Take a removal."""
        if self._answers_without_effect(call, plan):
            return
        arrives, settles = self._times(call, delay)
        if delay is Delay.LONGEST:
            self._answer_at(call, call.at, LOST, plan, lost=answer_lost)

        def arrive(at: datetime) -> None:
            answer = self._removal_arrived(plan, settles)
            if delay is not Delay.LONGEST:
                self._answer_at(call, at, answer, plan, lost=answer_lost)

        self._at(arrives, arrive)

    def look_up(self, call: Call, plan: Plan, *, answer_lost: bool) -> None:
        """Take a look-up; its answer shows the records of that instant."""
        self.advance(call.at)
        if plan is Plan.NO_CREDIT:
            call.answer = NO_CREDIT
        elif plan in {Plan.GARBLED, Plan.REFUSED_GARBLED}:
            call.answer = GARBLED
        elif answer_lost:
            call.answer = LOST if plan is Plan.NEVER else UNAVAILABLE
        else:
            call.answer = self.shown()

    def shown(self) -> LookupResult:
        """What a look-up shows now."""
        shown = next((each for each in self.records if each.state in _ACTIVE), None)
        if shown is None:
            shown = next((each for each in self.records if each.state is RecordState.INCLUDING), None)
        if shown is None:
            shown = self.records[-1] if self.records else None
        return RecordNotFound() if shown is None else RecordFound(shown.state, "id-1", "O birô recusou.")

    @property
    def has_no_live_record(self) -> bool:
        """What a person sees on the bureau's portal: no record, or one that is gone or was refused."""
        return not self._live

    @property
    def _live(self) -> list[Record]:
        return [record for record in self.records if record.state in _LIVE]

    def remove_by_itself(self, now: datetime, *, slowly: bool) -> None:
        """Remove the active records by the bureau's own decision (lapse, court)."""
        for record in self._live:
            if record.state is not RecordState.INCLUDING:
                record.state = RecordState.REMOVING
        self._at(now + timedelta(minutes=20 if slowly else 0), lambda _: self._removed_by_itself())
        self.advance(now)

    def _removed_by_itself(self) -> None:
        self.remove_by_hand(RecordState.REMOVING)
        self.pending_callbacks.append(None)

    def remove_by_hand(self, state: RecordState | None = None) -> None:
        """Remove the records on the bureau's portal, as a person does."""
        for record in self._live:
            if state is None or record.state is state:
                record.state = RecordState.GONE

    def forget(self) -> None:
        """Stop showing removed records."""
        self.records = [record for record in self.records if record.state is not RecordState.GONE]

    def _removal_arrived(self, plan: Plan, settles: datetime) -> Answer:
        if self.profile.accepts_unchecked:
            self._at(settles, lambda _: self._checked(works=plan is not Plan.REFUSED_LATER))
            return Accepted("id-1")
        active = [record for record in self.records if record.state in _ACTIVE]
        if not active:
            return self._nothing_to_remove()
        if not self.profile.asynchronous:
            self.remove_by_hand()
            return Done(ExecutionResult.EXECUTED, "id-1")
        if plan is Plan.FORGOTTEN and self.profile.gateway.find:
            return Accepted("id-1")
        for record in active:
            record.state = RecordState.REMOVING
        self._at(settles, lambda _: self._removed(active, works=plan is not Plan.REFUSED_LATER))
        return Accepted("id-1")

    def _checked(self, *, works: bool) -> None:
        """Look for the record of a removal that was accepted, and report the outcome."""
        active = [record for record in self.records if record.state in _ACTIVE]
        if active:
            self._removed(active, works=works)
        else:
            outcome = self._nothing_to_remove()
            self.pending_callbacks.append((Action.REMOVE, outcome if isinstance(outcome, Done) else REFUSED))

    def _removed(self, active: list[Record], *, works: bool) -> None:
        for record in active:
            if works and record.state in _ACTIVE:
                record.state = RecordState.GONE
            elif record.state is RecordState.REMOVING:
                record.state = RecordState.REMOVAL_REFUSED
        if self.profile.gateway.callback:
            self.pending_callbacks.append((Action.REMOVE, Done() if works else REFUSED))

    def _nothing_to_remove(self) -> Answer:
        states = {record.state for record in self.records}
        if RecordState.INCLUDING in states:
            return STILL_PROCESSING
        if RecordState.GONE in states:
            return Done(ExecutionResult.ALREADY_IN_EFFECT)
        if self.profile.gateway.not_found_is_an_answer:
            return Done(ExecutionResult.NOT_FOUND)
        return Rejected("nao_encontrada", "Não há tal registro.")

    def _answers_without_effect(self, call: Call, plan: Plan) -> bool:
        known: dict[Plan, Answer] = {
            Plan.REFUSED: REFUSED,
            Plan.NOT_EXECUTED: UNAVAILABLE,
            Plan.NO_CREDIT: NO_CREDIT,
            Plan.NEVER: LOST,
            Plan.REFUSED_GARBLED: GARBLED,
        }
        if not self.profile.asynchronous:
            known[Plan.REFUSED_LATER] = REFUSED
        if plan not in known:
            return False
        call.answer = known[plan]
        return True

    def _times(self, call: Call, delay: Delay) -> tuple[datetime, datetime]:
        gateway = self.profile.gateway
        latest = call.at + gateway.lease + gateway.max_processing  # it may begin late in its lease
        match delay:
            case Delay.NONE:
                return call.at, call.at + timedelta(minutes=1)
            case Delay.WITHIN_CALL:
                return call.at + timedelta(seconds=20), latest
            case Delay.LONGEST:
                return latest, latest

    def _answer_at(self, call: Call, at: datetime, answer: Answer, plan: Plan, *, lost: bool) -> None:
        def answer_call(_: datetime) -> None:
            call.answer = LOST if lost else GARBLED if plan is Plan.GARBLED else answer

        self._at(at, answer_call)

    def _at(self, when: datetime, effect: Callable[[datetime], None]) -> None:
        self._number += 1
        heapq.heappush(self._effects, (when, self._number, effect))
