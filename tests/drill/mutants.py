"""Rules switched off, to show that the drill notices. The process must do nothing else afterwards."""

# ruff: noqa: ANN401 - a patch passes on whatever it is given
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.repositories import settlements as stored
from credit_protection.application import inclusions
from credit_protection.domain import requests, transmissions
from credit_protection.domain.negativations import Change
from credit_protection.domain.observations import answers
from credit_protection.domain.state_table import Action, Observed

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
    """Take "not found" as not executed, however early the look-up."""
    not_found = answers.not_found

    def at_once(negativation: Negativation, asked_at: datetime, context: Any) -> Change:
        return not_found(replace(negativation, unanswered_inclusions=None), asked_at, context)

    vars(answers)["not_found"] = at_once


def _forget_the_doubt() -> None:
    """Take the inclusion of a crashed worker as never sent."""
    expire = transmissions.expire

    def lightly(negativation: Negativation, capabilities: Capabilities, now: datetime) -> Change:
        lease = negativation.transmission.claim
        if lease is not None and lease.until <= now and lease.action is Action.INCLUDE:
            negativation = replace(negativation, observed=Observed.ABSENT, unanswered_inclusions=None)
        return expire(negativation, capabilities, now)

    transmissions.expire = lightly


def _claim_on_old_facts() -> None:
    """Rule 7: claim an inclusion on the facts of its request."""

    def undecided(_tenant: Any, _unit: Any, negativation: Negativation, _context: Any) -> Change:
        return Change(negativation)

    vars(inclusions)["decide_removal"] = undecided
    inclusions._refusal = lambda *_: None


def _create_without_the_ledger() -> None:
    """Rule 8: create without locking the invoices or reading their settlements."""
    requests.settled_findings = lambda *_: []
    stored.SqlSettlements.lock_invoices = lambda *_: None  # type: ignore[method-assign]
