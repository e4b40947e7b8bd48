"""Creation against settlement in two sessions on PostgreSQL: they never both miss each other (rule 8).

The settlement is recorded in the host's own session, at the isolation that the host likes, and applied in ours; the
negativation is made in ours. Whatever the order of their steps, a negativation of a paid invoice is either refused or
on its way out. Without the lock per invoice it is not so, which a test shows.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import IsolationLevel

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.negativations import Desired, Observed
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing.fakes import FakeBureau
from tests.application.desk import ANA, DUE, PRICE, TODAY, Desk, together
from tests.application.interleaving import interleave, orders, stop, stop_before_each_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credit_protection.domain.negativations import Negativation
    from tests.application.interleaving import Told
    from tests.postgresql import NewDatabase

pytestmark = pytest.mark.postgresql

CREATION, SETTLEMENT, CLAIM = "creation", "settlement", "claim"
ISOLATIONS = [
    pytest.param(IsolationLevel.READ_COMMITTED, id="read-committed"),
    pytest.param(IsolationLevel.REPEATABLE_READ, id="repeatable-read"),
]
RANDOM_ORDERS = 40
INVOICES = 24


class House:
    """A tenant whose records live in the host's database, and the host's own session there."""

    def __init__(self, url: str, isolation: IsolationLevel) -> None:
        self.storage = SqlStorage(url)
        self.storage.migrate()
        self.desk = Desk(self.storage, bureau=FakeBureau(synchronous=True))
        self.desk.register()
        self.monitor = psycopg.connect(url, autocommit=True)
        self.monitor.execute("CREATE TABLE host_invoice (id TEXT PRIMARY KEY, is_paid BOOLEAN NOT NULL DEFAULT false)")
        self._url = url
        self._isolation = isolation
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self.monitor.close()
        self.storage.close()

    def bill(self) -> str:
        """A new invoice. The ERP's screens say that it is open until the end: only the ledger knows better."""
        invoice_id = f"x{next(self._numbers)}"
        self.desk.erp.bill(invoice_id, "c1", DUE)
        self.monitor.execute("INSERT INTO host_invoice (id) VALUES (%s)", (invoice_id,))
        return invoice_id

    def create(self, invoice_id: str) -> object:
        return self.desk.negativations.create(ANA, self.desk.asked(invoice_id))

    def settle(self, invoice_id: str) -> object:
        """As a host does: in its own transaction, which began with a look, and told of after its commit."""
        with psycopg.connect(self._url) as session:
            session.isolation_level = self._isolation
            session.execute("SELECT is_paid FROM host_invoice WHERE id = %s", (invoice_id,))
            stop("the host has begun")
            session.execute("UPDATE host_invoice SET is_paid = true WHERE id = %s", (invoice_id,))
            self.desk.payments.record(SYSTEM, payment(invoice_id), connection=session)
            stop("the host commits")
            session.commit()
            stop("the host has committed")
        return self.desk.payments.committed()

    def of(self, invoice_id: str) -> list[Negativation]:
        with self.storage.reading() as unit:
            return list(unit.negativations.covering(self.desk.erp.code, [invoice_id]))

    def is_missed(self, invoice_id: str) -> bool:
        """Whether a negativation of the paid invoice stands, and nothing is left that would still remove it."""
        self.desk.payments.apply()
        return any(each.desired is Desired.INCLUDED for each in self.of(invoice_id))


def payment(invoice_id: str) -> Settlement:
    return Settlement(f"p-{invoice_id}", invoice_id, SettlementKind.PAYMENT, TODAY, PRICE)


@pytest.fixture
def new_house(new_database: NewDatabase) -> Iterator[Callable[[IsolationLevel], House]]:
    made: list[House] = []

    def make(isolation: IsolationLevel) -> House:
        made.append(House(new_database(), isolation))
        return made[-1]

    yield make
    for each in made:
        each.close()


def run(house: House, order: list[str]) -> tuple[str, Told]:
    """Both at once upon a new invoice, in this order."""
    invoice_id = house.bill()
    acts: dict[str, Callable[[], object]] = {
        CREATION: lambda: house.create(invoice_id),
        SETTLEMENT: lambda: house.settle(invoice_id),
    }
    return invoice_id, interleave(house.monitor, acts, order)


def lengths(house: House, first: str, second: str) -> tuple[int, int]:
    """How many steps each makes when nobody is in its way."""
    (_, alone), (_, after) = run(house, [CREATION] * 99), run(house, [SETTLEMENT] * 99)
    longest = {name: max(len(alone.points[name]), len(after.points[name])) for name in (CREATION, SETTLEMENT)}
    return longest[first], longest[second]


def require_sound(told: Told) -> bool:
    """Nobody failed, but for a creation that was told of the payment; whether it was."""
    assert not isinstance(told.outcomes[SETTLEMENT], Exception), told.outcomes
    refused = told.outcomes[CREATION]
    if isinstance(refused, RuleViolation):
        return True
    assert not isinstance(refused, Exception), told.outcomes
    return False


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("first", [CREATION, SETTLEMENT])
def test_creation_and_settlement_never_both_miss(
    new_house: Callable[[IsolationLevel], House],
    isolation: IsolationLevel,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = new_house(isolation)
    stop_before_each_step(monkeypatch)
    second = SETTLEMENT if first == CREATION else CREATION
    refusals: list[bool] = []
    for order in orders(first, second, lengths(house, first, second)):
        invoice_id, told = run(house, order)
        refusals.append(require_sound(told))
        assert not house.is_missed(invoice_id), (order, told.points)
        assert len(house.of(invoice_id)) <= 1
    assert set(refusals) == {True, False}  # the orders matter: in some the creation saw the payment, in some not


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_nor_do_they_in_orders_that_nobody_thought_of(
    new_house: Callable[[IsolationLevel], House], isolation: IsolationLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = new_house(isolation)
    stop_before_each_step(monkeypatch)
    chance = random.Random(8)  # noqa: S311 - an order, not a secret
    for _ in range(RANDOM_ORDERS):
        order = chance.choices([CREATION, SETTLEMENT], k=60)
        invoice_id, told = run(house, order)
        require_sound(told)
        assert not house.is_missed(invoice_id), (order, told.points)


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_without_the_lock_per_invoice_they_do(
    new_house: Callable[[IsolationLevel], House], isolation: IsolationLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the tests above can fail, and it is the lock that keeps them from it."""
    house = new_house(isolation)
    monkeypatch.setattr(SqlSettlements, "lock_invoices", lambda *_: None)
    stop_before_each_step(monkeypatch)
    missed = 0
    for order in orders(CREATION, SETTLEMENT, lengths(house, CREATION, SETTLEMENT)):
        invoice_id, told = run(house, order)
        require_sound(told)
        missed += house.is_missed(invoice_id)
    assert missed > 0


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_many_at_once_never_miss(new_house: Callable[[IsolationLevel], House], isolation: IsolationLevel) -> None:
    """Many threads, nobody deciding about turns: each invoice is asked for twice and paid once, all at one instant."""
    house = new_house(isolation)
    invoices = [house.bill() for _ in range(INVOICES)]
    acts: list[tuple[Callable[[str], object], str]] = [
        (act, invoice_id) for invoice_id in invoices for act in (house.create, house.settle, house.create)
    ]
    random.Random(15).shuffle(acts)  # noqa: S311 - an order, not a secret
    outcomes = together(len(acts), lambda number: acts[number][0](acts[number][1]))
    assert [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, RuleViolation)] == []
    assert [invoice_id for invoice_id in invoices if house.is_missed(invoice_id)] == []
    assert {len(house.of(invoice_id)) for invoice_id in invoices} <= {0, 1}


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("first", [CLAIM, SETTLEMENT])
def test_an_inclusion_that_is_claimed_while_it_is_paid_is_not_sent_or_is_removed(
    new_house: Callable[[IsolationLevel], House],
    isolation: IsolationLevel,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = new_house(isolation)
    desk = house.desk
    stop_before_each_step(monkeypatch)

    def run_claim(order: list[str]) -> tuple[Any, Told]:
        invoice_id = house.bill()
        made = desk.negativations.create(ANA, desk.asked(invoice_id))[0]
        acts: dict[str, Callable[[], object]] = {
            CLAIM: lambda: desk.perform(made),
            SETTLEMENT: lambda: house.settle(invoice_id),
        }
        return made, interleave(house.monitor, acts, order)

    second = SETTLEMENT if first == CLAIM else CLAIM
    longest = {name: len(run_claim([name] * 99)[1].points[name]) for name in (CLAIM, SETTLEMENT)}
    ends = set()
    for order in orders(first, second, (longest[first], longest[second]), every=3):
        made, told = run_claim(order)
        assert [each for each in told.outcomes.values() if isinstance(each, Exception)] == [], told.outcomes
        desk.payments.apply()
        assert desk.get(made).desired is Desired.REMOVED, (order, told.points)
        ends.add(desk.work(made).observed)
        assert made.reference not in {record.order.reference for record in desk.bureau.standing()}
    assert ends == {Observed.ABSENT, Observed.GONE}
