"""One pass over one integration, call by call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from credit_protection.application import inclusion_hold
from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.reconciliation.effects import BureauEffects
from credit_protection.application.reconciliation.findings import Findings, counts_of
from credit_protection.application.reconciliation.lists import BATCH_SIZE, ListReading, pages
from credit_protection.application.reconciliation.lookups import LookUps
from credit_protection.application.reconciliation.marks import LEASED_FOR
from credit_protection.application.reconciliation.pace import Pace
from credit_protection.application.reconciliation.results import ReconciliationSummary
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.comparison.bureau_records import BureauRecord
from credit_protection.domain.divergences import Side
from credit_protection.domain.operation_counts import OperationCounts
from credit_protection.ports.extracts import Extract
from credit_protection.ports.storage import DivergenceFilter


class Pass:
    """One pass over one integration, call by call."""

    def __init__(
        self,
        tenant: TenantPorts,
        context: IntegrationContext,
        records: Callable[[], Iterator[BureauRecord | None]] | None,
        as_of: datetime,
        *,
        since: datetime | None = None,
        source: Extract | None = None,
    ) -> None:
        self.context = context
        self.as_of = as_of
        self.read_until = as_of if since is None else since
        self.leased_until = tenant.clock.now() + LEASED_FOR
        self.is_over = False
        self.is_ended = False
        self.stopped = ""
        self.calls_next = False
        self.pace = Pace(tenant, context.integration)
        self._tenant = tenant
        self._records = records
        self._is_file = source is not None
        self._is_log = source is not None and source.is_operation_log
        self._findings = Findings()
        self._effects = BureauEffects(tenant, context.integration.id, self._findings)
        self._look_ups = LookUps(tenant, context, self._effects)
        self._list = ListReading(tenant, context, self._effects, self._look_ups, as_of)
        self._steps = self._run()

    def step(self) -> None:
        """Do one piece: at most one call to the bureau, where `calls_next` said so."""
        try:
            self.calls_next = next(self._steps)
        except StopIteration:
            self.is_over = self.is_ended = True

    def compare(self, counts: Mapping[str, OperationCounts]) -> None:
        """Compare the counts of a portal's extract, instead of any step."""
        documents = sorted(counts)
        for start in range(0, len(documents), BATCH_SIZE):
            self._effects.store_counts({key: counts[key] for key in documents[start : start + BATCH_SIZE]})
        self.is_over = self.is_ended = True

    def stop(self, reason: str) -> None:
        """It can't go on."""
        self.is_over, self.stopped = True, reason

    def summary(self) -> ReconciliationSummary:
        """What it did."""
        found = self._findings
        return ReconciliationSummary(
            integration_id=self.context.integration.id,
            as_of=self.as_of,
            rows=found.rows,
            matched=found.matched,
            unknown=len(found.unknown),
            foreign=found.foreign,
            looked_up=found.looked_up,
            missing=found.missing,
            answered=found.answered,
            reopened=found.reopened,
            opened=counts_of(found),
            unreadable=found.unreadable,
            is_suspect=self._list.is_suspect,
            is_ended=self.is_ended,
            stopped=self.stopped,
        )

    def _run(self) -> Iterator[bool]:
        """Yields whether the next piece makes a call."""
        with self._tenant.storage.read_only() as unit:
            wanted = DivergenceFilter(integration_id=self.context.integration.id, is_open=True)
            shown = pages(unit, wanted)
            self._findings.shown_before = {hash(each.subject) for each in shown if each.side is Side.BUREAU}
            is_held = inclusion_hold.inclusion_hold(unit, self._tenant.clock.now()) is not None
        if is_held and not self._is_file and self.context.capabilities.find:
            yield from self._look_ups.look_up_waiting(self.as_of)
        if self._records is None:
            yield from self._look_ups.look_up_all(self.as_of, self.read_until)
            return
        is_whole = yield from self._list.read(self._records(), is_file=self._is_file)
        if self._is_log:
            return  # a log of operations shows what was done in a period, and no absence
        yield from self._list.judge(is_whole=is_whole)
