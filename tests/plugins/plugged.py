"""A manager of one's own, so that no test leaves a plugin behind, and a container over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from credit_protection.adapters.storage.memory import MemoryStorage
from credit_protection.containers import Container
from credit_protection.plugins import builtin, hookimpl, hookspecs
from credit_protection.plugins.configuration import Configuration
from credit_protection.testing.fakes import FakeBureau, FakeErp, PlainVault

if TYPE_CHECKING:
    from pathlib import Path

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.events import Event
    from credit_protection.domain.queries import CreditQuery


class FakesPlugin:
    """A plugin that gives a bureau, an ERP, a storage and a vault, and remembers what it was told."""

    def __init__(self) -> None:
        self.bureau = FakeBureau(synchronous=True)
        self.erp = FakeErp()
        self.storage = MemoryStorage()
        self.vault = PlainVault()
        self.told: list[tuple[str, Event | CreditQuery]] = []
        self.alarms: list[tuple[str, Alarm]] = []

    @hookimpl
    def credit_protection_bureaus(self, tenant: str) -> list[FakeBureau]:
        return [self.bureau] if tenant else []

    @hookimpl
    def credit_protection_host(self) -> FakeErp:
        return self.erp

    @hookimpl
    def credit_protection_storage(self) -> MemoryStorage:
        return self.storage

    @hookimpl
    def credit_protection_vault(self) -> PlainVault:
        return self.vault

    @hookimpl
    def credit_protection_happened(self, tenant: str, event: Event) -> None:
        self.told.append((tenant, event))

    @hookimpl
    def credit_protection_query_answered(self, tenant: str, query: CreditQuery) -> None:
        self.told.append((tenant, query))

    @hookimpl
    def credit_protection_alarm(self, tenant: str, alarm: Alarm) -> None:
        self.alarms.append((tenant, alarm))


def manager_with(*plugins: object, built_in: bool = True) -> pluggy.PluginManager:
    """A fresh manager with our own plugin, unless told otherwise, and then these."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    if built_in:
        manager.register(builtin, "credit_protection.builtin")
    for plugin in plugins:
        manager.register(plugin)
    manager.check_pending()
    return manager


def configured(home: Path) -> Configuration:
    """All in one folder."""
    return Configuration(home=home, database_url=f"sqlite:///{home / 'credit_protection.sqlite'}")


def container_of(manager: pluggy.PluginManager, home: Path, tenant: str = "acme") -> Container:
    """A container over this manager."""
    return Container(name=tenant, configuration=configured(home), manager=manager)
