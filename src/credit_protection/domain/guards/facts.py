"""What the guards check (`Candidate`), and what they need to know (`InclusionTerms`, `GuardSettings`)."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.customers import Customer, Invoice, Subscription
from credit_protection.domain.frozen_mapping import FrozenMapping
from credit_protection.domain.holds import Hold
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.reasons import ReasonMap

ADULT_YEARS = 18
NOTICE_DAYS_BY_STATE: Mapping[str, int] = FrozenMapping({"MT": 45, "PE": 20, "PI": 15, "SP": 20})
"""As bureaus apply the state laws; elsewhere the general term holds."""


class TelecomGuard(StrEnum):
    """Whether the subscription must be terminated before the inclusion (Anatel Res. 765/2023)."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The settings of the guards of an integration.

    Args:
        minimum_days_late: days after the due date (or the business day after it).
        maximum_age_years: CDC art. 43 §1: five years.
        age_margin_days: refuse this long before that age.
        fine_percent: multa that may be added to the open balance, per cent.
        monthly_interest_percent: juros that may be added, per cent a month, pro rata by day.
        creditor_notifies: whether the creditor, not the bureau, sends the written notice.
        notice_days_by_state: longer terms, by the state's two capital letters.
    """

    minimum_days_late: int = 1
    maximum_age_years: int = 5
    age_margin_days: int = 30
    fine_percent: Decimal = Decimal(0)
    monthly_interest_percent: Decimal = Decimal(0)
    creditor_notifies: bool = False
    notice_days: int = 10
    notice_days_by_state: Mapping[str, int] = field(default_factory=lambda: NOTICE_DAYS_BY_STATE, hash=False)
    telecom: TelecomGuard = TelecomGuard.WARN

    def __post_init__(self) -> None:
        object.__setattr__(self, "notice_days_by_state", FrozenMapping(self.notice_days_by_state))

    def notice_term(self, state: str) -> int:
        """Days between a written notice and the publication, in a state: the general term, or the state's if longer."""
        return max(self.notice_days, self.notice_days_by_state.get(state.upper(), 0))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a person wants to negativate: one customer, one subscription or none, chosen invoices.

    `amounts` are the edited ones by invoice id; an invoice without one is reported with its open balance. Where the
    host `has_several_creditors`, each invoice must say to which of them it is owed.
    """

    customer: Customer
    subscription: Subscription | None
    invoices: tuple[Invoice, ...]
    nature_code: str
    amounts: Mapping[str, Money] = field(default_factory=dict)
    has_several_creditors: bool = False

    def amount_of(self, invoice: Invoice) -> Money:
        """What is reported for an invoice."""
        return self.amounts.get(invoice.id, invoice.balance)


@dataclass(frozen=True, slots=True)
class InclusionTerms:
    """The facts that all candidates of one integration share, read once.

    Args:
        holds: customers on the do-not-negativate list, with the hold, or the reason alone.
        open_invoices: invoices in another open negativation of the registry.
        grouped: whether the integration makes one record of the chosen invoices.
        creditor_id: of the integration's creditor; None: no invoice is refused for its creditor.
        tolerance: of the removal policy, BRL: what is not above it would count as settled.
        reason_map: the integration's; None where its gateway synchronises no removal reasons.
    """

    capabilities: Capabilities
    settings: GuardSettings
    calendar: BusinessCalendar
    today: date
    natures: Mapping[str, InclusionNature]
    holds: Mapping[str, Hold | str] = field(default_factory=dict)
    open_invoices: AbstractSet[str] = frozenset()
    is_telecom: bool = True
    grouped: bool = False
    creditor_id: str | None = None
    tolerance: Money = ZERO
    reason_map: ReasonMap | None = None
    newest_due: date = field(init=False)
    oldest_due: date = field(init=False)
    adult_since: date = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        newest = self.today - timedelta(days=settings.minimum_days_late)
        oldest = years_before(self.today, settings.maximum_age_years) + timedelta(days=settings.age_margin_days)
        object.__setattr__(self, "newest_due", newest)
        object.__setattr__(self, "oldest_due", oldest)
        object.__setattr__(self, "adult_since", years_before(self.today, ADULT_YEARS))


def years_before(day: date, years: int) -> date:
    """The same day some years earlier; from 29 February, where that year has none, the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
