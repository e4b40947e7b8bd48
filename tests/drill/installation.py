"""The package as the drill installs it: with short leases, on the ERP's database, calling the simulated bureau."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from dependency_injector import providers

from credit_protection.adapters.bureaus.credito_na_medida.provider import CAPABILITIES, CreditoNaMedidaProvider
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.application import rereading
from credit_protection.containers import Container
from credit_protection.domain.actors import Actor
from credit_protection.domain.capabilities import Backoff, Capabilities
from credit_protection.plugins.configuration import Configuration
from credit_protection.plugins.hookspecs import hookimpl
from credit_protection.plugins.manager import plugin_manager
from tests.drill.host import CREDITOR, DrillErp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from credit_protection.ports.bureau import GatewayProvider
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.storage import Storage
    from tests.drill.database import Database

ANA = Actor.with_role("ana", "Ana", "administrador")
TENANT = "drill"
SWEEP_EVERY = timedelta(seconds=0.7)
RECHECK_EVERY = timedelta(seconds=4)
MAX_EFFECT_DELAY = 0.8
"""Seconds after which a delayed request has taken effect."""


@dataclass(frozen=True, slots=True)
class ShortLeaseCapabilities(Capabilities):
    """A lease of seconds, only as long as it must be."""

    @property
    def lease(self) -> timedelta:
        """Longer than the whole call may take."""
        return self.call_deadline * 2


SHORT_LEASE = ShortLeaseCapabilities(
    **{each.name: getattr(CAPABILITIES, each.name) for each in fields(CAPABILITIES)}
    | {
        "call_deadline": timedelta(seconds=1.2),
        "max_processing": timedelta(seconds=MAX_EFFECT_DELAY + 1.6),
        "poll_backoff": Backoff(timedelta(seconds=0.3), timedelta(seconds=2)),
    }
)


class ShortLeaseGateway(CreditoNaMedidaProvider):
    """The real gateway under a code of its own, beside the built-in provider."""

    code: ClassVar[str] = "drill"
    name: ClassVar[str] = "Drill"


class Plugin:
    """The ERP, the gateway, and a migrated storage."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @hookimpl
    def credit_protection_host(self) -> HostErp:
        return DrillErp(self._database)

    @hookimpl
    def credit_protection_bureaus(self) -> Sequence[GatewayProvider]:
        return [ShortLeaseGateway(SHORT_LEASE)]

    @hookimpl
    def credit_protection_storage(self) -> Storage:
        return SqlStorage(self._database.url)


def install(home: Path, database: Database, threads: int = 4) -> Container:
    """The container of this process."""
    rereading.REREAD_INTERVAL = RECHECK_EVERY
    manager = plugin_manager()
    manager.register(Plugin(database), "drill")
    container = Container(
        name=TENANT, configuration=Configuration(home, database.url, workers=threads), manager=manager
    )
    engine = EmbeddedQueue(container.worker_tasks, container.clock(), workers=threads, sweep_every=SWEEP_EVERY)
    container.queue.override(providers.Object(engine))
    return container


def set_up(container: Container, bureau_url: str) -> str:
    """Create the tables, register the integration, synchronise its products; returns the integration's id."""
    storage = container.storage()
    assert isinstance(storage, SqlStorage)
    storage.migrate()
    integration = container.integrations().register(
        ANA,
        gateway=ShortLeaseGateway.code,
        description="Conta da matriz",
        creditor_id=CREDITOR.id,
        parameters={"client_id": "demo-client", "client_secret": "demo-secret", "base_url": bureau_url},
    )
    container.integrations().synchronise(ANA, integration.id)
    return integration.id
