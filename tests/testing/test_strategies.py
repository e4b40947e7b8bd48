"""What the strategies promise to authors, and the examples of docs/testing.md, run as they stand there."""

import re
from inspect import isfunction
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus, Subscription
from credit_protection.domain.customers import SubscriptionStatus as Standing
from credit_protection.domain.documents import Cnpj, Cpf, Document, PersonType, parse_document
from credit_protection.domain.guards import years_before
from credit_protection.domain.integrations import Integration
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.negativations import Action, Desired, Negativation, Observed, next_action
from credit_protection.domain.products import Product, ProductKind
from credit_protection.domain.settlements import Entry, Reversal, Settlement
from credit_protection.testing import strategies
from credit_protection.testing.strategies import BALANCE, NOW, TODAY

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
ADDRESS_PARTS = ("street", "number", "district", "city", "state", "postal_code")


# ------------------------------------------------------------------------------------------------ the page


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_examples_of_the_page_run(block: str) -> None:
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    tests = [each for name, each in names.items() if name.startswith("test_") and callable(each)]

    assert tests
    for test in tests:
        test()


def test_the_page_names_every_strategy() -> None:
    public = {
        name
        for name, each in vars(strategies).items()
        if isfunction(each) and each.__module__.startswith(f"{strategies.__name__}.")
    }
    table = PAGE.read_text(encoding="utf-8").partition("## What there is")[2]

    assert public
    assert {name for name in public if f"`{name}(" not in table} == set()
    assert all(getattr(strategies, name).__doc__ for name in public)


# ------------------------------------------------------------------------------------------------ documents, people


@given(strategies.cpf(), strategies.cnpj(), strategies.alphanumeric_cnpj())
def test_documents_are_valid_and_of_their_kind(person: Cpf, company: Cnpj, lettered: Cnpj) -> None:
    assert parse_document(person.value) == person
    assert parse_document(company.value) == company
    assert not company.is_alphanumeric
    assert lettered.is_alphanumeric


@given(st.sampled_from(PersonType).flatmap(lambda kind: st.tuples(st.just(kind), strategies.documents(kind))))
def test_documents_are_of_the_person_type_that_was_asked_for(drawn: tuple[PersonType, Document]) -> None:
    assert drawn[1].person_type is drawn[0]


@given(strategies.money(), strategies.money(ZERO, Money(1)))
def test_money_keeps_within_its_bounds(amount: Money, small: Money) -> None:
    assert Money(1) <= amount <= Money(100_000_00)
    assert small in {ZERO, Money(1)}


@given(strategies.customers(), strategies.addresses())
def test_complete_people_lack_nothing_and_are_adults(person: Customer, address: Address) -> None:
    document = parse_document(person.document)

    assert person.name
    assert all(getattr(place, part) for place in (person.address, address) for part in ADDRESS_PARTS)
    assert re.fullmatch(r"\d{8}", address.postal_code)
    if document.person_type is PersonType.PF:
        assert person.birth_date is not None
        assert person.birth_date <= years_before(TODAY, 18)
    else:
        assert person.birth_date is None


def test_incomplete_people_lack_one_thing_or_another() -> None:
    lacking: set[str] = set()

    @settings(max_examples=100, phases=[Phase.generate], derandomize=True, database=None)
    @given(strategies.customers(PersonType.PF, complete=False))
    def look(person: Customer) -> None:
        assert parse_document(person.document).person_type is PersonType.PF
        lacking.update(part for part in ADDRESS_PARTS if not getattr(person.address, part))
        lacking.update(part for part in ("name", "birth_date") if not getattr(person, part))

    look()
    assert lacking == {*ADDRESS_PARTS, "name", "birth_date"}


@given(strategies.subscriptions("c7"), strategies.subscriptions(status=Standing.TERMINATED))
def test_a_terminated_subscription_tells_since_when(any_one: Subscription, ended: Subscription) -> None:
    assert any_one.customer_id == "c7"
    assert (any_one.terminated_on is not None) is (any_one.status is Standing.TERMINATED)
    assert ended.status is Standing.TERMINATED


@given(strategies.invoices(), strategies.overdue_invoices(TODAY, "c7", "s7"))
def test_a_balance_is_what_the_standing_leaves(any_one: Invoice, overdue: Invoice) -> None:
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
def test_a_nature_for_a_person_admits_it(drawn: tuple[PersonType, InclusionNature]) -> None:
    assert drawn[1].admits(drawn[0])


@given(strategies.products(), strategies.products(ProductKind.REMOVAL))
def test_only_queries_ask_for_inputs(any_one: Product, removal: Product) -> None:
    assert any_one.kind is ProductKind.QUERY or not any_one.inputs
    assert removal.kind is ProductKind.REMOVAL


@given(strategies.capabilities())
def test_capabilities_make_sense(gateway: Capabilities) -> None:
    assert gateway.remove or not gateway.include
    assert gateway.find or not gateway.polling
    assert gateway.includes_pf or gateway.includes_pj
    assert gateway.poll_pace.first <= gateway.poll_pace.cap


@given(strategies.actors(Permission.REMOVE, Permission.QUERY))
def test_an_actor_has_at_least_what_was_asked_for(actor: Actor) -> None:
    assert actor.permissions >= {Permission.REMOVE, Permission.QUERY}
    assert actor.is_person


@given(strategies.calendars(), strategies.integrations())
def test_calendars_know_the_fixed_holidays_and_integrations_no_plain_secret(
    calendar: BusinessCalendar, integration: Integration
) -> None:
    assert all(TODAY.replace(month=month, day=day) in calendar.holidays for month, day in ((9, 7), (11, 20)))
    assert "client_secret" not in integration.parameters


# ------------------------------------------------------------------------------------------------ payments, records


@given(strategies.ledgers(("1001", "1002")))
def test_a_ledger_repeats_only_exactly(entries: tuple[Entry, ...]) -> None:
    settled = {entry for entry in entries if isinstance(entry, Settlement)}
    undone = [entry for entry in entries if isinstance(entry, Reversal)]

    assert len({entry.id for entry in settled}) == len(settled)
    assert {entry.settlement_id for entry in undone} <= {entry.id for entry in settled} | {"never-seen"}
    assert all(entry.counts_from >= entry.paid_on for entry in settled)
    assert all(entry.amount is None or entry.amount <= BALANCE + BALANCE for entry in settled)


drawn_with_gateway = strategies.capabilities().flatmap(
    lambda gateway: st.tuples(st.just(gateway), strategies.negativations(gateway))
)


@given(drawn_with_gateway)
def test_a_negativation_is_in_a_state_that_can_be(drawn: tuple[Capabilities, Negativation]) -> None:
    gateway, one = drawn
    action = next_action(one.observed, one.desired, gateway)  # raises where the pair can't be
    work = one.transmission
    held = work.claim

    if held is None or held.action in {Action.LOOK_UP, Action.POLL}:
        assert work.action is action
    else:
        assert one.is_in_doubt
    assert work.is_open is action.is_open
    assert held is None or (held.fence == work.fence and held.until > NOW)
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
def test_a_negativation_is_as_asked_for(drawn: tuple[tuple[Observed, Desired], Negativation]) -> None:
    pair, one = drawn
    assert (one.observed, one.desired) == pair
