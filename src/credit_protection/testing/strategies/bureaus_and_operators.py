"""What a bureau sells, what an operator sets, and the candidates for negativation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.capabilities import Backoff, Capabilities, FieldLimit, Overflow, Registry, RemovalKey
from credit_protection.domain.customers import Customer, Invoice, Subscription, SubscriptionStatus
from credit_protection.domain.documents import PersonType
from credit_protection.domain.guards import Candidate, GuardSettings, TelecomGuard
from credit_protection.domain.integrations import Environment, Integration, IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
from credit_protection.testing.strategies.hosts import customers, overdue_invoices, subscriptions
from credit_protection.testing.strategies.values import FIRST_NAMES, NOW, TODAY, derived, ids, money

NATURE = InclusionNature("1", "Devedor (PF/PJ)", frozenset(PersonType))
"""The nature of `candidates`."""

_LIMITED_FIELDS = ("name", "street", "number", "complement", "district", "city")


def natures(person_type: PersonType | None = None) -> st.SearchStrategy[InclusionNature]:
    """A nature of inclusion: one that admits the person type, or any (None), those without a mark too."""
    marked = (
        InclusionNature("1", "Devedor (PF)", frozenset({PersonType.PF})),
        InclusionNature("2", "Duplicata (PJ)", frozenset({PersonType.PJ})),
        InclusionNature("3", "Prestação de serviço (PF/PJ)", frozenset(PersonType)),
    )
    unmarked = InclusionNature("4", "Outras operações")
    if person_type is None:
        return st.sampled_from((*marked, unmarked))
    return st.sampled_from([nature for nature in marked if nature.admits(person_type)])


def products(kind: ProductKind | None = None) -> st.SearchStrategy[Product]:
    """A product of a bureau of that kind, or of any (None), offered to operators or not. Only queries have inputs."""
    if kind is None:
        return st.one_of([products(each) for each in ProductKind])
    extra = st.builds(
        ProductInput, code=ids("I"), name=st.sampled_from(("Modelo de score", "UF de origem")), required=st.booleans()
    )
    has_inputs = kind is ProductKind.QUERY
    return st.builds(
        Product,
        code=ids("P"),
        name=st.sampled_from(("Consulta completa", "Consulta simples", "Inclusão", "Baixa")),
        kind=st.just(kind),
        person_types=st.sampled_from([frozenset({each}) for each in PersonType] + [frozenset(PersonType)]),
        inputs=st.lists(extra, max_size=3, unique_by=lambda each: each.code).map(tuple) if has_inputs else st.just(()),
        price=st.none() | money(maximum=Money(50_00)),
        hidden=st.booleans(),
        gone_at=st.none() | st.just(NOW),
    )


def capabilities(registry: Registry | None = None) -> st.SearchStrategy[Capabilities]:
    """What a gateway of that registry, or of any (None), declares, in any consistent combination.

    One that includes also removes; one that polls looks up.
    """

    def consistent(**drawn: Any) -> Capabilities:  # noqa: ANN401 - the fields of Capabilities
        made = Capabilities(**drawn)
        return replace(
            made,
            remove=made.include or made.remove,
            polling=made.find and made.polling,
            includes_pj=made.includes_pj or not made.includes_pf,
        )

    flags = [each.name for each in fields(Capabilities) if isinstance(each.default, bool)]
    limits = st.builds(FieldLimit, length=st.integers(20, 60), overflow=st.sampled_from(Overflow))
    return derived(
        consistent,
        registry=st.sampled_from(Registry) if registry is None else st.just(registry),
        removal_key=st.sampled_from(RemovalKey),
        max_processing=_seconds(0, 3600),
        call_deadline=_seconds(1, 120),
        minimum_amount=st.sampled_from((ZERO, Money(10_00))),
        field_limits=st.dictionaries(st.sampled_from(_LIMITED_FIELDS), limits, max_size=3),
        poll_backoff=st.builds(Backoff, first=_seconds(1, 60), cap=_seconds(60, 3600)),
        **dict.fromkeys(flags, st.booleans()),
    )


def _seconds(least: int, most: int) -> st.SearchStrategy[timedelta]:
    return derived(lambda count: timedelta(seconds=count), st.integers(least, most))


_FIXED_HOLIDAYS = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25))


def actors(*permissions: Permission) -> st.SearchStrategy[Actor]:
    """A person who works for the creditor, with at least these permissions, restricted to some creditors or to none."""
    return st.builds(
        Actor,
        id=ids("u"),
        name=st.sampled_from(FIRST_NAMES),
        permissions=derived(lambda others: others | {*permissions}, st.frozensets(st.sampled_from(Permission))),
        creditor_ids=st.none() | st.frozensets(ids("cr"), max_size=3),
    )


def calendars(today: date = TODAY) -> st.SearchStrategy[BusinessCalendar]:
    """A creditor's calendar: national holidays of fixed date, six years back and one ahead, and some local ones."""
    years = range(today.year - 6, today.year + 2)
    national = frozenset(date(year, month, day) for year in years for month, day in _FIXED_HOLIDAYS)
    local = st.frozensets(st.dates(today - timedelta(days=90), today + timedelta(days=90)), max_size=8)
    return derived(lambda days: BusinessCalendar(national | days), local)


def guard_settings() -> st.SearchStrategy[GuardSettings]:
    """Settings of the guards as a creditor may choose them."""
    return st.builds(
        GuardSettings,
        minimum_days_late=st.integers(0, 90),
        age_margin_days=st.integers(0, 180),
        fine_percent=st.sampled_from((Decimal(0), Decimal(2), Decimal("1.5"))),
        monthly_interest_percent=st.sampled_from((Decimal(0), Decimal(1), Decimal("0.33"))),
        creditor_notifies=st.booleans(),
        notice_days=st.integers(0, 45),
        notice_days_by_state=st.dictionaries(st.sampled_from(("MT", "PE", "PI", "SP")), st.integers(0, 45)),
        telecom=st.sampled_from(TelecomGuard),
    )


def integrations() -> st.SearchStrategy[Integration]:
    """A configured integration; its secret is a made-up token in place of an encrypted one."""
    made = st.builds(
        Integration,
        id=ids("i"),
        gateway=st.sampled_from(("credito_na_medida", "spc_brasil", "serasa_experian", "asaas")),
        description=st.sampled_from(("Birô da matriz", "Birô da filial")),
        creditor_id=ids("cr"),
        parameters=st.just({"client_id": "demo-client"}),
        encrypted_parameters=st.just({"client_secret": "gAAAAAB-made-up"}),
        created_at=st.just(NOW),
        active=st.booleans(),
        settings=st.builds(
            IntegrationSettings,
            environment=st.sampled_from(Environment),
            removal_policy=st.builds(
                RemovalPolicy,
                rule=st.sampled_from(RemovalRule),
                tolerance=money(ZERO, Money(5_00)),
                deletion_days=st.integers(0, 5),
            ),
            guards=guard_settings(),
            reuse=st.builds(ReuseWindow, days=st.integers(0, 90), mode=st.sampled_from(ReuseMode)),
            grouped=st.booleans(),
            rate_per_second=st.none() | st.sampled_from((0.5, 5.0)),
            owns_transmission=st.booleans(),
        ),
        paused_until=st.none() | st.just(NOW + timedelta(hours=1)),
        failing_negativation_ids=st.lists(ids("n"), max_size=5, unique=True).map(tuple),
        consecutive_pauses=st.integers(0, 20),
        paused_since=st.just(NOW - timedelta(hours=1)),
    )
    return derived(lambda made: made if made.paused_until else replace(made, paused_since=None), made)


def candidates(person_type: PersonType | None = None, today: date = TODAY) -> st.SearchStrategy[Candidate]:
    """A candidate for negativation in which the guards find nothing; PF, PJ, or either (None).

    This holds under `InclusionTerms` of a gateway without limits, default settings, a calendar, `today` and
    `{NATURE.code: NATURE}`. Change one thing (`dataclasses.replace`) to get one finding.
    """
    one = st.tuples(overdue_invoices(today), st.none() | st.integers(1, 100))
    chosen = st.lists(one, min_size=1, max_size=3, unique_by=lambda pair: pair[0].id)
    return derived(_candidate, customers(person_type), subscriptions("", SubscriptionStatus.TERMINATED, today), chosen)


def _candidate(
    customer: Customer, subscription: Subscription, chosen: Sequence[tuple[Invoice, int | None]]
) -> Candidate:
    invoices = tuple(
        replace(invoice, customer_id=customer.id, subscription_id=subscription.id) for invoice, _ in chosen
    )
    amounts = {each.id: Money(max(each.balance.cents * percent // 100, 1)) for each, percent in chosen if percent}
    return Candidate(customer, replace(subscription, customer_id=customer.id), invoices, NATURE.code, amounts)
