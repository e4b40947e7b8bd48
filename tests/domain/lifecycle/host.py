"""The host's invoices and payments, and when a debt ceased, computed without the domain's own rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalRule
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from credit_protection.domain.removal_policy import RemovalPolicy
    from credit_protection.domain.settlements import Entry

PRINCIPAL = Money(10_000)
HOLIDAYS = frozenset({date(2026, 12, 25), date(2027, 1, 1)})
ADDRESS = Address("Rua das Flores", "10", "", "Centro", "Maringá", "PR", "87000000")
PERSON = Customer("c-1", "Maria da Silva", "52998224725", ADDRESS, birth_date=date(1980, 1, 1))
COMPANY = Customer("c-1", "Padaria Central Ltda", "11222333000181", ADDRESS)
SUBSCRIPTION = Subscription("s-1", "c-1", "Fibra 500", SubscriptionStatus.TERMINATED, date(2026, 9, 1))


@dataclass(frozen=True, slots=True)
class Debt:
    """The state of one invoice's debt.

    Args:
        ceased: no debt is left.
        paid: by a payment.
        agreed: by an agreement.
        since: when it ceased.
        covered: cents paid of a debt that has not ceased.
    """

    ceased: bool
    paid: bool = False
    agreed: bool = False
    since: date | None = None
    covered: int = 0


def debt(invoice_id: str, entries: Iterable[Entry], tolerance: Money) -> Debt:
    """Compute one invoice's debt from entries in any order, repeats included."""
    entries = list(entries)
    undone = {each.settlement_id for each in entries if isinstance(each, Reversal)}
    in_force = {
        each.id: each
        for each in entries
        if isinstance(each, Settlement) and each.invoice_id == invoice_id and each.id not in undone
    }
    covered, any_payment = 0, False
    for each in sorted(in_force.values(), key=lambda one: (one.available_on or one.paid_on, one.id)):
        since = each.available_on or each.paid_on
        any_payment = any_payment or each.kind is SettlementKind.PAYMENT
        if each.kind is SettlementKind.AGREEMENT:
            return Debt(ceased=True, agreed=True, since=since)
        if each.kind is SettlementKind.CANCELLATION:
            return Debt(ceased=True, since=since)
        if each.amount is None:
            return Debt(ceased=True, paid=each.kind is SettlementKind.PAYMENT, since=since)
        covered += each.amount.cents + each.discount.cents
        if covered >= PRINCIPAL.cents - tolerance.cents:
            return Debt(ceased=True, paid=any_payment, since=since)
    return Debt(ceased=False, covered=covered)


def must_go(invoice_ids: Sequence[str], entries: Sequence[Entry], policy: RemovalPolicy) -> date | None:
    """The day after which the removal clock starts, where the policy requires the removal; else None."""
    debts = [debt(invoice_id, entries, policy.tolerance) for invoice_id in invoice_ids]
    days = [each.since for each in debts if each.ceased and each.since is not None]
    if policy.rule is RemovalRule.ALL_INVOICES_SETTLED:
        return max(days) if len(days) == len(debts) else None
    return min(days) if days else None


def true_reason(
    invoice_ids: Sequence[str], entries: Sequence[Entry], policy: RemovalPolicy, chosen: RemovalReason | None
) -> RemovalReason:
    """The reason that may be reported to the bureau (rule 10); a person's `chosen` one, where it is allowed."""
    debts = [debt(invoice_id, entries, policy.tolerance) for invoice_id in invoice_ids]
    if chosen is RemovalReason.COURT_ORDER:
        return chosen
    if all(each.ceased and each.paid for each in debts):
        return RemovalReason.PAYMENT
    if any(each.agreed for each in debts):
        return RemovalReason.RENEGOTIATION
    if any(each.ceased and each.paid for each in debts):
        return RemovalReason.PARTIAL_PAYMENT
    return chosen or RemovalReason.CREDITOR_REQUEST


def business_days_after(day: date, count: int) -> date:
    """The nth business day after a day."""
    while count:
        day += timedelta(days=1)
        if day.weekday() not in {5, 6} and day not in HOLIDAYS:
            count -= 1
    return day


@dataclass(slots=True)
class Host:
    """The ERP: what it knows, which may be more than it has reported to our software.

    Args:
        customer: whose invoices they are.
        entries: every settlement and reversal, as they happened.
        reported_entries: those that reached us, in order of arrival, repeats included.
        silent: how invoices ended without any entry; only a reading shows it.
    """

    customer: Customer
    invoice_ids: tuple[str, ...] = ("f-1", "f-2", "f-3")
    entries: list[Entry] = field(default_factory=list)
    reported_entries: list[Entry] = field(default_factory=list)
    silent: dict[str, InvoiceStatus] = field(default_factory=dict)

    def pay(
        self, invoice_id: str, kind: SettlementKind, amount: Money | None, paid_on: date, available_on: date | None
    ) -> None:
        """Record that an invoice's debt, or a part of it, ceased."""
        settlement = Settlement(f"b-{len(self.entries)}", invoice_id, kind, paid_on, amount, available_on=available_on)
        self.entries.append(settlement)

    def reverse(self, position: int, on: date) -> bool:
        """Reverse a settlement; False where there is none to reverse."""
        undone = {each.settlement_id for each in self.entries if isinstance(each, Reversal)}
        in_force = [each for each in self.entries if isinstance(each, Settlement) and each.id not in undone]
        if not in_force:
            return False
        settlement = in_force[position % len(in_force)]
        self.entries.append(Reversal(settlement.id, settlement.invoice_id, on))
        return True

    def invoices(self, invoice_ids: Sequence[str]) -> tuple[Invoice, ...]:
        """The invoices as the ERP shows them now."""
        return tuple(self._invoice(invoice_id) for invoice_id in invoice_ids)

    def _invoice(self, invoice_id: str) -> Invoice:
        now = debt(invoice_id, self.entries, Money(0))
        status, balance = InvoiceStatus.OPEN, Money(PRINCIPAL.cents - now.covered)
        if now.ceased:
            status, balance = InvoiceStatus.PAID if now.paid else InvoiceStatus.CANCELLED, Money(0)
        elif invoice_id in self.silent:
            status, balance = self.silent[invoice_id], Money(0)
        return Invoice(invoice_id, "c-1", "s-1", invoice_id, date(2026, 10, 5), PRINCIPAL, balance, status, now.since)
