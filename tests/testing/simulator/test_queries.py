from __future__ import annotations

import base64
import io

import pypdf
import pytest

from credit_protection.testing.simulator import BureauSimulator
from tests.testing.simulator.bureau_client import CNPJ, CNPJ_WITH_LETTERS, CPF, OTHER_CPF, BureauClient


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf), strict=True).pages]


def test_query_is_answered_with_a_pdf_of_several_pages(client: BureauClient) -> None:
    reply = client.query()
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/pdf"
    text = pages(reply.body)
    assert len(text) == 3
    protocolo = reply.headers["X-Protocolo"]
    for number, page in enumerate(text, start=1):
        assert f"Protocolo {protocolo}" in page
        assert f"Página {number} de 3" in page
    assert "529.982.247-25" in text[0]
    assert "Score de crédito" in text[0]
    assert "Pendências financeiras" in text[1]
    assert "Protestos" in text[1]
    assert "Consultas anteriores" in text[2]


def test_equal_queries_have_equal_reports(client: BureauClient) -> None:
    first = client.query().body
    with BureauSimulator() as second_bureau:
        second = BureauClient(second_bureau.url)
        assert second.query().body == first
        second.close()
    assert client.query(document=OTHER_CPF).body != first
    assert client.query("MEDIDA-PF").body != first
    assert client.query("SCORE", modelo_score="A").body != client.query("SCORE", modelo_score="B").body


@pytest.mark.parametrize("document", [CNPJ, CNPJ_WITH_LETTERS])
def test_company_has_a_report_too(client: BureauClient, document: str) -> None:
    assert "Data de fundação" in pages(client.query("MEDIDA-PJ", document).body)[0]


@pytest.mark.parametrize(
    ("product", "document", "inputs", "code", "field"),
    [
        ("ESSENCIAL", "52998224726", {}, "DOCUMENTO_INVALIDO", "documento"),
        ("ESSENCIAL", "529.982.247-25", {}, "DOCUMENTO_INVALIDO", "documento"),
        ("ESSENCIAL", "11111111111", {}, "DOCUMENTO_INVALIDO", "documento"),
        ("ESSENCIAL", "12abc34501de35", {}, "DOCUMENTO_INVALIDO", "documento"),
        ("ESSENCIAL", CPF + "\n", {}, "DOCUMENTO_INVALIDO", "documento"),
        ("NADA", CPF, {}, "PRODUTO_INVALIDO", "produto"),
        ("NEG-INC", CPF, {}, "PRODUTO_INVALIDO", "produto"),
        ("MEDIDA-PF", CNPJ, {}, "PRODUTO_NAO_ADMITE_PESSOA", "produto"),
        ("MEDIDA-PJ", CPF, {}, "PRODUTO_NAO_ADMITE_PESSOA", "produto"),
        ("SCORE", CPF, {}, "INSUMO_OBRIGATORIO", "insumos.modelo_score"),
        ("SCORE", CPF, {"modelo_score": " "}, "INSUMO_OBRIGATORIO", "insumos.modelo_score"),
        ("SCORE", CPF, {"modelo_score": "A", "cor": "azul"}, "INSUMO_INVALIDO", "insumos.cor"),
    ],
)
def test_invalid_query_is_refused_and_costs_nothing(
    simulator: BureauSimulator,
    client: BureauClient,
    product: str,
    document: str,
    inputs: dict[str, str],
    code: str,
    field: str,
) -> None:
    simulator.set_options(balance="50.00")
    reply = client.query(product, document, **inputs)
    assert (reply.status, reply.code, reply.json["campo"]) == (422, code, field)
    assert simulator.options()["balance"] == "50.00"


def test_alphanumeric_cnpj_can_be_refused_by_an_option(simulator: BureauSimulator, client: BureauClient) -> None:
    simulator.set_options(alphanumeric_cnpj=False)
    assert client.query(document=CNPJ_WITH_LETTERS).code == "DOCUMENTO_INVALIDO"
    assert client.query(document=CNPJ).status == 200


def test_each_query_costs_its_price_until_the_balance_is_used_up(
    simulator: BureauSimulator, client: BureauClient
) -> None:
    simulator.set_options(balance="9.50")
    assert client.query("MEDIDA-PF").status == 200
    assert client.query("ESSENCIAL").status == 200
    reply = client.query("ESSENCIAL")
    assert (reply.status, reply.code) == (402, "SEM_CREDITO")
    simulator.set_options(balance=0)
    assert client.query("ESSENCIAL").status == 402
    simulator.set_options(balance=None)
    assert client.query("ESSENCIAL").status == 200
    assert simulator.counts()["queries_answered"] == 3


def test_report_can_come_as_base64(simulator: BureauSimulator, client: BureauClient) -> None:
    whole = client.query()
    simulator.set_options(report_form="base64")
    reply = client.query()
    assert base64.b64decode(reply.json["pdf_base64"]) == whole.body
    assert reply.json["protocolo"] == whole.headers["X-Protocolo"]


def test_report_on_the_own_origin_needs_the_token(simulator: BureauSimulator, client: BureauClient) -> None:
    whole = client.query().body
    simulator.set_options(report_forms={"ESSENCIAL": "url"})
    url = client.query().json["pdf_url"]
    assert url.startswith(f"{simulator.url}/v1/relatorios/CNM-")
    path = url.removeprefix(simulator.url)
    assert client.checked("GET", path).status == 401
    reply = client.raw("GET", path, headers=client.bearer())
    assert (reply.status, reply.body) == (200, whole)
    assert client.get("/v1/relatorios/CNM-OUTRO.pdf").status == 404
    assert client.query("MEDIDA-PF").headers["Content-Type"] == "application/pdf"


def test_report_on_another_origin_counts_leaked_tokens(simulator: BureauSimulator, client: BureauClient) -> None:
    whole = client.query().body
    simulator.set_options(report_form="other_origin")
    url = client.query().json["pdf_url"]
    assert url.startswith(f"{simulator.files_url}/arquivos/")
    assert simulator.files_url != simulator.url
    elsewhere = BureauClient(simulator.files_url)
    path = url.removeprefix(simulator.files_url)
    assert elsewhere.raw("GET", path).body == whole
    assert simulator.counts()["tokens_leaked"] == 0
    assert elsewhere.raw("GET", path, headers=client.bearer()).status == 200
    assert simulator.ledger()["counts"]["tokens_leaked"] == 1
    assert elsewhere.checked("GET", "/v1/produtos").status == 404
    elsewhere.close()


def test_log_has_the_subject_of_each_request(simulator: BureauSimulator, client: BureauClient) -> None:
    client.query("MEDIDA-PF")
    client.query("MEDIDA-PJ")
    first, second = simulator.ledger()["requests"]
    assert (first["operation"], first["documento"], first["produto"]) == ("query", CPF, "MEDIDA-PF")
    assert (first["status"], first["outcome"]) == (200, "RESPONDIDA")
    assert (second["status"], second["outcome"]) == (422, "PRODUTO_NAO_ADMITE_PESSOA")
