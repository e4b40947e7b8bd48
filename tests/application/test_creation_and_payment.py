"""Concurrent creation and settlement in two sessions on PostgreSQL: they never both miss each other (rule 8).

The settlement is recorded in the host's own session, at the host's isolation level, and applied in ours; the
negativation is created in ours. In every order of their steps, a negativation of a paid invoice is either refused or
gets its removal. Without the lock per invoice it does not, which a test shows.
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
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.testing.fakes import FakeBureau
from tests.application.app import ANA, DUE, PRICE, TODAY, AppFixture, run_concurrently
from tests.application.interleaving import interleave, orders, pause_before_each_step, pause_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credit_protection.domain.negativations import Negativation
    from tests.application.interleaving import InterleavingResult
    from tests.postgresql import NewDatabase

pytestmark = pytest.mark.postgresql

CREATION, SETTLEMENT, CLAIM, REVERSAL = "creation", "settlement", "claim", "reversal"
ISOLATIONS = [
    pytest.param(IsolationLevel.READ_COMMITTED, id="read-committed"),
    pytest.param(IsolationLevel.REPEATABLE_READ, id="repeatable-read"),
]
RANDOM_ORDERS = 40
INVOICES = 24


class TenantFixture:
    """A tenant whose records live in the host's database, and the host's own session there."""

    def __init__(self, url: str, isolation: IsolationLevel) -> None:
        self.storage = SqlStorage(url)
        self.storage.migrate()
        self.app = AppFixture(self.storage, bureau=FakeBureau(synchronous=True))
        self.app.register()
        self.monitor = psycopg.connect(url, autocommit=True)
        self.monitor.execute("CREATE TABLE host_invoice (id TEXT PRIMARY KEY, is_paid BOOLEAN NOT NULL DEFAULT false)")
        self._url = url
        self._isolation = isolation
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self.monitor.close()
        self.storage.close()

    def add_invoice(self) -> str:
        """A new invoice; the ERP reports it as open until the end, so that only the ledger has the payment."""
        invoice_id = f"x{next(self._numbers)}"
        self.app.erp.add_invoice(invoice_id, "c1", DUE)
        self.monitor.execute("INSERT INTO host_invoice (id) VALUES (%s)", (invoice_id,))
        return invoice_id

    def create(self, invoice_id: str) -> object:
        return self.app.negativations.create(ANA, self.app.request(invoice_id))

    def settle(self, invoice_id: str) -> object:
        """As a host does: in its own transaction, which began with a read; reported after its commit."""
        with psycopg.connect(self._url) as session:
            session.isolation_level = self._isolation
            session.execute("SELECT is_paid FROM host_invoice WHERE id = %s", (invoice_id,))
            pause_here("the host has begun")
            session.execute("UPDATE host_invoice SET is_paid = true WHERE id = %s", (invoice_id,))
            self.app.payments.record(SYSTEM, payment(invoice_id), connection=session)
            pause_here("the host commits")
            session.commit()
            pause_here("the host has committed")
        return self.app.payments.after_commit()

    def reverse(self, invoice_id: str) -> object:
        """As a host does: recorded in its own transaction, applied after its commit."""
        with psycopg.connect(self._url) as session:
            session.isolation_level = self._isolation
            session.execute("SELECT is_paid FROM host_invoice WHERE id = %s", (invoice_id,))
            pause_here("the host has begun")
            session.execute("UPDATE host_invoice SET is_paid = false WHERE id = %s", (invoice_id,))
            self.app.payments.reverse(SYSTEM, f"p-{invoice_id}", invoice_id, TODAY, connection=session)
            pause_here("the host commits")
            session.commit()
            pause_here("the host has committed")
        return self.app.payments.after_commit()

    def is_reversed(self, invoice_id: str) -> bool:
        """Whether the host has committed the reversal."""
        row = self.monitor.execute("SELECT is_paid FROM host_invoice WHERE id = %s", (invoice_id,)).fetchone()
        assert row is not None
        return not row[0]

    def of(self, invoice_id: str) -> list[Negativation]:
        with self.storage.read_only() as unit:
            return list(unit.negativations.for_invoices(self.app.erp.code, [invoice_id]))

    def is_missed(self, invoice_id: str) -> bool:
        """Whether a negativation of the paid invoice is active, and nothing would remove it."""
        self.app.payments.apply()
        return any(each.desired is Desired.INCLUDED for each in self.of(invoice_id))


def payment(invoice_id: str) -> Settlement:
    return Settlement(f"p-{invoice_id}", invoice_id, SettlementKind.PAYMENT, TODAY, PRICE)


@pytest.fixture
def new_tenant(new_database: NewDatabase) -> Iterator[Callable[[IsolationLevel], TenantFixture]]:
    made: list[TenantFixture] = []

    def make(isolation: IsolationLevel) -> TenantFixture:
        made.append(TenantFixture(new_database(), isolation))
        return made[-1]

    yield make
    for each in made:
        each.close()


def run(tenant: TenantFixture, order: list[str]) -> tuple[str, InterleavingResult]:
    """Run both on a new invoice, in this order."""
    invoice_id = tenant.add_invoice()
    acts: dict[str, Callable[[], object]] = {
        CREATION: lambda: tenant.create(invoice_id),
        SETTLEMENT: lambda: tenant.settle(invoice_id),
    }
    return invoice_id, interleave(tenant.monitor, acts, order)


def lengths(tenant: TenantFixture, first: str, second: str) -> tuple[int, int]:
    """How many steps each makes without contention."""
    (_, alone), (_, after) = run(tenant, [CREATION] * 99), run(tenant, [SETTLEMENT] * 99)
    longest = {name: max(len(alone.points[name]), len(after.points[name])) for name in (CREATION, SETTLEMENT)}
    return longest[first], longest[second]


def require_valid_outcomes(result: InterleavingResult) -> bool:
    """Neither failed, but for a creation that saw the payment; returns whether it did."""
    assert not isinstance(result.outcomes[SETTLEMENT], Exception), result.outcomes
    refused = result.outcomes[CREATION]
    if isinstance(refused, RuleViolation):
        return True
    assert not isinstance(refused, Exception), result.outcomes
    return False


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("first", [CREATION, SETTLEMENT])
def test_creation_and_settlement_never_both_miss(
    new_tenant: Callable[[IsolationLevel], TenantFixture],
    isolation: IsolationLevel,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant = new_tenant(isolation)
    pause_before_each_step(monkeypatch)
    second = SETTLEMENT if first == CREATION else CREATION
    refusals: list[bool] = []
    for order in orders(first, second, lengths(tenant, first, second)):
        invoice_id, result = run(tenant, order)
        refusals.append(require_valid_outcomes(result))
        assert not tenant.is_missed(invoice_id), (order, result.points)
        assert len(tenant.of(invoice_id)) <= 1
    assert set(refusals) == {True, False}  # the orders matter: in some the creation saw the payment, in some not


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_creation_and_settlement_never_both_miss_in_random_orders(
    new_tenant: Callable[[IsolationLevel], TenantFixture], isolation: IsolationLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = new_tenant(isolation)
    pause_before_each_step(monkeypatch)
    chance = random.Random(8)  # noqa: S311 - an order, not a secret
    for _ in range(RANDOM_ORDERS):
        order = chance.choices([CREATION, SETTLEMENT], k=60)
        invoice_id, result = run(tenant, order)
        require_valid_outcomes(result)
        assert not tenant.is_missed(invoice_id), (order, result.points)


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_creation_and_settlement_both_miss_without_the_lock_per_invoice(
    new_tenant: Callable[[IsolationLevel], TenantFixture], isolation: IsolationLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shows that the tests above can fail."""
    tenant = new_tenant(isolation)
    monkeypatch.setattr(SqlSettlements, "lock_invoices", lambda *_: None)
    pause_before_each_step(monkeypatch)
    missed = 0
    for order in orders(CREATION, SETTLEMENT, lengths(tenant, CREATION, SETTLEMENT)):
        invoice_id, result = run(tenant, order)
        require_valid_outcomes(result)
        missed += tenant.is_missed(invoice_id)
    assert missed > 0


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_concurrent_creations_and_settlements_never_miss(
    new_tenant: Callable[[IsolationLevel], TenantFixture], isolation: IsolationLevel
) -> None:
    """Many threads in no fixed order: each invoice is requested twice and paid once, all at one instant."""
    tenant = new_tenant(isolation)
    invoices = [tenant.add_invoice() for _ in range(INVOICES)]
    acts: list[tuple[Callable[[str], object], str]] = [
        (act, invoice_id) for invoice_id in invoices for act in (tenant.create, tenant.settle, tenant.create)
    ]
    random.Random(15).shuffle(acts)  # noqa: S311 - an order, not a secret
    outcomes = run_concurrently(len(acts), lambda number: acts[number][0](acts[number][1]))
    assert [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, RuleViolation)] == []
    assert [invoice_id for invoice_id in invoices if tenant.is_missed(invoice_id)] == []
    assert {len(tenant.of(invoice_id)) for invoice_id in invoices} <= {0, 1}


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("first", [CLAIM, SETTLEMENT])
def test_inclusion_claimed_while_it_is_paid_is_not_sent_or_is_removed(
    new_tenant: Callable[[IsolationLevel], TenantFixture],
    isolation: IsolationLevel,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant = new_tenant(isolation)
    app = tenant.app
    pause_before_each_step(monkeypatch)

    def run_claim(order: list[str]) -> tuple[Any, InterleavingResult]:
        invoice_id = tenant.add_invoice()
        made = app.negativations.create(ANA, app.request(invoice_id))[0]
        acts: dict[str, Callable[[], object]] = {
            CLAIM: lambda: app.perform(made),
            SETTLEMENT: lambda: tenant.settle(invoice_id),
        }
        return made, interleave(tenant.monitor, acts, order)

    second = SETTLEMENT if first == CLAIM else CLAIM
    longest = {name: len(run_claim([name] * 99)[1].points[name]) for name in (CLAIM, SETTLEMENT)}
    ends = set()
    for order in orders(first, second, (longest[first], longest[second]), every=3):
        made, result = run_claim(order)
        assert [each for each in result.outcomes.values() if isinstance(each, Exception)] == [], result.outcomes
        app.payments.apply()
        assert app.get(made).desired is Desired.REMOVED, (order, result.points)
        ends.add(app.work(made).observed)
        assert made.reference not in {record.order.reference for record in app.bureau.records_on_file()}
    assert ends == {Observed.ABSENT, Observed.GONE}


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("first", [CLAIM, REVERSAL])
def test_removal_is_not_claimed_once_its_reversal_is_committed(
    new_tenant: Callable[[IsolationLevel], TenantFixture],
    isolation: IsolationLevel,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it is applied or not: the claim reads the whole ledger."""
    tenant = new_tenant(isolation)
    app = tenant.app
    pause_before_each_step(monkeypatch)

    def run_claim(order: list[str]) -> tuple[Negativation, bool, InterleavingResult]:
        invoice_id = tenant.add_invoice()
        made = app.work(app.negativations.create(ANA, app.request(invoice_id))[0])
        tenant.settle(invoice_id)
        app.payments.apply()
        calls = app.bureau.calls.count("remove")
        reversed_first = []

        def claim() -> object:
            reversed_first.append(tenant.is_reversed(invoice_id))
            return app.perform(made)

        acts: dict[str, Callable[[], object]] = {CLAIM: claim, REVERSAL: lambda: tenant.reverse(invoice_id)}
        result = interleave(tenant.monitor, acts, order)
        assert [each for each in result.outcomes.values() if isinstance(each, Exception)] == [], result.outcomes
        was_sent = app.bureau.calls.count("remove") > calls
        assert not (was_sent and reversed_first[0]), (order, result.points)
        return app.get(made), was_sent, result

    second = REVERSAL if first == CLAIM else CLAIM
    longest = {name: len(run_claim([name] * 99)[2].points[name]) for name in (CLAIM, REVERSAL)}
    ends = set()
    for order in orders(first, second, (longest[first], longest[second]), every=3):
        row, was_sent, result = run_claim(order)
        app.payments.apply()
        row = app.get(row)
        assert (row.desired is Desired.REMOVED) is was_sent, (order, result.points)
        ends.add(was_sent)
    assert ends == {True, False}
