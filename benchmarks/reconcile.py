"""Reconciling a bureau's list of 20,000 records that agree, against finding the same records in the storage alone.

A pass reads the list as a stream: its statements grow with its batches and not with the records, and the memory that it
needs does not grow. It opens nothing.
"""

from __future__ import annotations

import argparse
import sys
import tracemalloc
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from benchmarks.comparison import compare, report
from benchmarks.databases import databases
from benchmarks.tenant import INTEGRATION, new_tenant
from credit_protection.application.gateway_registry import GatewayRegistry
from credit_protection.application.reconciliation import BATCH_SIZE, Reconciliation
from credit_protection.domain.actors import Actor
from credit_protection.domain.bureau_answers import RecordFound, RecordKey, RecordState
from credit_protection.ports.bureau import ListedRecord
from credit_protection.testing.fakes import FakeBureau, PlainVault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from benchmarks.tenant import BenchmarkTenant
    from credit_protection.domain.negativations import Negativation

FLOOR = 0.2
RECORDS = 20_000
STATEMENTS_A_BATCH = 14
MEGABYTES = 8
"""A pass that kept 400 bytes of each record would need more."""
PERSON = Actor.with_role("ana", "Ana", "administrador")
OLD = timedelta(days=30)


class ListingBureau(FakeBureau):
    """A bureau whose list has the records of a negativation and of its copies, made while it is read."""

    code = "credito_na_medida"

    def __init__(self, first: Negativation, count: int) -> None:
        super().__init__()
        self._first = first
        self._count = count

    def list_records(self) -> Iterator[ListedRecord]:
        """Stream them."""
        first, found = self._first, RecordFound(RecordState.PRESENT)
        for number in range(self._count):
            reference = first.reference if number == 0 else f"{first.reference}-{number}"
            key = RecordKey(first.document, reference, first.due_date)
            yield ListedRecord(key, str(first.amount.amount), found)


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        new_database = stack.enter_context(databases("sqlite"))
        ours = stack.enter_context(new_tenant(new_database()))
        first = _fill(ours, options.records)
        bureau = ListingBureau(first, options.records)
        ports = replace(ours.use_cases.ports, gateways=GatewayRegistry([bureau], PlainVault()))
        reconciliation = Reconciliation(ports)

        def run() -> None:
            summary = reconciliation.run(PERSON, INTEGRATION)
            if not summary.is_ended or summary.opened or summary.matched != options.records:
                raise AssertionError(summary)

        measured = compare(run, lambda: _find(ours, bureau), rounds=options.rounds)
        statements = _statements(ours, run)
        tracemalloc.start()
        run()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    batches = -(-options.records // BATCH_SIZE)
    code = report(
        "reconcile",
        measured.ratio,
        FLOOR,
        seconds=round(measured.ours, 2),
        statements_a_batch=round(statements / batches, 2),
        peak_megabytes=round(peak / 1e6, 1),
        records=options.records,
        baseline="finding the listed records in the storage alone",
    )
    return code or int(statements > STATEMENTS_A_BATCH * (batches + 3) or peak / 1e6 > MEGABYTES)


def _find(ours: BenchmarkTenant, bureau: ListingBureau) -> None:
    keys: list[tuple[str, str, date | None]] = []
    for record in bureau.list_records():
        keys.append((record.key.document.value, record.key.reference, record.key.due_date))
        if len(keys) == BATCH_SIZE:
            _find_batch(ours, keys)
    _find_batch(ours, keys)


def _find_batch(ours: BenchmarkTenant, keys: list[tuple[str, str, date | None]]) -> None:
    with ours.storage.read_only() as unit:
        unit.negativations.find_listed(INTEGRATION, keys, [])
    keys.clear()


def _statements(ours: BenchmarkTenant, run: Callable[[], None]) -> int:
    """How many statements one pass executes."""
    executed: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        executed.append(statement)

    engine = ours.storage._engine  # noqa: SLF001 - to count what it executes
    sa.event.listen(engine, "before_cursor_execute", count)
    run()
    sa.event.remove(engine, "before_cursor_execute", count)
    return len(executed)


def _fill(ours: BenchmarkTenant, count: int) -> Negativation:
    made = ours.negativated(0)
    old = replace(made, created_at=made.created_at - OLD, observed_since=made.observed_since - OLD, bureau_id=None)
    ours.add([old])
    if count > 1:
        ours.add_copies(old, count - 1)
    return old


if __name__ == "__main__":
    sys.exit(main())
