"""The package as the drill installs it: in a hurry, on the ERP's database, towards the simulated bureau."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from dependency_injector import providers

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CAPABILITIES, CreditoNaMedida
from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.application import sweep
from credit_protection.containers import Container
from credit_protection.domain.actors import Actor
from credit_protection.domain.capabilities import Capabilities, Pace
from credit_protection.plugins.configuration import Configuration
from credit_protection.plugins.hookspecs import hookimpl
from credit_protection.plugins.manager import plugin_manager
from tests.drill.host import CREDITOR, DrillErp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from credit_protection.ports.bureau import GatewayKind
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.storage import Storage
    from tests.drill.database import Database

ANA = Actor.with_role("ana", "Ana", "administrador")
TENANT = "drill"
SWEEP_EVERY = timedelta(seconds=0.7)
REREAD_EVERY = timedelta(seconds=4)
LATEST_LANDING = 0.8
"""Seconds after which a request that "lands late" has landed."""


@dataclass(frozen=True, slots=True)
class Hurried(Capabilities):
    """Minutes made seconds: a lease that is only as long as it must be."""

    @property
    def lease(self) -> timedelta:
        """Longer than the whole call may take."""
        return self.call_deadline * 2


HURRIED = Hurried(
    **{each.name: getattr(CAPABILITIES, each.name) for each in fields(CAPABILITIES)}
    | {
        "call_deadline": timedelta(seconds=1.2),
        "max_processing": timedelta(seconds=LATEST_LANDING + 1.6),
        "poll_pace": Pace(timedelta(seconds=0.3), timedelta(seconds=2)),
    }
)


class HurriedGateway(CreditoNaMedida):
    """The gateway as it is, beside the built-in kind of the same."""

    code: ClassVar[str] = "drill"
    name: ClassVar[str] = "Drill"


class Plugin:
    """The ERP, the gateway, and a storage that was migrated before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @hookimpl
    def credit_protection_host(self) -> HostErp:
        return DrillErp(self._database)

    @hookimpl
    def credit_protection_bureaus(self) -> Sequence[GatewayKind]:
        return [HurriedGateway(HURRIED)]

    @hookimpl
    def credit_protection_storage(self) -> Storage:
        return SqlStorage(self._database.url)


def install(home: Path, database: Database, threads: int = 4) -> Container:
    """The container of this process."""
    sweep.REREAD_EVERY = REREAD_EVERY
    manager = plugin_manager()
    manager.register(Plugin(database), "drill")
    container = Container(
        name=TENANT, configuration=Configuration(home, database.url, workers=threads), manager=manager
    )
    engine = EmbeddedQueue(container.work, container.clock(), workers=threads, sweep_every=SWEEP_EVERY)
    container.queue.override(providers.Object(engine))
    return container


def set_up(container: Container, bureau_url: str) -> str:
    """Make the tables, register the integration, fetch what the bureau sells; the integration's id."""
    storage = container.storage()
    assert isinstance(storage, SqlStorage)
    storage.migrate()
    integration = container.integrations().register(
        ANA,
        gateway=HurriedGateway.code,
        description="Conta da matriz",
        creditor_id=CREDITOR.id,
        parameters={"client_id": "demo-client", "client_secret": "demo-secret", "base_url": bureau_url},
    )
    container.integrations().synchronise(ANA, integration.id)
    return integration.id
