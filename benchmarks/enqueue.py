"""`record` and `apply`, each against a bare Core transaction that makes the same writes.

`record` joins the transaction that a host holds on its own connection (a savepoint in it); the baseline inserts the
same row with SQLAlchemy Core in a transaction of the same kind. `apply` decides upon one invoice in a transaction of
ours; the baseline writes the same columns of the same rows, and decides nothing. On SQLite and on PostgreSQL, each
commit on the disk; the ratio told is the one that is worst against its floor.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from benchmarks.databases import DATABASES, databases
from benchmarks.house import house
from benchmarks.side_by_side import report
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.adapters.storage.sqlalchemy.mappers.negativations import event_row, negativation_row
from credit_protection.adapters.storage.sqlalchemy.mappers.settlements import entry_row
from credit_protection.adapters.storage.sqlalchemy.tables import EVENT, NEGATIVATION, NEGATIVATION_INVOICE, SETTLEMENT
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.house import House

RECORD_FLOOR, APPLY_FLOOR = 0.60, 0.50
TIMES = 300


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--database", choices=DATABASES, action="append")
    asked = parser.parse_args(argv)
    explained: dict[str, float] = {}
    measured: list[tuple[float, float]] = []
    for kind in asked.database or DATABASES:
        with databases(kind) as new_database:
            for name, floor, prepare in (("record", RECORD_FLOOR, _recording), ("apply", APPLY_FLOOR, _applying)):
                with house(new_database()) as ours:  # one each: the ledger of one is in the way of the other
                    bare = make_engine(ours.url)
                    ratio, own, baseline = _in_turn(*prepare(ours, bare, asked.times), asked.times)
                    bare.dispose()
                explained[f"{kind}_{name}"] = round(ratio, 3)
                explained[f"{kind}_{name}_microseconds"] = round(own * 1e6, 1)
                explained[f"{kind}_{name}_bare_microseconds"] = round(baseline * 1e6, 1)
                measured.append((ratio, floor))
    return report(
        "enqueue",
        *min(measured, key=lambda each: each[0] / each[1]),
        times=asked.times,
        **explained,
        baseline="a bare Core transaction that makes the same writes",
    )


def _in_turn(ours: Callable[[int], float], baseline: Callable[[int], float], times: int) -> tuple[float, float, float]:
    """Both one after the other, so many times, in swapped order: the ratio of their medians, and both."""
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


def _recording(ours: House, bare: sa.Engine, times: int) -> tuple[Callable[[int], float], Callable[[int], float]]:
    """A host's transaction with one payment in it, through `record` and through a bare insert."""
    del times
    host = ours.erp.code
    insert = sa.insert(SETTLEMENT)
    borrowed = bare.raw_connection().driver_connection
    assert borrowed is not None

    def record(number: int) -> float:
        entry = _payment(f"r{number}", "nobody")
        began = time.perf_counter()
        borrowed.execute("BEGIN IMMEDIATE") if bare.dialect.name == "sqlite" else None
        ours.payments.record(SYSTEM, entry, connection=borrowed)
        borrowed.commit()
        return time.perf_counter() - began

    def insert_bare(number: int) -> float:
        entry = _payment(f"b{number}", "nobody")
        began = time.perf_counter()
        with bare.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE") if bare.dialect.name == "sqlite" else None
            connection.execute(insert, entry_row(host, entry, ours.tenant.clock.now()))
        return time.perf_counter() - began

    return record, insert_bare


def _payment(payment_id: str, invoice_id: str) -> Settlement:
    invoice = samples.negativated_invoice()
    return Settlement(payment_id, invoice_id, SettlementKind.PAYMENT, samples.TODAY, invoice.principal)


# ------------------------------------------------------------------------------------------------ apply


def _applying(ours: House, bare: sa.Engine, times: int) -> tuple[Callable[[int], float], Callable[[int], float]]:
    """A payment decided upon through `apply`, and the same rows written by bare statements."""
    ours.keep(ours.negativated(number) for number in range(2 * (times + 10)))
    taken = iter(range(2 * (times + 10)))
    ours.payments.apply()

    def apply(number: int) -> float:
        target = next(taken)
        _record(ours, _payment(f"a{number}", f"i{target:07}"))
        began = time.perf_counter()
        applied = ours.payments.apply()
        seconds = time.perf_counter() - began
        assert list(applied.turned) == [f"n{target:07}"], applied
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


def _record(ours: House, payment: Settlement) -> None:
    with ours.storage.unit() as unit:
        unit.settlements.record(ours.erp.code, payment, ours.tenant.clock.now())
        unit.commit()


_REPLACE = sa.update(NEGATIVATION).where(NEGATIVATION.c.id == sa.bindparam("key"))
_PLACE = sa.update(NEGATIVATION_INVOICE).where(NEGATIVATION_INVOICE.c.negativation_id == sa.bindparam("key"))
_MARK = sa.update(SETTLEMENT).where(
    SETTLEMENT.c.host == sa.bindparam("of_host"),
    SETTLEMENT.c.invoice_id == sa.bindparam("of_invoice"),
    SETTLEMENT.c.settlement_id == sa.bindparam("of_settlement"),
)
_TELL = sa.insert(EVENT).inline()


def _writes(ours: House, number: int, payment: Settlement) -> Iterator[tuple[sa.Executable, dict[str, Any]]]:
    """What a decision writes, ready to be executed."""
    wanted = replace(ours.due_for_removal(number), version=2)
    before = negativation_row(ours.negativated(number))
    changed = {name: value for name, value in negativation_row(wanted).items() if value != before[name]}
    yield _REPLACE, changed | {"key": wanted.id}
    yield _PLACE, {"key": wanted.id, "desired": wanted.desired, "is_closed": wanted.is_closed}
    yield (
        _TELL,
        event_row(Event(EventKind.REMOVAL_WANTED, wanted.id, wanted.created_at, detail={"cause": "settlement"})),
    )
    yield (
        _MARK,
        {
            "of_host": ours.erp.code,
            "of_invoice": payment.invoice_id,
            "of_settlement": payment.id,
            "applied_at": wanted.created_at,
        },
    )


if __name__ == "__main__":
    sys.exit(main())
