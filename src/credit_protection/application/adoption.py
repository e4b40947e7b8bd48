"""Adoption of records that were made before this software was installed: preview and import ("Day one")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import islice

from credit_protection.application.contradicting_rows import RowLookUps, as_shown
from credit_protection.application.host_scope import HostScope, has_several_creditors
from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.payments import decide_removal
from credit_protection.application.recording import record_listed
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import adoption
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.adoption import AdoptionSummary
from credit_protection.domain.adoption_assessment import STANDING, AdoptionFacts, Assessment, ExtractRow, assess, refuse
from credit_protection.domain.audit import AuditEntry, automatic_entries
from credit_protection.domain.bureau_answers import RecordFound, RecordNotFound
from credit_protection.domain.comparison.bureau_records import BureauRecord, unknown_subject
from credit_protection.domain.comparison.entries import CoveredDebt, LedgerFacts, ledger_change
from credit_protection.domain.comparison.readings import first_reading, reading_of
from credit_protection.domain.customers import Customer, Invoice, InvoiceStatus
from credit_protection.domain.divergences import Divergence, DivergenceCode
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import BureauError, Conflict, InvalidInput, RuleViolation
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.operation_log import KeyState, OperationLog
from credit_protection.domain.settlements import Entry, by_invoice
from credit_protection.ports.bureau import BureauGateway, ListedRecord
from credit_protection.ports.extracts import Extract
from credit_protection.ports.storage import UnitOfWork

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
        self._context(actor, integration_id)
        run = self._run(actor, integration_id, source, without_invoice=without_invoice)
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
        self._context(actor, integration_id).integration.require_ownership()
        run = self._run(actor, integration_id, source, without_invoice=without_invoice)
        return _process(run, source, run.adopt_all, report)

    def _run(self, actor: Actor, integration_id: str, source: Extract, *, without_invoice: bool) -> AdoptionRun:
        is_shown = isinstance(source, BureauList)
        return AdoptionRun(self._tenant, actor, integration_id, without_invoice=without_invoice, is_shown=is_shown)

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
        run.record_operations(source)
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


class AdoptionRun:
    """One pass over a source. It remembers hashes of keys and invoice ids, never the rows.

    Each batch reads the integration again: it may be edited while a long source is read. What the bureau itself
    `is_shown` to have is acknowledged; what a file says is unconfirmed.
    """

    def __init__(
        self, tenant: TenantPorts, actor: Actor, integration_id: str, *, without_invoice: bool, is_shown: bool
    ) -> None:
        self._tenant = tenant
        self._actor = actor
        self._integration_id = integration_id
        self._without_invoice = without_invoice
        self._is_shown = is_shown
        self._seen: set[int] = set()
        self._operations = OperationLog()
        self._look_ups: RowLookUps | None = None
        self._taken: set[str] = set()

    def record_operations(self, source: Extract) -> None:
        """Read a log of operations once: the row of an inclusion does not say that it was removed."""
        for row in source.rows():
            self._operations.add(row)

    def _look_up(self, rows: Sequence[ExtractRow]) -> None:
        """Ask the bureau about the rows whose order no date tells, outside any transaction."""
        unknown = [row for row in rows if self._operations.state(row) is KeyState.UNKNOWN]
        if unknown and self._look_ups is None:
            with self._tenant.storage.read_only() as unit:
                self._look_ups = RowLookUps(self._tenant, self._context(unit))
        if self._look_ups is not None:
            self._look_ups.look_up(unknown)

    def assess_all(self, rows: Sequence[ExtractRow]) -> Sequence[Assessment]:
        """Assess rows; nothing is stored."""
        self._look_up(rows)
        erp = self._match(rows, self._calendar())
        with self._tenant.storage.read_only() as unit:
            return list(self._assessed(unit, self._context(unit), rows, erp))

    def adopt_all(self, rows: Sequence[ExtractRow]) -> Sequence[Assessment]:
        """Assess rows and store those that are adopted, in one transaction."""
        self._look_up(rows)
        erp = self._match(rows, self._calendar())
        host = self._tenant.host.code
        changes: list[Change] = []
        done: list[Assessment] = []
        with self._tenant.storage.unit() as unit:
            context = self._context(unit, creates=True)
            context.integration.require_ownership()
            unit.settlements.lock_invoices(host, sorted(erp.invoices))
            ledger = by_invoice(unit.settlements.entries(host, sorted(erp.invoices)))
            for assessment in self._assessed(unit, context, rows, erp):
                outcome = assessment
                if assessment.verdict.is_adopted:
                    try:
                        changes.append(self._store(unit, context, assessment, ledger))
                    except Conflict as conflict:
                        outcome = refuse(assessment, conflict.message)
                done.append(outcome)
            known = self._close_unknown(unit, [each.row for each in done if each.verdict.is_adopted])
            unit.commit()
        self._tenant.listeners.negativation_event([event for change in changes for event in change.events])
        self._tenant.listeners.divergence(known)
        if any(change.negativation.transmission.action.is_call for change in changes):
            self._tenant.queue.wake()
        return done

    def _close_unknown(self, unit: UnitOfWork, adopted: Sequence[ExtractRow]) -> list[Divergence]:
        """Close what was shown of these records as unknown: one that leaves before the next list is not in it."""
        records = [BureauRecord(row.key[0], row.reference, row.due_date, row.state, row.bureau_id) for row in adopted]
        subjects = [unknown_subject(self._integration_id, each) for each in records]
        shown = unit.divergences.open_of(subjects) if subjects else ()
        now = self._tenant.clock.now()
        closed = [replace(each, closed_at=now) for each in shown if each.code is DivergenceCode.UNKNOWN_RECORD]
        unit.divergences.save_all(closed)
        return closed

    def _calendar(self) -> BusinessCalendar:
        """By which the days of a debt count alike."""
        with self._tenant.storage.read_only() as unit:
            return self._tenant.calendars.banking(self._context(unit).creditor)

    def _context(self, unit: UnitOfWork, *, creates: bool = False) -> IntegrationContext:
        return ContextLoader(self._tenant, unit).for_actor(self._actor, self._integration_id, creates=creates)

    def _assessed(
        self, unit: UnitOfWork, context: IntegrationContext, rows: Sequence[ExtractRow], erp: _Matches
    ) -> Iterator[Assessment]:
        known: dict[tuple[str, str, date | None], Negativation] = {
            (each.document.value, each.reference, each.due_date): each
            for each in unit.negativations.find_by_bureau_keys(self._integration_id, [row.key for row in rows])
        }
        open_invoices = unit.negativations.open_invoices(
            self._tenant.host.code, context.capabilities.registry, list(erp.invoices)
        )
        today = self._tenant.today(context.creditor)
        calendar = self._tenant.calendars.banking(context.creditor)
        for row in rows:
            key, state = hash(row.key), self._operations.state(row)
            answer = None if self._look_ups is None or row.state not in STANDING else self._look_ups.answer(row)
            current = as_shown(row, answer) if isinstance(answer, RecordFound) else row
            customers = erp.customers.get(row.key[0], ())
            facts = AdoptionFacts(
                customers=customers,
                invoices=erp.invoices_of(customers),
                known=known.get(row.key),
                open_invoices=open_invoices | self._taken,
                today=today,
                is_repeated=key in self._seen,
                is_removed_too=state is KeyState.LEFT or isinstance(answer, RecordNotFound),
                is_order_unknown=state is KeyState.UNKNOWN and answer is None,
                without_invoice=self._without_invoice,
                sees_settled=self._tenant.host.capabilities.settled_invoices,
                creditor_id=context.creditor.id,
                has_several_creditors=erp.has_several_creditors,
                days=() if row.due_date is None else calendar.alike(row.due_date),
            )
            assessment = assess(current, facts)
            if assessment.verdict.is_adopted:
                self._seen.add(key)
                if assessment.invoice is not None:
                    self._taken.add(assessment.invoice.id)
            yield assessment

    def _match(self, rows: Sequence[ExtractRow], calendar: BusinessCalendar) -> _Matches:
        """Look the rows up in the host: one call for each document, one for all invoices."""
        host, scope = self._tenant.host, HostScope.of(self._tenant, self._actor)
        customers = {
            document: host.customers_with_document(document)
            for document in dict.fromkeys(row.key[0] for row in rows if _is_document(row.document))
        }
        ids = sorted({customer.id for found in customers.values() for customer in found})
        days = sorted({day for row in rows if row.due_date is not None for day in calendar.alike(row.due_date)})
        invoices = [one for one in host.invoices_due(ids, days) if scope.sees(one)] if ids and days else []
        theirs = {one.customer_id for one in invoices}
        seen = {
            document: [one for one in found if scope.sees(one) or (one.creditor_id is None and one.id in theirs)]
            for document, found in customers.items()
        }
        is_ambiguous = has_several_creditors(self._tenant, invoices)
        return _Matches(seen, {invoice.id: invoice for invoice in invoices}, has_several_creditors=is_ambiguous)

    def _was_found(self, row: ExtractRow) -> bool:
        """Whether a look-up showed the record."""
        return self._look_ups is not None and isinstance(self._look_ups.answer(row), RecordFound)

    def _store(
        self,
        unit: UnitOfWork,
        context: IntegrationContext,
        assessment: Assessment,
        ledger: Mapping[str, Sequence[Entry]],
    ) -> Change:
        """Store one record; where its debt has ceased, with its removal requested."""
        tenant, now = self._tenant, self._tenant.clock.now()
        request, adopted = adoption.adopt(
            assessment,
            new_ids=(tenant.identifiers.new_id(), tenant.identifiers.new_id()),
            actor=self._actor,
            integration=context.integration,
            capabilities=context.capabilities,
            host=tenant.host.code,
            now=now,
            is_shown=self._is_shown or self._was_found(assessment.row),
        )
        removal = Change(adopted.negativation)
        invoice = assessment.invoice
        if invoice is not None and (invoice.status is not InvoiceStatus.OPEN or invoice.id in ledger):
            if invoice.status is not InvoiceStatus.OPEN:
                seen = first_reading(reading_of(invoice, now))
                facts = LedgerFacts(ledger.get(invoice.id, ()), None, [CoveredDebt(invoice.amount)])
                today = tenant.today(context.creditor)
                record_listed(tenant, unit, ledger_change(seen, facts, today, reports_reversals=True).entries)
            removal = decide_removal(tenant, unit, adopted.negativation, context)
        negativation, events = removal.negativation, (*adopted.events, *removal.events)
        unit.negativations.add(negativation)
        unit.negativations.add_request(request)
        unit.negativations.append(events)
        unit.audit.add(
            AuditEntry(
                now,
                self._actor.id,
                self._actor.name,
                "negativation.adopt",
                negativation.id,
                negativation.creditor_id,
                adoption.CAUSE,
                after={
                    "desired": negativation.desired.value,
                    "observed": negativation.observed.value,
                    "document": negativation.document.masked,
                    "reference": negativation.reference,
                    "due_date": negativation.due_date.isoformat(),
                    "amount": str(negativation.amount),
                    "verdict": assessment.verdict.value,
                },
            ),
            *automatic_entries([removal]),
        )
        return Change(negativation, events)


@dataclass(frozen=True)
class _Matches:
    """The host's customers (by compact document) and their invoices (by id) for some rows."""

    customers: Mapping[str, Sequence[Customer]]
    invoices: Mapping[str, Invoice]
    has_several_creditors: bool = False

    def invoices_of(self, customers: Sequence[Customer]) -> list[Invoice]:
        return [invoice for customer in customers for invoice in self._by_customer.get(customer.id, ())]

    @cached_property
    def _by_customer(self) -> Mapping[str, Sequence[Invoice]]:
        found: dict[str, list[Invoice]] = {}
        for invoice in self.invoices.values():
            found.setdefault(invoice.customer_id, []).append(invoice)
        return found


def _is_document(text: str) -> bool:
    try:
        parse_document(text)
    except InvalidInput:
        return False
    return True
