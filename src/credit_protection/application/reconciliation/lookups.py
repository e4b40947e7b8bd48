"""Looking records up one by one, and storing what the bureau showed."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.reconciliation.effects import BureauEffects
from credit_protection.application.reconciliation.findings import LookedUp
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordKey, RecordState
from credit_protection.domain.comparison import bureau_side
from credit_protection.domain.comparison.bureau_records import IS_THERE, BureauRecord, near_references
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import BureauError, InvalidInput
from credit_protection.domain.negativations import Negativation
from credit_protection.ports.storage import PageRequest, UnitOfWork, UnseenFilter

LOOK_UPS = 20
"""Look-ups that are compared and committed together."""


class LookUps:
    """The look-ups of one pass. Each generator yields whether its next piece makes a call."""

    def __init__(self, tenant: TenantPorts, context: IntegrationContext, effects: BureauEffects) -> None:
        self._tenant = tenant
        self._context = context
        self._effects = effects

    def look_up_all(self, as_of: datetime, read_until: datetime) -> Iterator[bool]:
        """Where there is no list: the unconfirmed first, then those that were not looked up for the longest."""
        integration_id, quiet = self._context.integration.id, self._context.capabilities.quiet_period
        since = min(as_of, max(read_until, as_of - bureau_side.UNCONFIRMED_WITHIN))
        stable = as_of - quiet
        yield from self.look_up(UnseenFilter(integration_id, stable, since, only_unconfirmed=True))
        yield from self.look_up(UnseenFilter(integration_id, stable, read_until))

    def look_up_waiting(self, as_of: datetime) -> Iterator[bool]:
        """After a restore: what is believed never sent may stand, or have come and gone."""
        stable = as_of - self._context.capabilities.quiet_period
        yield from self.look_up(UnseenFilter(self._context.integration.id, stable, as_of, waiting=True))

    def look_up(self, wanted: UnseenFilter) -> Iterator[bool]:
        """Look all of these up, some at a time."""
        cursor: str | None = None
        while True:
            with self._tenant.storage.read_only() as unit:
                page = unit.negativations.unseen(wanted, PageRequest(LOOK_UPS, cursor))
            answers: list[LookedUp] = []
            try:
                for negativation in page.items:
                    answer = yield from self.found(negativation)
                    answers.append(answer)
            except BureauError:
                self._effects.store_look_ups(answers)
                raise
            self._effects.store_look_ups(answers)
            cursor = page.cursor
            if cursor is None:
                return

    def found(self, negativation: Negativation) -> Generator[bool, None, LookedUp]:
        """Look a record up: by the bureau's id, and where that misses, by its natural key."""
        gateway = self._tenant.gateways.for_integration(self._context.integration)
        key = RecordKey(negativation.document, negativation.reference, negativation.due_date, negativation.bureau_id)
        yield True
        as_of = self._tenant.clock.now()
        found = _known(gateway.find(key), negativation)
        by_key: RecordFound | None = None
        if found is None and key.bureau_id is not None:
            yield True
            by_key = _known(gateway.find(replace(key, bureau_id=None)), negativation)
        near: list[str] = []
        if found is None and by_key is None and self._is_unsearched(negativation):
            for reference in near_references(negativation.reference):
                yield True
                if _known(gateway.find(replace(key, reference=reference, bureau_id=None)), negativation):
                    near.append(reference)
        return LookedUp(negativation, found, by_key, as_of, tuple(near))

    def doubtful(self, record: BureauRecord) -> Generator[bool, None, BureauRecord | None]:
        """A record about which a file contradicts itself, as the bureau shows it; None where it can't be looked up."""
        try:
            document = parse_document(record.document)
        except InvalidInput:
            return None
        if record.due_date is None or not self._context.capabilities.find:
            return None
        yield True
        gateway = self._tenant.gateways.for_integration(self._context.integration)
        answer = gateway.find(RecordKey(document, record.reference, record.due_date))
        if not isinstance(answer, RecordFound):
            return replace(record, state=RecordState.GONE, is_doubtful=False)
        return replace(record, state=answer.state, bureau_id=answer.bureau_id or record.bureau_id, is_doubtful=False)

    def _is_unsearched(self, negativation: Negativation) -> bool:
        """Whether its contract may be spoiled, no list names similar ones, and none was looked for before."""
        is_shown = hash(negativation.id) in self._effects.findings.shown_before
        return negativation.known_at is None and not self._context.capabilities.list_records and not is_shown

    def is_any_there(self, negativation: Negativation, bureau_ids: Sequence[str]) -> Generator[bool, None, bool]:
        """Whether the bureau shows a record of the negativation's key under one of these ids."""
        gateway = self._tenant.gateways.for_integration(self._context.integration)
        for bureau_id in bureau_ids:
            yield True
            key = RecordKey(negativation.document, negativation.reference, negativation.due_date, bureau_id)
            found = gateway.find(key)
            if isinstance(found, RecordFound) and found.bureau_id == bureau_id and found.state in IS_THERE:
                return True
        return False


def _known(result: LookupResult, negativation: Negativation) -> RecordFound | None:
    """The record, where it is on file, or shows that an inclusion that is believed never sent came and went."""
    if not isinstance(result, RecordFound):
        return None
    is_told = result.state in IS_THERE or bureau_side.came_and_went(negativation, result.state)
    return result if is_told else None


def has_old(unit: UnitOfWork, context: IntegrationContext, now: datetime) -> bool:
    """Whether a record was not looked up for long."""
    integration_id, stable = context.integration.id, now - context.capabilities.quiet_period
    wanted = UnseenFilter(integration_id, stable, now - bureau_side.LOOKED_UP_WITHIN)
    unconfirmed = UnseenFilter(integration_id, stable, now - bureau_side.UNCONFIRMED_WITHIN, only_unconfirmed=True)
    return any(unit.negativations.unseen(each, PageRequest(1)).items for each in (unconfirmed, wanted))
