"""Parses the answers of the contract: `HttpReply` in, domain values out.

An answer that does not follow the contract is `Unreadable`: a missing list is never an empty one, since "there is no
such record" is concluded from it.
"""

import base64
import binascii
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from urllib.parse import unquote

from credit_protection.adapters.bureaus.credito_na_medida import codes
from credit_protection.adapters.bureaus.json_answers import (
    JsonObject,
    Unreadable,
    display_text,
    optional_code,
    optional_text,
    read_code,
    read_items,
    read_object,
    read_word,
    required_text,
)
from credit_protection.adapters.http import HttpReply
from credit_protection.adapters.http.addresses import parse_address
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    Receipt,
    RecordFound,
    RecordKey,
    RecordState,
    Rejected,
)
from credit_protection.domain.documents import Document, PersonType, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature, persons_in
from credit_protection.domain.parsing import compact_document
from credit_protection.domain.products import BOTH, Product, ProductInput
from credit_protection.domain.queries import PDF, PDF_HEADER
from credit_protection.domain.reasons import BureauReason
from credit_protection.ports.bureau import ListedRecord

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_PDF_IN_BASE64 = base64.b64encode(b"%PDF-1")[:6]
_SHORT = 1024
_is_id = re.compile(r"(?!\.+$)[A-Za-z0-9_.:-]{1,64}").fullmatch
_is_day = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_is_amount = re.compile(r"[0-9]{1,12}\.[0-9]{2}").fullmatch


class Operation(StrEnum):
    """The last operation on a record (operacao)."""

    INCLUSION = "INCLUSAO"
    REMOVAL = "EXCLUSAO"


class RecordStatus(StrEnum):
    """The status of that operation (situacao)."""

    PROCESSING = "PROCESSANDO"
    INCLUDED = "INCLUSAO"
    REMOVED = "EXCLUSAO"
    ERROR = "ERRO"


_STATES = {
    (Operation.INCLUSION, RecordStatus.PROCESSING): RecordState.INCLUDING,
    (Operation.INCLUSION, RecordStatus.INCLUDED): RecordState.PRESENT,
    (Operation.INCLUSION, RecordStatus.REMOVED): RecordState.GONE,
    (Operation.INCLUSION, RecordStatus.ERROR): RecordState.REJECTED,
    (Operation.REMOVAL, RecordStatus.PROCESSING): RecordState.REMOVING,
    (Operation.REMOVAL, RecordStatus.INCLUDED): RecordState.PRESENT,
    (Operation.REMOVAL, RecordStatus.REMOVED): RecordState.GONE,
    (Operation.REMOVAL, RecordStatus.ERROR): RecordState.REMOVAL_REFUSED,
}
_INACTIVE = frozenset({RecordState.GONE, RecordState.REJECTED})


@dataclass(frozen=True, slots=True)
class Record:
    """A debt record (Negativacao) of the bureau."""

    id: str
    document: str
    reference: str
    due_date: date
    amount: str
    operation: Operation
    status: RecordStatus
    error: str = ""
    updated_at: datetime = _LONG_AGO
    nature_code: str = ""

    @property
    def state(self) -> RecordState:
        """The domain's state."""
        return _STATES[self.operation, self.status]

    @property
    def is_active(self) -> bool:
        """Whether the debt is, or is about to be, on file."""
        return self.state not in _INACTIVE

    def is_of(self, document: str, reference: str, due_date: date) -> bool:
        """Whether this is the record of a natural key."""
        return (compact_document(self.document), self.reference, self.due_date) == (document, reference, due_date)

    def receipt(self, request_id: str | None) -> Receipt:
        """The record as the answer to its last operation."""
        if self.status is RecordStatus.PROCESSING:
            return Accepted(self.id, request_id)
        if self.status is RecordStatus.ERROR:
            return Rejected(self.status.value, self.error, request_id=request_id)
        return Done(ExecutionResult.EXECUTED, self.id, request_id)

    def found(self) -> RecordFound:
        """The record as the result of a lookup."""
        return RecordFound(
            self.state,
            bureau_id=self.id,
            message=self.error,
            document=self.document,
            reference=self.reference,
            due_date=self.due_date,
        )

    def listed(self) -> ListedRecord:
        """The record as an item of a list. Raises `Unreadable`: its document is neither a CPF nor a CNPJ."""
        try:
            document = parse_document(self.document)
        except InvalidInput as invalid:
            raise Unreadable(f"documento: {invalid.code}") from None
        key = RecordKey(document, self.reference, self.due_date, self.id)
        return ListedRecord(key, self.amount, self.found(), self.nature_code)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records, and the number of all records if given."""

    records: tuple[Record, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """A query's answer: the bytes and their media type, or the address to download them from; whose it says it is."""

    protocol: str | None
    content: bytes = b""
    media_type: str = ""
    url: str | None = None
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class WireError:
    """An error (Erro), its texts safe to show."""

    code: str
    message: str
    field: str | None
    record_id: str | None


def usable_id(record_id: str | None) -> str | None:
    """An id that may be part of an address; None where it is unknown or can't be the bureau's."""
    return record_id if record_id is not None and _is_id(record_id) else None


def usable_url(url: str) -> str | None:
    """The address of a report in its usual form; None where it is none, or parsers differ about its host."""
    parsed = parse_address(url.partition("#")[0])
    return None if parsed is None else str(parsed)


def parse_products(reply: HttpReply) -> tuple[Product, ...]:
    """The products."""
    return read_items(read_object(reply), "produtos", _product)


def parse_natures(reply: HttpReply) -> tuple[InclusionNature, ...]:
    """The natures; their person types are read from the description."""
    return read_items(read_object(reply), "naturezas", _nature)


def parse_reasons(reply: HttpReply) -> tuple[BureauReason, ...]:
    """The removal reasons."""
    return read_items(read_object(reply), "motivos", _reason)


def parse_record(reply: HttpReply) -> Record:
    """One record."""
    return _record(read_object(reply))


def parse_page(reply: HttpReply) -> Page:
    """A page of records."""
    body = read_object(reply)
    total = body.get("total")
    if total is not None and (isinstance(total, bool) or not isinstance(total, int) or total < 0):
        raise Unreadable("total")
    return Page(read_items(body, "negativacoes", _record), total)


def parse_report(reply: HttpReply) -> Report:
    """A report in any of its forms: bytes, Base64 (in JSON of any content type, or a `data:` URL), or an address."""
    is_pdf = reply.content.startswith(PDF_HEADER)
    if reply.media_type != "application/json" and (is_pdf or not isinstance(reply.parse_json(), dict)):
        return Report(reply.request_id, report_bytes(reply), reply.media_type)
    body = read_object(reply)
    protocol = reply.request_id or (read_code(body, "protocolo") if body.get("protocolo") else None)
    encoded, url = body.get("pdf_base64"), body.get("pdf_url")
    document = _document(body.get("documento"))
    if isinstance(encoded, str):
        return Report(protocol, _decode(encoded), PDF, document=document)
    if isinstance(url, str):
        if _is_data_url(url):
            return Report(protocol, _decode(url), PDF, document=document)
        return Report(protocol, url=url, document=document)
    raise Unreadable("pdf_base64, pdf_url")


def report_bytes(reply: HttpReply) -> bytes:
    """The bytes of a report that is a body of its own; a `data:` URL or Base64 as what it encodes."""
    beginning = reply.content[:_SHORT].lstrip().removeprefix(BOM_UTF8)
    if not beginning.startswith((b"data:", b"DATA:", _PDF_IN_BASE64)):
        return reply.content
    try:
        return _decode(reply.content.decode("utf-8-sig"))
    except (Unreadable, UnicodeDecodeError):
        return reply.content


def parse_error(reply: HttpReply) -> WireError | None:
    """The error of a reply; None where its body is not the contract's."""
    try:
        body = read_object(reply)
        code, message = display_text(read_code(body, "codigo")), required_text(body, "mensagem")
        record_id = body.get("id")
    except Unreadable:
        return None
    return WireError(
        code,
        message,
        optional_text(body, "campo") or None,
        usable_id(record_id) if isinstance(record_id, str) else None,
    )


def _product(body: JsonObject) -> Product:
    kind = codes.PRODUCT_KINDS.get(required_text(body, "tipo"))
    persons, inputs, price = body.get("pessoas", []), body.get("insumos", []), body.get("preco")
    if kind is None:
        raise Unreadable("tipo")
    if not isinstance(persons, list) or not all(isinstance(person, str) for person in persons):
        raise Unreadable("pessoas")
    try:
        person_types = frozenset(PersonType(person) for person in persons)
    except ValueError:
        raise Unreadable("pessoas") from None
    return Product(
        code=read_code(body, "codigo"),
        name=required_text(body, "nome"),
        kind=kind,
        person_types=person_types or BOTH,
        inputs=read_items({"insumos": inputs}, "insumos", _input),
        price=None if price is None else Money.brl(_amount(price, "preco")),
    )


def _input(body: JsonObject) -> ProductInput:
    code = read_code(body, "codigo")
    return ProductInput(code, optional_text(body, "nome") or code, required=body.get("obrigatorio") is True)


def _nature(body: JsonObject) -> InclusionNature:
    description = required_text(body, "descricao")
    return InclusionNature(read_code(body, "codigo"), description, persons_in(description))


def _reason(body: JsonObject) -> BureauReason:
    return BureauReason(read_code(body, "codigo"), optional_text(body, "descricao"))


def _record(body: JsonObject) -> Record:
    record_id, document, reference = body.get("id"), body.get("documento"), body.get("contrato")
    if not isinstance(record_id, str) or not _is_id(record_id):
        raise Unreadable("id")
    if not isinstance(document, str) or not document.isascii():
        raise Unreadable("documento")
    if not isinstance(reference, str) or not reference.isprintable():
        raise Unreadable("contrato")
    return Record(
        id=record_id,
        document=document,
        reference=reference,
        due_date=_day(body.get("vencimento")),
        amount=_amount(body.get("valor"), "valor"),
        operation=read_word(body, "operacao", Operation),
        status=read_word(body, "situacao", RecordStatus),
        error=optional_text(body, "erro"),
        updated_at=_instant(body.get("atualizado_em")),
        nature_code=optional_code(body, "natureza"),
    )


def _document(text: object) -> Document | None:
    """The document that an answer names; None where it names none, or masks it."""
    try:
        return parse_document(text) if isinstance(text, str) else None
    except InvalidInput:
        return None


def _amount(text: object, name: str) -> str:
    if not isinstance(text, str) or not _is_amount(text):
        raise Unreadable(name)
    return text


def _day(text: object) -> date:
    try:
        if isinstance(text, str) and _is_day(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Unreadable("vencimento")


def _instant(text: object) -> datetime:
    """When a record last changed. It only orders records, so an unreadable one is the oldest."""
    try:
        instant = datetime.fromisoformat(text) if isinstance(text, str) else _LONG_AGO
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return _LONG_AGO


def _decode(encoded: str) -> bytes:
    """Base64, also URL-safe, unpadded, or in a `data:` URL."""
    text = "".join(encoded.split())
    if _is_data_url(text):
        kind, _, text = text.partition(",")
        text = unquote(text)
        if not kind.lower().endswith(";base64"):
            raise Unreadable("data:")
    text = text.translate(_STANDARD_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("pdf_base64") from None


def _is_data_url(text: str) -> bool:
    return text.lstrip()[:5].lower() == "data:"
