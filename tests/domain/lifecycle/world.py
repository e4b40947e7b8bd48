"""The world that the machine drives: a host, a bureau, several workers and persons around the pure domain.

Every step is checked (see `rules`) against what the bureau truly holds and what the host truly said, never against the
domain's own functions. Steps that make no sense now do nothing, so that a driver may choose them blindly.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain import observations, removal_policy, removals, requests, transmissions
from credit_protection.domain.actors import ROLES, SYSTEM, Actor
from credit_protection.domain.bureau_answers import (
    Found,
    Missing,
    NotExecuted,
    RecordState,
    Unknown,
)
from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import Conflict, InvalidInput, RuleViolation
from credit_protection.domain.guards import Candidate, GuardSettings, Terms, evaluate
from credit_protection.domain.integrations import Integration
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.negativations import Action, Desired
from credit_protection.domain.observations import Moment
from credit_protection.domain.reasons import RemovalReason
from tests.domain.lifecycle import desk
from tests.domain.lifecycle.bureau import Call, Delay, Ledger, Plan
from tests.domain.lifecycle.host import COMPANY, HOLIDAYS, PERSON, SUBSCRIPTION, Host, business_days_after
from tests.domain.lifecycle.meetings import answer_event, late_event
from tests.domain.lifecycle.rules import (
    DOUBTS,
    Known,
    check_agreement,
    check_change,
    check_claim,
    check_not_found,
    check_promise,
    check_state,
    must,
    must_be_going,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from datetime import date

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Change, Negativation
    from credit_protection.domain.settlements import SettlementKind
    from tests.domain.lifecycle.profiles import Profile
    from tests.domain.lifecycle.table import Cell

START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
CALENDAR = BusinessCalendar(HOLIDAYS)
OPERATOR = Actor("u-1", "Ana", ROLES["operador"])
NATURES = {
    "DEV": InclusionNature("DEV", "Devedor (PF)", frozenset({PersonType.PF})),
    "DUP": InclusionNature("DUP", "Duplicata (PJ)", frozenset({PersonType.PJ})),
    "OUT": InclusionNature("OUT", "Outras (PF/PJ)", frozenset(PersonType)),
    "ANT": InclusionNature("ANT", "Antiga"),
}
_MANY = 400


class World:
    """One tenant, one customer, one integration; everything that can happen to it is a method.

    Args:
        profile: the gateway and its bureau.
        customer_is_company: PJ or PF.
        met: counts which event met which cell of the table.
    """

    def __init__(
        self, profile: Profile, *, customer_is_company: bool = False, met: Counter[tuple[Cell, str]] | None = None
    ) -> None:
        self.profile = profile
        self.gateway = profile.gateway
        self.met = met
        self.now = START
        self.host = Host(COMPANY if customer_is_company else PERSON)
        self.integration = Integration(
            "i-1", "gw", "Birô", "e-1", {}, {}, START, removal_policy=profile.policy, grouped=profile.grouped
        )
        self.negativations: dict[str, Negativation] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.known: dict[str, Known] = {}
        self.histories: dict[str, tuple[Event, ...]] = {}
        self.calls: list[Call] = []
        self.drafts: list[tuple[requests.InclusionRequest, Candidate, bool]] = []
        self.hints: list[str] = []
        self._names = 0
        self._changes = 0

    @property
    def anything_due(self) -> bool:
        """Whether a worker would find work."""
        return any(transmissions.is_claimable(each.transmission, self.now) for each in self.negativations.values())

    @property
    def anything_owed(self) -> bool:
        """Whether the bureau has something to report by itself."""
        return any(ledger.owed for ledger in self.ledgers.values())

    # -------------------------------------------------------------------------------------------- a person asks

    def ask(self, count: int, nature: str) -> None:
        """A person chooses invoices and confirms; the request is written later (`confirm`)."""
        free = [each for each in self.host.invoice_ids if each not in self._open_invoices()][:count]
        self._ask(OPERATOR, free, nature)

    def system_asks(self) -> None:
        """Anything that is not a person asks."""
        before = len(self.drafts)
        self._ask(SYSTEM, list(self.host.invoice_ids[:1]), "OUT")
        must(len(self.drafts) == before, "rule 1: only a person asks")

    def confirm(self) -> None:
        """A request is written: its negativations are born."""
        if not self.drafts:
            return
        request, candidate, admitted = self.drafts.pop(0)
        if set(request.invoice_ids) & self._open_invoices():
            return
        findings = evaluate(candidate, self._terms())
        try:
            changes = desk.create(
                request,
                candidate,
                findings,
                self.integration,
                self.gateway,
                self._name,
                self.host.told,
            )
        except RuleViolation:
            return
        must(admitted, "rule 2: the nature admits the person")
        must(
            len(changes) == (1 if self.profile.grouped else len(request.invoice_ids)), "one per invoice, or one in all"
        )
        for change in changes:
            born = change.negativation
            must(born.requested_by == OPERATOR.id and born.invoices, "rule 1: a person and an explicit list")
            self.ledgers[born.id] = Ledger(self.profile)
            self.known[born.id] = Known(tuple(_ids(born)))
            self.histories[born.id] = change.events
            self.negativations[born.id] = born
            must(not must_be_going(self, born), "rule 8: creation and payment don't miss each other")
            check_state(self, born)

    def _ask(self, actor: Actor, invoice_ids: list[str], nature: str) -> None:
        candidate = self._candidate(invoice_ids, nature)
        try:
            request = requests.ask(
                candidate, request_id=self._name(), actor=actor, integration=self.integration, why="", now=self.now
            )
        except RuleViolation:
            return
        wanted = NATURES[nature].person_types
        admitted = wanted is None or (PersonType.PJ if self.host.customer is COMPANY else PersonType.PF) in wanted
        self.drafts.append((request, candidate, admitted))

    # -------------------------------------------------------------------------------------------- the workers

    def work(self, position: int, plan: Plan, delay: Delay, *, answer_lost: bool) -> None:
        """A worker claims what is due and calls the bureau; `deliver` brings the answer."""
        before = self._pick(position)
        if before is None or not transmissions.is_claimable(before.transmission, self.now):
            return
        cancelled = desk.guard(before, self._candidate_of(before), self._terms(), self.gateway, self._today(), self.now)
        if cancelled is not None:
            self._meet(before, "guard")
            self.known[before.id].by_itself = True
            self._store(before, cancelled)
            return
        reason = None
        if before.desired is Desired.REMOVED:
            stand = before.standings(self.host.told, self.profile.policy.tolerance)
            reason = removal_policy.removal_reason(stand, before.triggers)
        change = transmissions.claim(before, self.gateway, now=self.now, worker="w", reason=reason)
        claimed = change.negativation
        held = claimed.transmission.claim
        if held is None:
            must(before.transmission.claim is not None, "a claim is a hold")
            self._meet(before, "lease expired")
            self._store(before, change)
            return
        self._meet(before, f"claim {held.action}")
        call = Call(before.id, held.action, held.fence, self.now)
        check_claim(self, before, claimed, call, reason)
        self._store(before, change)
        self.calls.append(call)
        ledger = self.ledgers[before.id]
        match held.action:
            case Action.INCLUDE:
                ledger.include(call, plan, delay, answer_lost=answer_lost)
            case Action.REMOVE:
                ledger.remove(call, plan, delay, answer_lost=answer_lost)
            case _:
                ledger.look_up(call, plan, answer_lost=answer_lost)
        ledger.advance(self.now)

    def deliver(self, position: int) -> None:
        """A worker stores its answer: under its fence, or too late."""
        answered = [call for call in self.calls if call.answer is not None]
        if not answered:
            return
        call = answered[position % len(answered)]
        self.calls.remove(call)
        assert call.answer is not None
        before = self.negativations[call.negativation_id]
        if desk.is_in_time(before.transmission, call.fence):
            self._in_time(before, call, call.answer)
        else:
            self._late(before, call.action, call.answer)

    def crash(self, position: int) -> None:
        """A worker dies with its answer."""
        if self.calls:
            self.calls.pop(position % len(self.calls))

    def callback(self, position: int, *, again: bool = False) -> None:
        """The bureau reports by itself, perhaps twice."""
        owing = [name for name in self.negativations if self.ledgers[name].owed]
        if not owing:
            return
        name = owing[position % len(owing)]
        told = self.ledgers[name].owed[0]
        if not again:
            self.ledgers[name].owed.pop(0)
        before = self.negativations[name]
        if told is None:
            self._hinted(before)
        elif self.gateway.callback:
            self._late(before, *told)

    def sweep(self) -> None:
        """Find what nobody holds any more, and what was recorded and not yet applied."""
        self._let_go()
        for name in self.negativations:
            self.apply_to(name)

    def _let_go(self) -> None:
        for before in tuple(self.negativations.values()):
            change = transmissions.expire(before, self.gateway, self.now)
            if change.events:
                self._meet(before, "lease expired")
            self._store(before, change)

    # -------------------------------------------------------------------------------------------- the host

    def pay(
        self, invoice: int, kind: SettlementKind, cents: int | None, days_to_money: int | None, *, told: bool
    ) -> None:
        """An invoice's debt ceases, or part of it; our software may be told now or later."""
        invoice_id = self.host.invoice_ids[invoice % len(self.host.invoice_ids)]
        on = self._today()
        available = None if days_to_money is None else on + timedelta(days=days_to_money)
        self.host.pay(invoice_id, kind, None if cents is None else Money(cents), on, available)
        if told:
            self.tell(len(self.host.entries) - 1)

    def reverse(self, position: int, *, told: bool) -> None:
        """A settlement is undone."""
        if self.host.reverse(position, self._today()) and told:
            self.tell(len(self.host.entries) - 1)

    def tell(self, position: int) -> None:
        """The host reports one entry: in any order, any number of times."""
        if self.host.entries:
            self.host.told.append(self.host.entries[position % len(self.host.entries)])

    def apply(self, position: int) -> None:
        """What was told is applied to one negativation."""
        before = self._pick(position)
        if before is not None:
            self.apply_to(before.id)

    def apply_to(self, name: str) -> None:
        """What was told is applied."""
        before = self.negativations[name]
        known = self.known[name]
        going, stood = must_be_going(self, before), any(each.is_settlement for each in before.triggers)
        if going is not stood:
            self._meet(before, "settled" if going else "reversed")
        change = desk.apply(before, self.host.told, self.integration, CALENDAR, self.gateway, self.now)
        wanted = change.negativation.desired is Desired.INCLUDED
        if not before.is_closed:
            must(not (going and wanted), "rule 4: paid means going")
            lasting = known.deletion or known.by_itself or known.removing
            must(going or wanted or lasting, "rule 4: wanted again once no reason stands")
        self._store(before, change)

    # -------------------------------------------------------------------------------------------- persons

    def delete(self, position: int, reason: RemovalReason | None, attestation: str) -> None:
        """A person deletes."""
        before = self._pick(position)
        if before is None:
            return
        today = self._today()
        self._meet(before, "deleted")
        try:
            change = removals.delete(
                before,
                actor_id=OPERATOR.id,
                reason=reason,
                attestation=attestation,
                standings=before.standings(self.host.told, self.profile.policy.tolerance),
                deletion_days=self.profile.policy.deletion_days,
                today=today,
                calendar=CALENDAR,
                gateway=self.gateway,
                now=self.now,
            )
        except (Conflict, RuleViolation):
            return
        known = self.known[before.id]
        days = 0 if reason is RemovalReason.COURT_ORDER else self.profile.policy.deletion_days
        deadline = business_days_after(today, days)
        known.deletion = min(known.deletion or deadline, deadline)
        if known.chosen is not RemovalReason.COURT_ORDER:
            known.chosen = None if reason is RemovalReason.PAYMENT and not attestation else reason
        self._store(before, change)

    def withdraw(self, position: int) -> None:
        """A person takes a deletion back."""
        before = self._pick(position)
        if before is None:
            return
        known = self.known[before.id]
        self._meet(before, "withdrawn")
        try:
            change = removals.withdraw(before, actor_id=OPERATOR.id, gateway=self.gateway, now=self.now)
        except (Conflict, RuleViolation):
            return
        must(not known.removing, "rule 4: no way back once a removal was claimed")
        must(not known.by_itself and not known.closed, "rule 4: a person takes back only what a person asked")
        known.deletion = known.chosen = None
        self._store(before, change)

    def stop(self, position: int) -> None:
        """A person stops the attempts."""
        self._person(position, "stopped", lambda each: transmissions.stop_trying(each, OPERATOR.id, "chega", self.now))

    def resume(self, position: int) -> None:
        """A person lets the attempts go on."""
        self._person(position, "resumed", lambda each: transmissions.resume(each, OPERATOR.id, self.now))

    def needs_person(self, position: int) -> None:
        """A worker finds that it can't go on."""
        before = self._pick(position)
        if before is not None and before.transmission.is_open:
            self._meet(before, "needs person")
            self._store(before, transmissions.needs_person(before, "credenciais", "?", self.now))

    def attest(self, position: int) -> None:
        """A person looks at the bureau's portal, sees nothing there, and says so."""
        before = self._pick(position)
        if before is None or not self.ledgers[before.id].shows_nothing:
            return
        self._person(
            position,
            "attested",
            lambda each: removals.attest_absent(
                each, actor_id=OPERATOR.id, why="vi", today=self._today(), gateway=self.gateway, now=self.now
            ),
        )

    # -------------------------------------------------------------------------------------------- the bureau, and time

    def bureau_removes(self, position: int, *, slowly: bool = False) -> None:
        """The bureau removes by itself, and will say so."""
        before = self._pick(position)
        if before is not None and self.ledgers[before.id].standing:
            self.ledgers[before.id].remove_by_itself(self.now, slowly=slowly and self.gateway.find)

    def bureau_forgets(self, position: int) -> None:
        """The bureau no longer shows what is gone."""
        before = self._pick(position)
        if before is not None and not self.ledgers[before.id].landing:
            self.ledgers[before.id].forget()

    def hint(self, position: int) -> None:
        """An extract says "removed by the bureau", of an earlier record under the key perhaps."""
        before = self._pick(position)
        if before is not None and self.gateway.find:
            self._hinted(before)

    def pass_time(self, how: int) -> None:
        """Time moves on: a little, or to the next thing that may happen."""
        soon = self._soon()
        steps = (
            timedelta(seconds=10),
            self.gateway.call_deadline,
            self.gateway.lease,
            self.gateway.quiet_period,
            timedelta(days=1),
        )
        how %= len(steps) + 3
        to = self.now + steps[how] if how < len(steps) else min(soon, default=self.now + steps[0])
        self._go_to(to)

    # -------------------------------------------------------------------------------------------- the end

    def finish(self) -> None:
        """Let an honest bureau, a complete host and living workers finish; then the persons; and look at the end."""
        while self.drafts:
            self.confirm()
        self._drain()
        for each in self.negativations.values():
            check_promise(self, each)
        for _ in range(6):
            if not self._persons_act():
                break
            self._drain()
        for each in self.negativations.values():
            must(
                each.is_closed or each.desired is Desired.INCLUDED, "once persons have acted, nothing is to be removed"
            )
            check_agreement(self, each)

    def _drain(self) -> None:
        for entry in range(len(self.host.entries)):
            self.tell(entry)
        self.sweep()
        for _ in range(_MANY):
            before = self._changes
            self._let_go()
            for _ in range(len(self.calls)):
                self.deliver(0)
            for ledger in self.ledgers.values():
                while ledger.owed:
                    self.callback(0)
            for position in range(len(self.negativations)):
                self.work(position, Plan.WORKS, Delay.NONE, answer_lost=False)
            if before == self._changes:
                soon = self._soon()
                if not soon:
                    return
                self._go_to(min(soon))
        must(holds=False, rule="the work never ends")

    def _persons_act(self) -> bool:
        acted = False
        for position, before in enumerate(self.negativations.values()):
            work = before.transmission
            if not work.is_open:
                continue
            ledger = self.ledgers[before.id]
            removing = before.desired is Desired.REMOVED
            lost = work.block is not None and work.block.code == "registro_sumiu"
            if work.block is not None and not lost and not (removing and ledger.shows_nothing):
                self.resume(position)
                acted = True
            elif removing or ledger.shows_nothing:
                ledger.remove_by_hand()
                self._go_to(self.now + self.gateway.quiet_period)
                self.attest(position)
                acted = True
        return acted

    # -------------------------------------------------------------------------------------------- answers

    def _in_time(self, before: Negativation, call: Call, answer: Answer | LookupResult) -> None:
        moment = self._moment()
        self._meet(before, answer_event(before.observed, call.action, answer))
        match answer:
            case Found() | Missing():
                change = observations.sighted(before, answer, moment)
            case NotExecuted() | Unknown() if call.action not in DOUBTS:
                change = observations.unseen(before, answer, moment)
            case _:
                change = observations.answered(before, answer, moment)
        must(change.negativation.transmission.claim is None, "an answer ends its hold")
        known = self.known[before.id]
        known.hear(call.action, answer)
        if isinstance(answer, Found) and answer.state in {RecordState.GONE, RecordState.REMOVING}:
            known.by_itself = True
        check_not_found(self, before, change, call.at, answer)
        self._store(before, change)

    def _late(self, before: Negativation, action: Action, answer: Answer | LookupResult) -> None:
        self._meet(before, late_event(action, answer))
        change = observations.answered_late(before, action, answer, self._moment())
        must(change.events, "rule 6: a late answer is kept as evidence")
        known = self.known[before.id]
        known.hear(action, answer)
        known.by_itself |= before.is_closed and not change.negativation.is_closed
        self._store(before, change)

    def _hinted(self, before: Negativation) -> None:
        self._meet(before, "hint")
        change = removals.bureau_says_removed(before, self.gateway, today=self._today(), now=self.now)
        self.known[before.id].by_itself |= bool(change.events)
        self._store(before, change)

    # -------------------------------------------------------------------------------------------- parts

    def _store(self, before: Negativation, change: Change, *, resumed: bool = False) -> None:
        """Keep a change, after checking it against the one before."""
        after = change.negativation
        if after is before and not change.events:
            return
        check_change(self, before, change, resumed=resumed)
        self._changes += 1
        self.histories[before.id] += change.events
        self.negativations[before.id] = after
        self.known[before.id].closed |= after.is_closed
        check_state(self, after)

    def _person(self, position: int, event: str, act: Callable[[Negativation], Change]) -> None:
        before = self._pick(position)
        if before is None:
            return
        self._meet(before, event)
        try:
            change = act(before)
        except (Conflict, RuleViolation, InvalidInput):
            return
        must(change.events[0].actor_id == OPERATOR.id, "rule 9: a person's act names the person")
        self._store(before, change, resumed=event == "resumed")

    def _pick(self, position: int) -> Negativation | None:
        if not self.negativations:
            return None
        names = tuple(self.negativations)
        return self.negativations[names[position % len(names)]]

    def _name(self) -> str:
        self._names += 1
        return f"N-{self._names}"

    def _today(self) -> date:
        return (self.now - timedelta(hours=3)).date()

    def _moment(self) -> Moment:
        return Moment(self.now, self._today(), self.gateway)

    def _terms(self) -> Terms:
        return Terms(self.gateway, GuardSettings(), CALENDAR, self._today(), NATURES)

    def _candidate(self, invoice_ids: list[str], nature: str) -> Candidate:
        return Candidate(self.host.customer, SUBSCRIPTION, self.host.invoices(invoice_ids), nature)

    def _candidate_of(self, each: Negativation) -> Candidate:
        amounts = {invoice.invoice_id: invoice.amount for invoice in each.invoices}
        return replace(self._candidate(_ids(each), each.nature_code), amounts=amounts)

    def _open_invoices(self) -> set[str]:
        return {name for each in self.negativations.values() if not each.is_closed for name in _ids(each)}

    def _meet(self, each: Negativation, event: str) -> None:
        if self.met is not None:
            self.met[(each.observed, each.desired), event] += 1

    def _soon(self) -> list[datetime]:
        instants = [ledger.next_effect for ledger in self.ledgers.values()]
        for each in self.negativations.values():
            work = each.transmission
            if work.claim is not None:
                instants.append(work.claim.until)
            elif work.action.is_call and work.block is None:
                instants.append(work.due_at)
        return [instant for instant in instants if instant is not None and instant > self.now]

    def _go_to(self, instant: datetime) -> None:
        self.now = max(self.now, instant)
        for ledger in self.ledgers.values():
            ledger.advance(self.now)
        for each in self.negativations.values():
            check_state(self, each)


def _ids(each: Negativation) -> list[str]:
    return [invoice.invoice_id for invoice in each.invoices]
