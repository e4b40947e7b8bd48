"""Inclusion: the request, and every answer."""

import json

import httpx
import pytest
import respx

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.bureau_answers import Accepted, Done, ExecutionResult, Receipt, Rejected
from credit_protection.domain.customers import Address
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
)
from credit_protection.domain.money import Money
from tests.adapters.bureaus.credito_na_medida.samples import (
    COMPANY,
    ID,
    PERSON,
    inclusion,
    record,
    refusal,
    request_schema,
    violations,
)


@pytest.fixture
def route(bureau: respx.MockRouter) -> respx.Route:
    return bureau.post("/v1/negativacoes").mock(return_value=httpx.Response(201, json=record()))


def sent(route: respx.Route) -> dict[str, object]:
    body: dict[str, object] = json.loads(route.calls.last.request.content)
    assert violations(request_schema("/v1/negativacoes"), body) == []
    return body


def test_all_fields_of_the_contract_are_sent(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    gateway.include(inclusion())
    assert sent(route) == {
        "documento": "90010020055",
        "tipo_pessoa": "PF",
        "nome": "FULANO DE TAL",
        "nascimento": "1980-02-29",
        "endereco": {
            "cep": "01001000",
            "logradouro": "RUA DAS FLORES",
            "numero": "10",
            "complemento": "APTO 2",
            "bairro": "CENTRO",
            "cidade": "SAO PAULO",
            "uf": "SP",
        },
        "contrato": "FAT-2026-0001",
        "natureza": "DEV",
        "vencimento": "2026-01-05",
        "valor": "119.90",
    }
    assert route.calls.last.request.headers["authorization"] == "Bearer T-made-up"


def test_unknown_fields_are_omitted(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    place = Address("RUA A", "", "", "CENTRO", "SAO PAULO", "SP", "01001000")
    gateway.include(inclusion(birth_date=None, address=place))
    body = sent(route)
    assert "nascimento" not in body
    assert body["endereco"] == {
        "cep": "01001000",
        "logradouro": "RUA A",
        "numero": "S/N",
        "bairro": "CENTRO",
        "cidade": "SAO PAULO",
        "uf": "SP",
    }


def test_company_is_sent_as_pj(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    route.mock(return_value=httpx.Response(201, json=record(documento=COMPANY.value)))
    gateway.include(inclusion(COMPANY))
    body = sent(route)
    assert (body["tipo_pessoa"], body["documento"]) == ("PJ", COMPANY.value)
    assert "nascimento" not in body


@pytest.mark.parametrize(
    ("cents", "text"), [(1, "0.01"), (100, "1.00"), (123456789, "1234567.89"), (10**14, f"{10**12}.00")]
)
def test_amount_is_sent_in_reais_with_two_decimals(
    route: respx.Route, gateway: CreditoNaMedidaGateway, cents: int, text: str
) -> None:
    gateway.include(inclusion(amount=Money(cents)))
    assert sent(route)["valor"] == text


@pytest.mark.parametrize(
    ("reply", "receipt"),
    [
        (httpx.Response(201, json=record(), headers={"X-Protocolo": "P-1"}), Accepted(ID, "P-1")),
        (httpx.Response(201, json=record(situation="INCLUSAO")), Done(ExecutionResult.EXECUTED, ID)),
        (httpx.Response(200, json=record()), Accepted(ID)),
        (httpx.Response(201, json=record(documento="900.100.200-55")), Accepted(ID)),
        (httpx.Response(201, json=record(situation="ERRO", erro="CPF suspenso")), Rejected("ERRO", "CPF suspenso")),
        (refusal(409, "JA_EXISTE", id="NEG7"), Accepted("NEG7", "P-9", repeated=True)),
        (refusal(409, "JA_EXISTE"), Accepted(None, "P-9", repeated=True)),
        (refusal(409, "JA_EXISTE", id="../x"), Accepted(None, "P-9", repeated=True)),
        (
            refusal(422, "NATUREZA_INVALIDA", "Natureza desconhecida", campo="natureza"),
            Rejected("NATUREZA_INVALIDA", "Natureza desconhecida", "natureza", "P-9"),
        ),
        (refusal(400, "JSON_INVALIDO"), Rejected("JSON_INVALIDO", "Não pode", None, "P-9")),
    ],
)
def test_answer_becomes_its_receipt(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response, receipt: Receipt
) -> None:
    route.mock(return_value=reply)
    assert gateway.include(inclusion()) == receipt
    assert route.call_count == 1


def test_refusal_never_contains_the_whole_document(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    route.mock(return_value=refusal(422, "X", f"CPF {PERSON.value} ou {PERSON.formatted} inválido"))
    assert gateway.include(inclusion()) == Rejected("X", "CPF [documento] ou [documento] inválido", None, "P-9")


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(201),
        httpx.Response(204),
        httpx.Response(201, text="<html>ok</html>"),
        httpx.Response(201, content=b"\x00\xff{"),
        httpx.Response(201, content=b"[" * 50_000),
        httpx.Response(201, json=[]),
        httpx.Response(201, json={}),
        httpx.Response(201, json={**record(), "id": 5}),
        httpx.Response(201, json={**record(), "id": ".."}),
        httpx.Response(201, json={**record(), "situacao": "TALVEZ"}),
        httpx.Response(201, json={**record(), "valor": "1e5"}),
        httpx.Response(201, json={**record(), "vencimento": "2026-02-30"}),
        httpx.Response(201, json=record(contrato="OUTRO")),
        httpx.Response(201, json=record(documento="52998224725")),
        httpx.Response(201, json=record(vencimento="2026-01-06")),
        httpx.Response(201, json=record(situation="EXCLUSAO")),
        httpx.Response(201, json=record("EXCLUSAO")),
        httpx.Response(409, text="conflict"),
        refusal(409, "ALGO_NOVO"),
        httpx.Response(422, text="no"),
        httpx.Response(422, json={"erro": "no"}),
        refusal(404, "NAO_ENCONTRADA"),
        refusal(405, "METODO"),
        refusal(415, "TIPO"),
        httpx.Response(404, text="<html>"),
    ],
)
def test_unreadable_answer_is_kept_as_evidence_and_unknown(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response
) -> None:
    route.mock(return_value=reply)
    with pytest.raises(ProtocolError) as caught:
        gateway.include(inclusion())
    assert str(caught.value.context["transcript"]).startswith("> POST /v1/negativacoes\n< HTTP ")
    assert caught.value.http_status == reply.status_code
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(402, "SEM_CREDITO"), NoCredit),
        (httpx.Response(402), NoCredit),
        (refusal(403, "X"), CredentialsRejected),
        (httpx.Response(408), OutcomeUnknown),
        (httpx.Response(429, headers={"Retry-After": "5"}), RateLimited),
        (httpx.Response(500), OutcomeUnknown),
        (httpx.Response(502), OutcomeUnknown),
        (httpx.Response(503), OutcomeUnknown),
        (httpx.Response(503, headers={"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}), RateLimited),
        (httpx.Response(504), OutcomeUnknown),
        (httpx.Response(301, headers={"Location": "https://x.invalid"}), OutcomeUnknown),
        (httpx.ConnectError("no"), BureauUnavailable),
        (httpx.ConnectTimeout("no"), BureauUnavailable),
        (httpx.PoolTimeout("no"), BureauUnavailable),
        (httpx.ReadTimeout("no"), OutcomeUnknown),
        (httpx.WriteError("no"), OutcomeUnknown),
        (httpx.ReadError("no"), OutcomeUnknown),
        (httpx.RemoteProtocolError("no"), OutcomeUnknown),
    ],
)
def test_failure_has_its_error_and_nothing_is_repeated(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response | Exception, error: type[BureauError]
) -> None:
    route.mock(side_effect=[reply])
    with pytest.raises(BureauError) as caught:
        gateway.include(inclusion())
    assert type(caught.value) is error
    assert route.call_count == 1


def test_failed_login_means_not_executed(
    bureau: respx.MockRouter, route: respx.Route, gateway: CreditoNaMedidaGateway
) -> None:
    bureau.post("/oauth/token").mock(return_value=httpx.Response(200, text="<html>"))
    with pytest.raises(BureauUnavailable):
        gateway.include(inclusion())
    assert route.call_count == 0
