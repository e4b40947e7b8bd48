"""Negativations with their transmissions, and their history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from credit_protection.domain.capabilities import Registry
from credit_protection.domain.events import Event
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.requests import InclusionRequest
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage.pages import Page, PageRequest


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
