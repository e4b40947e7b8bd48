"""What the host ERP owns and this package only reads: customers, what they subscribe to, what they owe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from credit_protection.domain.days import normalise_days
from credit_protection.domain.money import Money


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; what the host lacks is empty. `state` is the UF, `postal_code` the CEP's 8 digits."""

    street: str = ""
    number: str = ""
    complement: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the host knows it.

    Args:
        id: the host's own id, as text.
        document: as the host stores it, perhaps wrong: the guards check it.
        address: billing address, else registered address.
        phone: digits with area code; empty where unknown.
        creditor_id: of which creditor; None where the host does not say.
    """

    id: str
    name: str
    document: str
    address: Address
    birth_date: date | None = None
    email: str = ""
    phone: str = ""
    creditor_id: str | None = None

    def __post_init__(self) -> None:
        normalise_days(self, (), ("birth_date",))


class SubscriptionStatus(StrEnum):
    """The status of a subscription (serviço do cliente)."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a customer subscribes to (serviço do cliente)."""

    id: str
    customer_id: str
    description: str
    status: SubscriptionStatus
    terminated_on: date | None = None

    def __post_init__(self) -> None:
        normalise_days(self, (), ("terminated_on",))


class LineKind(StrEnum):
    """What an invoice charges for. What is no monthly fee is often disputed: a person confirms it."""

    MONTHLY_FEE = "monthly_fee"
    FIDELITY_FINE = "fidelity_fine"
    EQUIPMENT = "equipment"
    OTHER = "other"


class InvoiceStatus(StrEnum):
    """Whether the invoice is owed. A partly paid one is `OPEN` with a smaller balance."""

    OPEN = "open"
    PAID = "paid"
    CREDITED = "credited"
    CANCELLED = "cancelled"
    IN_AGREEMENT = "in_agreement"
    WRITTEN_OFF = "written_off"
    """Taken off the books as a loss (bad debt): it settles nothing."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice (fatura) as the host knows it.

    Args:
        id: the host's own id, as text.
        subscription_id: of which serviço do cliente; None for a single boleto that belongs to none.
        due_date: the present one; a second copy may have a later one.
        number: what the customer sees on it.
        amount: principal, BRL.
        balance: still open of the principal, BRL.
        available_on: when the money was available, where the host says.
        notice_on: date of the creditor's own written notice, where the creditor notifies.
        creditor_id: to which creditor it is owed; None where the host does not say.
        original_due_date: the first one, where the host keeps it: from it the debt ages, and it is reported.
        issued_on: when the debt arose, where the host says.
        payment_pending: a payment was made and is not confirmed yet (a Pix, a bank return).
        protested: it is before a notary already, or was negativated by the bank that collects it.
        lines: what it charges for, where the host says.

    Raises:
        InvalidInput: a date is no date; the error names the field.
    """

    id: str
    customer_id: str
    subscription_id: str | None
    number: str
    due_date: date
    amount: Money
    balance: Money
    status: InvoiceStatus = InvoiceStatus.OPEN
    paid_on: date | None = None
    available_on: date | None = None
    notice_on: date | None = None
    creditor_id: str | None = None
    original_due_date: date | None = None
    issued_on: date | None = None
    payment_pending: bool = False
    protested: bool = False
    lines: tuple[LineKind, ...] = ()

    def __post_init__(self) -> None:
        normalise_days(self, ("due_date",), ("paid_on", "available_on", "notice_on", "original_due_date", "issued_on"))

    @property
    def debt_due_date(self) -> date:
        """From when the debt ages and what is reported: the original due date, where the host keeps it."""
        return self.due_date if self.original_due_date is None else self.original_due_date
