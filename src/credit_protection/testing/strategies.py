"""Hypothesis strategies for authors of hosts, gateways and guards: made-up people, debts and payments.

What they give is consistent: check digits are right, an overdue invoice is overdue, a negativation is in a state that
can be. docs/testing.md shows them at work::

    from hypothesis import given
    from credit_protection.testing.strategies import customers

    @given(customers())
    def test_my_host_keeps_a_customer_whole(customer): ...

All of them shrink: a failing example is shown with the simplest person, debt or payment that still fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.capabilities import (
    AnswerKind,
    Capabilities,
    FieldLimit,
    Overflow,
    Pace,
    Registry,
    RemovalKey,
)
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj, Cpf, PersonType
from credit_protection.domain.guards import Candidate, GuardSettings, TelecomGuard
from credit_protection.domain.integrations import Environment, Integration, ReuseMode, ReuseWindow
from credit_protection.domain.legal_calendar import BusinessCalendar, RemovalCause, removal_deadline
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Action,
    Block,
    Desired,
    NegativatedInvoice,
    Negativation,
    Observed,
    Transmission,
    Unanswered,
    settle,
)
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalTrigger, Trigger
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.domain.transmissions import claim, is_claimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from credit_protection.domain.documents import Document
    from credit_protection.domain.settlements import Entry

TODAY = date(2026, 9, 15)
"""The day that the strategies take for today unless told otherwise: a Tuesday, no holiday."""

NOW = datetime(2026, 9, 15, 15, 0, tzinfo=UTC)
"""An instant of that day: noon in São Paulo."""

NATURE = InclusionNature("1", "Devedor (PF/PJ)", frozenset(PersonType))
"""The nature that `candidates` asks for."""

BALANCE = Money(119_90)
"""What an invoice owes in `settlements` and `ledgers` unless told otherwise."""

_CENT, _MOST = Money(1), Money(100_000_00)
_DIGITS = "0123456789"
_POSITIONS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIRST_NAMES = ("Ana", "Bento", "Célia", "Davi", "Íris", "João", "Lúcia", "Otávio", "Rui", "Zuleica")
_SURNAMES = ("da Silva", "dos Anjos", "Gonçalves", "Moura", "Pão de Ló", "Quintanilha", "Sá", "Tupinambá", "Yamashita")
_TRADES = ("Padaria", "Oficina Mecânica", "Farmácia", "Mercearia", "Construtora", "Papelaria")
_STREETS = ("Rua das Acácias", "Avenida Brasil", "Travessa do Comércio", "Rua Doutor Pedro Álvares", "Praça da Sé")
_DISTRICTS = ("Centro", "Jardim América", "Vila Nova", "Boa Vista", "Distrito Industrial")
_CITIES = (
    ("Osasco", "SP", "06010"),
    ("São José do Rio Preto", "SP", "15015"),
    ("Mossoró", "RN", "59600"),
    ("Santa Bárbara d'Oeste", "SP", "13450"),
    ("Cuiabá", "MT", "78005"),
    ("Picos", "PI", "64600"),
    ("Olinda", "PE", "53010"),
)
_FIXED_HOLIDAYS = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25))
_NEEDED_PARTS = ("street", "number", "district", "city", "state", "postal_code")
_LIMITED_FIELDS = ("name", "street", "number", "complement", "district", "city")


# ------------------------------------------------------------------------------------------------ documents and money


def cpf() -> SearchStrategy[Cpf]:
    """A CPF with right check digits; never eleven times the same digit."""
    return _numbers(_DIGITS, 9).map(lambda base: Cpf(base + _check_digits(base, (10, 11), 11)))


def cnpj() -> SearchStrategy[Cnpj]:
    """A CNPJ of digits alone, with right check digits."""
    return _numbers(_DIGITS, 12).map(_with_cnpj_digits)


def alphanumeric_cnpj() -> SearchStrategy[Cnpj]:
    """A CNPJ with at least one letter, as given out since July 2026."""
    return (
        st.tuples(_numbers(_POSITIONS, 12), st.integers(0, 11), st.sampled_from(_POSITIONS[10:]))
        .map(lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :])
        .map(_with_cnpj_digits)
    )


def documents(person_type: PersonType | None = None) -> SearchStrategy[Document]:
    """A CPF or a CNPJ, the latter with or without letters.

    Args:
        person_type: PF for a CPF, PJ for a CNPJ; None for either.
    """
    if person_type is PersonType.PF:
        return cpf()
    legal = cnpj() | alphanumeric_cnpj()
    return legal if person_type is PersonType.PJ else cpf() | legal


def money(minimum: Money = _CENT, maximum: Money = _MOST) -> SearchStrategy[Money]:
    """An amount in BRL.

    Args:
        minimum: the least, one cent unless told.
        maximum: the most, R$ 100.000,00 unless told.
    """
    return st.integers(minimum.cents, maximum.cents).map(Money)


def _numbers(alphabet: str, length: int) -> SearchStrategy[str]:
    """Positions before the check digits; never all alike, for no such document exists."""

    def written(number: int) -> str:
        positions = ""
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            positions = alphabet[digit] + positions
        return positions if len(set(positions)) > 1 else positions[:-1] + ("1" if positions[-1] != "1" else "2")

    return st.integers(0, len(alphabet) ** length - 1).map(written)


def _with_cnpj_digits(base: str) -> Cnpj:
    return Cnpj(base + _check_digits(base, (5, 6), 9))


def _check_digits(base: str, first_weights: Sequence[int], highest: int) -> str:
    """Two check digits, module 11.

    A position counts its ASCII value less 48; weights fall from the first to 2, and then on from `highest`.
    """
    digits = ""
    for first in first_weights:
        weight, checksum = first, 0
        for position in base + digits:
            checksum += (ord(position) - 48) * weight
            weight = weight - 1 if weight > 2 else highest  # noqa: PLR2004 - the smallest weight
        rest = checksum % 11
        digits += str(11 - rest if rest > 1 else 0)
    return digits


# ------------------------------------------------------------------------------------------------ what a host owns


def addresses(*, complete: bool = True) -> SearchStrategy[Address]:
    """A Brazilian address whose city, UF and CEP belong together.

    Args:
        complete: all parts that an inclusion needs are there; else any of them may be empty.
    """

    def address(
        street: str, number: str, complement: str, district: str, place: tuple[str, str, str], suffix: int
    ) -> Address:
        city, state, prefix = place
        return Address(street, number, complement, district, city, state, f"{prefix}{suffix:03d}")

    whole = st.builds(
        address,
        street=st.sampled_from(_STREETS),
        number=st.integers(1, 9999).map(str) | st.just("S/N"),
        complement=st.sampled_from(("", "Casa 2", "Bloco B, apto 31")),
        district=st.sampled_from(_DISTRICTS),
        place=st.sampled_from(_CITIES),
        suffix=st.integers(0, 999),
    )
    if complete:
        return whole
    lacking = st.frozensets(st.sampled_from(_NEEDED_PARTS))
    return st.builds(lambda kept, parts: replace(kept, **dict.fromkeys(parts, "")), whole, lacking)


def customers(person_type: PersonType | None = None, *, complete: bool = True) -> SearchStrategy[Customer]:
    """A customer: a person with a CPF or a company with a CNPJ of digits.

    Args:
        person_type: PF or PJ; None for either.
        complete: name, whole address and (PF) the birth date of an adult are there; else any of them may lack. The
            document is valid either way.
    """
    if person_type is None:
        return customers(PersonType.PF, complete=complete) | customers(PersonType.PJ, complete=complete)
    lacking = st.nothing() if complete else st.just("")
    if person_type is PersonType.PF:
        names = st.builds("{} {}".format, st.sampled_from(_FIRST_NAMES), st.sampled_from(_SURNAMES))
        births = st.dates(date(1930, 1, 1), date(2005, 12, 31)) | (st.nothing() if complete else st.none())
        numbers = cpf().map(lambda document: document.value)
    else:
        names = st.builds("{} {} Ltda".format, st.sampled_from(_TRADES), st.sampled_from(_SURNAMES))
        births = st.none()
        numbers = cnpj().map(lambda document: document.value)
    return st.builds(
        Customer,
        id=_ids("c"),
        name=names | lacking,
        document=numbers,
        address=addresses(complete=complete),
        birth_date=births,
        email=st.sampled_from(("", "pessoa@exemplo.com.br")),
        phone=st.sampled_from(("", "17999990000")),
    )


def subscriptions(
    customer_id: str = "c1", status: SubscriptionStatus | None = None, today: date = TODAY
) -> SearchStrategy[Subscription]:
    """A subscription (serviço do cliente); a terminated one tells since when.

    Args:
        customer_id: whose.
        status: where it stands; None for any.
        today: the creditor's date.
    """

    def subscription(number: str, standing: SubscriptionStatus, days_ago: int) -> Subscription:
        ended = today - timedelta(days=days_ago) if standing is SubscriptionStatus.TERMINATED else None
        return Subscription(number, customer_id, "Fibra 500 Mb", standing, ended)

    standings = st.sampled_from(SubscriptionStatus) if status is None else st.just(status)
    return st.builds(subscription, _ids("s"), standings, st.integers(0, 400))


def invoices(customer_id: str = "c1", subscription_id: str = "s1", today: date = TODAY) -> SearchStrategy[Invoice]:
    """An invoice in any standing: to come, overdue, paid, credited, cancelled, in an agreement; balance as it must be.

    Args:
        customer_id: whose.
        subscription_id: of which serviço do cliente.
        today: the creditor's date.
    """

    def invoice(number: int, days_late: int, amount: Money, status: InvoiceStatus, kept: int) -> Invoice:
        due = today - timedelta(days=days_late)
        owed = status in {InvoiceStatus.OPEN, InvoiceStatus.IN_AGREEMENT}
        return Invoice(
            id=str(number),
            customer_id=customer_id,
            subscription_id=subscription_id,
            number=f"F-{number}",
            due_date=due,
            amount=amount,
            balance=Money(max(amount.cents * kept // 100, 1)) if owed else ZERO,
            status=status,
            paid_on=min(due, today) if status is InvoiceStatus.PAID else None,
        )

    return st.builds(
        invoice,
        st.integers(1, 999_999),
        st.integers(-60, 6 * 365),
        money(),
        st.sampled_from(InvoiceStatus),
        st.sampled_from((100, 40)),
    )


def overdue_invoices(
    today: date = TODAY, customer_id: str = "c1", subscription_id: str = "s1"
) -> SearchStrategy[Invoice]:
    """An open invoice that may be negativated: due ten days to four years ago, perhaps partly paid.

    Args:
        today: the creditor's date.
        customer_id: whose.
        subscription_id: of which serviço do cliente.
    """

    def invoice(number: int, days_late: int, amount: Money, percent_open: int) -> Invoice:
        balance = Money(max(amount.cents * percent_open // 100, 1))
        due = today - timedelta(days=days_late)
        return Invoice(str(number), customer_id, subscription_id, f"F-{number}", due, amount, balance)

    return st.builds(
        invoice,
        st.integers(1, 999_999),
        st.integers(10, 4 * 365),
        money(minimum=Money(10_00)),
        st.sampled_from((100, 40)),
    )


def _ids(prefix: str) -> SearchStrategy[str]:
    return st.integers(1, 9_999).map(lambda number: f"{prefix}{number}")


# ------------------------------------------------------------------------------------------------ what a bureau sells


def natures(person_type: PersonType | None = None) -> SearchStrategy[InclusionNature]:
    """A nature of inclusion, with the bureau's mark in its description where there is one.

    Args:
        person_type: one that it admits for sure; None for any nature, unmarked ones too.
    """
    marked = (
        InclusionNature("1", "Devedor (PF)", frozenset({PersonType.PF})),
        InclusionNature("2", "Duplicata (PJ)", frozenset({PersonType.PJ})),
        InclusionNature("3", "Prestação de serviço (PF/PJ)", frozenset(PersonType)),
    )
    unmarked = InclusionNature("4", "Outras operações")
    if person_type is None:
        return st.sampled_from((*marked, unmarked))
    return st.sampled_from([nature for nature in marked if nature.admits(person_type)])


def products(kind: ProductKind | None = None) -> SearchStrategy[Product]:
    """A product of a bureau, offered to operators or not.

    Args:
        kind: query, inclusion or removal; None for any. Only queries ask for inputs.
    """
    if kind is None:
        return st.one_of([products(each) for each in ProductKind])
    extra = st.builds(
        ProductInput, code=_ids("I"), name=st.sampled_from(("Modelo de score", "UF de origem")), required=st.booleans()
    )
    asked = kind is ProductKind.QUERY
    return st.builds(
        Product,
        code=_ids("P"),
        name=st.sampled_from(("Consulta completa", "Consulta simples", "Inclusão", "Baixa")),
        kind=st.just(kind),
        person_types=st.sampled_from([frozenset({each}) for each in PersonType] + [frozenset(PersonType)]),
        inputs=st.lists(extra, max_size=3, unique_by=lambda each: each.code).map(tuple) if asked else st.just(()),
        price=st.none() | money(maximum=Money(50_00)),
        hidden=st.booleans(),
        gone_at=st.none() | st.just(NOW),
    )


def capabilities(registry: Registry | None = None) -> SearchStrategy[Capabilities]:
    """What a gateway declares, in any combination that makes sense: what includes also removes, polling is a look-up.

    Args:
        registry: where its records end up; None for any.
    """

    def sensible(drawn: Capabilities) -> Capabilities:
        return replace(
            drawn,
            remove=drawn.include or drawn.remove,
            polling=drawn.find and drawn.polling,
            includes_pj=drawn.includes_pj or not drawn.includes_pf,
        )

    limits = st.builds(FieldLimit, length=st.integers(20, 60), overflow=st.sampled_from(Overflow))
    return st.builds(
        Capabilities,
        registry=st.sampled_from(Registry) if registry is None else st.just(registry),
        query=st.booleans(),
        include=st.booleans(),
        remove=st.booleans(),
        find=st.booleans(),
        list_records=st.booleans(),
        polling=st.booleans(),
        callback=st.booleans(),
        product_sync=st.booleans(),
        nature_sync=st.booleans(),
        test_environment=st.booleans(),
        answer_kind=st.sampled_from(AnswerKind),
        alphanumeric_cnpj=st.booleans(),
        grouping=st.booleans(),
        removal_key=st.sampled_from(RemovalKey),
        include_is_repeatable=st.booleans(),
        remove_is_repeatable=st.booleans(),
        not_found_is_an_answer=st.booleans(),
        max_processing=st.integers(0, 3600).map(_seconds),
        call_deadline=st.integers(1, 120).map(_seconds),
        minimum_amount=st.sampled_from((ZERO, Money(10_00))),
        field_limits=st.dictionaries(st.sampled_from(_LIMITED_FIELDS), limits, max_size=3),
        includes_pf=st.booleans(),
        includes_pj=st.booleans(),
        poll_pace=st.builds(Pace, first=st.integers(1, 60).map(_seconds), cap=st.integers(60, 3600).map(_seconds)),
    ).map(sensible)


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


# ------------------------------------------------------------------------------------------------ what an operator sets


def actors(*permissions: Permission) -> SearchStrategy[Actor]:
    """A person who works for the creditor, bound to some creditors or to none.

    Args:
        permissions: those that the person has at least.
    """
    return st.builds(
        Actor,
        id=_ids("u"),
        name=st.sampled_from(_FIRST_NAMES),
        permissions=st.frozensets(st.sampled_from(Permission)).map(lambda others: others | frozenset(permissions)),
        creditor_ids=st.none() | st.frozensets(_ids("cr"), max_size=3),
    )


def calendars(today: date = TODAY) -> SearchStrategy[BusinessCalendar]:
    """A creditor's calendar: the national holidays of fixed date, six years back and one ahead, and some local ones.

    Args:
        today: the creditor's date.
    """
    years = range(today.year - 6, today.year + 2)
    national = frozenset(date(year, month, day) for year in years for month, day in _FIXED_HOLIDAYS)
    local = st.frozensets(st.dates(today - timedelta(days=90), today + timedelta(days=90)), max_size=8)
    return local.map(lambda days: BusinessCalendar(national | days))


def guard_settings() -> SearchStrategy[GuardSettings]:
    """Settings of the guards as a creditor may choose them."""
    return st.builds(
        GuardSettings,
        minimum_days_late=st.integers(0, 90),
        age_margin_days=st.integers(0, 180),
        fine_percent=st.sampled_from((Decimal(0), Decimal(2), Decimal("1.5"))),
        monthly_interest_percent=st.sampled_from((Decimal(0), Decimal(1), Decimal("0.33"))),
        creditor_notifies=st.booleans(),
        notice_days=st.integers(0, 45),
        telecom=st.sampled_from(TelecomGuard),
    )


def integrations() -> SearchStrategy[Integration]:
    """A configured integration; its secret is a made-up token, as the vault would have sealed it."""
    return st.builds(
        Integration,
        id=_ids("i"),
        gateway=st.sampled_from(("credito_na_medida", "spc_brasil", "serasa_experian", "asaas")),
        description=st.sampled_from(("Birô da matriz", "Birô da filial")),
        creditor_id=_ids("cr"),
        parameters=st.just({"client_id": "demo-client"}),
        sealed=st.just({"client_secret": "gAAAAAB-made-up"}),
        created_at=st.just(NOW),
        environment=st.sampled_from(Environment),
        active=st.booleans(),
        removal_policy=st.builds(
            RemovalPolicy,
            trigger=st.sampled_from(Trigger),
            tolerance=money(ZERO, Money(5_00)),
            deletion_days=st.integers(0, 5),
        ),
        guards=guard_settings(),
        reuse=st.builds(ReuseWindow, days=st.integers(0, 90), mode=st.sampled_from(ReuseMode)),
        grouped=st.booleans(),
        rate_per_second=st.none() | st.sampled_from((0.5, 5.0)),
        owns_transmission=st.booleans(),
        paused_until=st.none() | st.just(NOW + timedelta(hours=1)),
        failing=st.lists(_ids("n"), max_size=5, unique=True).map(tuple),
        pauses=st.integers(0, 20),
    )


def candidates(person_type: PersonType | None = None, today: date = TODAY) -> SearchStrategy[Candidate]:
    """What a person wants to negativate, with nothing wrong about it.

    The guards find nothing under `Terms` of a gateway without limits, default settings, a calendar, `today` and
    `{NATURE.code: NATURE}`. Break one thing (`dataclasses.replace`) to see one finding.

    Args:
        person_type: PF or PJ; None for either.
        today: the creditor's date.
    """
    one = st.tuples(overdue_invoices(today), st.none() | st.integers(1, 100))
    chosen = st.lists(one, min_size=1, max_size=3, unique_by=lambda pair: pair[0].id)
    return st.builds(
        _candidate, customers(person_type), subscriptions("", SubscriptionStatus.TERMINATED, today), chosen
    )


def _candidate(
    customer: Customer, subscription: Subscription, chosen: Sequence[tuple[Invoice, int | None]]
) -> Candidate:
    """Bring customer, subscription and invoices together; those with a per cent are edited down to it."""
    invoices = tuple(
        replace(invoice, customer_id=customer.id, subscription_id=subscription.id) for invoice, _ in chosen
    )
    amounts = {
        invoice.id: Money(max(invoice.balance.cents * percent // 100, 1)) for invoice, percent in chosen if percent
    }
    return Candidate(customer, replace(subscription, customer_id=customer.id), invoices, NATURE.code, amounts)


# ------------------------------------------------------------------------------------------------ payments


def settlements(invoice_id: str = "1001", balance: Money = BALANCE, today: date = TODAY) -> SearchStrategy[Settlement]:
    """A settlement of an invoice: whole, partial, more than owed, or without an amount; of any kind.

    Args:
        invoice_id: which invoice.
        balance: what it owes, so that some settlements pay it exactly.
        today: the creditor's date: paid within the 60 days before it.
    """

    def settlement(
        number: str,
        kind: SettlementKind,
        days_ago: int,
        amount: Money | None,
        discount: Money,
        days_to_credit: int | None,
        court_order: bool,
    ) -> Settlement:
        paid = today - timedelta(days=days_ago)
        available = None if days_to_credit is None else paid + timedelta(days=days_to_credit)
        return Settlement(number, invoice_id, kind, paid, amount, discount, available, court_order)

    return st.builds(
        settlement,
        _ids("p"),
        st.sampled_from(SettlementKind),
        st.integers(0, 60),
        st.none() | st.just(balance) | money(maximum=balance + balance),
        st.just(ZERO) | money(maximum=balance),
        st.none() | st.integers(0, 32),
        st.sampled_from((False, False, False, True)),
    )


def ledgers(
    invoice_ids: Sequence[str] = ("1001",), balance: Money = BALANCE, today: date = TODAY
) -> SearchStrategy[tuple[Entry, ...]]:
    """What a host may report, in the worst order.

    Settlements, reversals (before their settlement too, or of one that never comes), and exact repeats of both.

    Args:
        invoice_ids: of which invoices.
        balance: what each owes.
        today: the creditor's date.
    """
    one = st.tuples(settlements(invoice_ids[0], balance, today), st.sampled_from(tuple(invoice_ids)), st.booleans())
    paid = st.lists(one, max_size=5, unique_by=lambda drawn: drawn[0].id)
    tombstone = st.sampled_from(((), (Reversal("never-seen", invoice_ids[0], today),)))
    return _ledger(paid, tombstone, st.lists(st.integers(0, 9), max_size=3), today)


@st.composite
def _ledger(
    draw: DrawFn,
    paid: SearchStrategy[list[tuple[Settlement, str, bool]]],
    tombstone: SearchStrategy[tuple[Reversal, ...]],
    repeats: SearchStrategy[list[int]],
    today: date,
) -> tuple[Entry, ...]:
    entries: list[Entry] = list(draw(tombstone))
    for settlement, invoice_id, is_undone in draw(paid):
        entries.append(replace(settlement, invoice_id=invoice_id))
        if is_undone:
            entries.append(Reversal(settlement.id, invoice_id, today))
    repeated = [entries[position % len(entries)] for position in draw(repeats) if entries]
    return tuple(draw(st.permutations([*entries, *repeated])))


# ------------------------------------------------------------------------------------------------ negativations

_ONLY_WHILE_REMOVING = frozenset({Observed.IN_DOUBT_REMOVE, Observed.REMOVING, Observed.GONE})
_ACKNOWLEDGED = _ONLY_WHILE_REMOVING | {Observed.INCLUDING, Observed.PRESENT}


def negativations(
    gateway: Capabilities | None = None,
    observed: Observed | None = None,
    desired: Desired | None = None,
    today: date = TODAY,
) -> SearchStrategy[Negativation]:
    """A negativation in any state that can be: claims, doubts, acknowledgement and transmission agree with it.

    Args:
        gateway: of which gateway, since the next action depends on it; None for one that can look records up.
        observed: what the bureau is known to hold; None for any.
        desired: what the creditor wants; None for any that goes with `observed`.
        today: the creditor's date, for the deadlines.
    """
    pairs = [
        (seen, wanted)
        for seen in Observed
        for wanted in Desired
        if observed in {None, seen}
        and desired in {None, wanted}
        and not (seen in _ONLY_WHILE_REMOVING and wanted is Desired.INCLUDED)
    ]
    spoken_to = Capabilities(Registry.SPC) if gateway is None else gateway
    most = 3 if spoken_to.grouping else 1
    lives = st.builds(
        _Life,
        pair=st.sampled_from(pairs),
        number=st.integers(1, 999_999),
        name=st.sampled_from(_FIRST_NAMES),
        document=documents(),
        invoices=st.lists(overdue_invoices(today), min_size=1, max_size=most, unique_by=lambda invoice: invoice.id),
        age=st.integers(2, 300).map(lambda days: timedelta(days=days)),
        answered_after=st.integers(1, 1440).map(lambda minutes: timedelta(minutes=minutes)),
        causes=st.lists(st.sampled_from(RemovalCause), min_size=1, max_size=3, unique=True),
        days_unwanted=st.integers(0, 10),
        inclusions=st.integers(1, 2),
        was_sent=st.booleans(),
        is_adopted=st.booleans(),
        days_to_publication=st.integers(-30, 20),
        is_estimated=st.booleans(),
        grip=st.sampled_from(_Grip),
    )
    return lives.map(lambda life: life.lived(spoken_to, today))


class _Grip(Enum):
    """Who has the transmission in hand."""

    NOBODY = auto()
    WORKER = auto()
    PERSON = auto()


_IN_FLIGHT = {
    (Observed.IN_DOUBT_INCLUDE, Desired.INCLUDED): Observed.ABSENT,
    (Observed.IN_DOUBT_REMOVE, Desired.REMOVED): Observed.PRESENT,
}
"""A claimed inclusion or removal whose call is running: what was known before the claim."""

_CHOSEN = {
    RemovalCause.PERSON: RemovalReason.CREDITOR_REQUEST,
    RemovalCause.COURT: RemovalReason.COURT_ORDER,
}
"""What a person asks for, and as what."""


@dataclass(frozen=True)
class _Life:
    """What is drawn of a negativation; all the rest follows from it."""

    pair: tuple[Observed, Desired]
    number: int
    name: str
    document: Document
    invoices: list[Invoice]
    age: timedelta
    answered_after: timedelta
    causes: list[RemovalCause]
    days_unwanted: int
    inclusions: int
    was_sent: bool
    is_adopted: bool
    days_to_publication: int
    is_estimated: bool
    grip: _Grip

    def lived(self, gateway: Capabilities, today: date) -> Negativation:
        """The negativation."""
        in_flight = self.grip is _Grip.WORKER and self.pair in _IN_FLIGHT
        observed = _IN_FLIGHT[self.pair] if in_flight else self.pair[0]
        since = NOW - self.age + self.answered_after
        known = self._remembered(observed, since, gateway, today)
        settled = settle(replace(known, observed=observed, observed_since=since), gateway, since)
        if self.grip is _Grip.WORKER:
            return _held(settled, gateway, sends=in_flight)
        if self.grip is _Grip.PERSON and settled.transmission.is_open:
            block = Block(STOPPED_BY_PERSON, "Aguardando o jurídico.", NOW)
            return replace(settled, transmission=replace(settled.transmission, block=block))
        return settled

    def _born(self, gateway: Capabilities, today: date) -> Negativation:
        covered = tuple(
            NegativatedInvoice(invoice.id, invoice.number, invoice.due_date, invoice.balance, invoice.balance)
            for invoice in self.invoices
        )
        created = NOW - self.age
        return Negativation(
            id=f"n{self.number}",
            request_id=f"r{self.number}",
            integration_id="i1",
            creditor_id="cr1",
            registry=gateway.registry,
            host="local",
            customer_id="c1",
            subscription_id="s1",
            customer_name=self.name,
            document=self.document,
            invoices=covered,
            nature_code=NATURE.code,
            reference=f"CP-{self.number:06d}",
            requested_by="u1",
            created_at=created,
            transmission=Transmission(Action.INCLUDE, created),
            observed=Observed.ABSENT,
            observed_since=created,
            triggers=self._triggers(today) if self.pair[1] is Desired.REMOVED else (),
        )

    def _triggers(self, today: date) -> tuple[RemovalTrigger, ...]:
        both = {RemovalCause.SETTLEMENT, RemovalCause.AGREEMENT} <= set(self.causes)
        on, at = today - timedelta(days=self.days_unwanted), NOW - timedelta(days=self.days_unwanted)
        return tuple(
            RemovalTrigger(
                cause,
                at,
                removal_deadline(cause, on, BusinessCalendar()),
                "u1" if cause in _CHOSEN else None,
                _CHOSEN.get(cause),
            )
            for cause in self.causes
            if not (both and cause is RemovalCause.AGREEMENT)
        )

    def _remembered(self, observed: Observed, since: datetime, gateway: Capabilities, today: date) -> Negativation:
        """With what must have been claimed, answered and told for the bureau to be known to hold `observed`."""
        born = self._born(gateway, today)
        acknowledged = observed in _ACKNOWLEDGED
        settled_there = acknowledged and observed is not Observed.INCLUDING
        adopted = settled_there and self.is_adopted
        sent = not adopted and (self.was_sent or observed is not Observed.ABSENT)
        by_bureau = all(trigger.cause is RemovalCause.BUREAU for trigger in born.triggers)
        removed = observed is Observed.REMOVING or (observed in _ONLY_WHILE_REMOVING and not by_bureau)
        one = Unanswered(1, since, since + gateway.quiet_period)
        doubt = replace(one, count=self.inclusions) if observed is Observed.IN_DOUBT_INCLUDE else None
        return replace(
            born,
            is_adopted=adopted,
            inclusion_claims=self.inclusions if sent else 0,
            removal_claims=1 if removed else 0,
            removal_reason=RemovalReason.CREDITOR_REQUEST if removed else None,
            known_at=since if acknowledged else None,
            bureau_id=f"B-{born.id}" if acknowledged else None,
            rejection="17: dados divergentes" if observed is Observed.REJECTED else "",
            published_on=today + timedelta(days=self.days_to_publication) if settled_there else None,
            published_is_estimated=settled_there and self.is_estimated,
            unanswered_inclusions=doubt,
            unanswered_removals=one if removed and observed is Observed.IN_DOUBT_REMOVE else None,
        )


def _held(negativation: Negativation, gateway: Capabilities, *, sends: bool) -> Negativation:
    """With a worker's hold, for a look-up, or where it `sends` the request that brings the record where it shall be."""
    action = negativation.transmission.action
    asks = action in {Action.LOOK_UP, Action.POLL}
    if not (asks or sends) or not is_claimable(negativation.transmission, NOW):
        return negativation
    reason = RemovalReason.CREDITOR_REQUEST if action is Action.REMOVE else None
    return claim(negativation, gateway, now=NOW, worker="worker-1", reason=reason).negativation
