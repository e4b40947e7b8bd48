from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from credit_protection.testing.simulator import RemoteControls
from tests.testing.simulator.bureau_client import CPF

if TYPE_CHECKING:
    from credit_protection.testing.simulator import BureauSimulator, SimulatorControls
    from tests.testing.simulator.bureau_client import BureauClient

RECORD_FIELDS = {
    "id",
    "documento",
    "contrato",
    "vencimento",
    "valor",
    "natureza",
    "operacao",
    "situacao",
    "erro",
    "atualizado_em",
    "motivo",
}
REQUEST_FIELDS = {
    "at",
    "operation",
    "key",
    "documento",
    "contrato",
    "vencimento",
    "id",
    "motivo",
    "produto",
    "status",
    "outcome",
    "fault",
    "repeated",
    "reinclusion",
    "effect_delayed",
    "reply_lost",
}


@pytest.fixture(params=["in the process", "over HTTP"])
def controls(request: pytest.FixtureRequest, simulator: BureauSimulator) -> SimulatorControls:
    return simulator if request.param == "in the process" else RemoteControls(simulator.url)


def test_simulator_reports_its_health(controls: SimulatorControls) -> None:
    health = controls.health()
    assert (health["status"], health["bureau"]) == ("ok", "credito_na_medida")
    assert {"token", "products", "natures", "reasons", "query", "include", "find", "remove"} < set(health["operations"])


def test_ledger_has_records_requests_and_counts(controls: SimulatorControls, client: BureauClient) -> None:
    record_id = client.include().json["id"]
    client.include()
    controls.advance(60)
    client.remove(record_id)
    ledger = controls.ledger()
    assert set(ledger) == {"records", "requests", "counts"}
    assert [set(record) for record in ledger["records"]] == [RECORD_FIELDS]
    assert [set(request) for request in ledger["requests"]] == [REQUEST_FIELDS] * 3
    assert ledger["counts"] == controls.counts()
    assert ledger["counts"] == {
        "records": 1,
        "processing": 1,
        "included": 0,
        "removed": 0,
        "errors": 0,
        "active": 1,
        "duplicates": 0,
        "requests": 3,
        "inclusions_accepted": 1,
        "removals_accepted": 1,
        "queries_answered": 0,
        "repeated": 1,
        "reinclusions": 0,
        "effect_delayed": 0,
        "replies_lost": 0,
        "tokens_leaked": 0,
    }
    controls.clear_ledger()
    assert controls.ledger()["records"] == controls.ledger()["requests"] == []
    assert client.include().json["id"] == record_id


def test_requests_without_an_effect_are_not_logged(controls: SimulatorControls, client: BureauClient) -> None:
    client.get("/v1/produtos")
    client.get("/v1/negativacoes")
    assert controls.counts()["requests"] == 0


def test_invalid_or_unauthorized_request_is_logged_as_refused(
    controls: SimulatorControls, client: BureauClient
) -> None:
    client.checked("POST", "/v1/negativacoes", "{", {"Content-Type": "application/json"})
    client.checked("DELETE", "/v1/negativacoes/NEG1?motivo=PAGAMENTO")
    include, remove = controls.ledger()["requests"]
    assert (include["status"], include["outcome"], include["key"]) == (401, "TOKEN_INVALIDO", None)
    assert (remove["status"], remove["id"], remove["motivo"]) == (401, "NEG1", "PAGAMENTO")


def test_options_can_be_read_and_changed(controls: SimulatorControls) -> None:
    controls.set_options(latency=[0, 0.001], seed=5, balance=12.5, report_forms={"SCORE": "url"}, token_seconds=9)
    options = controls.options()
    assert options["latency"] == [0.0, 0.001]
    assert options["seed"] == 5
    assert options["balance"] == "12.5"
    assert options["report_forms"] == {"SCORE": "url"}
    assert options["token_seconds"] == 9
    assert options["duplicate_check"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"processing_secs": 1},
        {"processing_seconds": -1},
        {"report_form": "fax"},
        {"latency": "slow"},
        {"seed": 1.5},
        {"balance": "dez"},
        {"latency": 0.5, "colour": "blue"},
    ],
)
def test_invalid_option_changes_nothing(controls: SimulatorControls, changes: dict[str, object]) -> None:
    before = controls.options()
    with pytest.raises(ValueError, match=r"\w"):
        controls.set_options(**changes)
    assert controls.options() == before


def test_invalid_rule_is_refused_in_process_and_over_http(controls: SimulatorControls) -> None:
    with pytest.raises(ValueError, match="operation"):
        controls.add_fault("dance", "cut")
    controls.add_fault("include", "cut", match={"documento": CPF})
    assert controls.faults()[0]["kind"] == "cut"
    controls.clear_faults()


def test_product_can_be_removed(controls: SimulatorControls, client: BureauClient) -> None:
    assert client.query("SCORE", modelo_score="A").status == 200
    controls.remove_product("SCORE")
    codes = [product["codigo"] for product in client.get("/v1/produtos").json["produtos"]]
    assert codes == ["ESSENCIAL", "MEDIDA-PF", "MEDIDA-PJ", "NEG-INC", "NEG-EXC"]
    assert client.query("SCORE", modelo_score="A").code == "PRODUTO_INVALIDO"
    with pytest.raises(ValueError, match="SCORE"):
        controls.remove_product("SCORE")


def test_catalogue_can_be_replaced(controls: SimulatorControls, client: BureauClient) -> None:
    controls.set_catalogue(
        produtos=[{"codigo": "NOVA", "nome": "Nova", "tipo": "CONSULTA"}],
        naturezas=[{"codigo": "NNN", "descricao": "Nova (PJ)"}],
    )
    assert client.query("NOVA").status == 200
    assert client.include(natureza="NNN").code == "NATUREZA_NAO_ADMITE_PESSOA"
    assert client.get("/v1/naturezas").json["naturezas"] == controls.catalogue()["naturezas"]
    assert len(client.get("/v1/motivos-baixa").json["motivos"]) == 10


@pytest.mark.parametrize(
    "lists",
    [
        {"produtos": [{"codigo": "X"}]},
        {"produtos": "nenhum"},
        {"naturezas": [{"codigo": "X"}]},
        {"motivos": ["X"]},
        {"cores": []},
    ],
)
def test_invalid_catalogue_is_refused(controls: SimulatorControls, lists: dict[str, object]) -> None:
    before = controls.catalogue()
    with pytest.raises(ValueError, match=r"\w"):
        controls.set_catalogue(**lists)
    assert controls.catalogue() == before


def test_clock_never_goes_back(controls: SimulatorControls) -> None:
    with pytest.raises(ValueError, match="moves on"):
        controls.advance(-1)
    with pytest.raises(ValueError, match="seconds"):
        controls._control("POST", "/clock", {"advance": "much"})


def test_control_endpoints_use_json_and_need_no_token(client: BureauClient) -> None:
    assert client.raw("GET", "/__simulator/health").json["status"] == "ok"
    assert client.raw("POST", "/__simulator/options", '{"seed": 3}').json["seed"] == 3
    assert client.raw("GET", "/__simulator/nothing").status == 400
    assert client.raw("POST", "/__simulator/options", "[]").status == 400
    assert client.raw("POST", "/__simulator/options", "{").status == 400
    assert client.raw("GET", "/__simulator/records?id=NEG1").json == {"erro": "Negativação não encontrada"}
    assert json.loads(client.raw("DELETE", "/__simulator/faults").body) == {}
