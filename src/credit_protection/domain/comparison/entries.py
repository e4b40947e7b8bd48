"""What a reading writes into the ledger. A reading acts in no other way: the ledger alone decides about removals.

A reading's entries carry its instant. A reading that is older than the newest decision about the invoice writes
nothing, and the ERP is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from credit_protection.domain.comparison.readings import Reading, StoredReading
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.money import ZERO, Money, total
from credit_protection.domain.settlements import (
    OWN_ID,
    Entry,
    Reversal,
    Settlement,
    SettlementKind,
    effective_settlements,
    settlement_status,
)

_KINDS = {
    InvoiceStatus.PAID: SettlementKind.PAYMENT,
    InvoiceStatus.CREDITED: SettlementKind.CREDIT_NOTE,
    InvoiceStatus.CANCELLED: SettlementKind.CANCELLATION,
    InvoiceStatus.IN_AGREEMENT: SettlementKind.AGREEMENT,
}


@dataclass(frozen=True, slots=True)
class CoveredDebt:
    """An invoice as one open negativation froze it.

    Args:
        principal: what the ledger must cover, BRL.
        tolerance: how much of it may be missing, by the integration's policy, BRL.
        balance: the ERP's open balance when the inclusion was claimed, BRL; None where it is not known.
    """

    principal: Money
    tolerance: Money = ZERO
    balance: Money | None = None


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The ledger of one invoice, all of it, and the debts that open negativations froze of it.

    `newest_applied_at` is the present where an entry is still to be applied: no reading is newer than its decision.
    """

    entries: Sequence[Entry]
    newest_applied_at: datetime | None
    debts: Sequence[CoveredDebt]


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """The entries that a reading adds; `ask_again` where it was too old to add them."""

    entries: Sequence[Entry] = ()
    ask_again: bool = False


def ledger_change(stored: StoredReading, facts: LedgerFacts, today: date, *, reports_reversals: bool) -> LedgerChange:
    """Decide what a reading adds to its invoice's ledger.

    Args:
        stored: the reading, with the ones before it.
        facts: the invoice's ledger and debts.
        today: the creditor's date, for what the ERP does not date.
        reports_reversals: whether the host reports each reversal itself: then only what this software named is undone.
    """
    reading, effective = stored.reading, effective_settlements(facts.entries)
    if not facts.debts or reading.status is None:
        return LedgerChange()
    entries: list[Entry] = []
    kind = _KINDS.get(reading.status)
    if kind is not None:
        if not _settles_all(effective, facts.debts):
            entries.append(_own(reading, kind, facts.entries, today))
    elif reading.status is InvoiceStatus.OPEN:
        if counts_as_settled(reading, effective, facts.debts):
            if not _settles_all(effective, facts.debts):
                paid = any(each.kind is SettlementKind.PAYMENT for each in effective)
                within = SettlementKind.PAYMENT if paid else SettlementKind.CREDIT_NOTE
                entries.append(_own(reading, within, facts.entries, today))
        elif stored.is_status_confirmed:
            undone = [each for each in effective if each.is_own or not (reports_reversals or each.is_former)]
            if contradicts(reading, effective):
                entries += [Reversal(each.id, each.invoice_id, today, reading.as_of) for each in undone]
    if entries and facts.newest_applied_at is not None and reading.as_of < facts.newest_applied_at:
        return LedgerChange(ask_again=True)
    return LedgerChange(entries)


def counts_as_settled(reading: Reading, effective: Sequence[Settlement], debts: Sequence[CoveredDebt]) -> bool:
    """Whether an open invoice counts as settled: what is left is within every tolerance, and the balance fell.

    A balance of zero without any settlement proves nothing: the ERP may have lost the amount.
    """
    if reading.balance == ZERO and not effective:
        return False
    return bool(debts) and all(
        debt.balance is not None and reading.balance < debt.balance and reading.balance <= debt.tolerance
        for debt in debts
    )


def contradicts(reading: Reading, effective: Sequence[Settlement]) -> bool:
    """Whether an open invoice shows more to pay than its settlements leave: they were undone.

    A settlement without an amount leaves nothing. A part payment that the balance already lacks contradicts nothing.
    """
    if not effective or reading.status is not InvoiceStatus.OPEN:
        return False
    whole = any(
        each.amount is None or each.kind in {SettlementKind.CANCELLATION, SettlementKind.AGREEMENT}
        for each in effective
    )
    covered = total(each.amount + each.discount for each in effective if each.amount is not None)
    left = ZERO if whole or covered >= reading.amount else reading.amount - covered
    return reading.balance > left


def reversals_of_stale(entries: Sequence[Entry], open_as_of: datetime, today: date) -> list[Reversal]:
    """The reversals of the settlements of our own naming that an open invoice, read later, shows to be over."""
    return [
        Reversal(each.id, each.invoice_id, today, open_as_of)
        for each in effective_settlements(entries)
        if each.is_own and each.as_of is not None and each.as_of < open_as_of
    ]


def _settles_all(effective: Sequence[Settlement], debts: Sequence[CoveredDebt]) -> bool:
    return all(settlement_status(each.principal, effective, each.tolerance).outcome.is_settled for each in debts)


def _own(reading: Reading, kind: SettlementKind, ledger: Sequence[Entry], today: date) -> Settlement:
    number = 1 + sum(isinstance(each, Settlement) and each.is_own for each in ledger)
    return Settlement(
        id=f"{OWN_ID}{reading.invoice_id}:{number}",
        invoice_id=reading.invoice_id,
        kind=kind,
        paid_on=reading.paid_on or today,
        available_on=reading.available_on,
        as_of=reading.as_of,
    )
