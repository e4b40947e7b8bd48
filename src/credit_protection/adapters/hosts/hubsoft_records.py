"""HubSoft's records as the domain's, with one meaning for the REST host and for the local ERP's file.

Each function takes a record as JSON gave it. A field that can't be read is an `InvalidInput` that names the record and
the field, and never shows a whole document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn, TypeVar

from credit_protection.adapters.hosts.hubsoft_fields import (
    read_amount,
    read_birth,
    read_day,
    read_postal_code,
    read_state,
)
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    LineKind,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import ZERO, Money, total
from credit_protection.domain.settlements import Settlement, SettlementKind

TIME_ZONES = {
    "AC": "America/Rio_Branco",
    "AM": "America/Manaus",
    "MS": "America/Campo_Grande",
    "MT": "America/Cuiaba",
    "RO": "America/Porto_Velho",
    "RR": "America/Boa_Vista",
}
"""The states that don't use Brasília's time. Fernando de Noronha and the west of Amazonas are ignored."""

_STATUS_PREFIXES = (
    ("cancelado", SubscriptionStatus.TERMINATED),
    ("suspenso_", SubscriptionStatus.SUSPENDED),
    ("aguardando_", SubscriptionStatus.PENDING),
    ("agendado_", SubscriptionStatus.PENDING),
)
_LINE_KINDS = {
    "mensalidade": LineKind.MONTHLY_FEE,
    "multa_fidelidade": LineKind.FIDELITY_FINE,
    "equipamento": LineKind.EQUIPMENT,
}
_BILLING_FIRST = ("endereco_cobranca", "endereco_cadastral")
_MIN_DOCUMENT_LENGTH = 9

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Record:
    """One of the ERP's records, read field by field; its label is its name for an operator: "Fatura 60001"."""

    label: str
    # JSON of another system: the type of a field is unknown until it is checked.
    fields: Mapping[str, Any]

    def invalid(self, field: str, problem: str) -> InvalidInput:
        """Make the error that names this record and one of its fields."""
        return InvalidInput(
            f"{self.label}, campo {field}: {problem}", field=field, code="registro_invalido", record=self.label
        )

    def parsed(self, field: str, read: Callable[[object], Parsed]) -> Parsed:
        """A field, read by a function of `hubsoft_fields`."""
        try:
            return read(self.fields.get(field))
        except ValueError as error:
            raise self.invalid(field, str(error)) from None

    def text(self, field: str) -> str:
        """A text without blanks around it; a number as text; "" where it is blank."""
        value = self.fields.get(field)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self.invalid(field, "deve ser um texto.")
        text = str(value).strip()
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self.invalid(field, "tem um caractere que não existe. Digite o texto de novo no ERP.") from None
        return text

    def id(self, field: str) -> str:
        """A required id, as text."""
        return self.text(field) or self.missing(field)

    def day(self, field: str) -> date:
        """A required day."""
        return self.parsed(field, read_day) or self.missing(field)

    def flag(self, field: str) -> bool:
        """True or false; false where it is null."""
        value = self.fields.get(field)
        if value is not None and not isinstance(value, bool):
            raise self.invalid(field, "deve ser true ou false.")
        return bool(value)

    def money(self, field: str) -> Money | None:
        """A non-negative amount; None where it is blank."""
        amount = self.parsed(field, read_amount)
        if amount is None:
            return None
        if amount < 0:
            raise self.invalid(field, "não pode ser negativo.")
        return Money.brl(amount)

    def part(self, field: str, label: str | None = None) -> Record | None:
        """A nested record; None where it is null."""
        value = self.fields.get(field)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.invalid(field, "deve ser um objeto.")
        return Record(label or f"{self.label}, {field}", value)

    def items(self, field: str) -> list[Any]:
        """A list; empty where it is null."""
        value = self.fields.get(field)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.invalid(field, "deve ser uma lista.")
        return value

    def missing(self, field: str) -> NoReturn:
        """Raise the error of a blank field."""
        raise self.invalid(field, "está vazio. Preencha-o no ERP.")


def record_of(kind: str, value: object, id_field: str, position: int) -> Record:
    """An item of a list, labelled by its kind ("Fatura") and its id, or its position (from 1) where it is no object."""
    label = f"{kind} na posição {position}"
    if not isinstance(value, dict):
        raise InvalidInput(f"{label}: deve ser um objeto.", code="registro_invalido")
    record = Record(label, value)
    return Record(f"{kind} {shown_id(record.id(id_field))}", value)


def shown_id(id_: str) -> str:
    """An id for a message. An id as long as a document may be one: only its last characters are shown."""
    return id_ if len(id_) < _MIN_DOCUMENT_LENGTH else f"***{id_[-3:]}"


def creditor_of(company: Record) -> Creditor:
    """The company (empresa). Its id is its CNPJ, compact; its state gives the time zone."""
    try:
        document = Cnpj(company.text("documento"))
    except InvalidInput as error:
        raise company.invalid("documento", error.message) from None
    state = _state(company)
    return Creditor(
        id=document.value,
        document=document,
        name=company.text("nome_razaosocial") or company.missing("nome_razaosocial"),
        state=state,
        city=company.text("cidade"),
        time_zone=TIME_ZONES.get(state, "America/Sao_Paulo"),
    )


def customer_of(record: Record) -> Customer:
    """A customer (cliente), with `servicos`.

    The ERP stores addresses by subscription. The first billing address counts, else the first registered address.
    """
    return Customer(
        id=record.id("id_cliente"),
        name=record.text("nome_razaosocial") or record.missing("nome_razaosocial"),
        document=record.text("cpf_cnpj"),
        address=_address_of(record),
        birth_date=_birth_of(record),
        email=record.text("email_principal"),
        phone="".join(filter(str.isdigit, record.text("telefone_primario"))),
    )


def subscriptions_of(record: Record) -> list[Subscription]:
    """The subscriptions (serviços) of a customer's record."""
    customer_id = record.id("id_cliente")
    return [
        Subscription(
            id=service.id("id_cliente_servico"),
            customer_id=customer_id,
            description=service.text("nome"),
            status=_status_of(service),
        )
        for service in _services(record)
    ]


def _services(record: Record) -> list[Record]:
    return [
        record_of(f"{record.label}, serviço", value, "id_cliente_servico", position)
        for position, value in enumerate(record.items("servicos"), start=1)
    ]


def _status_of(service: Record) -> SubscriptionStatus:
    prefix = service.text("status_prefixo") or service.missing("status_prefixo")
    return next((status for start, status in _STATUS_PREFIXES if prefix.startswith(start)), SubscriptionStatus.ACTIVE)


def _birth_of(record: Record) -> date | None:
    # The customer look-up spells it `data_nascmento`, an invoice's customer `data_nascimento`.
    return record.parsed("data_nascmento", read_birth) or record.parsed("data_nascimento", read_birth)


def _address_of(record: Record) -> Address:
    services = _services(record)
    for field in _BILLING_FIRST:
        for service in services:
            part = service.part(field)
            address = Address() if part is None else _address(part)
            if address != Address():
                return address
    return Address()


def _address(part: Record) -> Address:
    return Address(
        street=" ".join(filter(None, (part.text("logradouro"), part.text("endereco")))),
        number=part.text("numero"),
        complement=part.text("complemento"),
        district=part.text("bairro"),
        city=part.text("cidade"),
        state=_state(part),
        postal_code=part.parsed("cep", read_postal_code),
    )


def _state(part: Record) -> str:
    return part.parsed("uf", lambda uf: read_state(part.fields.get("estado"), uf))


def invoice_of(record: Record) -> Invoice | None:
    """An invoice (fatura) of `/financeiro/fatura`; None where its amount is null, that is, unknown.

    An invoice with a payment date is paid where payment and discount reach its amount, or where the paid amount is
    blank. Otherwise it is open with a smaller balance.
    """
    amount = record.money("valor")
    if amount is None:
        return None
    customer = record.part("cliente", label=record.label) or record.missing("cliente")
    settlement = settlement_of(record)
    balance = amount if settlement is None else balance_after(amount, settlement)
    payment = settlement if not balance else None
    return Invoice(
        id=record.id("id_fatura"),
        customer_id=customer.id("id_cliente"),
        subscription_id=record.text("id_cliente_servico") or None,
        number=record.text("nosso_numero") or record.id("id_fatura"),
        due_date=record.day("data_vencimento"),
        amount=amount,
        balance=balance,
        status=InvoiceStatus.OPEN if payment is None else InvoiceStatus.PAID,
        paid_on=None if payment is None else payment.paid_on,
        available_on=None if payment is None else payment.available_on,
        original_due_date=record.parsed("data_vencimento_original", read_day),
        issued_on=record.parsed("data_emissao", read_day) or record.parsed("data_cadastro", read_day),
        payment_pending=record.flag("pagamento_pendente"),
        protested=record.flag("protestada"),
        lines=tuple(_line_kind(record, value) for value in record.items("itens")),
    )


def _line_kind(record: Record, value: object) -> LineKind:
    if not isinstance(value, str):
        raise record.invalid("itens", "deve ser uma lista de textos.")
    return _LINE_KINDS.get(value, LineKind.OTHER)


def settlement_of(record: Record) -> Settlement | None:
    """The payment in an invoice's record; None where it has no payment date.

    The ERP gives a payment no id. Invoice, day and amount make one, so that a repeat is recognised and a corrected
    amount is another payment. The ERP reports several partial payments as their sum, on the last day.
    """
    paid_on = record.parsed("data_pagamento", read_day)
    if paid_on is None:
        return None
    invoice_id = record.id("id_fatura")
    amount = record.money("valor_pago")
    written = "total" if amount is None else str(amount.cents)
    return Settlement(
        id=f"fatura-{invoice_id}-{paid_on:%Y%m%d}-{written}",
        invoice_id=invoice_id,
        kind=SettlementKind.PAYMENT,
        paid_on=paid_on,
        amount=amount,
        discount=record.money("valor_desconto") or ZERO,
        available_on=record.parsed("data_credito", read_day),
    )


def balance_after(balance: Money, settlement: Settlement) -> Money:
    """The open balance after a settlement."""
    if settlement.amount is None:
        return ZERO
    return max(ZERO, balance - total([settlement.amount, settlement.discount]))
