"""A negativation: what the creditor wants, what the bureau is known to have, and its one row of work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.documents import Document
from credit_protection.domain.events import Event
from credit_protection.domain.money import Money, total
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.settlements import (
    Entry,
    InvoiceSettlementStatus,
    RemovalClock,
    settlement_statuses_of,
)
from credit_protection.domain.state_table import Action, Desired, Observed, next_action


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Requests of one kind that were sent and whose effect is not known (rule 6).

    The first was claimed at `since`; until `quiet_until` one of them could take effect.
    """

    count: int
    since: datetime
    quiet_until: datetime


@dataclass(frozen=True, slots=True)
class NegativatedInvoice:
    """One invoice that a negativation covers, as it was when chosen.

    Args:
        principal: the invoice's whole amount, which the payments on the ledger must cover, BRL.
        amount: reported for it, BRL.
        balance: the ERP's open balance when the inclusion was claimed, or was requested before; None where not known.
    """

    invoice_id: str
    number: str
    due_date: date
    principal: Money
    amount: Money
    balance: Money | None = None


STOPPED_BY_PERSON = "parado_por_pessoa"
"""Code of the block that a person set ("Parar de tentar")."""
UNKNOWN_REASON = "motivo_desconhecido"
"""Code of the block after the bureau knew none of the codes of a removal's reason."""


@dataclass(frozen=True, slots=True)
class Block:
    """Why no attempt is made until a person decides."""

    code: str
    message: str
    at: datetime

    @property
    def is_manual(self) -> bool:
        """Whether a person stopped the attempts: then no answer of the bureau starts them again."""
        return self.code == STOPPED_BY_PERSON


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's lease of a transmission, for one call, from before any byte was sent (`at`) until `until`.

    The answer must bring back the token `fence`.
    """

    action: Action
    worker: str
    at: datetime
    until: datetime
    fence: int


@dataclass(frozen=True, slots=True)
class Transmission:
    """The one row of work that a negativation has (transmissão).

    Args:
        action: what the table says; stored so that the queue can be read without the rules.
        due_at: not before this instant, UTC.
        deadline: the earliest legal deadline; None while nothing is to be removed.
        attempts: failed ones in a row.
        fence: the newest token issued.
    """

    action: Action
    due_at: datetime
    deadline: date | None = None
    attempts: int = 0
    fence: int = 0
    claim: Claim | None = None
    block: Block | None = None
    last_error: str = ""

    @property
    def is_open(self) -> bool:
        """Open if and only if the table gives an action; blocked ones are open too (rule 5)."""
        return self.action.is_open


@dataclass(frozen=True, slots=True)
class Negativation:
    """One debt record at a bureau. It lives once: after its removal, a new request makes a new one.

    Args:
        host: the host that owns customer and invoices.
        invoices: what it covers; one, or several where grouped.
        reference: contract reference, at most 16 of `[A-Z0-9-]`, unique; with document and due date the bureau's key.
        triggers: effective reasons to remove; `desired` is REMOVED while there is one.
        unanswered_inclusions: inclusions whose effect is not known.
        known_at: when the bureau first acknowledged the record; None while it never did.
        published_on: when the record shows in queries.
        published_is_estimated: whether that date is our estimate from the state's notice term.
        removal_reason: decided at the last removal claim.
        removal_code: the bureau's code that was sent for it; empty where none was known.
        refused_codes: the codes that the bureau did not know, since a person last resumed.
        is_adopted: taken over from before this software came.
        is_unconfirmed: it stands by the word of a file or a person; the bureau has not shown it in the present account.
        inclusion_not_understood: an inclusion was answered and the answer not understood: it is never sent again
            without a person.
        not_understood: how many answers to removals and look-ups were not understood since the last one that was.
    """

    id: str
    request_id: str
    integration_id: str
    creditor_id: str
    registry: Registry
    host: str
    customer_id: str
    subscription_id: str
    customer_name: str
    document: Document
    invoices: tuple[NegativatedInvoice, ...]
    nature_code: str
    reference: str
    requested_by: str
    created_at: datetime
    transmission: Transmission
    observed: Observed
    observed_since: datetime
    triggers: tuple[RemovalTrigger, ...] = ()
    unanswered_inclusions: Unanswered | None = None
    unanswered_removals: Unanswered | None = None
    known_at: datetime | None = None
    bureau_id: str | None = None
    notice_sent_on: date | None = None
    published_on: date | None = None
    published_is_estimated: bool = False
    removal_reason: RemovalReason | None = None
    removal_code: str = ""
    refused_codes: tuple[str, ...] = ()
    inclusion_claims: int = 0
    removal_claims: int = 0
    rejection: str = ""
    is_adopted: bool = False
    is_unconfirmed: bool = False
    inclusion_not_understood: bool = False
    not_understood: int = 0
    version: int = 1

    @property
    def desired(self) -> Desired:
        """REMOVED while there is any trigger."""
        return Desired.REMOVED if self.triggers else Desired.INCLUDED

    @property
    def amount(self) -> Money:
        """What is reported: the sum of its invoices, BRL."""
        return total(invoice.amount for invoice in self.invoices)

    @property
    def due_date(self) -> date:
        """What is reported: the oldest due date."""
        return min(invoice.due_date for invoice in self.invoices)

    def settlement_statuses(
        self, entries: Iterable[Entry], tolerance: Money, clock: RemovalClock | None = None
    ) -> dict[str, InvoiceSettlementStatus]:
        """The status of each of its invoices, from every entry of them and the policy's tolerance.

        With a clock, its day is that from which the legal term of the removal counts.
        """
        return settlement_statuses_of(
            {invoice.invoice_id: invoice.principal for invoice in self.invoices}, entries, tolerance, clock
        )

    def with_balances(self, balances: Mapping[str, Money]) -> Negativation:
        """The same, with the ERP's open balances by invoice id, as read for the claim of its inclusion."""
        invoices = (replace(each, balance=balances.get(each.invoice_id, each.balance)) for each in self.invoices)
        return replace(self, invoices=tuple(invoices))

    @property
    def deadline(self) -> date | None:
        """The earliest deadline of its triggers."""
        return min((trigger.deadline for trigger in self.triggers), default=None)

    @property
    def is_closed(self) -> bool:
        """Whether it is over: cancelled before sending, refused, or gone."""
        return self.observed in {Observed.REJECTED, Observed.GONE} or (
            self.observed is Observed.ABSENT and self.desired is Desired.REMOVED
        )

    def has_trigger(self, cause: RemovalCause) -> bool:
        """Whether it is to be removed for this cause."""
        return any(trigger.cause is cause for trigger in self.triggers)


def may_have_duplicates(negativation: Negativation, capabilities: Capabilities) -> bool:
    """Whether more than one of its inclusions may have reached the bureau.

    Another is sent only after a "not found", where repeating is declared safe, or where the one before is known not to
    have been executed. A gateway without look-up and without repeat has only this last case.
    """
    return negativation.inclusion_claims > 1 and (capabilities.find or capabilities.include_is_repeatable)


@dataclass(frozen=True, slots=True)
class Change:
    """A new state and its events."""

    negativation: Negativation
    events: tuple[Event, ...] = ()


def without_claim(negativation: Negativation) -> Negativation:
    """The same, leased by no worker."""
    return replace(negativation, transmission=replace(negativation.transmission, claim=None))


def sync_transmission(negativation: Negativation, capabilities: Capabilities, due_at: datetime) -> Negativation:
    """Bring the transmission in line with the table after a change of desired or observed (rule 5).

    A block of another action is dropped; a person's block stays while there is anything to do.
    """
    work = negativation.transmission
    action = next_action(
        negativation.observed,
        negativation.desired,
        capabilities,
        may_include=not negativation.inclusion_not_understood,
    )
    if action is Action.REMOVE and negativation.is_unconfirmed and capabilities.find:
        action = Action.LOOK_UP  # a removal by id must remove the right record: the bureau shows it first
    same = action is work.action
    stopped = work.block is not None and work.block.is_manual and action.is_open
    return replace(
        negativation,
        transmission=replace(
            work,
            action=action,
            due_at=due_at,
            deadline=negativation.deadline if action.is_open else None,
            attempts=work.attempts if same else 0,
            block=work.block if same or stopped else None,
        ),
    )
