"""The storage port: units of work over one repository per aggregate. No method runs a query per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.events import Event
from credit_protection.domain.integrations import Integration
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.products import Product
from credit_protection.domain.queries import CreditQuery, CreditReport
from credit_protection.domain.reasons import BureauReason
from credit_protection.domain.requests import InclusionRequest
from credit_protection.domain.settlements import Entry
from credit_protection.domain.state_table import Action, Observed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: `after` is the `cursor` of the previous page; None for the first."""

    size: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `cursor` requests the next page, None after the last."""

    items: Sequence[T]
    cursor: str | None


class CreditorRepository(Protocol):
    """The creditors."""

    def save(self, creditor: Creditor) -> None:
        """Insert, or replace the one with this id."""

    def get(self, creditor_id: str) -> Creditor:
        """Raises `NotFound`."""

    def all(self) -> Sequence[Creditor]:
        """All, by id."""


class IntegrationRepository(Protocol):
    """The integrations and their catalogues."""

    def add(self, integration: Integration) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""

    def save(self, integration: Integration) -> None:
        """Replace; `integration.version` is the version that was read, and is incremented. Raises `Conflict`."""

    def get(self, integration_id: str) -> Integration:
        """Raises `NotFound`; deleted ones are still found here."""

    def get_with_creditor(self, integration_id: str, creditor_id: str) -> tuple[Integration, Creditor]:
        """An integration and a creditor, in one read. Raises `NotFound` for either."""

    def all(self, *, with_deleted: bool = False) -> Sequence[Integration]:
        """All, oldest first."""

    def products(self, integration_id: str) -> Sequence[Product]:
        """All products, also hidden and withdrawn ones, in the stored order."""

    def save_products(self, integration_id: str, products: Iterable[Product]) -> None:
        """Replace the list."""

    def natures(self, integration_id: str) -> Sequence[InclusionNature]:
        """The natures, in the bureau's order."""

    def save_natures(self, integration_id: str, natures: Iterable[InclusionNature]) -> None:
        """Replace the list."""

    def reasons(self, integration_id: str) -> Sequence[BureauReason]:
        """The removal reasons, in the bureau's order."""

    def save_reasons(self, integration_id: str, reasons: Iterable[BureauReason]) -> None:
        """Replace the list."""


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """Selects credit queries; None means any. `creditor_ids` is an actor's scope, `document` is compact."""

    creditor_ids: frozenset[str] | None = None
    integration_id: str | None = None
    customer_id: str | None = None
    document: str | None = None
    actor_id: str | None = None


class QueryRepository(Protocol):
    """The credit queries."""

    def add(self, query: CreditQuery) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""

    def save(self, query: CreditQuery, report: CreditReport | None = None) -> None:
        """Replace a query that was `SENT`, with its answer. Raises `Conflict` where it already has an outcome."""

    def get(self, query_id: str) -> CreditQuery:
        """Raises `NotFound`."""

    def report(self, query_id: str) -> CreditReport:
        """The stored answer. Raises `NotFound` where there is none."""

    def newest_answered(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """The newest answered query about a compact document, for the reuse window."""

    def list(self, wanted: QueryFilter, page: PageRequest) -> Page[CreditQuery]:
        """Newest first; the answers' bytes are not read."""

    def unanswered_since(self, before: datetime, limit: int) -> Sequence[CreditQuery]:
        """Queries still `SENT` that were asked before an instant (their process died), oldest first."""


@dataclass(frozen=True, slots=True)
class NegativationFilter:
    """Selects negativations; None means any. `creditor_ids` is an actor's scope, `document` is compact.

    `is_open`, `in_removal_queue` and `blocked` are about the transmission: open; open, and removal is desired; waits
    for a person.
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
class DueTransmission:
    """A due transmission: enough to choose a worker's next call. `deadline` is set where removal is desired."""

    negativation_id: str
    integration_id: str
    action: Action
    deadline: date | None
    due_at: datetime


class NegativationRepository(Protocol):
    """The negativations."""

    def add_request(self, request: InclusionRequest) -> None:
        """Insert a person's request. Raises `Conflict` where its id exists."""

    def request(self, request_id: str) -> InclusionRequest:
        """Raises `NotFound`."""

    def find_by_bureau_keys(
        self, integration_id: str, keys: Sequence[tuple[str, str, date | None]]
    ) -> Sequence[Negativation]:
        """Negativations, also closed ones, with one of these keys: compact document, contract reference, due date.

        Adopted ones count only where they are of this integration.
        """

    def add(self, negativation: Negativation) -> None:
        """Insert a new one, or nothing of it; the unit stays usable.

        Raises:
            Conflict: its reference exists (for an adopted one: its key within the integration), or another
                negativation, desired and not closed, covers one of its invoices at the same registry
                (rule 3's backstop; `save` refuses likewise).
        """

    def save(self, negativation: Negativation) -> None:
        """Replace; `negativation.version` is the version that was read, and is incremented. Raises `Conflict`."""

    def save_all(self, negativations: Sequence[Negativation]) -> None:
        """Replace many, each once, as `save`."""

    def get(self, negativation_id: str) -> Negativation:
        """Raises `NotFound`."""

    def lock(self, negativation_id: str, *, skip_locked: bool = False) -> Negativation | None:
        """Read and lock: no other unit changes it before this unit ends. Raises `NotFound`.

        With `skip_locked`, returns None at once where another unit has locked it, instead of waiting.
        """

    def lock_all(self, negativation_ids: Sequence[str]) -> Sequence[Negativation]:
        """Read and lock many without waiting: those that are locked elsewhere or don't exist are left out."""

    def append(self, events: Iterable[Event]) -> None:
        """Add to the history."""

    def history(self, negativation_id: str) -> Sequence[Event]:
        """Oldest first."""

    def list(self, wanted: NegativationFilter, page: PageRequest) -> Page[Negativation]:
        """Newest first; a removal queue (`in_removal_queue`) earliest deadline first."""

    def due(self, now: datetime, limit: int, *, except_integrations: Iterable[str] = ()) -> Sequence[DueTransmission]:
        """Transmissions that a worker may claim: a call is due, no lease is valid, none waits for a person.

        Removals and their look-ups first, by earliest deadline; then the rest by `due_at`. Those of paused
        integrations are left out, and inclusions of inactive ones.
        """

    def next_due_at(self, now: datetime) -> datetime | None:
        """The earliest instant at which a transmission becomes claimable or a lease expires; None for never.

        A paused integration's transmissions count from the end of the pause; inclusions of inactive integrations
        don't count.
        """

    def expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of negativations whose lease expired before `now`."""

    def for_invoices(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """Negativations that are not closed and cover any of the invoices, oldest first."""

    def lock_for_invoices(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """The same, read and locked until this unit ends."""

    def open_invoices(
        self, host: str, registry: Registry, invoice_ids: Sequence[str], *, except_negativation: str | None = None
    ) -> frozenset[str]:
        """Those of the invoices that a negativation of the registry covers that is not closed (rule 3)."""

    def count_open(self, integration_id: str) -> int:
        """How many negativations of the integration are not closed."""

    def open_invoice_ids(self, host: str, page: PageRequest) -> Page[str]:
        """Invoices of all negativations that are not closed, in a stable order: for polling the host."""


@dataclass(frozen=True, slots=True)
class Unapplied:
    """Invoices with unapplied entries, as (host, invoice id), oldest entry first, each once.

    Args:
        locked: by this unit, as by `lock_invoices`.
        contended: locked by another unit now, or never locked before: `lock_invoices` waits for them.
        has_more: there may be more than were requested.
    """

    locked: Sequence[tuple[str, str]]
    contended: Sequence[tuple[str, str]]
    has_more: bool


class SettlementRepository(Protocol):
    """The ledger. An entry is applied when the negativations that cover its invoice were decided with it."""

    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row; returns False for a repeat, which changes nothing."""

    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of unapplied entries, oldest first, each pair once."""

    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same, of at most `limit` entries; invoices that are free are locked until this unit ends."""

    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices, in the order of recording."""

    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> None:
        """Mark the entries of each invoice that this unit read with `entries`; all, where it read none.

        An entry that the host commits after the reading stays unapplied: no decision considered it.
        """

    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Lock one row per invoice until this unit ends: creation and payment can't miss each other (rule 8).

        Rows are locked in one order, so that two units never deadlock.
        """


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Selects audit entries; None means any.

    `creditor_ids` is an actor's scope, which leaves out entries about no creditor. `since` is the first instant,
    `before` the first one after the period.
    """

    creditor_ids: frozenset[str] | None = None
    subject: str | None = None
    actor_id: str | None = None
    act: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class AuditRepository(Protocol):
    """Append-only."""

    def add(self, *entries: AuditEntry) -> None:
        """Append, many in one statement."""

    def list(self, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
        """Newest first."""


class WatermarkRepository(Protocol):
    """Instants that outlive a process: the last poll of a host, a worker's heartbeat."""

    def set(self, name: str, at: datetime) -> None:
        """Insert or replace."""

    def get(self, name: str) -> datetime | None:
        """None where it was never set."""

    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, those whose names have the prefix."""


class UnitOfWork(Protocol):
    """One transaction and its repositories."""

    @property
    def creditors(self) -> CreditorRepository: ...  # noqa: D102
    @property
    def integrations(self) -> IntegrationRepository: ...  # noqa: D102
    @property
    def queries(self) -> QueryRepository: ...  # noqa: D102
    @property
    def negativations(self) -> NegativationRepository: ...  # noqa: D102
    @property
    def settlements(self) -> SettlementRepository: ...  # noqa: D102
    @property
    def audit(self) -> AuditRepository: ...  # noqa: D102
    @property
    def watermarks(self) -> WatermarkRepository: ...  # noqa: D102

    def commit(self) -> None:
        """Commit. At most once; a unit left without it is rolled back."""


class Storage(Protocol):
    """Opens units of work. Thread-safe: each unit has its own connection."""

    def unit(self) -> AbstractContextManager[UnitOfWork]:
        """A writing unit."""

    def read_only(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that only reads; it never waits for a writer."""

    def in_transaction_of(self, connection: object) -> AbstractContextManager[UnitOfWork]:
        """A unit inside a transaction that the host has open on its own DBAPI connection.

        It works in a savepoint and never commits, rolls back or closes the host's transaction; `commit()` releases
        the savepoint. A failure inside leaves the host's transaction usable.

        Raises:
            ConfigurationError: the storage can't use this connection.
            HostTransactionRetry: a serialization failure, a deadlock, or a busy SQLite file.
        """

    def close(self) -> None:
        """Close the connections."""


class HostTransactionRetry(Exception):
    """The database requires that the host rolls back its transaction and runs it again.

    Args:
        error: the driver's own; pass it on to the host unchanged, which handles such errors.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
