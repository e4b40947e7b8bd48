"""A tenant to measure: the real use cases, storage, queue, HTTP client and gateway; only the ERP is in memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.adapters.clock import RandomIdentifiers, SystemClock
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.integrations import Integration
from credit_protection.domain.state_table import Action, Observed
from credit_protection.testing import samples
from credit_protection.testing.fakes import FakeErp, RecordingListeners
from credit_protection.testing.tenants import make_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Negativation

INTEGRATION = "integration-1"
IN_FLIGHT = 32
"""Concurrent calls to the bureau: as many connections as the gateway may open."""
_BATCH_SIZE = 500


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
    """

    def __init__(self, url: str, bureau: str, in_flight: int, workers: int) -> None:
        self.url = url
        self.erp = FakeErp()
        self.storage = SqlStorage(url)
        self.clock = SystemClock()
        self.queue = EmbeddedQueue(lambda: self.use_cases.tasks, self.clock, workers=workers)
        self.use_cases = make_tenant(
            self.storage,
            host=self.erp,
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
        """Store negativations, many in one transaction."""
        made = list(negativations)
        for start in range(0, len(made), _BATCH_SIZE):
            with self.storage.unit() as unit:
                some = made[start : start + _BATCH_SIZE]
                unit.settlements.lock_invoices(
                    self.erp.code, [invoice.invoice_id for each in some for invoice in each.invoices]
                )
                for each in some:
                    unit.negativations.add(each)
                unit.commit()

    def negativated(self, number: int) -> Negativation:
        """A negativation that is active at the bureau, its invoice owed."""
        made = samples.negativation(f"n{number:07}", [f"i{number:07}"])
        now = self.clock.now() - timedelta(seconds=1)
        return replace(
            made,
            creditor_id=self.erp.creditor.id,
            registry=Registry.CREDITO_NA_MEDIDA,
            host=self.erp.code,
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

    def open_removals(self) -> int:
        """The number of removals that are still open."""
        with self.storage.read_only() as unit:
            return unit.negativations.count_open(INTEGRATION)

    def close(self) -> None:
        """Stop the workers and close all connections."""
        self.queue.stop()
        self.use_cases.close()


@contextmanager
def new_tenant(
    url: str, bureau: str = "http://127.0.0.1:9", in_flight: int = IN_FLIGHT, workers: int | None = None
) -> Iterator[BenchmarkTenant]:
    """A tenant over a new database, closed after the block."""
    made = BenchmarkTenant(url, bureau, in_flight, workers or in_flight)
    try:
        made.install()
        yield made
    finally:
        made.close()
