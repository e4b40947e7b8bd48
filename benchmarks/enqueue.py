"""`record` and `apply`, each against a bare Core transaction that makes the same writes.

`record` joins the transaction on the host's own connection (a savepoint in it); the baseline inserts the same rows
(the settlement and its audit entry) with SQLAlchemy Core in a transaction of the same kind. `apply` decides about one
invoice in our own transaction; the baseline writes the same columns of the same rows without a decision. On SQLite and
on PostgreSQL, each commit on the disk; the ratio reported is the worst against its floor.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from benchmarks.comparison import report
from benchmarks.databases import DATABASES, databases
from benchmarks.tenant import new_tenant
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.adapters.storage.sqlalchemy.mappers.negativations import event_row, negativation_row
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import entry_row
from credit_protection.adapters.storage.sqlalchemy.tables import (
    AUDIT,
    EVENT,
    NEGATIVATION,
    NEGATIVATION_INVOICE,
    SETTLEMENT,
)
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.tenant import BenchmarkTenant

RECORD_FLOOR, APPLY_FLOOR = 0.60, 0.50
TIMES = 300


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--database", choices=DATABASES, action="append")
    options = parser.parse_args(argv)
    details: dict[str, float] = {}
    measured: list[tuple[float, float]] = []
    for kind in options.database or DATABASES:
        with databases(kind) as new_database:
            for name, floor, prepare in (("record", RECORD_FLOOR, _recording), ("apply", APPLY_FLOOR, _applying)):
                with new_tenant(new_database()) as ours:  # one each: their ledgers would mix
                    bare = make_engine(ours.url)
                    ratio, own, baseline = _alternate(*prepare(ours, bare, options.times), options.times)
                    bare.dispose()
                details[f"{kind}_{name}"] = round(ratio, 3)
                details[f"{kind}_{name}_microseconds"] = round(own * 1e6, 1)
                details[f"{kind}_{name}_bare_microseconds"] = round(baseline * 1e6, 1)
                measured.append((ratio, floor))
    return report(
        "enqueue",
        *min(measured, key=lambda each: each[0] / each[1]),
        times=options.times,
        **details,
        baseline="a bare Core transaction that makes the same writes",
    )


def _alternate(
    ours: Callable[[int], float], baseline: Callable[[int], float], times: int
) -> tuple[float, float, float]:
    """Run both alternately, in swapped order; returns the ratio of their medians, and both medians."""
    for warm_up in range(-10, 0):
        ours(warm_up)
        baseline(warm_up)
    gc.collect()
    own: list[float] = []
    other: list[float] = []
    for number in range(times):
        if number % 2:
            other.append(baseline(number))
            own.append(ours(number))
        else:
            own.append(ours(number))
            other.append(baseline(number))
    mine, theirs = statistics.median(own), statistics.median(other)
    return theirs / mine, mine, theirs


# ------------------------------------------------------------------------------------------------ record


def _recording(
    ours: BenchmarkTenant, bare: sa.Engine, times: int
) -> tuple[Callable[[int], float], Callable[[int], float]]:
    """A host's transaction with one payment, by `record` and by a bare insert."""
    del times
    host = ours.erp.code
    insert = sa.insert(SETTLEMENT)
    borrowed = bare.raw_connection().driver_connection
    assert borrowed is not None

    def record(number: int) -> float:
        entry = _payment(f"r{number}", "unknown")
        began = time.perf_counter()
        borrowed.execute("BEGIN IMMEDIATE") if bare.dialect.name == "sqlite" else None
        ours.use_cases.payments.record(SYSTEM, entry, connection=borrowed)
        borrowed.commit()
        return time.perf_counter() - began

    def insert_bare(number: int) -> float:
        entry = _payment(f"b{number}", "unknown")
        began = time.perf_counter()
        with bare.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE") if bare.dialect.name == "sqlite" else None
            connection.execute(insert, entry_row(host, entry, ours.clock.now()))
            connection.execute(_ADD_AUDIT, _audit_row("payment.record", entry.id, ours.clock.now()))
        return time.perf_counter() - began

    return record, insert_bare


def _payment(payment_id: str, invoice_id: str) -> Settlement:
    invoice = samples.negativated_invoice()
    return Settlement(payment_id, invoice_id, SettlementKind.PAYMENT, samples.TODAY, invoice.principal)


# ------------------------------------------------------------------------------------------------ apply


def _applying(
    ours: BenchmarkTenant, bare: sa.Engine, times: int
) -> tuple[Callable[[int], float], Callable[[int], float]]:
    """A payment applied by `apply`, and the same rows written by bare statements."""
    ours.add(ours.negativated(number) for number in range(2 * (times + 10)))
    taken = iter(range(2 * (times + 10)))
    ours.use_cases.payments.apply()

    def apply(number: int) -> float:
        target = next(taken)
        _record(ours, _payment(f"a{number}", f"i{target:07}"))
        began = time.perf_counter()
        applied = ours.use_cases.payments.apply()
        seconds = time.perf_counter() - began
        assert list(applied.changed_negativation_ids) == [f"n{target:07}"], applied
        return seconds

    def write_bare(number: int) -> float:
        target = next(taken)
        payment = _payment(f"w{number}", f"i{target:07}")
        _record(ours, payment)
        writes = list(_writes(ours, target, payment))
        began = time.perf_counter()
        with bare.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE") if bare.dialect.name == "sqlite" else None
            for statement, row in writes:
                connection.execute(statement, row)
        return time.perf_counter() - began

    return apply, write_bare


def _record(ours: BenchmarkTenant, payment: Settlement) -> None:
    with ours.storage.unit() as unit:
        unit.settlements.record(ours.erp.code, payment, ours.clock.now())
        unit.commit()


_UPDATE_NEGATIVATION = sa.update(NEGATIVATION).where(NEGATIVATION.c.id == sa.bindparam("key"))
_UPDATE_INVOICES = sa.update(NEGATIVATION_INVOICE).where(NEGATIVATION_INVOICE.c.negativation_id == sa.bindparam("key"))
_MARK_APPLIED = sa.update(SETTLEMENT).where(
    SETTLEMENT.c.host == sa.bindparam("of_host"),
    SETTLEMENT.c.invoice_id == sa.bindparam("of_invoice"),
    SETTLEMENT.c.settlement_id == sa.bindparam("of_settlement"),
)
_ADD_EVENT = sa.insert(EVENT).inline()
_ADD_AUDIT = sa.insert(AUDIT).inline()


def _writes(ours: BenchmarkTenant, number: int, payment: Settlement) -> Iterator[tuple[sa.Executable, dict[str, Any]]]:
    """The statements of a decision, with their values."""
    wanted = replace(ours.due_for_removal(number), version=2)
    before = negativation_row(ours.negativated(number))
    changed = {name: value for name, value in negativation_row(wanted).items() if value != before[name]}
    yield _UPDATE_NEGATIVATION, changed | {"key": wanted.id}
    yield _UPDATE_INVOICES, {"key": wanted.id, "desired": wanted.desired, "is_closed": wanted.is_closed}
    yield (
        _ADD_EVENT,
        event_row(Event(EventKind.REMOVAL_WANTED, wanted.id, wanted.created_at, detail={"cause": "settlement"})),
    )
    yield _ADD_AUDIT, _audit_row("removal.request", wanted.id, wanted.created_at)
    yield (
        _MARK_APPLIED,
        {
            "of_host": ours.erp.code,
            "of_invoice": payment.invoice_id,
            "of_settlement": payment.id,
            "applied_at": wanted.created_at,
        },
    )


def _audit_row(act: str, subject: str, at: datetime) -> dict[str, Any]:
    actor = {"actor_id": SYSTEM.id, "actor_name": SYSTEM.name}
    return {
        "at": at,
        **actor,
        "act": act,
        "subject": subject,
        "creditor_id": None,
        "remark": "",
        "before": {},
        "after": {},
    }


if __name__ == "__main__":
    sys.exit(main())
