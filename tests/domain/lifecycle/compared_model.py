"""The model, with the sides compared: readings of the ERP, the bureau's list, files that tell, an account that changes.

Beyond the rules of `rules` it checks that nobody whose debt ceased stays without a removal, that an unconfirmed record
is never included, and that what the bureau lost is shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from credit_protection.domain import adoption
from credit_protection.domain.adoption_assessment import Assessment, ExtractRow, Verdict
from credit_protection.domain.bureau_answers import RecordFound, RecordState
from credit_protection.domain.comparison import bureau_side, entries, readings
from credit_protection.domain.comparison.bureau_records import BureauRecord, Match
from credit_protection.domain.comparison.entries import CoveredDebt, LedgerFacts
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.settlements import Settlement, by_invoice
from credit_protection.domain.state_table import Action, Desired, Observed
from tests.domain.lifecycle.bureau import Delay, Ledger, Plan, Record
from tests.domain.lifecycle.host import PRINCIPAL, debt
from tests.domain.lifecycle.lifecycle_model import OPERATOR, LifecycleModel
from tests.domain.lifecycle.rules import ModelState, check_state, require

if TYPE_CHECKING:
    from credit_protection.domain.comparison.readings import StoredReading
    from credit_protection.domain.negativations import Change, Negativation
    from tests.domain.lifecycle.profiles import Profile

SETTLED = (InvoiceStatus.PAID, InvoiceStatus.CREDITED, InvoiceStatus.CANCELLED, InvoiceStatus.IN_AGREEMENT)
ENDS = (*SETTLED, InvoiceStatus.WRITTEN_OFF)


class ComparedModel(LifecycleModel):
    """The model of the life cycle; each event of the comparison that can happen is a method too."""

    def __init__(self, profile: Profile, **given: Any) -> None:  # noqa: ANN401 - as the model takes them
        super().__init__(profile, **given)
        self._stored: dict[str, StoredReading] = {}
        self._lost: set[str] = set()

    # -------------------------------------------------------------------------------------------- the ERP

    def end_silently(self, invoice: int, position: int) -> None:
        """A debt ends, or is owed again, and only a reading of the invoice shows it."""
        invoice_id = self.host.invoice_ids[invoice % len(self.host.invoice_ids)]
        if self.host.silent.pop(invoice_id, None) is None:
            self.host.silent[invoice_id] = ENDS[position % len(ENDS)]

    def read(self) -> None:
        """Read the invoices of the open negativations; what follows is written into the ledger."""
        covered = sorted({name for each in self.negativations.values() for name in self.known[each.id].invoice_ids})
        for invoice in self.host.invoices(covered):
            merged = readings.merge(self._stored.get(invoice.id), readings.reading_of(invoice, self.now))
            if merged is None:
                continue
            self._stored[invoice.id] = merged
            ledger = by_invoice(self.host.reported_entries).get(invoice.id, ())
            facts = LedgerFacts(ledger, None, [CoveredDebt(PRINCIPAL, self.profile.policy.tolerance, PRINCIPAL)])
            change = entries.ledger_change(merged, facts, self._today(), reports_reversals=True)
            for entry in change.entries:
                require(entry.as_of == self.now, "an entry of a reading carries its instant")
                if isinstance(entry, Settlement):
                    is_open = invoice.status is InvoiceStatus.OPEN
                    is_within = is_open and invoice.balance <= self.profile.policy.tolerance
                    require(invoice.status in SETTLED or is_within, "nothing is settled that the ERP does not call so")
            self.host.reported_entries += change.entries
            if invoice.status in SETTLED:
                ceased = debt(invoice.id, self.host.reported_entries, self.profile.policy.tolerance).ceased
                require(ceased, "a debt that ceased without a report is recorded")

    def _read_twice(self) -> None:
        for _ in range(2):
            self._advance_to(self.now + timedelta(hours=2))
            self.read()

    # -------------------------------------------------------------------------------------------- files, the account

    def adopt(self, *, is_shown: bool) -> None:
        """A person adopts a record that stands, as the bureau's list shows it or as a file tells."""
        free = [each for each in self.host.invoice_ids if each not in self._open_invoices()]
        free = [each for each in free if not self._is_over(each)]
        if not free or self.profile.grouped:
            return
        (invoice,) = self.host.invoices(free[:1])
        document = self._candidate([invoice.id], "OUT").customer.document
        row = ExtractRow(
            1, document, "", f"OLD-{self._next_id()}", invoice.due_date, invoice.amount, RecordState.PRESENT, "id-1"
        )
        parsed = next(iter(self.negativations.values())).document if self.negativations else None
        if parsed is None:
            return
        assessment = Assessment(row, Verdict.ADOPTED, (), parsed, self.host.customer, invoice)
        _, change = adoption.adopt(
            assessment,
            new_ids=(self._next_id(), self._next_id()),
            actor=OPERATOR,
            integration=self.integration,
            capabilities=self.gateway,
            host="local",
            now=self.now,
            is_shown=is_shown,
        )
        made = change.negativation
        self.ledgers[made.id] = Ledger(self.profile, [Record(RecordState.PRESENT)])
        self.known[made.id] = ModelState((invoice.id,), acknowledged=True)
        self.histories[made.id] = change.events
        self.negativations[made.id] = made
        check_state(self, made)

    def _is_over(self, invoice_id: str) -> bool:
        return debt(invoice_id, self.host.reported_entries, self.profile.policy.tolerance).ceased

    def lose(self, position: int) -> None:
        """The record of an unconfirmed negativation is not there: it has another key, or was never made."""
        each = self._pick(position)
        if each is None or not (each.is_unconfirmed and each.observed is Observed.PRESENT):
            return
        if each.transmission.claim is None and all(call.negativation_id != each.id for call in self.calls):
            self.ledgers[each.id].records.clear()
            self._lost.add(each.id)

    def _close_lost(self) -> None:
        """A person closes what a file told and the bureau does not have."""
        self._advance_to(self.now + 2 * self.gateway.quiet_period)
        self._expire_leases()
        for _ in range(len(self.calls)):
            self.deliver(0)
        for position, name in enumerate(tuple(self.negativations)):
            if name in self._lost:
                self.attest(position)

    def change_account(self) -> None:
        """A person states "mesma conta": every record counts as unconfirmed until the bureau shows it again."""
        if any(each.transmission.claim is not None for each in self.negativations.values()):
            return
        for each in tuple(self.negativations.values()):
            if each.observed is Observed.PRESENT and not each.is_closed:
                unproven, work = replace(each, known_at=None, is_unconfirmed=True), each.transmission
                if work.action is Action.REMOVE and self.gateway.find:
                    unproven = replace(unproven, transmission=replace(work, action=Action.LOOK_UP))
                self.negativations[each.id] = unproven
                check_state(self, self.negativations[each.id])

    # -------------------------------------------------------------------------------------------- the bureau's list

    def reconcile(self) -> None:
        """Compare what the bureau shows now."""
        for each in tuple(self.negativations.values()):
            if bureau_side.is_comparable(each, self.now, self.gateway):
                self._reconcile(each)

    def _reconcile(self, before: Negativation) -> None:
        found = self.ledgers[before.id].shown()
        record = None
        if isinstance(found, RecordFound):
            key = before.document.value, before.reference, before.due_date
            record = BureauRecord(*key, found.state, before.bureau_id)
        if record is None or not record.is_there:
            self._missed(before)
            return
        result = bureau_side.shown(before, record, Match.SAME)
        require(not before.is_closed or result.differences, "what stands after its end is shown")
        if result.answer is not None:
            self._record_event(before, "found present" if record.stands else "found removing")
            self.known[before.id].acknowledged = True
            self._store(before, bureau_side.looked_up_at(before, result.answer, self.now, self._context()))
            self.known[before.id].is_irrevocable |= not record.stands

    def _missed(self, before: Negativation) -> None:
        missing = bureau_side.missing(before)
        if before.observed is Observed.PRESENT and before.desired is Desired.INCLUDED:
            require(missing is not None, "what the bureau lost is shown")
            assert missing is not None
            told = before.known_at is None
            code = DivergenceCode.NOT_FOUND if told else DivergenceCode.NOT_THERE
            require(missing.code is code, "an unconfirmed record is not called gone")
            require(missing.needs_decision, "a person decides about what the bureau lost")

    # -------------------------------------------------------------------------------------------- what must hold

    def work(self, position: int, plan: Plan, delay: Delay, *, answer_lost: bool) -> None:
        """As ever; from an unconfirmed record nothing is ever included."""
        unconfirmed = {each.id for each in self.negativations.values() if each.is_unconfirmed}
        before = len(self.calls)
        super().work(position, plan, delay, answer_lost=answer_lost)
        for call in self.calls[before:]:
            is_included = call.action is Action.INCLUDE
            require(not (is_included and call.negativation_id in unconfirmed), "an unconfirmed record is not included")

    def _store(self, before: Negativation, change: Change, *, resumed: bool = False) -> None:
        """As ever; a miss does not make an unconfirmed record one that was never included."""
        is_forgotten = before.is_unconfirmed and change.negativation.observed is Observed.ABSENT
        require(not is_forgotten, "from an unconfirmed record the table never reaches INCLUDE")
        super()._store(before, change, resumed=resumed)

    def finish(self) -> None:
        """Read the ERP until the ledger says what it says, then as ever: nobody whose debt ceased stays."""
        self._read_twice()
        for name in self.host.silent:
            over = self.host.silent[name] in SETTLED
            require(not over or self._is_over(name) or not self._covers(name), "nobody whose debt ceased stays")
        if self._lost:
            self._close_lost()
        super().finish()

    def _covers(self, invoice_id: str) -> bool:
        return any(invoice_id in each.invoice_ids for each in self.known.values())
