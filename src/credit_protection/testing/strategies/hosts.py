"""What a host owns and reports: customers, addresses, subscriptions, invoices, and their payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import PersonType
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import Entry, Reversal, Settlement, SettlementKind
from credit_protection.testing.strategies.values import FIRST_NAMES, TODAY, cnpj, cpf, derived, ids, money

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
_NEEDED_PARTS = ("street", "number", "district", "city", "state", "postal_code")


def addresses(*, complete: bool = True) -> st.SearchStrategy[Address]:
    """A Brazilian address whose city, UF and CEP belong together; parts may be empty unless `complete`."""

    def address(
        street: str, number: str, complement: str, district: str, place: tuple[str, str, str], suffix: int
    ) -> Address:
        city, state, prefix = place
        return Address(street, number, complement, district, city, state, f"{prefix}{suffix:03d}")

    whole = derived(
        address,
        street=st.sampled_from(_STREETS),
        number=derived(str, st.integers(1, 9999)) | st.just("S/N"),
        complement=st.sampled_from(("", "Casa 2", "Bloco B, apto 31")),
        district=st.sampled_from(_DISTRICTS),
        place=st.sampled_from(_CITIES),
        suffix=st.integers(0, 999),
    )
    if complete:
        return whole
    missing = st.frozensets(st.sampled_from(_NEEDED_PARTS))
    return derived(lambda kept, parts: replace(kept, **dict.fromkeys(parts, "")), whole, missing)


def customers(person_type: PersonType | None = None, *, complete: bool = True) -> st.SearchStrategy[Customer]:
    """A customer: a person with a CPF (PF), a company with a CNPJ of digits (PJ), or either (None).

    The document is valid. Name, parts of the address and (PF) the birth date may be missing unless `complete`.
    """
    if person_type is None:
        return customers(PersonType.PF, complete=complete) | customers(PersonType.PJ, complete=complete)
    missing = st.nothing() if complete else st.just("")
    if person_type is PersonType.PF:
        names = derived("{} {}".format, st.sampled_from(FIRST_NAMES), st.sampled_from(_SURNAMES))
        births = st.dates(date(1930, 1, 1), date(2005, 12, 31)) | (st.nothing() if complete else st.none())
        numbers = derived(lambda document: document.value, cpf())
    else:
        names = derived("{} {} Ltda".format, st.sampled_from(_TRADES), st.sampled_from(_SURNAMES))
        births = st.none()
        numbers = derived(lambda document: document.value, cnpj())
    return st.builds(
        Customer,
        id=ids("c"),
        name=names | missing,
        document=numbers,
        address=addresses(complete=complete),
        birth_date=births,
        email=st.sampled_from(("", "pessoa@exemplo.com.br")),
        phone=st.sampled_from(("", "17999990000")),
    )


def subscriptions(
    customer_id: str = "c1", status: SubscriptionStatus | None = None, today: date = TODAY
) -> st.SearchStrategy[Subscription]:
    """A subscription (serviço do cliente) of the customer, in any status (None); a terminated one has its date."""

    def subscription(number: str, drawn: SubscriptionStatus, days_ago: int) -> Subscription:
        ended = today - timedelta(days=days_ago) if drawn is SubscriptionStatus.TERMINATED else None
        return Subscription(number, customer_id, "Fibra 500 Mb", drawn, ended)

    statuses = st.sampled_from(SubscriptionStatus) if status is None else st.just(status)
    return derived(subscription, ids("s"), statuses, st.integers(0, 400))


def invoices(customer_id: str = "c1", subscription_id: str = "s1", today: date = TODAY) -> st.SearchStrategy[Invoice]:
    """An invoice in any status, due up to six years before `today` or to come, with the balance of its status."""
    return _invoices(customer_id, subscription_id, today, st.integers(-60, 6 * 365), money(), tuple(InvoiceStatus))


def overdue_invoices(
    today: date = TODAY, customer_id: str = "c1", subscription_id: str = "s1"
) -> st.SearchStrategy[Invoice]:
    """An open invoice that may be negativated: due ten days to four years before `today`, perhaps partly paid."""
    amounts = money(minimum=Money(10_00))
    return _invoices(customer_id, subscription_id, today, st.integers(10, 4 * 365), amounts, (InvoiceStatus.OPEN,))


def _invoices(
    customer_id: str,
    subscription_id: str,
    today: date,
    days_late: st.SearchStrategy[int],
    amounts: st.SearchStrategy[Money],
    statuses: Sequence[InvoiceStatus],
) -> st.SearchStrategy[Invoice]:
    def invoice(number: int, days: int, amount: Money, status: InvoiceStatus, percent_open: int) -> Invoice:
        due = today - timedelta(days=days)
        is_owed = status in {InvoiceStatus.OPEN, InvoiceStatus.IN_AGREEMENT}
        return Invoice(
            id=str(number),
            customer_id=customer_id,
            subscription_id=subscription_id,
            number=f"F-{number}",
            due_date=due,
            amount=amount,
            balance=Money(max(amount.cents * percent_open // 100, 1)) if is_owed else ZERO,
            status=status,
            paid_on=min(due, today) if status is InvoiceStatus.PAID else None,
        )

    return derived(
        invoice, st.integers(1, 999_999), days_late, amounts, st.sampled_from(statuses), st.sampled_from((100, 40))
    )


BALANCE = Money(119_90)
"""The default open balance of an invoice in `settlements` and `ledgers`."""


def settlements(
    invoice_id: str = "1001", balance: Money = BALANCE, today: date = TODAY
) -> st.SearchStrategy[Settlement]:
    """A settlement of the invoice: whole, partial, more than `balance`, or without an amount; of any kind.

    Paid within the 60 days before `today`; some pay `balance` exactly.
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

    return derived(
        settlement,
        ids("p"),
        st.sampled_from(SettlementKind),
        st.integers(0, 60),
        st.none() | st.just(balance) | money(maximum=balance + balance),
        st.just(ZERO) | money(maximum=balance),
        st.none() | st.integers(0, 32),
        st.sampled_from((False, False, False, True)),
    )


def ledgers(
    invoice_ids: Sequence[str] = ("1001",), balance: Money = BALANCE, today: date = TODAY
) -> st.SearchStrategy[tuple[Entry, ...]]:
    """A host's reports on these invoices in the worst order, each invoice owing `balance`.

    Settlements, reversals (before their settlement, or without one), and exact repeats of both.
    """
    one = st.tuples(settlements(invoice_ids[0], balance, today), st.sampled_from(tuple(invoice_ids)), st.booleans())
    paid = st.lists(one, max_size=5, unique_by=lambda drawn: drawn[0].id)
    early = st.sampled_from(((), (Reversal("never-seen", invoice_ids[0], today),)))
    return _ledger(paid, early, st.lists(st.integers(0, 9), max_size=3), today)


@st.composite
def _ledger(
    draw: st.DrawFn,
    paid: st.SearchStrategy[list[tuple[Settlement, str, bool]]],
    early: st.SearchStrategy[tuple[Reversal, ...]],
    repeats: st.SearchStrategy[list[int]],
    today: date,
) -> tuple[Entry, ...]:
    entries: list[Entry] = list(draw(early))
    for settlement, invoice_id, is_reversed in draw(paid):
        entries.append(replace(settlement, invoice_id=invoice_id))
        if is_reversed:
            entries.append(Reversal(settlement.id, invoice_id, today))
    repeated = [entries[position % len(entries)] for position in draw(repeats) if entries]
    return tuple(draw(st.permutations([*entries, *repeated])))
