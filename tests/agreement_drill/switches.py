"""Rules of the comparison that can be switched off, each by one function: a drill without it must find harm."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import PropertyMock, patch

from credit_protection.application import account_change, reading_effects
from credit_protection.application.batched_updates import Ledger
from credit_protection.application.debt_age import DebtAge
from credit_protection.application.held_debts import HeldDebts
from credit_protection.application.reconciliation.findings import LookedUp
from credit_protection.application.reconciliation.lookups import LookUps
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.comparison import bureau_side, entries, erp_side, policies
from credit_protection.domain.comparison.readings import StoredReading
from credit_protection.domain.events import EventKind
from credit_protection.domain.observations import answers
from credit_protection.domain.observations.transitions import transition
from credit_protection.domain.reasons import ReasonMap
from credit_protection.domain.state_table import Observed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from datetime import datetime

    from credit_protection.domain.comparison.entries import CoveredDebt
    from credit_protection.domain.comparison.readings import Reading
    from credit_protection.domain.negativations import Change, Negativation
    from credit_protection.domain.observations.transitions import AnswerContext

_candidates = ReasonMap.candidates
_moved: Any = erp_side._moved


def _without_lag(tenant: TenantPorts) -> datetime:
    return tenant.clock.now()


def _as_stored(stored: StoredReading, _newest_applied_at: datetime | None) -> StoredReading:
    return stored


def _within_tolerance(reading: Reading, _effective: object, debts: Sequence[CoveredDebt]) -> bool:
    return bool(debts) and all(reading.balance <= each.tolerance for each in debts)


def _absent(negativation: Negativation, context: AnswerContext) -> Change:
    none = replace(negativation, unanswered_removals=None)
    return transition(none, Observed.ABSENT, context, EventKind.NOT_FOUND)


def _not_looked_up(look_ups: LookUps, negativation: Negativation) -> Generator[bool, None, LookedUp]:
    yield False
    return LookedUp(negativation, None, None, look_ups._tenant.clock.now())


def _copies_are_postponed(*arguments: object) -> tuple[Sequence[object], Sequence[object]]:
    postponed, copied = _moved(*arguments)
    return [*postponed, *copied], []


def _first_code(reasons: ReasonMap, *arguments: Any) -> tuple[str, ...]:  # noqa: ANN401 - as they come
    return _candidates(reasons, *arguments)[:1]


_YES = PropertyMock(return_value=True)
SWITCHES: Mapping[str, Callable[[], Any]] = {
    "lag": lambda: patch.object(TenantPorts, "host_as_of", _without_lag),
    "two_readings": lambda: patch.object(StoredReading, "is_status_confirmed", _YES),
    "beside_ledger": lambda: patch.object(reading_effects, "beside_ledger", _as_stored),
    "due_date_twice": lambda: patch.object(StoredReading, "is_due_date_confirmed", _YES),
    "missing_for_a_day": lambda: patch.object(erp_side, "MISSING_AFTER", timedelta(0)),
    "balance_fell": lambda: patch.object(entries, "counts_as_settled", _within_tolerance),
    "second_copy": lambda: patch.object(erp_side, "_moved", _copies_are_postponed),
    "unapplied_entries": lambda: patch.object(Ledger, "has_unapplied", lambda *_: False),
    "brake": lambda: patch.object(reading_effects, "allowed_turns", lambda *_, **__: 10**9),
    "unconfirmed": lambda: patch.object(answers, "_unconfirmed_missing", _absent),
    "look_up_before_absence": lambda: patch.object(LookUps, "found", _not_looked_up),
    "suspect_list": lambda: patch.object(bureau_side, "is_suspect", lambda *_: False),
    "instant_of_the_list": lambda: patch.object(bureau_side, "is_comparable", lambda *_: True),
    "account": lambda: patch.object(account_change, "changes_account", lambda *_: False),
    "held": lambda: patch.object(HeldDebts, "check_all", lambda _: ()),
    "all_of_a_group": lambda: patch.object(policies, "_is_each_over", lambda *_: True),
    "five_years": lambda: patch.object(DebtAge, "check", lambda _: 0),
    "reopened": lambda: patch.object(bureau_side, "is_surely_ours", lambda *_: False),
    "reason_fallback": lambda: patch.object(ReasonMap, "candidates", _first_code),
}
"""By name, the patch that switches a rule off."""


@contextmanager
def without_rule(name: str) -> Iterator[None]:
    """Without one rule."""
    with SWITCHES[name]():
        yield
