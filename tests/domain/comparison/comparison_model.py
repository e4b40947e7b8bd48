"""A model of one negativation whose invoice the ERP changes in any way: readings, rechecks, divergences and policies.

It calls the domain's own functions as the use cases do, and checks every step against what really happened. A step that
contradicts a rule is an `AssertionError` that names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from credit_protection.domain import divergences, removals
from credit_protection.domain.comparison import brake, entries, erp_side, policies, readings, rechecks
from credit_protection.domain.comparison.entries import CoveredDebt, LedgerFacts
from credit_protection.domain.comparison.erp_side import ErpFacts
from credit_protection.domain.comparison.policies import PolicyContext
from credit_protection.domain.comparison.readings import Reading, StoredReading
from credit_protection.domain.comparison.rechecks import Recheck
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import (
    Decision,
    Divergence,
    DivergenceCode,
    DivergenceContext,
    DivergencePolicies,
    DivergencePolicy,
    decide,
)
from credit_protection.domain.errors import Conflict
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.negativations import Change, NegativatedInvoice, Negativation
from credit_protection.domain.removal_policy import RemovalCause, RemovalPolicy, RemovalRule, RemovalTrigger
from credit_protection.domain.settlements import (
    Entry,
    InvoiceSettlementStatus,
    Reversal,
    Settlement,
    SettlementKind,
    effective_settlements,
)
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.testing import samples
from tests.domain.lifecycle.profiles import LOOKED_UP
from tests.domain.lifecycle.rules import require

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE = Money(100_00)
DUE = date(2026, 9, 1)
CALENDAR = BusinessCalendar(frozenset())
SETTLED = (InvoiceStatus.PAID, InvoiceStatus.CREDITED, InvoiceStatus.CANCELLED, InvoiceStatus.IN_AGREEMENT)
ENDS = (*SETTLED, InvoiceStatus.WRITTEN_OFF)


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs from one installation to the next."""

    reports_reversals: bool
    tolerance: Money
    postponed: DivergencePolicy
    has_original: bool


VARIANTS = [
    Variant(reports_reversals=reports, tolerance=tolerance, postponed=postponed, has_original=original)
    for reports, tolerance, postponed, original in (
        (True, ZERO, DivergencePolicy.REMOVE, True),
        (False, Money(2_00), DivergencePolicy.REMOVE, False),
        (True, Money(2_00), DivergencePolicy.ASK, True),
        (False, ZERO, DivergencePolicy.REMOVE, True),
    )
]


@dataclass(frozen=True, slots=True)
class Truth:
    """The invoice as the ERP has it; `status` None where it was deleted."""

    status: InvoiceStatus | None = InvoiceStatus.OPEN
    balance: Money = WHOLE
    due_date: date = DUE
    original_due_date: date | None = None
    document: str = samples.CPF.value


class ComparisonModel:
    """One negativation of one invoice that stands at the bureau."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.now = START
        self.truth = Truth(original_due_date=DUE if variant.has_original else None)
        self.host_entries: list[Settlement] = []
        self._paid_before = 0
        self.ledger: list[Entry] = []
        self.unapplied = 0
        self.applied_at: datetime | None = None
        self.asked: list[Reading] = []
        self.accepted: list[Reading] = []
        self.stored: StoredReading | None = None
        self.divergences: dict[str, Divergence] = {}
        self.rechecks: list[Recheck] = []
        invoice = NegativatedInvoice("f-1", "1", DUE, WHOLE, WHOLE, balance=WHOLE)
        self.negativation: Negativation = replace(
            samples.negativation("n-1", ["f-1"], document=samples.CPF, creditor_id="1"),
            invoices=(invoice,),
            observed=Observed.PRESENT,
            known_at=START,
            inclusion_claims=1,
        )

    # -------------------------------------------------------------------------------------------- the ERP

    def pay(self, cents: int | None, *, reported: bool) -> None:
        """Pay all or a part; the host may report it."""
        balance = self.truth.balance
        paid = balance if cents is None else min(balance, Money(cents))
        if self.truth.status is not InvoiceStatus.OPEN or not paid:
            return
        self._paid_before += 1
        made = Settlement(f"p-{self._paid_before}", "f-1", SettlementKind.PAYMENT, self.today, paid)
        self.host_entries.append(made)
        left = balance - paid
        self._change(balance=left, status=InvoiceStatus.OPEN if left else InvoiceStatus.PAID)
        if reported:
            self._record([made])

    def reverse(self, *, reported: bool) -> None:
        """Reverse the last payment; the host reports it, unless its reversals come without a report."""
        if not self.host_entries or self.truth.status not in {InvoiceStatus.OPEN, InvoiceStatus.PAID}:
            return
        undone = self.host_entries.pop()
        assert undone.amount is not None
        self._change(status=InvoiceStatus.OPEN, balance=self.truth.balance + undone.amount)
        if reported or self.variant.reports_reversals:
            self._record([Reversal(undone.id, "f-1", self.today)])

    def end(self, position: int) -> None:
        """End the debt, or open it again, without any report."""
        if self.truth.status is InvoiceStatus.OPEN:
            self._change(status=ENDS[position % len(ENDS)], balance=ZERO)
        elif not self.host_entries:
            self._change(status=InvoiceStatus.OPEN, balance=WHOLE)

    def lower(self, cents: int) -> None:
        """Change the open balance, without any report."""
        if self.truth.status is InvoiceStatus.OPEN:
            self._change(balance=Money(cents))

    def move_due_date(self, days: int, *, original: bool) -> None:
        """Postpone the debt, or print a second copy of it."""
        moved = DUE + timedelta(days=days)
        self._change(due_date=moved)
        if original and self.variant.has_original:
            self._change(original_due_date=moved)

    def postpone_for_long(self) -> None:
        """Postpone the debt, and let the term to decide go by."""
        self.move_due_date(400, original=True)
        for hours in (1, 26, 24 * 9):
            self.pass_time(60 * hours)
            self.read()

    def change_debtor(self, *, back: bool) -> None:
        """Move the debt to another person, or back."""
        self._change(document=samples.CPF.value if back else samples.CNPJ.value)

    def delete(self) -> None:
        """Delete the invoice, or put it back."""
        self._change(status=InvoiceStatus.OPEN if self.truth.status is None else None)

    def _change(self, **changes: object) -> None:
        self.truth = replace(self.truth, **changes)  # type: ignore[arg-type]

    def _record(self, new: Sequence[Entry]) -> None:
        self.ledger += new
        self.unapplied += len(new)

    # -------------------------------------------------------------------------------------------- our side

    @property
    def today(self) -> date:
        """The creditor's date."""
        return (self.now - 3 * HOUR).date()

    def ask(self) -> None:
        """Ask the ERP; what it says may be stored much later."""
        truth = self.truth
        paid_on = self.today if truth.status in SETTLED else None
        seen = (truth.status, WHOLE, truth.balance, truth.due_date, truth.original_due_date, "c-1", truth.document)
        gone = Reading("f-1", self.now, None)
        self.asked.append(gone if truth.status is None else Reading("f-1", self.now, *seen, "1", paid_on))

    def read(self) -> None:
        """Ask and store at once."""
        self.ask()
        self.deliver(len(self.asked) - 1)

    def deliver(self, position: int) -> None:
        """Store what the ERP said at some time, and all that follows from it."""
        if not self.asked:
            return
        reading = self.asked.pop(position % len(self.asked))
        newest = self.accepted[-1].as_of if self.accepted else None
        before = (self.stored, len(self.ledger), dict(self.divergences), self.negativation)
        merged = readings.merge(self.stored, reading)
        if merged is not None:
            self._store(merged, reading)
        if newest is not None and reading.as_of <= newest:
            now = (self.stored, len(self.ledger), dict(self.divergences), self.negativation)
            require(before == now, "a reading that is not newer is dropped whole")
        elif merged is not None:
            self.accepted.append(reading)

    def _store(self, merged: StoredReading, reading: Reading) -> None:
        debt = CoveredDebt(WHOLE, self.variant.tolerance, WHOLE)
        newest_applied = self.now if self.unapplied else self.applied_at
        merged = readings.beside_ledger(merged, newest_applied)
        facts = LedgerFacts(list(self.ledger), newest_applied, [debt])
        change = entries.ledger_change(merged, facts, self.today, reports_reversals=self.variant.reports_reversals)
        self._check_entries(change, reading, newest_applied)
        self._record(change.entries)
        self.stored = merged
        self._compare(reading, newest_applied)

    def _check_entries(self, change: entries.LedgerChange, reading: Reading, newest_applied: datetime | None) -> None:
        effective = {each.id: each for each in effective_settlements(self.ledger)}
        if change.entries and newest_applied is not None:
            require(reading.as_of >= newest_applied, "a reading older than the newest decision writes nothing")
        for entry in change.entries:
            require(entry.as_of == reading.as_of, "an entry of a reading carries its instant")
            if isinstance(entry, Settlement):
                require(entry.is_own, "a reading writes only entries of our own naming")
                require(reading.status in (*SETTLED, InvoiceStatus.OPEN), "a loss or an absence settles nothing")
                if reading.status is InvoiceStatus.OPEN:
                    require(reading.balance <= self.variant.tolerance, "what is left is within the tolerance")
                    require(reading.balance < WHOLE, "the tolerance settles only where the balance fell")
                    require(bool(reading.balance or effective), "a balance of zero alone settles nothing")
            else:
                undone = effective.get(entry.settlement_id)
                require(undone is not None, "only a settlement in force is reversed")
                assert undone is not None
                require(
                    undone.is_own or not self.variant.reports_reversals,
                    "a host that reports reversals undoes its payments itself",
                )
                require(
                    self._open_for_an_hour(reading, newest_applied),
                    "open in two readings an hour apart, in all between, and in none of before the newest decision",
                )
        if reading.status in SETTLED and not change.ask_again:
            require(
                bool(effective) or any(isinstance(each, Settlement) for each in change.entries),
                "a debt that ceased without a report is recorded",
            )

    def _open_for_an_hour(self, reading: Reading, newest_applied: datetime | None) -> bool:
        for each in reversed(self.accepted):
            is_older = newest_applied is not None and each.as_of < newest_applied
            if each.status is not InvoiceStatus.OPEN or is_older:
                return False
            if reading.as_of - each.as_of >= HOUR:
                return reading.status is InvoiceStatus.OPEN
        return False

    def _compare(self, reading: Reading, newest_applied: datetime | None) -> None:
        assert self.stored is not None
        facts = ErpFacts(
            {"f-1": self.stored},
            self.ledger,
            GuardSettings(),
            self.today,
            self.now,
            self.variant.reports_reversals,
        )
        found = erp_side.erp_differences(self.negativation, facts)
        if any(each.code is DivergenceCode.UNCONFIRMED_SETTLEMENT for each in found):
            doubted = self._open_for_an_hour(reading, newest_applied)
            require(doubted, "a payment is doubted only by readings of after it was decided about")
        at = DivergenceContext("integration-1", "1", "n-1", self.now, self.today, CALENDAR)
        open_ones = [each for each in self.divergences.values() if each.closed_at is None]
        ids = (f"d-{len(self.divergences) + number}" for number in range(100))
        for each in divergences.update_divergences(open_ones, found, erp_side.fresh_codes(facts), at, ids):
            self._keep(each, reading)
        keys = [each.key for each in self.divergences.values() if each.closed_at is None]
        require(len(keys) == len(set(keys)), "one divergence is open at a time for each subject, code and side")
        self._apply_policies(facts)

    def _keep(self, after: Divergence, reading: Reading) -> None:
        before = self.divergences.get(after.id)
        if after.closed_at is not None:
            require(reading.status is not None, "silence closes no divergence")
        elif before is not None and (before.ours, before.theirs) != (after.ours, after.theirs):
            require(after.decision is None, "a person's decision holds for the two values that were shown")
        self.divergences[after.id] = after

    def _apply_policies(self, facts: ErpFacts) -> None:
        before = self.negativation
        shown, statuses = list(self.divergences.values()), self._statuses()
        change = policies.apply_policies(before, shown, statuses, erp_side.carried_by(before, facts), self._context())
        self._turned(before, change, "a policy")
        open_ones = {each.code.value: each for each in self.divergences.values() if each.closed_at is None}
        for trigger in _of_divergences(change.negativation):
            if trigger in before.triggers:
                lasts = before.removal_claims or trigger.code in open_ones
                require(lasts, "the removal of a divergence that is over is lifted")
                continue
            require(trigger.code in open_ones, "nothing is removed without a settlement, a request or a divergence")
            cause = open_ones[trigger.code]
            require(cause.decision is not Decision.KEEP, "what a person keeps is not removed")
            require(cause.decide_by is None or self.today > cause.decide_by, "a policy waits for the date to decide by")
            require(cause.code is DivergenceCode.POSTPONED, "only three codes have a policy, and two of them ask")
            require(self.variant.postponed is DivergencePolicy.REMOVE, "a policy to ask removes nothing")

    def _turned(self, before: Negativation, change: Change, who: str) -> None:
        """Store a change of the negativation that is no settlement's."""
        after = change.negativation
        if before.removal_claims:
            lost = set(_of_divergences(before)) - set(_of_divergences(after))
            require(not lost, f"{who} lifts no removal that was claimed")
        self.negativation = after

    def _statuses(self) -> dict[str, InvoiceSettlementStatus]:
        return self.negativation.settlement_statuses(self.ledger, self.variant.tolerance)

    def _context(self) -> PolicyContext:
        wanted = DivergencePolicies(postponed=self.variant.postponed)
        rule = RemovalRule.ALL_INVOICES_SETTLED  # of one invoice, every rule says the same
        return PolicyContext(wanted, rule, LOOKED_UP.gateway, CALENDAR, self.today, self.now)

    def apply(self) -> None:
        """Let the ledger decide."""
        before, policy = self.negativation, RemovalPolicy(tolerance=self.variant.tolerance)
        statuses = before.settlement_statuses(self.ledger, policy.tolerance)
        change = removals.apply_settlement_statuses(before, statuses, policy, CALENDAR, LOOKED_UP.gateway, self.now)
        after = change.negativation
        require(_of_divergences(before) == _of_divergences(after), "settlements touch no trigger of a divergence")
        settled = any(each.outcome.is_settled for each in statuses.values())
        require(not settled or after.desired is Desired.REMOVED, "a settled debt is removed")
        if after.desired is Desired.REMOVED and not after.removal_claims:
            of_others = [each for each in after.triggers if not each.is_settlement]
            require(
                bool(of_others) or self._is_covered(),
                "nothing is removed without a settlement, a request or a divergence",
            )
        self.negativation = after
        if self.unapplied:
            self.unapplied, self.applied_at = 0, self.now

    def _is_covered(self) -> bool:
        """Whether what the ledger holds and nobody reversed covers the debt, counted here and not by the domain."""
        reversed_ids = {each.settlement_id for each in self.ledger if isinstance(each, Reversal)}
        standing = {each.id: each for each in self.ledger if isinstance(each, Settlement)}
        amounts = [each.amount for name, each in standing.items() if name not in reversed_ids]
        paid = sum(each.cents for each in amounts if each is not None)
        return None in amounts or paid + self.variant.tolerance.cents >= WHOLE.cents

    def claim(self) -> None:
        """A worker claims the removal."""
        if self.negativation.desired is Desired.REMOVED:
            claims = self.negativation.removal_claims + 1
            self.negativation = replace(self.negativation, removal_claims=claims)

    def decide(self, position: int, decision: Decision) -> None:
        """A person decides about a divergence."""
        open_ones = [each for each in self.divergences.values() if each.closed_at is None]
        if not open_ones:
            return
        chosen = open_ones[position % len(open_ones)]
        decided = decide(chosen, decision, actor_id="ana", remark="visto", now=self.now)
        before = self.negativation
        try:
            change = removals.decide_divergence(
                before,
                decided,
                actor_id="ana",
                reason=None,
                deletion_days=2,
                today=self.today,
                calendar=CALENDAR,
                capabilities=LOOKED_UP.gateway,
                now=self.now,
            )
        except Conflict:
            return
        self.divergences[chosen.id] = decided
        self._turned(before, change, "a person")
        stays = any(each.code == chosen.code for each in _of_divergences(self.negativation))
        require(
            decision is Decision.REMOVE or before.removal_claims or not stays, "keeping lifts the divergence's removal"
        )

    # -------------------------------------------------------------------------------------------- rechecks, time

    def recheck(self) -> None:
        """The host commits a recheck; its time stamp is older."""
        self.rechecks.append(Recheck(f"r-{len(self.rechecks)}", "local", "f-1", self.now - HOUR, self.now - HOUR))

    def see(self) -> None:
        """A worker sees what was committed."""
        self.rechecks = [each if each.seen_at else replace(each, seen_at=self.now) for each in self.rechecks]

    def answer(self, minutes: int) -> None:
        """A reading of so many minutes ago answers the rechecks that are due."""
        as_of = self.now - timedelta(minutes=minutes)
        waiting = self.rechecks
        self.rechecks = []
        for each in waiting:
            if each.done_at is not None or each.seen_at is None:
                self.rechecks.append(each)
                continue
            after = rechecks.after_reading(each, as_of, self.now)
            if after.done_at is not None:
                require(as_of >= each.seen_at, "only a reading of after it was seen answers a recheck")
            else:
                wait = after.due_at - self.now
                require(timedelta(0) < wait <= 15 * timedelta(minutes=1), "a recheck backs off, 15 minutes at most")
            self.rechecks.append(after)

    def pass_time(self, minutes: int) -> None:
        """Advance the clock."""
        self.now += timedelta(minutes=minutes)

    def finish(self) -> None:
        """Read twice more than a day apart, and apply: the ledger says what the ERP says."""
        for hours in (0, 2, 30):
            self.pass_time(60 * hours + 1)
            self.asked.clear()
            self.read()
            self.apply()
        effective = effective_settlements(self.ledger)
        if self.truth.status in SETTLED:
            require(self.negativation.desired is Desired.REMOVED, "nobody who settled stays")
        is_owed = self.truth.status is InvoiceStatus.OPEN and self.truth.balance >= WHOLE
        own = [each for each in effective if each.is_own]
        if is_owed:
            require(not own, "what a reading settled is undone when the debt is owed again")
        for code in _EXPECTED:
            if self._is_wrong(code) and all(
                each.cause is RemovalCause.DIVERGENCE for each in self.negativation.triggers
            ):
                shown = [each for each in self.divergences.values() if each.closed_at is None and each.code is code]
                require(len(shown) == 1, f"{code.value} is shown")

    def _is_wrong(self, code: DivergenceCode) -> bool:
        truth = self.truth
        return {
            DivergenceCode.NOT_READ: truth.status is None,
            DivergenceCode.WRITTEN_OFF: truth.status is InvoiceStatus.WRITTEN_OFF,
            DivergenceCode.OTHER_DEBTOR: truth.status is not None and truth.document != samples.CPF.value,
        }[code]


_BATCH = 500
_EXPECTED = (DivergenceCode.NOT_READ, DivergenceCode.WRITTEN_OFF, DivergenceCode.OTHER_DEBTOR)


def _of_divergences(negativation: Negativation) -> list[RemovalTrigger]:
    return [each for each in negativation.triggers if each.cause is RemovalCause.DIVERGENCE]


def cut_permission(records: int, *, host_reports: bool) -> None:
    """Readings call every record settled at once, batch by batch: beyond the brake nothing turns within a day."""
    per_cent = 2 if host_reports else 10
    turned = 0
    for start in range(0, records, _BATCH):
        wanted = min(_BATCH, records - start)
        turned += min(wanted, max(0, brake.allowed_turns(records, host_reports=host_reports) - turned))
        require(turned <= max(20, records * per_cent // 100), "beyond the brake nothing turns")
    require(turned > 0, "the brake lets some turn")
