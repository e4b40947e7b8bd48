"""Relinking the invoices of a negativation to those that the ERP gives now, and following their old ledgers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from credit_protection.application.batched_updates import publish
from credit_protection.application.customers import unknown_invoice
from credit_protection.application.host_reading import read_customers, read_invoices
from credit_protection.application.host_scope import HostScope
from credit_protection.application.integration_context import require_visible
from credit_protection.application.rereading import Rereading
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.audit import AuditEntry, settlement_entry
from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.relinking import InvoiceMatch, Relink, former_entries, mismatches, relink
from credit_protection.domain.settlements import Entry, Reversal, by_invoice
from credit_protection.ports.storage import PageRequest, UnitOfWork

BATCH_SIZE = 200


class Relinking:
    """Matches invoices that the ERP no longer gives, by a person's word."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self._rereading = Rereading(tenant)

    def candidates(self, actor: Actor, negativation_id: str) -> Mapping[str, Sequence[InvoiceMatch]]:
        """By id, the negativation's invoices that the ERP no longer gives, each with those that agree with it.

        Raises:
            PermissionDenied: the actor may not remove.
            NotFound: the negativation, or the actor may not see its creditor.
            HostUnavailable: the host can't be read.
        """
        negativation = self._visible(actor, negativation_id)
        host = self._tenant.host
        lost = self._lost(negativation)
        owners = {each.id: each for each in host.customers_with_document(negativation.document.value)}
        days = sorted({each.due_date for each in negativation.invoices if each.invoice_id in lost})
        given = host.invoices_due(sorted(owners), days) if owners and days else ()
        scope = HostScope.of(self._tenant, actor)
        matches = [
            InvoiceMatch(each, owners[each.customer_id])
            for each in given
            if each.customer_id in owners and scope.sees(each)
        ]
        covered = {each.invoice_id: each for each in negativation.invoices}
        return {
            key: [each for each in matches if not mismatches(negativation, covered[key], each)] for key in sorted(lost)
        }

    def relink(self, actor: Actor, negativation_id: str, invoices: Mapping[str, str], remark: str) -> Negativation:
        """Match invoices of the negativation to those that the ERP gives: `invoices` is the new id by the old one.

        The old ledger keeps counting, also what is recorded under the old id later.

        Raises:
            RuleViolation: the ERP still gives the old invoice; document, due date, amount or creditor differ; or the
                new one is in another open negativation at the same registry.
            Conflict: the negativation is closed, or was changed meanwhile.
            InvalidInput: no remark, or the choice of invoices.
            NotFound: negativation or invoice.
            PermissionDenied, HostUnavailable.
        """
        before = self._visible(actor, negativation_id)
        self._require_lost(before, invoices)
        matches = self._matches(actor, invoices)
        host, new_ids = self._tenant.host.code, sorted(invoices.values())
        with self._tenant.storage.unit() as unit:
            _lock_ledgers(unit, {(before.host, each) for each in invoices} | {(host, each) for each in new_ids})
            current = unit.negativations.lock(negativation_id)
            if current is None or (current.host, current.invoices) != (before.host, before.invoices):
                raise Conflict("A negativação mudou enquanto você decidia. Confira e repita.", code="mudou")
            now = self._tenant.clock.now()
            change, relinks = relink(current, matches, host, actor_id=actor.id, remark=remark, now=now)
            if unit.negativations.open_invoices(host, current.registry, new_ids, except_negativation=negativation_id):
                raise RuleViolation(
                    "A fatura nova já está em outra negativação aberta na mesma base. Remova uma das duas antes.",
                    code="fatura_ja_negativada",
                )
            unit.negativations.relink(change.negativation, relinks)
            unit.negativations.append(change.events)
            self._copy(unit, relinks)
            unit.rechecks.add(self._rereading.new_rechecks(new_ids))
            old = {"invoices": ", ".join(f"{before.host}/{key}" for key in sorted(invoices))}
            new = {"invoices": ", ".join(f"{host}/{invoices[key]}" for key in sorted(invoices))}
            act = "negativation.relink"
            unit.audit.add(
                AuditEntry(now, actor.id, actor.name, act, before.id, before.creditor_id, remark.strip(), old, new)
            )
            unit.commit()
        publish(self._tenant, [change])
        return self._visible(actor, negativation_id)

    def follow(self) -> int:
        """Copy what was recorded under the old ids since. Returns how many entries the ledgers gained. Idempotent."""
        new = 0
        cursor: str | None = None
        while True:
            with self._tenant.storage.read_only() as unit:
                page = unit.negativations.relinks(PageRequest(BATCH_SIZE, cursor))
                has_news = bool(_missing(unit, page.items))
            if has_news:
                with self._tenant.storage.unit() as unit:
                    _lock_ledgers(unit, {(each.new_host, each.new_invoice_id) for each in page.items})
                    new += self._copy(unit, page.items)
                    unit.commit()
            cursor = page.cursor
            if cursor is None:
                return new

    def _copy(self, unit: UnitOfWork, relinks: Sequence[Relink]) -> int:
        """Record the entries of the old ledgers that the new ones lack."""
        now, copied = self._tenant.clock.now(), 0
        for relinked, entry in _missing(unit, relinks):
            if unit.settlements.record(relinked.new_host, entry, now):
                remark = f"do livro da fatura {relinked.host}/{relinked.invoice_id}"
                unit.audit.add(settlement_entry(now, SYSTEM, entry, remark=remark))
                copied += 1
        return copied

    def _visible(self, actor: Actor, negativation_id: str) -> Negativation:
        actor.require(Permission.REMOVE)
        with self._tenant.storage.read_only() as unit:
            negativation = unit.negativations.get(negativation_id)
        require_visible(actor, negativation.creditor_id, "Negativação")
        return negativation

    def _lost(self, negativation: Negativation) -> set[str]:
        """Those of its invoices that the ERP does not give: all, where it is of another ERP."""
        ids = {each.invoice_id for each in negativation.invoices}
        if negativation.host != self._tenant.host.code:
            return ids
        given, left_out = read_invoices(self._tenant, sorted(ids))
        return ids - given.keys() - {each.subject for each in left_out}

    def _require_lost(self, negativation: Negativation, invoices: Mapping[str, str]) -> None:
        given = sorted(invoices.keys() & {each.invoice_id for each in negativation.invoices} - self._lost(negativation))
        if given:
            raise RuleViolation(
                f"O ERP ainda dá a fatura {', '.join(given)}: não há o que ligar. Se ela é de outro, veja as "
                "divergências.",
                code="fatura_existe",
            )

    def _matches(self, actor: Actor, invoices: Mapping[str, str]) -> Mapping[str, InvoiceMatch]:
        given, _ = read_invoices(self._tenant, sorted(set(invoices.values())))
        customers, _ = read_customers(self._tenant, sorted({each.customer_id for each in given.values()}))
        scope = HostScope.of(self._tenant, actor)
        matches: dict[str, InvoiceMatch] = {}
        for old, new in invoices.items():
            invoice = given.get(new)
            if invoice is None or invoice.customer_id not in customers or not scope.sees(invoice):
                raise unknown_invoice(new)
            matches[old] = InvoiceMatch(invoice, customers[invoice.customer_id])
        return matches


def _lock_ledgers(unit: UnitOfWork, invoices: Iterable[tuple[str, str]]) -> None:
    """Lock the rows of these invoices, by host and id, always in the same order."""
    for host, some in groupby(sorted(invoices), key=itemgetter(0)):
        unit.settlements.lock_invoices(host, [each for _, each in some])


def _missing(unit: UnitOfWork, relinks: Sequence[Relink]) -> list[tuple[Relink, Entry]]:
    """The entries of the old ledgers that the new ones lack; two queries for each pair of hosts."""
    found: list[tuple[Relink, Entry]] = []
    by_hosts: dict[tuple[str, str], list[Relink]] = {}
    for each in relinks:
        by_hosts.setdefault((each.host, each.new_host), []).append(each)
    for (host, new_host), some in by_hosts.items():
        old = by_invoice(unit.settlements.entries(host, sorted({each.invoice_id for each in some})))
        new_ids = sorted({each.new_invoice_id for each in some})
        there = {_key(each) for each in unit.settlements.entries(new_host, new_ids)}
        for relinked in some:
            entries = former_entries(relinked, old.get(relinked.invoice_id, ()))
            found += [(relinked, each) for each in entries if _key(each) not in there]
    return found


def _key(entry: Entry) -> tuple[str, str, bool]:
    return entry.invoice_id, entry.settlement_key, isinstance(entry, Reversal)
