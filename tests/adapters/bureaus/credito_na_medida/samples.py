"""Sample orders, and answers that are checked against the declared contract."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import yaml
from jsonschema import Draft4Validator
from pypdf import PdfWriter

from credit_protection.domain.bureau_answers import RecordFound, RecordKey, RecordState
from credit_protection.domain.customers import Address
from credit_protection.domain.documents import Cnpj, Cpf, Document
from credit_protection.domain.money import Money
from credit_protection.domain.queries import Purpose
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.requests import InclusionOrder
from credit_protection.ports.bureau import QueryOrder, RemovalOrder

BASE = "https://cnm.invalid"
SECRET = "made-up-secret"
PERSON = Cpf("90010020055")
COMPANY = Cnpj("12ABC34501DE35")
CREDITOR = Cnpj("12.345.678/0001-95")
REFERENCE = "FAT-2026-0001"
DUE = date(2026, 1, 5)
ID = "NEG00000001"
ADDRESS = Address("RUA DAS FLORES", "10", "APTO 2", "CENTRO", "SAO PAULO", "SP", "01001000")
CONTRACT: dict[str, Any] = yaml.safe_load(
    Path("tests/data/credito_na_medida.declared.yaml").read_text(encoding="utf-8")
)


def violations(schema: dict[str, Any], value: object) -> list[str]:
    """The violations of a schema of the contract by a value."""
    whole = {**schema, "components": CONTRACT["components"]}
    return [error.message for error in Draft4Validator(whole).iter_errors(value)]


def request_schema(path: str) -> dict[str, Any]:
    """The schema of a path's JSON body, without additional fields."""
    schema: dict[str, Any] = CONTRACT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return {**schema, "additionalProperties": False}


def checked(schema: str, value: dict[str, object]) -> dict[str, object]:
    """The value, checked against a component of the contract."""
    assert violations({"$ref": f"#/components/schemas/{schema}"}, value) == []
    return value


def record(operation: str = "INCLUSAO", situation: str = "PROCESSANDO", **changes: object) -> dict[str, object]:
    """A Negativacao."""
    value: dict[str, object] = {
        "id": ID,
        "documento": PERSON.value,
        "contrato": REFERENCE,
        "vencimento": DUE.isoformat(),
        "valor": "119.90",
        "natureza": "DEV",
        "operacao": operation,
        "situacao": situation,
        "atualizado_em": "2026-10-17T12:00:00Z",
    }
    return checked("Negativacao", value | changes)


def page(*records: dict[str, object], total: int | None = None) -> httpx.Response:
    """A page of records."""
    return httpx.Response(200, json={"negativacoes": list(records), "total": len(records) if total is None else total})


def refusal(status: int, code: str, message: str = "Não pode", **more: str) -> httpx.Response:
    """An Erro."""
    value: dict[str, object] = {"codigo": code, "mensagem": message, **more}
    return httpx.Response(status, json=checked("Erro", value), headers={"X-Protocolo": "P-9"})


def token() -> httpx.Response:
    """The answer to a successful login."""
    return httpx.Response(200, json={"access_token": "T-made-up", "token_type": "Bearer", "expires_in": 3600})


def pdf() -> bytes:
    """A PDF of one page."""
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def inclusion(document: Document = PERSON, **changes: Any) -> InclusionOrder:  # noqa: ANN401 - any field
    """An order to include."""
    values: dict[str, Any] = {
        "document": document,
        "name": "FULANO DE TAL",
        "birth_date": date(1980, 2, 29),
        "address": ADDRESS,
        "email": "fulano@example.invalid",
        "phone": "11999990000",
        "creditor": CREDITOR,
        "reference": REFERENCE,
        "nature_code": "DEV",
        "due_date": DUE,
        "amount": Money(11990),
    }
    return InclusionOrder(**(values | changes))


def key(record_id: str | None = ID) -> RecordKey:
    """The key of the record."""
    return RecordKey(PERSON, REFERENCE, DUE, record_id)


def record_found(state: RecordState, record_id: str | None = ID, message: str = "") -> RecordFound:
    """What a look-up of the record gives."""
    return RecordFound(state, record_id, message, document=PERSON.value, reference=REFERENCE, due_date=DUE)


def removal(record_id: str | None = ID, reason: RemovalReason = RemovalReason.PAYMENT) -> RemovalOrder:
    """An order to remove."""
    return RemovalOrder(key(record_id), reason, CREDITOR)


def query(**inputs: str) -> QueryOrder:
    """A query to send."""
    return QueryOrder("ESSENCIAL", PERSON, Purpose.CREDIT_GRANTING, inputs)
