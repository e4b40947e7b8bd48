"""Reads a provider's file: JSON with HubSoft's records. A record that can't be read is left out with its reason."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from credit_protection.adapters.hosts.hubsoft_fields import read_day
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
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.parsing import compact_document
from credit_protection.domain.settlements import Settlement

_LARGEST = 256 << 20
_MOST_PARTS = 12_000_000
"""Of the file's JSON, whatever its size."""
_ACTIVE = "em_andamento"
_KINDS = {
    "contestacao": HoldKind.DISPUTE,
    "falecimento": HoldKind.DEATH,
    "ordem_judicial": HoldKind.COURT_ORDER,
    "orgao_publico": HoldKind.PUBLIC_BODY,
}


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_Identified)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record of the file that was left out: its name ("Fatura 60001") and why, a sentence that says what to do."""

    record: str
    reason: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A file's content by id, its dates moved to the day of the loading.

    Invoices of an active agreement are `IN_AGREEMENT`. `holds` is by customer id, `agreements` their number in any
    status, `skipped` the number of invoices that are left out since they have no amount, `left_out` what can't be read.
    """

    creditor: Creditor
    customers: Mapping[str, Customer]
    subscriptions: Mapping[str, Subscription]
    invoices: Mapping[str, Invoice]
    settlements: tuple[Settlement, ...]
    holds: Mapping[str, Hold]
    agreements: int
    skipped: int
    left_out: tuple[LeftOut, ...] = ()


def read_text(path: Path) -> str:
    """Read a file's text. Raises `InvalidInput`: the file can't be read, or is not UTF-8 text."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise _unreadable(f"O arquivo {path.name} passa de {_LARGEST >> 20} MB. Exporte menos registros por vez.")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(f"O arquivo {path.name} não é texto em UTF-8. Exporte-o de novo como JSON.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(f"O arquivo {path.name} não pôde ser lido ({reason}). Confira o caminho.") from error


def load(text: str, *, today: date, shift: bool) -> Provider:
    """Read a whole file: JSON with `empresa`, `clientes`, `faturas`, and optionally `nao_negativar` and `acordos`.

    A record that can't be read is left out with its reason, and stops no other. With `shift`, every date moves by the
    days from the file's `hoje` to `today`, so that lateness stays the same.

    Raises:
        InvalidInput: the file or its company can't be read; the error names the field.
    """
    file = Record("Arquivo", _object(text))
    company = file.part("empresa", label="Empresa") or file.missing("empresa")
    creditor = creditor_of(company)
    reading = _Reading(file)
    for record in reading.records("clientes", "Cliente", "id_cliente", required=True):
        with reading.leaving_out(record):
            customer, subscriptions = customer_of(record), subscriptions_of(record)
            if _is_new(reading.customers, customer, record, "id_cliente", reading):
                for subscription in subscriptions:
                    _is_new(reading.subscriptions, subscription, record, "id_cliente_servico", reading)
    reading.drop_repeated()
    for record in reading.records("faturas", "Fatura", "id_fatura", required=True):
        with reading.leaving_out(record):
            invoice, settlement = invoice_of(record), settlement_of(record)
            if invoice is None:
                reading.skipped.add(record.id("id_fatura"))
                continue
            _check_invoice(record, invoice, reading.customers, reading.subscriptions, creditor)
            if _is_new(reading.invoices, invoice, record, "id_fatura", reading) and settlement is not None:
                reading.settlements[invoice.id] = settlement
    reading.drop_repeated()
    agreements = _agree(reading)
    provider = Provider(
        creditor,
        reading.customers,
        reading.subscriptions,
        reading.invoices,
        tuple(reading.settlements.values()),
        _holds(reading),
        agreements,
        len(reading.skipped),
        tuple(reading.left_out),
    )
    return _moved(provider, today - file.day("hoje")) if shift else provider


class _Reading:
    """A file while it is read: what was read so far, and what was left out."""

    def __init__(self, file: Record) -> None:
        self.customers: dict[str, Customer] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.invoices: dict[str, Invoice] = {}
        self.settlements: dict[str, Settlement] = {}
        self.skipped: set[str] = set()
        self.left_out: list[LeftOut] = []
        self.repeated: list[tuple[dict[str, Any], str]] = []
        self._file = file

    def records(self, field: str, kind: str, id_field: str, *, required: bool = False) -> Iterator[Record]:
        """The records of a list; one that is no object or has no id is left out."""
        if required and self._file.fields.get(field) is None:
            raise self._file.invalid(field, "não está no arquivo. Ele deve ter empresa, clientes e faturas.")
        for position, value in enumerate(self._file.items(field), start=1):
            try:
                record = record_of(kind, value, id_field, position)
            except InvalidInput as error:
                self.left_out.append(LeftOut(f"{kind} na posição {position}", error.message))
                continue
            yield record

    @contextlib.contextmanager
    def leaving_out(self, record: Record) -> Iterator[None]:
        """Leave the record out where it can't be read."""
        try:
            yield
        except InvalidInput as error:
            self.left_out.append(LeftOut(record.label, error.message))

    def drop_repeated(self) -> None:
        """Drop what has a repeated id, with what belongs to it: nobody knows which of them is right."""
        for items, id_ in self.repeated:
            items.pop(id_, None)
            self.settlements.pop(id_, None) if items is self.invoices else None
        self.repeated.clear()
        for id_ in [each.id for each in self.subscriptions.values() if each.customer_id not in self.customers]:
            del self.subscriptions[id_]


def _is_new(items: dict[str, Item], item: Item, record: Record, id_field: str, reading: _Reading) -> bool:
    """Add an item; False, with both left out in the end, where its id is repeated."""
    if item.id in items:
        problem = record.invalid(id_field, f"{shown_id(item.id)} está repetido. Deixe um só.")
        reading.left_out.append(LeftOut(record.label, problem.message))
        reading.repeated.append((items, item.id))
        return False
    items[item.id] = item
    return True


def _object(text: str) -> Mapping[str, object]:
    if sum(map(text.count, ",[{")) > _MOST_PARTS:
        raise _unreadable("O arquivo tem registros demais. Exporte menos registros por vez.")
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


def _agree(reading: _Reading) -> int:
    """Mark the invoices of active agreements; returns how many agreements there are."""
    number = 0
    for record in reading.records("acordos", "Acordo", "id_acordo"):
        number += 1
        with reading.leaving_out(record):
            is_active = record.text("status") == _ACTIVE
            for value in record.items("id_faturas"):
                with reading.leaving_out(record):
                    _agree_about(Record(record.label, {"id_faturas": value}), reading, is_active=is_active)
    return number


def _agree_about(record: Record, reading: _Reading, *, is_active: bool) -> None:
    invoice_id = record.id("id_faturas")
    invoice = reading.invoices.get(invoice_id)
    if invoice is None and invoice_id not in reading.skipped:
        raise record.invalid("id_faturas", f"a fatura {shown_id(invoice_id)} não está no arquivo.")
    if is_active and invoice is not None and invoice.status is InvoiceStatus.OPEN:
        reading.invoices[invoice_id] = replace(invoice, status=InvoiceStatus.IN_AGREEMENT)


def _holds(reading: _Reading) -> dict[str, Hold]:
    """The holds by customer id; one whose reason or end can't be read still holds."""
    holds: dict[str, Hold] = {}
    for record in reading.records("nao_negativar", "Não negativar: cliente", "id_cliente"):
        with reading.leaving_out(record):
            customer_id = record.id("id_cliente")
            if customer_id not in reading.customers:
                raise record.invalid("id_cliente", f"o cliente {shown_id(customer_id)} não está no arquivo.")
            holds[customer_id] = Hold()
            reason = record.text("motivo")
            hold = Hold(_KINDS.get(reason, HoldKind.OTHER), "" if reason in _KINDS else reason)
            holds[customer_id] = hold
            holds[customer_id] = replace(hold, until=record.parsed("ate", read_day))
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
                    original_due_date=_later(invoice.original_due_date, by),
                    issued_on=_later(invoice.issued_on, by),
                    paid_on=_later(invoice.paid_on, by),
                    available_on=_later(invoice.available_on, by),
                )
                for id_, invoice in provider.invoices.items()
            },
            settlements=tuple(_settlement_moved(settlement, by) for settlement in provider.settlements),
            holds={id_: replace(hold, until=_later(hold.until, by)) for id_, hold in provider.holds.items()},
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
