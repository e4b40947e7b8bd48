"""What a host owns: customers and where they live, their subscriptions and invoices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

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
from credit_protection.testing.strategies.documents_and_money import cnpj, cpf, money
from credit_protection.testing.strategies.shared import FIRST_NAMES, TODAY, ids

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


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
        names = st.builds("{} {}".format, st.sampled_from(FIRST_NAMES), st.sampled_from(_SURNAMES))
        births = st.dates(date(1930, 1, 1), date(2005, 12, 31)) | (st.nothing() if complete else st.none())
        numbers = cpf().map(lambda document: document.value)
    else:
        names = st.builds("{} {} Ltda".format, st.sampled_from(_TRADES), st.sampled_from(_SURNAMES))
        births = st.none()
        numbers = cnpj().map(lambda document: document.value)
    return st.builds(
        Customer,
        id=ids("c"),
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
    return st.builds(subscription, ids("s"), standings, st.integers(0, 400))


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
