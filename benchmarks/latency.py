"""From the commit of a payment to its removal's arrival at the bureau, on an idle system with one process.

Allowed: a bare call, three bare commits (the payment applied, the removal claimed, and one spare) and 20 ms. The
ratio is the allowed time to the measured one, both medians; the floor is 1.0.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import TYPE_CHECKING

import httpx
import sqlalchemy as sa

from benchmarks.comparison import report
from benchmarks.databases import DATABASES, databases
from benchmarks.local_server import local_server
from benchmarks.tenant import new_tenant
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.adapters.storage.sqlalchemy.tables import WATERMARK
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing import samples

if TYPE_CHECKING:
    from benchmarks.tenant import BenchmarkTenant

FLOOR = 1.0
PAYMENTS = 40
SPARE = 0.020
_COMMITS = 3
_TIMEOUT = 10.0
_IDLE = 0.05


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--payments", type=int, default=PAYMENTS)
    parser.add_argument("--database", choices=DATABASES, action="append")
    options = parser.parse_args(argv)
    details: dict[str, float] = {}
    ratios: list[float] = []
    for kind in options.database or DATABASES:
        with databases(kind) as new_database, local_server() as bureau, new_tenant(new_database(), bureau, 8) as ours:
            measured, allowed = _measure(ours, bureau, options.payments)
        ratios.append(allowed / measured)
        details[f"{kind}_milliseconds"] = round(measured * 1e3, 1)
        details[f"{kind}_allowed_milliseconds"] = round(allowed * 1e3, 1)
    return report(
        "latency",
        min(ratios),
        FLOOR,
        payments=options.payments,
        **details,
        baseline="a bare call, three bare commits, 20 ms",
    )


def _measure(ours: BenchmarkTenant, bureau: str, payments: int) -> tuple[float, float]:
    """Seconds from commit to receipt, and the allowed seconds, measured alternately under the same noise."""
    ours.add(ours.negativated(number) for number in range(payments + 1))
    ours.queue.start()
    engine = make_engine(ours.url)
    took: list[float] = []
    calls: list[float] = []
    commits: list[float] = []
    with httpx.Client(base_url=bureau) as client:
        for number in range(payments + 1):
            time.sleep(_IDLE)  # idle again
            took.append(_to_receipt(ours, client, number))
            calls.append(_bare_call(client))
            commits.append(_bare_commit(engine, number))
    engine.dispose()
    del took[0], calls[0], commits[0]  # the first logs in and opens connections
    allowed = statistics.median(calls) + _COMMITS * statistics.median(commits) + SPARE
    return statistics.median(took), allowed


def _to_receipt(ours: BenchmarkTenant, client: httpx.Client, number: int) -> float:
    """Record a payment in the host's transaction and commit; returns seconds until the bureau has the removal."""
    before = client.get("/received").json()["removals"]
    payment = Settlement(
        f"p{number}", f"i{number:07}", SettlementKind.PAYMENT, samples.TODAY, samples.negativated_invoice().principal
    )
    engine = make_engine(ours.url)
    borrowed = engine.raw_connection().driver_connection
    assert borrowed is not None
    ours.use_cases.payments.record(SYSTEM, payment, connection=borrowed)
    borrowed.commit()
    committed_at = time.time()
    ours.use_cases.payments.after_commit()
    engine.dispose()
    give_up_at = time.monotonic() + _TIMEOUT
    while (received := client.get("/received").json())["removals"] == before:
        assert time.monotonic() < give_up_at, "no removal came"
        time.sleep(0.002)
    return float(received["last_at"]) - committed_at


def _bare_call(client: httpx.Client) -> float:
    began = time.perf_counter()
    client.post("/oauth/token", json={})
    return time.perf_counter() - began


def _bare_commit(engine: sa.Engine, number: int) -> float:
    began = time.perf_counter()
    with engine.begin() as connection:
        connection.execute(sa.insert(WATERMARK), {"name": f"bare{number}", "at": samples.NOW, "note": ""})
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
