"""The fact that an invoice's debt ceased, or came back, as the host reports it.

A settlement and its reversal are two entries of one append-only ledger, keyed by the invoice and the host's own id. A
reversal that comes before its settlement is kept (a tombstone): a late duplicate of a reversed settlement stays
reversed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from credit_protection.domain.money import ZERO, Money, total


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
        invoice_id: the host's invoice.
        kind: how the debt ceased.
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


def settlement_status(
    principal: Money, settlements: Sequence[Settlement], tolerance: Money = ZERO
) -> InvoiceSettlementStatus:
    """Decide the outcome of an invoice.

    A partial payment settles nothing by itself: all effective payments and credit notes, with their discounts, must
    cover the principal less the policy's tolerance, whenever they were made. A cancellation, an agreement, or a
    settlement without an amount settles alone.

    Args:
        principal: the invoice's whole amount.
        settlements: the effective ones of this invoice.
        tolerance: how much may be missing (policy).

    Returns:
        The outcome, and the day on which the debt ceased: the earliest day by which it was covered.
    """
    covered, paid = ZERO, False
    court_order = any(settlement.court_order for settlement in settlements)
    for settlement in sorted(settlements, key=lambda each: (each.effective_on, each.id)):
        paid = paid or settlement.kind is SettlementKind.PAYMENT
        alone = _settles_alone(settlement)
        if alone is not None:
            return InvoiceSettlementStatus(alone, settlement.effective_on, court_order)
        covered += total([settlement.amount or ZERO, settlement.discount])
        if covered >= principal - tolerance:
            outcome = InvoiceOutcome.PAID if paid else InvoiceOutcome.CREDITED
            return InvoiceSettlementStatus(outcome, settlement.effective_on, court_order)
    outcome = InvoiceOutcome.PARTLY_PAID if covered else InvoiceOutcome.OWED
    return InvoiceSettlementStatus(outcome, None, court_order)


def _settles_alone(settlement: Settlement) -> InvoiceOutcome | None:
    match settlement.kind:
        case SettlementKind.CANCELLATION:
            return InvoiceOutcome.CANCELLED
        case SettlementKind.AGREEMENT:
            return InvoiceOutcome.RENEGOTIATED
        case SettlementKind.PAYMENT if settlement.amount is None:
            return InvoiceOutcome.PAID
        case SettlementKind.CREDIT_NOTE if settlement.amount is None:
            return InvoiceOutcome.CREDITED
        case _:
            return None


def settlement_statuses_of(
    principals: Mapping[str, Money],
    entries: Iterable[Entry],
    tolerance: Money = ZERO,
) -> dict[str, InvoiceSettlementStatus]:
    """The status of each negativated invoice, from the ledger's entries.

    Args:
        principals: the whole amount, by invoice id.
        entries: every entry of these invoices.
        tolerance: the policy's.
    """
    by_invoice: dict[str, list[Settlement]] = {invoice_id: [] for invoice_id in principals}
    for settlement in effective_settlements(entries):
        if settlement.invoice_id in by_invoice:
            by_invoice[settlement.invoice_id].append(settlement)
    return {
        invoice_id: settlement_status(principal, by_invoice[invoice_id], tolerance)
        for invoice_id, principal in principals.items()
    }
