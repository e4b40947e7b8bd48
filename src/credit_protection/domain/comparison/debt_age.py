"""A debt may be on file for five years (CDC art. 43 §1): an alarm 30 days before, and the removal on that day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.divergences import Difference, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.guards.facts import years_before
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.removals import request_removal

ALARM_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class AgeContext:
    """Under what the age of a debt is judged; `today` is the creditor's date, `years` the longest that it may stand."""

    years: int
    today: date
    now: datetime
    capabilities: Capabilities

    @property
    def alarm_until(self) -> date:
        """Debts due that day or before are shown."""
        return years_before(self.today + ALARM_BEFORE, self.years)

    @property
    def removed_until(self) -> date:
        """Debts due that day or before are removed."""
        return years_before(self.today, self.years)


def age_difference(negativation: Negativation, context: AgeContext) -> Difference | None:
    """The difference of a debt that is near or beyond its age; None where it is younger, or its removal is desired."""
    if negativation.is_closed or negativation.due_date > context.alarm_until:
        return None
    if any(trigger.cause is not RemovalCause.DIVERGENCE for trigger in negativation.triggers):
        return None
    message = (
        f"A dívida completa {context.years} anos e não pode mais constar. Ela é removida nesse dia, sem que ninguém "
        "precise pedir."
    )
    return Difference(
        negativation.id,
        DivergenceCode.FIVE_YEARS,
        Side.ERP,
        DivergenceSeverity.ALARM,
        f"vencimento {negativation.due_date.isoformat()}",
        f"{context.years} anos",
        message,
    )


def remove_by_age(negativation: Negativation, context: AgeContext) -> Change:
    """Request the removal of a debt that has reached its age; no person keeps it. Idempotent."""
    is_requested = any(each.code == DivergenceCode.FIVE_YEARS.value for each in negativation.triggers)
    if negativation.is_closed or is_requested or negativation.due_date > context.removed_until:
        return Change(negativation)
    trigger = RemovalTrigger(
        RemovalCause.DIVERGENCE,
        context.now,
        context.today,
        reason=RemovalReason.OTHER,
        note=f"{context.years} anos do vencimento",
        code=DivergenceCode.FIVE_YEARS.value,
    )
    return request_removal(negativation, trigger, context.capabilities, context.now)
