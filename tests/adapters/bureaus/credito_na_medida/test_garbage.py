"""Any answer of a bureau becomes a domain answer or a domain error, with texts that can be stored."""

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
import respx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.bureau_answers import Accepted, Done, RecordFound, RecordNotFound, Rejected
from credit_protection.domain.errors import BureauError
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product
from credit_protection.domain.reasons import BureauReason
from credit_protection.ports.bureau import ListedRecord
from tests.adapters.bureaus.credito_na_medida.conftest import new_gateway
from tests.adapters.bureaus.credito_na_medida.samples import (
    PERSON,
    SECRET,
    inclusion,
    key,
    query,
    record,
    removal,
)

ACTS: dict[str, Callable[[CreditoNaMedidaGateway], object]] = {
    "check": lambda gateway: gateway.check(),
    "products": lambda gateway: gateway.products(),
    "natures": lambda gateway: gateway.natures(),
    "reasons": lambda gateway: gateway.reasons(),
    "query": lambda gateway: gateway.query(query()),
    "include": lambda gateway: gateway.include(inclusion()),
    "remove": lambda gateway: gateway.remove(removal()),
    "remove by key": lambda gateway: gateway.remove(removal(None)),
    "find": lambda gateway: gateway.find(key()),
    "find by key": lambda gateway: gateway.find(key(None)),
    "list": lambda gateway: list(gateway.list_records()),
}
WORDS = st.sampled_from(
    ["PF", "CONSULTA", "INCLUSAO", "EXCLUSAO", "PROCESSANDO", "ERRO", "JA_EXISTE", "JA_EXCLUIDA", "NAO_ENCONTRADA"]
) | st.sampled_from([PERSON.value, SECRET, "https://cnm.invalid/r.pdf", "http://[", "\ud800", "\x00", "1.00", ".."])
NAMES = st.sampled_from(
    [*record(), "erro", "total", "negativacoes", "produtos", "naturezas", "motivos", "codigo", "mensagem", "campo"]
) | st.sampled_from(["nome", "tipo", "pessoas", "preco", "insumos", "descricao", "protocolo", "pdf_base64", "pdf_url"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
GARBAGE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)
NEARLY = st.dictionaries(NAMES, SCALARS, max_size=3).map(lambda changes: {**record(), **changes})
LISTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(NEARLY | GARBAGE, max_size=3) for name in ("negativacoes", "produtos", "naturezas", "motivos")
    }
    | {"total": SCALARS},
)
STATUSES = st.sampled_from([200, 201, 202, 204, 301, 400, 402, 403, 404, 409, 410, 418, 422, 429, 500, 503])
BODIES = (
    (GARBAGE | NEARLY | LISTS).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=50) | st.just(b"")
)
TYPES = st.sampled_from(["application/json", "application/pdf", "text/html", "", ";", "application/json; charset=x"])


def texts_of(answer: object) -> str:
    """The texts of an answer that are shown or stored, except a report's bytes and the keys."""
    match answer:
        case Done() | Accepted() | RecordFound():
            return str(replace(answer, bureau_id=None))
        case Rejected() | RecordNotFound():
            return str(answer)
        case tuple() | list():
            return " ".join(texts_of(item) for item in answer)
        case Product():
            return " ".join([answer.name, *(extra.name for extra in answer.inputs)])
        case InclusionNature() | BureauReason():
            return answer.description
        case ListedRecord():
            return texts_of(answer.found)
        case _:
            return ""


@pytest.mark.parametrize("act", ACTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    replies=st.lists(st.tuples(STATUSES, BODIES, TYPES), min_size=1, max_size=3),
    protocol=st.sampled_from(["P-1", "", "x" * 500, "a b"]),
)
def test_any_answer_becomes_a_domain_answer_or_error(
    bureau: respx.MockRouter,
    gateway: CreditoNaMedidaGateway,
    act: str,
    replies: list[tuple[int, bytes, str]],
    protocol: str,
) -> None:
    turn = 0

    def reply(_: httpx.Request) -> httpx.Response:
        nonlocal turn
        status, body, media_type = replies[turn % len(replies)]
        turn += 1
        headers = {"Content-Type": media_type, "X-Protocolo": protocol}
        return httpx.Response(status, content=body, headers=headers)

    bureau.route(url__regex=r"https://cnm\.invalid/(?!oauth).*").mock(side_effect=reply)
    try:
        text = texts_of(ACTS[act](gateway))
    except BureauError as error:
        text = f"{error.message} {error.code} {error.context}".replace(f"protocolo {PERSON.value}", "")
    text.encode("utf-8")
    assert "\x00" not in text
    assert SECRET not in text
    assert PERSON.value not in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=STATUSES, body=BODIES | st.builds(lambda token: json.dumps({"access_token": token}).encode(), GARBAGE))
def test_any_login_answer_becomes_a_token_or_a_domain_error(bureau: respx.MockRouter, status: int, body: bytes) -> None:
    bureau.post("/oauth/token").mock(return_value=httpx.Response(status, content=body))
    bureau.get("/v1/produtos").mock(return_value=httpx.Response(200, json={"produtos": []}))
    text = ""
    gateway = new_gateway()
    try:
        gateway.check()
    except BureauError as error:
        text = f"{error.message} {error.context}"
    finally:
        gateway.close()
    assert SECRET not in text
