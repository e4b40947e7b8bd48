import json
from collections import Counter
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from stdnum.br import cnpj as stdnum_cnpj
from stdnum.br import cpf as stdnum_cpf
from validate_docbr import CNPJ, CPF

from credit_protection.adapters.hosts.hubsoft_fields import (
    STATES,
    read_amount,
    read_birth,
    read_day,
    read_postal_code,
    read_state,
)
from examples.data import make_provider

# The file is JSON in another system's shape: Any is what reading it field by field means.
Entry = dict[str, Any]

TEXT = (files("credit_protection.adapters.hosts.local") / "example_provider.json").read_text(encoding="utf-8")
PROVIDER: Entry = json.loads(TEXT)
TODAY = date.fromisoformat(PROVIDER["hoje"])
CUSTOMERS: list[Entry] = PROVIDER["clientes"]
INVOICES: list[Entry] = PROVIDER["faturas"]


def customer(id_customer: int) -> Entry:
    return next(entry for entry in CUSTOMERS if entry["id_cliente"] == id_customer)


def invoices(id_customer: int) -> list[Entry]:
    return [entry for entry in INVOICES if entry["cliente"]["id_cliente"] == id_customer]


def day(written: object) -> date:
    parsed = read_day(written)
    assert parsed is not None
    return parsed


def late(invoice: Entry) -> int:
    return (TODAY - day(invoice["data_vencimento"])).days


def open_days(id_customer: int) -> list[int]:
    return [late(invoice) for invoice in invoices(id_customer) if invoice["data_pagamento"] is None]


def age(id_customer: int) -> int:
    born = read_birth(customer(id_customer)["data_nascmento"])
    assert born is not None
    return (TODAY - born).days // 365


def addresses(entry: Entry) -> list[Entry]:
    return [
        service[field]
        for service in entry["servicos"]
        for field in ("endereco_cobranca", "endereco_cadastral")
        if service[field]
    ]


# ---------------------------------------------------------------------------------------------------------- the file


def test_committed_file_equals_the_generated_one() -> None:
    assert make_provider.as_text(make_provider.make(TODAY)) == TEXT


def test_another_day_moves_only_the_dates() -> None:
    moved: Entry = json.loads(make_provider.as_text(make_provider.make(date(2027, 3, 1))))
    days = (date(2027, 3, 1) - TODAY).days
    assert [entry["cpf_cnpj"] for entry in moved["clientes"]] == [entry["cpf_cnpj"] for entry in CUSTOMERS]
    for before, after in zip(INVOICES, moved["faturas"], strict=True):
        assert (day(after["data_vencimento"]) - day(before["data_vencimento"])).days == days
        assert after["valor"] == before["valor"]


def test_file_is_small_and_has_one_record_per_line() -> None:
    assert len(TEXT.encode()) < 600_000
    lines = Counter(line.partition(":")[0] for line in TEXT.splitlines())
    assert (lines['{"id_cliente"'], lines['{"id_fatura"']) == (len(CUSTOMERS) + 4, len(INVOICES))


def test_proxy_counts_connections_bytes_and_rules() -> None:
    assert Counter(entry["tipo_pessoa"] for entry in CUSTOMERS) == {"pf": 150, "pj": 50}
    assert Counter(len(entry["servicos"]) for entry in CUSTOMERS).keys() == {1, 2, 3}
    assert 1_100 <= len(INVOICES) <= 1_300


def test_ids_and_names_are_unique_and_references_lead_somewhere() -> None:
    subscriptions = {
        service["id_cliente_servico"]: entry["id_cliente"] for entry in CUSTOMERS for service in entry["servicos"]
    }
    documents = {entry["id_cliente"]: entry["cpf_cnpj"] for entry in CUSTOMERS}
    assert len(documents) == len(set(documents.values())) == len({entry["nome_razaosocial"] for entry in CUSTOMERS})
    assert len(documents) == len(CUSTOMERS) == 200
    assert len(subscriptions) == sum(len(entry["servicos"]) for entry in CUSTOMERS)
    assert len({entry["id_fatura"] for entry in INVOICES}) == len(INVOICES)
    for invoice in INVOICES:
        owner = invoice["cliente"]
        assert subscriptions[invoice["id_cliente_servico"]] == owner["id_cliente"]
        assert documents[owner["id_cliente"]] == owner["cpf_cnpj"]
        assert invoice["empresa"]["documento"] == PROVIDER["empresa"]["documento"]
    assert {entry["id_cliente"] for entry in PROVIDER["nao_negativar"]} <= documents.keys()
    known = {entry["id_fatura"] for entry in INVOICES}
    assert all(set(entry["id_faturas"]) <= known for entry in PROVIDER["acordos"])


def test_every_document_is_valid_and_fictitious() -> None:
    provider = PROVIDER["empresa"]["documento"]
    assert CNPJ().validate(provider)
    assert stdnum_cnpj.is_valid(provider)
    alphanumeric = 0
    for entry in CUSTOMERS:
        document = entry["cpf_cnpj"]
        if entry["tipo_pessoa"] == "pf":
            assert CPF().validate(document)
            assert stdnum_cpf.is_valid(document)
            assert document.startswith("90000")
        else:
            assert CNPJ().validate(document)
            assert stdnum_cnpj.is_valid(document)
            assert document.startswith(("99", "TESTE"))
            alphanumeric += not document.isdigit()
    assert alphanumeric >= 8


def test_every_person_and_mailbox_is_fictitious() -> None:
    for entry in CUSTOMERS:
        assert {"TESTE", "EXEMPLO"} & set(entry["nome_razaosocial"].split())
        assert entry["email_principal"] is None or entry["email_principal"].endswith("@example.org")


def test_every_field_can_be_read_and_every_state_occurs() -> None:
    states = Counter(
        read_state(address["estado"], address["uf"]) for entry in CUSTOMERS for address in addresses(entry)
    )
    assert states.keys() == {*STATES, ""}
    for entry in CUSTOMERS:
        read_birth(entry["data_nascmento"])
        read_day(entry["data_cadastro"])
        for address in addresses(entry):
            read_postal_code(address["cep"])
    for invoice in INVOICES:
        read_amount(invoice["valor"])
        read_amount(invoice["valor_pago"])
        for field in ("data_vencimento", "data_pagamento", "data_credito"):
            read_day(invoice[field])


def test_all_spellings_of_the_vendor_occur() -> None:
    assert {type(invoice["valor"]) for invoice in INVOICES} == {str, float, type(None)}
    assert {"/" in invoice["data_vencimento"] for invoice in INVOICES} == {True, False}
    postal_codes = {address["cep"] for entry in CUSTOMERS for address in addresses(entry)} - {None}
    assert {"-" in code for code in postal_codes} == {True, False}
    every = [address for entry in CUSTOMERS for address in addresses(entry)]
    assert {len(address["estado"]) == 2 for address in every if address["estado"]} == {True, False}
    assert {len(address["uf"]) == 2 for address in every if address["uf"]} == {True, False}


def test_every_kind_of_invoice_occurs_often_enough_to_try_a_report() -> None:
    kinds: Counter[str] = Counter()
    for invoice in INVOICES:
        if invoice["data_pagamento"] is None:
            days = late(invoice)
            kinds["old" if days > 1_826 else "overdue" if days > 0 else "not yet due"] += 1
        else:
            kinds["paid, no credit date" if invoice["data_credito"] is None else "paid"] += 1
    assert kinds["old"] >= 4
    assert kinds["overdue"] >= 250
    assert kinds["not yet due"] >= 100
    assert kinds["paid"] >= 400
    assert kinds["paid, no credit date"] >= 30


# ---------------------------------------------------------------------------------------------------------- the cast


@pytest.mark.parametrize(
    ("id_customer", "person", "days"),
    [(9001, "pf", [90, 60, 45]), (9002, "pj", [105, 75, 45]), (9003, "pj", [100, 70])],
)
def test_first_three_customers_can_be_negativated(id_customer: int, person: str, days: list[int]) -> None:
    entry = customer(id_customer)
    (service,) = entry["servicos"]
    address = service["endereco_cobranca"]
    assert entry["tipo_pessoa"] == person
    assert service["status_prefixo"] == "cancelado"
    assert open_days(id_customer) == days
    assert min(read_amount(invoice["valor"]) or 0 for invoice in invoices(id_customer)) > 50
    assert all(address[field] for field in ("logradouro", "endereco", "numero", "bairro", "cidade"))
    assert read_postal_code(address["cep"])
    assert read_state(address["estado"], address["uf"]) == "MG"


def test_customers_9001_to_9003_are_an_adult_and_companies_of_both_cnpj_kinds() -> None:
    assert age(9001) >= 18
    assert customer(9002)["cpf_cnpj"].isdigit()
    assert not customer(9003)["cpf_cnpj"].isdigit()


def test_people_at_the_limits_of_age_occur() -> None:
    assert age(9004) == 15
    assert customer(9005)["data_nascmento"] == "1969-12-31 00:00:00"
    assert customer(9028)["data_nascmento"] is None


def test_addresses_with_missing_or_too_long_fields_occur() -> None:
    for address in addresses(customer(9006)):
        assert address["cep"] is None
    for address in addresses(customer(9007)):
        assert address["numero"] == ""
    for address in addresses(customer(9008)):
        assert read_state(address["estado"], address["uf"]) == ""
    long = customer(9009)["servicos"][0]["endereco_cadastral"]
    assert long["cidade"] == "São José do Rio Preto"
    assert min(len(long["endereco"]), len(long["bairro"])) > 60
    assert len(customer(9010)["nome_razaosocial"]) > 70
    assert customer(9029)["servicos"][0]["endereco_cobranca"] is None


def test_customers_that_must_not_be_negativated_occur() -> None:
    holds = {entry["id_cliente"]: entry["motivo"] for entry in PROVIDER["nao_negativar"]}
    assert holds == {9011: "falecimento", 9012: "contestacao", 9013: "orgao_publico", 9014: "ordem_judicial"}
    assert all(any(days > 0 for days in open_days(id_customer)) for id_customer in holds)


def test_agreements_of_each_status_occur() -> None:
    owners = {invoice["id_fatura"]: invoice["cliente"]["id_cliente"] for invoice in INVOICES}
    held = {entry["status"]: {owners[number] for number in entry["id_faturas"]} for entry in PROVIDER["acordos"]}
    assert held == {"em_andamento": {9015}, "quebrado": {9016}, "cumprido": {9017}}
    assert open_days(9015) == [110, 80, 20]
    assert open_days(9016) == [160, 130]
    assert all(days < 0 for days in open_days(9017))


def test_several_overdue_invoices_of_one_subscription_occur() -> None:
    assert sorted(Counter(entry["id_cliente_servico"] for entry in invoices(9018)).values()) == [1, 2]
    assert len(open_days(9019)) == 12
    assert min(open_days(9019)) > 0


def test_debts_at_the_limits_of_age_and_lateness_occur() -> None:
    assert min(open_days(9020)) > 1_827
    assert 1_826 - 30 < max(open_days(9021)) < 1_826
    assert open_days(9026) == [1, 0, -1]
    assert open_days(9030) == [400]


def test_amounts_at_their_limits_occur() -> None:
    partly = invoices(9022)[0]
    assert (read_amount(partly["valor_pago"]) or 0) < (read_amount(partly["valor"]) or 0)
    assert [read_amount(invoice["valor"]) for invoice in invoices(9024)][:2] == [None, None]
    assert all((read_amount(invoice["valor"]) or 0) < 10 for invoice in invoices(9027))


def test_payments_without_or_with_a_future_credit_date_occur() -> None:
    undated = invoices(9023)[0]
    assert (TODAY - day(undated["data_pagamento"])).days == 3
    assert undated["data_credito"] is None
    coming = invoices(9025)[0]
    assert day(coming["data_pagamento"]) < TODAY < day(coming["data_credito"])
