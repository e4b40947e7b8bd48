"""Removal: the request, and every answer."""

from dataclasses import replace

import httpx
import pytest
import respx

from credit_protection.adapters.bureaus.credito_na_medida import codes
from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.bureau_answers import Accepted, Done, ExecutionResult, Receipt, Rejected
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    InclusionStillProcessing,
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
)
from credit_protection.domain.reasons import RemovalReason
from credit_protection.testing.simulator.credito_na_medida.code_sets import REASONS
from tests.adapters.bureaus.credito_na_medida.samples import ID, page, record, refusal, removal

GOING = httpx.Response(202, json=record("EXCLUSAO"), headers={"X-Protocolo": "P-2"})


@pytest.fixture
def route(bureau: respx.MockRouter) -> respx.Route:
    return bureau.delete(f"/v1/negativacoes/{ID}").mock(return_value=GOING)


@pytest.mark.parametrize("reason", RemovalReason)
def test_each_reason_has_a_bureau_code(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reason: RemovalReason
) -> None:
    assert gateway.remove(removal(reason=reason)) == Accepted(ID, "P-2")
    assert dict(route.calls.last.request.url.params) == {"motivo": codes.REASON_HINTS[reason]}
    assert codes.REASON_HINTS[reason] in {entry["codigo"] for entry in REASONS}


def test_code_of_the_integrations_map_is_sent(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    assert gateway.remove(replace(removal(), reason_code="PG")) == Accepted(ID, "P-2")
    assert dict(route.calls.last.request.url.params) == {"motivo": "PG"}


@pytest.mark.parametrize(
    ("reply", "receipt"),
    [
        (GOING, Accepted(ID, "P-2")),
        (httpx.Response(200, json=record("EXCLUSAO")), Accepted(ID)),
        (httpx.Response(202, json=record("EXCLUSAO", "EXCLUSAO")), Done(ExecutionResult.EXECUTED, ID)),
        (httpx.Response(202, json=record("EXCLUSAO", "ERRO", erro="sub judice")), Rejected("ERRO", "sub judice")),
        (refusal(404, "NAO_ENCONTRADA"), Done(ExecutionResult.NOT_FOUND, request_id="P-9")),
        (refusal(422, "EM_DISPUTA"), Rejected("EM_DISPUTA", "Não pode", None, "P-9")),
        (
            refusal(422, "MOTIVO_INVALIDO", campo="motivo"),
            Rejected("MOTIVO_INVALIDO", "Não pode", "motivo", "P-9", reason_unknown=True),
        ),
        (refusal(400, "E7", campo="motivo"), Rejected("E7", "Não pode", "motivo", "P-9", reason_unknown=True)),
        (
            refusal(422, "Motivo_Desconhecido"),
            Rejected("Motivo_Desconhecido", "Não pode", None, "P-9", reason_unknown=True),
        ),
    ],
)
def test_answer_becomes_its_receipt(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response, receipt: Receipt
) -> None:
    route.mock(return_value=reply)
    assert gateway.remove(removal()) == receipt
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("seen", "receipt"),
    [
        (httpx.Response(200, json=record("EXCLUSAO", "EXCLUSAO")), Done(ExecutionResult.ALREADY_IN_EFFECT, ID, "P-9")),
        (refusal(404, "NAO_ENCONTRADA"), Done(ExecutionResult.ALREADY_IN_EFFECT, ID, "P-9")),
        (httpx.Response(200, json=record("EXCLUSAO")), Accepted(ID, repeated=True)),
        (httpx.Response(200, json=record(situation="INCLUSAO")), Accepted(ID, repeated=True)),
        (httpx.Response(500), Accepted(ID, repeated=True)),
        (httpx.Response(200, text="<html>"), Accepted(ID, repeated=True)),
    ],
)
def test_already_removed_is_verified_by_a_lookup(
    bureau: respx.MockRouter,
    route: respx.Route,
    gateway: CreditoNaMedidaGateway,
    seen: httpx.Response,
    receipt: Receipt,
) -> None:
    route.mock(return_value=refusal(409, "JA_EXCLUIDA"))
    bureau.get(f"/v1/negativacoes/{ID}").mock(return_value=seen)
    assert gateway.remove(removal()) == receipt
    assert route.call_count == 1


def test_removal_of_another_persons_record_is_not_ours(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    answered = record("EXCLUSAO", "EXCLUSAO", documento="52998224725")
    route.mock(return_value=httpx.Response(200, json=answered))
    with pytest.raises(ProtocolError, match="outro registro"):
        gateway.remove(removal())


def test_already_removed_is_not_verified_by_another_persons_record(
    bureau: respx.MockRouter, route: respx.Route, gateway: CreditoNaMedidaGateway
) -> None:
    route.mock(return_value=refusal(409, "JA_EXCLUIDA"))
    shown = record("EXCLUSAO", "EXCLUSAO", documento="52998224725")
    bureau.get(f"/v1/negativacoes/{ID}").mock(return_value=httpx.Response(200, json=shown))
    assert gateway.remove(removal()) == Accepted(ID, repeated=True)


def test_inclusion_in_process_postpones_the_removal(route: respx.Route, gateway: CreditoNaMedidaGateway) -> None:
    route.mock(return_value=refusal(409, "EM_PROCESSAMENTO"))
    with pytest.raises(InclusionStillProcessing) as caught:
        gateway.remove(removal())
    assert caught.value.request_id == "P-9"


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(404, text="<html>not found</html>"),
        httpx.Response(404),
        refusal(404, "ROTA_INEXISTENTE"),
        httpx.Response(404, json={"codigo": "NAO_ENCONTRADA"}),
        refusal(405, "METODO_NAO_PERMITIDO"),
        refusal(409, "ALGO_NOVO"),
        httpx.Response(409),
        httpx.Response(204),
        httpx.Response(202, json={}),
        httpx.Response(202, json=record("EXCLUSAO", id="OUTRO")),
        httpx.Response(202, json=record(situation="INCLUSAO")),
    ],
)
def test_unreadable_answer_never_ends_a_removal(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response
) -> None:
    route.mock(return_value=reply)
    with pytest.raises(ProtocolError) as caught:
        gateway.remove(removal())
    assert str(caught.value.context["transcript"]).startswith(f"> DELETE /v1/negativacoes/{ID}?motivo=PAGAMENTO\n")
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(402, "SEM_CREDITO"), NoCredit),
        (httpx.Response(429, headers={"Retry-After": "5"}), RateLimited),
        (httpx.Response(500), OutcomeUnknown),
        (httpx.ReadTimeout("no"), OutcomeUnknown),
        (httpx.ConnectError("no"), BureauUnavailable),
    ],
)
def test_failure_has_its_error_and_nothing_is_repeated(
    route: respx.Route, gateway: CreditoNaMedidaGateway, reply: httpx.Response | Exception, error: type[BureauError]
) -> None:
    route.mock(side_effect=[reply])
    with pytest.raises(BureauError) as caught:
        gateway.remove(removal())
    assert type(caught.value) is error
    assert route.call_count == 1


@pytest.mark.parametrize("unusable", [None, "", "..", "a/b", "NEG?x=1", "é"])
def test_removal_without_a_usable_id_looks_the_record_up(
    bureau: respx.MockRouter, route: respx.Route, gateway: CreditoNaMedidaGateway, unusable: str | None
) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=page(record(situation="INCLUSAO")))
    assert gateway.remove(removal(unusable)) == Accepted(ID, "P-2")
    assert route.call_count == 1


def test_missing_record_needs_no_removal(
    bureau: respx.MockRouter, route: respx.Route, gateway: CreditoNaMedidaGateway
) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=page(record(vencimento="2026-01-06")))
    assert gateway.remove(removal(None)) == Done(ExecutionResult.NOT_FOUND)
    assert route.call_count == 0


@pytest.mark.parametrize(
    ("reply", "error"),
    [(httpx.Response(500), BureauUnavailable), (httpx.Response(200, json={}), ProtocolError)],
)
def test_failed_lookup_removes_nothing(
    bureau: respx.MockRouter,
    route: respx.Route,
    gateway: CreditoNaMedidaGateway,
    reply: httpx.Response,
    error: type[BureauError],
) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=reply)
    with pytest.raises(error):
        gateway.remove(removal(None))
    assert route.call_count == 0
