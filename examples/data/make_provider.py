"""Makes a fictitious internet provider with HubSoft's records; equal days give equal files.

    python examples/data/make_provider.py --today 2026-11-24 --output FILE

Nothing in it exists: CPFs have the base 900 + the customer's id, CNPJs a root that starts with 99 or TESTE (all with
valid check digits), e-mails are @example.org, and streets and telephone numbers are invented. NAMED_CUSTOMERS are the
customers with a purpose of their own; `other_customers` makes the others.
"""

import argparse
import json
import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Record: TypeAlias = dict[str, object]
Person: TypeAlias = Literal["pf", "pj"]

SEED = 20261124
PROVIDER = "990090000001"
CUSTOMERS = 200
COMPANIES = 50
FIRST_CUSTOMER = 9001
FIRST_SUBSCRIPTION = 7000
FIRST_INVOICE = 60001
FIRST_AGREEMENT = 301
ALPHANUMERIC_EVERY = 4
MONTH = 30

ABOUT = (
    "A made-up internet provider in the shape that the HubSoft integration API documents (fields that are not used are "
    "left out). Made by examples/data/make_provider.py; don't edit by hand. No person, company, address, telephone or "
    "document exists. Every date was written for the day 'hoje': a loader that is used later adds (today - hoje) days "
    "to every date, births too, after parsing it, so that lateness and ages stay as they were made; the birth date "
    "1969-12-31 means unknown and is never shifted. 'nao_negativar' and 'acordos' are extra keys that HubSoft's API "
    "does not have. Agreement status: em_andamento (runs), quebrado (broken), cumprido (fulfilled)."
)


class Place(NamedTuple):
    """A city with its first CEP and its telephone area code."""

    uf: str
    state: str
    city: str
    postal_prefix: int
    area_code: int


PLACES = (
    Place("MG", "Minas Gerais", "Divinópolis", 35500, 37),
    Place("SP", "São Paulo", "Campinas", 13010, 19),
    Place("RS", "Rio Grande do Sul", "Porto Alegre", 90010, 51),
    Place("BA", "Bahia", "Salvador", 40010, 71),
    Place("AC", "Acre", "Rio Branco", 69900, 68),
    Place("AL", "Alagoas", "Maceió", 57010, 82),
    Place("AM", "Amazonas", "Manaus", 69005, 92),
    Place("AP", "Amapá", "Macapá", 68900, 96),
    Place("CE", "Ceará", "Fortaleza", 60010, 85),
    Place("DF", "Distrito Federal", "Brasília", 70040, 61),
    Place("ES", "Espírito Santo", "Vitória", 29010, 27),
    Place("GO", "Goiás", "Goiânia", 74010, 62),
    Place("MA", "Maranhão", "São Luís", 65010, 98),
    Place("MS", "Mato Grosso do Sul", "Campo Grande", 79002, 67),
    Place("MT", "Mato Grosso", "Cuiabá", 78005, 65),
    Place("PA", "Pará", "Belém", 66010, 91),
    Place("PB", "Paraíba", "João Pessoa", 58010, 83),
    Place("PE", "Pernambuco", "Recife", 50010, 81),
    Place("PI", "Piauí", "Teresina", 64000, 86),
    Place("PR", "Paraná", "Londrina", 86010, 43),
    Place("RJ", "Rio de Janeiro", "Niterói", 24020, 21),
    Place("RN", "Rio Grande do Norte", "Natal", 59010, 84),
    Place("RO", "Rondônia", "Porto Velho", 76801, 69),
    Place("RR", "Roraima", "Boa Vista", 69301, 95),
    Place("SC", "Santa Catarina", "Florianópolis", 88010, 48),
    Place("SE", "Sergipe", "Aracaju", 49010, 79),
    Place("TO", "Tocantins", "Palmas", 77001, 63),
    Place("MG", "Minas Gerais", "Belo Horizonte", 30110, 31),
    Place("SP", "São Paulo", "São José do Rio Preto", 15010, 17),
    Place("PR", "Paraná", "Curitiba", 80010, 41),
    Place("RJ", "Rio de Janeiro", "Campos dos Goytacazes", 28010, 22),
)
LONG_CITY = "São José do Rio Preto"
HOME = "Divinópolis"

FIRST_NAMES = (
    "ANA", "BRUNO", "CARLA", "DIEGO", "ELISA", "FÁBIO", "GLÓRIA", "HEITOR", "ÍRIS", "JOÃO", "KARINA", "LUÍS", "MÔNICA",
    "NATÁLIA", "OTÁVIO", "PAULA", "QUITÉRIA", "RENATO", "SÔNIA", "TIAGO", "ÚRSULA", "VÍTOR", "WAGNER", "YARA", "ZÉLIA",
)  # fmt: skip
MIDDLE_NAMES = ("AMOSTRA", "MODELO", "ENSAIO", "RASCUNHO", "FICTÍCIO", "PROVA", "ESBOÇO")
TRADES = (
    "PADARIA", "OFICINA", "MERCEARIA", "PAPELARIA", "CLÍNICA", "ACADEMIA", "FARMÁCIA", "SERRALHERIA", "LIVRARIA",
    "FLORICULTURA", "HOTEL", "GRÁFICA", "TRANSPORTADORA",
)  # fmt: skip
TRADE_NAMES = ("ALFA", "BETA", "GAMA", "DELTA", "ÔMEGA", "SIGMA", "KAPA")
STREET_TYPES = ("RUA", "AVENIDA", "TRAVESSA", "PRAÇA", "ALAMEDA", "RODOVIA")
STREETS = ("DO EXEMPLO", "DA AMOSTRA", "DOS MODELOS", "DO ENSAIO", "DA DEMONSTRAÇÃO", "DO RASCUNHO", "DOS TESTES")
DISTRICTS = ("CENTRO", "JARDIM EXEMPLO", "VILA MODELO", "BAIRRO DA AMOSTRA", "PARQUE DO ENSAIO", "DISTRITO FICTÍCIO")
COMPLEMENTS = ("", "", "", "APTO 101", "CASA 2", "SALA 12", "FUNDOS")
LONG_STREET = "DESEMBARGADOR EXEMPLO MODELO DE AMOSTRA FICTÍCIA E DEMONSTRAÇÃO DOS ENSAIOS"
LONG_DISTRICT = "LOTEAMENTO RESIDENCIAL PARQUE DAS AMOSTRAS FICTÍCIAS SEGUNDA ETAPA"

STATUSES = {
    "servico_habilitado": "Serviço Habilitado",
    "suspenso_debito": "Suspenso por Débito",
    "suspenso_parcialmente": "Suspenso Parcialmente",
    "suspenso_pedido_cliente": "Suspenso a Pedido do Cliente",
    "cancelado": "Cancelado",
}
PLANS = {
    "pf": (("100 MEGA", "79.90"), ("300 MEGA", "99.90"), ("500 MEGA", "119.90"), ("1 GIGA", "199.00")),
    "pj": (("500 MEGA EMPRESA", "259.90"), ("1 GIGA EMPRESA", "459.90"), ("LINK DEDICADO", "1890.50")),
}


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice to write, in days before today (negative: after today)."""

    late: int
    amount: str | None = "119.90"
    paid: str | None = None
    paid_ago: int | None = None
    credited_ago: int | None = None
    agreement: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A subscription to write, with its invoices."""

    status: str
    bills: Sequence[Bill]
    plan: tuple[str, str] = ("500 MEGA", "119.90")


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer to write. `meaning` is the purpose of a named customer."""

    name: str
    services: Sequence[Service]
    meaning: str = ""
    person: Person = "pf"
    alphanumeric: bool = False
    age: int | Literal["unknown", "blank"] = 13_000
    city: str = HOME
    blank: Sequence[str] = ()
    long_names: bool = False
    billing_address: bool = True
    hold: str | None = None


def overdue(*days: int, amount: str = "119.90", agreement: str | None = None) -> tuple[Bill, ...]:
    """One unpaid invoice for each number of days late."""
    return tuple(Bill(late=late, amount=amount, agreement=agreement) for late in days)


def paid(*days: int, amount: str = "119.90") -> tuple[Bill, ...]:
    """Invoices paid on their due date and credited the day after."""
    return tuple(Bill(late=late, amount=amount, paid=amount, paid_ago=late, credited_ago=late - 1) for late in days)


def suspended(*bills: Bill) -> tuple[Service, ...]:
    """One subscription suspended for debt."""
    return (Service("suspenso_debito", bills),)


def cancelled(*bills: Bill) -> tuple[Service, ...]:
    """One terminated subscription, as Anatel's rules require before an inclusion."""
    return (Service("cancelado", bills),)


NAMED_CUSTOMERS = (
    Customer(
        "MARINA TESTE DA SILVA",
        cancelled(*paid(150, 120), *overdue(90, 60, 45)),
        "PF without any finding: adult, full address, terminated subscription, overdue 90, 60 and 45 days",
    ),
    Customer(
        "PADARIA EXEMPLO LTDA",
        (Service("cancelado", (*paid(165), *overdue(105, 75, 45, amount="459.90")), PLANS["pj"][1]),),
        "PJ without any finding: numeric CNPJ, terminated subscription, overdue 105, 75 and 45 days",
        person="pj",
    ),
    Customer(
        "OFICINA ALFA EXEMPLO LTDA",
        (Service("cancelado", (*paid(130), *overdue(100, 70, amount="259.90")), PLANS["pj"][0]),),
        "PJ without any finding but an alphanumeric CNPJ, overdue 100 and 70 days",
        person="pj",
        alphanumeric=True,
    ),
    Customer("LUCAS MENOR TESTE", suspended(*overdue(80, 50)), "PF of 15 years", age=5_600),
    Customer("NAIR SEM NASCIMENTO TESTE", suspended(*overdue(70)), "birth date unknown (1969-12-31)", age="unknown"),
    Customer("ODETE SEM CEP TESTE", suspended(*overdue(66, 36)), "address without CEP", blank=("cep",)),
    Customer("PEDRO SEM NÚMERO TESTE", suspended(*overdue(64)), "address without number", blank=("numero",)),
    Customer(
        "HOTEL SEM ESTADO EXEMPLO LTDA",
        suspended(*overdue(62, amount="459.90")),
        "PJ, address without UF",
        person="pj",
        blank=("estado", "uf"),
    ),
    Customer(
        "MARIA ANTONIETA DO RIO PRETO TESTE",
        suspended(*overdue(95, 65)),
        "city of 21 letters, long street and district",
        city=LONG_CITY,
        long_names=True,
    ),
    Customer(
        "COMÉRCIO DE AMOSTRAS FICTÍCIAS E DEMONSTRAÇÕES INDUSTRIAIS DO INTERIOR BRASILEIRO EXEMPLO LTDA",
        suspended(*overdue(85, amount="1890.50")),
        "PJ with a long name, city, street and district",
        person="pj",
        city="Campos dos Goytacazes",
        long_names=True,
    ),
    Customer("ANTÔNIO FALECIDO TESTE", suspended(*overdue(120, 90)), "hold: deceased", hold="falecimento"),
    Customer("BEATRIZ CONTESTA TESTE", suspended(*overdue(58)), "hold: the debt is disputed", hold="contestacao"),
    Customer(
        "PREFEITURA DE EXEMPLO",
        (Service("servico_habilitado", overdue(140, 110, amount="1890.50"), PLANS["pj"][2]),),
        "PJ, hold: public body",
        person="pj",
        hold="orgao_publico",
    ),
    Customer("CÉSAR LIMINAR TESTE", suspended(*overdue(150)), "hold: court order", hold="ordem_judicial"),
    Customer(
        "DALVA ACORDO TESTE",
        suspended(*overdue(110, 80, agreement="em_andamento"), *overdue(20)),
        "two overdue invoices under a running agreement, a third outside it",
    ),
    Customer(
        "EDSON ACORDO QUEBRADO TESTE",
        suspended(*overdue(160, 130, agreement="quebrado")),
        "overdue invoices of a broken agreement",
    ),
    Customer(
        "FLORA ACORDO CUMPRIDO TESTE",
        (
            Service(
                "servico_habilitado",
                (
                    Bill(200, paid="119.90", paid_ago=30, credited_ago=29, agreement="cumprido"),
                    Bill(170, paid="119.90", paid_ago=30, credited_ago=29, agreement="cumprido"),
                    Bill(-6),
                ),
            ),
        ),
        "invoices paid through an agreement that was fulfilled",
    ),
    Customer(
        "GILDA AGRUPADA TESTE",
        (
            Service("suspenso_debito", overdue(88, 57)),
            Service("suspenso_debito", overdue(40, amount="79.90"), PLANS["pf"][0]),
        ),
        "grouping: two overdue invoices of one subscription, one of another",
    ),
    Customer(
        "HÉLIO DOZE FATURAS TESTE",
        suspended(*overdue(*range(345, 14, -MONTH))),
        "twelve overdue invoices of one subscription, 345 to 15 days",
    ),
    Customer(
        "GRÁFICA ANTIGA EXEMPLO LTDA",
        cancelled(*overdue(1_990, 1_960, 1_930, amount="259.90")),
        "PJ whose debts are older than five years",
        person="pj",
    ),
    Customer(
        "ISAURA QUASE CINCO ANOS TESTE",
        cancelled(*overdue(1_811)),
        "debt 15 days before its five years: inside the safety margin",
    ),
    Customer(
        "JAIR PARCIAL TESTE",
        suspended(Bill(75, paid="50.00", paid_ago=10, credited_ago=9), *overdue(45)),
        "an invoice paid in part (50.00 of 119.90), another unpaid",
    ),
    Customer(
        "LIVRARIA SEM CRÉDITO EXEMPLO LTDA",
        suspended(Bill(70, "259.90", paid="259.90", paid_ago=3), *overdue(40, amount="259.90")),
        "PJ with an invoice paid 3 days ago whose data_credito is null",
        person="pj",
    ),
    Customer(
        "KÁTIA SEM VALOR TESTE",
        suspended(Bill(68, amount=None), Bill(38, amount=None), *overdue(12)),
        "two overdue invoices whose valor is null",
    ),
    Customer(
        "LEILA PAGOU ONTEM TESTE",
        suspended(Bill(63, paid="123.47", paid_ago=1, credited_ago=-2), *overdue(33)),
        "an invoice paid yesterday with charges (123.47), available in 2 days",
    ),
    Customer(
        "MÁRIO VENCE HOJE TESTE",
        (Service("servico_habilitado", (*overdue(1), Bill(0), Bill(-1))),),
        "invoices due yesterday, today and tomorrow",
    ),
    Customer(
        "NEUZA CENTAVOS TESTE",
        suspended(*overdue(90, 60, amount="8.50")),
        "overdue invoices below the Serasa PEFIN minimum (8.50)",
    ),
    Customer("OLAVO NASCIMENTO VAZIO TESTE", suspended(*overdue(55)), "birth date null", age="blank"),
    Customer(
        "PALMIRA SEM COBRANÇA TESTE",
        suspended(*overdue(78)),
        "endereco_cobranca null: only endereco_cadastral is filled",
        billing_address=False,
    ),
    Customer(
        "RAUL QUATROCENTOS DIAS TESTE",
        suspended(*overdue(400)),
        "overdue 400 days, subscription suspended and not terminated",
    ),
)


class Chance:
    """Choices by a seeded generator; `random()` alone keeps its sequence over Python's versions."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - fictitious data, the same in every run

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def percent(self, chance: int) -> bool:
        """True with a probability in percent."""
        return self.below(100) < chance


def other_customers(chance: Chance) -> Iterator[Customer]:
    """The customers without a purpose of their own."""
    count = CUSTOMERS - len(NAMED_CUSTOMERS)
    companies = COMPANIES - sum(customer.person == "pj" for customer in NAMED_CUSTOMERS)
    company = 0
    for number in range(count):
        if (number + 1) * companies // count == company:
            yield _person(chance, number)
        else:
            yield _company(chance, company, number)
            company += 1


def _person(chance: Chance, number: int) -> Customer:
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    middle = MIDDLE_NAMES[number // len(FIRST_NAMES) % len(MIDDLE_NAMES)]
    age: int | Literal["unknown", "blank"] = chance.between(7_300, 29_000)
    if chance.percent(6):
        age = "unknown"
    return Customer(f"{first} {middle} TESTE", _services(chance, "pf"), age=age, city=PLACES[number % len(PLACES)].city)


def _company(chance: Chance, number: int, place: int) -> Customer:
    trade = TRADES[number % len(TRADES)]
    name = TRADE_NAMES[(number // len(TRADES) + number % len(TRADES)) % len(TRADE_NAMES)]
    return Customer(
        f"{trade} {name} EXEMPLO LTDA",
        _services(chance, "pj"),
        person="pj",
        alphanumeric=number % ALPHANUMERIC_EVERY == 0,
        city=PLACES[place % len(PLACES)].city,
    )


def _services(chance: Chance, person: Person) -> tuple[Service, ...]:
    lot = chance.below(100)
    count = 1 if lot < 70 else 2 if lot < 92 else 3  # noqa: PLR2004 - percents
    return tuple(_service(chance, person) for _ in range(count))


def _service(chance: Chance, person: Person) -> Service:
    plan = PLANS[person][chance.below(len(PLANS[person]))]
    price = plan[1]
    lot = chance.below(100)
    if lot < 50:  # noqa: PLR2004 - percents: pays on time
        next_due = chance.between(1, MONTH)
        status = "suspenso_pedido_cliente" if chance.percent(4) else "servico_habilitado"
        return Service(status, (*_paid_before(chance, next_due, price, 4), Bill(-next_due, price)), plan)
    if lot < 88:  # noqa: PLR2004 - percents: owes
        newest = chance.between(1, MONTH)
        oldest = newest + MONTH * chance.below(4)
        bills = (*_paid_before(chance, -oldest, price, 2), *overdue(*range(oldest, 0, -MONTH), amount=price))
        soon = Bill(newest - MONTH - 1, price)
        status = "servico_habilitado" if oldest <= MONTH else "suspenso_debito"
        if status == "suspenso_debito" and chance.percent(15):
            status = "suspenso_parcialmente"
        return Service(status, (*bills, soon), plan)
    oldest = chance.between(1_860, 2_100) if chance.percent(12) else chance.between(60, 400)
    bills = _paid_before(chance, -oldest, price, 2)
    return Service("cancelado", (*bills, *(overdue(oldest, amount=price) if chance.percent(75) else ())), plan)


def _paid_before(chance: Chance, next_due: int, price: str, count: int) -> tuple[Bill, ...]:
    """Invoices of the months before the one that is due in `next_due` days, paid about their due dates."""
    bills = []
    for months in range(count, 0, -1):
        late = MONTH * months - next_due
        paid_ago = max(1, late - chance.between(-3, 9))
        credited_ago = None if chance.percent(12) else paid_ago - chance.between(0, 2)
        bills.append(Bill(late, price, paid=price, paid_ago=paid_ago, credited_ago=credited_ago))
    return tuple(bills)


class Provider:
    """The provider's file as it grows: each customer with its subscriptions, invoices, hold and agreement."""

    def __init__(self, today: date) -> None:
        """Start an empty file whose dates are relative to `today`."""
        self.today = today
        self.customers: list[Record] = []
        self.invoices: list[Record] = []
        self.holds: list[Record] = []
        self.agreements: list[Record] = []
        self._subscription = FIRST_SUBSCRIPTION
        self._invoice = FIRST_INVOICE

    def add(self, customer: Customer) -> None:
        """Write one customer, with the next ids."""
        number = len(self.customers)
        id_customer = FIRST_CUSTOMER + number
        record = self._customer(customer, id_customer)
        self.customers.append(record)
        if customer.hold:
            self.holds.append({"id_cliente": id_customer, "motivo": customer.hold})
        for plan_number, service in enumerate(customer.services, start=1):
            services = record["servicos"]
            assert isinstance(services, list)  # noqa: S101 - created as a list above
            services.append(self._service(customer, service, plan_number, number))
            self._bills(record, service.bills)
            self._subscription += 1

    def as_file(self) -> Record:
        """The whole file."""
        special = {str(FIRST_CUSTOMER + n): customer.meaning for n, customer in enumerate(NAMED_CUSTOMERS)}
        return {
            "_about": {"what": ABOUT, "special_customers": special},
            "empresa": {
                "documento": cnpj(PROVIDER),
                "nome_razaosocial": "PROVEDOR EXEMPLO LTDA",
                "nome_fantasia": "PROVEDOR EXEMPLO",
                "uf": PLACES[0].uf,
                "cidade": PLACES[0].city,
            },
            "hoje": self.today.isoformat(),
            "clientes": self.customers,
            "faturas": self.invoices,
            "nao_negativar": self.holds,
            "acordos": self.agreements,
        }

    def _customer(self, customer: Customer, id_customer: int) -> Record:
        number = id_customer - FIRST_CUSTOMER
        place = _place(customer.city)
        return {
            "id_cliente": id_customer,
            "codigo_cliente": 501 + number,
            "nome_razaosocial": customer.name,
            "nome_fantasia": customer.name.partition(" EXEMPLO")[0] if customer.person == "pj" else None,
            "tipo_pessoa": customer.person,
            "cpf_cnpj": _document(customer, id_customer),
            "telefone_primario": f"{place.area_code}90000{id_customer}",
            "email_principal": f"cliente{id_customer}@example.org" if (number + 1) % 9 else None,
            "data_cadastro": f"{self._day(2_400 - 3 * number)} 00:00:00",
            "data_nascmento": self._birth(customer, number),
            "servicos": [],
        }

    def _birth(self, customer: Customer, number: int) -> str | None:
        if customer.person == "pj" or customer.age == "blank":
            return None
        if customer.age == "unknown":
            return "1969-12-31 00:00:00"
        born = self.today - timedelta(days=customer.age)
        return born.strftime(("%Y-%m-%d 00:00:00", "%Y-%m-%d 00:00:00", "%Y-%m-%d", "%d/%m/%Y")[number % 4])

    def _service(self, customer: Customer, service: Service, plan_number: int, number: int) -> Record:
        price = Decimal(service.plan[1])
        registered = _address(customer, number)
        # Billing addresses come in upper case and without the hyphen, as in the vendor's samples.
        billing = registered | {
            "cidade": str(registered["cidade"]).upper(),
            "cep": str(registered["cep"]).replace("-", "") if registered["cep"] else None,
        }
        return {
            "id_cliente_servico": self._subscription,
            "numero_plano": plan_number,
            "nome": service.plan[0],
            "valor": float(price) if number % 3 else str(price),
            "status": STATUSES[service.status],
            "status_prefixo": service.status,
            "endereco_cadastral": registered,
            "endereco_cobranca": billing if customer.billing_address else None,
        }

    def _bills(self, customer: Record, bills: Sequence[Bill]) -> None:
        agreements: dict[str, list[int]] = {}
        for bill in bills:
            if bill.agreement:
                agreements.setdefault(bill.agreement, []).append(self._invoice)
            self.invoices.append(self._bill(customer, bill))
            self._invoice += 1
        for status, invoices in agreements.items():
            agreement = FIRST_AGREEMENT + len(self.agreements)
            self.agreements.append({"id_acordo": agreement, "id_faturas": invoices, "status": status})

    def _bill(self, customer: Record, bill: Bill) -> Record:
        turn = self._invoice
        brazilian = turn % 4 == 0
        return {
            "id_fatura": self._invoice,
            "id_cliente_servico": self._subscription,
            "nosso_numero": str(1_840_000 + self._invoice),
            "data_vencimento": self._day(bill.late, brazilian=brazilian),
            "data_pagamento": self._day(bill.paid_ago, brazilian=brazilian),
            "data_credito": self._day(bill.credited_ago, brazilian=brazilian),
            "valor": _amount(bill.amount, turn),
            "valor_pago": _amount(bill.paid, turn + 1),
            "tipo_cobranca": "boleto_bancario",
            "empresa": {"documento": cnpj(PROVIDER)},
            "cliente": {key: customer[key] for key in ("id_cliente", "cpf_cnpj")},
        }

    def _day(self, ago: int | None, *, brazilian: bool = False) -> str | None:
        if ago is None:
            return None
        return (self.today - timedelta(days=ago)).strftime("%d/%m/%Y" if brazilian else "%Y-%m-%d")


def _amount(amount: str | None, turn: int) -> str | float | None:
    """The ways in which the vendor's endpoints write one amount: "119.9", "119.90", 119.9."""
    if amount is None:
        return None
    match turn % 3:
        case 0:
            return float(amount)
        case 1:
            return amount
        case _:
            return amount.rstrip("0").rstrip(".") if "." in amount else amount


def _address(customer: Customer, number: int) -> Record:
    place = _place(customer.city)
    estado, uf = _state(place, number)
    address: Record = {
        "logradouro": STREET_TYPES[number % len(STREET_TYPES)],
        "endereco": LONG_STREET if customer.long_names else STREETS[number % len(STREETS)],
        "numero": str(100 + number),
        "complemento": COMPLEMENTS[number % len(COMPLEMENTS)],
        "bairro": LONG_DISTRICT if customer.long_names else DISTRICTS[number % len(DISTRICTS)],
        "cep": f"{place.postal_prefix + number % 5:05d}-{number % 200:03d}",
        "cidade": place.city,
        "estado": estado,
        "uf": uf,
    }
    return address | {field: None if field in {"cep", "estado", "uf"} else "" for field in customer.blank}


def _state(place: Place, number: int) -> tuple[str | None, str | None]:
    """`estado` and `uf`: the vendor swaps them, and writes names in upper case with odd accents."""
    bare = "".join(mark for mark in unicodedata.normalize("NFD", place.state) if not unicodedata.combining(mark))
    # PHP's strtoupper leaves accented letters as they are: "SãO PAULO".
    half_upper = "".join(letter.upper() if letter.isascii() else letter for letter in place.state)
    return (
        (place.uf, place.state.upper()),
        (place.state, place.uf),
        (place.uf, half_upper),
        (place.uf, place.uf),
        (bare.upper(), place.uf),
        (None, place.state.upper().replace("Ã", "Â")),
        (place.uf, ""),
    )[number % 7]


def _place(city: str) -> Place:
    return next(place for place in PLACES if place.city == city)


def _document(customer: Customer, id_customer: int) -> str:
    if customer.person == "pf":
        return cpf(f"900{id_customer:06d}")
    if customer.alphanumeric:
        return cnpj(f"TESTE{id_customer - FIRST_CUSTOMER + 1:03d}0001")
    return cnpj(f"99{id_customer:06d}0001")


def cpf(base: str) -> str:
    """A CPF of nine digits and their two check digits."""
    for _ in range(2):
        weighted = sum(int(digit) * weight for digit, weight in zip(reversed(base), range(2, 12), strict=False))
        base += str(weighted * 10 % 11 % 10)
    return base


def cnpj(base: str) -> str:
    """A CNPJ of twelve letters or digits and their two check digits (a character counts as its ASCII code - 48)."""
    for _ in range(2):
        weighted = sum((ord(mark) - 48) * (2 + place % 8) for place, mark in enumerate(reversed(base)))
        base += str(-weighted % 11 % 10)
    return base


def make(today: date) -> Record:
    """The whole file for one day."""
    provider = Provider(today)
    for customer in (*NAMED_CUSTOMERS, *other_customers(Chance(SEED))):
        provider.add(customer)
    return provider.as_file()


def as_text(content: Record) -> str:
    """JSON with one record per line."""
    parts = []
    for key, value in content.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in value)
            parts.append(f'"{key}": [\n{lines}\n]')
        else:
            parts.append(f'"{key}": {json.dumps(value, ensure_ascii=False, indent=1)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Write the file, by the command line."""
    parser = argparse.ArgumentParser(description="Write a made-up internet provider in HubSoft's shape.")
    parser.add_argument(
        "--today", type=date.fromisoformat, required=True, help="the day that all dates are relative to"
    )
    parser.add_argument("--output", type=Path, required=True, help="the JSON file to write")
    wanted = parser.parse_args()
    text = as_text(make(wanted.today))
    wanted.output.write_text(text, encoding="utf-8", newline="\n")
    print(f"{wanted.output}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
