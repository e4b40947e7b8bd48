"""The strategies' guarantees to authors, and the examples of docs/testing.md, executed as written."""

import ast
import datetime as dt
import pkgutil
import re
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from inspect import isclass, isfunction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st

from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus, Subscription
from credit_protection.domain.customers import SubscriptionStatus as Status
from credit_protection.domain.documents import Cnpj, Cpf, Document, PersonType, parse_document
from credit_protection.domain.guards import years_before
from credit_protection.domain.integrations import Integration
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.products import Product, ProductKind
from credit_protection.domain.settlements import Entry, Reversal, Settlement
from credit_protection.domain.state_table import Action, Desired, Observed, next_action
from credit_protection.testing import strategies
from credit_protection.testing.strategies import BALANCE, NOW, TODAY

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
PUBLIC: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
    name: each
    for name, each in vars(strategies).items()
    if isfunction(each) and each.__module__.startswith(f"{strategies.__name__}.")
}
ADDRESS_PARTS = ("street", "number", "district", "city", "state", "postal_code")


# ------------------------------------------------------------------------------------------------ the page


@pytest.mark.parametrize("block", [block for block in BLOCKS if "def test_" in block])
def test_page_example_passes(block: str) -> None:
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    for test in [each for name, each in names.items() if name.startswith("test_") and callable(each)]:
        test()


def test_profile_of_the_page_has_no_explain_phase() -> None:
    (block,) = [block for block in BLOCKS if "load_profile" in block]
    profile = settings.get_current_profile_name()
    try:
        exec(compile(block, str(PAGE), "exec"), {})  # noqa: S102 - our own page
        assert set(settings().phases) == set(Phase) - {Phase.explain}
    finally:
        settings.load_profile(profile)


def test_every_block_of_the_page_is_executed() -> None:
    assert BLOCKS
    assert [block for block in BLOCKS if "def test_" not in block and "load_profile" not in block] == []


def test_page_names_every_strategy() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## What there is")[2]

    assert PUBLIC
    assert {name for name in PUBLIC if f"`{name}(" not in table} == set()
    assert all(each.__doc__ for each in PUBLIC.values())


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(domain\.[\w.]+)`", PAGE.read_text(encoding="utf-8")))))
def test_function_named_on_the_page_exists(name: str) -> None:
    assert pkgutil.resolve_name(f"credit_protection.{name}") is not None


# ------------------------------------------------------------------------------------------------ failing examples


@dataclass(frozen=True)
class Failure:
    """A failing property.

    Args:
        value: of its last failing call.
        printed: the expression that Hypothesis printed for it.
        calls: of the property.
    """

    value: object
    printed: str
    calls: int


def failure_of(
    strategy: st.SearchStrategy[Any], fails: Callable[[Any], object], phases: Collection[Phase], chosen_seed: int = 0
) -> Failure:
    values: list[object] = []
    calls = 0

    @seed(chosen_seed)
    @settings(phases=phases, max_examples=300, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def check(value: object) -> None:
        nonlocal calls
        calls += 1
        if fails(value):
            values.append(value)
            raise AssertionError

    with pytest.raises(AssertionError) as failure:
        check()
    call = next(note.partition(": ")[2] for note in failure.value.__notes__ if "check(" in note)
    (argument,) = ast.parse(call, mode="eval").body.keywords  # type: ignore[attr-defined]
    return Failure(values[-1], ast.unparse(argument.value), calls)


def evaluated(expression: str) -> object:
    names: dict[str, object] = {
        name: each
        for path, module in tuple(sys.modules.items())
        if path.startswith("credit_protection.domain.")
        for name, each in vars(module).items()
        if isclass(each)
    }
    names |= {"Decimal": Decimal, "datetime": dt, "timedelta": dt.timedelta}
    return eval(expression, names)  # noqa: S307 - printed by us


@pytest.mark.parametrize("name", PUBLIC)
def test_failing_example_is_printed_as_an_expression(name: str) -> None:
    strategy = PUBLIC[name]()
    simplest = find(strategy, lambda _: True)
    for chosen_seed in range(3):
        failure = failure_of(strategy, lambda value: value != simplest, [Phase.generate], chosen_seed)
        assert evaluated(failure.printed) == failure.value, failure.printed


@pytest.mark.parametrize(
    ("strategy", "fails"),
    [
        (strategies.negativations(), lambda one: one.removal_claims),
        (strategies.candidates(), lambda one: len(one.invoices) > 1),
        (strategies.ledgers(), lambda entries: len({type(entry) for entry in entries}) > 1),
    ],
)
def test_failing_property_shrinks_in_a_few_hundred_calls(
    strategy: st.SearchStrategy[Any], fails: Callable[[Any], object]
) -> None:
    failure = failure_of(strategy, fails, set(Phase) - {Phase.explain})

    assert failure.calls < 500
    assert evaluated(failure.printed) == failure.value


# ------------------------------------------------------------------------------------------------ documents, people


@given(strategies.cpf(), strategies.cnpj(), strategies.alphanumeric_cnpj())
def test_documents_are_valid_and_of_their_kind(person: Cpf, company: Cnpj, lettered: Cnpj) -> None:
    assert parse_document(person.value) == person
    assert parse_document(company.value) == company
    assert not company.is_alphanumeric
    assert lettered.is_alphanumeric


@given(st.sampled_from(PersonType).flatmap(lambda kind: st.tuples(st.just(kind), strategies.documents(kind))))
def test_documents_match_the_requested_person_type(drawn: tuple[PersonType, Document]) -> None:
    assert drawn[1].person_type is drawn[0]


@given(strategies.money(), strategies.money(ZERO, Money(1)))
def test_money_stays_within_its_bounds(amount: Money, small: Money) -> None:
    assert Money(1) <= amount <= Money(100_000_00)
    assert small in {ZERO, Money(1)}


@given(strategies.customers(), strategies.addresses())
def test_complete_customers_have_all_parts_and_are_adults(person: Customer, address: Address) -> None:
    document = parse_document(person.document)

    assert person.name
    assert all(getattr(place, part) for place in (person.address, address) for part in ADDRESS_PARTS)
    assert re.fullmatch(r"\d{8}", address.postal_code)
    if document.person_type is PersonType.PF:
        assert person.birth_date is not None
        assert person.birth_date <= years_before(TODAY, 18)
    else:
        assert person.birth_date is None


def test_incomplete_customers_miss_any_part() -> None:
    missing: set[str] = set()

    @settings(max_examples=100, phases=[Phase.generate], derandomize=True, database=None)
    @given(strategies.customers(PersonType.PF, complete=False))
    def look(person: Customer) -> None:
        assert parse_document(person.document).person_type is PersonType.PF
        missing.update(part for part in ADDRESS_PARTS if not getattr(person.address, part))
        missing.update(part for part in ("name", "birth_date") if not getattr(person, part))

    look()
    assert missing == {*ADDRESS_PARTS, "name", "birth_date"}


@given(strategies.subscriptions("c7"), strategies.subscriptions(status=Status.TERMINATED))
def test_only_terminated_subscription_has_a_date(any_one: Subscription, ended: Subscription) -> None:
    assert any_one.customer_id == "c7"
    assert (any_one.terminated_on is not None) is (any_one.status is Status.TERMINATED)
    assert ended.status is Status.TERMINATED


@given(strategies.invoices(), strategies.overdue_invoices(TODAY, "c7", "s7"))
def test_balance_follows_invoice_status(any_one: Invoice, overdue: Invoice) -> None:
    owed = any_one.status in {InvoiceStatus.OPEN, InvoiceStatus.IN_AGREEMENT}

    assert (any_one.balance > ZERO) is owed
    assert any_one.balance <= any_one.amount
    assert (any_one.paid_on is not None) is (any_one.status is InvoiceStatus.PAID)
    assert overdue.due_date < TODAY
    assert overdue.status is InvoiceStatus.OPEN
    assert ZERO < overdue.balance <= overdue.amount
    assert (overdue.customer_id, overdue.subscription_id) == ("c7", "s7")


# ------------------------------------------------------------------------------------------------ bureaus, operators


@given(st.sampled_from(PersonType).flatmap(lambda kind: st.tuples(st.just(kind), strategies.natures(kind))))
def test_nature_for_a_person_type_admits_it(drawn: tuple[PersonType, InclusionNature]) -> None:
    assert drawn[1].admits(drawn[0])


@given(strategies.products(), strategies.products(ProductKind.REMOVAL))
def test_only_queries_have_inputs(any_one: Product, removal: Product) -> None:
    assert any_one.kind is ProductKind.QUERY or not any_one.inputs
    assert removal.kind is ProductKind.REMOVAL


@given(strategies.capabilities())
def test_capabilities_are_consistent(gateway: Capabilities) -> None:
    assert gateway.remove or not gateway.include
    assert gateway.find or not gateway.polling
    assert gateway.includes_pf or gateway.includes_pj
    assert gateway.poll_backoff.first <= gateway.poll_backoff.cap


@given(strategies.actors(Permission.REMOVE, Permission.QUERY))
def test_actor_has_at_least_the_requested_permissions(actor: Actor) -> None:
    assert actor.permissions >= {Permission.REMOVE, Permission.QUERY}
    assert actor.is_person


@given(strategies.calendars(), strategies.integrations())
def test_calendars_have_fixed_holidays_and_integrations_no_plain_secret(
    calendar: BusinessCalendar, integration: Integration
) -> None:
    assert all(TODAY.replace(month=month, day=day) in calendar.holidays for month, day in ((9, 7), (11, 20)))
    assert "client_secret" not in integration.parameters


# ------------------------------------------------------------------------------------------------ payments, records


@given(strategies.ledgers(("1001", "1002")))
def test_ledger_repeats_entries_exactly(entries: tuple[Entry, ...]) -> None:
    settled = {entry for entry in entries if isinstance(entry, Settlement)}
    reversed_entries = [entry for entry in entries if isinstance(entry, Reversal)]

    assert len({entry.id for entry in settled}) == len(settled)
    assert {entry.settlement_id for entry in reversed_entries} <= {entry.id for entry in settled} | {"never-seen"}
    assert all(entry.effective_on >= entry.paid_on for entry in settled)
    assert all(entry.amount is None or entry.amount <= BALANCE + BALANCE for entry in settled)


drawn_with_gateway = strategies.capabilities().flatmap(
    lambda gateway: st.tuples(st.just(gateway), strategies.negativations(gateway))
)


@given(drawn_with_gateway)
def test_negativation_is_in_a_possible_state(drawn: tuple[Capabilities, Negativation]) -> None:
    gateway, one = drawn
    action = next_action(one.observed, one.desired, gateway)  # raises where the pair can't be
    work = one.transmission
    lease = work.claim

    if lease is None or lease.action in {Action.LOOK_UP, Action.POLL}:
        assert work.action is action
    else:
        assert one.observed in {Observed.IN_DOUBT_INCLUDE, Observed.IN_DOUBT_REMOVE}
    assert work.is_open is action.is_open
    assert lease is None or (lease.fence == work.fence and lease.until > NOW)
    assert (one.removal_reason is not None) is (one.removal_claims > 0)
    assert (one.unanswered_inclusions is not None) is (one.observed is Observed.IN_DOUBT_INCLUDE)
    assert one.unanswered_removals is None or one.observed is Observed.IN_DOUBT_REMOVE
    assert one.inclusion_claims or one.is_adopted or one.observed is Observed.ABSENT
    assert one.desired is Desired.REMOVED or not one.removal_claims
    assert gateway.grouping or len(one.invoices) == 1
    assert one.created_at <= one.observed_since


pairs = st.sampled_from(
    [
        (observed, desired)
        for observed in Observed
        for desired in Desired
        if desired is Desired.REMOVED or observed not in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING, Observed.GONE}
    ]
)


@given(pairs.flatmap(lambda pair: st.tuples(st.just(pair), strategies.negativations(None, *pair))))
def test_negativation_has_the_requested_state(drawn: tuple[tuple[Observed, Desired], Negativation]) -> None:
    pair, one = drawn
    assert (one.observed, one.desired) == pair
