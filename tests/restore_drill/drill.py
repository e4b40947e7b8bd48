"""The restore drill: an old backup is put back while both sides went on; then an operator does their part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.application.negativations import NegativationRequest
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import (
    Decision,
    DivergenceCode,
    DivergencePolicies,
    DivergencePolicy,
    DivergenceSeverity,
    Side,
)
from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalPolicy
from credit_protection.domain.state_table import Action, Observed
from tests.drill.plan import cpf
from tests.restore_drill.audit import (
    BeforeAndAfter,
    BureauTruth,
    Findings,
    audit,
    find_unfound,
    open_divergences,
)
from tests.restore_drill.installation import ANA
from tests.restore_drill.plan import Act, AtBackup, Story, stories

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.domain.adoption_assessment import Assessment
    from credit_protection.domain.divergences import Divergence
    from credit_protection.domain.settlements import Reversal, Settlement
    from tests.restore_drill.installation import Installation

NATURE = "MEN"
QUERY = "ESSENCIAL"
ROUNDS = 6
_DAYS_LATE = 60
_HALF_HOUR, _HOUR = timedelta(minutes=30), timedelta(hours=1)
_PART = Money(100_00)
_EDITED = IntegrationSettings(
    removal_policy=RemovalPolicy(tolerance=Money(20_00)),
    divergences=DivergencePolicies(lower_amount=DivergencePolicy.REMOVE),
)
"""It takes out what is paid but for R$ 19.90; the backup does not know it."""
_INCLUDED = (
    AtBackup.INCLUDED,
    AtBackup.PAID,
    AtBackup.STOPPED,
    AtBackup.PARTLY_PAID,
    AtBackup.REMOVING,
    AtBackup.REMOVED,
)


@dataclass
class RestoreDrill:
    """One drill.

    Args:
        installation: empty.
        debts: how many.
        seed: of the plan.
        is_declared: an operator says `restored`; else the backup is older than a day, and its watermark tells.
        reconciles: the operator reconciles.
    """

    installation: Installation
    debts: int
    seed: int
    is_declared: bool = True
    reconciles: bool = True
    findings: Findings = field(default_factory=Findings)
    told: dict[str, int] = field(default_factory=dict)
    _settlements: dict[str, Settlement] = field(default_factory=dict)
    _reversals: dict[str, Reversal] = field(default_factory=dict)
    _warned: set[str] = field(default_factory=set)
    _released: set[str] = field(default_factory=set)
    _asked: set[str] = field(default_factory=set)

    def run(self) -> Findings:
        """The whole drill."""
        plan = stories(self.debts, ROUNDS, self.seed)
        one = self.installation
        one.set_up()
        self._reach_backup(plan)
        one.stop()
        one.database.back_up()
        one.start()
        self._go_on(plan)
        one.stop()
        one.database.restore()
        one.start()
        restored = BureauTruth.read(one)
        self._operate(plan, restored)
        self._last_days(plan)
        audit(one, BeforeAndAfter(restored, self._asked, self._released), self.findings)
        return self.findings

    # ------------------------------------------------------------------------------------ before the backup

    def _reach_backup(self, plan: list[Story]) -> None:
        """Each debt reaches the state that its story begins with."""
        one = self.installation
        due = one.clock.now().date() - timedelta(days=_DAYS_LATE)
        for story in plan:
            one.erp.add_debt(story.number, due - timedelta(days=story.number % 50))
        at = {state: [each for each in plan if each.at_backup is state] for state in AtBackup}
        self._add_records(at[AtBackup.ADOPTED])
        self._adopt()
        self._add_records(at[AtBackup.UNADOPTED])
        self._request([each for state in _INCLUDED for each in at[state]])
        one.work(_HOUR)
        self._pay(at[AtBackup.PARTLY_PAID], _PART)
        self._pay(at[AtBackup.REMOVED])
        one.work(_HOUR)
        self._pay(at[AtBackup.REMOVING])
        self._request(at[AtBackup.SENT])
        one.protection.payments.apply()
        self._send()
        self._pay(at[AtBackup.PAID] + at[AtBackup.STOPPED])
        one.protection.payments.apply()
        for story in at[AtBackup.STOPPED]:
            if made := one.open_of(self._invoice(story)):
                one.protection.negativations.stop_trying(ANA, made.id, remark="o cliente contesta")
        self._request(at[AtBackup.WAITING])

    def _add_records(self, some: list[Story]) -> None:
        invoices = self.installation.erp.invoices_by_id
        self.installation.bureau.add_records(
            {
                "documento": cpf(each.number),
                "contrato": f"ANTIGO-{each.number}",
                "vencimento": invoices[self._invoice(each)].due_date.isoformat(),
                "valor": "119.90",
            }
            for each in some
        )

    def _send(self) -> None:
        """Send everything that is due once, and read no outcome."""
        removals = self.installation.protection.removals
        for due in removals.due(self.debts):
            removals.perform(due.negativation_id, "w1")

    # ------------------------------------------------------------------------------------ between

    def _go_on(self, plan: list[Story]) -> None:
        """The bureau, the ERP and the persons go on; the database that knows of it will be lost."""
        one = self.installation
        one.work(_HALF_HOUR)
        self._adopt()
        for number in range(1, ROUNDS + 1):
            for story in plan:
                for when, act in story.acts:
                    if when == number:
                        self._act(story, act)
            if number == ROUNDS:
                break  # the machine is lost before a worker runs again
            if number == 2:
                one.protection.integrations.edit(ANA, one.integration_id, settings=_EDITED)
                self._query(plan)
            one.work(_HOUR if self.is_declared else 6 * _HOUR)

    def _act(self, story: Story, act: Act) -> None:
        if act in {Act.REQUEST, Act.DELETE, Act.WITHDRAW}:
            self._act_on_record(story, act)
        else:
            self._act_on_debt(story, act)

    def _act_on_record(self, story: Story, act: Act) -> None:
        """By a person, or by the bureau."""
        one = self.installation
        if act is Act.REQUEST:
            self._request([story])
        elif act is Act.DELETE:
            if made := one.open_of(self._invoice(story)):
                one.protection.negativations.delete(ANA, made.id)
        else:
            for record in BureauTruth.read(one).standing:
                if record["documento"] == cpf(story.number):
                    one.bureau.remove_at_bureau(record["id"])

    def _act_on_debt(self, story: Story, act: Act) -> None:
        """By the ERP."""
        one, invoice_id = self.installation, self._invoice(story)
        today = one.clock.now().date()
        match act:
            case Act.PAY:
                self._pay([story])
            case Act.PAY_PART:
                self._pay([story], _PART)
            case Act.PAY_LISTED:
                self._settlements[invoice_id] = one.erp.pay(invoice_id, today)
            case Act.REVERSE:
                undone = self._settlements.pop(invoice_id)
                self._reversals[invoice_id] = one.erp.reverse(undone, today)
                one.protection.payments.record(SYSTEM, self._reversals[invoice_id])
            case _:
                one.erp.set_status(invoice_id, InvoiceStatus.CANCELLED)

    def _request(self, some: list[Story]) -> None:
        one = self.installation
        for each in some:
            wanted = NegativationRequest(
                one.integration_id, f"c{each.number}", [self._invoice(each)], NATURE, remark="cobrança esgotada"
            )
            one.protection.negativations.create(ANA, wanted)

    def _pay(self, some: list[Story], amount: Money | None = None) -> None:
        one = self.installation
        for each in some:
            invoice_id = self._invoice(each)
            paid = one.erp.pay(invoice_id, one.clock.now().date(), amount)
            one.erp.reported.add(paid.id)
            self._settlements[invoice_id] = paid
            one.protection.payments.record(SYSTEM, paid)

    def _query(self, plan: list[Story]) -> None:
        one = self.installation
        for each in plan[:3]:
            one.protection.queries.run(
                ANA, integration_id=one.integration_id, product_code=QUERY, document=cpf(each.number)
            )

    # ------------------------------------------------------------------------------------ after the restore

    def _operate(self, plan: list[Story], restored: BureauTruth) -> None:
        """What docs/reconciliation.md tells an operator to do."""
        one = self.installation
        reconciliation = one.protection.reconciliation
        if self.is_declared:
            reconciliation.declare_restored(ANA, remark="backup de ontem")
        if self.reconciles:
            self._refuses_to_continue()
        self._note_waiting(restored)
        again = [each for each in plan if each.asked_again and one.erp.owes(self._invoice(each))]
        self._request([each for each in again if one.open_of(self._invoice(each)) is None])
        one.work(2 * _HOUR)
        if self.reconciles:
            self._reconcile()
            while self._let_continue():
                one.work(_HOUR)
                self._reconcile()
        find_unfound(one, self.findings)
        if self.reconciles:
            self._decide()
            one.work(2 * _HOUR)
            self.findings.reopened += [f"{code}: {count}" for code, count in self._reconcile().items()]
            self.findings.reopened += [f"{each.code} is still to decide" for each in _to_decide(one)]
        sent = BureauTruth.read(one).inclusions - restored.inclusions
        self.findings.early += [f"{sent} inclusions"] * bool(sent)
        if reconciliation.hold(ANA).is_held:
            reconciliation.continue_inclusions(ANA, remark="conferido")

    def _reconcile(self) -> Mapping[str, int]:
        """A whole pass; what it opened. While removals are due it rests, and a worker does them."""
        one = self.installation
        for _ in range(24):
            summary = one.protection.reconciliation.run(ANA, one.integration_id)
            if summary.is_ended:
                return summary.opened
            one.work(_HALF_HOUR)
        raise AssertionError("no reconciliation ended within half a day")

    def _let_continue(self) -> bool:
        """The operator looked, and lets go on what was held for being too much; whether there was any."""
        one, found = self.installation, 0
        for each in list(open_divergences(one)):
            if each.code in {DivergenceCode.BRAKE, DivergenceCode.SUSPECT_LIST} and each.awaits_person:
                self._tell(each)
                one.protection.divergences.decide(ANA, each.id, Decision.CONTINUE, remark="backup restaurado")
                found += 1
        return bool(found)

    def _tell(self, divergence: Divergence) -> None:
        self.told[divergence.code.value] = self.told.get(divergence.code.value, 0) + 1

    def _refuses_to_continue(self) -> None:
        try:
            self.installation.protection.reconciliation.continue_inclusions(ANA, remark="sem conferir")
        except RuleViolation:
            return
        except Conflict:
            self.findings.early.append("inclusions do not wait")
            return
        self.findings.early.append("inclusions may go on before a reconciliation")

    def _note_waiting(self, restored: BureauTruth) -> None:
        """What waits for its first inclusion: a person has asked for it, and need not again."""
        sent = {record["contrato"] for record in restored.records}
        for each in self.installation.negativations():
            if each.transmission.action is Action.INCLUDE and each.reference not in sent:
                self._asked.update(invoice.invoice_id for invoice in each.invoices)

    def _decide(self) -> None:
        """Close what the bureau lost, then adopt what it gained: one invoice may have left and come back."""
        one = self.installation
        for each in [each for each in open_divergences(one) if each.side is Side.BUREAU]:
            self._tell(each)
            if each.code is DivergenceCode.NOT_THERE:
                one.protection.divergences.decide(ANA, each.id, Decision.REMOVE, remark="visto no portal")
        refused = self._adopt()
        for assessment in refused:  # negativated once more meanwhile: the record that stands is the one that counts
            made = one.open_of(assessment.invoice.id) if assessment.invoice is not None else None
            if made is not None and made.observed is Observed.ABSENT:
                one.protection.negativations.delete(ANA, made.id)
        if refused:
            self._adopt()

    def _adopt(self) -> list[Assessment]:
        """Adopt the bureau's list; the rows that were refused."""
        one, refused = self.installation, []

        def note(assessment: Assessment) -> None:
            if any(each.code == "outra_negativacao" for each in assessment.findings):
                refused.append(assessment)

        source = one.protection.adoption.bureau_list(ANA, one.integration_id)
        one.protection.adoption.adopt(ANA, one.integration_id, source, report=note)
        return refused

    def _last_days(self, plan: list[Story]) -> None:
        """Until every wait and every term is over."""
        for _ in range(3):
            self._let_continue()
            self.installation.work(5 * _HOUR)
            self._enter_reversals()
        self._note_lost_reversals(plan)
        self._resume(plan)
        for _ in range(8):
            self._let_continue()
            self.installation.work(5 * _HOUR)

    def _enter_reversals(self) -> None:
        """The ERP shows a debt open, and its payment stands here: the operator looks it up and enters the reversal."""
        one = self.installation
        for each in list(open_divergences(one)):
            if each.code is not DivergenceCode.UNCONFIRMED_SETTLEMENT or each.severity is not DivergenceSeverity.ALARM:
                continue
            assert each.negativation_id is not None
            for invoice in one.protection.negativations.get(ANA, each.negativation_id).invoices:
                if undone := self._reversals.get(invoice.invoice_id):
                    self._tell(each)
                    self._warned.add(invoice.invoice_id)
                    one.protection.payments.record(SYSTEM, undone)

    def _note_lost_reversals(self, plan: list[Story]) -> None:
        """Two readings ago the ERP showed these debts open: either an alarm said so, or a worker was faster.

        An ERP that does not declare `reversals` is believed without a person.
        """
        one = self.installation
        for invoice_id in [self._invoice(each) for each in plan if each.loses_reversal]:
            made = one.open_of(invoice_id)
            if made is None or made.removal_claims:
                self._released.add(invoice_id)
            elif one.erp.capabilities.reversals and invoice_id not in self._warned:
                self.findings.unwarned.append(invoice_id)

    def _resume(self, plan: list[Story]) -> None:
        """Go on with the removals that a person stopped."""
        one = self.installation
        for story in plan:
            made = one.open_of(self._invoice(story)) if story.at_backup is AtBackup.STOPPED else None
            if made is not None and made.transmission.block is not None:
                one.protection.negativations.resume(ANA, made.id)

    @staticmethod
    def _invoice(story: Story) -> str:
        return f"i{story.number}"


def _to_decide(installation: Installation) -> list[Divergence]:
    """What the bureau's side still asks a person."""
    return [
        each
        for each in open_divergences(installation)
        if each.side is Side.BUREAU and each.awaits_person and each.decide_by is not None
    ]
