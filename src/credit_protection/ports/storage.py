"""The storage port: units of work over one repository per aggregate. No method runs a query per row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.comparison.readings import StoredReading
from credit_protection.domain.comparison.rechecks import Recheck
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.divergences import Divergence, DivergenceCode, DivergenceSeverity
from credit_protection.domain.errors import InvalidInput
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
from credit_protection.domain.unreadable import Unreadable, UnreadableKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: `after` is the `cursor` of the previous page; None for the first.

    Raises:
        InvalidInput: the size is below 1.
    """

    size: int = 50
    after: str | None = None

    def __post_init__(self) -> None:
        """Check the size."""
        if self.size < 1:
            raise InvalidInput(
                f"A página não pode ter {self.size} linhas. Peça 1 ou mais.", field="size", code="tamanho_da_pagina"
            )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `cursor` requests the next page, None after the last."""

    items: Sequence[T]
    cursor: str | None


class CreditorRepository(Protocol):
    """The creditors."""

    @abstractmethod
    def save(self, creditor: Creditor) -> None:
        """Insert, or replace the one with this id."""

    @abstractmethod
    def get(self, creditor_id: str) -> Creditor:
        """Raises `NotFound`."""

    @abstractmethod
    def all(self) -> Sequence[Creditor]:
        """All, by id."""


class IntegrationRepository(Protocol):
    """The integrations and their catalogues."""

    @abstractmethod
    def add(self, integration: Integration) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""

    @abstractmethod
    def save(self, integration: Integration) -> None:
        """Replace; `integration.version` is the version that was read, and is incremented. Raises `Conflict`."""

    @abstractmethod
    def get(self, integration_id: str) -> Integration:
        """Raises `NotFound`; deleted ones are still found here."""

    @abstractmethod
    def get_with_creditor(self, integration_id: str, creditor_id: str) -> tuple[Integration, Creditor]:
        """An integration and a creditor, in one read. Raises `NotFound` for either."""

    @abstractmethod
    def all(self, *, with_deleted: bool = False) -> Sequence[Integration]:
        """All, oldest first."""

    @abstractmethod
    def products(self, integration_id: str) -> Sequence[Product]:
        """All products, also hidden and withdrawn ones, in the stored order."""

    @abstractmethod
    def save_products(self, integration_id: str, products: Iterable[Product]) -> None:
        """Replace the list."""

    @abstractmethod
    def natures(self, integration_id: str) -> Sequence[InclusionNature]:
        """The natures, in the bureau's order."""

    @abstractmethod
    def save_natures(self, integration_id: str, natures: Iterable[InclusionNature]) -> None:
        """Replace the list."""

    @abstractmethod
    def reasons(self, integration_id: str) -> Sequence[BureauReason]:
        """The removal reasons, in the bureau's order."""

    @abstractmethod
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

    @abstractmethod
    def add(self, query: CreditQuery) -> None:
        """Insert a new one. Raises `Conflict` where its id exists."""

    @abstractmethod
    def save(self, query: CreditQuery, report: CreditReport | None = None) -> None:
        """Replace a query that was `SENT`, with its answer, or with what came instead of one.

        Raises `Conflict` where it already has an outcome.
        """

    @abstractmethod
    def get(self, query_id: str) -> CreditQuery:
        """Raises `NotFound`."""

    @abstractmethod
    def report(self, query_id: str) -> CreditReport:
        """The stored answer. Raises `NotFound` where there is none."""

    @abstractmethod
    def newest_answered(self, integration_id: str, product_code: str, document: str) -> CreditQuery | None:
        """The newest answered query about a compact document, for the reuse window."""

    @abstractmethod
    def list(self, wanted: QueryFilter, page: PageRequest) -> Page[CreditQuery]:
        """Newest first; the answers' bytes are not read."""

    @abstractmethod
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


@dataclass(frozen=True, slots=True)
class UnseenFilter:
    """Selects records that are believed present and whose bureau's side was not read lately.

    Args:
        seen_before: not read since then; None for all.
        stable_before: what changed since then is left out.
        only_unconfirmed: only those that the bureau never acknowledged.
    """

    integration_id: str
    stable_before: datetime
    seen_before: datetime | None = None
    only_unconfirmed: bool = False


class NegativationRepository(Protocol):
    """The negativations."""

    @abstractmethod
    def add_request(self, request: InclusionRequest) -> None:
        """Insert a person's request. Raises `Conflict` where its id exists."""

    @abstractmethod
    def request(self, request_id: str) -> InclusionRequest:
        """Raises `NotFound`."""

    @abstractmethod
    def find_by_bureau_keys(
        self, integration_id: str, keys: Sequence[tuple[str, str, date | None]]
    ) -> Sequence[Negativation]:
        """Negativations, also closed ones, with one of these keys: compact document, contract reference, due date.

        Adopted ones count only where they are of this integration.
        """

    @abstractmethod
    def add(self, negativation: Negativation) -> None:
        """Insert a new one, or nothing of it; the unit stays usable.

        Raises:
            Conflict: its reference exists (for an adopted one: its key within the integration), or another
                negativation, desired and not closed, covers one of its invoices at the same registry
                (rule 3's backstop; `save` refuses likewise).
        """

    @abstractmethod
    def save(self, negativation: Negativation) -> None:
        """Replace; `negativation.version` is the version that was read, and is incremented. Raises `Conflict`."""

    @abstractmethod
    def save_all(self, negativations: Sequence[Negativation]) -> None:
        """Replace many, each once, as `save`."""

    @abstractmethod
    def get(self, negativation_id: str) -> Negativation:
        """Raises `NotFound`."""

    @abstractmethod
    def lock(self, negativation_id: str, *, skip_locked: bool = False) -> Negativation | None:
        """Read and lock: no other unit changes it before this unit ends. Raises `NotFound`.

        With `skip_locked`, returns None at once where another unit has locked it, instead of waiting.
        """

    @abstractmethod
    def lock_all(self, negativation_ids: Sequence[str]) -> Sequence[Negativation]:
        """Read and lock many without waiting: those that are locked elsewhere or don't exist are left out."""

    @abstractmethod
    def append(self, events: Iterable[Event]) -> None:
        """Add to the history."""

    @abstractmethod
    def history(self, negativation_id: str) -> Sequence[Event]:
        """Oldest first."""

    @abstractmethod
    def list(self, wanted: NegativationFilter, page: PageRequest) -> Page[Negativation]:
        """Newest first; a removal queue (`in_removal_queue`) earliest deadline first."""

    @abstractmethod
    def due(self, now: datetime, limit: int, *, except_integrations: Iterable[str] = ()) -> Sequence[DueTransmission]:
        """Transmissions that a worker may claim: a call is due, no lease is valid, none waits for a person.

        Removals and their look-ups first, by earliest deadline; then the rest by `due_at`. Those of paused
        integrations are left out, and inclusions of inactive ones.
        """

    @abstractmethod
    def next_due_at(self, now: datetime) -> datetime | None:
        """The earliest instant at which a transmission becomes claimable or a lease expires; None for never.

        A paused integration's transmissions count from the end of the pause; inclusions of inactive integrations
        don't count.
        """

    @abstractmethod
    def expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of negativations whose lease expired before `now`."""

    @abstractmethod
    def for_invoices(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """Negativations that are not closed and cover any of the invoices, oldest first."""

    @abstractmethod
    def lock_for_invoices(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """The same, read and locked until this unit ends."""

    @abstractmethod
    def open_invoices(
        self, host: str, registry: Registry, invoice_ids: Sequence[str], *, except_negativation: str | None = None
    ) -> frozenset[str]:
        """Those of the invoices that a negativation of the registry covers that is not closed (rule 3)."""

    @abstractmethod
    def count_open(self, integration_id: str) -> int:
        """How many negativations of the integration are not closed."""

    @abstractmethod
    def open_hosts(self) -> Sequence[str]:
        """The hosts of all negativations that are not closed, by code."""

    @abstractmethod
    def has_sent(self, integration_id: str) -> bool:
        """Whether the bureau has, or may have, a record of any open negativation of the integration."""

    @abstractmethod
    def has_claim(self, integration_id: str, now: datetime) -> bool:
        """Whether a worker has a valid lease of any of the integration's transmissions."""

    @abstractmethod
    def standing(self, integration_id: str, limit: int) -> Sequence[Negativation]:
        """Open negativations of the integration that the bureau acknowledged and that are on file, newest first."""

    @abstractmethod
    def due_until(self, integration_id: str, day: date, page: PageRequest) -> Page[Negativation]:
        """Open negativations of the integration whose reported due date is that day or before, the oldest first."""

    @abstractmethod
    def unconfirm(self, integration_id: str, *, look_up_first: bool) -> int:
        """Make all open negativations of the integration that were acknowledged unconfirmed. Returns how many.

        With `look_up_first`, their next removal becomes a look-up.

        Each gets a new version, so that what another unit read before is refused.
        """

    @abstractmethod
    def find_listed(
        self, integration_id: str, keys: Sequence[tuple[str, str, date | None]], bureau_ids: Sequence[str]
    ) -> Sequence[Negativation]:
        """Negativations, also closed ones, with one of these ids of the bureau, contract references or adopted keys.

        By an id, and adopted ones, only where they are of this integration. The due date counts for adopted ones only.
        """

    @abstractmethod
    def mark_seen(self, negativation_ids: Sequence[str], at: datetime) -> None:
        """Store as of when the bureau's side was read about them, where that is later than what is stored."""

    @abstractmethod
    def seen_since(self, negativation_ids: Sequence[str], at: datetime) -> frozenset[str]:
        """Those of them whose bureau's side was read as of this instant or later."""

    @abstractmethod
    def unseen(self, wanted: UnseenFilter, page: PageRequest) -> Page[Negativation]:
        """Those whose bureau's side was not read since an instant; the longest ago first.

        One is not closed, wanted, PRESENT, and unchanged and unclaimed since `stable_before`.
        """

    @abstractmethod
    def count_unseen(self, wanted: UnseenFilter) -> int:
        """How many."""

    @abstractmethod
    def unconfirmed_of(self, integration_id: str, documents: Sequence[str]) -> Sequence[Negativation]:
        """Those of these debtors that are PRESENT and that the bureau never acknowledged."""

    @abstractmethod
    def count_present(self, integration_id: str, documents: Sequence[str]) -> Mapping[str, int]:
        """How many records of each of these debtors are believed to be on file, by compact document; none: absent."""

    @abstractmethod
    def has_due_removal(self, integration_id: str, now: datetime) -> bool:
        """Whether a worker may claim a removal, or a call on its way to one, of the integration now."""

    @abstractmethod
    def open_invoice_ids(self, host: str, page: PageRequest) -> Page[str]:
        """Invoices of all negativations that are not closed, in a stable order: for polling the host."""


@dataclass(frozen=True, slots=True)
class WaitingEntries:
    """Entries that are still to be applied: how many, the oldest first's instant, and some of their invoices.

    Args:
        count: at most the limit that was asked for.
    """

    count: int
    since: datetime | None
    invoice_ids: Sequence[str]


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

    @abstractmethod
    def record(self, host: str, entry: Entry, now: datetime) -> bool:
        """Insert one row; returns False for a repeat, which changes nothing."""

    @abstractmethod
    def unapplied(self, limit: int) -> Sequence[tuple[str, str]]:
        """(host, invoice id) of unapplied entries, oldest first, each pair once."""

    @abstractmethod
    def waiting(self, before: datetime, limit: int) -> WaitingEntries:
        """Unapplied entries that were recorded before an instant; at most `limit` are counted."""

    @abstractmethod
    def newest_waiting(self) -> datetime | None:
        """When the newest unapplied entry was recorded; None where all are applied."""

    @abstractmethod
    def hosts(self) -> Sequence[str]:
        """The hosts that any entry names, by code."""

    @abstractmethod
    def lock_unapplied(self, limit: int) -> Unapplied:
        """The same, of at most `limit` entries; invoices that are free are locked until this unit ends."""

    @abstractmethod
    def entries(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Entry]:
        """The whole ledger of the invoices, in the order of recording.

        A row that can't be read is left out. `unreadable` has it; a unit that writes also stores that it was left out.
        """

    @property
    @abstractmethod
    def unreadable(self) -> Sequence[Unreadable]:
        """The rows that `entries` left out in this unit."""

    @abstractmethod
    def read_unapplied(self, host: str, invoice_ids: Sequence[str]) -> frozenset[str]:
        """Those of the invoices of which this unit read an unapplied entry with `entries`. No query."""

    @abstractmethod
    def newest_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> Mapping[str, datetime]:
        """When the newest entry of each invoice was applied; `now` where one is still to be applied."""

    @abstractmethod
    def mark_applied(self, host: str, invoice_ids: Sequence[str], now: datetime) -> int:
        """Mark the entries of each invoice that this unit read with `entries`; all, where it read none.

        Returns how many of the invoices it read an unapplied entry of. An entry that the host commits after the reading
        stays unapplied: no decision considered it.
        """

    @abstractmethod
    def lock_invoices(self, host: str, invoice_ids: Sequence[str]) -> None:
        """Lock one row per invoice until this unit ends: creation and payment can't miss each other (rule 8).

        Rows are locked in one order, so that two units never deadlock.
        """


@dataclass(frozen=True, slots=True)
class OpenInvoices:
    """Invoices of negativations that are not closed, in a stable order, each with the content of its stored reading.

    None where a reading with the same content would be news too. `cursor` requests the next page.
    """

    contents: Mapping[str, str | None]
    cursor: str | None


class ReadingRepository(Protocol):
    """What the ERP last said of each invoice."""

    @abstractmethod
    def open_invoices(self, host: str, as_of: datetime, page: PageRequest) -> OpenInvoices:
        """Invoices of all negativations that are not closed: to be read again.

        `as_of` is that of the readings to come.
        """

    @abstractmethod
    def get(self, host: str, invoice_ids: Sequence[str]) -> Mapping[str, StoredReading]:
        """The stored readings, by invoice id; an invoice that was never read is absent."""

    @abstractmethod
    def save(self, host: str, readings: Iterable[StoredReading]) -> None:
        """Insert, or replace those of the same invoices."""


class RecheckRepository(Protocol):
    """Marks that an invoice must be read again."""

    @abstractmethod
    def add(self, rechecks: Sequence[Recheck]) -> None:
        """Insert new ones: plain inserts, since a host's transaction may be open."""

    @abstractmethod
    def see(self, now: datetime) -> int:
        """Stamp those that no unit has seen committed before. Returns how many."""

    @abstractmethod
    def due(self, host: str, now: datetime, limit: int) -> Sequence[Recheck]:
        """Those of a host that were seen, are not done, and are due; the earliest first."""

    @abstractmethod
    def of(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Recheck]:
        """All of these invoices, also those that are done and still kept."""

    @abstractmethod
    def save_all(self, rechecks: Sequence[Recheck]) -> None:
        """Store when each is due, how often it failed, and when it was done."""

    @abstractmethod
    def purge(self, before: datetime) -> int:
        """Delete those that were done before an instant. Returns how many."""


@dataclass(frozen=True, slots=True)
class DivergenceFilter:
    """Selects divergences; None means any. `creditor_ids` is an actor's scope."""

    creditor_ids: frozenset[str] | None = None
    integration_id: str | None = None
    negativation_id: str | None = None
    code: DivergenceCode | None = None
    is_open: bool | None = None
    awaits_person: bool | None = None


@dataclass(frozen=True, slots=True)
class DivergenceCount:
    """How many open divergences of one integration and code await a person, for the alarms.

    `decide_by` is the earliest of their dates, `example` the subject of one of them.
    """

    integration_id: str
    creditor_id: str
    code: DivergenceCode
    severity: DivergenceSeverity
    count: int
    decide_by: date | None
    example: str


class DivergenceRepository(Protocol):
    """Divergences. One is open at a time for each subject, code and side."""

    @abstractmethod
    def open_of(self, subjects: Sequence[str]) -> Sequence[Divergence]:
        """The open ones of these subjects."""

    @abstractmethod
    def get(self, divergence_id: str) -> Divergence:
        """Raises `NotFound`."""

    @abstractmethod
    def save_all(self, divergences: Sequence[Divergence]) -> None:
        """Insert, or replace those with the same ids; what is closed is written first.

        Raises:
            Conflict: another one is open for the same subject, code and side; nothing more can be done in this unit.
        """

    @abstractmethod
    def list(self, wanted: DivergenceFilter, page: PageRequest) -> Page[Divergence]:
        """Newest first."""

    @abstractmethod
    def counts(self) -> Sequence[DivergenceCount]:
        """What awaits a person and is no notice, by integration, creditor and code."""

    @abstractmethod
    def close_of_closed(self, now: datetime) -> int:
        """Close those whose negativation is closed. Returns how many.

        Not those that say that it stands after its removal, or that it left without one.
        """


class UnreadableRepository(Protocol):
    """What could not be read and was left out, until it is read."""

    @abstractmethod
    def add(self, found: Iterable[Unreadable]) -> None:
        """Insert, or replace those of the same subjects."""

    @abstractmethod
    def list(self, limit: int) -> Sequence[Unreadable]:
        """At most so many, by host, kind and subject."""

    @abstractmethod
    def keep_only(self, host: str, kind: UnreadableKind, subjects: Iterable[str]) -> int:
        """Delete the others of this host and kind: they were read meanwhile. Returns how many."""


class TurnRepository(Protocol):
    """What turned without a host's own settlement: the brake counts the last day's."""

    @abstractmethod
    def add(self, integration_id: str, negativation_id: str, at: datetime) -> None:
        """Append."""

    @abstractmethod
    def count(self, integration_id: str, since: datetime) -> int:
        """How many of an integration since an instant."""

    @abstractmethod
    def purge(self, before: datetime) -> int:
        """Delete those before an instant. Returns how many."""


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

    @abstractmethod
    def add(self, *entries: AuditEntry) -> None:
        """Append, many in one statement."""

    @abstractmethod
    def list(self, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
        """Newest first."""


class WatermarkRepository(Protocol):
    """Instants that outlive a process: the last poll of a host, a worker's heartbeat."""

    @abstractmethod
    def set(self, name: str, at: datetime, note: str = "") -> None:
        """Insert or replace; `note` says more than the instant: why it is set, or how far a work has come."""

    @abstractmethod
    def get(self, name: str) -> datetime | None:
        """None where it was never set."""

    @abstractmethod
    def all(self, prefix: str) -> Mapping[str, datetime]:
        """By name, those whose names have the prefix."""

    @abstractmethod
    def notes(self, prefix: str) -> Mapping[str, str]:
        """The notes by name, of those whose names have the prefix."""

    @abstractmethod
    def clear(self, name: str, at: datetime | None = None) -> bool:
        """Delete it; with `at`, only where it is still of that instant. Returns whether it was there."""


class UnitOfWork(Protocol):
    """One transaction and its repositories."""

    @property
    @abstractmethod
    def creditors(self) -> CreditorRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def integrations(self) -> IntegrationRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def queries(self) -> QueryRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def negativations(self) -> NegativationRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def settlements(self) -> SettlementRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def readings(self) -> ReadingRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def rechecks(self) -> RecheckRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def divergences(self) -> DivergenceRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def turns(self) -> TurnRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def unreadable(self) -> UnreadableRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def audit(self) -> AuditRepository: ...  # noqa: D102
    @property
    @abstractmethod
    def watermarks(self) -> WatermarkRepository: ...  # noqa: D102

    @abstractmethod
    def commit(self) -> None:
        """Commit. At most once; a unit left without it is rolled back."""


class Storage(Protocol):
    """Opens units of work. Thread-safe: each unit has its own connection.

    Subclass it, `UnitOfWork` and the repositories: a member that is missing fails at construction.
    """

    @abstractmethod
    def unit(self) -> AbstractContextManager[UnitOfWork]:
        """A writing unit."""

    @abstractmethod
    def read_only(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that only reads; it never waits for a writer."""

    @abstractmethod
    def in_transaction_of(self, connection: object) -> AbstractContextManager[UnitOfWork]:
        """A unit inside a transaction that the host has open on its own DBAPI connection.

        It works in a savepoint and never commits, rolls back or closes the host's transaction; `commit()` releases
        the savepoint. A failure inside leaves the host's transaction usable.

        Raises:
            ConfigurationError: the storage can't use this connection.
            HostTransactionRetry: a serialization failure, a deadlock, or a busy SQLite file.
        """

    @abstractmethod
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
