"""A model of one record whose debtor comes to and leaves the do-not-negativate list in any way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from credit_protection.domain import divergences, removals
from credit_protection.domain.comparison import held
from credit_protection.domain.comparison.held import DebtorHolds, HoldContext
from credit_protection.domain.divergences import Decision, Divergence, DivergenceCode, DivergenceContext, Side, decide
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import removal_reason
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.testing import samples
from tests.domain.lifecycle.profiles import LOOKED_UP
from tests.domain.lifecycle.rules import require

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
CALENDAR = BusinessCalendar(frozenset())
OWN, TWIN = "c-1", "c-2"
_UNTIL = (None, None, TODAY, TODAY - timedelta(days=1))
_STEPS = 12


class HeldModel:
    """One negativation that stands; `records` are the ERP's records with its document, `holds` the list."""

    def __init__(self) -> None:
        self.records = {OWN, TWIN}
        self.holds: dict[str, Hold] = {}
        self.divergences: dict[str, Divergence] = {}
        self.negativation: Negativation = replace(
            samples.negativation("n-1", ["f-1"], document=samples.CPF, creditor_id="1"),
            customer_id=OWN,
            observed=Observed.PRESENT,
            known_at=NOW,
            inclusion_claims=1,
        )

    @property
    def shown(self) -> Divergence | None:
        """The open divergence."""
        return next((each for each in self.divergences.values() if each.closed_at is None), None)

    def compare(self) -> None:
        """Read the list, and do all that follows from it."""
        found, before = DebtorHolds(frozenset(self.records), dict(self.holds)), self.negativation
        known = self.shown
        difference = held.hold_difference(before, found, TODAY)
        in_force = {key: each for key, each in self.holds.items() if each.until is None or each.until >= TODAY}
        require(not in_force or difference is not None, "a hold in force is shown")
        require(
            difference is None or bool(in_force or self._is_held_back(before)), "a hold that has ended is not shown"
        )
        fresh = {(DivergenceCode.HELD, Side.ERP)} if self.records else set()
        at = DivergenceContext("integration-1", "1", "n-1", NOW, TODAY, CALENDAR)
        open_ones = [] if known is None else [known]
        ids = [f"d-{len(self.divergences)}"]
        for each in divergences.update_divergences(
            open_ones, [] if difference is None else [difference], fresh, at, ids
        ):
            self.divergences[each.id] = each
        context = HoldContext(LOOKED_UP.gateway, CALENDAR, TODAY, NOW)
        after = held.remove_by_hold(before, self.divergences.values(), found, context).negativation
        self._check(before, after, in_force)
        self.negativation = after

    def _is_held_back(self, negativation: Negativation) -> bool:
        return negativation.desired is Desired.REMOVED and not negativation.removal_claims

    def _check(self, before: Negativation, after: Negativation, in_force: dict[str, Hold]) -> None:
        of_person = {key: each.kind for key, each in in_force.items() if key in self.records}
        asks = of_person.get(OWN) is HoldKind.COURT_ORDER or HoldKind.DEATH in of_person.values()
        is_kept = self.shown is not None and self.shown.decision is Decision.KEEP
        if after.desired is before.desired is Desired.INCLUDED:
            require(not asks or is_kept, "a court order of its own and a death of the person remove")
        elif before.desired is Desired.INCLUDED:
            require(asks, "nothing else on the list removes")
            require(not is_kept, "what a person keeps is not removed")
        require(
            before.desired is Desired.INCLUDED or after.desired is Desired.REMOVED, "the list lifts nothing by itself"
        )
        if of_person.get(OWN) is HoldKind.COURT_ORDER and after.desired is Desired.REMOVED and not is_kept:
            require(removal_reason({}, after.triggers) is RemovalReason.COURT_ORDER, "a judge's order is the reason")
            require(after.deadline == TODAY, "a court order removes at once")
        if self._is_held_back(after) and not is_kept:
            require(self.shown is not None, "a person can lift what a hold added")

    def keep(self) -> None:
        """A person keeps the record."""
        if self.shown is None:
            return
        kept = decide(self.shown, Decision.KEEP, actor_id="ana", remark="engano", now=NOW)
        self.divergences[kept.id] = kept
        before = self.negativation
        after = removals.decide_divergence(
            before,
            kept,
            actor_id="ana",
            reason=None,
            deletion_days=2,
            today=TODAY,
            calendar=CALENDAR,
            capabilities=LOOKED_UP.gateway,
            now=NOW,
        ).negativation
        is_lifted = after.desired is Desired.INCLUDED
        require(is_lifted is not bool(before.removal_claims and before.triggers), "a person lifts what was not claimed")
        self.negativation = after

    def claim(self) -> None:
        """A worker claims the removal."""
        if self.negativation.desired is Desired.REMOVED:
            self.negativation = replace(self.negativation, removal_claims=1)

    def change(self, random: Random) -> None:
        """Change the list, or the customer records."""
        record = random.choice((OWN, OWN, TWIN))
        match random.randrange(5):
            case 0:
                self.holds.pop(record, None)
            case 1:
                self.records ^= {record}
            case _:
                self.holds[record] = Hold(random.choice(list(HoldKind)), "", random.choice(_UNTIL))


def held_walk(seed: int) -> None:
    """One walk of the list."""
    random = Random(seed)  # noqa: S311 - no secret
    model = HeldModel()
    for _ in range(_STEPS):
        match random.randrange(8):
            case 0:
                model.keep()
            case 1 if random.random() < 0.3:
                model.claim()
            case _:
                model.change(random)
        model.compare()
