"""Draining the removal queue, against a bare httpx loop that makes the same calls to the same server.

The package claims each removal (the doubt is committed before a byte is sent), calls, and stores the answer in a
second, fenced transaction; the bare loop calls and stores nothing. The floor is 0.90 at 200 ms latency with 32 calls
in flight, and 0.40 at 0 ms. Both sides alternate, a slice at a time, on SQLite and on PostgreSQL; the ratio reported
is the worst against its floor.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from benchmarks.comparison import report
from benchmarks.databases import DATABASES, databases
from benchmarks.local_server import local_server
from benchmarks.tenant import IN_FLIGHT, new_tenant

if TYPE_CHECKING:
    from benchmarks.databases import NewDatabase
    from benchmarks.tenant import BenchmarkTenant

REMOVALS = 2000
FLOORS = {0.2: 0.90, 0.0: 0.40}
"""By latency in seconds."""
WORKERS = 2 * IN_FLIGHT
"""Worker threads: while 32 calls are in flight (the gateway's connections), the others claim and store."""
_DEADLINE = 300.0


@dataclass(frozen=True, slots=True)
class DrainResult:
    """Removals per second in one round."""

    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        """Ours to the bare loop's."""
        return self.ours / self.bare


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--removals", type=int, default=REMOVALS)
    parser.add_argument("--slices", type=int, default=4, help="at 0 ms; one is enough where the latency dominates")
    parser.add_argument("--latency", type=float, action="append", help="seconds; may be given again")
    parser.add_argument("--database", choices=DATABASES, action="append")
    options = parser.parse_args(argv)
    worst: tuple[float, float] = (float("inf"), 0.0)
    details: dict[str, float] = {}
    for kind in options.database or DATABASES:
        with databases(kind) as new_database:
            for latency in options.latency or FLOORS:
                slices = 1 if latency else options.slices
                drained = drain(new_database, options.removals, latency, slices)
                ratio = statistics.median(each.ratio for each in drained)
                where = f"{kind}_{latency * 1000:.0f}ms"
                details[where] = round(ratio, 3)
                details[f"{where}_per_second"] = round(statistics.median(each.ours for each in drained), 1)
                details[f"{where}_bare_per_second"] = round(statistics.median(each.bare for each in drained), 1)
                worst = min(worst, (ratio, FLOORS.get(latency, 0.0)), key=lambda each: each[0] - each[1])
    return report(
        "drain",
        *worst,
        removals=options.removals,
        in_flight=IN_FLIGHT,
        workers=WORKERS,
        **details,
        baseline="a bare httpx loop of 32 threads, the same calls to the same server",
    )


def drain(new_database: NewDatabase, removals: int, latency: float, slices: int) -> list[DrainResult]:
    """Run the package and the bare loop against one server, slice by slice."""
    size = removals // slices
    with local_server(latency) as bureau, new_tenant(new_database(), bureau, workers=WORKERS) as ours:
        drained = []
        for number in range(slices):
            wanted = range(number * size, (number + 1) * size)
            ours.add(ours.due_for_removal(each) for each in wanted)
            if number % 2:
                own, bare = _our_loop(ours), bare_loop(bureau, wanted)
            else:
                bare, own = bare_loop(bureau, wanted), _our_loop(ours)
            drained.append(DrainResult(size / own, size / bare))
        assert ours.open_removals() == 0
        assert ours.queue.failures == 0
        received = httpx.get(f"{bureau}/received").json()
        assert received["removals"] == 2 * slices * size, received
        assert received["most_at_once"] <= IN_FLIGHT, received
    return drained


def _our_loop(ours: BenchmarkTenant) -> float:
    """Drain what is due; returns seconds."""
    began = time.perf_counter()
    assert ours.queue.run_until_idle(_DEADLINE)
    return time.perf_counter() - began


def bare_loop(bureau: str, removals: range) -> float:
    """Make the same calls with httpx alone; returns seconds."""
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    began = time.perf_counter()
    with httpx.Client(base_url=bureau, limits=limits) as client, ThreadPoolExecutor(IN_FLIGHT) as threads:
        login = {"grant_type": "client_credentials", "client_id": "banco", "client_secret": "tiedo"}
        token = client.post("/oauth/token", json=login).json()["access_token"]

        def remove(number: int) -> None:
            reply = client.delete(
                f"/v1/negativacoes/B{number:07}",
                params={"motivo": "PAGAMENTO"},
                headers={"authorization": f"Bearer {token}"},
            )
            assert reply.json()["situacao"] == "EXCLUSAO"

        list(threads.map(remove, removals))
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
