"""Re-reading the invoices of 100,000 open negativations where nothing changed, against reading the host's rows alone.

Both make the same calls of the local ERP over SQLite: 500 invoices at a time, their customers, all records of these
people, and the do-not-negativate list. At most 1.3 times the baseline; a pass writes no reading, its statements grow
with the pages and not with the rows, and the memory that it needs does not grow.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import tracemalloc
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from validate_docbr import CPF

from benchmarks.comparison import compare, report
from benchmarks.databases import databases
from benchmarks.tenant import copies, new_tenant
from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.application.rereading import BATCH_SIZE, Rereading
from credit_protection.testing import samples

if TYPE_CHECKING:
    from benchmarks.tenant import BenchmarkTenant

FLOOR = round(1 / 1.3, 3)
OPEN = 100_000
STATEMENTS_A_PAGE = 4
MEGABYTES = 30


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--open", type=int, default=OPEN)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cp-bench-")))
        new_database = stack.enter_context(databases("sqlite"))
        host = LocalErp(folder / "erp.sqlite")
        ours = stack.enter_context(new_tenant(new_database(), host=host))
        invoice_ids = _fill(ours, folder / "erp.sqlite", options.open)
        rereading = Rereading(ours.use_cases.ports)
        rereading.reread_all()
        before = _stored(ours)
        measured = compare(rereading.reread_all, lambda: _read(host, invoice_ids), rounds=options.rounds)
        statements = _statements(rereading)
        megabytes = _peak_megabytes(rereading)
        written = _stored(ours) != before
    pages = -(-options.open // BATCH_SIZE)
    code = report(
        "reread",
        measured.ratio,
        FLOOR,
        seconds=round(measured.ours, 2),
        statements_a_page=round(statements / pages, 2),
        peak_megabytes=round(megabytes, 1),
        open_invoices=options.open,
        baseline="the same calls of the host alone",
    )
    return code or int(written or statements > STATEMENTS_A_PAGE * (pages + 2) or megabytes > MEGABYTES)


def _read(host: LocalErp, invoice_ids: list[str]) -> None:
    """Read the host's rows as a pass does, and keep nothing."""
    for start in range(0, len(invoice_ids), BATCH_SIZE):
        invoices = host.invoice_statuses(invoice_ids[start : start + BATCH_SIZE])
        debtors = host.customers(sorted({each.customer_id for each in invoices.values()}))
        host.customers_with_documents(sorted({each.document for each in debtors.values()}))
        host.holds(sorted(debtors))


def _statements(rereading: Rereading) -> int:
    """How many statements one pass executes."""
    executed: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        executed.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    rereading.reread_all()
    sa.event.remove(sa.Engine, "before_cursor_execute", count)
    return len(executed)


def _peak_megabytes(rereading: Rereading) -> float:
    """The most memory that one pass holds at once."""
    tracemalloc.start()
    rereading.reread_all()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def _stored(ours: BenchmarkTenant) -> object:
    """What is stored of the readings and of what follows from them."""
    with ours.storage.read_only() as unit:
        readings = unit.readings.get(ours.host.code, [f"{_FIRST}-{number}" for number in range(0, OPEN, 1000)])
        return {key: each.reading.as_of for key, each in readings.items()}, unit.divergences.counts()


# ------------------------------------------------------------------------------------------------ made-up records

_FIRST = "i0000000"


def _fill(ours: BenchmarkTenant, file: Path, count: int) -> list[str]:
    """Negativations, and their invoices and customers in the ERP; the invoices' ids, in the order of a pass."""
    first = ours.negativated(0)
    ours.add([first])
    ours.add_copies(first, count - 1)
    invoice = first.invoices[0]
    LocalErp(file).import_example(today=samples.TODAY)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "UPDATE customers SET id = ?, document = ?, document_key = ? WHERE id = (SELECT min(id) FROM customers)",
            (first.customer_id, first.document.value, first.document.value),
        )
        connection.execute(
            "INSERT INTO invoices (id, customer_id, number, due_date, amount, balance, in_agreement)"
            " VALUES (?, ?, '1', ?, ?, ?, 0)",
            (
                _FIRST,
                first.customer_id,
                invoice.due_date.isoformat(),
                invoice.principal.cents,
                invoice.principal.cents,
            ),
        )
        for table, key, value in (("customers", "id", first.customer_id), ("invoices", "id", _FIRST)):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            connection.execute(copies(table, columns, count - 1, key, value, also=("customer_id",)))
    _give_each_a_document(ours, file, first.customer_id, count)
    return sorted([_FIRST, *(f"{_FIRST}-{number}" for number in range(1, count))])


def _give_each_a_document(ours: BenchmarkTenant, file: Path, first_customer: str, count: int) -> None:
    """Copies of one person would be one debtor with all records: each becomes a person."""
    random.seed(2026)
    documents: dict[str, None] = {}
    while len(documents) < count - 1:
        documents[CPF().generate()] = None
    people = [(document, f"-{number}") for number, document in enumerate(documents, 1)]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            f"UPDATE customers SET document = ?1, document_key = ?1 WHERE id = '{first_customer}' || ?2",  # noqa: S608 - our own id
            people,
        )
    with closing(sqlite3.connect(ours.url.removeprefix("sqlite:///"))) as connection, connection:
        connection.executemany(
            f"UPDATE cp_negativation SET document = ?1, customer_id = '{first_customer}' || ?2,"  # noqa: S608 - our own ids
            f" invoices = replace(invoices, '{_FIRST}', '{_FIRST}' || ?2) WHERE id = 'n0000000' || ?2",
            people,
        )


if __name__ == "__main__":
    sys.exit(main())
