from __future__ import annotations

import base64
import http.client
import io
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pypdf
import pytest

from credit_protection.testing.simulator import BureauSimulator, FaultKind
from tests.testing.simulator.bureau_client import CPF, OTHER_CPF, BureauClient, debt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.testing.simulator.bureau_client import Reply

LOST = (http.client.HTTPException, ConnectionError)


def include_raw(client: BureauClient) -> Reply:
    headers = client.bearer() | {"Content-Type": "application/json"}
    return client.raw("POST", "/v1/negativacoes", json.dumps(debt()), headers)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("kind", "details", "status", "code", "retry_after"),
    [
        ("rate_limited", {}, 429, "MUITAS_REQUISICOES", "1"),
        ("rate_limited", {"retry_after": 7}, 429, "MUITAS_REQUISICOES", "7"),
        ("unavailable", {}, 503, "INDISPONIVEL", None),
        ("unavailable", {"retry_after": 0}, 503, "INDISPONIVEL", "0"),
        ("server_error", {}, 500, "ERRO_INTERNO", None),
        ("bad_gateway", {}, 502, "GATEWAY_INVALIDO", None),
        ("gateway_timeout", {}, 504, "TEMPO_ESGOTADO", None),
        ("reject", {}, 422, "RECUSADO", None),
        ("reject", {"code": "CEP_INVALIDO", "message": "CEP?", "field": "endereco.cep"}, 422, "CEP_INVALIDO", None),
        ("reject", {"status": 403, "code": "BLOQUEADO"}, 403, "BLOQUEADO", None),
    ],
)
def test_refusal_has_no_effect_and_ends_after_its_times(
    simulator: BureauSimulator,
    client: BureauClient,
    kind: str,
    details: dict[str, object],
    status: int,
    code: str,
    retry_after: str | None,
) -> None:
    simulator.add_fault("include", kind, times=1, **details)
    reply = client.include()
    assert (reply.status, reply.code, reply.headers.get("Retry-After")) == (status, code, retry_after)
    assert reply.json["campo"] == details.get("field")
    (logged,) = simulator.ledger()["requests"]
    assert (logged["status"], logged["outcome"], logged["fault"]) == (status, code, kind)
    assert simulator.counts()["records"] == 0
    assert client.include().status == 201
    assert simulator.faults()[0]["fired"] == 1


@pytest.mark.parametrize(("kind", "status"), [("server_error", 500), ("bad_gateway", 502), ("gateway_timeout", 504)])
def test_gateway_error_can_hide_an_effect(
    simulator: BureauSimulator, client: BureauClient, kind: str, status: int
) -> None:
    simulator.add_fault("include", kind, effect=True)
    assert client.include().status == status
    (logged,) = simulator.ledger()["requests"]
    assert (logged["status"], logged["outcome"], logged["reply_lost"]) == (201, "ACEITA", True)
    assert simulator.counts()["records"] == 1


def test_closed_connection_has_no_effect(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.add_fault("include", "cut", times=1)
    with pytest.raises(LOST):
        client.include()
    (logged,) = simulator.ledger()["requests"]
    assert (logged["status"], logged["outcome"], logged["reply_lost"]) == (None, "CORTADA", False)
    assert client.include().status == 201


def test_lost_reply_hides_an_effect(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.add_fault("include", "lost_reply", times=1)
    with pytest.raises(LOST):
        client.include()
    (logged,) = simulator.ledger()["requests"]
    assert (logged["status"], logged["outcome"], logged["reply_lost"]) == (201, "ACEITA", True)
    assert client.include().code == "JA_EXISTE"
    assert simulator.counts()["replies_lost"] == 1


def test_removal_and_query_can_lose_their_reply_too(simulator: BureauSimulator, client: BureauClient) -> None:
    record_id = client.include().json["id"]
    simulator.advance(60)
    simulator.set_options(balance="10.00")
    simulator.add_fault("remove", "lost_reply", match={"contrato": "FAT-0001"}, times=1)
    simulator.add_fault("query", "lost_reply", match={"documento": CPF}, times=1)
    with pytest.raises(LOST):
        client.remove(record_id)
    assert client.remove(record_id).code == "JA_EXCLUIDA"
    with pytest.raises(LOST):
        client.query()
    assert simulator.options()["balance"] == "7.10"


@pytest.mark.parametrize(("hold", "delay"), [(0, 0.25), (0.02, 0.25), (0.08, 0.02)])
def test_effect_can_follow_the_closed_connection(
    simulator: BureauSimulator, client: BureauClient, hold: float, delay: float
) -> None:
    client.login()
    simulator.add_fault("include", "delayed_effect", delay=delay, hold=hold, times=1)
    began = time.monotonic()
    with pytest.raises(LOST):
        client.include()
    assert time.monotonic() - began >= hold
    assert simulator.counts()["records"] == (1 if hold > delay else 0)
    wait_until(lambda: simulator.counts()["requests"] == 1)
    assert time.monotonic() - began >= delay
    (logged,) = simulator.ledger()["requests"]
    assert (logged["status"], logged["effect_delayed"], logged["reply_lost"]) == (201, True, True)


def test_delayed_effect_uses_the_state_of_its_own_time(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.add_fault("include", "delayed_effect", delay=0.25, times=1)
    with pytest.raises(LOST):
        client.include()
    assert client.include().status == 201
    wait_until(lambda: simulator.counts()["requests"] == 2)
    late = simulator.ledger()["requests"][-1]
    assert (late["outcome"], late["repeated"], late["effect_delayed"]) == ("JA_EXISTE", True, True)


def test_stop_does_not_wait_for_delayed_effects(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.add_fault("include", "delayed_effect", delay=60)
    with pytest.raises(LOST):
        client.include()
    began = time.monotonic()
    simulator.stop()
    assert time.monotonic() - began < 2
    assert simulator.counts()["records"] == 0


@pytest.mark.parametrize("effect", [None, False])
def test_garbage_is_a_200_that_is_not_json(
    simulator: BureauSimulator, client: BureauClient, effect: bool | None
) -> None:
    simulator.add_fault("include", "garbage", effect=effect)
    reply = include_raw(client)
    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)
    assert simulator.counts()["records"] == (0 if effect is False else 1)


def report_bytes(reply: Reply, form: str) -> bytes:
    return reply.body if form == "pdf" else base64.b64decode(reply.json["pdf_base64"])


@pytest.mark.parametrize("form", ["pdf", "base64"])
def test_report_can_be_broken(simulator: BureauSimulator, client: BureauClient, form: str) -> None:
    headers = client.bearer() | {"Content-Type": "application/json"}
    question = json.dumps({"produto": "ESSENCIAL", "documento": CPF})
    simulator.set_options(report_form=form)
    whole = report_bytes(client.raw("POST", "/v1/consultas", question, headers), form)
    for kind in ("html_instead_of_pdf", "empty_pdf", "truncated_pdf"):
        simulator.add_fault("query", kind, times=1)
    html, empty, half = (report_bytes(client.raw("POST", "/v1/consultas", question, headers), form) for _ in range(3))
    assert html.startswith(b"<!DOCTYPE html>")
    assert empty == b""
    assert half == whole[: len(whole) // 2]
    with pytest.raises(pypdf.errors.PyPdfError):
        pypdf.PdfReader(io.BytesIO(half), strict=True)
    assert simulator.counts()["queries_answered"] == 4


def test_downloaded_report_can_be_broken_at_either_step(simulator: BureauSimulator, client: BureauClient) -> None:
    simulator.set_options(report_form="url")
    simulator.add_fault("query", "html_instead_of_pdf", times=1, media_type="text/html")
    path = client.query().json["pdf_url"].removeprefix(simulator.url)
    reply = client.raw("GET", path, headers=client.bearer())
    assert reply.headers["Content-Type"].startswith("text/html")
    path = client.query().json["pdf_url"].removeprefix(simulator.url)
    simulator.add_fault("report", "unavailable", times=1)
    simulator.add_fault("report", "empty_pdf", times=1)
    assert client.get(path).status == 503
    assert client.raw("GET", path, headers=client.bearer()).body == b""
    assert client.raw("GET", path, headers=client.bearer()).body.startswith(b"%PDF")


def test_expired_token_is_refused_until_a_new_login(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.add_fault("include", "expired_token", times=1)
    assert client.get("/v1/produtos").status == 200
    assert client.include().code == "TOKEN_EXPIRADO"
    assert client.include().code == "TOKEN_EXPIRADO"
    assert client.get("/v1/produtos").code == "TOKEN_EXPIRADO"
    client.login()
    assert client.include().status == 201


def test_answer_can_trickle(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.add_fault("natures", "trickle", interval=0.0005, times=1)
    began = time.monotonic()
    reply = client.get("/v1/naturezas")
    assert reply.status == 200
    assert time.monotonic() - began > 0.0005 * len(reply.body)


def test_latencies_add_up_and_do_not_hide_another_fault(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.set_options(latency=[0.01, 0.02])
    simulator.add_fault("include", "latency", delay=0.03, times=1)
    simulator.add_fault("include", "rate_limited", times=1)
    simulator.add_fault("any", "latency", delay=[0.02, 0.03], times=1)
    began = time.monotonic()
    assert client.include().status == 429
    assert 0.06 <= time.monotonic() - began < 1


def test_first_rule_that_fires_applies(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.add_fault("include", "unavailable", times=1)
    simulator.add_fault("any", "rate_limited", times=1)
    assert [client.include().status for _ in range(3)] == [503, 429, 201]


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("token", lambda client: client.login()),
        ("products", lambda client: client.get("/v1/produtos")),
        ("natures", lambda client: client.get("/v1/naturezas")),
        ("reasons", lambda client: client.get("/v1/motivos-baixa")),
        ("query", lambda client: client.query()),
        ("include", lambda client: client.include()),
        ("find", lambda client: client.get("/v1/negativacoes")),
        ("find", lambda client: client.get("/v1/negativacoes/NEG1")),
        ("remove", lambda client: client.remove("NEG1")),
        ("any", lambda client: client.get("/v1/produtos")),
    ],
)
def test_each_operation_can_be_named_in_a_rule(
    simulator: BureauSimulator, client: BureauClient, operation: str, call: Callable[[BureauClient], Reply]
) -> None:
    client.login()
    simulator.add_fault(operation, "unavailable", times=1)
    assert call(client).status == 503
    assert call(client).status != 503


def test_rule_can_match_one_debt(simulator: BureauSimulator, client: BureauClient) -> None:
    simulator.add_fault("any", "reject", match={"contrato": "FAT-2", "documento": OTHER_CPF})
    assert client.include(contrato="FAT-1", documento=OTHER_CPF).status == 201
    assert client.include(contrato="FAT-2").status == 201
    assert client.include(contrato="FAT-2", documento=OTHER_CPF).status == 422
    assert client.get("/v1/negativacoes", contrato="FAT-2", documento=OTHER_CPF).status == 422
    assert client.get("/v1/negativacoes", contrato="FAT-2").status == 200


def fates(seed: int, contracts: list[str]) -> dict[str, list[int]]:
    statuses: dict[str, list[int]] = {}
    with BureauSimulator(seed=seed) as simulator:
        simulator.add_fault("include", "unavailable", probability=0.5)
        client = BureauClient(simulator.url)
        for contract in contracts:
            statuses.setdefault(contract, []).append(client.include(contrato=contract).status)
        client.close()
    return statuses


def test_probability_is_seeded_and_independent_of_order() -> None:
    contracts = [f"C{number}" for number in range(20)] * 2
    once = fates(3, contracts)
    assert once == fates(3, contracts[::-1])
    assert once != fates(4, contracts)
    outcomes = [status for statuses in once.values() for status in statuses]
    assert 5 < outcomes.count(503) < 35


def test_cleared_faults_are_removed(simulator: BureauSimulator, client: BureauClient) -> None:
    simulator.add_fault("any", "cut")
    simulator.clear_faults()
    assert simulator.faults() == []
    assert client.include().status == 201


@pytest.mark.parametrize(
    "rule",
    [
        {"operation": "include"},
        {"operation": "dance", "kind": "cut"},
        {"operation": "include", "kind": "explode"},
        {"operation": "include", "kind": "cut", "probability": 2},
        {"operation": "include", "kind": "cut", "when": "now"},
        {"operation": "include", "kind": "cut", "match": {"nome": "x"}},
        {"operation": "include", "kind": "latency", "delay": [1, 2, 3]},
        {"operation": "include", "kind": "rate_limited", "retry_after": 0.5},
    ],
)
def test_invalid_rule_is_refused(simulator: BureauSimulator, rule: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=": "):
        simulator._control("POST", "/faults", rule)
    assert simulator.faults() == []


def test_bureau_works_after_every_kind_of_fault(simulator: BureauSimulator, client: BureauClient) -> None:
    for kind in FaultKind:
        simulator.add_fault("include", kind, times=1, delay=0, interval=0.0001)
        with suppress(*LOST):
            include_raw(client)
        assert client.login().status == 200, kind
    assert client.include().code == "JA_EXISTE"
    assert all(rule["fired"] == 1 for rule in simulator.faults())
