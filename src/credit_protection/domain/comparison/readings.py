"""What the ERP said about an invoice, as of an instant, and since when it has said so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from json.encoder import encode_basestring_ascii

from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.domain.money import ZERO, Money

CONFIRMED_AFTER = timedelta(hours=1)
"""An invoice is open again, or gone, only where two readings that are this far apart say so."""
DUE_DATE_CONFIRMED_AFTER = timedelta(hours=20)
"""The same for a due date, where the host gives no original one: a second copy may be printed and dropped in a day."""
MISSING_AFTER = timedelta(hours=24)
"""An invoice that the ERP did not give for this long is a divergence."""
STORED_AGAIN_AFTER = timedelta(hours=12)
"""A reading that repeats the stored one is written this much later, and not before: no row is written at each pass."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the ERP said about an invoice.

    Args:
        as_of: the instant of asking by our clock, less the host's declared lag, UTC.
        status: None where the ERP answered and did not give the invoice.
        balance: still open of the principal, BRL.
        document: the debtor's, compact, as the ERP has it; empty where it was not read.
    """

    invoice_id: str
    as_of: datetime
    status: InvoiceStatus | None
    amount: Money = ZERO
    balance: Money = ZERO
    due_date: date | None = None
    original_due_date: date | None = None
    customer_id: str = ""
    document: str = ""
    creditor_id: str | None = None
    paid_on: date | None = None
    available_on: date | None = None

    @property
    def content(self) -> str:
        """Everything but the instant, as one text: two readings with the same content say the same."""
        return content_of(self, self.document)


_NULL = "null"
_quoted: Callable[[str], str] = encode_basestring_ascii


def content_of(source: Reading | Invoice, document: str) -> str:
    """`Reading.content` of a reading, or of the one that `reading_of` makes of an invoice.

    A JSON list, put together here: a pass makes one for each open invoice, and the encoder takes thrice as long.
    """
    status, due, original = source.status, source.due_date, source.original_due_date
    paid, available, creditor_id = source.paid_on, source.available_on, source.creditor_id
    return (
        f"[{_NULL if status is None else _quoted(status)},{source.amount.cents},{source.balance.cents}"
        f",{_NULL if due is None else _quoted(due.isoformat())}"
        f",{_NULL if original is None else _quoted(original.isoformat())}"
        f",{_NULL if paid is None else _quoted(paid.isoformat())}"
        f",{_NULL if available is None else _quoted(available.isoformat())}"
        f",{_quoted(source.customer_id)},{_quoted(document)},{_NULL if creditor_id is None else _quoted(creditor_id)}]"
    )


def reading_from_content(invoice_id: str, as_of: datetime, content: str) -> Reading:
    """The inverse of `Reading.content`."""
    status, amount, balance, *days, customer_id, document, creditor_id = json.loads(content)
    due, original, paid, available = (None if day is None else date.fromisoformat(day) for day in days)
    return Reading(
        invoice_id=invoice_id,
        as_of=as_of,
        status=None if status is None else InvoiceStatus(status),
        amount=Money(amount),
        balance=Money(balance),
        due_date=due,
        original_due_date=original,
        customer_id=customer_id,
        document=document,
        creditor_id=creditor_id,
        paid_on=paid,
        available_on=available,
    )


def reading_of(invoice: Invoice, as_of: datetime, document: str = "") -> Reading:
    """The reading of an invoice that the host gave."""
    return Reading(
        invoice_id=invoice.id,
        as_of=as_of,
        status=invoice.status,
        amount=invoice.amount,
        balance=invoice.balance,
        due_date=invoice.due_date,
        original_due_date=invoice.original_due_date,
        customer_id=invoice.customer_id,
        document=document,
        creditor_id=invoice.creditor_id,
        paid_on=invoice.paid_on,
        available_on=invoice.available_on,
    )


@dataclass(frozen=True, slots=True)
class StoredReading:
    """The newest reading of an invoice, and since when parts of it were so.

    Args:
        status_since: `as_of` of the first reading in a row with this status; see `beside_ledger`.
        due_date_since: the same for the due date.
        is_held: whether the brake holds what it changes: it is decided about again at the next reading.
    """

    reading: Reading
    status_since: datetime
    due_date_since: datetime
    is_held: bool = False

    @property
    def check_at(self) -> datetime:
        """From when on a reading with the same content is news: time alone confirms what it says, or it is too old.

        It is after `as_of`, but for one that is held.
        """
        as_of = self.reading.as_of
        if self.is_held:
            return as_of
        confirmed = (
            self.status_since + CONFIRMED_AFTER,
            self.due_date_since + DUE_DATE_CONFIRMED_AFTER,
            self.status_since + MISSING_AFTER,
        )
        return min([as_of + STORED_AGAIN_AFTER, *(each for each in confirmed if each > as_of)])

    @property
    def is_status_confirmed(self) -> bool:
        """Whether two readings at least an hour apart gave this status."""
        return self.reading.as_of - self.status_since >= CONFIRMED_AFTER

    @property
    def is_due_date_confirmed(self) -> bool:
        """Whether two readings at least 20 hours apart gave this due date."""
        return self.reading.as_of - self.due_date_since >= DUE_DATE_CONFIRMED_AFTER


def is_news(stored: StoredReading | None, reading: Reading) -> bool:
    """Whether a reading must be stored or compared; False where it says the same and nothing is due."""
    if stored is None:
        return True
    if reading.as_of <= stored.reading.as_of:
        return False  # dropped whole
    return reading.as_of >= stored.check_at or reading.content != stored.reading.content


def beside_ledger(stored: StoredReading, newest_applied_at: datetime | None) -> StoredReading:
    """The reading as it counts beside the invoice's ledger: an open one only from the newest decision on.

    What the ERP showed before a payment was decided says nothing against it, however often it was read.
    """
    is_open = stored.reading.status is InvoiceStatus.OPEN
    if not is_open or newest_applied_at is None or stored.status_since >= newest_applied_at:
        return stored
    return replace(stored, status_since=stored.reading.as_of)


def first_reading(reading: Reading) -> StoredReading:
    """The reading of an invoice that was not read before."""
    return StoredReading(reading, reading.as_of, reading.as_of)


def merge(stored: StoredReading | None, reading: Reading) -> StoredReading | None:
    """The stored reading after a new one; None where the new one is not newer and is dropped whole."""
    if stored is None:
        return first_reading(reading)
    if reading.as_of <= stored.reading.as_of:
        return None
    before = stored.reading
    same_status = before.status is reading.status
    same_due_date = before.due_date == reading.due_date
    return StoredReading(
        reading=reading,
        status_since=stored.status_since if same_status else reading.as_of,
        due_date_since=stored.due_date_since if same_due_date else reading.as_of,
    )
