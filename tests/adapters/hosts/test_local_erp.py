from __future__ import annotations

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from credit_protection.adapters.hosts.local import Imported, LocalErp
from credit_protection.adapters.hosts.local import erp as erp_module
from credit_protection.domain.customers import Address, InvoiceStatus, LineKind, Subscription, SubscriptionStatus
from credit_protection.domain.errors import Conflict, HostUnavailable, InvalidInput, NotFound
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.ports.host import HostCapabilities, OverdueFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from credit_protection.domain.customers import Invoice
    from credit_protection.ports.host import HostErp

TODAY = date(2027, 3, 1)
DAY = timedelta(days=1)
CPF = "90000900168"

# JSON in another system's shape.
Json = dict[str, Any]


@pytest.fixture
def empty(tmp_path: Path) -> LocalErp:
    return LocalErp(tmp_path / "home" / "erp.sqlite")


@pytest.fixture(scope="module")
def example_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("example") / "erp.sqlite"
    LocalErp(path).import_example(today=TODAY)
    return path.read_bytes()


@pytest.fixture
def example(tmp_path: Path, example_file: bytes) -> LocalErp:
    path = tmp_path / "erp.sqlite"
    path.write_bytes(example_file)
    return LocalErp(path)


def provider() -> Json:
    """The smallest provider: a customer with two open invoices."""
    address = {
        "logradouro": "RUA",
        "endereco": "DO EXEMPLO",
        "numero": "100",
        "complemento": "",
        "bairro": "CENTRO",
        "cep": "35500-000",
        "cidade": "Divinópolis",
        "estado": "MG",
        "uf": "MINAS GERAIS",
    }
    service = {
        "id_cliente_servico": 7000,
        "nome": "500 MEGA",
        "status_prefixo": "cancelado",
        "endereco_cadastral": address,
        "endereco_cobranca": None,
    }
    customer = {
        "id_cliente": 1,
        "nome_razaosocial": "MARINA TESTE",
        "cpf_cnpj": CPF,
        "telefone_primario": "(37) 90000-9001",
        "email_principal": None,
        "data_nascmento": "1991-04-22 00:00:00",
        "servicos": [service],
    }
    return {
        "empresa": {
            "documento": "99009000000110",
            "nome_razaosocial": "PROVEDOR EXEMPLO",
            "uf": "AM",
            "cidade": "Manaus",
        },
        "hoje": "2026-11-24",
        "clientes": [customer],
        "faturas": [
            owed(1, "2026-10-24", "119.90"),
            owed(2, "24/09/2026", 50.0),
        ],
    }


def owed(number: int, due: str, amount: object, **fields: object) -> Json:
    return {
        "id_fatura": number,
        "id_cliente_servico": 7000,
        "nosso_numero": f"19{number:05}",
        "data_vencimento": due,
        "data_pagamento": None,
        "data_credito": None,
        "valor": amount,
        "valor_pago": None,
        "empresa": {"documento": "99.009.000/0001-10"},
        "cliente": {"id_cliente": 1, "cpf_cnpj": CPF},
        **fields,
    }


def brought_in(erp: LocalErp, tmp_path: Path, file: object, *, today: date = TODAY, shift: bool = True) -> Imported:
    path = tmp_path / "provedor.json"
    path.write_text(file if isinstance(file, str) else json.dumps(file), encoding="utf-8")
    return erp.import_file(path, today=today, shift=shift)


def overdue_of(erp: LocalErp, customer_id: str) -> list[Invoice]:
    return list(erp.overdue(OverdueFilter(TODAY, customer_id=customer_id)))


def days_late(invoices: Iterable[Invoice]) -> list[int]:
    return [(TODAY - invoice.due_date).days for invoice in invoices]


# ---------------------------------------------------------------------------------------------------------- import


def test_local_erp_is_a_host(empty: LocalErp) -> None:
    host: HostErp = empty
    assert host.code == "local"
    assert host.capabilities == HostCapabilities(
        settlements=True,
        events=False,
        holds=True,
        subscriptions=True,
        settled_invoices=True,
        reversals=True,
        names=True,
    )


def test_local_erp_is_empty_and_creates_no_file_before_its_first_call(empty: LocalErp) -> None:
    assert not empty._path.exists()
    assert empty.creditors() == []
    assert not empty.customers(["9001"])
    assert not empty.subscriptions(["7000"])
    assert not empty.invoice_statuses(["60001"])
    assert not list(empty.overdue(OverdueFilter(TODAY)))
    assert not list(empty.settlements_since(date.min))
    assert empty._path.exists()


def test_whole_example_is_imported(empty: LocalErp) -> None:
    imported = empty.import_example(today=TODAY)
    assert imported == Imported(
        customers=200, subscriptions=257, invoices=1193, settlements=671, holds=4, agreements=3, skipped=2
    )
    assert empty.import_example(today=TODAY) == imported  # it replaces


def test_packaged_example_can_be_imported_as_a_file(empty: LocalErp, example: LocalErp, tmp_path: Path) -> None:
    text = (files("credit_protection.adapters.hosts.local") / "example_provider.json").read_text(encoding="utf-8")
    brought_in(empty, tmp_path, "\ufeff" + text)
    everything = OverdueFilter(TODAY)
    assert list(empty.overdue(everything)) == list(example.overdue(everything))


def test_company_is_the_creditor_and_its_state_sets_the_time_zone(
    example: LocalErp, empty: LocalErp, tmp_path: Path
) -> None:
    (creditor,) = example.creditors()
    assert (creditor.id, creditor.document.value) == ("99009000000110", "99009000000110")
    assert (creditor.name, creditor.state, creditor.city) == ("PROVEDOR EXEMPLO LTDA", "MG", "Divinópolis")
    assert (creditor.time_zone, creditor.is_telecom) == ("America/Sao_Paulo", True)
    for state, zone in [("AM", "America/Manaus"), ("AC", "America/Rio_Branco"), ("mato grosso", "America/Cuiaba")]:
        file = provider()
        file["empresa"]["uf"] = state
        brought_in(empty, tmp_path, file)
        assert empty.creditors()[0].time_zone == zone


def test_customer_has_billing_address_birth_date_and_contact(example: LocalErp) -> None:
    customer = example.customers(["9001", "no such"])["9001"]
    assert (customer.id, customer.name, customer.document) == ("9001", "MARINA TESTE DA SILVA", CPF)
    assert customer.address == Address("RUA DO EXEMPLO", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000")
    assert (customer.email, customer.phone) == ("cliente9001@example.org", "37900009001")
    assert customer.birth_date == date(1991, 4, 22) + (TODAY - date(2026, 11, 24))


def test_missing_customer_fields_are_empty(example: LocalErp) -> None:
    found = example.customers(["9004", "9005", "9006", "9007", "9008", "9028", "9029"])
    assert TODAY - timedelta(days=16 * 365) < (found["9004"].birth_date or date.min) < TODAY - timedelta(days=15 * 365)
    assert found["9005"].birth_date is found["9028"].birth_date is None
    assert found["9006"].address.postal_code == found["9007"].address.number == found["9008"].address.state == ""
    assert found["9029"].address.street  # the registered address, where there is no billing address


def test_customers_are_found_by_document_numeric_or_not(example: LocalErp) -> None:
    assert [each.id for each in example.customers_with_document(CPF)] == ["9001"]
    assert [each.id for each in example.customers_with_document("TESTE003000103")] == ["9003"]
    assert example.customers_with_document("00000000000") == []


def test_subscriptions_have_their_status(example: LocalErp, empty: LocalErp, tmp_path: Path) -> None:
    found = example.subscriptions(["7000", "7003", "no such"])
    assert found["7000"] == Subscription("7000", "9001", "500 MEGA", SubscriptionStatus.TERMINATED)
    assert found["7003"].status is SubscriptionStatus.SUSPENDED
    assert "no such" not in found
    for prefix, status in [
        ("servico_habilitado", SubscriptionStatus.ACTIVE),
        ("franquia_excedida", SubscriptionStatus.ACTIVE),
        ("aguardando_instalacao", SubscriptionStatus.PENDING),
        ("agendado_para_instalacao", SubscriptionStatus.PENDING),
        ("suspenso_pedido_cliente", SubscriptionStatus.SUSPENDED),
    ]:
        file = provider()
        file["clientes"][0]["servicos"][0]["status_prefixo"] = prefix
        brought_in(empty, tmp_path, file)
        assert empty.subscriptions(["7000"])["7000"].status is status


def test_dates_move_with_the_day_of_the_import_so_that_lateness_stays(example: LocalErp) -> None:
    assert days_late(overdue_of(example, "9001")) == [90, 60, 45]
    assert days_late(overdue_of(example, "9026")) == [1]
    coming = next(
        entry
        for entry in example.settlements_since(TODAY - DAY)
        if isinstance(entry, Settlement) and entry.available_on and entry.available_on == TODAY + 2 * DAY
    )
    assert (coming.amount, coming.paid_on) == (Money.brl("123.47"), TODAY - DAY)


def test_dates_stay_without_a_shift(empty: LocalErp, tmp_path: Path) -> None:
    file = provider()
    del file["hoje"]
    brought_in(empty, tmp_path, file, shift=False)
    assert empty.invoice("1").due_date == date(2026, 10, 24)
    assert empty.customers(["1"])["1"].birth_date == date(1991, 4, 22)


def test_holds_have_a_reason_for_operators(example: LocalErp) -> None:
    found = example.holds(["9001", "9011", "9012", "9013", "9014"])
    assert found == {
        "9011": Hold(HoldKind.DEATH),
        "9012": Hold(HoldKind.DISPUTE),
        "9013": Hold(HoldKind.PUBLIC_BODY),
        "9014": Hold(HoldKind.COURT_ORDER),
    }
    assert [hold.text for hold in found.values()] == [
        "falecimento",
        "dívida contestada",
        "órgão público",
        "ordem judicial",
    ]


@pytest.mark.parametrize("record", [{"id_cliente": 1}, {"id_cliente": 1, "motivo": []}, {"id_cliente": 1, "ate": "x"}])
def test_hold_without_a_readable_reason_or_end_still_holds(empty: LocalErp, tmp_path: Path, record: Json) -> None:
    brought_in(empty, tmp_path, provider() | {"nao_negativar": [record]})
    assert empty.holds(["1"]) == {"1": Hold()}


def test_hold_has_an_end_that_moves_with_the_other_dates(empty: LocalErp, tmp_path: Path) -> None:
    hold = {"id_cliente": 1, "motivo": "ordem_judicial", "ate": "2026-11-25"}
    brought_in(empty, tmp_path, provider() | {"nao_negativar": [hold]})
    assert empty.holds(["1"]) == {"1": Hold(HoldKind.COURT_ORDER, until=TODAY + DAY)}


def test_optional_facts_of_an_invoice_are_imported(empty: LocalErp, tmp_path: Path) -> None:
    file = provider()
    file["faturas"][0] |= {
        "data_vencimento_original": "2026-09-24",
        "data_emissao": "2026-09-01",
        "pagamento_pendente": True,
        "protestada": True,
        "itens": ["mensalidade", "multa_fidelidade", "outra coisa"],
    }
    brought_in(empty, tmp_path, file, shift=False)
    invoice = empty.invoice("1")
    assert (invoice.original_due_date, invoice.issued_on) == (date(2026, 9, 24), date(2026, 9, 1))
    assert invoice.payment_pending
    assert invoice.protested
    assert invoice.lines == (LineKind.MONTHLY_FEE, LineKind.FIDELITY_FINE, LineKind.OTHER)
    assert empty.invoices_due(["1"], [date(2026, 9, 24)])[0].id == "1"
    plain = empty.invoice("2")
    assert (plain.original_due_date, plain.issued_on, plain.payment_pending, plain.lines) == (None, None, False, ())


def test_file_of_the_version_before_is_upgraded(empty: LocalErp, tmp_path: Path) -> None:
    brought_in(empty, tmp_path, provider() | {"nao_negativar": [{"id_cliente": 1, "motivo": "a pedido"}]})
    with closing(sqlite3.connect(empty._path)) as connection:
        for column in ("original_due_date", "issued_on", "payment_pending", "protested", "lines"):
            connection.execute(f"ALTER TABLE invoices DROP COLUMN {column}")
        for column in ("kind", "until"):
            connection.execute(f"ALTER TABLE holds DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    assert empty.invoice("1").lines == ()
    assert empty.holds(["1"]) == {"1": Hold(reason="a pedido")}


def test_only_an_active_agreement_excludes_invoices_from_the_report(example: LocalErp) -> None:
    assert days_late(overdue_of(example, "9015")) == [20]
    assert example.invoice("60029").status is InvoiceStatus.IN_AGREEMENT
    assert days_late(overdue_of(example, "9016")) == [160, 130]
    assert example.invoice("60034").status is InvoiceStatus.PAID


def test_partly_paid_invoice_is_open_with_the_rest(example: LocalErp) -> None:
    invoice = example.invoice("60056")
    assert (invoice.status, invoice.amount, invoice.balance) == (
        InvoiceStatus.OPEN,
        Money.brl("119.90"),
        Money.brl("69.90"),
    )
    assert invoice.paid_on is invoice.available_on is None


def test_invoice_paid_with_charges_is_paid(example: LocalErp) -> None:
    invoice = example.invoice("60063")
    assert (invoice.status, invoice.balance) == (InvoiceStatus.PAID, Money(0))
    assert (invoice.paid_on, invoice.available_on) == (TODAY - DAY, TODAY + 2 * DAY)


def test_invoice_without_an_amount_is_skipped(example: LocalErp) -> None:
    assert len(overdue_of(example, "9024")) == 1
    with pytest.raises(NotFound, match="60060"):
        example.invoice("60060")


@pytest.mark.parametrize(
    ("fields", "status", "balance"),
    [
        ({"valor_pago": None}, InvoiceStatus.PAID, "0.00"),  # paid, of an unknown amount
        ({"valor_pago": "100.00", "valor_desconto": 19.9}, InvoiceStatus.PAID, "0.00"),
        ({"valor_pago": "100.00"}, InvoiceStatus.OPEN, "19.90"),
    ],
)
def test_payment_decides_the_status_of_an_imported_invoice(
    empty: LocalErp, tmp_path: Path, fields: Json, status: InvoiceStatus, balance: str
) -> None:
    file = provider()
    file["faturas"][0] = owed(1, "2026-10-24", "119.90", data_pagamento="2026-11-20", **fields)
    brought_in(empty, tmp_path, file)
    assert (empty.invoice("1").status, empty.invoice("1").balance) == (status, Money.brl(balance))


def test_payment_has_the_same_id_at_every_import(empty: LocalErp, tmp_path: Path) -> None:
    def ids(amount: str, today: date) -> list[str]:
        file = provider()
        file["faturas"][0] = owed(1, "2026-10-24", "119.90", data_pagamento="2026-11-20", valor_pago=amount)
        brought_in(empty, tmp_path, file, today=today)
        return [entry.id for entry in empty.settlements_since(date.min) if isinstance(entry, Settlement)]

    first = ids("50.00", TODAY)
    assert ids("50.0", TODAY) == first
    assert ids("119.90", TODAY) != first
    assert ids("50.00", TODAY + DAY) != first


# ---------------------------------------------------------------------------------------------------------- refusals


def spoil(path: str, value: object) -> Callable[[Json], None]:
    """Set the value at a path, "faturas.0.valor"."""

    def put(file: Json) -> None:
        where: Any = file
        *steps, last = path.split(".")
        for step in steps:
            where = where[int(step) if step.isdigit() else step]
        where[int(last) if last.isdigit() else last] = value

    return put


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (spoil("faturas.0.valor", "1.234"), ["Fatura 1,", "campo valor:", "ambíguo"]),
        (spoil("faturas.1.data_vencimento", "2026-02-30"), ["Fatura 2,", "campo data_vencimento:"]),
        (spoil("faturas.1.data_vencimento", None), ["Fatura 2,", "campo data_vencimento:", "vazio"]),
        (spoil("faturas.1.valor", -1), ["Fatura 2,", "campo valor:", "negativo"]),
        (spoil("faturas.1.id_fatura", 1), ["Fatura 1,", "campo id_fatura:", "repetido"]),
        (spoil("faturas.1.id_fatura", None), ["Fatura na posição 2", "campo id_fatura:"]),
        (spoil("faturas.1.id_fatura", {"a": 1}), ["Fatura na posição 2", "campo id_fatura:"]),
        (spoil("faturas.1", "texto"), ["Fatura na posição 2"]),
        (spoil("faturas.1.cliente", None), ["Fatura 2,", "campo cliente:"]),
        (spoil("faturas.1.cliente.id_cliente", 9), ["Fatura 2,", "cliente 9 não está"]),
        (spoil("faturas.1.cliente.id_cliente", CPF), ["Fatura 2,", "cliente ***168 não está"]),
        (spoil("faturas.1.id_cliente_servico", 9), ["Fatura 2,", "campo id_cliente_servico:"]),
        (spoil("faturas.1.empresa.documento", "36636392000127"), ["Fatura 2,", "outra empresa"]),
        (spoil("clientes.0.nome_razaosocial", " "), ["Cliente 1,", "campo nome_razaosocial:", "vazio"]),
        (spoil("clientes.0.nome_razaosocial", "\ud800"), ["Cliente 1,", "campo nome_razaosocial:"]),
        (spoil("clientes.0.data_nascmento", CPF), ["Cliente 1,", "campo data_nascmento:"]),
        (spoil("clientes.0.id_cliente", None), ["Cliente na posição 1", "campo id_cliente:"]),
        (spoil("clientes.0.servicos", "x"), ["Cliente 1,", "campo servicos:", "lista"]),
        (spoil("clientes.0.servicos.0.status_prefixo", None), ["Cliente 1, serviço 7000,", "campo status_prefixo:"]),
        (spoil("clientes.0.servicos.0.endereco_cadastral.cep", "12"), ["serviço 7000,", "campo cep:"]),
        (spoil("clientes.0.servicos.0.endereco_cadastral.uf", "SP"), ["serviço 7000,", "campo uf:"]),
        (spoil("clientes.0.servicos.0.endereco_cadastral", "Rua"), ["serviço 7000,", "campo endereco_cadastral:"]),
        (spoil("nao_negativar", [{"id_cliente": 5, "motivo": "x"}]), ["cliente 5,", "não está no arquivo"]),
        (spoil("acordos", [{"id_acordo": 3, "id_faturas": [9]}]), ["Acordo 3,", "fatura 9 não está"]),
        (spoil("acordos", [{"id_acordo": 3, "id_faturas": [None]}]), ["Acordo 3,", "campo id_faturas:"]),
        (spoil("acordos", [{"id_acordo": 3, "id_faturas": 1}]), ["Acordo 3,", "campo id_faturas:"]),
    ],
)
def test_bad_record_is_left_out_with_its_reason_and_stops_no_other(
    empty: LocalErp, tmp_path: Path, change: Callable[[Json], None], words: list[str]
) -> None:
    file = provider()
    other = json.loads(json.dumps(file["clientes"][0]))
    other["id_cliente"], other["servicos"][0]["id_cliente_servico"] = 2, 7001
    file["clientes"].append(other)
    file["faturas"].append(owed(3, "2026-10-24", "50.00", id_cliente_servico=7001, cliente={"id_cliente": 2}))
    change(file)
    imported = brought_in(empty, tmp_path, file)
    text = " ".join(f"{each.record}: {each.reason}" for each in imported.left_out)
    for word in words:
        assert word in text
    assert CPF not in text
    assert empty.invoice("3").customer_id == "2"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (spoil("empresa.documento", "99009000000111"), ["Empresa,", "campo documento:"]),
        (spoil("empresa", None), ["campo empresa:"]),
        (spoil("clientes", None), ["campo clientes:"]),
        (spoil("clientes", {}), ["campo clientes:"]),
        (spoil("hoje", "ontem"), ["campo hoje:"]),
        (spoil("hoje", None), ["campo hoje:"]),
    ],
)
def test_file_without_its_frame_is_refused_and_nothing_is_imported(
    example: LocalErp, tmp_path: Path, change: Callable[[Json], None], words: list[str]
) -> None:
    file = provider()
    change(file)
    with pytest.raises(InvalidInput) as refusal:
        brought_in(example, tmp_path, file)
    for word in words:
        assert word in refusal.value.message
    assert CPF not in refusal.value.message + str(refusal.value.context)
    assert example.count_overdue(OverdueFilter(TODAY)) == 316  # the records from before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"empresa": }', "não é JSON (linha 1, coluna 13)"),
        ("", "não é JSON"),
        ("[]", "deve ser um objeto JSON"),
        ("[" * 100_000, "não é um JSON que se possa ler"),
        ('{"hoje": ' + "1" * 5000 + "}", "não é um JSON que se possa ler"),
    ],
)
def test_file_of_another_shape_is_an_error_with_advice(empty: LocalErp, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        brought_in(empty, tmp_path, text)
    assert words in refusal.value.message


def test_unreadable_file_is_an_error_with_advice(empty: LocalErp, tmp_path: Path) -> None:
    (tmp_path / "foto.json").write_bytes(b"\x89PNG\xff\xfe")
    for name, words in [("nada.json", "não pôde ser lido"), ("foto.json", "UTF-8"), (".", "não pôde ser lido")]:
        with pytest.raises(InvalidInput, match=words):
            empty.import_file(tmp_path / name, today=TODAY)


def test_invalid_database_file_raises_host_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "erp.sqlite"
    path.write_text("This is no database, but a text that is long enough to be looked at as one. " * 20)
    with pytest.raises(HostUnavailable, match=r"erp\.sqlite"):
        LocalErp(path).invoice_statuses(["1"])
    with pytest.raises(HostUnavailable):
        list(LocalErp(path / "below a file" / "erp.sqlite").overdue(OverdueFilter(TODAY)))


def test_tables_of_another_version_are_not_changed(example: LocalErp) -> None:
    connection = sqlite3.connect(example._path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(HostUnavailable, match="versão 99"):
        example.invoice("60001")


# ---------------------------------------------------------------------------------------------------------- payments


def test_payment_settles_the_invoice_and_is_listed(example: LocalErp) -> None:
    invoice = overdue_of(example, "9001")[0]
    settlement = example.pay(invoice.id, paid_on=TODAY - DAY, available_on=TODAY)
    assert settlement.id.startswith("local-")
    assert (settlement.invoice_id, settlement.kind, settlement.amount) == (
        invoice.id,
        SettlementKind.PAYMENT,
        invoice.balance,
    )
    assert (settlement.paid_on, settlement.available_on) == (TODAY - DAY, TODAY)
    paid = example.invoice(invoice.id)
    assert (paid.status, paid.balance, paid.paid_on, paid.available_on) == (
        InvoiceStatus.PAID,
        Money(0),
        TODAY - DAY,
        TODAY,
    )
    assert invoice.id not in {each.id for each in overdue_of(example, "9001")}
    assert settlement in list(example.settlements_since(TODAY - DAY))
    assert settlement not in list(example.settlements_since(TODAY))
    with pytest.raises(Conflict, match="já está quitada"):
        example.pay(invoice.id, paid_on=TODAY)


def test_partial_payments_lower_the_balance_to_zero(example: LocalErp) -> None:
    first = example.pay("60057", paid_on=TODAY - DAY, amount=Money.brl("100.00"))
    partly = example.invoice("60057")
    assert (partly.status, partly.balance, partly.paid_on) == (InvoiceStatus.OPEN, Money.brl("19.90"), None)
    with pytest.raises(InvalidInput, match=r"R\$ 19,90"):
        example.pay("60057", paid_on=TODAY, amount=Money.brl("19.91"))
    second = example.pay("60057", paid_on=TODAY, amount=Money.brl("19.90"))
    assert first.id != second.id
    assert (example.invoice("60057").status, example.invoice("60057").paid_on) == (InvoiceStatus.PAID, TODAY)


def test_reversal_reopens_the_invoice_and_a_new_payment_has_a_new_id(example: LocalErp) -> None:
    example.pay("60057", paid_on=TODAY, amount=Money.brl("100.00"))
    rest = example.pay("60057", paid_on=TODAY)
    reversal = example.reverse(rest.id, on=TODAY + DAY)
    assert reversal == Reversal(rest.id, "60057", TODAY + DAY)
    again = example.invoice("60057")
    assert (again.status, again.balance, again.paid_on) == (InvoiceStatus.OPEN, Money.brl("19.90"), None)
    assert list(example.settlements_since(TODAY + DAY)) == [reversal]
    assert example.pay("60057", paid_on=TODAY + DAY).id != rest.id


def test_imported_payments_can_be_reversed_with_or_without_charges(example: LocalErp) -> None:
    (settlement,) = (entry for entry in example.settlements_since(TODAY - DAY) if entry.invoice_id == "60063")
    assert isinstance(settlement, Settlement)
    assert settlement.amount == Money.brl("123.47")
    example.reverse(settlement.id, on=TODAY)
    assert example.invoice("60063").balance == Money.brl("119.90")


def test_invoice_in_agreement_keeps_its_status_after_payment_and_reversal(example: LocalErp) -> None:
    settlement = example.pay("60029", paid_on=TODAY)
    assert example.invoice("60029").status is InvoiceStatus.PAID
    example.reverse(settlement.id, on=TODAY)
    assert example.invoice("60029").status is InvoiceStatus.IN_AGREEMENT


def test_invalid_payments_are_refused(example: LocalErp) -> None:
    with pytest.raises(NotFound):
        example.pay("no such", paid_on=TODAY)
    for amount in (Money(0), Money(-1), Money.brl("119.91")):
        with pytest.raises(InvalidInput) as refusal:
            example.pay("60057", paid_on=TODAY, amount=amount)
        assert refusal.value.field == "amount"
    with pytest.raises(InvalidInput):
        example.pay("60057", paid_on=TODAY, available_on=TODAY - DAY)
    with pytest.raises(NotFound):
        example.reverse("local-1", on=TODAY)
    settlement = example.pay("60057", paid_on=TODAY)
    with pytest.raises(InvalidInput):
        example.reverse(settlement.id, on=TODAY - DAY)
    example.reverse(settlement.id, on=TODAY)
    with pytest.raises(Conflict):
        example.reverse(settlement.id, on=TODAY)
    assert example.invoice("60057").balance == Money.brl("119.90")


def test_settlement_id_is_never_reused_even_after_an_import_or_a_new_file(empty: LocalErp, tmp_path: Path) -> None:
    given = []
    for _ in range(2):
        brought_in(empty, tmp_path, provider())
        given.append(empty.pay("1", paid_on=TODAY).id)
    for left in empty._path.parent.iterdir():
        left.unlink()
    brought_in(empty, tmp_path, provider())
    given.append(empty.pay("1", paid_on=TODAY).id)
    assert len(set(given)) == 3


# ---------------------------------------------------------------------------------------------------------- overdue


def test_overdue_invoices_come_oldest_first_and_are_counted(example: LocalErp) -> None:
    everything = OverdueFilter(TODAY)
    found = list(example.overdue(everything))
    assert len(found) == example.count_overdue(everything) == 316
    assert [each.due_date for each in found] == sorted(each.due_date for each in found)
    assert {each.status for each in found} == {InvoiceStatus.OPEN}
    assert min(days_late(found)) == 1
    assert all(found)


@pytest.mark.parametrize(
    "wanted",
    [
        OverdueFilter(TODAY, minimum_days_late=0),
        OverdueFilter(TODAY, minimum_days_late=30),
        OverdueFilter(TODAY, minimum_days_late=30, maximum_days_late=60),
        OverdueFilter(TODAY, minimum_balance=Money.brl("119.91")),
        OverdueFilter(TODAY, customer_id="9019"),
        OverdueFilter(TODAY, city="são josé do rio preto"),
        OverdueFilter(TODAY, city="DIVINOPOLIS", minimum_days_late=45, minimum_balance=Money.brl("100")),
        OverdueFilter(TODAY, minimum_days_late=10_000_000),
    ],
)
def test_filters_equal_a_scan_of_all_invoices(example: LocalErp, wanted: OverdueFilter) -> None:
    everything = list(example.overdue(OverdueFilter(TODAY)))
    customers = example.customers([each.customer_id for each in everything])

    def city(name: str) -> str:
        return name.casefold().translate(str.maketrans("ãéó", "aeo"))

    expected = [
        each
        for each in everything
        if (TODAY - each.due_date).days >= wanted.minimum_days_late
        and (wanted.maximum_days_late is None or (TODAY - each.due_date).days <= wanted.maximum_days_late)
        and (wanted.minimum_balance is None or each.balance >= wanted.minimum_balance)
        and (wanted.customer_id is None or each.customer_id == wanted.customer_id)
        and (wanted.city is None or city(customers[each.customer_id].address.city) == city(wanted.city))
    ]
    assert list(example.overdue(wanted)) == expected
    assert example.count_overdue(wanted) == len(expected)
    assert expected or wanted.minimum_days_late > 1_000_000


def test_stream_reads_chunks_and_keeps_no_connection(example: LocalErp, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(example.overdue(OverdueFilter(TODAY)))
    ledger = list(example.settlements_since(date.min))
    monkeypatch.setattr(erp_module, "_CHUNK", 7)
    assert list(example.overdue(OverdueFilter(TODAY))) == whole
    assert list(example.settlements_since(date.min)) == ledger
    stream = example.overdue(OverdueFilter(TODAY))
    assert next(stream) == whole[0]
    last = whole[-1]
    example.pay(last.id, paid_on=TODAY)  # the open stream does not block it, and sees it
    assert last not in list(stream)


def test_many_ids_are_one_statement(example: LocalErp) -> None:
    ids = [str(number) for number in range(60_001, 61_001)]
    found = example.invoice_statuses(ids)
    assert len(found) == 998
    assert all(found[each].id == each for each in found)


# ---------------------------------------------------------------------------------------------------------- threads


def test_concurrent_payments_are_neither_lost_nor_doubled(example: LocalErp) -> None:
    invoices = [each.id for each in example.overdue(OverdueFilter(TODAY))][:40]

    def pay(invoice_id: str) -> str | None:
        try:
            return example.pay(invoice_id, paid_on=TODAY).id
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(pay, invoices * 3))
    paid = [each for each in ids if each is not None]
    assert len(paid) == len(set(paid)) == 40
    assert {each.status for each in example.invoice_statuses(invoices).values()} == {InvoiceStatus.PAID}


def test_concurrent_first_calls_create_the_tables_once(tmp_path: Path) -> None:
    path = tmp_path / "erp.sqlite"
    together = threading.Barrier(8)

    def first(_: int) -> Imported:
        together.wait()
        return LocalErp(path).import_example(today=TODAY)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first, range(8)))) == 1
    assert LocalErp(path).count_overdue(OverdueFilter(TODAY)) == 316


def test_import_is_atomic_for_readers(example: LocalErp) -> None:
    over = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not over.is_set():
            seen.add(example.count_overdue(OverdueFilter(TODAY)))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(5):
        example.import_example(today=TODAY)
    over.set()
    reader.join()
    assert seen == {316}
