"""Adoption: preview what would be taken over, and take it over, some rows at a time ("Day one")."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from credit_protection.application.integrations import visible_integration
from credit_protection.application.payments import decide, untold
from credit_protection.domain import adoption
from credit_protection.domain.actors import Permission
from credit_protection.domain.adoption import ExtractRow, Facts, Tally
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import BureauError, Conflict, InvalidInput, RuleViolation
from credit_protection.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.actors import Actor
    from credit_protection.domain.adoption import Assessment
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.customers import Customer, Invoice
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Change, Negativation
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.bureau import BureauGateway, ListedRecord
    from credit_protection.ports.extracts import Extract
    from credit_protection.ports.storage import UnitOfWork

AT_ONCE = 200
"""Rows that are read, matched and committed together."""
_UNREADABLE = "registros_ilegiveis"
_LEFT = frozenset({RecordState.GONE, RecordState.REMOVING})


def _quiet(_: Assessment) -> None:
    """Nobody listens."""


class Adoption:
    """The use cases about records that were made before this software came."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def bureau_list(self, actor: Actor, integration_id: str) -> Extract:
        """The records that the bureau itself lists.

        Raises:
            RuleViolation: the gateway can't list.
        """
        integration = self._integration(actor, integration_id)
        if not self._tenant.gateways.kind(integration.gateway).capabilities.list_records:
            raise RuleViolation(
                "Este birô não lista os seus registros. Peça o extrato a ele e use o arquivo.", code="sem_lista"
            )
        return BureauList(self._tenant.gateways.of(integration), integration.description)

    def preview(
        self,
        actor: Actor,
        integration_id: str,
        source: Extract,
        *,
        without_invoice: bool = False,
        tell: Callable[[Assessment], None] = _quiet,
    ) -> Tally:
        """What would become of each row; nothing is stored.

        Args:
            actor: needs "configurar" and "negativar".
            integration_id: through which the records will be removed.
            source: the bureau's list, or an extract.
            without_invoice: also adopt what matches no invoice; only a person can remove it then.
            tell: is given each row's assessment, in the source's order.

        Returns:
            How many came to what.

        Raises:
            PermissionDenied, NotFound, InvalidInput, HostUnavailable, BureauError.
        """
        run = _Run(self._tenant, actor, self._integration(actor, integration_id), without_invoice=without_invoice)
        return self._through(run, source, run.assess_all, tell)

    def adopt(
        self,
        actor: Actor,
        integration_id: str,
        source: Extract,
        *,
        without_invoice: bool = False,
        tell: Callable[[Assessment], None] = _quiet,
    ) -> Tally:
        """Take the records over, one transaction for some rows. Done twice is done once: what is known stays as it is.

        What was stored before a failure stays; start again, and it goes on where it was.

        Args:
            actor: the person who imports (rule 1); needs "configurar" and "negativar".
            integration_id: through which the records will be removed; this software must own its transmission.
            source: the bureau's list, or an extract.
            without_invoice: also adopt what matches no invoice; only a person can remove it then.
            tell: is given each row's assessment, after it was stored.

        Returns:
            How many came to what.

        Raises:
            RuleViolation: not a person, or the ERP itself transmits for this integration.
            PermissionDenied, NotFound, InvalidInput, HostUnavailable, BureauError.
        """
        adoption.require_person(actor)
        integration = self._integration(actor, integration_id)
        integration.require_ownership()
        run = _Run(self._tenant, actor, integration, without_invoice=without_invoice)
        return self._through(run, source, run.adopt_all, tell)

    def _integration(self, actor: Actor, integration_id: str) -> Integration:
        with self._tenant.storage.reading() as unit:
            integration = visible_integration(self._tenant, unit, actor, integration_id)
        actor.require(Permission.CONFIGURE, integration.creditor_id)
        actor.require(Permission.NEGATIVATE, integration.creditor_id)
        return integration

    def _through(
        self,
        run: _Run,
        source: Extract,
        act: Callable[[Sequence[ExtractRow]], Sequence[Assessment]],
        tell: Callable[[Assessment], None],
    ) -> Tally:
        if source.is_log:
            run.note_removals(source)
        tally = Tally.empty()
        rows = _Rows(source.rows())
        while some := rows.next(AT_ONCE):
            for assessment in act(some):
                tally = tally.with_one(assessment)
                tell(assessment)
        return replace(tally, unreadable=rows.unreadable)


class BureauList:
    """The bureau's list as an extract: each row is a record, as it stands now.

    Args:
        gateway: of the integration.
        name: of the integration.
    """

    is_log = False

    def __init__(self, gateway: BureauGateway, name: str) -> None:
        self._gateway = gateway
        self._name = name

    @property
    def name(self) -> str:
        """The integration's."""
        return self._name

    def rows(self) -> Iterator[ExtractRow]:
        """Page by page, as the bureau gives them."""
        for place, record in enumerate(self._gateway.list_records(), 1):
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


class _Rows:
    """A source, some rows at a time. What was read before a failure is given first; then the failure is raised."""

    def __init__(self, rows: Iterator[ExtractRow]) -> None:
        self._rows = rows
        self._failure: BureauError | None = None
        self.unreadable = ""

    def next(self, most: int) -> list[ExtractRow]:
        if self._failure is not None:
            raise self._failure
        some: list[ExtractRow] = []
        try:
            for row in islice(self._rows, most):
                some.append(row)  # noqa: PERF402 - what came before a failure is kept
        except BureauError as failure:
            if failure.code == _UNREADABLE:
                self.unreadable = failure.message
            elif not some:
                raise
            else:
                self._failure = failure
        return some


class _Run:
    """One pass over a source: what it has seen, as small numbers and invoice ids, never the rows themselves."""

    def __init__(self, tenant: Tenant, actor: Actor, integration: Integration, *, without_invoice: bool) -> None:
        self._tenant = tenant
        self._actor = actor
        self._integration = integration
        self._without_invoice = without_invoice
        self._gateway = tenant.gateways.kind(integration.gateway).capabilities
        with tenant.storage.reading() as unit:
            self._creditor: Creditor = unit.creditors.get(integration.creditor_id)
        self._seen: set[int] = set()
        self._removed: set[int] = set()
        self._taken: set[str] = set()

    def note_removals(self, source: Extract) -> None:
        """Read an extract of operations once for the removals alone: an inclusion's row does not tell them."""
        self._removed = {hash(row.key) for row in source.rows() if row.state in _LEFT}

    def assess_all(self, rows: Sequence[ExtractRow]) -> Sequence[Assessment]:
        """What becomes of the rows, nothing stored."""
        erp = self._matches(rows)
        with self._tenant.storage.reading() as unit:
            return list(self._assessed(unit, rows, erp))

    def adopt_all(self, rows: Sequence[ExtractRow]) -> Sequence[Assessment]:
        """What became of the rows: stored together."""
        erp = self._matches(rows)
        host = self._tenant.host.code
        changes: list[Change] = []
        done: list[Assessment] = []
        with self._tenant.storage.unit() as unit:
            unit.settlements.lock_invoices(host, sorted(erp.invoices))
            ledger = _by_invoice(unit.settlements.entries(host, sorted(erp.invoices)))
            for assessment in self._assessed(unit, rows, erp):
                if not assessment.verdict.is_adopted:
                    done.append(assessment)
                    continue
                try:
                    changes.append(self._store(unit, assessment, ledger))
                except Conflict as conflict:
                    done.append(adoption.refusal(assessment, conflict.message))
                else:
                    done.append(assessment)
            unit.commit()
        self._tenant.listeners.happened([event for change in changes for event in change.events])
        if any(change.negativation.transmission.action.is_call for change in changes):
            self._tenant.queue.wake()
        return done

    def _assessed(self, unit: UnitOfWork, rows: Sequence[ExtractRow], erp: _Matches) -> Iterator[Assessment]:
        known: dict[tuple[str, str, date | None], Negativation] = {
            (each.document.value, each.reference, each.due_date): each
            for each in unit.negativations.with_keys(self._integration.id, [row.key for row in rows])
        }
        standing = unit.negativations.open_invoices(self._tenant.host.code, self._gateway.registry, list(erp.invoices))
        today = self._tenant.today(self._creditor)
        for row in rows:
            key = hash(row.key)
            customers = erp.customers.get(row.key[0], ())
            facts = Facts(
                customers=customers,
                invoices=erp.of(customers),
                known=known.get(row.key),
                open_invoices=standing | self._taken,
                today=today,
                is_repeated=key in self._seen,
                is_removed_too=key in self._removed,
                without_invoice=self._without_invoice,
                sees_settled=self._tenant.host.capabilities.settled_invoices,
            )
            assessment = adoption.assess(row, facts)
            if assessment.verdict.is_adopted:
                self._seen.add(key)
                if assessment.invoice is not None:
                    self._taken.add(assessment.invoice.id)
            yield assessment

    def _matches(self, rows: Sequence[ExtractRow]) -> _Matches:
        """What the host knows of the rows' documents and days: one look-up a document, one of invoices."""
        host = self._tenant.host
        customers = {
            document: host.customers_with_document(document)
            for document in dict.fromkeys(row.key[0] for row in rows if _is_document(row.document))
        }
        ids = sorted({customer.id for found in customers.values() for customer in found})
        days = sorted({row.due_date for row in rows if row.due_date is not None})
        invoices = host.invoices_due(ids, days) if ids and days else ()
        return _Matches(customers, {invoice.id: invoice for invoice in invoices})

    def _store(self, unit: UnitOfWork, assessment: Assessment, ledger: Mapping[str, Sequence[Entry]]) -> Change:
        """One record with its history; what is no longer owed goes to the removal queue in the same act."""
        tenant, now = self._tenant, self._tenant.clock.now()
        request, born = adoption.adopt(
            assessment,
            ids=(tenant.identifiers.new_id(), tenant.identifiers.new_id()),
            actor=self._actor,
            integration=self._integration,
            gateway=self._gateway,
            host=tenant.host.code,
            now=now,
        )
        negativation, events = born.negativation, list(born.events)
        invoice = assessment.invoice
        if invoice is not None and (invoice.status is not InvoiceStatus.OPEN or invoice.id in ledger):
            today = tenant.today(self._creditor)
            if invoice.status is not InvoiceStatus.OPEN:
                for entry in untold([invoice], ledger.get(invoice.id, ()), today):
                    unit.settlements.record(tenant.host.code, entry, now)
            decided = decide(tenant, unit, negativation)
            negativation = decided.negativation
            events.extend(decided.events)
        unit.negativations.add(negativation)
        unit.negativations.add_request(request)
        unit.negativations.append(events)
        unit.audit.add(
            AuditEntry(
                at=now,
                actor_id=self._actor.id,
                actor_name=self._actor.name,
                act="negativation.adopt",
                subject=negativation.id,
                creditor_id=negativation.creditor_id,
                why=adoption.CAUSE,
                after={
                    "desired": negativation.desired.value,
                    "observed": negativation.observed.value,
                    "document": negativation.document.masked,
                    "reference": negativation.reference,
                    "due_date": negativation.due_date.isoformat(),
                    "amount": str(negativation.amount),
                    "verdict": assessment.verdict.value,
                },
            )
        )
        return replace(born, negativation=negativation, events=tuple(events))


class _Matches:
    """What the host knows of some rows.

    Args:
        customers: by compact document.
        invoices: of all of them, by id.
    """

    def __init__(self, customers: Mapping[str, Sequence[Customer]], invoices: Mapping[str, Invoice]) -> None:
        self.customers = customers
        self.invoices = invoices
        self._by_customer: dict[str, list[Invoice]] = {}
        for invoice in invoices.values():
            self._by_customer.setdefault(invoice.customer_id, []).append(invoice)

    def of(self, customers: Sequence[Customer]) -> list[Invoice]:
        """The invoices of customers."""
        return [invoice for customer in customers for invoice in self._by_customer.get(customer.id, ())]


def _is_document(text: str) -> bool:
    try:
        parse_document(text)
    except InvalidInput:
        return False
    return True


def _by_invoice(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    ledger: dict[str, list[Entry]] = {}
    for entry in entries:
        ledger.setdefault(entry.invoice_id, []).append(entry)
    return ledger
