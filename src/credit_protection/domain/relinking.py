"""Relinking: a negativation's invoice has another id in the ERP, or stands in another ERP; a person confirms the match.

What the ledger of the old invoice says keeps counting: its entries are copied to the ledger of the new one, under names
that say where they come from. No reading undoes such an entry; only a reversal under its old name does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from credit_protection.domain.customers import Customer, Invoice
from credit_protection.domain.errors import Conflict, InvalidInput, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import Change, NegativatedInvoice, Negativation
from credit_protection.domain.parsing import compact_document
from credit_protection.domain.settlements import FORMER_ID, Entry, Reversal


@dataclass(frozen=True, slots=True)
class Relink:
    """One invoice of a negativation that was matched to another one; `at` is when, UTC."""

    negativation_id: str
    host: str
    invoice_id: str
    new_host: str
    new_invoice_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceMatch:
    """An invoice that the ERP gives, with its debtor, to be matched to one that a negativation covers."""

    invoice: Invoice
    customer: Customer


def mismatches(negativation: Negativation, covered: NegativatedInvoice, match: InvoiceMatch) -> Sequence[str]:
    """What speaks against the match, as Portuguese words; empty where document, due date and amount agree.

    The due date or the original one must be that of the record; the amount is the whole invoice's.
    """
    invoice, found = match.invoice, []
    if compact_document(match.customer.document) != negativation.document.value or (
        invoice.customer_id != match.customer.id
    ):
        found.append("documento do devedor")
    if covered.due_date not in {invoice.due_date, invoice.debt_due_date}:
        found.append("vencimento")
    if invoice.amount != covered.principal:
        found.append("valor")
    if invoice.creditor_id not in {None, negativation.creditor_id}:
        found.append("empresa")
    return found


def relink(
    negativation: Negativation,
    matches: Mapping[str, InvoiceMatch],
    host: str,
    *,
    actor_id: str,
    remark: str,
    now: datetime,
) -> tuple[Change, Sequence[Relink]]:
    """Match invoices of a negativation, by their ids, to those that the host gives.

    Raises:
        Conflict: the negativation is closed.
        InvalidInput: no remark, an invoice that it does not cover, two that match one, or another host and not all of
            its invoices.
        RuleViolation: a match differs in document, due date, amount or creditor.
    """
    if negativation.is_closed:
        raise Conflict("Esta negativação já está encerrada: não há o que ligar.", code="ja_encerrada")
    if not remark.strip():
        raise InvalidInput("Diga como sabe que é a mesma fatura.", field="remark", code="motivo_obrigatorio")
    _require_whole(negativation, matches, host)
    for covered in negativation.invoices:
        match = matches.get(covered.invoice_id)
        differing = [] if match is None else mismatches(negativation, covered, match)
        if match is not None and differing:
            raise RuleViolation(
                f"A fatura {match.invoice.id} não é a {covered.invoice_id}: {', '.join(differing)} não confere. "
                "Escolha outra, ou remova o registro.",
                code="fatura_nao_confere",
            )
    relinks = [
        Relink(negativation.id, negativation.host, old, host, match.invoice.id, now) for old, match in matches.items()
    ]
    first = next(iter(matches.values()))
    changed = replace(
        negativation,
        host=host,
        customer_id=first.customer.id,
        subscription_id=first.invoice.subscription_id or "",
        invoices=tuple(_relinked(each, matches.get(each.invoice_id)) for each in negativation.invoices),
    )
    detail = {"invoices": "; ".join(f"{each.host}/{each.invoice_id} = {each.new_invoice_id}" for each in relinks)}
    event = Event(EventKind.RELINKED, negativation.id, now, actor_id, remark.strip(), detail)
    return Change(changed, (event,)), relinks


def _require_whole(negativation: Negativation, matches: Mapping[str, InvoiceMatch], host: str) -> None:
    covered = {each.invoice_id for each in negativation.invoices}
    unknown = sorted(matches.keys() - covered)
    if unknown or not matches:
        what = f"A negativação não cobre a fatura {', '.join(unknown)}." if unknown else "Diga a fatura nova."
        raise InvalidInput(f"{what} Ela cobre: {', '.join(sorted(covered))}.", field="invoices", code="fatura_alheia")
    if host != negativation.host and matches.keys() != covered:
        raise InvalidInput(
            "Ao trocar de ERP, ligue todas as faturas da negativação de uma vez.", field="invoices", code="falta_fatura"
        )
    new = [match.invoice.id for match in matches.values()]
    if host == negativation.host:
        new += sorted(covered - matches.keys())
    if len(set(new)) < len(new):
        raise InvalidInput(
            "Cada fatura da negativação é ligada a uma fatura diferente.", field="invoices", code="fatura_repetida"
        )


def _relinked(covered: NegativatedInvoice, match: InvoiceMatch | None) -> NegativatedInvoice:
    """The same debt, principal and reported amount, under the invoice's new id."""
    if match is None:
        return covered
    return replace(covered, invoice_id=match.invoice.id, number=match.invoice.number)


def former_entries(relinked: Relink, entries: Iterable[Entry]) -> list[Entry]:
    """The entries of the old invoice's ledger as the new one's has them; the same ones each time."""
    prefix = f"{FORMER_ID}{relinked.host}:{relinked.invoice_id}:"
    found: list[Entry] = []
    for each in entries:
        if isinstance(each, Reversal):
            name = prefix + each.settlement_id
            found.append(replace(each, settlement_id=name, invoice_id=relinked.new_invoice_id))
        else:
            found.append(replace(each, id=prefix + each.id, invoice_id=relinked.new_invoice_id, recorded_at=None))
    return found
