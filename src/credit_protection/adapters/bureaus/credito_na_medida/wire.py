"""The declared contract: every path and field of the wire, and the only module to change when the real one is known.

Pure functions: neutral words in, `HttpCall` out; `HttpReply` in, neutral words out. What does not follow the contract
is `Unreadable`: a missing list is never taken for an empty one, since "there is no such record" hangs on it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

from credit_protection.adapters.bureaus.credito_na_medida import codes
from credit_protection.adapters.http.calls import HttpCall
from credit_protection.adapters.http.transcripts import mask
from credit_protection.domain.bureau_answers import Found, RecordKey, RecordState
from credit_protection.domain.documents import PersonType, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature, persons_in
from credit_protection.domain.products import BOTH, Product, ProductInput
from credit_protection.domain.queries import PDF
from credit_protection.domain.reasons import BureauReason
from credit_protection.ports.bureau import ListedRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from credit_protection.adapters.http.calls import HttpReply
    from credit_protection.domain.requests import InclusionOrder
    from credit_protection.ports.bureau import QueryOrder

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
PROTOCOL_HEADER = "x-protocolo"
PAGE_SIZE = 500

_RECORDS = "/v1/negativacoes"
_TEXT_LIMIT = 500
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_ID = re.compile(r"(?!\.+$)[A-Za-z0-9_.:-]{1,64}").fullmatch
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_CODE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?").fullmatch
_AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}").fullmatch
_Item = TypeVar("_Item")


class Unreadable(ValueError):
    """An answer does not follow the contract; says where."""


class Operation(StrEnum):
    """What was last asked for about a record (operacao)."""

    INCLUSION = "INCLUSAO"
    REMOVAL = "EXCLUSAO"


class Situation(StrEnum):
    """How that stands (situacao)."""

    PROCESSING = "PROCESSANDO"
    INCLUDED = "INCLUSAO"
    REMOVED = "EXCLUSAO"
    ERROR = "ERRO"


_STATES = {
    (Operation.INCLUSION, Situation.PROCESSING): RecordState.INCLUDING,
    (Operation.INCLUSION, Situation.INCLUDED): RecordState.PRESENT,
    (Operation.INCLUSION, Situation.REMOVED): RecordState.GONE,
    (Operation.INCLUSION, Situation.ERROR): RecordState.REJECTED,
    (Operation.REMOVAL, Situation.PROCESSING): RecordState.REMOVING,
    (Operation.REMOVAL, Situation.INCLUDED): RecordState.PRESENT,
    (Operation.REMOVAL, Situation.REMOVED): RecordState.GONE,
    (Operation.REMOVAL, Situation.ERROR): RecordState.REMOVAL_REFUSED,
}
_LEFT = frozenset({RecordState.GONE, RecordState.REJECTED})


@dataclass(frozen=True, slots=True)
class Record:
    """A debt record (Negativacao) as the bureau shows it."""

    id: str
    document: str
    reference: str
    due_date: date
    amount: str
    operation: Operation
    situation: Situation
    error: str = ""
    updated_at: datetime = _LONG_AGO

    @property
    def state(self) -> RecordState:
        """In neutral words."""
        return _STATES[self.operation, self.situation]

    @property
    def stands(self) -> bool:
        """Whether the debt is, or is about to be, on record."""
        return self.state not in _LEFT

    def is_of(self, document: str, reference: str, due_date: date) -> bool:
        """Whether this is the record of a natural key."""
        return (_compact(self.document), self.reference, self.due_date) == (document, reference, due_date)

    def found(self) -> Found:
        """As a look-up's answer."""
        return Found(self.state, bureau_id=self.id, message=self.error)

    def listed(self) -> ListedRecord:
        """As a listed record.

        Raises:
            Unreadable: its document is none.
        """
        try:
            document = parse_document(self.document)
        except InvalidInput as invalid:
            raise Unreadable(f"documento: {invalid.code}") from None
        return ListedRecord(RecordKey(document, self.reference, self.due_date, self.id), self.amount, self.found())


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records, and how many there are in all where told."""

    records: tuple[Record, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """A query's answer: the bytes under a media type, or the address where they are."""

    protocol: str | None
    content: bytes = b""
    media_type: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WireError:
    """An error (Erro), its texts fit to be shown."""

    code: str
    message: str
    field: str | None
    record_id: str | None


# ------------------------------------------------------------------------------------------------ calls


def products_call() -> HttpCall:
    """Ask what the contract allows."""
    return HttpCall("GET", "/v1/produtos", safe=True)


def natures_call() -> HttpCall:
    """Ask for the inclusion natures."""
    return HttpCall("GET", "/v1/naturezas", safe=True)


def reasons_call() -> HttpCall:
    """Ask for the removal reasons."""
    return HttpCall("GET", "/v1/motivos-baixa", safe=True)


def query_call(order: QueryOrder) -> HttpCall:
    """A credit query. Paid: never repeated."""
    body: dict[str, object] = {"produto": order.product_code, "documento": order.document.value}
    if order.inputs:
        body["insumos"] = dict(order.inputs)
    return HttpCall("POST", "/v1/consultas", json=body, headers={"accept": f"{PDF}, application/json"})


def report_call(url: str) -> HttpCall:
    """Fetch a report that was answered as an address."""
    return HttpCall("GET", url, headers={"accept": PDF}, safe=True)


def inclusion_call(order: InclusionOrder) -> HttpCall:
    """Include one record. Never repeated."""
    address = order.address
    place = {
        "cep": address.postal_code,
        "logradouro": address.street,
        "numero": address.number or "S/N",
        "bairro": address.district,
        "cidade": address.city,
        "uf": address.state,
    }
    if address.complement:
        place["complemento"] = address.complement
    body: dict[str, object] = {
        "documento": order.document.value,
        "tipo_pessoa": order.document.person_type.value,
        "nome": order.name,
        "endereco": place,
        "contrato": order.reference,
        "natureza": order.nature_code,
        "vencimento": order.due_date.isoformat(),
        "valor": f"{order.amount.amount:.2f}",
    }
    if order.birth_date is not None and order.document.person_type is PersonType.PF:
        body["nascimento"] = order.birth_date.isoformat()
    return HttpCall("POST", _RECORDS, json=body)


def removal_call(record_id: str, reason: str) -> HttpCall:
    """Remove one record. Never repeated."""
    return HttpCall("DELETE", f"{_RECORDS}/{quote(record_id, safe='')}", query={"motivo": reason})


def record_call(record_id: str) -> HttpCall:
    """Ask for one record."""
    return HttpCall("GET", f"{_RECORDS}/{quote(record_id, safe='')}", safe=True)


def page_call(page: int, key: RecordKey | None = None) -> HttpCall:
    """Ask for a page of all records, or of those of a document and contract. Pages count from 0."""
    filters = {} if key is None else {"documento": key.document.value, "contrato": key.reference}
    return HttpCall("GET", _RECORDS, query={**filters, "pagina": str(page), "por_pagina": str(PAGE_SIZE)}, safe=True)


def usable_id(record_id: str | None) -> str | None:
    """An id that may stand in an address; None where it is unknown or can't be the bureau's."""
    return record_id if record_id is not None and _ID(record_id) else None


# ------------------------------------------------------------------------------------------------ replies


def products_in(reply: HttpReply) -> tuple[Product, ...]:
    """The products."""
    return _items(_object(reply), "produtos", _product)


def natures_in(reply: HttpReply) -> tuple[InclusionNature, ...]:
    """The natures; the persons are read from the description."""
    return _items(_object(reply), "naturezas", _nature)


def reasons_in(reply: HttpReply) -> tuple[BureauReason, ...]:
    """The removal reasons."""
    return _items(_object(reply), "motivos", _reason)


def record_in(reply: HttpReply) -> Record:
    """One record."""
    return _record(_object(reply))


def page_in(reply: HttpReply) -> Page:
    """A page of records."""
    said = _object(reply)
    total = said.get("total")
    if total is not None and (isinstance(total, bool) or not isinstance(total, int) or total < 0):
        raise Unreadable("total")
    return Page(_items(said, "negativacoes", _record), total)


def report_in(reply: HttpReply) -> Report:
    """A report in any of its three forms."""
    if reply.media_type != "application/json":
        return Report(reply.request_id, reply.content, reply.media_type)
    said = _object(reply)
    protocol = reply.request_id or (_code(said, "protocolo") if said.get("protocolo") else None)
    encoded, url = said.get("pdf_base64"), said.get("pdf_url")
    if isinstance(encoded, str):
        return Report(protocol, _decoded(encoded), PDF)
    if isinstance(url, str):
        return Report(protocol, url=url)
    raise Unreadable("pdf_base64, pdf_url")


def is_usable_url(url: str) -> bool:
    """Whether a report's address is an absolute one that may be fetched."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return (
        plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and port != 0
    )


def error_in(reply: HttpReply) -> WireError | None:
    """The error of a reply; None where its body is not the contract's."""
    try:
        said = _object(reply)
        code, message = _shown(_code(said, "codigo")), _required(said, "mensagem")
        record_id = said.get("id")
    except Unreadable:
        return None
    return WireError(
        code,
        message,
        _optional(said, "campo") or None,
        usable_id(record_id) if isinstance(record_id, str) else None,
    )


# ------------------------------------------------------------------------------------------------ parts

_Object = dict[str, object]


def _object(reply: HttpReply) -> _Object:
    try:
        said = json.loads(reply.content)
    except (ValueError, RecursionError):
        raise Unreadable("não é JSON") from None
    if not isinstance(said, dict):
        raise Unreadable("não é um objeto JSON")
    return said


def _items(said: _Object, name: str, read: Callable[[_Object], _Item]) -> tuple[_Item, ...]:
    listed = said.get(name)
    if not isinstance(listed, list):
        raise Unreadable(name)
    return tuple(_item(name, place, item, read) for place, item in enumerate(listed))


def _item(name: str, place: int, item: object, read: Callable[[_Object], _Item]) -> _Item:
    if not isinstance(item, dict):
        raise Unreadable(f"{name}[{place}]")
    try:
        return read(item)
    except Unreadable as fault:
        raise Unreadable(f"{name}[{place}].{fault}") from None


def _product(said: _Object) -> Product:
    kind = codes.PRODUCT_KINDS.get(_required(said, "tipo"))
    persons, inputs, price = said.get("pessoas", []), said.get("insumos", []), said.get("preco")
    if kind is None:
        raise Unreadable("tipo")
    if not isinstance(persons, list) or not all(isinstance(person, str) for person in persons):
        raise Unreadable("pessoas")
    if not isinstance(inputs, list):
        raise Unreadable("insumos")
    return Product(
        code=_code(said, "codigo"),
        name=_required(said, "nome"),
        kind=kind,
        person_types=_persons(persons) or BOTH,
        inputs=_items({"insumos": inputs}, "insumos", _input),
        price=None if price is None else _price(price),
    )


def _persons(marks: Iterable[str]) -> frozenset[PersonType]:
    try:
        return frozenset(PersonType(mark) for mark in marks)
    except ValueError:
        raise Unreadable("pessoas") from None


def _input(said: _Object) -> ProductInput:
    code = _code(said, "codigo")
    return ProductInput(code, _optional(said, "nome") or code, required=said.get("obrigatorio") is True)


def _price(price: object) -> Money:
    if not isinstance(price, str) or not _AMOUNT(price):
        raise Unreadable("preco")
    return Money.brl(price)


def _nature(said: _Object) -> InclusionNature:
    description = _required(said, "descricao")
    return InclusionNature(_code(said, "codigo"), description, persons_in(description))


def _reason(said: _Object) -> BureauReason:
    return BureauReason(_code(said, "codigo"), _optional(said, "descricao"))


def _record(said: _Object) -> Record:
    record_id, document, reference = said.get("id"), said.get("documento"), said.get("contrato")
    amount, due = said.get("valor"), said.get("vencimento")
    if not isinstance(record_id, str) or not _ID(record_id):
        raise Unreadable("id")
    if not isinstance(document, str) or not document.isascii():
        raise Unreadable("documento")
    if not isinstance(reference, str) or not reference.isprintable():
        raise Unreadable("contrato")
    if not isinstance(amount, str) or not _AMOUNT(amount):
        raise Unreadable("valor")
    return Record(
        id=record_id,
        document=document,
        reference=reference,
        due_date=_day(due),
        amount=amount,
        operation=_word(Operation, said.get("operacao"), "operacao"),
        situation=_word(Situation, said.get("situacao"), "situacao"),
        error=_optional(said, "erro"),
        updated_at=_instant(said.get("atualizado_em")),
    )


_Word = TypeVar("_Word", bound=StrEnum)


def _word(words: type[_Word], said: object, name: str) -> _Word:
    if not isinstance(said, str) or said not in set(words):
        raise Unreadable(name)
    return words(said)


def _day(said: object) -> date:
    try:
        if isinstance(said, str) and _DAY(said):
            return date.fromisoformat(said)
    except ValueError:
        pass
    raise Unreadable("vencimento")


def _instant(said: object) -> datetime:
    """When a record last changed; only the newest is looked for by it, so one that can't be read is the oldest."""
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else _LONG_AGO
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return _LONG_AGO


def _code(said: _Object, name: str) -> str:
    """A code that is sent back as it came: never masked, never cut."""
    code = said.get(name)
    if not isinstance(code, str) or not _CODE(code):
        raise Unreadable(name)
    return code


def _required(said: _Object, name: str) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not (shown := _shown(text)):
        raise Unreadable(name)
    return shown


def _optional(said: _Object, name: str) -> str:
    text = said.get(name)
    return _shown(text) if isinstance(text, str) else ""


def _shown(text: str) -> str:
    """A text of the bureau's, fit to be shown and stored: no whole document, no control characters, not endless."""
    return mask(text[: 4 * _TEXT_LIMIT]).strip()[:_TEXT_LIMIT]


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("pdf_base64") from None


def _compact(document: str) -> str:
    return "".join(filter(str.isalnum, document)).upper()
