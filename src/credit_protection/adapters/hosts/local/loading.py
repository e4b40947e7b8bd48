"""Reads a provider's file: JSON with HubSoft's records, checked as a whole before anything is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from credit_protection.adapters.hosts.hubsoft_records import (
    Record,
    creditor_of,
    customer_of,
    invoice_of,
    record_of,
    settlement_of,
    shown_id,
    subscriptions_of,
)
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Customer, Invoice, InvoiceStatus, Subscription
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parsing import compact_document
from credit_protection.domain.settlements import Settlement

_ACTIVE = "em_andamento"
_REASONS = {
    "contestacao": "dívida contestada",
    "falecimento": "falecimento",
    "ordem_judicial": "ordem judicial",
    "orgao_publico": "órgão público",
}


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_Identified)


@dataclass(frozen=True, slots=True)
class Provider:
    """A file's content by id, its dates moved to the day of the loading.

    Invoices of an active agreement are `IN_AGREEMENT`. `holds` has the reason by customer id, `agreements` their number
    in any status, `skipped` the number of invoices that are left out since they have no amount.
    """

    creditor: Creditor
    customers: Mapping[str, Customer]
    subscriptions: Mapping[str, Subscription]
    invoices: Mapping[str, Invoice]
    settlements: tuple[Settlement, ...]
    holds: Mapping[str, str]
    agreements: int
    skipped: int


def read_text(path: Path) -> str:
    """Read a file's text. Raises `InvalidInput`: the file can't be read, or is not UTF-8 text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(f"O arquivo {path.name} não é texto em UTF-8. Exporte-o de novo como JSON.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(f"O arquivo {path.name} não pôde ser lido ({reason}). Confira o caminho.") from error


def load(text: str, *, today: date, shift: bool) -> Provider:
    """Read a whole file: JSON with `empresa`, `clientes`, `faturas`, and optionally `nao_negativar` and `acordos`.

    With `shift`, every date moves by the days from the file's `hoje` to `today`, so that lateness stays the same.

    Raises:
        InvalidInput: a field can't be read; the error names the record and the field.
    """
    file = Record("Arquivo", _object(text))
    company = file.part("empresa", label="Empresa") or file.missing("empresa")
    creditor = creditor_of(company)
    customers: dict[str, Customer] = {}
    subscriptions: dict[str, Subscription] = {}
    for record in _records(file, "clientes", "Cliente", "id_cliente", required=True):
        _add(customers, customer_of(record), record, "id_cliente")
        for subscription in subscriptions_of(record):
            _add(subscriptions, subscription, record, "id_cliente_servico")
    invoices: dict[str, Invoice] = {}
    settlements: list[Settlement] = []
    skipped: set[str] = set()
    for record in _records(file, "faturas", "Fatura", "id_fatura", required=True):
        invoice = invoice_of(record)
        if invoice is None:
            skipped.add(record.id("id_fatura"))
            continue
        _check_invoice(record, invoice, customers, subscriptions, creditor)
        _add(invoices, invoice, record, "id_fatura")
        settlement = settlement_of(record)
        if settlement is not None:
            settlements.append(settlement)
    agreements = _agree(file, invoices, skipped)
    provider = Provider(
        creditor,
        customers,
        subscriptions,
        invoices,
        tuple(settlements),
        _holds(file, customers),
        agreements,
        len(skipped),
    )
    return _moved(provider, today - file.day("hoje")) if shift else provider


def _object(text: str) -> Mapping[str, object]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"linha {error.lineno}, coluna {error.colno}"
        raise _unreadable(f"O arquivo não é JSON ({place}). Exporte-o de novo.") from None
    except (ValueError, RecursionError):
        raise _unreadable("O arquivo não é um JSON que se possa ler. Exporte-o de novo.") from None
    if not isinstance(content, dict):
        raise _unreadable("O arquivo deve ser um objeto JSON com empresa, clientes e faturas.")
    return content


def _unreadable(message: str) -> InvalidInput:
    return InvalidInput(message, field="file", code="arquivo_ilegivel")


def _records(file: Record, field: str, kind: str, id_field: str, *, required: bool = False) -> list[Record]:
    if required and file.fields.get(field) is None:
        raise file.invalid(field, "não está no arquivo. Ele deve ter empresa, clientes e faturas.")
    return [record_of(kind, value, id_field, position) for position, value in enumerate(file.items(field), start=1)]


def _add(items: dict[str, Item], item: Item, record: Record, id_field: str) -> None:
    if item.id in items:
        raise record.invalid(id_field, f"{shown_id(item.id)} está repetido. Deixe um só.")
    items[item.id] = item


def _check_invoice(
    record: Record,
    invoice: Invoice,
    customers: Mapping[str, Customer],
    subscriptions: Mapping[str, Subscription],
    creditor: Creditor,
) -> None:
    if invoice.customer_id not in customers:
        raise record.invalid("id_cliente", f"o cliente {shown_id(invoice.customer_id)} não está no arquivo.")
    if invoice.subscription_id is not None:
        subscription = subscriptions.get(invoice.subscription_id)
        if subscription is None or subscription.customer_id != invoice.customer_id:
            problem = f"o serviço {shown_id(invoice.subscription_id)} não é do cliente da fatura."
            raise record.invalid("id_cliente_servico", problem)
    issuer = record.part("empresa", label=record.label)
    if issuer is not None and compact_document(issuer.text("documento")) != creditor.id:
        raise record.invalid("empresa", "a fatura é de outra empresa. O arquivo deve ter uma só.")


def _agree(file: Record, invoices: dict[str, Invoice], skipped: set[str]) -> int:
    records = _records(file, "acordos", "Acordo", "id_acordo")
    for record in records:
        is_active = record.text("status") == _ACTIVE
        for value in record.items("id_faturas"):
            invoice_id = Record(record.label, {"id_faturas": value}).id("id_faturas")
            invoice = invoices.get(invoice_id)
            if invoice is None and invoice_id not in skipped:
                raise record.invalid("id_faturas", f"a fatura {shown_id(invoice_id)} não está no arquivo.")
            if is_active and invoice is not None and invoice.status is InvoiceStatus.OPEN:
                invoices[invoice_id] = replace(invoice, status=InvoiceStatus.IN_AGREEMENT)
    return len(records)


def _holds(file: Record, customers: Mapping[str, Customer]) -> dict[str, str]:
    holds: dict[str, str] = {}
    for record in _records(file, "nao_negativar", "Não negativar: cliente", "id_cliente"):
        customer_id = record.id("id_cliente")
        if customer_id not in customers:
            raise record.invalid("id_cliente", f"o cliente {shown_id(customer_id)} não está no arquivo.")
        reason = record.text("motivo") or record.missing("motivo")
        holds[customer_id] = _REASONS.get(reason, reason)
    return holds


def _moved(provider: Provider, by: timedelta) -> Provider:
    try:
        return replace(
            provider,
            customers={
                id_: replace(customer, birth_date=_later(customer.birth_date, by))
                for id_, customer in provider.customers.items()
            },
            invoices={
                id_: replace(
                    invoice,
                    due_date=invoice.due_date + by,
                    paid_on=_later(invoice.paid_on, by),
                    available_on=_later(invoice.available_on, by),
                )
                for id_, invoice in provider.invoices.items()
            },
            settlements=tuple(_settlement_moved(settlement, by) for settlement in provider.settlements),
        )
    except OverflowError:
        raise InvalidInput(
            "O dia de hoje está longe demais do campo hoje do arquivo.", field="hoje", code="registro_invalido"
        ) from None


def _settlement_moved(settlement: Settlement, by: timedelta) -> Settlement:
    paid_on = settlement.paid_on + by
    return replace(
        settlement,
        # The id contains the day: the same file loaded on two days has two payments.
        id=settlement.id.replace(f"-{settlement.paid_on:%Y%m%d}-", f"-{paid_on:%Y%m%d}-"),
        paid_on=paid_on,
        available_on=_later(settlement.available_on, by),
    )


def _later(day: date | None, by: timedelta) -> date | None:
    return None if day is None else day + by
