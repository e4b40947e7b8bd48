"""The model that the state machine drives: a host, a bureau, several workers and persons around the pure domain.

`rules` checks every step against what the model's bureau holds and its host reported, never against the domain's own
functions. A step that does not apply now does nothing, so that a driver may choose steps blindly.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain import observations, removal_policy, removals, requests, transmissions
from credit_protection.domain.actors import ROLES, SYSTEM, Actor
from credit_protection.domain.bureau_answers import (
    NotExecuted,
    NotUnderstood,
    RecordFound,
    RecordNotFound,
    RecordState,
    Unknown,
)
from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import Conflict, InvalidInput, RuleViolation
from credit_protection.domain.guards import Candidate, GuardSettings, InclusionTerms, evaluate
from credit_protection.domain.integrations import Integration, IntegrationSettings
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.observations import AnswerContext
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Action, Desired
from tests.domain.lifecycle import use_cases
from tests.domain.lifecycle.bureau import Call, Delay, Ledger, Plan
from tests.domain.lifecycle.host import COMPANY, HOLIDAYS, PERSON, SUBSCRIPTION, Host, business_days_after
from tests.domain.lifecycle.rules import (
    DOUBTS,
    ModelState,
    check_agreement,
    check_change,
    check_claim,
    check_not_found,
    check_promise,
    check_removal_not_understood,
    check_state,
    require,
    update_settlement_deadline,
)
from tests.domain.lifecycle.state_event_matrix import answer_event, late_event

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from datetime import date

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Change, Negativation
    from credit_protection.domain.settlements import SettlementKind
    from tests.domain.lifecycle.profiles import Profile
    from tests.domain.lifecycle.table import State

START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
CALENDAR = BusinessCalendar(HOLIDAYS)
OPERATOR = Actor("u-1", "Ana", ROLES["operador"])
NATURES = {
    "DEV": InclusionNature("DEV", "Devedor (PF)", frozenset({PersonType.PF})),
    "DUP": InclusionNature("DUP", "Duplicata (PJ)", frozenset({PersonType.PJ})),
    "OUT": InclusionNature("OUT", "Outras (PF/PJ)", frozenset(PersonType)),
    "ANT": InclusionNature("ANT", "Antiga"),
}
_MAX_ROUNDS = 400


class LifecycleModel:
    """One tenant, one customer, one integration; each event that can happen to it is a method.

    Args:
        profile: the gateway and its bureau.
        customer_is_company: PJ or PF.
        coverage: counts each event by the state of the table in which it happened.
    """

    def __init__(
        self, profile: Profile, *, customer_is_company: bool = False, coverage: Counter[tuple[State, str]] | None = None
    ) -> None:
        self.profile = profile
        self.gateway = profile.gateway
        self.coverage = coverage
        self.now = START
        self.host = Host(COMPANY if customer_is_company else PERSON)
        settings = IntegrationSettings(removal_policy=profile.policy, grouped=profile.grouped)
        self.integration = Integration("i-1", "gw", "Birô", "e-1", {}, {}, START, settings=settings)
        self.negativations: dict[str, Negativation] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.known: dict[str, ModelState] = {}
        self.histories: dict[str, tuple[Event, ...]] = {}
        self.calls: list[Call] = []
        self.drafts: list[tuple[requests.InclusionRequest, Candidate, bool]] = []
        self.hints: list[str] = []
        self._names = 0
        self._changes = 0

    @property
    def has_due_work(self) -> bool:
        """Whether a worker could claim a transmission now."""
        return any(transmissions.is_claimable(each.transmission, self.now) for each in self.negativations.values())

    @property
    def has_pending_callbacks(self) -> bool:
        """Whether the bureau has a callback to send."""
        return any(ledger.pending_callbacks for ledger in self.ledgers.values())

    # -------------------------------------------------------------------------------------------- requests

    def request(self, count: int, nature: str) -> None:
        """A person chooses invoices; `confirm` writes the request."""
        free = [each for each in self.host.invoice_ids if each not in self._open_invoices()][:count]
        self._request(OPERATOR, free, nature)

    def system_requests(self) -> None:
        """Something that is not a person requests a negativation."""
        before = len(self.drafts)
        self._request(SYSTEM, list(self.host.invoice_ids[:1]), "OUT")
        require(len(self.drafts) == before, "rule 1: only a person requests")

    def confirm(self) -> None:
        """Write a request and create its negativations."""
        if not self.drafts:
            return
        request, candidate, admitted = self.drafts.pop(0)
        if set(request.invoice_ids) & self._open_invoices():
            return
        findings = evaluate(candidate, self._terms())
        try:
            changes = use_cases.create(
                request,
                candidate,
                findings,
                self.integration,
                self.gateway,
                self._next_id,
                self.host.reported_entries,
            )
        except RuleViolation:
            return
        require(admitted, "rule 2: the nature admits the person")
        require(
            len(changes) == (1 if self.profile.grouped else len(request.invoice_ids)), "one per invoice, or one in all"
        )
        for change in changes:
            created = change.negativation
            require(created.requested_by == OPERATOR.id and created.invoices, "rule 1: a person and an explicit list")
            self.ledgers[created.id] = Ledger(self.profile)
            self.known[created.id] = ModelState(tuple(_ids(created)))
            self.histories[created.id] = change.events
            self.negativations[created.id] = created
            require(not update_settlement_deadline(self, created), "rule 8: creation and payment don't miss each other")
            check_state(self, created)

    def _request(self, actor: Actor, invoice_ids: list[str], nature: str) -> None:
        candidate = self._candidate(invoice_ids, nature)
        try:
            request = requests.new_request(
                candidate,
                request_id=self._next_id(),
                actor=actor,
                integration=self.integration,
                remark="",
                now=self.now,
            )
        except RuleViolation:
            return
        wanted = NATURES[nature].person_types
        admitted = wanted is None or (PersonType.PJ if self.host.customer is COMPANY else PersonType.PF) in wanted
        self.drafts.append((request, candidate, admitted))

    # -------------------------------------------------------------------------------------------- the workers

    def work(self, position: int, plan: Plan, delay: Delay, *, answer_lost: bool) -> None:
        """A worker claims a due transmission and calls the bureau; `deliver` stores the answer."""
        before = self._pick(position)
        if before is None or not transmissions.is_claimable(before.transmission, self.now):
            return
        cancelled = use_cases.guard(
            before, self._candidate_of(before), self._terms(), self.gateway, self._today(), self.now
        )
        if cancelled is not None:
            self._record_event(before, "guard")
            self.known[before.id].is_irrevocable = True
            self._store(before, cancelled)
            return
        reason = None
        if before.desired is Desired.REMOVED:
            statuses = before.settlement_statuses(self.host.reported_entries, self.profile.policy.tolerance)
            reason = removal_policy.removal_reason(statuses, before.triggers)
        change = transmissions.claim(before, self.gateway, now=self.now, worker="w", reason=reason)
        claimed = change.negativation
        lease = claimed.transmission.claim
        if lease is None:
            require(before.transmission.claim is not None, "a claim gives a lease")
            self._record_event(before, "lease expired")
            self._store(before, change)
            return
        self._record_event(before, f"claim {lease.action}")
        call = Call(before.id, lease.action, lease.fence, self.now)
        check_claim(self, before, claimed, call, reason)
        self._store(before, change)
        self.calls.append(call)
        ledger = self.ledgers[before.id]
        match lease.action:
            case Action.INCLUDE:
                ledger.include(call, plan, delay, answer_lost=answer_lost)
            case Action.REMOVE:
                ledger.remove(call, plan, delay, answer_lost=answer_lost)
            case _:
                ledger.look_up(call, plan, answer_lost=answer_lost)
        ledger.advance(self.now)

    def deliver(self, position: int) -> None:
        """A worker stores its answer, under its fencing token or too late."""
        answered = [call for call in self.calls if call.answer is not None]
        if not answered:
            return
        call = answered[position % len(answered)]
        self.calls.remove(call)
        assert call.answer is not None
        before = self.negativations[call.negativation_id]
        if use_cases.is_in_time(before.transmission, call.fence):
            self._answered_in_time(before, call, call.answer)
        else:
            self._answered_late(before, call.action, call.answer)

    def crash(self, position: int) -> None:
        """A worker crashes before it stores its answer."""
        if self.calls:
            self.calls.pop(position % len(self.calls))

    def callback(self, position: int, *, again: bool = False) -> None:
        """The bureau sends a callback, perhaps twice."""
        pending = [name for name in self.negativations if self.ledgers[name].pending_callbacks]
        if not pending:
            return
        name = pending[position % len(pending)]
        callback = self.ledgers[name].pending_callbacks[0]
        if not again:
            self.ledgers[name].pending_callbacks.pop(0)
        before = self.negativations[name]
        if callback is None:
            self._removal_hinted(before)
        elif self.gateway.callback:
            self._answered_late(before, *callback)

    def sweep(self) -> None:
        """Expire leases, and apply the settlements that were recorded and not applied."""
        self._expire_leases()
        for name in self.negativations:
            self.apply_to(name)

    def _expire_leases(self) -> None:
        for before in tuple(self.negativations.values()):
            change = transmissions.expire(before, self.gateway, self.now)
            if change.events:
                self._record_event(before, "lease expired")
            self._store(before, change)

    # -------------------------------------------------------------------------------------------- the host

    def pay(
        self, invoice: int, kind: SettlementKind, cents: int | None, days_to_money: int | None, *, reported: bool
    ) -> None:
        """An invoice's debt, or a part of it, ceases; the host reports it now or later."""
        invoice_id = self.host.invoice_ids[invoice % len(self.host.invoice_ids)]
        on = self._today()
        available = None if days_to_money is None else on + timedelta(days=days_to_money)
        self.host.pay(invoice_id, kind, None if cents is None else Money(cents), on, available)
        if reported:
            self.report(len(self.host.entries) - 1)

    def reverse(self, position: int, *, reported: bool) -> None:
        """The host reverses a settlement."""
        if self.host.reverse(position, self._today()) and reported:
            self.report(len(self.host.entries) - 1)

    def report(self, position: int) -> None:
        """The host reports one entry, in any order and any number of times."""
        if self.host.entries:
            self.host.reported_entries.append(self.host.entries[position % len(self.host.entries)])

    def apply(self, position: int) -> None:
        """Apply the reported settlements to one negativation."""
        before = self._pick(position)
        if before is not None:
            self.apply_to(before.id)

    def apply_to(self, name: str) -> None:
        """Apply the reported settlements to the negativation with this id."""
        before = self.negativations[name]
        known = self.known[name]
        must_go, had_settlement = (
            update_settlement_deadline(self, before),
            any(each.is_settlement for each in before.triggers),
        )
        if must_go is not had_settlement:
            self._record_event(before, "settled" if must_go else "reversed")
        change = use_cases.apply(before, self.host.reported_entries, self.integration, CALENDAR, self.gateway, self.now)
        wanted = change.negativation.desired is Desired.INCLUDED
        if not before.is_closed:
            require(not (must_go and wanted), "rule 4: a paid record must be removed")
            lasting = known.deletion_deadline or known.is_irrevocable or known.removal_claimed
            require(must_go or wanted or lasting, "rule 4: wanted again once no removal reason is in force")
        self._store(before, change)

    # -------------------------------------------------------------------------------------------- persons

    def delete(self, position: int, reason: RemovalReason | None, attestation: str) -> None:
        """A person deletes a negativation."""
        before = self._pick(position)
        if before is None:
            return
        today = self._today()
        self._record_event(before, "deleted")
        try:
            change = removals.delete(
                before,
                actor_id=OPERATOR.id,
                reason=reason,
                attestation=attestation,
                statuses=before.settlement_statuses(self.host.reported_entries, self.profile.policy.tolerance),
                deletion_days=self.profile.policy.deletion_days,
                today=today,
                calendar=CALENDAR,
                capabilities=self.gateway,
                now=self.now,
            )
        except (Conflict, RuleViolation):
            return
        known = self.known[before.id]
        days = 0 if reason is RemovalReason.COURT_ORDER else self.profile.policy.deletion_days
        deadline = business_days_after(today, days)
        known.deletion_deadline = min(known.deletion_deadline or deadline, deadline)
        if known.chosen_reason is not RemovalReason.COURT_ORDER:
            known.chosen_reason = None if reason is RemovalReason.PAYMENT and not attestation else reason
        self._store(before, change)

    def withdraw(self, position: int) -> None:
        """A person withdraws a deletion."""
        before = self._pick(position)
        if before is None:
            return
        known = self.known[before.id]
        self._record_event(before, "withdrawn")
        try:
            change = removals.withdraw(before, actor_id=OPERATOR.id, capabilities=self.gateway, now=self.now)
        except (Conflict, RuleViolation):
            return
        require(not known.removal_claimed, "rule 4: no way back once a removal was claimed")
        require(not known.is_irrevocable and not known.closed, "rule 4: a person withdraws only a person's deletion")
        known.deletion_deadline = known.chosen_reason = None
        self._store(before, change)

    def stop(self, position: int) -> None:
        """A person stops the attempts."""
        self._person(position, "stopped", lambda each: transmissions.stop_trying(each, OPERATOR.id, "chega", self.now))

    def resume(self, position: int) -> None:
        """A person resumes the attempts."""
        before = self._pick(position)
        self._person(position, "resumed", lambda each: transmissions.resume(each, OPERATOR.id, self.now))
        if before is not None and self.negativations[before.id] is not before:
            known = self.known[before.id]
            work = before.transmission
            known.inclusion_garbled &= work.block is not None or work.action is not Action.ASK_PERSON
            known.removals_garbled = 0

    def needs_person(self, position: int) -> None:
        """A worker finds that a person must act."""
        before = self._pick(position)
        if before is not None and before.transmission.is_open:
            self._record_event(before, "needs person")
            self._store(before, transmissions.require_manual_action(before, "credenciais", "?", self.now))

    def attest(self, position: int) -> None:
        """A person sees no record on the bureau's portal and attests it."""
        before = self._pick(position)
        if before is None or not self.ledgers[before.id].has_no_live_record:
            return
        self._person(
            position,
            "attested",
            lambda each: removals.attest_absent(
                each, actor_id=OPERATOR.id, remark="vi", today=self._today(), capabilities=self.gateway, now=self.now
            ),
        )

    # -------------------------------------------------------------------------------------------- the bureau, and time

    def bureau_removes(self, position: int, *, slowly: bool = False) -> None:
        """The bureau removes a record by its own decision, and reports it later."""
        before = self._pick(position)
        if before is not None and self.ledgers[before.id].active_records:
            self.ledgers[before.id].remove_by_itself(self.now, slowly=slowly and self.gateway.find)

    def bureau_forgets(self, position: int) -> None:
        """The bureau stops showing removed records."""
        before = self._pick(position)
        if before is not None and not self.ledgers[before.id].pending_inclusions:
            self.ledgers[before.id].forget()

    def hint(self, position: int) -> None:
        """An extract says "removed by the bureau", perhaps of an earlier record under the key."""
        before = self._pick(position)
        if before is not None and self.gateway.find:
            self._removal_hinted(before)

    def pass_time(self, how: int) -> None:
        """Advance the clock a little, or to the next scheduled event."""
        soon = self._next_instants()
        steps = (
            timedelta(seconds=10),
            self.gateway.call_deadline,
            self.gateway.lease,
            self.gateway.quiet_period,
            timedelta(days=1),
        )
        how %= len(steps) + 3
        to = self.now + steps[how] if how < len(steps) else min(soon, default=self.now + steps[0])
        self._advance_to(to)

    # -------------------------------------------------------------------------------------------- the end

    def finish(self) -> None:
        """Run bureau, host and workers without faults until nothing is due, then the persons; check the final state."""
        while self.drafts:
            self.confirm()
        self._drain()
        for each in self.negativations.values():
            check_promise(self, each)
        for _ in range(6):
            if not self._act_as_persons():
                break
            self._drain()
        for each in self.negativations.values():
            require(
                each.is_closed or each.desired is Desired.INCLUDED, "once persons have acted, nothing is left to remove"
            )
            check_agreement(self, each)

    def _drain(self) -> None:
        for entry in range(len(self.host.entries)):
            self.report(entry)
        self.sweep()
        for _ in range(_MAX_ROUNDS):
            before = self._changes
            self._expire_leases()
            for _ in range(len(self.calls)):
                self.deliver(0)
            for ledger in self.ledgers.values():
                while ledger.pending_callbacks:
                    self.callback(0)
            for position in range(len(self.negativations)):
                self.work(position, Plan.WORKS, Delay.NONE, answer_lost=False)
            if before == self._changes:
                soon = self._next_instants()
                if not soon:
                    return
                self._advance_to(min(soon))
        require(holds=False, rule="the work never ends")

    def _act_as_persons(self) -> bool:
        acted = False
        for position, before in enumerate(self.negativations.values()):
            work = before.transmission
            if not work.is_open:
                continue
            ledger = self.ledgers[before.id]
            removing = before.desired is Desired.REMOVED
            lost = work.block is not None and work.block.code == "registro_sumiu"
            if work.block is not None and not lost and not (removing and ledger.has_no_live_record):
                self.resume(position)
                acted = True
            elif removing or ledger.has_no_live_record:
                ledger.remove_by_hand()
                self._advance_to(self.now + self.gateway.quiet_period)
                self.attest(position)
                acted = True
        return acted

    # -------------------------------------------------------------------------------------------- answers

    def _answered_in_time(self, before: Negativation, call: Call, answer: Answer | LookupResult) -> None:
        context = self._context()
        self._record_event(before, answer_event(before.observed, call.action, answer))
        match answer:
            case RecordFound() | RecordNotFound():
                change = observations.looked_up(before, answer, context)
            case NotExecuted() | Unknown() | NotUnderstood() if call.action not in DOUBTS:
                change = observations.lookup_failed(before, answer, context)
            case _:
                change = observations.answered(before, answer, context)
        require(change.negativation.transmission.claim is None, "an answer ends its lease")
        known = self.known[before.id]
        check_removal_not_understood(self, before, change.negativation, call.action, answer)
        known.record_answer(call.action, answer)
        if isinstance(answer, RecordFound) and answer.state in {RecordState.GONE, RecordState.REMOVING}:
            known.is_irrevocable = True
        check_not_found(self, before, change, call.at, answer)
        self._store(before, change)

    def _answered_late(self, before: Negativation, action: Action, answer: Answer | LookupResult) -> None:
        self._record_event(before, late_event(action, answer))
        change = observations.answered_late(before, action, answer, self._context())
        require(change.events, "rule 6: a late answer is kept as evidence")
        known = self.known[before.id]
        known.record_answer(action, answer)
        known.is_irrevocable |= before.is_closed and not change.negativation.is_closed
        self._store(before, change)

    def _removal_hinted(self, before: Negativation) -> None:
        self._record_event(before, "hint")
        change = removals.bureau_says_removed(before, self.gateway, today=self._today(), now=self.now)
        self.known[before.id].is_irrevocable |= bool(change.events)
        self._store(before, change)

    # -------------------------------------------------------------------------------------------- parts

    def _store(self, before: Negativation, change: Change, *, resumed: bool = False) -> None:
        """Store a change after checking it against the state before."""
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
        self._record_event(before, event)
        try:
            change = act(before)
        except (Conflict, RuleViolation, InvalidInput):
            return
        require(change.events[0].actor_id == OPERATOR.id, "rule 9: a person's act names the person")
        self._store(before, change, resumed=event == "resumed")

    def _pick(self, position: int) -> Negativation | None:
        if not self.negativations:
            return None
        names = tuple(self.negativations)
        return self.negativations[names[position % len(names)]]

    def _next_id(self) -> str:
        self._names += 1
        return f"N-{self._names}"

    def _today(self) -> date:
        return (self.now - timedelta(hours=3)).date()

    def _context(self) -> AnswerContext:
        return AnswerContext(self.now, self._today(), self.gateway)

    def _terms(self) -> InclusionTerms:
        return InclusionTerms(self.gateway, GuardSettings(), CALENDAR, self._today(), NATURES)

    def _candidate(self, invoice_ids: list[str], nature: str) -> Candidate:
        return Candidate(self.host.customer, SUBSCRIPTION, self.host.invoices(invoice_ids), nature)

    def _candidate_of(self, each: Negativation) -> Candidate:
        amounts = {invoice.invoice_id: invoice.amount for invoice in each.invoices}
        return replace(self._candidate(_ids(each), each.nature_code), amounts=amounts)

    def _open_invoices(self) -> set[str]:
        return {name for each in self.negativations.values() if not each.is_closed for name in _ids(each)}

    def _record_event(self, each: Negativation, event: str) -> None:
        if self.coverage is not None:
            self.coverage[(each.observed, each.desired), event] += 1

    def _next_instants(self) -> list[datetime]:
        instants = [ledger.next_effect for ledger in self.ledgers.values()]
        for each in self.negativations.values():
            work = each.transmission
            if work.claim is not None:
                instants.append(work.claim.until)
            elif work.action.is_call and work.block is None:
                instants.append(work.due_at)
        return [instant for instant in instants if instant is not None and instant > self.now]

    def _advance_to(self, instant: datetime) -> None:
        self.now = max(self.now, instant)
        for ledger in self.ledgers.values():
            ledger.advance(self.now)
        for each in self.negativations.values():
            check_state(self, each)


def _ids(each: Negativation) -> list[str]:
    return [invoice.invoice_id for invoice in each.invoices]
