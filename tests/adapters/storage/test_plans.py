"""Every frequent query is read from an index, however many closed records there are: the databases' plans say so."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.mappers.negativations import invoice_rows, negativation_row
from credit_protection.adapters.storage.sqlalchemy.repositories.queries import query_row
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import entry_row
from credit_protection.adapters.storage.sqlalchemy.tables import (
    CREDIT_QUERY,
    NEGATIVATION,
    NEGATIVATION_INVOICE,
    SETTLEMENT,
)
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.state_table import Observed
from credit_protection.ports.storage import (
    AuditFilter,
    DivergenceFilter,
    NegativationFilter,
    PageRequest,
    QueryFilter,
    UnitOfWork,
    UnseenFilter,
)
from credit_protection.testing import samples
from tests.postgresql import NewDatabase

MANY = 4000
FULL_SCAN_COST = 300
"""About PostgreSQL's cost of reading the smallest of the large tables whole."""
NOW = samples.NOW
LARGE = (
    "cp_negativation",
    "cp_settlement",
    "cp_credit_query",
    "cp_event",
    "cp_audit",
    "cp_reading",
    "cp_recheck",
    "cp_divergence",
    "cp_turn",
)
TWO_CREDITORS = frozenset({"creditor-1", "creditor-2"})
Query = Callable[[UnitOfWork], object]


def walked(list_page: Callable[[PageRequest], Any]) -> Any:  # noqa: ANN401 - any list
    """A first page and, where there is one, the next."""
    first = list_page(PageRequest(2))
    return list_page(PageRequest(2, first.cursor)) if first.cursor else first


def walked_open_invoices(unit: UnitOfWork) -> object:
    """A first page, and the next."""
    first = unit.readings.open_invoices("local", NOW, PageRequest(2))
    return unit.readings.open_invoices("local", NOW, PageRequest(2, first.cursor))


FREQUENT: dict[str, Query] = {
    "due": lambda unit: unit.negativations.due(NOW, 10),
    "next_due_at": lambda unit: unit.negativations.next_due_at(NOW),
    "expired": lambda unit: unit.negativations.expired(NOW, 10),
    "get": lambda unit: unit.negativations.get("n-1"),
    "history": lambda unit: unit.negativations.history("n-1"),
    "for_invoices": lambda unit: unit.negativations.for_invoices("local", ["invoice-1", "open-1"]),
    "open_invoices": lambda unit: unit.negativations.open_invoices("local", Registry.SPC, ["invoice-1", "open-1"]),
    "count_open": lambda unit: unit.negativations.count_open("integration-1"),
    "open_invoice_ids": lambda unit: walked(lambda page: unit.negativations.open_invoice_ids("local", page)),
    "relinks": lambda unit: walked(unit.negativations.relinks),
    "newest": lambda unit: walked(lambda page: unit.negativations.list(NegativationFilter(), page)),
    "of a customer": lambda unit: walked(
        lambda page: unit.negativations.list(NegativationFilter(customer_id="customer-1"), page)
    ),
    "of a document": lambda unit: walked(
        lambda page: unit.negativations.list(NegativationFilter(document=samples.CPF.value), page)
    ),
    "removal queue": lambda unit: walked(
        lambda page: unit.negativations.list(NegativationFilter(in_removal_queue=True), page)
    ),
    "open": lambda unit: walked(lambda page: unit.negativations.list(NegativationFilter(is_open=True), page)),
    "blocked": lambda unit: walked(lambda page: unit.negativations.list(NegativationFilter(blocked=True), page)),
    "observed": lambda unit: walked(
        lambda page: unit.negativations.list(NegativationFilter(observed=Observed.PRESENT), page)
    ),
    "unapplied": lambda unit: unit.settlements.unapplied(10),
    "lock_unapplied": lambda unit: unit.settlements.lock_unapplied(10),
    "entries": lambda unit: unit.settlements.entries("local", ["invoice-1", "open-1"]),
    "newest_applied": lambda unit: unit.settlements.newest_applied("local", ["invoice-1", "open-1"], NOW),
    "readings": lambda unit: unit.readings.get("local", ["invoice-1", "open-1"]),
    "open invoices with readings": walked_open_invoices,
    "due rechecks": lambda unit: unit.rechecks.due("local", NOW, 10),
    "rechecks of invoices": lambda unit: unit.rechecks.of("local", ["invoice-1", "open-1"]),
    "open divergences": lambda unit: unit.divergences.open_of(["open-1", "n-1"]),
    "divergences": lambda unit: walked(lambda page: unit.divergences.list(DivergenceFilter(), page)),
    "divergences that are open": lambda unit: walked(
        lambda page: unit.divergences.list(DivergenceFilter(is_open=True), page)
    ),
    "divergences of a negativation": lambda unit: walked(
        lambda page: unit.divergences.list(DivergenceFilter(negativation_id="n-1"), page)
    ),
    "divergences of a creditor": lambda unit: walked(
        lambda page: unit.divergences.list(DivergenceFilter(creditor_ids=frozenset({"creditor-1"})), page)
    ),
    "divergence counts": lambda unit: unit.divergences.counts(),
    "turns": lambda unit: unit.turns.count("integration-1", NOW),
    "listed by a bureau": lambda unit: unit.negativations.find_listed(
        "integration-1", [(samples.CPF.value, "OPEN-1", samples.TODAY)], ["B1", "B2"]
    ),
    "seen": lambda unit: unit.negativations.seen_since(["open-1", "n-1"], NOW),
    "unseen": lambda unit: walked(
        lambda page: unit.negativations.unseen(UnseenFilter("integration-1", NOW + timedelta(days=9)), page)
    ),
    "unseen of those that wait": lambda unit: walked(
        lambda page: unit.negativations.unseen(
            UnseenFilter("integration-1", NOW + timedelta(days=9), NOW, waiting=True), page
        )
    ),
    "count of unseen": lambda unit: unit.negativations.count_unseen(UnseenFilter("integration-1", NOW)),
    "unconfirmed": lambda unit: unit.negativations.unconfirmed_of("integration-1", [samples.CPF.value]),
    "due removal of an integration": lambda unit: unit.negativations.has_due_removal("integration-1", NOW),
    "reuse": lambda unit: unit.queries.newest_answered("integration-1", "900", samples.CPF.value),
    "unanswered": lambda unit: unit.queries.unanswered_since(NOW, 10),
    "queries": lambda unit: walked(lambda page: unit.queries.list(QueryFilter(), page)),
    "queries of a customer": lambda unit: walked(
        lambda page: unit.queries.list(QueryFilter(customer_id="customer-1"), page)
    ),
    "audit": lambda unit: walked(lambda page: unit.audit.list(AuditFilter(), page)),
    "audit of a subject": lambda unit: walked(lambda page: unit.audit.list(AuditFilter(subject="subject-1"), page)),
    "audit of an actor": lambda unit: walked(lambda page: unit.audit.list(AuditFilter(actor_id="actor-1"), page)),
    "audit of an act": lambda unit: walked(lambda page: unit.audit.list(AuditFilter(act="act-1"), page)),
    "audit of a creditor": lambda unit: walked(
        lambda page: unit.audit.list(AuditFilter(creditor_ids=frozenset({"creditor-1"})), page)
    ),
    "audit of two creditors": lambda unit: walked(
        lambda page: unit.audit.list(AuditFilter(creditor_ids=TWO_CREDITORS), page)
    ),
    "audit of a period": lambda unit: walked(
        lambda page: unit.audit.list(AuditFilter(since=NOW - timedelta(hours=3), before=NOW - timedelta(hours=1)), page)
    ),
}


def fill(storage: SqlStorage) -> None:
    """Many closed, some open; many applied, some not."""
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        for number in range(5):
            unit.negativations.add(samples.negativation(f"open-{number}", [f"open-{number}"]))
            leaving = samples.wants_removal(samples.negativation(f"leaving-{number}", [f"leaving-{number}"]))
            unit.negativations.add(leaving)
            unit.settlements.record("local", samples.settlement(f"new-{number}", f"open-{number}"), NOW)
            unit.queries.add(
                samples.query(f"sent-{number}", product_code=f"s{number}", asked_at=NOW - timedelta(days=1))
            )
        unit.commit()
    closed = [
        replace(
            samples.removed(samples.negativation(f"n-{number}", [f"invoice-{number}"])),
            created_at=NOW - timedelta(minutes=number),
            creditor_id=f"creditor-{number % 40}",
            customer_id=f"customer-{number % 900}",
            document=samples.CNPJ if number % 100 else samples.CPF,
        )
        for number in range(MANY)
    ]
    queries = [
        samples.answered_query(
            f"q-{number}",
            asked_at=NOW - timedelta(minutes=number),
            creditor_id=f"creditor-{number % 40}",
            customer_id=f"customer-{number % 900}",
            document=samples.CNPJ if number % 100 else samples.CPF,
        )
        for number in range(MANY)
    ]
    with storage._writing.begin() as connection:
        connection.execute(sa.insert(NEGATIVATION), [negativation_row(each) for each in closed])
        connection.execute(sa.insert(NEGATIVATION_INVOICE), [row for each in closed for row in invoice_rows(each)])
        connection.execute(sa.insert(CREDIT_QUERY), [query_row(each) for each in queries])
        applied = {"applied_at": NOW}
        connection.execute(
            sa.insert(SETTLEMENT),
            [
                entry_row("local", samples.settlement(f"s-{number}", f"invoice-{number}"), NOW) | applied
                for number in range(MANY)
            ],
        )
    fill_comparison(storage)
    with storage.unit() as unit:
        unit.negativations.append(samples.event(f"n-{number}") for number in range(MANY))
        unit.audit.add(
            *(
                replace(
                    samples.audit_entry(f"subject-{number}", NOW - timedelta(minutes=number)),
                    actor_id=f"actor-{number % 90}",
                    creditor_id=f"creditor-{number % 40}",
                    act=f"act-{number % 30}",
                )
                for number in range(MANY)
            )
        )
        unit.commit()
    with storage._engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
            "VACUUM ANALYZE" if storage._engine.dialect.name == "postgresql" else "ANALYZE"
        )


def fill_comparison(storage: SqlStorage) -> None:
    """Many readings, rechecks that are done, divergences that are closed and turns of days ago; a few of the others."""
    with storage.unit() as unit:
        unit.readings.save("local", (samples.stored_reading(f"invoice-{number}") for number in range(MANY)))
        unit.rechecks.add([samples.recheck(f"r-{number}", invoice_id=f"invoice-{number}") for number in range(MANY)])
        unit.rechecks.add([samples.recheck(f"due-{number}", done_at=None, due_at=NOW) for number in range(5)])
        closed = [
            samples.decided_divergence(
                f"d-{number}",
                subject=f"n-{number}",
                negativation_id=f"n-{number}",
                creditor_id=f"creditor-{number % 40}",
                opened_at=NOW - timedelta(minutes=number),
            )
            for number in range(MANY)
        ]
        unit.divergences.save_all(closed)
        unit.divergences.save_all(
            [samples.divergence(f"open-{number}", subject=f"open-{number}") for number in range(5)]
        )
        for number in range(MANY):
            unit.turns.add("integration-1", f"n-{number}", NOW - timedelta(days=2))
        unit.commit()


def plans(storage: SqlStorage, query: Query) -> Iterator[Any]:
    """The plan of every SELECT that a query executes."""
    executed: list[tuple[str, Any]] = []

    def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401
        executed.append((statement, parameters))

    sa.event.listen(storage._engine, "before_cursor_execute", record)
    with storage.read_only() as unit:
        query(unit)
    sa.event.remove(storage._engine, "before_cursor_execute", record)
    selects = [(statement, parameters) for statement, parameters in executed if statement.startswith("SELECT")]
    assert selects
    explain = "EXPLAIN (FORMAT JSON) " if storage._engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with storage._engine.connect() as connection:
        for statement, parameters in selects:
            yield connection.exec_driver_sql(explain + statement, parameters).all()


@pytest.fixture(scope="module")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStorage]:
    storage = SqlStorage(f"sqlite:///{tmp_path_factory.mktemp('plans') / Path('store.db')}")
    storage.migrate()
    fill(storage)
    yield storage
    storage.close()


@pytest.fixture(scope="module")
def filled_postgresql(new_database: NewDatabase) -> Iterator[SqlStorage]:
    storage = SqlStorage(new_database())
    storage.migrate()
    fill(storage)
    yield storage
    storage.close()


SMALL = "SCAN cp_integration"
"""It has a handful of rows."""


@pytest.mark.parametrize("name", FREQUENT)
def test_sqlite_reads_a_frequent_query_from_an_index(filled_sqlite: SqlStorage, name: str) -> None:
    for plan in plans(filled_sqlite, FREQUENT[name]):
        steps = [row[3] for row in plan]
        bad = [
            step
            for step in steps
            if step.startswith("SCAN cp_") and "USING" not in step and step.removesuffix(" LEFT-JOIN") != SMALL
        ]
        assert bad == [], steps
        if name not in {
            "for_invoices",
            "entries",
            "newest_applied",
            "open_invoice_ids",
            "open invoices with readings",
            "divergence counts",
        }:
            assert not [step for step in steps if "USE TEMP B-TREE" in step], steps


def test_a_due_removal_is_read_from_the_queue_where_an_integration_has_many_records(tmp_path: Path) -> None:
    storage = SqlStorage(f"sqlite:///{tmp_path / 'store.db'}")
    storage.migrate()
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        for number in range(MANY):
            unit.negativations.add(samples.negativation(f"n-{number}", [f"i-{number}"]))
        unit.commit()
    with storage._engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    (plan,) = plans(storage, FREQUENT["due removal of an integration"])
    assert "ix_cp_negativation_due_removal" in plan[0][3], plan
    storage.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("name", FREQUENT)
def test_postgresql_reads_a_frequent_query_from_an_index(filled_postgresql: SqlStorage, name: str) -> None:
    for plan in plans(filled_postgresql, FREQUENT[name]):
        nodes = list(flattened(plan[0][0][0]["Plan"]))
        text = json.dumps(plan[0][0], indent=1)
        assert not [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE], text
        assert nodes[0]["Total Cost"] < FULL_SCAN_COST / 3, text


def flattened(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from flattened(child)
