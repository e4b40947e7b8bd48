"""A model of one record whose bureau changes in any way while its removal is sent, looked up, lost and decided about.

It calls the domain's own functions as a worker does, and checks each step against what the bureau really has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, cast

from credit_protection.application import answer_effects
from credit_protection.domain import removals, transmissions
from credit_protection.domain.bureau_answers import (
    Answer,
    Done,
    ExecutionResult,
    LookupResult,
    RecordFound,
    RecordKey,
    RecordNotFound,
    RecordState,
    Unknown,
)
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.comparison import answered, bureau_decisions, bureau_side
from credit_protection.domain.comparison.bureau_decisions import BureauDecision
from credit_protection.domain.comparison.bureau_records import BureauRecord
from credit_protection.domain.divergences import (
    Decision,
    Difference,
    Divergence,
    DivergenceCode,
    DivergenceContext,
    Side,
    decide,
    update_divergences,
)
from credit_protection.domain.errors import Conflict
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Change, Negativation, sync_transmission
from credit_protection.domain.observations import AnswerContext, record_answer
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Observed
from credit_protection.testing import samples
from tests.domain.lifecycle.rules import require

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from credit_protection.ports.bureau import BureauGateway

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
LOOKS_UP = Capabilities(Registry.SPC, not_found_is_an_answer=True)
ONLY_REMOVES = replace(LOOKS_UP, find=False, polling=False, callback=True, remove_is_repeatable=True)
CALENDAR = BusinessCalendar(frozenset())
OURS, OTHER = samples.CPF.value, "52998224725"
CONTRACT = "4711"
PERSON = "ana"


@dataclass
class Held:
    """A record that the bureau has."""

    bureau_id: str
    document: str = OURS
    reference: str = CONTRACT


class BureauModel:
    """One record that stands, confirmed or told by a file alone."""

    def __init__(self, capabilities: Capabilities, *, is_known: bool) -> None:
        self.capabilities = capabilities
        self.is_known = is_known
        self.now = START
        self.records = [Held("B1")]
        self.hidden_until = START
        self.removed_by_us = self.was_lost = self.was_decided = False
        self.foreign_ids: set[str] = set()
        """Ids that a look-up showed to be another person's."""
        self.divergences: dict[str, Divergence] = {}
        self._ids = count()
        stands = replace(
            samples.negativation("n-1", ["f-1"], document=samples.CPF, creditor_id="1", reference=CONTRACT),
            observed=Observed.PRESENT,
            observed_since=START,
            bureau_id="B1",
            inclusion_claims=int(is_known),
            known_at=START if is_known else None,
            is_unconfirmed=not is_known,
            is_adopted=not is_known,
        )
        self.negativation: Negativation = sync_transmission(stands, capabilities, START)

    # -------------------------------------------------------------------------------------------- the bureau

    def hide(self) -> None:
        """Show the new record only at the end of the quiet period."""
        if self.now < START + self.capabilities.quiet_period:
            self.hidden_until = START + self.capabilities.quiet_period

    def lose(self) -> None:
        """Delete the record."""
        self.records.clear()

    def rename(self) -> None:
        """Give the record another id."""
        for each in self.records:
            each.bureau_id = "B9"

    def reuse_id(self) -> None:
        """Give the record's id to another person's."""
        for each in self.records:
            each.document = OTHER

    def spoil(self) -> None:
        """Have the contract with the zeros that a spreadsheet dropped; the file had no id."""
        if self.negativation.is_unconfirmed:
            self.negativation = replace(self.negativation, bureau_id=None)
            for each in self.records:
                each.reference = f"000{CONTRACT}"

    # -------------------------------------------------------------------------------------------- what we do

    def pass_time(self, minutes: int) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)

    def want(self) -> None:
        """Request the removal."""
        trigger = RemovalTrigger(RemovalCause.PERSON, self.now, self.now.date(), PERSON, RemovalReason.CREDITOR_REQUEST)
        self.negativation = removals.request_removal(
            self.negativation, trigger, self.capabilities, self.now
        ).negativation

    def work(self, lost: str = "") -> None:
        """Make the call that is due; its answer, or the call itself, may be lost."""
        work = self.negativation.transmission
        if not (work.action.is_call and work.block is None):
            return
        self.now = max(self.now, work.due_at)
        reason = RemovalReason.CREDITOR_REQUEST if work.action is Action.REMOVE else None
        self.negativation = transmissions.claim(
            self.negativation, self.capabilities, now=self.now, worker="w", reason=reason
        ).negativation
        before, claim = self.negativation, self.negativation.transmission.claim
        assert claim is not None
        answer: Answer | LookupResult = Unknown("resultado_desconhecido", "sem resposta")
        if lost != "call":
            answer = self._remove() if claim.action is Action.REMOVE else self._look_up()
        if lost:
            answer = Unknown("resultado_desconhecido", "sem resposta")
            self.was_lost = self.was_lost or claim.action is Action.REMOVE
        self.now += timedelta(seconds=2)
        near: list[str] = []
        if before.is_unconfirmed and self.capabilities.find and answer_effects.is_missing(answer):
            gateway = cast("BureauGateway", self)
            near = list(answer_effects.near_contracts(gateway, before, lambda: True))
        change = record_answer(before, claim, answer, self._context)
        shown = answered.shown_by_answer(before, change, answer, near)
        self._update(shown.differences, shown.fresh)
        self.negativation = change.negativation
        self._check(change)

    def _update(self, found: Sequence[Difference], fresh: Collection[tuple[DivergenceCode, Side]]) -> None:
        at = DivergenceContext("i", "1", "n-1", self.now, self.now.date(), CALENDAR)
        ids = (f"d-{number}" for number in self._ids)
        open_ones = [each for each in self.divergences.values() if each.closed_at is None]
        for each in update_divergences(open_ones, found, fresh, at, ids):
            self.divergences[each.id] = each

    def compare(self) -> None:
        """Read the bureau's list, and look up what it does not show."""
        negativation = self.negativation
        if not self.capabilities.find or not bureau_side.is_comparable(negativation, self.now, self.capabilities):
            return
        by_key = RecordKey(negativation.document, CONTRACT, negativation.due_date)
        by_id = replace(by_key, bureau_id=negativation.bureau_id)
        if self._find(by_id) is not None or self._find(by_key) is not None:
            return
        difference = bureau_side.missing(negativation)
        require(difference is None or not self.stands, "8.4: nothing is called missing that stands")
        if difference is not None:
            self._update([difference], bureau_side.OF_ONE_KEY)

    def _remove(self) -> Answer:
        negativation = self.negativation
        is_looked_up = not negativation.is_unconfirmed or not self.capabilities.find
        require(is_looked_up, "3.5: an unconfirmed record is looked up before its removal")
        require(negativation.bureau_id not in self.foreign_ids, "3.5: a removal by id removes the right record")
        is_own = not self.is_known or negativation.bureau_id in {None, "B1"}
        require(is_own or self.was_decided, "3.2: a record under another id is removed by a person's decision only")
        found = self._find(RecordKey(negativation.document, CONTRACT, negativation.due_date, negativation.bureau_id))
        if found is None:
            return Done(ExecutionResult.NOT_FOUND)
        self.records.remove(found)
        self.removed_by_us = True
        return Done(bureau_id=found.bureau_id)

    def _look_up(self) -> LookupResult:
        negativation = self.negativation
        key = RecordKey(negativation.document, CONTRACT, negativation.due_date, negativation.bureau_id)
        result = answer_effects.find_record(cast("BureauGateway", self), key, lambda: None)
        if isinstance(result, RecordFound) and result.document == OTHER and result.bureau_id is not None:
            self.foreign_ids.add(result.bureau_id)
        return result

    def find(self, key: RecordKey) -> LookupResult:
        """Look up, as a gateway does."""
        found = self._find(key)
        if found is None:
            return RecordNotFound()
        due_date = self.negativation.due_date
        return RecordFound(
            RecordState.PRESENT, found.bureau_id, document=found.document, reference=found.reference, due_date=due_date
        )

    def _find(self, key: RecordKey) -> Held | None:
        if self.now < self.hidden_until:
            return None
        for each in self.records:
            is_same = (each.document, each.reference) == (key.document.value, key.reference)
            if each.bureau_id == key.bureau_id if key.bureau_id is not None else is_same:
                return each
        return None

    def decide(self, decision: Decision) -> None:
        """A person who looked at the portal decides about what is shown."""
        for each in list(self.divergences.values()):
            if each.closed_at is not None or each.code is DivergenceCode.UNPROVEN_EXIT:
                continue
            by_person = decide(each, decision, actor_id=PERSON, remark="conferido", now=self.now)
            self.divergences[each.id] = by_person
            if decision is Decision.REMOVE and not self.negativation.is_closed:
                decided = BureauDecision(PERSON, None, self.now.date(), self._context)
                try:
                    change = bureau_decisions.decide_removal_at_bureau(self.negativation, by_person, decided)
                except Conflict:
                    return
                self.was_decided = True
                self.negativation = change.negativation
                return

    # -------------------------------------------------------------------------------------------- the rules

    @property
    def _context(self) -> AnswerContext:
        return AnswerContext(self.now, self.now.date(), self.capabilities)

    @property
    def stands(self) -> bool:
        """Whether the debt's record is on file, where our calls can see it."""
        seen = {"B1", self.negativation.bureau_id}
        return any(
            each.document == OURS and each.reference == CONTRACT and (self.capabilities.find or each.bureau_id in seen)
            for each in self.records
        )

    def _open(self, code: DivergenceCode) -> list[Divergence]:
        return [each for each in self.divergences.values() if each.code is code and each.closed_at is None]

    def _check(self, change: Change) -> None:
        after = change.negativation
        block = after.transmission.block
        if block is not None and block.code in {"nao_encontrada", "registro_de_outro"}:
            require(self._open(DivergenceCode(block.code)) != [], "8.4: what waits for a person is shown at the answer")
        if self._open(DivergenceCode.NOT_FOUND) and self.capabilities.find and self.now >= self.hidden_until:
            near = [each.reference for each in self.records if each.document == OURS and each.reference != CONTRACT]
            shown = self._open(DivergenceCode.NOT_FOUND)[0].theirs
            require(all(each in shown for each in near), "8.4: contracts equal but for leading zeros are named")
        if not after.is_closed or self.was_decided:
            return
        require(not self.stands, "3.2: nothing is closed that stands")
        require(not after.is_unconfirmed, "3.3: only a person closes a record that the bureau never showed")
        notices = self._open(DivergenceCode.UNPROVEN_EXIT)
        if self.removed_by_us:
            require(notices == [], "3.2: a removal of ours explains the exit")
        elif not self.was_lost:
            require(notices != [], "3.2: an exit that nothing explains is shown")


def all_duplicates_are_offered(extra: int) -> None:
    """Our key stands so many times more: all are named, and a decision removes one of them."""
    held = replace(
        samples.negativation("n-1", ["f-1"], document=samples.CPF, reference=CONTRACT),
        observed=Observed.PRESENT,
        known_at=START,
        bureau_id="B1",
    )
    ids = [f"D{number}" for number in range(extra)]
    records = [BureauRecord(OURS, CONTRACT, held.due_date, RecordState.PRESENT, each) for each in ids]
    difference = bureau_side.other_id(held, records, own_stands=True)
    require(difference is not None, "8.4: what stands twice is shown")
    assert difference is not None
    require(all(each in difference.theirs for each in ids), "8.4: each duplicate is named")
    at = DivergenceContext("i", "1", "n-1", START, START.date(), CALENDAR)
    (opened,) = update_divergences([], [difference], [(difference.code, Side.BUREAU)], at, ["d-1"])
    decided = BureauDecision(PERSON, None, START.date(), AnswerContext(START, START.date(), LOOKS_UP))
    twin = bureau_decisions.duplicate(held, opened, decided, "n-2").negativation
    require(twin.bureau_id in ids, "8.4: one removal is offered at a time")
