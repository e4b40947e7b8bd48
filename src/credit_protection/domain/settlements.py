"""The fact that an invoice's debt ceased, or came back, as the host reports it.

A settlement and its reversal are two entries of one append-only ledger, keyed by the invoice and the host's own id. A
reversal that comes before its settlement is kept (a tombstone): a late duplicate of a reversed settlement stays
reversed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.domain.money import ZERO, Money


class SettlementKind(StrEnum):
    """How the debt ceased."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    CANCELLATION = "cancellation"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settlement (baixa da fatura).

    Args:
        id: the host's own id for it, unique for the invoice (one payment may settle several invoices). A new payment
            has a new id.
        paid_on: payment date (data do pagamento), or the date of the note, cancellation or first instalment.
        amount: paid or credited, BRL; None where the host only says that the invoice is settled.
        discount: forgiven with it, BRL; counts as covered.
        available_on: when the money is available (data de crédito); None: `paid_on` counts.
        court_order: it ceased by a judge's order: removed at once.
    """

    id: str
    invoice_id: str
    kind: SettlementKind
    paid_on: date
    amount: Money | None = None
    discount: Money = ZERO
    available_on: date | None = None
    court_order: bool = False

    @property
    def effective_on(self) -> date:
        """The day that the removal clock starts after."""
        return self.available_on or self.paid_on


@dataclass(frozen=True, slots=True)
class Reversal:
    """A reversal (estorno): it names the settlement that it undoes."""

    settlement_id: str
    invoice_id: str
    reversed_on: date


Entry = Settlement | Reversal
AnyEntry = TypeVar("AnyEntry", Settlement, Entry)


def by_invoice(entries: Iterable[AnyEntry]) -> dict[str, list[AnyEntry]]:
    """The entries of each invoice, in their order."""
    grouped: dict[str, list[AnyEntry]] = {}
    for entry in entries:
        grouped.setdefault(entry.invoice_id, []).append(entry)
    return grouped


def effective_settlements(entries: Iterable[Entry]) -> tuple[Settlement, ...]:
    """The settlements that are not reversed, each once, whatever the order of arrival; invoices of one host."""
    everything = tuple(entries)
    undone = {(entry.invoice_id, entry.settlement_id) for entry in everything if isinstance(entry, Reversal)}
    by_key: dict[tuple[str, str], Settlement] = {}
    for entry in everything:
        if isinstance(entry, Settlement) and (entry.invoice_id, entry.id) not in undone:
            by_key.setdefault((entry.invoice_id, entry.id), entry)
    return tuple(by_key.values())


class InvoiceOutcome(StrEnum):
    """What the effective settlements make of one negativated invoice."""

    OWED = "owed"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    CREDITED = "credited"
    CANCELLED = "cancelled"
    RENEGOTIATED = "renegotiated"

    @property
    def is_settled(self) -> bool:
        """Whether the debt ceased."""
        return self not in {InvoiceOutcome.OWED, InvoiceOutcome.PARTLY_PAID}


@dataclass(frozen=True, slots=True)
class InvoiceSettlementStatus:
    """The outcome of one negativated invoice, and the day on which its debt ceased."""

    outcome: InvoiceOutcome
    settled_on: date | None = None
    court_order: bool = False


_SETTLES_ALONE = frozenset({SettlementKind.CANCELLATION, SettlementKind.AGREEMENT})
_OUTCOMES = {
    SettlementKind.PAYMENT: InvoiceOutcome.PAID,
    SettlementKind.CREDIT_NOTE: InvoiceOutcome.CREDITED,
    SettlementKind.CANCELLATION: InvoiceOutcome.CANCELLED,
    SettlementKind.AGREEMENT: InvoiceOutcome.RENEGOTIATED,
}


def settlement_status(
    principal: Money, settlements: Sequence[Settlement], tolerance: Money = ZERO
) -> InvoiceSettlementStatus:
    """Decide the outcome of an invoice.

    A partial payment settles nothing by itself: all effective payments and credit notes, with their discounts, must
    cover the principal less the policy's tolerance, whenever they were made. A cancellation, an agreement, or a
    settlement without an amount settles alone.
    The debt ceased on the earliest day by which it was covered.
    """
    covered, paid = ZERO, False
    court_order = any(settlement.court_order for settlement in settlements)
    for settlement in sorted(settlements, key=lambda each: (each.effective_on, each.id)):
        paid = paid or settlement.kind is SettlementKind.PAYMENT
        if settlement.amount is None or settlement.kind in _SETTLES_ALONE:
            return InvoiceSettlementStatus(_OUTCOMES[settlement.kind], settlement.effective_on, court_order)
        covered += settlement.amount + settlement.discount
        if covered >= principal - tolerance:
            outcome = InvoiceOutcome.PAID if paid else InvoiceOutcome.CREDITED
            return InvoiceSettlementStatus(outcome, settlement.effective_on, court_order)
    outcome = InvoiceOutcome.PARTLY_PAID if covered else InvoiceOutcome.OWED
    return InvoiceSettlementStatus(outcome, None, court_order)


def settlement_statuses_of(
    principals: Mapping[str, Money],
    entries: Iterable[Entry],
    tolerance: Money = ZERO,
) -> dict[str, InvoiceSettlementStatus]:
    """The status of each negativated invoice, from its whole amount and every entry of the ledger about it."""
    settlements = by_invoice(effective_settlements(entries))
    return {
        invoice_id: settlement_status(principal, settlements.get(invoice_id, ()), tolerance)
        for invoice_id, principal in principals.items()
    }


_OWN_ID = "status:"
_KINDS = {
    InvoiceStatus.PAID: SettlementKind.PAYMENT,
    InvoiceStatus.CREDITED: SettlementKind.CREDIT_NOTE,
    InvoiceStatus.CANCELLED: SettlementKind.CANCELLATION,
    InvoiceStatus.IN_AGREEMENT: SettlementKind.AGREEMENT,
}


def needs_host_status(entries: Sequence[Entry], principal: Money) -> bool:
    """Whether only the host can say if an invoice is settled: partly paid, or settled by an id of our own."""
    settlements = effective_settlements(entries)
    is_partly_paid = settlement_status(principal, settlements).outcome is InvoiceOutcome.PARTLY_PAID
    return is_partly_paid or any(each.id.startswith(_OWN_ID) for each in settlements)


def unreported_entries(invoices: Iterable[Invoice], ledger: Sequence[Entry], today: date) -> list[Entry]:
    """The entries that bring the ledger up to what the host's invoices show; `today` dates what the host does not.

    A settlement (with an id of our own, since the host gave none) for each settled invoice that the ledger shows owed;
    a reversal of each of those whose invoice is open again.
    """
    effective = by_invoice(effective_settlements(ledger))
    own = Counter(
        entry.invoice_id for entry in ledger if isinstance(entry, Settlement) and entry.id.startswith(_OWN_ID)
    )
    entries: list[Entry] = []
    for invoice in invoices:
        settlements = effective.get(invoice.id, [])
        if invoice.status is InvoiceStatus.OPEN:
            ids = [each.id for each in settlements if each.id.startswith(_OWN_ID)]
            entries.extend(Reversal(settlement_id, invoice.id, today) for settlement_id in ids)
        elif not settlement_status(invoice.amount, settlements).outcome.is_settled:
            entries.append(
                Settlement(
                    id=f"{_OWN_ID}{invoice.id}:{own[invoice.id] + 1}",
                    invoice_id=invoice.id,
                    kind=_KINDS[invoice.status],
                    paid_on=invoice.paid_on or today,
                    available_on=invoice.available_on,
                )
            )
    return entries
