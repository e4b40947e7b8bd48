"""More processes do more, and closed records cost nothing.

Workers: 1, 2 and 4 processes, each with 8 calls in flight at 200 ms, drain one PostgreSQL; what n of them do in a
second is at least 0.9 of n times what one does. Sweep: over 1,000,000 closed and 1,000 due records it takes at most 1.5
times what it takes over 10,000 closed and 1,000 due; told as the ratio of both, floor 1 / 1.5.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import sqlalchemy as sa

from benchmarks.databases import databases
from benchmarks.house import House, house
from benchmarks.loopback import loopback
from benchmarks.side_by_side import report, side_by_side
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.testing import samples

if TYPE_CHECKING:
    from benchmarks.databases import NewDatabase

LINEAR_FLOOR, SWEEP_FLOOR = 0.9, 1 / 1.5
PROCESSES = (1, 2, 4)
IN_FLIGHT = 8
LATENCY = 0.2
SECONDS = 8.0
"""What each fleet is given work for, at the bureau's own pace."""
CLOSED = (10_000, 1_000_000)
DUE = 1_000


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--closed", type=int, default=CLOSED[1])
    parser.add_argument("--due", type=int, default=DUE)
    parser.add_argument("--worker", nargs=2, metavar=("DATABASE", "BUREAU"))
    asked = parser.parse_args(argv)
    if asked.worker:
        return _work(*asked.worker)
    with databases("postgresql") as new_database:
        rates = {fleet: _rate(new_database, fleet, asked.seconds) for fleet in PROCESSES}
    linear = min(rates[fleet] / (fleet * rates[1]) for fleet in PROCESSES)
    few = min(CLOSED[0], asked.closed)
    with databases("sqlite") as new_database, house(new_database()) as small, house(new_database()) as large:
        for each, closed in ((small, few), (large, asked.closed)):
            _fill(each, closed, asked.due)
        swept = side_by_side(lambda: _sweep(large), lambda: _sweep(small), rounds=9)
    worst = min((linear, LINEAR_FLOOR), (swept.ratio, SWEEP_FLOOR), key=lambda each: each[0] / each[1])
    return report(
        "scale",
        worst[0],
        round(worst[1], 3),
        linear=round(linear, 3),
        sweep=round(swept.ratio, 3),
        **{f"removals_per_second_of_{fleet}": round(rate, 1) for fleet, rate in rates.items()},
        in_flight_each=IN_FLIGHT,
        closed=asked.closed,
        due=asked.due,
        sweep_milliseconds=round(swept.ours * 1e3, 1),
        sweep_milliseconds_small=round(swept.baseline * 1e3, 1),
        baseline="n times one process; a sweep over a hundredth of the closed records",
    )


# ------------------------------------------------------------------------------------------------ processes


def _rate(new_database: NewDatabase, fleet: int, seconds: float) -> float:
    """Removals a second of so many processes, from the first removal's arrival to the last one's."""
    removals = round(fleet * IN_FLIGHT / LATENCY * seconds)
    with loopback(LATENCY) as bureau, house(new_database(), bureau, IN_FLIGHT) as ours:
        ours.keep(ours.due_for_removal(number) for number in range(removals))
        command = [sys.executable, "-m", "benchmarks.scale", "--worker", ours.url, bureau]
        workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(fleet)]
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()  # ready
        began = time.time()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(b"go\n")
            worker.stdin.flush()
        assert [worker.wait() for worker in workers] == [0] * fleet
        received = httpx.get(f"{bureau}/received").json()
        assert ours.open_removals() == 0
    assert received["removals"] == removals, received
    return float(removals / (received["last_at"] + LATENCY - began))


def _work(database: str, bureau: str) -> int:
    """One process of a fleet: ready, told to go, done when nothing is left."""
    ours = House(database, bureau, IN_FLIGHT, IN_FLIGHT)
    ours.open_removals()
    ours.tenant.gateways.of(ours.integration())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    ours.queue.start()
    while ours.open_removals():
        time.sleep(0.1)
    failures = ours.queue.failures
    ours.close()
    return int(failures > 0)


# ------------------------------------------------------------------------------------------------ the sweep


def _sweep(ours: House) -> None:
    """What finds work: the sweep itself, what is due, and when to look again."""
    swept = ours.sweep.run()
    assert not swept.host_failed
    assert len(ours.transmissions.due(DUE)) > 0
    ours.transmissions.next_due_at()


def _fill(ours: House, closed: int, due: int) -> None:
    """So many due removals, and copies of one closed record, its invoice and its payment, made inside the database."""
    ours.keep(ours.due_for_removal(number) for number in range(due))
    gone = samples.removed(ours.negativated(due))
    ours.keep([gone])
    with ours.storage.unit() as unit:
        payment = samples.settlement("s", gone.invoices[0].invoice_id)
        unit.settlements.record(ours.erp.code, payment, ours.tenant.clock.now())
        unit.settlements.mark_applied(ours.erp.code, [payment.invoice_id], ours.tenant.clock.now())
        unit.commit()
    engine = make_engine(ours.url)
    keys = {"id", "reference", "negativation_id", "invoice_id", "settlement_id"}
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        for table in ("cp_negativation", "cp_negativation_invoice", "cp_invoice", "cp_settlement"):
            columns = [column["name"] for column in sa.inspect(connection).get_columns(table)]
            copied = ", ".join(f"{name} || '-' || n" if name in keys else name for name in columns)
            connection.exec_driver_sql(
                f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {closed}) "  # noqa: S608 - our own names
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM numbers, {table} "
                f"WHERE {_of_one(table, gone.id, gone.invoices[0].invoice_id)}"
            )
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _of_one(table: str, key: str, invoice_id: str) -> str:
    return f"id = '{key}'" if table == "cp_negativation" else f"invoice_id = '{invoice_id}'"


if __name__ == "__main__":
    sys.exit(main())
