"""The negativations with their transmissions, and their history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from heapq import nsmallest
from typing import TYPE_CHECKING

from credit_protection.adapters.storage.memory.lists import instant_text, listed
from credit_protection.adapters.storage.places import WaitsFor, adopted_reference, unique_reference, waits_for
from credit_protection.adapters.storage.refusals import (
    changed_meanwhile,
    exists,
    invoice_taken,
    not_found,
    reference_exists,
)
from credit_protection.domain.negativations import Action, Desired, is_in_removal_queue
from credit_protection.domain.transmissions import is_claimable
from credit_protection.ports.storage import DueTransmission

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from credit_protection.adapters.storage.memory.tables import Views
    from credit_protection.domain.capabilities import Registry
    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.requests import InclusionRequest
    from credit_protection.ports.storage import Listed, NegativationFilter, Page


class MemoryNegativations:
    """`ports.storage.NegativationRepository`."""

    def __init__(self, tables: Views) -> None:
        self._tables = tables

    # -------------------------------------------------------------------------------------------- requests

    def add_request(self, request: InclusionRequest) -> None:
        """Insert the request of a person. Raises `Conflict` where its id exists."""
        if self._tables.requests.get(request.id) is not None:
            raise exists("o pedido", request.id)
        self._tables.requests.put(request.id, request)

    def request(self, request_id: str) -> InclusionRequest:
        """Raises `NotFound`."""
        request = self._tables.requests.get(request_id)
        if request is None:
            raise not_found("o pedido", request_id)
        return request

    # -------------------------------------------------------------------------------------------- one by one

    def with_keys(self, integration_id: str, keys: Sequence[tuple[str, str, date | None]]) -> Sequence[Negativation]:
        """Those, closed ones too, that have one of these keys at the bureau."""
        wanted = set(keys)
        references = {adopted_reference(integration_id, *key) for key in wanted} | {key[1] for key in wanted}
        ids = [self._tables.references.get(reference) for reference in sorted(references)]
        found = [self.get(key) for key in ids if key is not None]
        return [each for each in found if (each.document.value, each.reference, each.due_date) in wanted]

    def add(self, negativation: Negativation) -> None:
        """Insert a new one. Nothing of it stays where that is refused."""
        if self._tables.negativations.get(negativation.id) is not None:
            raise exists("a negativação", negativation.id)
        if self._tables.references.get(unique_reference(negativation)) is not None:
            raise reference_exists(negativation.reference)
        self._keep(None, negativation)

    def save(self, negativation: Negativation) -> None:
        """Replace, one version on."""
        before = self.get(negativation.id)
        if before.version != negativation.version:
            raise changed_meanwhile("a negativação", negativation.id)
        self._keep(before, replace(negativation, version=negativation.version + 1))

    def _keep(self, before: Negativation | None, after: Negativation) -> None:
        tables, key = self._tables, after.id
        wanted = _wanted_keys(after)
        if any(tables.wanted.get(each) not in {None, key} for each in wanted):
            raise invoice_taken(key)
        if before is not None:
            tables.references.drop(unique_reference(before))
            for each in _wanted_keys(before):
                tables.wanted.drop(each)
        for each in wanted:
            tables.wanted.put(each, key)
        tables.references.put(unique_reference(after), key)
        self._cover(before, after)
        tables.negativations.put(key, after)
        if after.transmission.claim is not None or waits_for(after) is WaitsFor.WORKER:
            tables.working.put(key, after)
        else:
            tables.working.drop(key)

    def _cover(self, before: Negativation | None, after: Negativation) -> None:
        old = set() if before is None or before.is_closed else _invoice_keys(before)
        new = set() if after.is_closed else _invoice_keys(after)
        for each in old - new:
            rest = tuple(other for other in self._tables.covering.get(each) or () if other != after.id)
            if rest:
                self._tables.covering.put(each, rest)
            else:
                self._tables.covering.drop(each)
        for each in new - old:
            self._tables.covering.put(each, (*(self._tables.covering.get(each) or ()), after.id))

    def get(self, negativation_id: str) -> Negativation:
        """Raises `NotFound`."""
        negativation = self._tables.negativations.get(negativation_id)
        if negativation is None:
            raise not_found("a negativação", negativation_id)
        return negativation

    def lock(self, negativation_id: str, *, skip_locked: bool = False) -> Negativation | None:  # noqa: ARG002 - a writing unit holds everything
        """Read for changing: nobody else changes it before this unit ends."""
        return self.get(negativation_id)

    def lock_all(self, negativation_ids: Sequence[str]) -> Sequence[Negativation]:
        """Read many for changing; those that do not exist are left out."""
        known = (self._tables.negativations.get(key) for key in dict.fromkeys(negativation_ids))
        return [each for each in known if each is not None]

    def save_all(self, negativations: Sequence[Negativation]) -> None:
        """Replace many, one version on."""
        for each in negativations:
            self.save(each)

    def append(self, events: Iterable[Event]) -> None:
        """Add to the history."""
        for event in events:
            told = self._tables.history.get(event.negativation_id) or ()
            self._tables.history.put(event.negativation_id, (*told, event))

    def history(self, negativation_id: str) -> Sequence[Event]:
        """Oldest first."""
        return list(self._tables.history.get(negativation_id) or ())

    # -------------------------------------------------------------------------------------------- lists

    def list(self, wanted: NegativationFilter, page: Page) -> Listed[Negativation]:
        """Newest first; a removal queue (`in_removal_queue`) earliest deadline first."""
        found = [each for each in self._tables.negativations.values() if _is_wanted(each, wanted)]
        if wanted.in_removal_queue:
            return listed(found, page, _urgency, newest_first=False, parse=date.fromisoformat)
        return listed(found, page, lambda each: (instant_text(each.created_at), each.id))

    # -------------------------------------------------------------------------------------------- the work

    def due(self, now: datetime, limit: int, *, except_integrations: Iterable[str] = ()) -> Sequence[DueTransmission]:
        """Transmissions that a worker may claim now: removals by deadline, then the rest by `due_at`."""
        out = {*except_integrations, *self._paused(now)}
        claimable = [
            each
            for each in self._tables.working.values()
            if is_claimable(each.transmission, now) and each.integration_id not in out and not self._is_held_back(each)
        ]
        return [
            DueTransmission(
                each.id,
                each.integration_id,
                each.transmission.action,
                each.transmission.deadline,
                each.transmission.due_at,
            )
            for each in nsmallest(limit, claimable, key=_precedence)
        ]

    def _is_held_back(self, each: Negativation) -> bool:
        """Inactive integrations include nothing; what was sent before is still looked up, polled and removed."""
        integration = self._tables.integrations.get(each.integration_id)
        return each.transmission.action is Action.INCLUDE and integration is not None and not integration.active

    def _paused(self, now: datetime) -> dict[str, datetime]:
        return {
            each.id: each.paused_until
            for each in self._tables.integrations.values()
            if each.paused_until is not None and each.is_paused(now)
        }

    def next_due_at(self, now: datetime) -> datetime | None:
        """The earliest instant at which something becomes claimable or a lease runs out."""
        paused = self._paused(now)
        instants: list[datetime] = []
        for each in self._tables.working.values():
            work = each.transmission
            if work.claim is not None:
                instants.append(work.claim.until)
            elif not self._is_held_back(each):
                instants.append(max(work.due_at, paused.get(each.integration_id, work.due_at)))
        return min(instants, default=None)

    def expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of negativations whose lease ran out."""
        claims = [(each.transmission.claim, each.id) for each in self._tables.working.values()]
        ended = [(claim.until, key) for claim, key in claims if claim is not None and claim.until <= now]
        return [key for _, key in nsmallest(limit, ended)]

    # -------------------------------------------------------------------------------------------- by invoice

    def covering(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """Negativations that are not closed and cover any of the invoices, oldest first."""
        found = {key: self.get(key) for each in invoice_ids for key in self._tables.covering.get((host, each)) or ()}
        return sorted(found.values(), key=lambda each: (each.created_at, each.id))

    def lock_covering(self, host: str, invoice_ids: Sequence[str]) -> Sequence[Negativation]:
        """The same: a writing unit holds everything."""
        return self.covering(host, invoice_ids)

    def open_invoices(
        self, host: str, registry: Registry, invoice_ids: Sequence[str], *, except_negativation: str | None = None
    ) -> frozenset[str]:
        """Those of the invoices that are in a negativation of the registry that is not closed (rule 3)."""
        return frozenset(
            each
            for each in invoice_ids
            for key in self._tables.covering.get((host, each)) or ()
            if key != except_negativation and self.get(key).registry is registry
        )

    def count_open(self, integration_id: str) -> int:
        """How many negativations of the integration are not closed."""
        return sum(
            each.integration_id == integration_id and not each.is_closed for each in self._tables.negativations.values()
        )

    def open_invoice_ids(self, host: str, page: Page) -> Listed[str]:
        """Invoices of all negativations that are not closed, by id."""
        found = [invoice_id for (its_host, invoice_id), _ in self._tables.covering.items() if its_host == host]
        return listed(found, page, lambda each: (each,), newest_first=False, parse=str, parts=1)


def _wanted_keys(negativation: Negativation) -> list[tuple[str, Registry, str]]:
    if negativation.is_closed or negativation.desired is not Desired.INCLUDED:
        return []
    return [(negativation.host, negativation.registry, each.invoice_id) for each in negativation.invoices]


def _invoice_keys(negativation: Negativation) -> set[tuple[str, str]]:
    return {(negativation.host, each.invoice_id) for each in negativation.invoices}


def _precedence(negativation: Negativation) -> tuple[bool, date, datetime, str]:
    work = negativation.transmission
    leaves = is_in_removal_queue(negativation)
    deadline = work.deadline if leaves and work.deadline is not None else date.max
    return (not leaves, deadline, work.due_at, negativation.id)


def _urgency(negativation: Negativation) -> tuple[str, str]:
    deadline = negativation.transmission.deadline
    return ("" if deadline is None else deadline.isoformat(), negativation.id)


def _is_wanted(negativation: Negativation, wanted: NegativationFilter) -> bool:
    blocked = waits_for(negativation) is WaitsFor.PERSON
    return (
        (wanted.creditor_ids is None or negativation.creditor_id in wanted.creditor_ids)
        and wanted.integration_id in {None, negativation.integration_id}
        and wanted.customer_id in {None, negativation.customer_id}
        and wanted.document in {None, negativation.document.value}
        and wanted.observed in {None, negativation.observed}
        and wanted.is_open in {None, negativation.transmission.is_open}
        and wanted.in_removal_queue in {None, is_in_removal_queue(negativation)}
        and wanted.blocked in {None, blocked}
    )
