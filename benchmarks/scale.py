"""Throughput grows with the processes, and closed records cost nothing.

Workers: 1, 2 and 4 processes, each with 8 calls in flight at 200 ms, drain one PostgreSQL; n of them reach at least
0.9 times n times the rate of one. Sweep: over 1,000,000 closed and 1,000 due records it takes at most 1.5 times as
long as over 10,000 closed and 1,000 due; reported as the ratio of both, floor 1 / 1.5.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx

from benchmarks.comparison import compare, report
from benchmarks.databases import databases
from benchmarks.local_server import local_server
from benchmarks.tenant import BenchmarkTenant, new_tenant
from credit_protection.testing import samples

if TYPE_CHECKING:
    from benchmarks.databases import NewDatabase

LINEAR_FLOOR, SWEEP_FLOOR = 0.9, 1 / 1.5
PROCESSES = (1, 2, 4)
IN_FLIGHT = 8
LATENCY = 0.2
SECONDS = 8.0
"""How long each fleet's work takes at the bureau's own rate."""
CLOSED = (10_000, 1_000_000)
DUE = 1_000


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--closed", type=int, default=CLOSED[1])
    parser.add_argument("--due", type=int, default=DUE)
    parser.add_argument("--worker", nargs=2, metavar=("DATABASE", "BUREAU"))
    options = parser.parse_args(argv)
    if options.worker:
        return _work(*options.worker)
    with databases("postgresql") as new_database:
        rates = {fleet: _rate(new_database, fleet, options.seconds) for fleet in PROCESSES}
    linear = min(rates[fleet] / (fleet * rates[1]) for fleet in PROCESSES)
    few = min(CLOSED[0], options.closed)
    with databases("sqlite") as new_database, new_tenant(new_database()) as small, new_tenant(new_database()) as large:
        for each, closed in ((small, few), (large, options.closed)):
            _fill(each, closed, options.due)
        swept = compare(lambda: _sweep(large), lambda: _sweep(small), rounds=9)
    worst = min((linear, LINEAR_FLOOR), (swept.ratio, SWEEP_FLOOR), key=lambda each: each[0] / each[1])
    return report(
        "scale",
        worst[0],
        round(worst[1], 3),
        linear=round(linear, 3),
        sweep=round(swept.ratio, 3),
        **{f"removals_per_second_of_{fleet}": round(rate, 1) for fleet, rate in rates.items()},
        in_flight_each=IN_FLIGHT,
        closed=options.closed,
        due=options.due,
        sweep_milliseconds=round(swept.ours * 1e3, 1),
        sweep_milliseconds_small=round(swept.baseline * 1e3, 1),
        baseline="n times one process; a sweep over a hundredth of the closed records",
    )


# ------------------------------------------------------------------------------------------------ processes


def _rate(new_database: NewDatabase, fleet: int, seconds: float) -> float:
    """Removals per second of so many processes, from their start to the last removal's arrival."""
    removals = round(fleet * IN_FLIGHT / LATENCY * seconds)
    with local_server(LATENCY) as bureau, new_tenant(new_database(), bureau, IN_FLIGHT) as ours:
        ours.add(ours.due_for_removal(number) for number in range(removals))
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
    """Run one process of a fleet: print "ready", wait for a line, drain, exit."""
    ours = BenchmarkTenant(database, bureau, IN_FLIGHT, IN_FLIGHT)
    ours.open_removals()
    ours.use_cases.ports.gateways.for_integration(ours.integration)
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


def _sweep(ours: BenchmarkTenant) -> None:
    """Run the queries that find work: the sweep, the due transmissions, and the next due instant."""
    swept = ours.use_cases.sweep.run()
    assert not swept.host_failed
    assert len(ours.use_cases.transmissions.due(DUE)) > 0
    ours.use_cases.transmissions.next_due_at()


def _fill(ours: BenchmarkTenant, closed: int, due: int) -> None:
    """Add due removals, and copies of one closed record with its invoice and payment."""
    ours.add(ours.due_for_removal(number) for number in range(due))
    gone = samples.removed(ours.negativated(due))
    ours.add([gone])
    with ours.storage.unit() as unit:
        payment = samples.settlement("s", gone.invoices[0].invoice_id)
        unit.settlements.record(ours.erp.code, payment, ours.clock.now())
        unit.settlements.mark_applied(ours.erp.code, [payment.invoice_id], ours.clock.now())
        unit.commit()
    ours.add_copies(gone, closed)


if __name__ == "__main__":
    sys.exit(main())
