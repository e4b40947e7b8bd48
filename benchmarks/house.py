"""A tenant to measure: the real use cases, storage, queue, HTTP client and gateway; only the ERP is in memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedida
from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.adapters.clock import RandomIdentifiers, SystemClock
from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.application.payments import Payments
from credit_protection.application.queries import Queries
from credit_protection.application.sweep import Sweep
from credit_protection.application.tenant import Gateways, Tenant
from credit_protection.application.transmissions import Transmissions
from credit_protection.containers import Work
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.integrations import Integration
from credit_protection.domain.negativations import Action, Observed
from credit_protection.testing import samples
from credit_protection.testing.fakes import FakeErp, PlainVault, RecordingListeners

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Negativation

INTEGRATION = "integration-1"
IN_FLIGHT = 32
"""Calls to the bureau at once: as many connections as the gateway may open."""
_AT_ONCE = 500


class _Deaf(RecordingListeners):
    """No plugin listens: remembering a million events would be measured too."""

    def happened(self, events: Iterable[Event]) -> None:
        """Nothing."""


@dataclass
class House:
    """One tenant.

    Args:
        url: of the database.
        bureau: the bureau's base address.
        in_flight: calls to the bureau at once.
        workers: threads that claim, call and store; a few more than calls, and none of these waits for a commit.
    """

    url: str
    bureau: str = "http://127.0.0.1:9"
    in_flight: int = IN_FLIGHT
    workers: int = IN_FLIGHT
    erp: FakeErp = field(default_factory=FakeErp)

    def __post_init__(self) -> None:
        vault = PlainVault()
        clock = SystemClock()
        self.storage = SqlStorage(self.url)
        self.queue = EmbeddedQueue(lambda: Work(self.transmissions, self.sweep), clock, workers=self.workers)
        self.tenant = Tenant(
            storage=self.storage,
            gateways=Gateways([CreditoNaMedida()], vault),
            host=self.erp,
            vault=vault,
            clock=clock,
            identifiers=RandomIdentifiers(),
            calendars=BrazilianCalendars(),
            listeners=_Deaf(),
            queue=self.queue,
        )
        self.payments = Payments(self.tenant)

    @cached_property
    def transmissions(self) -> Transmissions:
        """The use cases of the workers."""
        return Transmissions(self.tenant)

    @cached_property
    def sweep(self) -> Sweep:
        """The only liveness rule."""
        return Sweep(self.tenant, self.payments, self.transmissions, Queries(self.tenant))

    def settle_in(self) -> None:
        """Make the tables, the company and the integration."""
        self.storage.migrate()
        with self.storage.unit() as unit:
            unit.creditors.save(self.erp.creditor)
            unit.integrations.add(
                Integration(
                    id=INTEGRATION,
                    gateway="credito_na_medida",
                    description="Conta da matriz",
                    creditor_id=self.erp.creditor.id,
                    parameters={"client_id": "banco", "base_url": self.bureau, "conexoes": str(self.in_flight)},
                    sealed={"client_secret": "odeit"},
                    created_at=self.tenant.clock.now(),
                )
            )
            unit.commit()

    def integration(self) -> Integration:
        """The one integration."""
        with self.storage.reading() as unit:
            return unit.integrations.get(INTEGRATION)

    def keep(self, negativations: Iterable[Negativation]) -> None:
        """Store negativations, many in a transaction."""
        made = list(negativations)
        for start in range(0, len(made), _AT_ONCE):
            with self.storage.unit() as unit:
                some = made[start : start + _AT_ONCE]
                unit.settlements.lock_invoices(
                    self.erp.code, [invoice.invoice_id for each in some for invoice in each.invoices]
                )
                for each in some:
                    unit.negativations.add(each)
                unit.commit()

    def negativated(self, number: int) -> Negativation:
        """One that stands at the bureau, its invoice owed."""
        made = samples.negativation(f"n{number:07}", [f"i{number:07}"])
        now = self.tenant.clock.now() - timedelta(seconds=1)
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
        """One that was paid: its removal is due now."""
        made = self.negativated(number)
        return samples.wants_removal(made, due_at=made.created_at)

    def open_removals(self) -> int:
        """How many are not removed yet."""
        with self.storage.reading() as unit:
            return unit.negativations.count_open(INTEGRATION)

    def close(self) -> None:
        """Stop the workers, let go of connections."""
        self.queue.stop()
        self.tenant.gateways.close()
        self.storage.close()


@contextmanager
def house(
    url: str, bureau: str = "http://127.0.0.1:9", in_flight: int = IN_FLIGHT, workers: int | None = None
) -> Iterator[House]:
    """A tenant over a new database, closed after the block."""
    made = House(url, bureau, in_flight, workers or in_flight)
    try:
        made.settle_in()
        yield made
    finally:
        made.close()
