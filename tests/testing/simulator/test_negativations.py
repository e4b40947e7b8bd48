from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.testing.simulator.bureau_client import CNPJ, CPF, OTHER_CPF, BureauClient, debt

if TYPE_CHECKING:
    from credit_protection.testing.simulator import BureauSimulator


def included(simulator: BureauSimulator, client: BureauClient, **changes: object) -> str:
    record_id = str(client.include(**changes).json["id"])
    simulator.advance(60)
    return record_id


def test_inclusion_is_processed_before_it_is_active(simulator: BureauSimulator, client: BureauClient) -> None:
    reply = client.include()
    assert reply.status == 201
    assert reply.json["operacao"] == "INCLUSAO"
    assert reply.json["situacao"] == "PROCESSANDO"
    record_id = reply.json["id"]
    simulator.advance(59)
    assert client.situacao(record_id) == "PROCESSANDO"
    simulator.advance(1)
    found = client.get(f"/v1/negativacoes/{record_id}").json
    assert found["situacao"] == "INCLUSAO"
    assert found["atualizado_em"] > reply.json["atualizado_em"]
    assert {name: found[name] for name in ("documento", "contrato", "vencimento", "valor", "natureza")} == {
        name: debt()[name] for name in ("documento", "contrato", "vencimento", "valor", "natureza")
    }
    assert simulator.record(record_id)["pedido"] == debt()


def test_repeated_inclusion_names_the_first(simulator: BureauSimulator, client: BureauClient) -> None:
    record_id = client.include().json["id"]
    reply = client.include(valor="1.00", nome="Outra")
    assert (reply.status, reply.code, reply.json["id"]) == (409, "JA_EXISTE", record_id)
    simulator.advance(60)
    assert client.include().code == "JA_EXISTE"
    requests = simulator.ledger()["requests"]
    assert [request["repeated"] for request in requests] == [False, True, True]
    assert {request["id"] for request in requests} == {record_id}
    assert requests[0]["key"] == [CPF, "FAT-0001", "2026-01-10"]


def test_another_key_is_another_debt(client: BureauClient) -> None:
    ids = {
        client.include().json["id"],
        client.include(documento=OTHER_CPF).json["id"],
        client.include(contrato="FAT-0002").json["id"],
        client.include(vencimento="2026-02-10").json["id"],
        client.include(documento=CNPJ, tipo_pessoa="PJ", natureza="DUP").json["id"],
    }
    assert len(ids) == 5


def test_duplicate_record_is_made_without_the_duplicate_check(simulator: BureauSimulator, client: BureauClient) -> None:
    simulator.set_options(duplicate_check=False)
    first, second = client.include(), client.include()
    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]
    assert [request["repeated"] for request in simulator.ledger()["requests"]] == [False, True]
    assert simulator.counts()["duplicates"] == 1


def test_concurrent_inclusions_of_one_key_make_one_record(simulator: BureauSimulator) -> None:
    def post(_: int) -> int:
        client = BureauClient(simulator.url)
        try:
            return client.include().status
        finally:
            client.close()

    with ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(post, range(32)))
    assert sorted(statuses) == [201] + [409] * 31
    assert simulator.counts()["records"] == 1
    assert simulator.counts()["repeated"] == 31


def test_removal_is_processed_before_the_debt_is_removed(simulator: BureauSimulator, client: BureauClient) -> None:
    record_id = included(simulator, client)
    reply = client.remove(record_id, "RENEGOCIACAO")
    assert reply.status == 202
    assert (reply.json["operacao"], reply.json["situacao"]) == ("EXCLUSAO", "PROCESSANDO")
    simulator.advance(60)
    found = client.get(f"/v1/negativacoes/{record_id}").json
    assert (found["operacao"], found["situacao"]) == ("EXCLUSAO", "EXCLUSAO")
    assert simulator.ledger()["records"][0]["motivo"] == "RENEGOCIACAO"
    assert simulator.ledger()["requests"][-1]["motivo"] == "RENEGOCIACAO"
    assert simulator.counts()["active"] == 0


def test_record_in_processing_cannot_be_removed(client: BureauClient) -> None:
    record_id = client.include().json["id"]
    reply = client.remove(record_id)
    assert (reply.status, reply.code) == (409, "EM_PROCESSAMENTO")


def test_repeated_removal_is_reported_as_done_before(simulator: BureauSimulator, client: BureauClient) -> None:
    record_id = included(simulator, client)
    client.remove(record_id)
    assert client.remove(record_id).code == "JA_EXCLUIDA"
    simulator.advance(60)
    reply = client.remove(record_id)
    assert (reply.status, reply.code, reply.json["id"]) == (409, "JA_EXCLUIDA", record_id)
    repeated = [request["repeated"] for request in simulator.ledger()["requests"]]
    assert repeated == [False, False, True, True]


def test_debt_is_active_while_its_removal_is_processed(simulator: BureauSimulator, client: BureauClient) -> None:
    client.remove(included(simulator, client))
    assert client.include().code == "JA_EXISTE"


def test_removed_debt_can_be_included_again_and_is_counted(simulator: BureauSimulator, client: BureauClient) -> None:
    first = included(simulator, client)
    client.remove(first)
    simulator.advance(60)
    reply = client.include()
    assert reply.status == 201
    assert reply.json["id"] != first
    last = simulator.ledger()["requests"][-1]
    assert (last["reinclusion"], last["repeated"]) == (True, False)
    assert client.situacao(first) == "EXCLUSAO"


def test_unknown_debt_is_not_found(client: BureauClient) -> None:
    assert client.get("/v1/negativacoes/NEG99999999").code == "NAO_ENCONTRADA"
    assert client.remove("NEG99999999").code == "NAO_ENCONTRADA"


def test_refused_inclusion_ends_in_error_and_is_not_active(simulator: BureauSimulator, client: BureauClient) -> None:
    simulator.add_fault(
        "include", "processing_error", match={"contrato": "FAT-0001"}, times=1, message="CEP inexistente"
    )
    reply = client.include()
    assert (reply.status, reply.json["situacao"], reply.json["erro"]) == (201, "PROCESSANDO", None)
    record_id = reply.json["id"]
    assert client.include(contrato="FAT-0002").status == 201
    assert client.include().code == "JA_EXISTE"
    simulator.advance(60)
    found = client.get(f"/v1/negativacoes/{record_id}").json
    assert (found["operacao"], found["situacao"], found["erro"]) == ("INCLUSAO", "ERRO", "CEP inexistente")
    assert client.remove(record_id).code == "NAO_ENCONTRADA"
    assert client.include().status == 201
    assert not simulator.ledger()["requests"][-1]["reinclusion"]


def test_refused_removal_ends_in_error_and_the_debt_stays_active(
    simulator: BureauSimulator, client: BureauClient
) -> None:
    record_id = included(simulator, client)
    simulator.add_fault("remove", "processing_error", match={"contrato": "FAT-0001"}, message="Ordem pendente")
    assert client.remove(record_id).status == 202
    simulator.advance(60)
    found = client.get(f"/v1/negativacoes/{record_id}").json
    assert (found["operacao"], found["situacao"], found["erro"]) == ("EXCLUSAO", "ERRO", "Ordem pendente")
    assert client.include().code == "JA_EXISTE"
    assert simulator.counts()["active"] == 1
    simulator.clear_faults()
    assert client.remove(record_id).status == 202
    simulator.advance(60)
    assert client.situacao(record_id) == "EXCLUSAO"


def test_bureau_can_remove_a_debt_itself(simulator: BureauSimulator, client: BureauClient) -> None:
    record_id = included(simulator, client)
    simulator.remove_at_bureau(record_id)
    found = client.get(f"/v1/negativacoes/{record_id}").json
    assert (found["operacao"], found["situacao"]) == ("EXCLUSAO", "EXCLUSAO")
    assert simulator.ledger()["records"][0]["motivo"] is None
    assert client.remove(record_id).code == "JA_EXCLUIDA"
    with pytest.raises(ValueError, match="não encontrada"):
        simulator.remove_at_bureau("NEG99999999")


def test_older_debts_can_be_added_to_the_records(simulator: BureauSimulator, client: BureauClient) -> None:
    old = {"documento": CPF, "contrato": "ANTIGO-1", "vencimento": "2025-11-05", "valor": "80.00"}
    added = simulator.add_records([old, old | {"contrato": "ANTIGO-2", "natureza": "MEN"}])
    assert client.situacao(added[0]["id"]) == "INCLUSAO"
    assert client.remove(added[1]["id"]).status == 202
    assert simulator.counts()["inclusions_accepted"] == 0
    with pytest.raises(ValueError, match="Já existe"):
        simulator.add_records([old])
    with pytest.raises(ValueError, match="records"):
        simulator.add_records([{"documento": CPF}])


def test_list_is_filtered_and_paged(simulator: BureauSimulator, client: BureauClient) -> None:
    for number in range(5):
        client.include(contrato=f"FAT-{number}")
    client.include(documento=OTHER_CPF, contrato="FAT-0")
    gone = client.get("/v1/negativacoes", contrato="FAT-4").json["negativacoes"][0]["id"]
    simulator.remove_at_bureau(gone)

    def contracts(**query: object) -> tuple[list[str], int]:
        found = client.get("/v1/negativacoes", **query).json
        return [record["contrato"] for record in found["negativacoes"]], found["total"]

    assert contracts() == (["FAT-0", "FAT-1", "FAT-2", "FAT-3", "FAT-4", "FAT-0"], 6)
    assert contracts(documento=OTHER_CPF) == (["FAT-0"], 1)
    assert contracts(contrato="FAT-0") == (["FAT-0", "FAT-0"], 2)
    assert contracts(documento=CPF, contrato="FAT-3") == (["FAT-3"], 1)
    assert contracts(situacao="EXCLUSAO") == (["FAT-4"], 1)
    assert contracts(situacao="INCLUSAO") == ([], 0)
    assert contracts(documento="nada") == ([], 0)
    assert contracts(pagina=1, por_pagina=4) == (["FAT-4", "FAT-0"], 6)
    assert contracts(pagina=9, por_pagina=500) == ([], 6)


def test_bureau_is_fast_with_tens_of_thousands_of_debts(simulator: BureauSimulator, client: BureauClient) -> None:
    simulator.add_records(
        {"documento": CPF, "contrato": f"N-{number}", "vencimento": "2025-11-05", "valor": "10.00"}
        for number in range(30_000)
    )
    simulator.set_options(processing_seconds=0)
    before = simulator.counts()["records"]
    record_id = client.include().json["id"]
    assert client.situacao(record_id) == "INCLUSAO"
    assert client.remove(record_id).status == 202
    assert client.get("/v1/negativacoes", contrato="N-29999").json["total"] == 1
    page = client.get("/v1/negativacoes", pagina=59, por_pagina=500).json
    assert (len(page["negativacoes"]), page["total"]) == (500, 30_001)
    assert before == 30_000
    assert len(json.dumps(simulator.ledger()["records"][0])) < 400
