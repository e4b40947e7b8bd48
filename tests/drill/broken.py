"""Rules switched off, to show that the drill would see it. For a process that does nothing else afterwards."""

# ruff: noqa: ANN401 - a patch passes on whatever it is given
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.repositories import settlements as stored
from credit_protection.application import claims, negativations
from credit_protection.domain import observations, transmissions
from credit_protection.domain.negativations import Action, Change, Observed

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation

RULES = ("", "6", "7+8")


def switch_off(rule: str) -> None:
    """Switch a rule off in this process."""
    if rule == "6":
        _trust_not_found()
        _forget_the_doubt()
    elif rule == "7+8":
        _claim_on_old_facts()
        _create_without_the_ledger()


def _trust_not_found() -> None:
    """What is not found was not executed, however soon it is asked."""
    missing = observations._missing

    def at_once(negativation: Negativation, asked_at: datetime, moment: Any) -> Change:
        return missing(replace(negativation, unanswered_inclusions=None), asked_at, moment)

    observations._missing = at_once


def _forget_the_doubt() -> None:
    """A dead worker's inclusion was never sent."""
    expire = transmissions.expire

    def lightly(negativation: Negativation, gateway: Capabilities, now: datetime) -> Change:
        held = negativation.transmission.claim
        if held is not None and held.until <= now and held.action is Action.INCLUDE:
            negativation = replace(negativation, observed=Observed.ABSENT, unanswered_inclusions=None)
        return expire(negativation, gateway, now)

    transmissions.expire = lightly


def _claim_on_old_facts() -> None:
    """Rule 7: an inclusion is claimed on what was true when it was asked for."""

    def undecided(_tenant: Any, _unit: Any, negativation: Negativation) -> Change:
        return Change(negativation)

    vars(claims)["decide"] = undecided
    claims.Claims._refusal = lambda *_: ""  # type: ignore[method-assign]


def _create_without_the_ledger() -> None:
    """Rule 8: a creation neither locks the invoices nor looks at their settlements."""
    negativations._settled = lambda *_: []
    stored.SqlSettlements.lock_invoices = lambda *_: None  # type: ignore[method-assign]
