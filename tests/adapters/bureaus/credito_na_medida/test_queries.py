"""Credit queries: three forms of answer, checked and kept byte for byte; each query is sent once."""

import base64
import hashlib
import json

import httpx
import pytest
import respx

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    InvalidReport,
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.queries import DocumentReport
from tests.adapters.bureaus.credito_na_medida.conftest import new_gateway
from tests.adapters.bureaus.credito_na_medida.samples import (
    BASE,
    PERSON,
    pdf,
    query,
    refusal,
    request_schema,
    violations,
)

PDF = pdf()
TYPE = {"Content-Type": "application/pdf"}
OWN = f"{BASE}/v1/relatorios/1.pdf"
OTHER = "https://arquivos.invalid/1.pdf"


@pytest.fixture
def route(bureau: respx.MockRouter) -> respx.Route:
    return bureau.post("/v1/consultas").mock(
        return_value=httpx.Response(200, content=PDF, headers={**TYPE, "X-Protocolo": "P-1"})
    )


def encoded(content: bytes, **more: str) -> httpx.Response:
    return httpx.Response(200, json={"pdf_base64": base64.b64encode(content).decode(), **more})


def at(url: str) -> httpx.Response:
    return httpx.Response(200, json={"pdf_url": url, "protocolo": "P-1"})


def test_query_is_sent_as_the_contract_declares(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    gateway.query(query(modelo="A"))
    body = json.loads(route.calls.last.request.content)
    assert body == {"produto": "ESSENCIAL", "documento": PERSON.value, "insumos": {"modelo": "A"}}
    assert violations(request_schema("/v1/consultas"), body) == []
    gateway.query(query())
    assert "insumos" not in json.loads(route.calls.last.request.content)


def test_pdf_is_kept_byte_for_byte(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    report = gateway.query(query())
    assert report == DocumentReport(PDF, "application/pdf", "P-1")
    assert isinstance(report, DocumentReport)
    assert report.sha256 == hashlib.sha256(PDF).hexdigest()
    assert route.call_count == 1


def test_base64_pdf_is_kept_byte_for_byte(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    route.mock(return_value=encoded(PDF, protocolo="P-12345678901"))
    assert gateway.query(query()) == DocumentReport(PDF, "application/pdf", "P-12345678901")


def test_base64_pdf_of_several_lines_is_decoded(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    lines = base64.encodebytes(PDF).decode()
    route.mock(return_value=httpx.Response(200, json={"pdf_base64": lines}))
    assert gateway.query(query()) == DocumentReport(PDF, "application/pdf", None)


@pytest.mark.parametrize("declared", ["application/pdf", "application/octet-stream", ""])
def test_pdf_on_the_bureaus_origin_is_downloaded_with_the_token(
    bureau: respx.MockRouter, route: respx.Route, gateway: CreditoNaMedidaGateway, declared: str
) -> None:
    route.mock(return_value=at(OWN))
    report = bureau.get("/v1/relatorios/1.pdf").mock(
        return_value=httpx.Response(200, content=PDF, headers={"Content-Type": declared})
    )
    assert gateway.query(query()) == DocumentReport(PDF, "application/pdf", "P-1")
    assert report.calls.last.request.headers["authorization"] == "Bearer T-made-up"


def test_pdf_on_another_origin_is_not_downloaded_unless_allowed(
    bureau: respx.MockRouter, route: respx.Route, gateway: CreditoNaMedidaGateway
) -> None:
    route.mock(return_value=at(OTHER))
    other = bureau.get(OTHER).mock(return_value=httpx.Response(200, content=PDF, headers=TYPE))
    with pytest.raises(OutcomeUnknown, match="P-1") as caught:
        gateway.query(query())
    assert (caught.value.request_id, caught.value.code) == ("P-1", "pdf_externo_bloqueado")
    assert other.call_count == 0


def test_allowed_pdf_on_another_origin_is_downloaded_without_the_token(
    bureau: respx.MockRouter, route: respx.Route
) -> None:
    route.mock(return_value=at(OTHER))
    other = bureau.get(OTHER).mock(return_value=httpx.Response(200, content=PDF, headers=TYPE))
    gateway = new_gateway(permitir_pdf_externo="sim")
    assert gateway.query(query()) == DocumentReport(PDF, "application/pdf", "P-1")
    assert "authorization" not in other.calls.last.request.headers


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/v1/relatorios/1.pdf",
        "ftp://cnm.invalid/1.pdf",
        "file:///etc/passwd",
        "https://user:pw@cnm.invalid/1.pdf",
        "https://cnm.invalid:port/1.pdf",
        "https://[cnm/1.pdf",
        "https://cnm.invalid\\@evil.invalid/1.pdf",
        "https://cnm.invalid/a b",
        "https://cnm.invalid/\u2028",
        "http://arquivos.invalid/1.pdf",
    ],
)
def test_report_at_an_unsafe_address_is_an_unknown_outcome(route: respx.Route, url: str) -> None:
    route.mock(return_value=at(url))
    with pytest.raises(OutcomeUnknown) as caught:
        new_gateway(permitir_pdf_externo="sim").query(query())
    assert caught.value.request_id == "P-1"
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("reply", "tries"),
    [
        (httpx.Response(404), 1),
        (refusal(404, "NAO_ENCONTRADA"), 1),
        (httpx.Response(403), 1),
        (httpx.Response(302, headers={"Location": OTHER}), 3),
        (httpx.Response(500), 3),
        (httpx.ReadTimeout("no"), 3),
        (httpx.ConnectError("no"), 3),
    ],
)
def test_report_lost_after_the_charge_is_an_unknown_outcome_with_its_protocol(
    bureau: respx.MockRouter,
    route: respx.Route,
    gateway: CreditoNaMedidaGateway,
    reply: httpx.Response | Exception,
    tries: int,
) -> None:
    route.mock(return_value=at(OWN))
    report = bureau.get("/v1/relatorios/1.pdf").mock(side_effect=[reply] * 3)
    with pytest.raises(BureauError) as caught:
        gateway.query(query())
    assert type(caught.value) is OutcomeUnknown
    assert caught.value.request_id == "P-1"
    assert "P-1" in caught.value.message
    assert (route.call_count, report.call_count) == (1, tries)


BROKEN = {
    "an error page called PDF": httpx.Response(200, content=b"<html>erro</html>", headers=TYPE),
    "an error page": httpx.Response(200, text="<html>", headers={"Content-Type": "text/html; charset=utf-8"}),
    "nothing": httpx.Response(200, content=b"", headers=TYPE),
    "no content": httpx.Response(204),
    "a cut file": httpx.Response(200, content=PDF[: len(PDF) // 2], headers=TYPE),
    "a shell of a PDF": httpx.Response(200, content=b"%PDF-1.7\nnothing in it\n%%EOF", headers=TYPE),
    "another kind": httpx.Response(200, content=PDF, headers={"Content-Type": "image/png"}),
    "JSON without a report": httpx.Response(200, json={"protocolo": "P-1"}),
    "a list": httpx.Response(200, json=[]),
    "broken JSON": httpx.Response(200, content=b"\x00{", headers={"Content-Type": "application/json"}),
    "broken base64": httpx.Response(200, json={"pdf_base64": "###"}),
    "empty base64": httpx.Response(200, json={"pdf_base64": ""}),
    "a page in base64": encoded(b"<html>"),
    "half a file in base64": encoded(PDF[: len(PDF) // 2]),
    "a protocol that is none": httpx.Response(200, json={"protocolo": {"a": 1}, "pdf_url": OWN}),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_invalid_report_is_not_kept_and_the_query_not_repeated(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response
) -> None:
    route.mock(return_value=reply)
    with pytest.raises(InvalidReport) as caught:
        gateway.query(query())
    assert str(caught.value.context["transcript"]).startswith("> POST /v1/consultas\n")
    assert route.call_count == 1


def test_downloaded_report_is_checked(
    bureau: respx.MockRouter, route: respx.Route, gateway: CreditoNaMedidaGateway
) -> None:
    route.mock(return_value=at(OWN))
    bureau.get("/v1/relatorios/1.pdf").mock(return_value=httpx.Response(200, text="<html>", headers=TYPE))
    with pytest.raises(InvalidReport) as caught:
        gateway.query(query())
    assert caught.value.request_id == "P-1"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(402, "SEM_CREDITO"), NoCredit),
        (refusal(422, "PRODUTO_INVALIDO", campo="produto"), Refused),
        (refusal(400, "JSON_INVALIDO"), Refused),
        (refusal(409, "DUPLICADA"), Refused),
        (refusal(404, "ROTA_INEXISTENTE"), ProtocolError),
        (httpx.Response(422, text="no"), ProtocolError),
        (httpx.Response(429, headers={"Retry-After": "5"}), RateLimited),
        (httpx.Response(500), OutcomeUnknown),
        (httpx.Response(502), OutcomeUnknown),
        (httpx.Response(503, headers={"Retry-After": "5"}), RateLimited),
        (httpx.Response(504), OutcomeUnknown),
        (httpx.ReadTimeout("no"), OutcomeUnknown),
        (httpx.ReadError("no"), OutcomeUnknown),
        (httpx.ConnectError("no"), BureauUnavailable),
    ],
)
def test_failure_has_its_error_and_the_query_is_sent_once(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response | Exception, error: type[BureauError]
) -> None:
    route.mock(side_effect=[reply])
    with pytest.raises(BureauError) as caught:
        gateway.query(query())
    assert type(caught.value) is error
    assert route.call_count == 1


def test_refusal_has_the_field_and_the_bureaus_code(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    route.mock(return_value=refusal(422, "DOCUMENTO_INVALIDO", f"CPF {PERSON.value} inválido", campo="documento"))
    with pytest.raises(Refused) as caught:
        gateway.query(query())
    error = caught.value
    assert (error.code, error.field, error.request_id) == ("DOCUMENTO_INVALIDO", "documento", "P-9")
    assert error.message == "O birô recusou: CPF [documento] inválido"
