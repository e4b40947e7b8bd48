"""Lookups, lists, and the bureau's catalogues."""

import json

import httpx
import pytest
import respx

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.bureau_answers import RecordFound, RecordNotFound, RecordState
from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    NoCredit,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.money import Money
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.domain.reasons import BureauReason
from tests.adapters.bureaus.credito_na_medida.samples import (
    ID,
    PERSON,
    REFERENCE,
    SECRET,
    checked,
    key,
    page,
    record,
    record_found,
    refusal,
)

STATES = [
    ("INCLUSAO", "PROCESSANDO", RecordState.INCLUDING),
    ("INCLUSAO", "INCLUSAO", RecordState.PRESENT),
    ("INCLUSAO", "ERRO", RecordState.REJECTED),
    ("INCLUSAO", "EXCLUSAO", RecordState.GONE),
    ("EXCLUSAO", "PROCESSANDO", RecordState.REMOVING),
    ("EXCLUSAO", "INCLUSAO", RecordState.PRESENT),
    ("EXCLUSAO", "ERRO", RecordState.REMOVAL_REFUSED),
    ("EXCLUSAO", "EXCLUSAO", RecordState.GONE),
]


@pytest.mark.parametrize(("operation", "situation", "state"), STATES)
def test_operation_and_status_determine_the_state(
    bureau: respx.MockRouter,
    gateway: CreditoNaMedidaGateway,
    operation: str,
    situation: str,
    state: RecordState,
) -> None:
    shown = record(operation, situation, erro="motivo")
    bureau.get(f"/v1/negativacoes/{ID}").mock(return_value=httpx.Response(200, json=shown))
    route = bureau.get("/v1/negativacoes").mock(return_value=page(shown))
    assert gateway.find(key()) == record_found(state, ID, "motivo")
    assert gateway.find(key(None)) == record_found(state, ID, "motivo")
    assert dict(route.calls.last.request.url.params) == {
        "documento": PERSON.value,
        "contrato": REFERENCE,
        "pagina": "0",
        "por_pagina": "500",
    }


def test_unknown_id_is_not_found(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    bureau.get(f"/v1/negativacoes/{ID}").mock(return_value=refusal(404, "NAO_ENCONTRADA"))
    assert gateway.find(key()) == RecordNotFound()


@pytest.mark.parametrize(
    "other",
    [
        {"vencimento": "2026-01-06"},
        {"contrato": "FAT-2026-00011"},
        {"contrato": "fat-2026-0001"},
    ],
)
def test_only_the_exact_key_is_found(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, other: dict[str, str]
) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=page(record(**other)))
    assert gateway.find(key(None)) == RecordNotFound()


def test_list_about_another_person_finds_nothing_out(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=page(record(documento="52998224725")))
    with pytest.raises(ProtocolError, match="outra pessoa"):
        gateway.find(key(None))


def test_list_that_ends_before_its_total_finds_nothing_out(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway
) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=page(total=3))
    with pytest.raises(ProtocolError, match="disse que tem 3 registros e mandou 0") as caught:
        gateway.find(key(None))
    assert caught.value.code == "lista_incompleta"
    with pytest.raises(ProtocolError):
        list(gateway.list_records())


@pytest.mark.parametrize("twice", ["situacao", "documento", "id"])
def test_answer_that_names_a_field_twice_is_not_read(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, twice: str
) -> None:
    written = json.dumps(record("EXCLUSAO", "EXCLUSAO")).replace(f'"{twice}"', f'"{twice}": "X", "{twice}"')
    bureau.get(f"/v1/negativacoes/{ID}").mock(return_value=httpx.Response(200, content=written))
    with pytest.raises(ProtocolError, match="não é JSON"):
        gateway.find(key())


@pytest.mark.parametrize(
    ("records", "chosen"),
    [
        ([("A", "INCLUSAO", "EXCLUSAO", "12"), ("B", "INCLUSAO", "INCLUSAO", "10")], "B"),
        ([("A", "INCLUSAO", "INCLUSAO", "10"), ("B", "EXCLUSAO", "EXCLUSAO", "12")], "A"),
        ([("A", "INCLUSAO", "ERRO", "12"), ("B", "EXCLUSAO", "ERRO", "10")], "B"),
        ([("A", "EXCLUSAO", "EXCLUSAO", "10"), ("B", "EXCLUSAO", "EXCLUSAO", "12")], "B"),
        ([("A", "INCLUSAO", "ERRO", "12"), ("B", "EXCLUSAO", "EXCLUSAO", "10")], "A"),
        ([("A", "INCLUSAO", "INCLUSAO", "10"), ("B", "INCLUSAO", "PROCESSANDO", "12")], "B"),
    ],
)
def test_active_record_is_preferred_and_then_the_newest(
    bureau: respx.MockRouter,
    gateway: CreditoNaMedidaGateway,
    records: list[tuple[str, str, str, str]],
    chosen: str,
) -> None:
    shown = [
        record(operation, situation, id=name, atualizado_em=f"2026-10-17T{hour}:00:00-03:00")
        for name, operation, situation, hour in records
    ]
    bureau.get("/v1/negativacoes").mock(return_value=page(*shown))
    found = gateway.find(key(None))
    assert isinstance(found, RecordFound)
    assert found.bureau_id == chosen


@pytest.mark.parametrize("when", [None, 5, "ontem", "0001-01-01T00:00:00+14:00"])
def test_unreadable_time_counts_as_the_oldest(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, when: object
) -> None:
    old, new = {**record(id="OLD"), "atualizado_em": when}, record(id="NEW")
    bureau.get("/v1/negativacoes").mock(return_value=page(new, old))
    found = gateway.find(key(None))
    assert isinstance(found, RecordFound)
    assert found.bureau_id == "NEW"


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, json={}),
        httpx.Response(200, json={"total": 0}),
        httpx.Response(200, json={"negativacoes": None}),
        httpx.Response(200, json={"negativacoes": [5]}),
        httpx.Response(200, json={"negativacoes": [], "total": "0"}),
        httpx.Response(200, json={"negativacoes": [], "total": -1}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"negativacoes": [{**record(), "operacao": 1}]}),
        httpx.Response(404, text="<html>"),
        refusal(404, "ROTA_INEXISTENTE"),
        refusal(409, "X"),
    ],
)
def test_unreadable_answer_never_means_not_found(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, reply: httpx.Response
) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=reply)
    bureau.get(f"/v1/negativacoes/{ID}").mock(return_value=reply)
    for record_id in (None, ID):
        with pytest.raises(ProtocolError) as caught:
            gateway.find(key(record_id))
        assert PERSON.value not in str(caught.value.context)


@pytest.mark.parametrize(
    ("reply", "error", "tries"),
    [
        (refusal(422, "VALIDACAO", campo="documento"), Refused, 1),
        (refusal(402, "SEM_CREDITO"), NoCredit, 1),
        (refusal(403, "X"), CredentialsRejected, 1),
        (httpx.Response(429), RateLimited, 1),
        (httpx.Response(500), BureauUnavailable, 3),
        (httpx.Response(503), BureauUnavailable, 3),
        (httpx.ReadTimeout("no"), BureauUnavailable, 3),
    ],
)
def test_lookup_is_retried_only_while_the_bureau_is_unavailable(
    bureau: respx.MockRouter,
    gateway: CreditoNaMedidaGateway,
    reply: httpx.Response | Exception,
    error: type[BureauError],
    tries: int,
) -> None:
    route = bureau.get(f"/v1/negativacoes/{ID}").mock(side_effect=[reply] * 3)
    with pytest.raises(BureauError) as caught:
        gateway.find(key())
    assert type(caught.value) is error
    assert route.call_count == tries


def test_answer_about_another_record_is_refused(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    bureau.get(f"/v1/negativacoes/{ID}").mock(return_value=httpx.Response(200, json=record(id="OTHER")))
    with pytest.raises(ProtocolError):
        gateway.find(key())


def numbered(first: int, count: int) -> list[dict[str, object]]:
    sample = record()
    return [{**sample, "id": f"N{number}"} for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("pages", "calls"),
    [
        ([page(*numbered(0, 500), total=501), page(*numbered(500, 1), total=501)], 2),
        ([page(*numbered(0, 100), total=150), page(*numbered(100, 50), total=150)], 2),
        ([page(*numbered(0, 500), total=500), page(total=500)], 2),
        (
            [
                httpx.Response(200, json={"negativacoes": numbered(0, 3)}),
                httpx.Response(200, json={"negativacoes": []}),
            ],
            2,
        ),
        ([page(total=0)], 1),
    ],
    ids=["full pages", "smaller pages than requested", "exactly one full page", "no total", "none"],
)
def test_all_pages_are_listed(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, pages: list[httpx.Response], calls: int
) -> None:
    route = bureau.get("/v1/negativacoes").mock(side_effect=pages)
    listed = list(gateway.list_records())
    assert [one.key.bureau_id for one in listed] == [f"N{number}" for number in range(len(listed))]
    assert len(listed) == sum(len(one.json()["negativacoes"]) for one in pages)
    assert [call.request.url.params["pagina"] for call in route.calls] == [str(number) for number in range(calls)]


def test_list_is_streamed(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    route = bureau.get("/v1/negativacoes").mock(return_value=page(*numbered(0, 500), total=1000))
    first = next(gateway.list_records())
    assert (first.key.document, first.key.reference, first.amount) == (PERSON, REFERENCE, "119.90")
    assert first.nature_code == "DEV"
    assert route.call_count == 1


@pytest.mark.parametrize("nature", [None, 7, "", " ", "x" * 65, "\u00e9"])
def test_list_with_a_nature_that_is_no_code_is_read_without_it(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, nature: object
) -> None:
    listed = {**record(), "natureza": nature}
    bureau.get("/v1/negativacoes").mock(return_value=page(listed))
    assert [each.nature_code for each in gateway.list_records()] == [""]


def test_list_that_repeats_a_page_ends_with_an_error(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    bureau.get("/v1/negativacoes").mock(return_value=page(*numbered(0, 500), total=10**9))
    listed = gateway.list_records()
    assert len([next(listed) for _ in range(500)]) == 500
    with pytest.raises(ProtocolError, match="repete"):
        next(listed)


def test_unreadable_record_is_reported_after_all_others(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway
) -> None:
    bad = record(id="BAD", documento="11111111111")
    bureau.get("/v1/negativacoes").mock(return_value=page(record(id="A"), bad, record(id="B")))
    listed = gateway.list_records()
    assert [next(listed).key.bureau_id for _ in range(2)] == ["A", "B"]
    with pytest.raises(ProtocolError, match="BAD") as caught:
        next(listed)
    assert caught.value.code == "registros_ilegiveis"
    assert "11111111111" not in caught.value.message


PRODUCT: dict[str, object] = {
    "codigo": "12345678901234",
    "nome": "Score",
    "tipo": "CONSULTA",
    "pessoas": ["PF"],
    "preco": "4.20",
    "insumos": [{"codigo": "modelo", "nome": "Modelo", "obrigatorio": True}, {"codigo": "livre"}],
}


def test_products_are_parsed(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    least = {"codigo": "NEG", "nome": "Inclusão", "tipo": "INCLUSAO"}
    products = [checked("Produto", PRODUCT), checked("Produto", {**least})]
    bureau.get("/v1/produtos").mock(return_value=httpx.Response(200, json={"produtos": products}))
    assert gateway.products() == (
        Product(
            "12345678901234",
            "Score",
            ProductKind.QUERY,
            frozenset({PersonType.PF}),
            (ProductInput("modelo", "Modelo", required=True), ProductInput("livre", "livre")),
            Money(420),
        ),
        Product("NEG", "Inclusão", ProductKind.INCLUSION),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"tipo": "OUTRO"},
        {"tipo": None},
        {"codigo": ""},
        {"codigo": "a\nb"},
        {"nome": 5},
        {"pessoas": ["PX"]},
        {"pessoas": "PF"},
        {"pessoas": [5]},
        {"preco": 4.2},
        {"preco": "caro"},
        {"insumos": {}},
        {"insumos": [{}]},
    ],
)
def test_unreadable_product_refuses_the_whole_list(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, change: dict[str, object]
) -> None:
    bureau.get("/v1/produtos").mock(return_value=httpx.Response(200, json={"produtos": [PRODUCT, PRODUCT | change]}))
    with pytest.raises(ProtocolError, match=r"produtos\[1\]"):
        gateway.products()


def test_natures_are_parsed_with_the_persons_in_their_description(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway
) -> None:
    expected = [("DEV", "Devedor (PF)"), ("DUP", "Duplicata (PJ)"), ("MEN", "Mensalidade (PF/PJ)"), ("OUT", "Outros")]
    natures = [{"codigo": code, "descricao": text} for code, text in expected]
    bureau.get("/v1/naturezas").mock(return_value=httpx.Response(200, json={"naturezas": natures}))
    read = gateway.natures()
    assert [(nature.code, nature.description) for nature in read] == expected
    both = frozenset(PersonType)
    assert [nature.person_types for nature in read] == [
        frozenset({PersonType.PF}),
        frozenset({PersonType.PJ}),
        both,
        None,
    ]


def test_reasons_are_parsed(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    reasons = [{"codigo": "PAGAMENTO", "descricao": "Pagamento"}, {"codigo": "X"}]
    bureau.get("/v1/motivos-baixa").mock(return_value=httpx.Response(200, json={"motivos": reasons}))
    assert gateway.reasons() == (BureauReason("PAGAMENTO", "Pagamento"), BureauReason("X", ""))


def test_each_check_logs_in_and_uses_the_token(bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway) -> None:
    products = bureau.get("/v1/produtos").mock(return_value=httpx.Response(200, json={"produtos": []}))
    gateway.check()
    gateway.check()
    assert bureau.post("/oauth/token").call_count == 2
    assert products.call_count == 2


def test_check_with_wrong_credentials_says_what_to_do(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway
) -> None:
    bureau.post("/oauth/token").mock(return_value=refusal(401, "CREDENCIAIS_INVALIDAS"))
    with pytest.raises(CredentialsRejected, match="Testar") as caught:
        gateway.check()
    assert SECRET not in f"{caught.value} {caught.value.context}"
