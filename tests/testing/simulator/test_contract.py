from __future__ import annotations

import pytest

from credit_protection.testing.simulator.bureau import SimulatorClock
from credit_protection.testing.simulator.contract import Contract, ContractViolation
from credit_protection.testing.simulator.credito_na_medida.operations import Operations
from credit_protection.testing.simulator.credito_na_medida.state import BureauState
from tests.testing.simulator.bureau_client import CONTRACT, debt

SMALL = r"""
openapi: 3.0.3
paths:
  /coisas/{id}:
    get:
      parameters:
        - {in: path, name: id, required: true, schema: {type: string}}
        - {in: query, name: lado, required: true, schema: {enum: [A, B]}}
        - {in: query, name: n, schema: {type: integer, minimum: 0}}
      responses:
        "200":
          headers: {X-N: {schema: {type: integer}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Coisa'}}}
    put:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Coisa'}}}}
      responses: {"200": {content: {application/pdf: {schema: {type: string, format: binary}}}}}
components:
  schemas:
    Erro: {type: object, required: [codigo], properties: {codigo: {type: string}}}
    Coisa:
      type: object
      required: [nome]
      properties:
        nome: {type: string, minLength: 2}
        quando: {type: string, format: date-time}
        valor: {type: string, pattern: '^\d+\.\d{2}$'}
        nota: {type: string, nullable: true}
        partes: {type: array, items: {type: object, properties: {dia: {type: string, format: date}}}}
"""
CONTRACT_OF_THINGS = Contract(SMALL, error_schema="Erro")
GET = CONTRACT_OF_THINGS.route("/coisas/7")["GET"][0]
PUT = CONTRACT_OF_THINGS.route("/coisas/7")["PUT"][0]


def test_exactly_the_operations_of_the_file_are_implemented() -> None:
    operations = Operations(BureauState(SimulatorClock(), lambda: ""))
    assert set(operations.table) == {(operation.method, operation.template) for operation in CONTRACT.operations}


def test_path_is_routed_with_its_parameters() -> None:
    assert CONTRACT_OF_THINGS.route("/coisas/a b")["GET"][1] == {"id": "a b"}
    assert CONTRACT_OF_THINGS.route("/coisas/") == {}
    assert CONTRACT_OF_THINGS.route("/coisas/7/8") == {}


def test_query_parameters_have_their_types() -> None:
    assert GET.check_query([("lado", "A"), ("n", "12")]) == {"lado": "A", "n": 12}


@pytest.mark.parametrize(
    ("pairs", "field"),
    [
        ([], "lado"),
        ([("lado", "C")], "lado"),
        ([("lado", "A"), ("lado", "B")], "lado"),
        ([("lado", "A"), ("outro", "1")], "outro"),
        ([("lado", "A"), ("n", "um")], "n"),
        ([("lado", "A"), ("n", "-1")], "n"),
        ([("lado", "A"), ("n", "٣")], "n"),
    ],
)
def test_invalid_query_string_is_refused(pairs: list[tuple[str, str]], field: str) -> None:
    with pytest.raises(ContractViolation) as refused:
        GET.check_query(pairs)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], None),
        ({}, "nome"),
        ({"nome": 7}, "nome"),
        ({"nome": "a"}, "nome"),
        ({"nome": "ab", "outro": 1}, "outro"),
        ({"nome": "ab", "quando": "2026-01-10"}, "quando"),
        ({"nome": "ab", "quando": "2026-01-10T10:00:00"}, "quando"),
        ({"nome": "ab", "valor": "1,00"}, "valor"),
        ({"nome": "ab", "valor": "1.00\n"}, "valor"),
        ({"nome": "ab", "valor": "١.00"}, "valor"),
        ({"nome": "ab", "partes": [{}, {"dia": "20260110"}]}, "partes.1.dia"),
        ({"nome": "ab", "partes": [{"noite": "2026-01-10"}]}, "partes.0.noite"),
    ],
)
def test_invalid_body_is_refused_by_its_field(body: object, field: str | None) -> None:
    with pytest.raises(ContractViolation) as refused:
        PUT.check_body(body)
    assert refused.value.field == field


def test_valid_body_passes() -> None:
    PUT.check_body({"nome": "ab", "nota": None, "valor": "1.00", "quando": "2026-01-10T10:00:00Z", "partes": []})
    CONTRACT.route("/v1/negativacoes")["POST"][0].check_body(debt())


@pytest.mark.parametrize(
    ("status", "headers", "body", "problem"),
    [
        (200, {"Content-Type": "application/json; charset=utf-8", "X-N": "3"}, b'{"nome": "ab"}', None),
        (200, {"Content-Type": "application/json"}, b'{"nome": "ab"}', None),
        (200, {"Content-Type": "application/json", "X-N": "muitos"}, b'{"nome": "ab"}', "header X-N"),
        (200, {"Content-Type": "text/html"}, b"<p>", "media type"),
        (200, {"Content-Type": "application/json"}, b"<p>", "not JSON"),
        (200, {"Content-Type": "application/json"}, b"{}", "nome"),
        (201, {"Content-Type": "application/json"}, b"{}", "not declared"),
        (500, {"Content-Type": "application/json"}, b'{"codigo": "X"}', None),
        (500, {"Content-Type": "application/json"}, b"{}", "codigo"),
    ],
)
def test_answers_are_checked_against_the_contract(
    status: int, headers: dict[str, str], body: bytes, problem: str | None
) -> None:
    found = GET.answer_problem(status, headers, body)
    assert found is None if problem is None else problem in str(found)


def test_binary_answer_must_have_bytes() -> None:
    assert PUT.answer_problem(200, {"Content-Type": "application/pdf"}, b"%PDF") is None
    assert PUT.answer_problem(200, {"Content-Type": "application/pdf"}, b"") == "empty body"
