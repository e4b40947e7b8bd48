"""A negativation in any possible state: what is drawn, and all that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import Enum, auto

from hypothesis import strategies as st

from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.customers import Invoice
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Block,
    NegativatedInvoice,
    Negativation,
    Transmission,
    Unanswered,
    sync_transmission,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger, removal_deadline
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.transmissions import claim, is_claimable
from credit_protection.testing.strategies.bureaus_and_operators import NATURE
from credit_protection.testing.strategies.hosts import overdue_invoices
from credit_protection.testing.strategies.values import FIRST_NAMES, NOW, TODAY, documents

_ONLY_WHILE_REMOVING = frozenset({Observed.IN_DOUBT_REMOVE, Observed.REMOVING, Observed.GONE})
_ACKNOWLEDGED = _ONLY_WHILE_REMOVING | {Observed.INCLUDING, Observed.PRESENT}


def negativations(
    capabilities: Capabilities | None = None,
    observed: Observed | None = None,
    desired: Desired | None = None,
    today: date = TODAY,
) -> st.SearchStrategy[Negativation]:
    """A negativation in any possible state, with claims, doubts, acknowledgement and transmission to match.

    The `capabilities` of its gateway decide the next action; by default it can look records up. Without `observed` or
    `desired` each is any that goes with the other. `today` is the creditor's date, for the deadlines.
    """
    pairs = [
        (seen, wanted)
        for seen in Observed
        for wanted in Desired
        if observed in {None, seen}
        and desired in {None, wanted}
        and not (seen in _ONLY_WHILE_REMOVING and wanted is Desired.INCLUDED)
    ]
    declared = Capabilities(Registry.SPC) if capabilities is None else capabilities
    most = 3 if declared.grouping else 1
    invoices = st.lists(overdue_invoices(today), min_size=1, max_size=most, unique_by=lambda invoice: invoice.id)
    return _negativation(st.sampled_from(pairs), invoices, declared, today)


class _Interruption(Enum):
    """Whether a worker leases the transmission or a person stopped it."""

    NONE = auto()
    LEASE = auto()
    STOP = auto()


# Built once: a strategy that is built in each draw doubles the time of an example.
_INTERRUPTIONS = st.sampled_from(_Interruption)
_NAMES = st.sampled_from(FIRST_NAMES)
_DOCUMENTS = documents()
_CAUSES = st.lists(st.sampled_from(RemovalCause), min_size=1, max_size=3, unique=True)

_IN_FLIGHT = {
    (Observed.IN_DOUBT_INCLUDE, Desired.INCLUDED): Observed.ABSENT,
    (Observed.IN_DOUBT_REMOVE, Desired.REMOVED): Observed.PRESENT,
}
"""What was observed before the claim of an inclusion or removal whose call is running."""

_REASONS = {RemovalCause.PERSON: RemovalReason.CREDITOR_REQUEST, RemovalCause.COURT: RemovalReason.COURT_ORDER}
"""The reason that a person gives, by cause."""


@st.composite
def _negativation(
    draw: st.DrawFn,
    pairs: st.SearchStrategy[tuple[Observed, Desired]],
    invoices: st.SearchStrategy[list[Invoice]],
    capabilities: Capabilities,
    today: date,
) -> Negativation:
    pair, interruption = draw(pairs), draw(_INTERRUPTIONS)
    is_in_flight = interruption is _Interruption.LEASE and pair in _IN_FLIGHT
    observed = _IN_FLIGHT[pair] if is_in_flight else pair[0]
    new = _new(draw, draw(invoices), capabilities)
    if pair[1] is Desired.REMOVED:
        new = replace(new, triggers=_triggers(draw, today))
    since = new.created_at + timedelta(minutes=draw(st.integers(1, 1440)))
    known = _with_history(draw, replace(new, observed=observed, observed_since=since), capabilities, today)
    made = sync_transmission(known, capabilities, since)
    if interruption is _Interruption.LEASE:
        return _with_lease(made, capabilities, sends=is_in_flight)
    if interruption is _Interruption.STOP and made.transmission.is_open:
        block = Block(STOPPED_BY_PERSON, "Aguardando o jurídico.", NOW)
        return replace(made, transmission=replace(made.transmission, block=block))
    return made


def _new(draw: st.DrawFn, invoices: Sequence[Invoice], capabilities: Capabilities) -> Negativation:
    number, created = draw(st.integers(1, 999_999)), NOW - timedelta(days=draw(st.integers(2, 300)))
    return Negativation(
        id=f"n{number}",
        request_id=f"r{number}",
        integration_id="i1",
        creditor_id="cr1",
        registry=capabilities.registry,
        host="local",
        customer_id="c1",
        subscription_id="s1",
        customer_name=draw(_NAMES),
        document=draw(_DOCUMENTS),
        invoices=tuple(
            NegativatedInvoice(invoice.id, invoice.number, invoice.due_date, invoice.balance, invoice.balance)
            for invoice in invoices
        ),
        nature_code=NATURE.code,
        reference=f"CP-{number:06d}",
        requested_by="u1",
        created_at=created,
        transmission=Transmission(Action.INCLUDE, created),
        observed=Observed.ABSENT,
        observed_since=created,
    )


def _triggers(draw: st.DrawFn, today: date) -> tuple[RemovalTrigger, ...]:
    causes = draw(_CAUSES)
    if {RemovalCause.SETTLEMENT, RemovalCause.AGREEMENT} <= set(causes):
        causes.remove(RemovalCause.AGREEMENT)
    age = timedelta(days=draw(st.integers(0, 10)))
    return tuple(
        RemovalTrigger(
            cause,
            NOW - age,
            removal_deadline(cause, today - age, BusinessCalendar()),
            "u1" if cause in _REASONS else None,
            _REASONS.get(cause),
        )
        for cause in causes
    )


def _with_history(draw: st.DrawFn, new: Negativation, capabilities: Capabilities, today: date) -> Negativation:
    """With the claims and answers that must precede its observed state."""
    observed, since = new.observed, new.observed_since
    is_known = observed in _ACKNOWLEDGED
    is_active = is_known and observed is not Observed.INCLUDING
    is_adopted = draw(st.booleans()) and is_active
    was_sent = not is_adopted and (draw(st.booleans()) or observed is not Observed.ABSENT)
    by_bureau = all(trigger.cause is RemovalCause.BUREAU for trigger in new.triggers)
    was_removed = observed is Observed.REMOVING or (observed in _ONLY_WHILE_REMOVING and not by_bureau)
    inclusions = draw(st.integers(1, 2))
    one = Unanswered(1, since, since + capabilities.quiet_period)
    return replace(
        new,
        is_adopted=is_adopted,
        inclusion_claims=inclusions if was_sent else 0,
        removal_claims=int(was_removed),
        removal_reason=RemovalReason.CREDITOR_REQUEST if was_removed else None,
        known_at=since if is_known else None,
        bureau_id=f"B-{new.id}" if is_known else None,
        rejection="17: dados divergentes" if observed is Observed.REJECTED else "",
        published_on=today + timedelta(days=draw(st.integers(-30, 20))) if is_active else None,
        published_is_estimated=draw(st.booleans()) and is_active,
        unanswered_inclusions=replace(one, count=inclusions) if observed is Observed.IN_DOUBT_INCLUDE else None,
        unanswered_removals=one if was_removed and observed is Observed.IN_DOUBT_REMOVE else None,
    )


def _with_lease(negativation: Negativation, capabilities: Capabilities, *, sends: bool) -> Negativation:
    """With a worker's lease: for a look-up, or, where `sends`, for the inclusion or removal that is due."""
    action = negativation.transmission.action
    looks_up = action in {Action.LOOK_UP, Action.POLL}
    if not (looks_up or sends) or not is_claimable(negativation.transmission, NOW):
        return negativation
    reason = RemovalReason.CREDITOR_REQUEST if action is Action.REMOVE else None
    return claim(negativation, capabilities, now=NOW, worker="worker-1", reason=reason).negativation
