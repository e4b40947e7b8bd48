"""Reading a list to its end, and judging what it shows and what it does not."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from itertools import islice

from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.reconciliation.effects import BureauEffects
from credit_protection.application.reconciliation.lookups import LookUps
from credit_protection.application.reconciliation.marks import LIST_TRUSTED, LISTED
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.comparison import bureau_differences, bureau_side
from credit_protection.domain.comparison.brake import is_released
from credit_protection.domain.comparison.bureau_records import BureauRecord
from credit_protection.domain.divergences import Difference, Divergence, DivergenceCode
from credit_protection.domain.errors import (
    BureauError,
)
from credit_protection.ports.storage import DivergenceFilter, PageRequest, UnitOfWork, UnseenFilter

BATCH_SIZE = 500
"""Records of a list that are compared and committed together."""
_UNREADABLE = "registros_ilegiveis"


class ListReading:
    """The list of one pass, as of one instant. Each generator yields whether its next piece makes a call."""

    def __init__(
        self,
        tenant: TenantPorts,
        context: IntegrationContext,
        effects: BureauEffects,
        look_ups: LookUps,
        as_of: datetime,
    ) -> None:
        self.is_suspect = False
        """Whether too many records were absent: none was judged."""
        self._tenant = tenant
        self._context = context
        self._effects = effects
        self._findings = effects.findings
        self._look_ups = look_ups
        self._as_of = as_of

    def read(self, records: Iterator[BureauRecord | None], *, is_file: bool) -> Generator[bool, None, bool]:
        """Store the list batch by batch; returns whether each of its rows could be read."""
        batch: list[BureauRecord] = []
        page = self._context.capabilities.list_page_size
        count, is_whole = page, True
        while count == page:
            yield not is_file
            count = 0
            try:
                for record in islice(records, page):
                    count += 1
                    told = record
                    if record is not None and record.is_doubtful:
                        told = yield from self._look_ups.doubtful(record)
                    if told is None:
                        self._findings.unreadable += 1
                    else:
                        batch.append(told)
            except BureauError as error:
                if error.code != _UNREADABLE:
                    self._effects.store_list(batch, self._as_of)
                    raise
                count, is_whole = 0, False  # it is raised at the end: some rows could not be read
            while len(batch) >= BATCH_SIZE:
                self._effects.store_list(batch[:BATCH_SIZE], self._as_of)
                del batch[:BATCH_SIZE]
                yield False
        self._effects.store_list(batch, self._as_of)
        return is_whole and not self._findings.unreadable

    def judge(self, *, is_whole: bool) -> Iterator[bool]:
        """After the list's end: what stands twice, what is absent, and what is over."""
        yield False
        integration, capabilities = self._context.integration, self._context.capabilities
        self._effects.note_own(self._as_of)
        stable = self._as_of - capabilities.quiet_period
        absent_of = UnseenFilter(integration.id, stable, self._as_of)
        with self._tenant.storage.read_only() as unit:
            standing = unit.negativations.count_unseen(UnseenFilter(integration.id, stable))
            shown = sum(1 for _ in _open_ones(unit, integration.id, _MISSING_CODES))
            absent = unit.negativations.count_unseen(absent_of) - shown
            trusted = unit.watermarks.get(LIST_TRUSTED + integration.id)
        if bureau_side.is_suspect(absent, standing) and not is_released(trusted, self._tenant.clock.now()):
            self.is_suspect = True
            self._effects.store_of_integration([bureau_differences.suspect_list(integration.id, absent, standing)], ())
            return
        self._effects.store_of_integration(
            self._counted(), (DivergenceCode.SUSPECT_LIST, DivergenceCode.UNKNOWN_RECORD)
        )
        if capabilities.find:
            yield from self._look_ups.look_up(absent_of)
        elif is_whole:
            yield from self._absent_twice()
        self._effects.store_others(self._as_of)
        if is_whole:
            yield from self._close_over()
            if not self._findings.is_held:
                self._effects.store_of_integration((), (DivergenceCode.BRAKE,))

    def _counted(self) -> list[Difference]:
        """Of a shared account, the unknown records are one count."""
        integration, count = self._context.integration, len(self._findings.unknown)
        if not (integration.settings.shared_account and count):
            return []
        return [bureau_differences.unknown_count(integration.id, count)]

    def _absent_twice(self) -> Iterator[bool]:
        """Where the gateway can't look up: absent from this list and from one before it."""
        integration_id, quiet = self._context.integration.id, self._context.capabilities.quiet_period
        with self._tenant.storage.read_only() as unit:
            before = unit.watermarks.get(LISTED + integration_id)
        if before is not None and self._as_of - before < bureau_side.LISTS_APART:
            return
        cursor: str | None = None
        while before is not None:
            wanted = UnseenFilter(integration_id, before - quiet, before)
            with self._tenant.storage.read_only() as unit:
                page = unit.negativations.unseen(wanted, PageRequest(BATCH_SIZE, cursor))
            self._effects.store_missing(page.items, self._as_of)
            yield False
            cursor = page.cursor
            if cursor is None:
                break
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(LISTED + integration_id, self._as_of)
            unit.commit()

    def _close_over(self) -> Iterator[bool]:
        """Close what the list no longer shows; of a record that stood twice or after its removal, after a look-up."""
        integration_id = self._context.integration.id
        with self._tenant.storage.read_only() as unit:
            shown = list(_open_ones(unit, integration_id, bureau_side.CLOSED_BY_LIST))
            after_removal = [each.subject for each in shown if each.code is DivergenceCode.AFTER_REMOVAL]
            seen = unit.negativations.seen_since(after_removal, self._as_of)
        stands: set[str] = set()
        if self._context.capabilities.find:
            listed = {
                DivergenceCode.AFTER_REMOVAL: seen,
                DivergenceCode.DUPLICATE: self._findings.others.keys(),
            }
            for each in shown:
                if each.code in bureau_side.LOOKED_UP_FIRST and each.subject not in listed[each.code]:
                    is_there = yield from self._is_there(each)
                    if is_there:
                        stands.add(each.id)
        for start in range(0, len(shown), BATCH_SIZE):
            self._effects.close_over(shown[start : start + BATCH_SIZE], stands, self._as_of)
            yield False

    def _is_there(self, divergence: Divergence) -> Generator[bool, None, bool]:
        """Whether a look-up still shows what a divergence is about."""
        with self._tenant.storage.read_only() as unit:
            negativation = unit.negativations.get(divergence.subject)
        if divergence.code is DivergenceCode.DUPLICATE:
            named = bureau_differences.named_ids(divergence.theirs)
            return (yield from self._look_ups.is_any_there(negativation, named))
        answer = yield from self._look_ups.found(negativation)
        return bool(answer.found or answer.by_key)


_MISSING_CODES = frozenset({DivergenceCode.NOT_THERE, DivergenceCode.NOT_FOUND})


def _open_ones(unit: UnitOfWork, integration_id: str, codes: Iterable[DivergenceCode]) -> Iterator[Divergence]:
    for code in sorted(codes):
        yield from pages(unit, DivergenceFilter(integration_id=integration_id, code=code, is_open=True))


def pages(unit: UnitOfWork, wanted: DivergenceFilter) -> Iterator[Divergence]:
    """All divergences that are wanted, page by page."""
    cursor: str | None = None
    while True:
        page = unit.divergences.list(wanted, PageRequest(BATCH_SIZE, cursor))
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
