"""Negativations and their transmissions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.events import Event
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.relinking import Relink
from credit_protection.domain.requests import InclusionRequest
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage.paging import Page, PageRequest


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
class OpenDebtor:
    """Who owes what a negativation reports; `document` is compact."""

    negativation_id: str
    customer_id: str
    document: str


@dataclass(frozen=True, slots=True)
class UnseenFilter:
    """Selects records that are believed present and whose bureau's side was not read lately.

    Args:
        seen_before: not read since then; None for all.
        stable_before: what changed since then is left out.
        only_unconfirmed: only those that the bureau never acknowledged.
        waiting: instead, those that are believed never sent, and wait for their inclusion.
    """

    integration_id: str
    stable_before: datetime
    seen_before: datetime | None = None
    only_unconfirmed: bool = False
    waiting: bool = False


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
    def relink(self, negativation: Negativation, relinks: Sequence[Relink]) -> None:
        """Replace, as `save`, a negativation that covers other invoices now, and store what they were before.

        It is found by its new invoices from then on, and no longer by the old ones.

        Raises:
            Conflict: also where another negativation, desired and not closed, covers one of the new invoices at the
                same registry. The unit must not be committed then.
        """

    @abstractmethod
    def relinks(self, page: PageRequest) -> Page[Relink]:
        """What was relinked, of all negativations that are not closed."""

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
    def open_debtors(self, integration_id: str, host: str, page: PageRequest) -> Page[OpenDebtor]:
        """The debtors of the integration's negativations of the host that are not closed, in a stable order."""

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
