"""Builds the requests of the contract: domain values in, `HttpCall` out."""

from urllib.parse import quote

from credit_protection.adapters.http import HttpCall
from credit_protection.domain.bureau_answers import RecordKey
from credit_protection.domain.documents import PersonType
from credit_protection.domain.queries import PDF
from credit_protection.domain.requests import InclusionOrder
from credit_protection.ports.bureau import QueryOrder

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
PROTOCOL_HEADER = "x-protocolo"
PAGE_SIZE = 500
_RECORDS = "/v1/negativacoes"

PRODUCTS = HttpCall("GET", "/v1/produtos", safe=True)
NATURES = HttpCall("GET", "/v1/naturezas", safe=True)
REASONS = HttpCall("GET", "/v1/motivos-baixa", safe=True)


def query_call(order: QueryOrder) -> HttpCall:
    """A credit query. Paid: never repeated, and on a connection of its own."""
    body: dict[str, object] = {"produto": order.product_code, "documento": order.document.value}
    if order.inputs:
        body["insumos"] = dict(order.inputs)
    return HttpCall("POST", "/v1/consultas", json=body, headers={"accept": f"{PDF}, application/json"}, alone=True)


def report_call(url: str) -> HttpCall:
    """Download a report whose address was the answer."""
    return HttpCall("GET", url, headers={"accept": PDF}, safe=True, alone=True)


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
    """One record."""
    return HttpCall("GET", f"{_RECORDS}/{quote(record_id, safe='')}", safe=True)


def page_call(page: int, key: RecordKey | None = None) -> HttpCall:
    """A page of all records, or of those of a document and contract. Pages count from 0."""
    filters = {} if key is None else {"documento": key.document.value, "contrato": key.reference}
    return HttpCall("GET", _RECORDS, query={**filters, "pagina": str(page), "por_pagina": str(PAGE_SIZE)}, safe=True)
