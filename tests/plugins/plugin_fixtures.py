"""A plugin of fakes, and a plugin manager and a container for one test: no test leaves a plugin behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from credit_protection.containers import Container
from credit_protection.plugins import builtin, hookimpl, hookspecs
from credit_protection.plugins.configuration import Configuration
from credit_protection.testing.fakes import FakeBureau, FakeErp, PlainVault
from credit_protection.testing.tenants import sqlite_storage

if TYPE_CHECKING:
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.divergences import Divergence
    from credit_protection.domain.events import Event
    from credit_protection.domain.queries import CreditQuery


class FakesPlugin:
    """Gives a bureau, an ERP, a storage and a vault, and records what its event hooks receive."""

    def __init__(self) -> None:
        self.bureau = FakeBureau(synchronous=True)
        self.erp = FakeErp()
        self.storage = sqlite_storage()
        self.vault = PlainVault()
        self.received: list[tuple[str, Event | CreditQuery]] = []
        self.divergences: list[tuple[str, Divergence]] = []
        self.alarms: list[tuple[str, Alarm]] = []

    @hookimpl
    def credit_protection_bureaus(self, tenant: str) -> list[FakeBureau]:
        return [self.bureau] if tenant else []

    @hookimpl
    def credit_protection_host(self) -> FakeErp:
        return self.erp

    @hookimpl
    def credit_protection_storage(self) -> SqlStorage:
        return self.storage

    @hookimpl
    def credit_protection_vault(self) -> PlainVault:
        return self.vault

    @hookimpl
    def credit_protection_negativation_event(self, tenant: str, event: Event) -> None:
        self.received.append((tenant, event))

    @hookimpl
    def credit_protection_query_answered(self, tenant: str, query: CreditQuery) -> None:
        self.received.append((tenant, query))

    @hookimpl
    def credit_protection_divergence(self, tenant: str, divergence: Divergence) -> None:
        self.divergences.append((tenant, divergence))

    @hookimpl
    def credit_protection_alarm(self, tenant: str, alarm: Alarm) -> None:
        self.alarms.append((tenant, alarm))


def manager_with(*plugins: object, built_in: bool = True) -> pluggy.PluginManager:
    """A new manager with the built-in plugin, unless it is left out, and these."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    if built_in:
        manager.register(builtin, "credit_protection.builtin")
    for plugin in plugins:
        manager.register(plugin)
    manager.check_pending()
    return manager


def container_of(manager: pluggy.PluginManager, home: Path, tenant: str = "acme") -> Container:
    """A container over this manager."""
    return Container(name=tenant, configuration=Configuration(home), manager=manager)
