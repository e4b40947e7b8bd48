"""From the commit of a payment to its removal's arrival at the bureau: idle system, one process.

Allowed: a bare call, three bare commits (the payment decided upon, the removal claimed, and one to spare) and 20 ms.
The ratio is what is allowed to what is measured, both medians; the floor 1.0.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import TYPE_CHECKING

import httpx
import sqlalchemy as sa

from benchmarks.databases import DATABASES, databases
from benchmarks.house import house
from benchmarks.loopback import loopback
from benchmarks.side_by_side import report
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.adapters.storage.sqlalchemy.tables import MARK
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing import samples

if TYPE_CHECKING:
    from benchmarks.house import House

FLOOR = 1.0
PAYMENTS = 40
SPARE = 0.020
_COMMITS = 3
_PATIENCE = 10.0
_IDLE = 0.05


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--payments", type=int, default=PAYMENTS)
    parser.add_argument("--database", choices=DATABASES, action="append")
    asked = parser.parse_args(argv)
    explained: dict[str, float] = {}
    ratios: list[float] = []
    for kind in asked.database or DATABASES:
        with databases(kind) as new_database, loopback() as bureau, house(new_database(), bureau, 8) as ours:
            measured, allowed = _measure(ours, bureau, asked.payments)
        ratios.append(allowed / measured)
        explained[f"{kind}_milliseconds"] = round(measured * 1e3, 1)
        explained[f"{kind}_allowed_milliseconds"] = round(allowed * 1e3, 1)
    return report(
        "latency",
        min(ratios),
        FLOOR,
        payments=asked.payments,
        **explained,
        baseline="a bare call, three bare commits, 20 ms",
    )


def _measure(ours: House, bureau: str, payments: int) -> tuple[float, float]:
    """Seconds from commit to receipt, and what is allowed: both taken in turn, so that both meet the same noise."""
    ours.keep(ours.negativated(number) for number in range(payments + 1))
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
    del took[0], calls[0], commits[0]  # the first logs in, opens connections
    allowed = statistics.median(calls) + _COMMITS * statistics.median(commits) + SPARE
    return statistics.median(took), allowed


def _to_receipt(ours: House, client: httpx.Client, number: int) -> float:
    """A host records a payment in its own transaction and commits: seconds until the bureau has the removal."""
    before = client.get("/received").json()["removals"]
    payment = Settlement(
        f"p{number}", f"i{number:07}", SettlementKind.PAYMENT, samples.TODAY, samples.negativated_invoice().principal
    )
    engine = make_engine(ours.url)
    borrowed = engine.raw_connection().driver_connection
    assert borrowed is not None
    ours.payments.record(SYSTEM, payment, connection=borrowed)
    borrowed.commit()
    committed_at = time.time()
    ours.payments.committed()
    engine.dispose()
    give_up_at = time.monotonic() + _PATIENCE
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
        connection.execute(sa.insert(MARK), {"name": f"bare{number}", "at": samples.NOW})
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
