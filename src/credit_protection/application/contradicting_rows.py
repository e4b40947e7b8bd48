"""Rows of an extract that contradict each other, without a date that orders them: what the bureau itself shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.reconciliation.pace import Pace
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.adoption_assessment import STANDING, ExtractRow
from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordKey, is_another_record
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import BureauError, InvalidInput


class RowLookUps:
    """Looks each contradicting key up once, at most at a fifth of the integration's rate."""

    def __init__(
        self, tenant: TenantPorts, context: IntegrationContext, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._tenant = tenant
        self._context = context
        self._sleep = sleep
        self._pace = Pace(tenant, context.integration)
        self._answers: dict[int, LookupResult] = {}

    def look_up(self, rows: Iterable[ExtractRow]) -> None:
        """Ask about those that were not asked about; what the bureau does not answer stays unknown."""
        if not self._context.capabilities.find:
            return
        for row in rows:
            key = _key(row)
            if key is None or hash(row.key) in self._answers:
                continue
            self._pace.before_call(self._sleep)
            try:
                answer = self._tenant.gateways.for_integration(self._context.integration).find(key)
            except BureauError:
                return  # the rows that are left are refused, and another import asks again
            if isinstance(answer, RecordFound) and is_another_record(answer, key.document, key.reference, key.due_date):
                continue
            self._answers[hash(row.key)] = answer

    def answer(self, row: ExtractRow) -> LookupResult | None:
        """What the bureau showed of its key; None where it is not known."""
        return self._answers.get(hash(row.key))


def as_shown(row: ExtractRow, found: RecordFound) -> ExtractRow:
    """The row as the bureau shows its record."""
    return replace(row, state=found.state, bureau_id=found.bureau_id or row.bureau_id)


def _key(row: ExtractRow) -> RecordKey | None:
    if row.problems or row.due_date is None or row.state not in STANDING or not row.reference.strip():
        return None
    try:
        return RecordKey(parse_document(row.document), row.reference, row.due_date)
    except InvalidInput:
        return None
