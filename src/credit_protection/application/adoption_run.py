"""One pass over a source of records: matches rows with the host, assesses them and stores those that are adopted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from credit_protection.application.integration_context import IntegrationContext
from credit_protection.application.payments import decide_removal
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import adoption
from credit_protection.domain.actors import Actor
from credit_protection.domain.adoption_assessment import AdoptionFacts, Assessment, ExtractRow, assess, refuse
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.customers import Customer, Invoice, InvoiceStatus
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import Conflict, InvalidInput
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.settlements import Entry
from credit_protection.domain.unreported_settlements import unreported_entries
from credit_protection.ports.extracts import Extract
from credit_protection.ports.storage import UnitOfWork

_LEFT = frozenset({RecordState.GONE, RecordState.REMOVING})


class AdoptionRun:
    """One pass over a source. It remembers hashes of keys and invoice ids, never the rows.

    Args:
        tenant: whose.
        actor: the person who imports.
        context: of the integration through which the records will be removed.
        without_invoice: also adopt a record that matches no invoice.
    """

    def __init__(
        self, tenant: TenantPorts, actor: Actor, context: IntegrationContext, *, without_invoice: bool
    ) -> None:
        self._tenant = tenant
        self._actor = actor
        self._context = context
        self._without_invoice = without_invoice
        self._seen: set[int] = set()
        self._removed: set[int] = set()
        self._taken: set[str] = set()

    def record_removals(self, source: Extract) -> None:
        """Read a log of operations once for its removals: the row of an inclusion does not say that it was removed."""
        self._removed = {hash(row.key) for row in source.rows() if row.state in _LEFT}

    def assess_all(self, rows: Sequence[ExtractRow]) -> Sequence[Assessment]:
        """Assess rows; nothing is stored."""
        erp = self._match(rows)
        with self._tenant.storage.read_only() as unit:
            return list(self._assessed(unit, rows, erp))

    def adopt_all(self, rows: Sequence[ExtractRow]) -> Sequence[Assessment]:
        """Assess rows and store those that are adopted, in one transaction."""
        erp = self._match(rows)
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
                    done.append(refuse(assessment, conflict.message))
                else:
                    done.append(assessment)
            unit.commit()
        self._tenant.listeners.negativation_event([event for change in changes for event in change.events])
        if any(change.negativation.transmission.action.is_call for change in changes):
            self._tenant.queue.wake()
        return done

    def _assessed(self, unit: UnitOfWork, rows: Sequence[ExtractRow], erp: _InvoiceMatcher) -> Iterator[Assessment]:
        known: dict[tuple[str, str, date | None], Negativation] = {
            (each.document.value, each.reference, each.due_date): each
            for each in unit.negativations.find_by_bureau_keys(self._context.integration.id, [row.key for row in rows])
        }
        open_invoices = unit.negativations.open_invoices(
            self._tenant.host.code, self._context.capabilities.registry, list(erp.invoices)
        )
        today = self._tenant.today(self._context.creditor)
        for row in rows:
            key = hash(row.key)
            customers = erp.customers.get(row.key[0], ())
            facts = AdoptionFacts(
                customers=customers,
                invoices=erp.of_customers(customers),
                known=known.get(row.key),
                open_invoices=open_invoices | self._taken,
                today=today,
                is_repeated=key in self._seen,
                is_removed_too=key in self._removed,
                without_invoice=self._without_invoice,
                sees_settled=self._tenant.host.capabilities.settled_invoices,
            )
            assessment = assess(row, facts)
            if assessment.verdict.is_adopted:
                self._seen.add(key)
                if assessment.invoice is not None:
                    self._taken.add(assessment.invoice.id)
            yield assessment

    def _match(self, rows: Sequence[ExtractRow]) -> _InvoiceMatcher:
        """Look the rows up in the host: one call for each document, one for all invoices."""
        host = self._tenant.host
        customers = {
            document: host.customers_with_document(document)
            for document in dict.fromkeys(row.key[0] for row in rows if _is_document(row.document))
        }
        ids = sorted({customer.id for found in customers.values() for customer in found})
        days = sorted({row.due_date for row in rows if row.due_date is not None})
        invoices = host.invoices_due(ids, days) if ids and days else ()
        return _InvoiceMatcher(customers, {invoice.id: invoice for invoice in invoices})

    def _store(self, unit: UnitOfWork, assessment: Assessment, ledger: Mapping[str, Sequence[Entry]]) -> Change:
        """Store one record; where its debt has ceased, with its removal requested."""
        tenant, now = self._tenant, self._tenant.clock.now()
        request, adopted = adoption.adopt(
            assessment,
            new_ids=(tenant.identifiers.new_id(), tenant.identifiers.new_id()),
            actor=self._actor,
            integration=self._context.integration,
            capabilities=self._context.capabilities,
            host=tenant.host.code,
            now=now,
        )
        negativation, events = adopted.negativation, list(adopted.events)
        invoice = assessment.invoice
        if invoice is not None and (invoice.status is not InvoiceStatus.OPEN or invoice.id in ledger):
            today = tenant.today(self._context.creditor)
            if invoice.status is not InvoiceStatus.OPEN:
                for entry in unreported_entries([invoice], ledger.get(invoice.id, ()), today):
                    unit.settlements.record(tenant.host.code, entry, now)
            removal = decide_removal(tenant, unit, negativation, self._context)
            negativation = removal.negativation
            events.extend(removal.events)
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
            )
        )
        return replace(adopted, negativation=negativation, events=tuple(events))


class _InvoiceMatcher:
    """The host's customers and invoices for some rows.

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

    def of_customers(self, customers: Sequence[Customer]) -> list[Invoice]:
        """Return the invoices of customers."""
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
