"""A negativation in any state that can be: what is drawn of its life, and all that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.legal_calendar import BusinessCalendar, RemovalCause, removal_deadline
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Action,
    Block,
    Desired,
    NegativatedInvoice,
    Negativation,
    Observed,
    Transmission,
    Unanswered,
    sync_transmission,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalTrigger
from credit_protection.domain.transmissions import claim, is_claimable
from credit_protection.testing.strategies.bureaus import NATURE
from credit_protection.testing.strategies.documents_and_money import documents
from credit_protection.testing.strategies.hosts import overdue_invoices
from credit_protection.testing.strategies.shared import FIRST_NAMES, NOW, TODAY

if TYPE_CHECKING:
    from datetime import date, datetime

    from hypothesis.strategies import SearchStrategy

    from credit_protection.domain.customers import Invoice
    from credit_protection.domain.documents import Document


_ONLY_WHILE_REMOVING = frozenset({Observed.IN_DOUBT_REMOVE, Observed.REMOVING, Observed.GONE})
_ACKNOWLEDGED = _ONLY_WHILE_REMOVING | {Observed.INCLUDING, Observed.PRESENT}


def negativations(
    gateway: Capabilities | None = None,
    observed: Observed | None = None,
    desired: Desired | None = None,
    today: date = TODAY,
) -> SearchStrategy[Negativation]:
    """A negativation in any state that can be: claims, doubts, acknowledgement and transmission agree with it.

    Args:
        gateway: of which gateway, since the next action depends on it; None for one that can look records up.
        observed: what the bureau is known to hold; None for any.
        desired: what the creditor wants; None for any that goes with `observed`.
        today: the creditor's date, for the deadlines.
    """
    pairs = [
        (seen, wanted)
        for seen in Observed
        for wanted in Desired
        if observed in {None, seen}
        and desired in {None, wanted}
        and not (seen in _ONLY_WHILE_REMOVING and wanted is Desired.INCLUDED)
    ]
    spoken_to = Capabilities(Registry.SPC) if gateway is None else gateway
    most = 3 if spoken_to.grouping else 1
    lives = st.builds(
        _Life,
        pair=st.sampled_from(pairs),
        number=st.integers(1, 999_999),
        name=st.sampled_from(FIRST_NAMES),
        document=documents(),
        invoices=st.lists(overdue_invoices(today), min_size=1, max_size=most, unique_by=lambda invoice: invoice.id),
        age=st.integers(2, 300).map(lambda days: timedelta(days=days)),
        answered_after=st.integers(1, 1440).map(lambda minutes: timedelta(minutes=minutes)),
        causes=st.lists(st.sampled_from(RemovalCause), min_size=1, max_size=3, unique=True),
        days_unwanted=st.integers(0, 10),
        inclusions=st.integers(1, 2),
        was_sent=st.booleans(),
        is_adopted=st.booleans(),
        days_to_publication=st.integers(-30, 20),
        is_estimated=st.booleans(),
        grip=st.sampled_from(_Grip),
    )
    return lives.map(lambda life: life.lived(spoken_to, today))


class _Grip(Enum):
    """Who has the transmission in hand."""

    NOBODY = auto()
    WORKER = auto()
    PERSON = auto()


_IN_FLIGHT = {
    (Observed.IN_DOUBT_INCLUDE, Desired.INCLUDED): Observed.ABSENT,
    (Observed.IN_DOUBT_REMOVE, Desired.REMOVED): Observed.PRESENT,
}
"""A claimed inclusion or removal whose call is running: what was known before the claim."""

_CHOSEN = {
    RemovalCause.PERSON: RemovalReason.CREDITOR_REQUEST,
    RemovalCause.COURT: RemovalReason.COURT_ORDER,
}
"""What a person asks for, and as what."""


@dataclass(frozen=True)
class _Life:
    """What is drawn of a negativation; all the rest follows from it."""

    pair: tuple[Observed, Desired]
    number: int
    name: str
    document: Document
    invoices: list[Invoice]
    age: timedelta
    answered_after: timedelta
    causes: list[RemovalCause]
    days_unwanted: int
    inclusions: int
    was_sent: bool
    is_adopted: bool
    days_to_publication: int
    is_estimated: bool
    grip: _Grip

    def lived(self, gateway: Capabilities, today: date) -> Negativation:
        """The negativation."""
        in_flight = self.grip is _Grip.WORKER and self.pair in _IN_FLIGHT
        observed = _IN_FLIGHT[self.pair] if in_flight else self.pair[0]
        since = NOW - self.age + self.answered_after
        known = self._remembered(observed, since, gateway, today)
        settled = sync_transmission(replace(known, observed=observed, observed_since=since), gateway, since)
        if self.grip is _Grip.WORKER:
            return _held(settled, gateway, sends=in_flight)
        if self.grip is _Grip.PERSON and settled.transmission.is_open:
            block = Block(STOPPED_BY_PERSON, "Aguardando o jurídico.", NOW)
            return replace(settled, transmission=replace(settled.transmission, block=block))
        return settled

    def _born(self, gateway: Capabilities, today: date) -> Negativation:
        covered = tuple(
            NegativatedInvoice(invoice.id, invoice.number, invoice.due_date, invoice.balance, invoice.balance)
            for invoice in self.invoices
        )
        created = NOW - self.age
        return Negativation(
            id=f"n{self.number}",
            request_id=f"r{self.number}",
            integration_id="i1",
            creditor_id="cr1",
            registry=gateway.registry,
            host="local",
            customer_id="c1",
            subscription_id="s1",
            customer_name=self.name,
            document=self.document,
            invoices=covered,
            nature_code=NATURE.code,
            reference=f"CP-{self.number:06d}",
            requested_by="u1",
            created_at=created,
            transmission=Transmission(Action.INCLUDE, created),
            observed=Observed.ABSENT,
            observed_since=created,
            triggers=self._triggers(today) if self.pair[1] is Desired.REMOVED else (),
        )

    def _triggers(self, today: date) -> tuple[RemovalTrigger, ...]:
        both = {RemovalCause.SETTLEMENT, RemovalCause.AGREEMENT} <= set(self.causes)
        on, at = today - timedelta(days=self.days_unwanted), NOW - timedelta(days=self.days_unwanted)
        return tuple(
            RemovalTrigger(
                cause,
                at,
                removal_deadline(cause, on, BusinessCalendar()),
                "u1" if cause in _CHOSEN else None,
                _CHOSEN.get(cause),
            )
            for cause in self.causes
            if not (both and cause is RemovalCause.AGREEMENT)
        )

    def _remembered(self, observed: Observed, since: datetime, gateway: Capabilities, today: date) -> Negativation:
        """With what must have been claimed, answered and told for the bureau to be known to hold `observed`."""
        born = self._born(gateway, today)
        acknowledged = observed in _ACKNOWLEDGED
        settled_there = acknowledged and observed is not Observed.INCLUDING
        adopted = settled_there and self.is_adopted
        sent = not adopted and (self.was_sent or observed is not Observed.ABSENT)
        by_bureau = all(trigger.cause is RemovalCause.BUREAU for trigger in born.triggers)
        removed = observed is Observed.REMOVING or (observed in _ONLY_WHILE_REMOVING and not by_bureau)
        one = Unanswered(1, since, since + gateway.quiet_period)
        doubt = replace(one, count=self.inclusions) if observed is Observed.IN_DOUBT_INCLUDE else None
        return replace(
            born,
            is_adopted=adopted,
            inclusion_claims=self.inclusions if sent else 0,
            removal_claims=1 if removed else 0,
            removal_reason=RemovalReason.CREDITOR_REQUEST if removed else None,
            known_at=since if acknowledged else None,
            bureau_id=f"B-{born.id}" if acknowledged else None,
            rejection="17: dados divergentes" if observed is Observed.REJECTED else "",
            published_on=today + timedelta(days=self.days_to_publication) if settled_there else None,
            published_is_estimated=settled_there and self.is_estimated,
            unanswered_inclusions=doubt,
            unanswered_removals=one if removed and observed is Observed.IN_DOUBT_REMOVE else None,
        )


def _held(negativation: Negativation, gateway: Capabilities, *, sends: bool) -> Negativation:
    """With a worker's hold, for a look-up, or where it `sends` the request that brings the record where it shall be."""
    action = negativation.transmission.action
    asks = action in {Action.LOOK_UP, Action.POLL}
    if not (asks or sends) or not is_claimable(negativation.transmission, NOW):
        return negativation
    reason = RemovalReason.CREDITOR_REQUEST if action is Action.REMOVE else None
    return claim(negativation, gateway, now=NOW, worker="worker-1", reason=reason).negativation
