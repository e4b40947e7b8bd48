"""A negativation: what the creditor wants, what the bureau is known to hold, and the table of what to do next.

`next_action` is the table of docs/domain.md, "Desired and observed". Nothing else decides what is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.capabilities import RemovalKey
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.money import total
from credit_protection.domain.settlements import standings_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from credit_protection.domain.capabilities import Capabilities, Registry
    from credit_protection.domain.documents import Document
    from credit_protection.domain.events import Event
    from credit_protection.domain.money import Money
    from credit_protection.domain.reasons import RemovalReason
    from credit_protection.domain.removal_policy import RemovalTrigger
    from credit_protection.domain.settlements import Entry, InvoiceStanding


class Desired(StrEnum):
    """What the creditor wants."""

    INCLUDED = "included"
    REMOVED = "removed"


class Observed(StrEnum):
    """What the bureau is known to hold."""

    ABSENT = "absent"
    IN_DOUBT_INCLUDE = "in_doubt_include"
    INCLUDING = "including"
    PRESENT = "present"
    IN_DOUBT_REMOVE = "in_doubt_remove"
    REMOVING = "removing"
    REJECTED = "rejected"
    GONE = "gone"


class Action(StrEnum):
    """What to do next. The first four are calls to the bureau."""

    INCLUDE = "include"
    LOOK_UP = "look_up"
    POLL = "poll"
    REMOVE = "remove"
    AWAIT_CALLBACK = "await_callback"
    """Open, but the bureau speaks next."""
    ASK_PERSON = "ask_person"
    """Open, and only a person can tell: the gateway can neither look it up nor safely repeat."""
    NOTHING = "nothing"
    CLOSE = "close"

    @property
    def is_call(self) -> bool:
        """Whether a worker makes a call for it."""
        return self in _CALLS

    @property
    def is_open(self) -> bool:
        """Whether the transmission stays open for it (rule 5)."""
        return self not in _CLOSED


_CALLS = frozenset({Action.INCLUDE, Action.LOOK_UP, Action.POLL, Action.REMOVE})
_CLOSED = frozenset({Action.NOTHING, Action.CLOSE})


class ImpossibleState(AssertionError):
    """A pair that the table says can't be: the software is wrong, not the operator."""


def next_action(observed: Observed, desired: Desired, gateway: Capabilities) -> Action:  # noqa: C901, PLR0911 - a table
    """The table: what is known and what is wanted give what to do.

    Args:
        observed: what the bureau is known to hold.
        desired: what the creditor wants.
        gateway: what the gateway can do.

    Raises:
        ImpossibleState: the pair can't be.
    """
    match observed, desired:
        case Observed.ABSENT, Desired.INCLUDED:
            return Action.INCLUDE
        case Observed.ABSENT, Desired.REMOVED:
            return Action.CLOSE
        case Observed.IN_DOUBT_INCLUDE, Desired.INCLUDED:
            return _ask_or(Action.INCLUDE, gateway, safe=gateway.include_is_repeatable)
        case Observed.IN_DOUBT_INCLUDE, Desired.REMOVED:
            natural = gateway.removal_key is RemovalKey.NATURAL and gateway.not_found_is_an_answer
            return _ask_or(Action.REMOVE, gateway, safe=natural)
        case Observed.INCLUDING, _:
            return _await_outcome(gateway)
        case Observed.PRESENT, Desired.INCLUDED:
            return Action.NOTHING
        case Observed.PRESENT, Desired.REMOVED:
            return Action.REMOVE if gateway.remove else Action.ASK_PERSON
        case Observed.IN_DOUBT_REMOVE, Desired.REMOVED:
            return _ask_or(Action.REMOVE, gateway, safe=gateway.remove_is_repeatable)
        case Observed.REMOVING, Desired.REMOVED:
            return _await_outcome(gateway)
        case Observed.REJECTED, _:
            return Action.CLOSE
        case Observed.GONE, Desired.REMOVED:
            return Action.CLOSE
        case _:
            raise ImpossibleState(f"{observed}, {desired}")


def _ask_or(repeat: Action, gateway: Capabilities, *, safe: bool) -> Action:
    """From doubt: ask the bureau; else repeat where that is safe; else a person."""
    if gateway.find:
        return Action.LOOK_UP
    return repeat if safe else Action.ASK_PERSON


def _await_outcome(gateway: Capabilities) -> Action:
    if gateway.polling:
        return Action.POLL
    return Action.AWAIT_CALLBACK if gateway.callback else Action.ASK_PERSON


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Requests of one kind that went out and whose fate is not known (rule 6).

    Args:
        count: how many.
        since: when the first was claimed, UTC.
        quiet_until: until then one of them could still land, UTC.
    """

    count: int
    since: datetime
    quiet_until: datetime


@dataclass(frozen=True, slots=True)
class NegativatedInvoice:
    """One invoice that a negativation covers, as it was when chosen.

    Args:
        invoice_id: the host's.
        number: what the customer sees on it.
        due_date: vencimento.
        principal: the invoice's whole amount, which the payments on the ledger must cover, BRL.
        amount: reported for it, BRL.
    """

    invoice_id: str
    number: str
    due_date: date
    principal: Money
    amount: Money


STOPPED_BY_PERSON = "parado_por_pessoa"
"""Code of the block that a person set ("Parar de tentar")."""


@dataclass(frozen=True, slots=True)
class Block:
    """Why no attempt is made until a person decides."""

    code: str
    message: str
    at: datetime

    @property
    def is_by_person(self) -> bool:
        """Whether a person stopped the attempts: then no answer of the bureau starts them again."""
        return self.code == STOPPED_BY_PERSON


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a transmission, for one call.

    Args:
        action: what is being done.
        worker: who.
        at: when it was claimed, UTC: before any byte was sent.
        until: when the lease ends, UTC.
        fence: the token that the answer must bring back.
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
        deadline: the earliest standing legal deadline; None while nothing is to be removed.
        attempts: failed ones in a row.
        fence: the newest token given out.
        claim: the running hold, if any.
        block: why it waits for a person, if it does.
        last_error: code of the last failure.
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
    """One debt record at a bureau. It lives once: after removal, asking anew makes a new one.

    Args:
        id: ours.
        request_id: the request that a person made.
        integration_id: through which integration.
        creditor_id: in whose name.
        registry: where the record ends up.
        host: the host that owns customer and invoices.
        customer_id: the host's.
        subscription_id: the host's serviço do cliente.
        customer_name: for lists.
        document: of the debtor.
        invoices: what it covers; one, or several where grouped.
        nature_code: the bureau's nature.
        reference: contract reference, at most 16 of `[A-Z0-9-]`, unique; with document and due date the bureau's key.
        requested_by: the actor who asked.
        created_at: instant, UTC.
        transmission: its work.
        observed: what the bureau is known to hold.
        observed_since: since when, UTC.
        triggers: standing reasons to remove; `desired` is REMOVED while there is one.
        unanswered_inclusions: inclusions whose fate is not known.
        unanswered_removals: removals whose fate is not known.
        known_at: when the bureau first acknowledged the record; None while it never did.
        bureau_id: the bureau's own id, where it gives one.
        notice_sent_on: when the bureau sent its notice.
        published_on: when the record shows in queries.
        published_is_estimated: whether that date is our estimate from the state's notice term.
        removal_reason: decided at the last removal claim.
        inclusion_claims: how many inclusions were ever claimed.
        removal_claims: how many removals were ever claimed.
        rejection: why the bureau refused the inclusion.
        is_adopted: taken over from before this software came.
        version: for optimistic locking.
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
    inclusion_claims: int = 0
    removal_claims: int = 0
    rejection: str = ""
    is_adopted: bool = False
    version: int = 1

    @property
    def desired(self) -> Desired:
        """REMOVED while any trigger stands."""
        return Desired.REMOVED if self.triggers else Desired.INCLUDED

    @property
    def amount(self) -> Money:
        """What is reported: the sum over its invoices, BRL."""
        return total(invoice.amount for invoice in self.invoices)

    @property
    def due_date(self) -> date:
        """What is reported: the oldest due date."""
        return min(invoice.due_date for invoice in self.invoices)

    def standings(self, entries: Iterable[Entry], tolerance: Money) -> dict[str, InvoiceStanding]:
        """How each of its invoices stands, from the ledger.

        Args:
            entries: every entry of its invoices.
            tolerance: the policy's.
        """
        return standings_of({invoice.invoice_id: invoice.principal for invoice in self.invoices}, entries, tolerance)

    @property
    def deadline(self) -> date | None:
        """The earliest deadline of the standing triggers."""
        return min((trigger.deadline for trigger in self.triggers), default=None)

    @property
    def is_closed(self) -> bool:
        """Whether it has run its course: cancelled before sending, refused, or gone."""
        return self.observed in {Observed.REJECTED, Observed.GONE} or (
            self.observed is Observed.ABSENT and self.desired is Desired.REMOVED
        )

    @property
    def is_in_doubt(self) -> bool:
        """Whether a request went out and its fate is not known."""
        return self.observed in {Observed.IN_DOUBT_INCLUDE, Observed.IN_DOUBT_REMOVE}


def may_be_several(negativation: Negativation, gateway: Capabilities) -> bool:
    """Whether more than one of its inclusions may have reached the bureau.

    Another is only ever sent after a "not found", or where repeating is declared safe, or where the one before is known
    not to have been executed; a gateway that can't look up and can't repeat has only this last.
    """
    return negativation.inclusion_claims > 1 and (gateway.find or gateway.include_is_repeatable)


@dataclass(frozen=True, slots=True)
class Change:
    """A new state and what happened on the way."""

    negativation: Negativation
    events: tuple[Event, ...] = ()


def sync_transmission(negativation: Negativation, gateway: Capabilities, due_at: datetime) -> Negativation:
    """Bring the transmission into line with the table after a change of desired or observed.

    Args:
        negativation: with the new desired or observed.
        gateway: what the gateway can do.
        due_at: not before this instant the next action is tried.

    Returns:
        The same with its transmission's action, deadline and clock. A block made for another action falls, but for a
        person's, which stays while there is anything to do.
    """
    work = negativation.transmission
    action = next_action(negativation.observed, negativation.desired, gateway)
    same = action is work.action
    stopped = work.block is not None and work.block.is_by_person and action.is_open
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


class Status(StrEnum):
    """The one status that an operator reads; the value is the Portuguese text."""

    WAITING = "aguardando envio"
    SENT = "enviada"
    NOTICE = "em prazo de aviso"
    NEGATIVATED = "negativada"
    REFUSED = "recusada"
    REMOVAL_QUEUED = "na fila de remoção"
    REMOVAL_SENT = "remoção enviada"
    REMOVED = "removida"
    CANCELLED = "cancelada antes do envio"
    REMOVED_BY_BUREAU = "removida pelo birô"
    CHECKING = "em verificação"
    NEEDS_PERSON = "precisa de você"


def status(negativation: Negativation, today: date) -> Status:
    """Make the operator's status from desired and observed.

    Args:
        negativation: whose.
        today: the creditor's date, for the notice term.
    """
    work = negativation.transmission
    if work.is_open and (work.block is not None or work.action is Action.ASK_PERSON):
        return Status.NEEDS_PERSON
    removing = negativation.desired is Desired.REMOVED
    match negativation.observed:
        case Observed.ABSENT:
            return Status.CANCELLED if removing else Status.WAITING
        case Observed.IN_DOUBT_INCLUDE | Observed.IN_DOUBT_REMOVE:
            return Status.CHECKING
        case Observed.INCLUDING:
            return Status.REMOVAL_QUEUED if removing else Status.SENT
        case Observed.PRESENT if removing:
            return Status.REMOVAL_QUEUED
        case Observed.PRESENT:
            published = negativation.published_on
            return Status.NOTICE if published is not None and today < published else Status.NEGATIVATED
        case Observed.REMOVING:
            return Status.REMOVAL_SENT
        case Observed.REJECTED:
            return Status.REFUSED
        case Observed.GONE:
            by_bureau = all(trigger.cause is RemovalCause.BUREAU for trigger in negativation.triggers)
            return Status.REMOVED_BY_BUREAU if by_bureau else Status.REMOVED


def is_in_removal_queue(negativation: Negativation) -> bool:
    """Whether it waits in the removal queue: open, and removal is desired."""
    return negativation.transmission.is_open and negativation.desired is Desired.REMOVED
