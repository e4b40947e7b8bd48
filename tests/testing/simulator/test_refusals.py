from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.testing.simulator.bureau_client import CNPJ, debt

if TYPE_CHECKING:
    from credit_protection.testing.simulator import BureauSimulator
    from tests.testing.simulator.bureau_client import BureauClient

JSON = {"Content-Type": "application/json"}
ADDRESS: dict[str, Any] = debt()["endereco"]


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/produtos/", "/v1/negativacoes/1/2", "/v2/produtos", "/oauth"])
def test_unknown_path_is_not_found(client: BureauClient, path: str) -> None:
    reply = client.get(path)
    assert (reply.status, reply.code) == (404, "ROTA_INEXISTENTE")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/oauth/token", "POST"),
        ("POST", "/v1/produtos", "GET"),
        ("PUT", "/v1/negativacoes", "GET, POST"),
        ("PATCH", "/v1/negativacoes/1", "DELETE, GET"),
        ("DELETE", "/v1/consultas", "POST"),
        ("OPTIONS", "/v1/naturezas", "GET"),
    ],
)
def test_wrong_method_is_answered_with_the_allowed_ones(
    client: BureauClient, method: str, path: str, allowed: str
) -> None:
    reply = client.checked(method, path, headers=client.bearer())
    assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "METODO_NAO_PERMITIDO", allowed)


def test_head_request_has_no_body(client: BureauClient) -> None:
    reply = client.raw("HEAD", "/v1/produtos", headers=client.bearer())
    assert (reply.status, reply.body) == (405, b"")
    assert client.get("/v1/produtos").status == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *[({name: None}, name) for name in debt() if name != "nascimento"],
        *[
            ({"endereco": {key: value for key, value in ADDRESS.items() if key != name}}, f"endereco.{name}")
            for name in ADDRESS
        ],
        ({"apelido": "x"}, "apelido"),
        ({"endereco": ADDRESS | {"pais": "BR"}}, "endereco.pais"),
        ({"endereco": "Rua das Acácias, 12"}, "endereco"),
        ({"endereco": ADDRESS | {"cidade": "São José do Rio Preto"}}, "endereco.cidade"),
        ({"endereco": ADDRESS | {"bairro": "b" * 21}}, "endereco.bairro"),
        ({"endereco": ADDRESS | {"logradouro": "l" * 71}}, "endereco.logradouro"),
        ({"nome": "n" * 71}, "nome"),
        ({"contrato": "C" * 17}, "contrato"),
        ({"documento": 52998224725}, "documento"),
        ({"tipo_pessoa": "pf"}, "tipo_pessoa"),
        ({"nascimento": "17/05/1990"}, "nascimento"),
        ({"vencimento": "2026-02-30"}, "vencimento"),
        ({"vencimento": "2026-01-10T00:00:00"}, "vencimento"),
        ({"valor": 149.9}, "valor"),
        ({"valor": "149,90"}, "valor"),
        ({"valor": "149.9"}, "valor"),
        ({"valor": "-1.00"}, "valor"),
        ({"valor": "1.00\n"}, "valor"),
    ],
)
def test_invalid_inclusion_is_refused_by_its_field(
    client: BureauClient, changes: dict[str, object], field: str
) -> None:
    reply = client.include(**changes)
    assert (reply.status, reply.code, reply.json["campo"]) == (422, "VALIDACAO", field)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"documento": "52998224726"}, "DOCUMENTO_INVALIDO", "documento"),
        ({"documento": CNPJ}, "TIPO_PESSOA_DIVERGENTE", "tipo_pessoa"),
        ({"natureza": "XXX"}, "NATUREZA_INVALIDA", "natureza"),
        ({"natureza": "DUP"}, "NATUREZA_NAO_ADMITE_PESSOA", "natureza"),
        ({"documento": CNPJ, "tipo_pessoa": "PJ"}, "NATUREZA_NAO_ADMITE_PESSOA", "natureza"),
        ({"valor": "0.00"}, "VALOR_INVALIDO", "valor"),
    ],
)
def test_inconsistent_inclusion_is_refused(
    simulator: BureauSimulator, client: BureauClient, changes: dict[str, object], code: str, field: str
) -> None:
    reply = client.include(**changes)
    assert (reply.status, reply.code, reply.json["campo"]) == (422, code, field)
    ledger = simulator.ledger()
    assert ledger["records"] == []
    assert (ledger["requests"][0]["status"], ledger["requests"][0]["outcome"]) == (422, code)


@pytest.mark.parametrize(("person", "document"), [("PF", "52998224725"), ("PJ", CNPJ)])
@pytest.mark.parametrize("nature", ["MEN", "OUT"])
def test_natures_for_both_or_without_a_mark_admit_all_persons(
    client: BureauClient, nature: str, person: str, document: str
) -> None:
    assert client.include(documento=document, tipo_pessoa=person, natureza=nature).status == 201


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("situacao=PAGA", "situacao"),
        ("pagina=-1", "pagina"),
        ("pagina=um", "pagina"),
        ("por_pagina=501", "por_pagina"),
        ("por_pagina=0", "por_pagina"),
        ("por_pagina=1&por_pagina=2", "por_pagina"),
        ("cpf=52998224725", "cpf"),
    ],
)
def test_invalid_list_request_is_refused(client: BureauClient, query: str, field: str) -> None:
    reply = client.get(f"/v1/negativacoes?{query}")
    assert (reply.status, reply.json["campo"]) == (422, field)


def test_undeclared_parameters_are_refused_everywhere(client: BureauClient) -> None:
    assert client.get("/v1/produtos?tipo=CONSULTA").json["campo"] == "tipo"
    assert client.checked("POST", "/oauth/token?x=1", "{}", JSON).json["campo"] == "x"
    reply = client.checked("POST", "/v1/negativacoes?x=1", json.dumps(debt()), client.bearer() | JSON)
    assert reply.json["campo"] == "x"


def test_removal_needs_an_existing_reason(simulator: BureauSimulator, client: BureauClient) -> None:
    record_id = client.include().json["id"]
    simulator.advance(60)
    missing = client.checked("DELETE", f"/v1/negativacoes/{record_id}", headers=client.bearer())
    assert (missing.status, missing.json["campo"]) == (422, "motivo")
    unknown = client.remove(record_id, "PORQUE_SIM")
    assert (unknown.status, unknown.code, unknown.json["campo"]) == (422, "MOTIVO_INVALIDO", "motivo")
    assert client.situacao(record_id) == "INCLUSAO"


@pytest.mark.parametrize("path", ["/v1/consultas", "/v1/negativacoes"])
def test_only_json_is_accepted(client: BureauClient, path: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.checked("POST", path, "a=1", client.bearer() | form).status == 415
    assert client.checked("POST", path, "{}", client.bearer()).status == 415
    assert client.checked("POST", path, "{", client.bearer() | JSON).code == "JSON_INVALIDO"
    assert client.checked("POST", path, b"\xff\xfe", client.bearer() | JSON).status == 400
    assert client.checked("POST", path, "[]", client.bearer() | JSON).status == 422
    with_charset = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.checked("POST", path, "{}", client.bearer() | with_charset).status == 422


def test_unexpected_body_is_refused(client: BureauClient) -> None:
    reply = client.checked("GET", "/v1/produtos", "{}", client.bearer() | JSON)
    assert (reply.status, reply.code) == (400, "CORPO_INESPERADO")


def test_query_with_a_non_text_input_is_refused(client: BureauClient) -> None:
    said = {"produto": "SCORE", "documento": "52998224725", "insumos": {"modelo_score": 3}}
    reply = client.post("/v1/consultas", said)
    assert (reply.status, reply.json["campo"]) == (422, "insumos.modelo_score")
