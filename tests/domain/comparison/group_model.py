"""Models of a group whose invoices must all be settled, and of an invoice that a person matches to another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from credit_protection.domain import relinking
from credit_protection.domain.comparison import entries, erp_side, policies, readings
from credit_protection.domain.comparison.entries import CoveredDebt, LedgerFacts
from credit_protection.domain.comparison.erp_side import ErpFacts
from credit_protection.domain.comparison.policies import PolicyContext
from credit_protection.domain.comparison.readings import Reading, StoredReading
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus
from credit_protection.domain.divergences import (
    Divergence,
    DivergenceCode,
    DivergenceContext,
    DivergencePolicies,
    DivergencePolicy,
    update_divergences,
)
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.negativations import NegativatedInvoice, Negativation
from credit_protection.domain.relinking import InvoiceMatch, Relink
from credit_protection.domain.removal_policy import RemovalRule
from credit_protection.domain.settlements import (
    Entry,
    Reversal,
    Settlement,
    SettlementKind,
    effective_settlements,
    settlement_status,
)
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.testing import samples
from tests.domain.lifecycle.profiles import LOOKED_UP
from tests.domain.lifecycle.rules import require

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
WHOLE = Money(100_00)
DUE = date(2026, 9, 1)
LATER = date(2028, 1, 3)
ADDRESS = Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000")
CALENDAR = BusinessCalendar(frozenset())
IDS = ("f-1", "f-2")
_STEPS = 10
_POSTPONED, _GONE, _PAID, _OWED = "postponed", "gone", "paid", "owed"


def _group() -> Negativation:
    invoices = tuple(NegativatedInvoice(each, each, DUE, WHOLE, WHOLE, balance=WHOLE) for each in IDS)
    return replace(
        samples.negativation("n-1", list(IDS), document=samples.CPF, creditor_id="1"),
        invoices=invoices,
        observed=Observed.PRESENT,
        known_at=START,
        inclusion_claims=1,
    )


def _reading(invoice_id: str, state: str, now: datetime) -> Reading:
    if state == _GONE:
        return Reading(invoice_id, now, None)
    day = LATER if state == _POSTPONED else DUE
    seen = (InvoiceStatus.OPEN, WHOLE, WHOLE, day, day, "c-1", samples.CPF.value, "1")
    if state == _PAID:
        seen = (InvoiceStatus.PAID, WHOLE, ZERO, DUE, DUE, "c-1", samples.CPF.value, "1")
    return Reading(invoice_id, now, *seen)


def group_walk(seed: int) -> None:
    """One walk of two invoices of one group; both postponed and missing ones remove after their term."""
    random = Random(seed)  # noqa: S311 - no secret
    now, group = START, _group()
    state = dict.fromkeys(IDS, _OWED)
    stored: dict[str, StoredReading] = {}
    open_ones: dict[str, Divergence] = {}
    removes = DivergencePolicies(not_read=DivergencePolicy.REMOVE, not_read_days=2)
    for step in range(_STEPS):
        changed = random.choice(IDS)
        state[changed] = random.choice((_POSTPONED, _POSTPONED, _GONE, _PAID, _OWED))
        for _ in range(random.choice((1, 1, 14))):
            now += timedelta(days=1)
            for each in IDS:
                merged = readings.merge(stored.get(each), _reading(each, state[each], now))
                assert merged is not None
                stored[each] = merged
            ledger: list[Entry] = [
                Settlement(f"p-{each}", each, SettlementKind.PAYMENT, now.date(), WHOLE)
                for each in IDS
                if state[each] == _PAID
            ]
            facts = ErpFacts(stored, ledger, GuardSettings(), now.date(), now, reports_reversals=True)
            at = DivergenceContext("integration-1", "1", "n-1", now, now.date(), CALENDAR)
            found = erp_side.erp_differences(group, facts)
            ids = (f"d-{step}-{now.isoformat()}-{number}" for number in range(9))
            known = [each for each in open_ones.values() if each.closed_at is None]
            for divergence in update_divergences(known, found, erp_side.fresh_codes(facts), at, ids):
                open_ones[divergence.id] = divergence
            shown = [each for each in open_ones.values() if each.closed_at is None]
            statuses = group.settlement_statuses(ledger, ZERO)
            context = PolicyContext(
                removes, RemovalRule.ALL_INVOICES_SETTLED, LOOKED_UP.gateway, CALENDAR, now.date(), now
            )
            carried = erp_side.carried_by(group, facts)
            after = policies.apply_policies(group, shown, statuses, carried, context).negativation
            is_silent = _GONE in state.values()
            if after.desired is Desired.REMOVED and group.desired is Desired.INCLUDED:
                require(_OWED not in state.values(), "a group goes when no invoice of it is owed any more")
                over = {
                    code: any(each.code is code and policies.removing([each], context) for each in shown)
                    for code in (DivergenceCode.POSTPONED, DivergenceCode.NOT_READ)
                }
                require(_POSTPONED not in state.values() or over[DivergenceCode.POSTPONED], "each waits for its term")
                require(not is_silent or over[DivergenceCode.NOT_READ], "a missing invoice waits for its term")
            if after.desired is Desired.INCLUDED and group.desired is Desired.REMOVED:
                require(not is_silent, "what the ERP did not give lifts nothing")
            if not is_silent and _OWED in state.values():
                require(after.desired is Desired.INCLUDED, "an invoice that is owed keeps the group")
            group = after


def relink_walk(seed: int) -> None:
    """A person matches an invoice to a random one; then the new ERP shows it open for hours."""
    random = Random(seed)  # noqa: S311 - no secret
    negativation = replace(_group(), invoices=_group().invoices[:1])
    document = random.choice((samples.CPF.value, samples.CPF.value, samples.CNPJ.value))
    day, original = (random.choice((DUE, DUE, LATER)) for _ in range(2))
    amount = random.choice((WHOLE, WHOLE, Money(99_00)))
    invoice = Invoice("x-1", "x-c", None, "1", day, amount, amount, original_due_date=original)
    customer = Customer("x-c", "MARIA DE EXEMPLO", document, ADDRESS)
    agrees = document == samples.CPF.value and DUE in {day, original} and amount == WHOLE
    try:
        change, relinks = relinking.relink(
            negativation, {"f-1": InvoiceMatch(invoice, customer)}, "other", actor_id="ana", remark="boleto", now=START
        )
    except RuleViolation:
        require(not agrees, "an invoice that agrees can be matched")
        return
    require(agrees, "an invoice that differs is never matched")
    require(change.negativation.due_date == negativation.due_date, "the bureau's key stays")
    old = [Settlement("7", "f-1", SettlementKind.PAYMENT, DUE, Money(60_00))]
    new: list[Entry] = [Settlement("7", "x-1", SettlementKind.PAYMENT, DUE, Money(40_00))]
    new += relinking.former_entries(relinks[0], old)
    debt = CoveredDebt(WHOLE, ZERO, WHOLE)
    status = settlement_status(WHOLE, effective_settlements(new))
    require(status.outcome.is_settled, "the old ledger counts beside the new one, though their ids are the same")
    shows_open = StoredReading(
        Reading("x-1", START, InvoiceStatus.OPEN, WHOLE, WHOLE, DUE, DUE, "x-c", document, "1"),
        START - timedelta(days=2),
        START - timedelta(days=2),
    )
    undone = entries.ledger_change(
        shows_open, LedgerFacts(new, None, [debt]), START.date(), reports_reversals=random.random() < 0.5
    )
    kept = {each.settlement_key for each in relinking.former_entries(relinks[0], old)}
    require(
        not kept & {each.settlement_key for each in undone.entries if isinstance(each, Reversal)},
        "no reading undoes what the old ledger says",
    )
    require(_again(relinks[0], old) == kept, "an entry is copied once")


def _again(relinked: Relink, old: list[Settlement]) -> set[str]:
    return {each.settlement_key for each in relinking.former_entries(relinked, old)}
