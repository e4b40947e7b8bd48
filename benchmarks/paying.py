"""What a payment costs its host: `record` and the call after the commit, against the host's bare transactions.

Eight threads pay at once, each on a connection of its own, while a worker in another process applies what waits. The
baseline is the host's transaction alone: it marks its invoice as paid. Measured again with 10,000 recorded payments
waiting. On SQLite and on PostgreSQL, each commit on the disk; the ratio reported is the worst against its floor.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from benchmarks.comparison import report
from benchmarks.databases import DATABASES, databases
from benchmarks.tenant import NullListeners, copies, new_tenant
from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.adapters.clock import RandomIdentifiers, SystemClock
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing import samples
from credit_protection.testing.fakes import FakeErp, RecordingQueue
from credit_protection.testing.tenants import make_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.tenant import BenchmarkTenant

FLOOR, WAITING_FLOOR = 0.30, 0.90
THREADS, PAYMENTS, ROUNDS, WAITING = 8, 800, 3, 10_000
_FETCH_EVERY = 1.0
_PAY = "UPDATE host_invoice SET is_paid = true WHERE id = %s"
_PAY_ON_SQLITE = _PAY.replace("%s", "?")


class Session(Protocol):
    """A host's own connection."""

    def execute(self, statement: str, parameters: tuple[str, ...] = (), /) -> object:
        """Execute a statement."""

    def commit(self) -> None:
        """Commit."""


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--payments", type=int, default=PAYMENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--waiting", type=int, default=WAITING)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.worker:
        return _work(options.worker)
    details: dict[str, float] = {}
    measured: list[tuple[float, float]] = []
    for kind in options.database or DATABASES:
        with databases(kind) as new_database:
            url = new_database()
            with new_tenant(url) as ours, _worker(url):
                to_bare, to_alone = _Payers(ours, options.payments).run(options.rounds, options.waiting)
        details[f"{kind}_paying"] = round(to_bare, 3)
        details[f"{kind}_paying_while_many_wait"] = round(to_alone, 3)
        measured += [(to_bare, FLOOR), (to_alone, WAITING_FLOOR)]
    ratio, floor = min(measured, key=lambda each: each[0] / each[1])
    return report(
        "paying",
        ratio,
        floor,
        threads=THREADS,
        payments=options.payments,
        waiting=options.waiting,
        **details,
        baseline="the host's bare transaction; for the second ratio, the same payments while none wait",
    )


class _Payers:
    """Eight threads of a host, and invoices to pay."""

    def __init__(self, ours: BenchmarkTenant, payments: int) -> None:
        self._ours = ours
        self._engine = make_engine(ours.url)
        self._payments = payments - payments % THREADS
        self._number = 0
        with self._engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE host_invoice (id TEXT PRIMARY KEY, is_paid BOOLEAN NOT NULL DEFAULT false)"
            )

    def run(self, rounds: int, waiting: int) -> tuple[float, float]:
        """The medians over the rounds: recorded and applied against bare, and while many wait against none waiting."""
        self._pay(self._record)  # connections, statements
        to_bare: list[float] = []
        to_alone: list[float] = []
        for _ in range(rounds):
            bare = self._pay(lambda *_: None)
            alone = self._pay(self._record)
            self._wait_until_applied()
            self._add_waiting(waiting)
            crowded = self._pay(self._record)
            self._wait_until_applied()
            again = self._pay(self._record)
            self._wait_until_applied()
            to_bare.append((alone + again) / 2 / bare)
            to_alone.append(crowded / ((alone + again) / 2))
        self._engine.dispose()
        return statistics.median(to_bare), statistics.median(to_alone)

    def _pay(self, record: Callable[[str, Session], Callable[[], object] | None]) -> float:
        """Pay as many new invoices in all threads at once; how many a second."""
        first, self._number = self._number, self._number + self._payments
        numbers = range(first, self._number)
        self._ours.add(self._ours.negativated(number) for number in numbers)
        with self._engine.begin() as connection:
            connection.execute(
                sa.text("INSERT INTO host_invoice (id) VALUES (:id)"), [{"id": f"i{number:07}"} for number in numbers]
            )
        gate = threading.Barrier(THREADS + 1)
        failures: list[BaseException] = []

        def pay_some(some: range) -> None:
            with closing(self._engine.raw_connection()) as borrowed:
                session: Any = borrowed.driver_connection
                gate.wait()
                try:
                    for number in some:
                        self._pay_one(session, f"i{number:07}", record)
                except BaseException as error:
                    failures.append(error)
                    raise

        threads = [threading.Thread(target=pay_some, args=(numbers[n::THREADS],)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        gate.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join()
        assert not failures, failures
        return len(numbers) / (time.perf_counter() - began)

    def _pay_one(
        self, session: Session, invoice_id: str, record: Callable[[str, Session], Callable[[], object] | None]
    ) -> None:
        is_sqlite = self._engine.dialect.name == "sqlite"
        if is_sqlite:
            session.execute("BEGIN IMMEDIATE")
        session.execute(_PAY_ON_SQLITE if is_sqlite else _PAY, (invoice_id,))
        after_commit = record(invoice_id, session)
        session.commit()
        if after_commit is not None:
            after_commit()

    def _record(self, invoice_id: str, session: Session) -> Callable[[], object]:
        payments, amount = self._ours.use_cases.payments, samples.negativated_invoice().principal
        entry = Settlement(f"p-{invoice_id}", invoice_id, SettlementKind.PAYMENT, samples.TODAY, amount)
        payments.record(SYSTEM, entry, connection=session)
        return lambda: payments.after_commit([invoice_id])

    def _add_waiting(self, count: int) -> None:
        """Record payments of invoices that nothing covers, all at once."""
        self._number += 1
        payment = Settlement(f"w{self._number}", f"w{self._number}", SettlementKind.PAYMENT, samples.TODAY)
        with self._ours.storage.unit() as unit:
            unit.settlements.record(self._ours.host.code, payment, self._ours.clock.now())
            unit.commit()
        with self._engine.begin() as connection:
            names = [column["name"] for column in sa.inspect(connection).get_columns("cp_settlement")]
            connection.exec_driver_sql(copies("cp_settlement", names, count, "invoice_id", payment.invoice_id))

    def _wait_until_applied(self) -> None:
        while True:
            with self._ours.storage.read_only() as unit:
                if not unit.settlements.unapplied(1):
                    return
            time.sleep(0.1)


@contextmanager
def _worker(url: str) -> Iterator[None]:
    """A worker in a process of its own, until the end of the block."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.paying", "--worker", url], stdin=subprocess.PIPE)
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def _work(url: str) -> int:
    """Apply as a worker does until stdin ends; the bureau is not called, so that only the payments are measured."""
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    queue, clock = RecordingQueue(), SystemClock()
    worker = make_tenant(
        SqlStorage(url),
        host=FakeErp(),
        gateways=[CreditoNaMedidaProvider()],
        clock=clock,
        identifiers=RandomIdentifiers(),
        listeners=NullListeners(),
        queue=queue,
    )
    with closing(worker):
        while not ended.is_set():
            has_more, again = worker.payments.apply_piece(), queue.instants[-1] if queue.instants else None
            pause = (again - clock.now()).total_seconds() if has_more and again is not None else _FETCH_EVERY
            ended.wait(max(0.0, pause))
    return 0


if __name__ == "__main__":
    sys.exit(main())
