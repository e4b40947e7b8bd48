"""A bureau as it really is, for one contract reference: what stands there, and what may still land.

It knows nothing of the domain's state machine: it takes inclusions and removals, makes them happen at once, later, or
never, and answers truthfully whatever it answers.
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
    Found,
    ExecutionResult,
    Missing,
    NotExecuted,
    RecordState,
    Rejected,
    Unknown,
)
from credit_protection.domain.negativations import Action

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from tests.domain.lifecycle.profiles import Profile

LOST = Unknown("tempo_esgotado", "O birô não respondeu a tempo.")
UNAVAILABLE = NotExecuted("biro_indisponivel", "O birô está fora do ar.")
NO_CREDIT = NotExecuted("sem_credito", "Sem crédito no birô.", needs_person=True)
STILL_PROCESSING = NotExecuted("inclusao_em_processamento", "Ainda em processamento.", still_processing=True)
REFUSED = Rejected("recusado", "O birô recusou.")


class Plan(Enum):
    """What becomes of a request."""

    WORKS = auto()
    REFUSED = auto()
    REFUSED_LATER = auto()
    """Accepted first (only where the bureau is asynchronous)."""
    FORGOTTEN = auto()
    """A removal that was accepted and then never done (only where that can be looked up)."""
    NOT_EXECUTED = auto()
    NO_CREDIT = auto()
    NEVER = auto()
    """Lost on the way: nobody knows."""


class Delay(Enum):
    """When a request takes effect, after it was sent."""

    NONE = auto()
    WITHIN_CALL = auto()
    LONGEST = auto()
    """At the very end of what the gateway declares: the call's time and the processing."""


@dataclass(slots=True)
class Call:
    """A call under way: what a worker holds.

    Args:
        negativation_id: about which.
        action: what it does.
        fence: the token that its claim gave it.
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


_ALIVE = frozenset({RecordState.INCLUDING, RecordState.PRESENT, RecordState.REMOVING, RecordState.REMOVAL_REFUSED})
_STANDING = frozenset({RecordState.PRESENT, RecordState.REMOVING, RecordState.REMOVAL_REFUSED})


@dataclass(slots=True)
class Ledger:
    """What the bureau holds under one key.

    Args:
        profile: how it behaves.
        records: every record that ever was.
        landing: how many inclusions are on their way to stand.
        owed: callbacks that it has yet to send: our request's kind and its outcome; None for its own removal.
    """

    profile: Profile
    records: list[Record] = field(default_factory=list)
    landing: int = 0
    owed: list[tuple[Action, Done | Rejected] | None] = field(default_factory=list)
    _effects: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    _number: int = 0

    @property
    def standing(self) -> int:
        """How many records harm the debtor now."""
        return sum(record.state in _STANDING for record in self.records)

    @property
    def could_stand(self) -> int:
        """How many stand now or will, if nothing is done."""
        return self.standing + self.landing

    @property
    def next_effect(self) -> datetime | None:
        """When something will happen here."""
        return self._effects[0][0] if self._effects else None

    def advance(self, now: datetime) -> None:
        """Let everything happen that is due, in order."""
        while self._effects and self._effects[0][0] <= now:
            at, _, effect = heapq.heappop(self._effects)
            effect(at)

    def include(self, call: Call, plan: Plan, delay: Delay, *, answer_lost: bool) -> None:
        """Take an inclusion."""
        if self._answers_without_effect(call, plan):
            return
        arrives, settles = self._times(call, delay)
        stands = plan is not Plan.REFUSED_LATER
        self.landing += stands
        if delay is Delay.LONGEST:
            self._answer_at(call, call.at, Accepted("id-1") if self.profile.asynchronous else LOST, lost=answer_lost)

        def arrive(at: datetime) -> None:
            repeated = self.profile.gateway.include_is_repeatable and self._alive
            record = self._alive[0] if repeated else Record(RecordState.INCLUDING)
            if not repeated:
                self.records.append(record)
            answer: Answer = Accepted("id-1")
            if self.profile.asynchronous:
                self._at(settles, lambda _: self._included(record, stands=stands))
            else:
                self._included(record, stands=True)
                answer = Done(ExecutionResult.ALREADY_IN_EFFECT if repeated else ExecutionResult.EXECUTED, "id-1")
            if delay is not Delay.LONGEST:
                self._answer_at(call, at, answer, lost=answer_lost)

        self._at(arrives, arrive)

    def _included(self, record: Record, *, stands: bool) -> None:
        if record.state is RecordState.INCLUDING:
            record.state = RecordState.PRESENT if stands else RecordState.REJECTED
        self.landing -= stands
        if self.profile.gateway.callback:
            self.owed.append((Action.INCLUDE, Done(bureau_id="id-1") if stands else REFUSED))

    def remove(self, call: Call, plan: Plan, delay: Delay, *, answer_lost: bool) -> None:
        """Take a removal."""
        if self._answers_without_effect(call, plan):
            return
        arrives, settles = self._times(call, delay)
        if delay is Delay.LONGEST:
            self._answer_at(call, call.at, LOST, lost=answer_lost)

        def arrive(at: datetime) -> None:
            answer = self._removal_arrived(plan, settles)
            if delay is not Delay.LONGEST:
                self._answer_at(call, at, answer, lost=answer_lost)

        self._at(arrives, arrive)

    def look_up(self, call: Call, plan: Plan, *, answer_lost: bool) -> None:
        """Take a look-up: what it shows is what stands at that very instant."""
        self.advance(call.at)
        if plan is Plan.NO_CREDIT:
            call.answer = NO_CREDIT
        elif answer_lost:
            call.answer = LOST if plan is Plan.NEVER else UNAVAILABLE
        else:
            call.answer = self.look()

    def look(self) -> LookupResult:
        """What a look-up shows now."""
        shown = next((each for each in self.records if each.state in _STANDING), None)
        if shown is None:
            shown = next((each for each in self.records if each.state is RecordState.INCLUDING), None)
        if shown is None:
            shown = self.records[-1] if self.records else None
        return Missing() if shown is None else Found(shown.state, "id-1", "O birô recusou.")

    @property
    def shows_nothing(self) -> bool:
        """What a person sees on the bureau's portal: no record, or one that is gone or was refused."""
        return not self._alive

    @property
    def _alive(self) -> list[Record]:
        return [record for record in self.records if record.state in _ALIVE]

    def remove_by_itself(self, now: datetime, *, slowly: bool) -> None:
        """The bureau removes what stands, of its own accord (lapse, court)."""
        for record in self._alive:
            if record.state is not RecordState.INCLUDING:
                record.state = RecordState.REMOVING
        self._at(now + timedelta(minutes=20 if slowly else 0), lambda _: self._left())
        self.advance(now)

    def _left(self) -> None:
        self.remove_by_hand(RecordState.REMOVING)
        self.owed.append(None)

    def remove_by_hand(self, state: RecordState | None = None) -> None:
        """A person removes on the bureau's portal."""
        for record in self._alive:
            if state is None or record.state is state:
                record.state = RecordState.GONE

    def forget(self) -> None:
        """The bureau no longer shows what is gone."""
        self.records = [record for record in self.records if record.state is not RecordState.GONE]

    def _removal_arrived(self, plan: Plan, settles: datetime) -> Answer:
        standing = [record for record in self.records if record.state in _STANDING]
        if not standing:
            return self._nothing_to_remove()
        if not self.profile.asynchronous:
            self.remove_by_hand()
            return Done(ExecutionResult.EXECUTED, "id-1")
        if plan is Plan.FORGOTTEN and self.profile.gateway.find:
            return Accepted("id-1")
        for record in standing:
            record.state = RecordState.REMOVING
        self._at(settles, lambda _: self._removed(standing, works=plan is not Plan.REFUSED_LATER))
        return Accepted("id-1")

    def _removed(self, standing: list[Record], *, works: bool) -> None:
        for record in standing:
            if works and record.state in _STANDING:
                record.state = RecordState.GONE
            elif record.state is RecordState.REMOVING:
                record.state = RecordState.REMOVAL_REFUSED
        if self.profile.gateway.callback:
            self.owed.append((Action.REMOVE, Done() if works else REFUSED))

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

    def _answer_at(self, call: Call, at: datetime, answer: Answer, *, lost: bool) -> None:
        def speak(_: datetime) -> None:
            call.answer = LOST if lost else answer

        self._at(at, speak)

    def _at(self, when: datetime, effect: Callable[[datetime], None]) -> None:
        self._number += 1
        heapq.heappush(self._effects, (when, self._number, effect))
