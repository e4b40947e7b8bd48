"""Around the answer to one call: a look-up that misses is made again by the natural key, and what differs is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from credit_protection.application.batched_updates import UpdateContext
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.bureau_answers import (
    Answer,
    Done,
    ExecutionResult,
    LookupResult,
    RecordFound,
    RecordKey,
    RecordNotFound,
)
from credit_protection.domain.comparison.answered import AnswerShown
from credit_protection.domain.comparison.bureau_records import IS_THERE, near_references
from credit_protection.domain.divergences import Divergence, DivergenceContext, update_divergences
from credit_protection.domain.errors import BureauError
from credit_protection.domain.negativations import Negativation
from credit_protection.ports.bureau import BureauGateway

_MOST_NEAR = 3
"""Similar contracts that are named."""


def find_record(gateway: BureauGateway, key: RecordKey, before_second_call: Callable[[], object]) -> LookupResult:
    """Look a record up by the bureau's id, and where that misses, by its natural key.

    A record that has left counts as missing where it has another id: it may be an older one.
    """
    result = gateway.find(key)
    if key.bureau_id is None or isinstance(result, RecordFound):
        return result
    before_second_call()
    by_key = gateway.find(replace(key, bureau_id=None))
    if isinstance(by_key, RecordFound) and (by_key.state in IS_THERE or by_key.bureau_id == key.bureau_id):
        return by_key
    return result


def is_missing(answer: Answer | LookupResult) -> bool:
    """Whether the bureau does not find the record."""
    return isinstance(answer, RecordNotFound) or (
        isinstance(answer, Done) and answer.result is ExecutionResult.NOT_FOUND
    )


def near_contracts(gateway: BureauGateway, negativation: Negativation, may_call: Callable[[], bool]) -> Sequence[str]:
    """The contracts that stand for the same debtor and due date, equal but for leading zeros; a few look-ups."""
    near: list[str] = []
    for reference in near_references(negativation.reference):
        if len(near) == _MOST_NEAR or not may_call():
            break
        try:
            found = gateway.find(RecordKey(negativation.document, reference, negativation.due_date))
        except BureauError:
            break
        if isinstance(found, RecordFound) and found.state in IS_THERE:
            near.append(found.reference or reference)
    return near


def store_shown(tenant: TenantPorts, update: UpdateContext, shown: AnswerShown) -> Sequence[Divergence]:
    """Open and close divergences in the answer's transaction; returns those that were written."""
    before, context = update.negativation, update.integration_context
    at = DivergenceContext(
        integration_id=before.integration_id,
        creditor_id=before.creditor_id,
        negativation_id=before.id,
        now=tenant.clock.now(),
        today=tenant.today(context.creditor),
        calendar=tenant.calendars.for_creditor(context.creditor),
    )
    open_ones = update.unit.divergences.open_of([before.id])
    written = update_divergences(open_ones, shown.differences, shown.fresh, at, _new_ids(tenant))
    update.unit.divergences.save_all(written)
    return written


def _new_ids(tenant: TenantPorts) -> Iterator[str]:
    while True:
        yield tenant.identifiers.new_id()
