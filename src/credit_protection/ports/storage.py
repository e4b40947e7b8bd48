"""Where our own records live: a unit of work over repositories, one per aggregate.

A writing unit commits once, by `commit()`; leaving it without rolls everything back. No method makes a query per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from credit_protection.domain.audit import AuditEntry
    from credit_protection.domain.capabilities import Registry
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.events import Event
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.negativations import Action, Negativation, Observed
    from credit_protection.domain.products import Product
    from credit_protection.domain.queries import CreditQuery, CreditReport
    from credit_protection.domain.reasons import BureauReason
    from credit_protection.domain.requests import InclusionRequest
    from credit_protection.domain.settlements import Entry


T = TypeVar("T")


class HostMustRetry(Exception):
    """The database wants the host's whole transaction, which a unit has joined, rolled back and made anew.

    Args:
        error: the driver's own, to be passed on to the host unchanged: it knows what it does about such errors.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: `after` is the `cursor` of the page before; None for the first."""

    size: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class NegativationFilter:
    """Which negativations are wanted; None means any.

    Args:
        creditor_ids: of these creditors (an actor's scope).
        integration_id: of one integration.
        customer_id: of one customer.
        document: compact CPF or CNPJ.
        is_open: whose transmission is open, or not.
        in_removal_queue: open and removal desired.
        blocked: waiting for a person.
        observed: what the bureau is known to hold.
    """

    creditor_ids: frozenset[str] | None = None
    integration_id: str | None = None
    customer_id: str | None = None
    document: str | None = None
    is_open: bool | None = None
    in_removal_queue: bool | None = None
    blocked: bool | None = None
    observed: Observed | None = None


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """Which credit queries are wanted; None means any."""

    creditor_ids: frozenset[str] | None = None
    integration_id: str | None = None
    customer_id: str | None = None
    document: str | None = None
    actor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A page of a list, newest first; `cursor` asks for the next page, None where there is none."""

    items: Sequence[T]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class DueTransmission:
    """A transmission that is due: enough to choose a worker's next call.

    Args:
        negativation_id: whose.
        integration_id: through which integration.
        action: what is to be done.
        deadline: legal deadline, where removal is desired.
        due_at: since when it is due, UTC.
    """

    negativation_id: str
    integration_id: str
    action: Action
    deadline: date | None
    due_at: datetime


class CreditorRepository(Protocol):
    """The creditors."""

    def save(self, creditor: Creditor) -> None:
        """Insert, or replace the one with this id."""
        ...

    def get(self, creditor_id: str) -> Creditor:
        """Raises `NotFound`."""
        ...

    def all(self) -> Sequence[Creditor]:
        """All, by id."""
        ...


class IntegrationRepository(Protocol):
    """The integrations, and what each bureau sells."""

    def add(self, integration: Integration) -> None:
        """Insert a new one."""
        ...

    def save(self, integration: Integration) -> None:
        """Replace; `integration.version` is the version that was read, and goes up by one. Raises `Conflict`."""
        ...

    def get(self, integration_id: str) -> Integration:
        """Raises `NotFound`; a deleted one is still found here."""
        ...

    def with_creditor(self, integration_id: str, creditor_id: str) -> tuple[Integration, Creditor]:
        """An integration and a creditor, in one read. Raises `NotFound` for either."""
        ...

    def all(self, *, with_deleted: bool = False) -> Sequence[Integration]:
        """All, oldest first."""
        ...

    def products(self, integration_id: str) -> Sequence[Product]:
        """All products, hidden and gone ones included, in the stored order."""
        ...

    def save_products(self, integration_id: str, products: Iterable[Product]) -> None:
        """Replace the list; nothing else is deleted."""
        ...

    def natures(self, integration_id: str) -> Sequence[InclusionNature]:
        """The natures, in the bureau's order."""
        ...

    def save_natures(self, integration_id: str, natures: Iterable[InclusionNature]) -> None:
        """Replace the list."""
        ...

    def reasons(self, integration_id: str) -> Sequence[BureauReason]:
        """The removal reasons, in the bureau's order."""
        ...

    def save_reasons(self, integration_id: str, reasons: Iterable[BureauReason]) -> None:
        """Replace the list."""
        ...


class QueryRepository(Protocol):
    """The credit queries and their answers, byte for byte."""

    def add(self, query: CreditQuery) -> None:
        """Insert a new one."""
        ...

    def save(self, query: CreditQuery, report: CreditReport | None = None) -> None:
        """Replace a query that was `SENT`, storing its answer with it. Raises `Conflict` where it has an outcome."""
        ...

    def get(self, query_id: str) -> CreditQuery:
        """Raises `NotFound`."""
        ...

    def report(self, query_id: str) -> CreditReport:
        """The stored answer. Raises `NotFound` where there is none."""
        ...

    def newest_answered(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """For the reuse window."""
        ...

    def list(self, wanted: QueryFilter, page: Page) -> Listed[CreditQuery]:
        """Newest first; no answer's bytes are read."""
        ...

    def unanswered_since(self, before: datetime, limit: int) -> Sequence[CreditQuery]:
        """Queries still `SENT` that were asked before an instant: their process died."""
        ...


class NegativationRepository(Protocol):
    """The negativations with their transmissions, and their history."""

    def add_request(self, request: InclusionRequest) -> None:
        """Insert the request of a person."""
        ...

    def request(self, request_id: str) -> InclusionRequest:
        """Raises `NotFound`."""
        ...

    def with_keys(self, integration_id: str, keys: Sequence[tuple[str, str, date | None]]) -> Sequence[Negativation]:
        """Those, closed ones too, that have one of these keys at the bureau: for adoption.

        Args:
            integration_id: of which adopted ones count; those that were included here count whatever theirs.
            keys: compact document, contract reference, due date.
        """
        ...

    def add(self, negativation: Negativation) -> None:
        """Insert a new one, or nothing of it; the unit stays usable.

        Raises:
            Conflict: its reference exists (of an adopted one, whose reference others may share: its key within the
                integration), or another negativation that is wanted and not closed covers one of its
                invoices at the same registry (rule 3's backstop; `save` refuses likewise).
        """
        ...

    def save(self, negativation: Negativation) -> None:
        """Replace; `negativation.version` is the version that was read, and goes up by one. Raises `Conflict`."""
        ...

    def get(self, negativation_id: str) -> Negativation:
        """Raises `NotFound`."""
        ...

    def lock(self, negativation_id: str, *, skip_locked: bool = False) -> Negativation | None:
        """Read for changing: nobody else changes it before this unit ends.

        Args:
            negativation_id: which.
            skip_locked: give None at once where somebody else holds it (many workers), instead of waiting.

        Raises:
            NotFound: there is none.
        """
        ...

    def lock_all(self, negativation_ids: Sequence[str]) -> Sequence[Negativation]:
        """Read many for changing, and wait for nobody: those that others hold, or that do not exist, are left out."""
        ...

    def save_all(self, negativations: Sequence[Negativation]) -> None:
        """Replace many, each once, as `save`; raises `Conflict` where any of them was changed meanwhile."""
        ...

    def append(self, events: Iterable[Event]) -> None:
        """Add to the history."""
        ...

    def history(self, negativation_id: str) -> Sequence[Event]:
        """Oldest first."""
        ...

    def list(self, wanted: NegativationFilter, page: Page) -> Listed[Negativation]:
        """Newest first; a removal queue (`in_removal_queue`) earliest deadline first."""
        ...

    def due(self, now: datetime, limit: int, *, except_integrations: Iterable[str] = ()) -> Sequence[DueTransmission]:
        """Transmissions that a worker may claim now: a call is due, nobody holds it, none waits for a person.

        Removals and their look-ups first, by earliest deadline; then the rest by `due_at`. Those of paused
        integrations are left out, and inclusions of inactive ones.
        """
        ...

    def next_due_at(self, now: datetime) -> datetime | None:
        """The earliest instant at which something becomes claimable or a lease runs out; None where nothing waits.

        What `due` would leave out counts from the end of its integration's pause; inclusions of inactive integrations
        do not count.
        """
        ...

    def expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of negativations whose lease ran out before `now`."""
        ...

    def covering(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """Negativations that are not closed and cover any of the invoices."""
        ...

    def lock_covering(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """The same, oldest first, read for changing: nobody else changes them before this unit ends."""
        ...

    def open_invoices(
        self, host: str, registry: Registry, invoice_ids: Sequence[str], *, except_negativation: str | None = None
    ) -> frozenset[str]:
        """Those of the invoices that are in a negativation of the registry that is not closed (rule 3)."""
        ...

    def count_open(self, integration_id: str) -> int:
        """How many negativations of the integration are not closed."""
        ...

    def open_invoice_ids(self, host: str, page: Page) -> Listed[str]:
        """Invoices of all negativations that are not closed, for re-reading their standing; in a stable order."""
        ...


@dataclass(frozen=True, slots=True)
class Unapplied:
    """Invoices whose settlements are not yet decided upon, as (host, invoice id), oldest entry first, each once.

    Args:
        held: by this unit, as by `lock_invoices`.
        others: held by somebody else just now, or never before: `lock_invoices` waits for them, in their order.
        are_more: there may be more than were asked for.
    """

    held: Sequence[tuple[str, str]]
    others: Sequence[tuple[str, str]]
    are_more: bool


class SettlementRepository(Protocol):
    """The ledger of settlements and reversals, and the lock per invoice."""

    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row, conflict ignored; tells whether it was new. Never raises for a repeat."""
        ...

    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of entries not yet decided upon, oldest first, each pair once."""
        ...

    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same of so many entries at most; each invoice that nobody else holds is held until this unit ends."""
        ...

    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices."""
        ...

    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> None:
        """The entries of each invoice that this unit read (`entries`) are decided upon; all, where it read none.

        One that the host commits between the reading and this stays unapplied: no decision knew it.
        """
        ...

    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Hold one row per invoice until this unit ends: creation and payment can't miss each other (rule 8).

        Rows are locked in one order, so that two units never wait for each other.
        """
        ...


class AuditRepository(Protocol):
    """The audit trail."""

    def add(self, entry: AuditEntry) -> None:
        """Append."""
        ...

    def list(self, page: Page, *, subject: str | None = None) -> Listed[AuditEntry]:
        """Newest first."""
        ...


class MarkRepository(Protocol):
    """Instants that must outlive a process: the last sweep of a host, a worker's heartbeat."""

    def set(self, name: str, at: datetime) -> None:
        """Insert or replace."""
        ...

    def get(self, name: str) -> datetime | None:
        """None where it was never set."""
        ...

    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, for names that begin so."""
        ...


class UnitOfWork(Protocol):
    """One transaction."""

    @property
    def creditors(self) -> CreditorRepository:
        """The creditors."""
        ...

    @property
    def integrations(self) -> IntegrationRepository:
        """The integrations, and what each bureau sells."""
        ...

    @property
    def queries(self) -> QueryRepository:
        """The credit queries."""
        ...

    @property
    def negativations(self) -> NegativationRepository:
        """The negativations."""
        ...

    @property
    def settlements(self) -> SettlementRepository:
        """The ledger of settlements."""
        ...

    @property
    def audit(self) -> AuditRepository:
        """The audit trail."""
        ...

    @property
    def marks(self) -> MarkRepository:
        """Instants that outlive a process."""
        ...

    def commit(self) -> None:
        """Make it last. At most once; a unit left without it is rolled back."""
        ...


class Storage(Protocol):
    """Where units of work come from. Thread-safe: each unit has its own connection."""

    def unit(self) -> AbstractContextManager[UnitOfWork]:
        """A writing unit."""
        ...

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that only reads; it never waits for a writer."""
        ...

    def joined(self, connection: object) -> AbstractContextManager[UnitOfWork]:
        """A unit inside a transaction that the host holds on its own DBAPI connection.

        It works in a savepoint and never commits, rolls back or closes the host's transaction; `commit()` releases
        the savepoint. A failure inside leaves the host's transaction usable.

        Raises:
            HostMustRetry: a serialization failure, a deadlock, or a busy SQLite file.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
