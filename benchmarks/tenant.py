"""A tenant to measure: the real use cases, storage, queue, HTTP client and gateway; only the ERP is in memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.adapters.clock import RandomIdentifiers, SystemClock
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.integrations import Integration
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.domain.state_table import Action, Observed
from credit_protection.testing import samples
from credit_protection.testing.fakes import FakeErp, RecordingListeners
from credit_protection.testing.tenants import make_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.host import HostErp

INTEGRATION = "integration-1"
IN_FLIGHT = 32
"""Concurrent calls to the bureau: as many connections as the gateway may open."""
_BATCH_SIZE = 500
_PAID_ON = date(2026, 10, 2)
"""Five business days before the deadline of `samples.wants_removal`: the ledger agrees with the trigger."""
_NUMBERED = {"id", "reference", "negativation_id", "invoice_id", "settlement_id"}


class NullListeners(RecordingListeners):
    """No plugin listens: recording a million events would be measured too."""

    def negativation_event(self, events: Iterable[Event]) -> None:
        """Do nothing."""


class BenchmarkTenant:
    """One tenant.

    Args:
        url: of the database.
        bureau: the bureau's base address.
        in_flight: concurrent calls to the bureau.
        workers: threads that claim, call and store; with a few more than calls, no call waits for a commit.
        host: the ERP; None for one in memory.
    """

    def __init__(self, url: str, bureau: str, in_flight: int, workers: int, host: HostErp | None = None) -> None:
        self.url = url
        self.erp = FakeErp()
        self.host = host or self.erp
        self.storage = SqlStorage(url)
        self.clock = SystemClock()
        self.queue = EmbeddedQueue(lambda: self.use_cases.tasks, self.clock, workers=workers)
        self.use_cases = make_tenant(
            self.storage,
            host=self.host,
            gateways=[CreditoNaMedidaProvider()],
            clock=self.clock,
            identifiers=RandomIdentifiers(),
            listeners=NullListeners(),
            queue=self.queue,
        )
        self.integration = Integration(
            id=INTEGRATION,
            gateway="credito_na_medida",
            description="Conta da matriz",
            creditor_id=self.erp.creditor.id,
            parameters={"client_id": "banco", "base_url": bureau, "conexoes": str(in_flight)},
            encrypted_parameters={"client_secret": "odeit"},
            created_at=self.clock.now(),
        )

    def install(self) -> None:
        """Create the tables, the creditor and the integration."""
        self.storage.migrate()
        with self.storage.unit() as unit:
            unit.creditors.save(self.erp.creditor)
            unit.integrations.add(self.integration)
            unit.commit()

    def add(self, negativations: Iterable[Negativation]) -> None:
        """Store negativations, many in one transaction; the invoices of those to be removed are paid on the ledger."""
        made = list(negativations)
        for start in range(0, len(made), _BATCH_SIZE):
            with self.storage.unit() as unit:
                some = made[start : start + _BATCH_SIZE]
                unit.settlements.lock_invoices(
                    self.host.code, [invoice.invoice_id for each in some for invoice in each.invoices]
                )
                for each in some:
                    unit.negativations.add(each)
                paid = [invoice.invoice_id for each in some if each.triggers for invoice in each.invoices]
                for invoice_id in paid:
                    payment = Settlement(f"paid-{invoice_id}", invoice_id, SettlementKind.PAYMENT, _PAID_ON)
                    unit.settlements.record(self.host.code, payment, self.clock.now())
                unit.settlements.mark_applied(self.host.code, paid, self.clock.now())
                unit.commit()

    def negativated(self, number: int) -> Negativation:
        """A negativation that is active at the bureau, its invoice owed."""
        made = samples.negativation(f"n{number:07}", [f"i{number:07}"])
        now = self.clock.now() - timedelta(seconds=1)
        return replace(
            made,
            creditor_id=self.erp.creditor.id,
            registry=Registry.CREDITO_NA_MEDIDA,
            host=self.host.code,
            created_at=now,
            observed=Observed.PRESENT,
            observed_since=now,
            known_at=now,
            bureau_id=f"B{number:07}",
            inclusion_claims=1,
            transmission=replace(made.transmission, action=Action.NOTHING, due_at=now),
        )

    def due_for_removal(self, number: int) -> Negativation:
        """A negativation whose invoice was paid: its removal is due now."""
        made = self.negativated(number)
        return samples.wants_removal(made, due_at=made.created_at)

    def add_copies(self, negativation: Negativation, count: int) -> None:
        """Store so many copies of a stored negativation, with its invoice and payments, made inside the database."""
        (invoice,) = negativation.invoices
        ids = {"cp_negativation": ("id", negativation.id)}
        engine = make_engine(self.url)
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            for table in ("cp_negativation", "cp_negativation_invoice", "cp_invoice", "cp_settlement"):
                columns = [column["name"] for column in sa.inspect(connection).get_columns(table)]
                key, value = ids.get(table, ("invoice_id", invoice.invoice_id))
                connection.exec_driver_sql(copies(table, columns, count, key, value))
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()

    def open_removals(self) -> int:
        """The number of removals that are still open."""
        with self.storage.read_only() as unit:
            return unit.negativations.count_open(INTEGRATION)

    def close(self) -> None:
        """Stop the workers and close all connections."""
        self.queue.stop()
        self.use_cases.close()


def copies(table: str, columns: Sequence[str], count: int, key: str, value: str, also: Sequence[str] = ()) -> str:
    """An INSERT of so many copies of one row; its ids, and the columns `also`, gain a dash and the copy's number."""
    numbered = {*_NUMBERED, *also}
    copied = ", ".join(f"{name} || '-' || n" if name in numbered else name for name in columns)
    return (
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "  # noqa: S608 - our own names
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM numbers, {table} WHERE {key} = '{value}'"
    )


@contextmanager
def new_tenant(
    url: str,
    bureau: str = "http://127.0.0.1:9",
    in_flight: int = IN_FLIGHT,
    workers: int | None = None,
    host: HostErp | None = None,
) -> Iterator[BenchmarkTenant]:
    """A tenant over a new database, closed after the block."""
    made = BenchmarkTenant(url, bureau, in_flight, workers or in_flight, host)
    try:
        made.install()
        yield made
    finally:
        made.close()
