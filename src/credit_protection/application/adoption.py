"""Adoption of records that were made before this software was installed: preview and import ("Day one")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from credit_protection.application.adoption_run import AdoptionRun
from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import adoption
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.adoption import AdoptionSummary
from credit_protection.domain.adoption_assessment import Assessment, ExtractRow
from credit_protection.domain.errors import BureauError, InvalidInput, RuleViolation
from credit_protection.domain.money import Money
from credit_protection.ports.bureau import BureauGateway, ListedRecord
from credit_protection.ports.extracts import Extract

BATCH_SIZE = 200
"""Rows that are read, matched and committed together."""
_UNREADABLE = "registros_ilegiveis"


class Adoption:
    """The use cases about records that were made before this software was installed."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def bureau_list(self, actor: Actor, integration_id: str) -> Extract:
        """Return the records that the bureau itself lists.

        Raises:
            RuleViolation: the gateway can't list.
        """
        context = self._context(actor, integration_id)
        if not context.capabilities.list_records:
            raise RuleViolation(
                "Este birô não lista os seus registros. Peça o extrato a ele e use o arquivo.", code="sem_lista"
            )
        gateway = self._tenant.gateways.for_integration(context.integration)
        return BureauList(gateway, context.integration.description)

    def preview(
        self,
        actor: Actor,
        integration_id: str,
        source: Extract,
        *,
        without_invoice: bool = False,
        report: Callable[[Assessment], None] | None = None,
    ) -> AdoptionSummary:
        """Assess each row as `adopt` would; nothing is stored. Arguments and errors are those of `adopt`."""
        context = self._context(actor, integration_id)
        run = AdoptionRun(self._tenant, actor, context, without_invoice=without_invoice)
        return _process(run, source, run.assess_all, report)

    def adopt(
        self,
        actor: Actor,
        integration_id: str,
        source: Extract,
        *,
        without_invoice: bool = False,
        report: Callable[[Assessment], None] | None = None,
    ) -> AdoptionSummary:
        """Adopt the records, in one transaction for each batch of rows. Idempotent: a record that is known stays as is.

        After a failure the batches before it stay stored, and a second call continues behind them.

        Args:
            actor: the person who imports (rule 1); needs "configurar" and "negativar".
            integration_id: through which the records will be removed; this software must own its transmission.
            source: the bureau's list, or an extract.
            without_invoice: also adopt a record that matches no invoice; only a person can remove it then.
            report: is given each row's assessment, in the source's order, after it was stored.

        Returns:
            The number of rows by verdict.

        Raises:
            RuleViolation: not a person, or the ERP itself transmits for this integration.
            PermissionDenied, NotFound, InvalidInput, HostUnavailable, BureauError.
        """
        adoption.require_person(actor)
        context = self._context(actor, integration_id)
        context.integration.require_ownership()
        run = AdoptionRun(self._tenant, actor, context, without_invoice=without_invoice)
        return _process(run, source, run.adopt_all, report)

    def _context(self, actor: Actor, integration_id: str) -> IntegrationContext:
        with self._tenant.storage.read_only() as unit:
            context = ContextLoader(self._tenant, unit).for_actor(actor, integration_id)
        actor.require(Permission.CONFIGURE, context.creditor.id)
        actor.require(Permission.NEGATIVATE, context.creditor.id)
        return context


def _process(
    run: AdoptionRun,
    source: Extract,
    process: Callable[[Sequence[ExtractRow]], Sequence[Assessment]],
    report: Callable[[Assessment], None] | None,
) -> AdoptionSummary:
    if source.is_operation_log:
        run.record_removals(source)
    summary = AdoptionSummary.zero()
    batches = _Batches(source.rows())
    while batch := batches.next(BATCH_SIZE):
        for assessment in process(batch):
            summary = summary.add(assessment)
            if report is not None:
                report(assessment)
    return replace(summary, unreadable=batches.unreadable)


@dataclass(frozen=True, slots=True)
class BureauList:
    """`ports.extracts.Extract` over the bureau's own list, named as the integration is."""

    gateway: BureauGateway
    name: str
    is_operation_log: bool = False

    def rows(self) -> Iterator[ExtractRow]:
        """Stream one row per record, page by page."""
        for place, record in enumerate(self.gateway.list_records(), 1):
            yield _row(place, record)


def _row(place: int, record: ListedRecord) -> ExtractRow:
    try:
        amount = Money.brl(record.amount)
    except InvalidInput:
        amount = None
    return ExtractRow(
        line=place,
        document=record.key.document.value,
        name="",
        reference=record.key.reference,
        due_date=record.key.due_date,
        amount=amount,
        state=record.found.state,
        bureau_id=record.key.bureau_id or record.found.bureau_id,
        notice_sent_on=record.found.notice_sent_on,
        published_on=record.found.published_on,
    )


class _Batches:
    """The rows of a source in batches. Rows that were read before a failure come first; then the failure is raised."""

    def __init__(self, rows: Iterator[ExtractRow]) -> None:
        self._rows = rows
        self._failure: BureauError | None = None
        self.unreadable = ""

    def next(self, size: int) -> list[ExtractRow]:
        if self._failure is not None:
            raise self._failure
        batch: list[ExtractRow] = []
        try:
            for row in islice(self._rows, size):
                batch.append(row)  # noqa: PERF402 - rows before a failure are kept
        except BureauError as failure:
            if failure.code == _UNREADABLE:
                self.unreadable = failure.message
            elif not batch:
                raise
            else:
                self._failure = failure
        return batch
