"""The fact that an invoice's debt ceased, or came back, as the host reports it.

A settlement and its reversal are two entries of one append-only ledger, keyed by the invoice and the host's own id. A
reversal that comes before its settlement is kept (a tombstone): a late duplicate of a reversed settlement stays
reversed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.days import normalise_days
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money

OWN_ID = "status:"
"""How the ids of the settlements begin that this software names."""
FORMER_ID = "former:"
"""How the ids begin of the settlements that were recorded for an invoice under another id or in another ERP."""


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
        paid_on: payment date (data do pagamento), or the date of the note, cancellation or first instalment. Of an
            instant the date at UTC-5 counts, never later than the creditor's.
        amount: paid or credited, BRL; None where the host only says that the invoice is settled.
        discount: forgiven with it, BRL; counts as covered.
        available_on: when the money is available (data de crédito); None: `paid_on` counts.
        court_order: it ceased by a judge's order: removed at once.
        as_of: of an entry of our own naming, the instant of the reading that it was inferred from, UTC.
        recorded_at: when the ledger got it, UTC; None before.

    Raises:
        InvalidInput: a field has a type that the ledger could not give back; the error names the field.
    """

    id: str
    invoice_id: str
    kind: SettlementKind
    paid_on: date
    amount: Money | None = None
    discount: Money = ZERO
    available_on: date | None = None
    court_order: bool = False
    as_of: datetime | None = field(default=None, compare=False)
    recorded_at: datetime | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        normalise_days(self, ("paid_on",), ("available_on",))
        _require_text(self.id, "id")
        _require_text(self.invoice_id, "invoice_id")
        _require_type(self.kind, SettlementKind, "kind")
        _require_type(self.discount, Money, "discount")
        if self.amount is not None:
            _require_type(self.amount, Money, "amount")

    @property
    def is_own(self) -> bool:
        """Whether this software named it, from a reading, since the host listed none."""
        return self.id.startswith(OWN_ID)

    @property
    def is_former(self) -> bool:
        """Whether it was recorded for the invoice under another id, before a person matched the two."""
        return self.id.startswith(FORMER_ID)

    @property
    def settlement_key(self) -> str:
        """Its id; of a reversal, the id of the settlement that it undoes."""
        return self.id

    @property
    def effective_on(self) -> date:
        """The day on which the money is available, as the host says; `RemovalClock` says what counts legally."""
        return self.available_on or self.paid_on


@dataclass(frozen=True, slots=True)
class Reversal:
    """A reversal (estorno): it names the settlement that it undoes.

    `as_of` is the instant, UTC, of the reading that it was inferred from; of a host's reversal, that of its recording.
    """

    settlement_id: str
    invoice_id: str
    reversed_on: date
    as_of: datetime | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        normalise_days(self, ("reversed_on",))
        _require_text(self.settlement_id, "settlement_id")
        _require_text(self.invoice_id, "invoice_id")

    @property
    def is_own(self) -> bool:
        """Whether it undoes a settlement that this software named."""
        return self.settlement_id.startswith(OWN_ID)

    @property
    def is_former(self) -> bool:
        """Whether it undoes a settlement that was recorded for the invoice under another id."""
        return self.settlement_id.startswith(FORMER_ID)

    @property
    def settlement_key(self) -> str:
        """The id of the settlement that it undoes."""
        return self.settlement_id


def _require_text(value: object, name: str) -> None:
    """Require a text that every database gives back."""
    if not isinstance(value, str) or not value:
        raise _invalid(name, "deve ser um texto, e não pode estar vazio")
    if not value.isascii() or "\0" in value:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _invalid(name, "tem um caractere que não existe") from None
        if "\0" in value:
            raise _invalid(name, "tem um caractere nulo")


def _require_type(value: object, kind: type, name: str) -> None:
    if not isinstance(value, kind):
        raise _invalid(name, f"deve ser {kind.__name__}")


def _invalid(name: str, problem: str) -> InvalidInput:
    return InvalidInput(
        f"O campo {name} da baixa {problem}. Corrija o adaptador do ERP.", field=name, code="baixa_invalida"
    )


Entry = Settlement | Reversal
AnyEntry = TypeVar("AnyEntry", Settlement, Entry)


def by_invoice(entries: Iterable[AnyEntry]) -> dict[str, list[AnyEntry]]:
    """The entries of each invoice, in their order."""
    grouped: dict[str, list[AnyEntry]] = {}
    for entry in entries:
        grouped.setdefault(entry.invoice_id, []).append(entry)
    return grouped


def effective_settlements(entries: Iterable[Entry]) -> tuple[Settlement, ...]:
    """The settlements that are not reversed, each once, whatever the order of arrival; invoices of one host.

    A reversal by the host also voids each settlement of our own naming that was inferred before it: the reading may
    have shown the very payment that the host took back.
    """
    everything = tuple(entries)
    undone: set[tuple[str, str]] = set()
    host_reversed: dict[str, datetime] = {}
    for entry in everything:
        if isinstance(entry, Reversal):
            undone.add((entry.invoice_id, entry.settlement_id))
            if entry.as_of is not None and not entry.is_own and not entry.is_former:
                host_reversed[entry.invoice_id] = max(entry.as_of, host_reversed.get(entry.invoice_id, entry.as_of))
    by_key: dict[tuple[str, str], Settlement] = {}
    for entry in everything:
        if not isinstance(entry, Settlement) or (entry.invoice_id, entry.id) in undone:
            continue
        voided_at = host_reversed.get(entry.invoice_id) if entry.is_own else None
        if voided_at is not None and entry.as_of is not None and entry.as_of < voided_at:
            continue
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


AVAILABILITY_LIMIT = 3
"""Business days after a payment on which its money counts as available, whatever the means of payment."""


@dataclass(frozen=True, slots=True)
class RemovalClock:
    """From which day the legal term of a removal counts.

    Args:
        calendar: the legal one.
        now: an instant; a settlement without `recorded_at` counts as recorded then.
        limit: business days, see `AVAILABILITY_LIMIT`.
    """

    calendar: BusinessCalendar
    creditor: Creditor
    now: datetime
    limit: int = AVAILABILITY_LIMIT

    def starts_on(self, settlement: Settlement) -> date:
        """The earlier of the day of availability and the payment's day plus the limit.

        A payment that is dated after the creditor's day on which it was recorded counts from that day.
        """
        recorded_on = self.creditor.today(settlement.recorded_at or self.now)
        paid_on = min(settlement.paid_on, recorded_on)
        if settlement.available_on is None or settlement.available_on <= paid_on:
            return settlement.available_on or paid_on
        return min(settlement.available_on, self.calendar.after(paid_on, self.limit))


def settlement_status(
    principal: Money,
    settlements: Sequence[Settlement],
    tolerance: Money = ZERO,
    clock: RemovalClock | None = None,
) -> InvoiceSettlementStatus:
    """Decide the outcome of an invoice.

    A partial payment settles nothing by itself: all effective payments and credit notes, with their discounts, must
    cover the principal less the policy's tolerance, whenever they were made. A cancellation, an agreement, or a
    settlement without an amount settles alone.
    The debt ceased on the earliest day by which it was covered; with a clock, on that day as the legal term counts it.
    """
    covered, paid = ZERO, False
    court_order = any(settlement.court_order for settlement in settlements)
    days = {each.id: each.effective_on if clock is None else clock.starts_on(each) for each in settlements}
    for settlement in sorted(settlements, key=lambda each: (days[each.id], each.id)):
        paid = paid or settlement.kind is SettlementKind.PAYMENT
        if settlement.amount is None or settlement.kind in _SETTLES_ALONE:
            return InvoiceSettlementStatus(_OUTCOMES[settlement.kind], days[settlement.id], court_order)
        covered += settlement.amount + settlement.discount
        if covered >= principal - tolerance:
            outcome = InvoiceOutcome.PAID if paid else InvoiceOutcome.CREDITED
            return InvoiceSettlementStatus(outcome, days[settlement.id], court_order)
    outcome = InvoiceOutcome.PARTLY_PAID if covered else InvoiceOutcome.OWED
    return InvoiceSettlementStatus(outcome, None, court_order)


def settlement_statuses_of(
    principals: Mapping[str, Money],
    entries: Iterable[Entry],
    tolerance: Money = ZERO,
    clock: RemovalClock | None = None,
) -> dict[str, InvoiceSettlementStatus]:
    """The status of each negativated invoice, from its whole amount and every entry of the ledger about it."""
    settlements = by_invoice(effective_settlements(entries))
    return {
        invoice_id: settlement_status(principal, settlements.get(invoice_id, ()), tolerance, clock)
        for invoice_id, principal in principals.items()
    }


def needs_host_status(entries: Sequence[Entry], principal: Money) -> bool:
    """Whether only the host can say if an invoice is settled: partly paid, or settled once by an id of our own.

    Not where the newest entry is of our own naming: then the host was just read. The entries are in their order.
    """
    if not entries or entries[-1].is_own:
        return False
    is_partly_paid = settlement_status(principal, effective_settlements(entries)).outcome is InvoiceOutcome.PARTLY_PAID
    undone = {each.settlement_id for each in entries if isinstance(each, Reversal)}
    return is_partly_paid or any(
        isinstance(each, Settlement) and each.is_own and each.id not in undone for each in entries
    )
