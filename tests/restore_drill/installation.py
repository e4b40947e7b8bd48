"""The installation of a restore drill: the package by its facade, with a clock that the drill moves."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from dependency_injector import providers

from credit_protection import CreditProtection, containers
from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.application.reconciliation import Reconciliation
from credit_protection.domain.actors import Actor
from credit_protection.plugins.configuration import Configuration
from credit_protection.plugins.hookspecs import hookimpl
from credit_protection.plugins.manager import plugin_manager
from credit_protection.ports.storage import NegativationFilter, PageRequest
from credit_protection.testing.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import Storage
    from credit_protection.testing.simulator import BureauSimulator
    from tests.restore_drill.databases import Restorable
    from tests.restore_drill.erp import Erp

ANA = Actor.with_role("ana", "Ana", "administrador")
TENANT = "restore-drill"
PAGE = 500
_MOMENT = timedelta(seconds=1)


class SeededIdentifiers:
    """Identifiers that a seed gives. One object serves before and after a restore: the bureau has the lost ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret

    def new_id(self) -> str:
        """128 bits."""
        return f"{self._random.getrandbits(128):032x}"

    def new_reference(self) -> str:
        """16 characters."""
        return f"CP{self._random.getrandbits(56):014X}"

    def jitter(self) -> float:
        """Uniform in [0, 1)."""
        return self._random.random()


class Plugin:
    """The ERP and a storage that is not migrated by itself."""

    def __init__(self, erp: Erp, url: str) -> None:
        self._erp, self._url = erp, url

    @hookimpl
    def credit_protection_host(self) -> Erp:
        return self._erp

    @hookimpl
    def credit_protection_storage(self) -> Storage:
        return SqlStorage(self._url)


class Installation:
    """The package over one database; `stop` and `start` it around a backup or a restore."""

    def __init__(self, home: Path, database: Restorable, erp: Erp, bureau: BureauSimulator, seed: int) -> None:
        self.clock = FakeClock()
        self.database = database
        self.erp = erp
        self.bureau = bureau
        self.integration_id = ""
        self._home = home
        self._identifiers = SeededIdentifiers(seed)
        self.start()

    def start(self) -> None:
        """Begin, over what the database holds."""
        manager = plugin_manager.__wrapped__()  # of its own: a test process makes several drills
        manager.register(Plugin(self.erp, self.database.url), "drill")
        container = containers.Container(
            name=TENANT, configuration=Configuration(self._home, self.database.url), manager=manager
        )
        container.clock.override(providers.Object(self.clock))
        container.identifiers.override(providers.Object(self._identifiers))
        container.reconciliation.override(
            providers.ThreadSafeSingleton(Reconciliation, container.known_tenant, self._rest)
        )
        containers._containers[TENANT] = container
        self.protection = CreditProtection(TENANT)

    def stop(self) -> None:
        """Close everything, so that the database can be copied."""
        self.protection.close()

    def set_up(self) -> None:
        """Create the tables and the integration."""
        storage = containers.container(TENANT).storage()
        assert isinstance(storage, SqlStorage)
        storage.migrate()
        made = self.protection.integrations.register(
            ANA,
            gateway=CreditoNaMedidaProvider.code,
            description="Conta da matriz",
            creditor_id=self.erp.creditor.id,
            parameters={"client_id": "demo-client", "client_secret": "demo-secret", "base_url": self.bureau.url},
        )
        self.protection.integrations.synchronise(ANA, made.id)
        self.integration_id = made.id

    def pass_time(self, by: timedelta) -> None:
        """Advance the clocks of both sides."""
        self.clock.advance(by)
        self.bureau.advance(by.total_seconds())

    def _rest(self, seconds: float) -> None:
        """What a pass does between calls, and while removals are due."""
        if seconds > 0:
            self.pass_time(timedelta(seconds=seconds))

    def work(self, period: timedelta) -> None:
        """Let a worker run for so long: a sweep, then what becomes due, and a sweep again."""
        until = self.clock.now() + period
        worker, removals = containers.container(TENANT).worker_tasks(), self.protection.removals
        worker.sweep()
        while True:
            for due in worker.due(PAGE):
                removals.perform(due.negativation_id, "w1")
            now, upcoming = self.clock.now(), removals.next_due_at()
            if upcoming is None or upcoming >= until:
                break
            self.pass_time(max(upcoming - now, _MOMENT))
        self.pass_time(max(until - self.clock.now(), _MOMENT))
        worker.sweep()

    # ------------------------------------------------------------------------------------ what is stored

    def negativations(self) -> Iterator[Negativation]:
        """All, also closed ones."""
        cursor: str | None = None
        while True:
            page = self.protection.negativations.list(ANA, NegativationFilter(), PageRequest(PAGE, cursor))
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return

    def open_of(self, invoice_id: str) -> Negativation | None:
        """The open negativation of an invoice."""
        with containers.container(TENANT).storage().read_only() as unit:
            found = unit.negativations.for_invoices(self.erp.code, [invoice_id])
        return next((each for each in found if not each.is_closed), None)
