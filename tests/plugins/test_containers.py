"""The composition root: one container a tenant, safe to ask for from many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import pytest

from credit_protection import CreditProtection, containers
from credit_protection.domain.actors import Actor
from credit_protection.domain.errors import ConfigurationError, NotFound
from credit_protection.plugins import hookimpl
from tests.plugins.plugged import FakesPlugin, configured, container_of, manager_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from credit_protection.adapters.storage.memory import MemoryStorage
    from credit_protection.testing.fakes import FakeBureau

T = TypeVar("T")
ANA = Actor.with_role("ana", "Ana", "administrador")


class CountingPlugin(FakesPlugin):
    """Counts how often it is asked, slowly enough for others to come in between; tells of its storage's closing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.bureaus_asked = 0
        self.before_storage: Callable[[], object] = lambda: None
        self.closed: list[str] = []
        self.storage.close = lambda: self.closed.append("storage")  # type: ignore[method-assign] # tells

    @hookimpl
    def credit_protection_storage(self) -> MemoryStorage:
        self.asked += 1
        self.before_storage()
        threading.Event().wait(0.02)
        return self.storage

    @hookimpl
    def credit_protection_bureaus(self, tenant: str) -> list[FakeBureau]:
        self.bureaus_asked += 1
        return super().credit_protection_bureaus(tenant)


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingPlugin]:
    """The plugins of this process are ours and this one; its tenants are forgotten afterwards."""
    plugin = CountingPlugin()
    manager = manager_with(plugin)
    monkeypatch.setattr(containers, "all_plugins", lambda: manager)
    monkeypatch.setattr(containers, "_containers", {})
    yield plugin
    for tenant in list(containers._containers):
        containers.forget(tenant)


def together(count: int, act: Callable[[], T]) -> list[T]:
    gate = threading.Barrier(count)

    def one(_: int) -> T:
        gate.wait()
        return act()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_many_threads_get_one_container(plugin: CountingPlugin, tmp_path: Path) -> None:
    got = together(32, lambda: containers.container("acme", configured(tmp_path)))
    assert len(set(map(id, got))) == 1
    assert plugin.asked == 0  # nothing is built before it is used


def test_many_threads_get_one_of_everything(plugin: CountingPlugin, tmp_path: Path) -> None:
    held = containers.container("acme", configured(tmp_path))
    got = together(32, lambda: (held.negativations(), held.payments(), held.tenant(), held.queue()))
    assert [len({id(each[place]) for each in got}) for place in range(4)] == [1, 1, 1, 1]
    assert plugin.asked == 1


def test_each_tenant_has_its_own(plugin: CountingPlugin, tmp_path: Path) -> None:
    one = containers.container("one", configured(tmp_path))
    other = containers.container("other", configured(tmp_path))
    assert one is not other
    assert one.tenant() is not other.tenant()
    assert plugin.asked == 2


def test_forgetting_closes_all_and_the_next_one_is_new(plugin: CountingPlugin, tmp_path: Path) -> None:
    held = containers.container("acme", configured(tmp_path))
    worker = held.queue()
    worker.start()
    integrations = held.integrations()
    made = integrations.register(
        ANA, gateway="fake", description="Conta", creditor_id="1", parameters={"user": "u", "password": "secret"}
    )
    integrations.test(ANA, made.id)

    containers.forget("acme")
    assert not worker.is_running
    assert plugin.bureau.closed == 1
    assert plugin.closed == ["storage"]
    assert containers.container("acme", configured(tmp_path)) is not held
    containers.forget("unknown")  # harmless


def test_forgetting_what_was_never_used_builds_nothing(plugin: CountingPlugin, tmp_path: Path) -> None:
    held = containers.container("acme", configured(tmp_path))
    containers.forget("acme")
    assert (plugin.asked, plugin.bureaus_asked, plugin.closed, list(tmp_path.iterdir())) == (0, 0, [], [])
    assert containers.container("acme", configured(tmp_path)) is not held


def test_forgetting_closes_what_was_used_and_builds_nothing_for_it(plugin: CountingPlugin, tmp_path: Path) -> None:
    containers.container("acme", configured(tmp_path)).storage()
    containers.forget("acme")
    assert (plugin.asked, plugin.bureaus_asked, plugin.closed) == (1, 0, ["storage"])


def test_a_tenant_whose_storage_can_not_be_built_is_forgotten_all_the_same(
    plugin: CountingPlugin, tmp_path: Path
) -> None:
    def refuse() -> MemoryStorage:
        raise ConfigurationError("O banco não existe.")

    plugin.before_storage = refuse
    held = containers.container("acme", configured(tmp_path))
    with pytest.raises(ConfigurationError):
        held.tenant()
    containers.forget("acme")
    assert plugin.closed == []
    assert containers.container("acme", configured(tmp_path)) is not held


def test_what_can_not_be_closed_keeps_nothing_else_open(plugin: CountingPlugin, tmp_path: Path) -> None:
    held = containers.container("acme", configured(tmp_path))
    held.tenant()

    def refuse() -> None:
        raise OSError("the bureau's connection is gone")

    held.gateways().close = refuse  # type: ignore[method-assign] # fails
    with pytest.raises(OSError, match="is gone"):
        containers.forget("acme")
    assert plugin.closed == ["storage"]
    assert containers.container("acme", configured(tmp_path)) is not held


def test_the_use_cases_wake_the_engine_which_gets_its_work_from_them(plugin: CountingPlugin, tmp_path: Path) -> None:
    held = containers.container("acme", configured(tmp_path))
    engine = held.queue()
    assert held.tenant().queue is engine
    engine.wake("n1")
    assert engine.snapshot().waiting == 1
    assert engine.run_until_idle(5)
    assert not engine.failures
    assert plugin.asked == 1


def test_the_worker_does_the_work_of_the_use_cases(plugin: CountingPlugin, tmp_path: Path) -> None:
    held = containers.container("acme", configured(tmp_path))
    work = held.work()
    assert list(work.due(5)) == []
    assert work.next_due_at() is None
    work.sweep()
    with pytest.raises(NotFound):
        work.perform("none", "w1")
    assert plugin.asked == 1


def test_a_wrong_configuration_is_told_at_the_first_use(tmp_path: Path) -> None:
    held = container_of(manager_with(built_in=False), tmp_path)
    with pytest.raises(ConfigurationError):
        held.negativations()


def test_the_facade_gives_the_use_cases_by_name_and_builds_them_when_used(
    plugin: CountingPlugin, tmp_path: Path
) -> None:
    facade = CreditProtection("acme", configured(tmp_path))
    assert containers._containers == {}
    held = containers.container("acme", configured(tmp_path))
    assert facade.integrations is held.integrations()
    assert facade.queries is held.queries()
    assert facade.negativations is held.negativations()
    assert facade.payments is held.payments()
    assert facade.removals is held.transmissions()
    assert facade.sweep is held.sweep()
    assert facade.worker is held.queue()
    facade.close()
    assert plugin.closed == ["storage"]
    assert containers._containers == {}
