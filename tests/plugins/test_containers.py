"""The composition root: one container per tenant, thread-safe."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import pytest

from credit_protection import containers
from credit_protection.domain.actors import Actor
from credit_protection.domain.errors import ConfigurationError, NotFound
from credit_protection.plugins import hookimpl
from credit_protection.plugins.configuration import Configuration
from tests.plugins.plugin_fixtures import FakesPlugin, container_of, manager_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.testing.fakes import FakeBureau

T = TypeVar("T")
ANA = Actor.with_role("ana", "Ana", "administrador")


class CountingPlugin(FakesPlugin):
    """Counts the calls of its hooks, with a slow storage hook; records the closing of its storage."""

    def __init__(self) -> None:
        super().__init__()
        self.storage_calls = 0
        self.bureaus_calls = 0
        self.before_storage: Callable[[], object] = lambda: None
        self.closed: list[str] = []
        self.storage.close = lambda: self.closed.append("storage")  # type: ignore[method-assign] # records

    @hookimpl
    def credit_protection_storage(self) -> SqlStorage:
        self.storage_calls += 1
        self.before_storage()
        threading.Event().wait(0.02)
        return self.storage

    @hookimpl
    def credit_protection_bureaus(self, tenant: str) -> list[FakeBureau]:
        self.bureaus_calls += 1
        return super().credit_protection_bureaus(tenant)


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingPlugin]:
    """The process has the built-in plugin and this one; its containers are closed afterwards."""
    plugin = CountingPlugin()
    manager = manager_with(plugin)
    monkeypatch.setattr(containers, "all_plugins", lambda: manager)
    monkeypatch.setattr(containers, "_containers", {})
    yield plugin
    for tenant in list(containers._containers):
        containers.close_container(tenant)


def run_concurrently(count: int, act: Callable[[], T]) -> list[T]:
    gate = threading.Barrier(count)

    def call(_: int) -> T:
        gate.wait()
        return act()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_concurrent_threads_get_one_container(plugin: CountingPlugin, tmp_path: Path) -> None:
    got = run_concurrently(32, lambda: containers.container("acme", Configuration(tmp_path)))
    assert len(set(map(id, got))) == 1
    assert plugin.storage_calls == 0  # nothing is built before it is used


def test_concurrent_threads_get_one_of_each_singleton(plugin: CountingPlugin, tmp_path: Path) -> None:
    built = containers.container("acme", Configuration(tmp_path))
    got = run_concurrently(32, lambda: (built.negativations(), built.payments(), built.tenant(), built.queue()))
    assert [len({id(each[place]) for each in got}) for place in range(4)] == [1, 1, 1, 1]
    assert plugin.storage_calls == 1


def test_each_tenant_has_its_own_container(plugin: CountingPlugin, tmp_path: Path) -> None:
    one = containers.container("one", Configuration(tmp_path))
    other = containers.container("other", Configuration(tmp_path))
    assert one is not other
    assert one.tenant() is not other.tenant()
    assert plugin.storage_calls == 2


def test_closing_a_container_closes_all_and_the_next_one_is_new(plugin: CountingPlugin, tmp_path: Path) -> None:
    built = containers.container("acme", Configuration(tmp_path))
    worker = built.queue()
    worker.start()
    integrations = built.integrations()
    made = integrations.register(
        ANA, gateway="fake", description="Conta", creditor_id="1", parameters={"user": "u", "password": "secret"}
    )
    integrations.test(ANA, made.id)

    containers.close_container("acme")
    assert not worker.is_running
    assert plugin.bureau.close_count == 1
    assert plugin.closed == ["storage"]
    assert containers.container("acme", Configuration(tmp_path)) is not built
    containers.close_container("unknown")  # harmless


def test_closing_an_unused_container_builds_nothing(plugin: CountingPlugin, tmp_path: Path) -> None:
    built = containers.container("acme", Configuration(tmp_path))
    containers.close_container("acme")
    assert (plugin.storage_calls, plugin.bureaus_calls, plugin.closed, list(tmp_path.iterdir())) == (0, 0, [], [])
    assert containers.container("acme", Configuration(tmp_path)) is not built


def test_closing_a_container_closes_only_what_was_used(plugin: CountingPlugin, tmp_path: Path) -> None:
    containers.container("acme", Configuration(tmp_path)).storage()
    containers.close_container("acme")
    assert (plugin.storage_calls, plugin.bureaus_calls, plugin.closed) == (1, 0, ["storage"])


def test_container_whose_storage_fails_is_removed_on_close(plugin: CountingPlugin, tmp_path: Path) -> None:
    def refuse() -> SqlStorage:
        raise ConfigurationError("O banco não existe.")

    plugin.before_storage = refuse
    built = containers.container("acme", Configuration(tmp_path))
    with pytest.raises(ConfigurationError):
        built.tenant()
    containers.close_container("acme")
    assert plugin.closed == []
    assert containers.container("acme", Configuration(tmp_path)) is not built


def test_failing_close_does_not_leave_others_open(plugin: CountingPlugin, tmp_path: Path) -> None:
    built = containers.container("acme", Configuration(tmp_path))
    built.tenant()

    def refuse() -> None:
        raise OSError("the bureau's connection is gone")

    built.gateways().close = refuse  # type: ignore[method-assign] # fails
    with pytest.raises(OSError, match="is gone"):
        containers.close_container("acme")
    assert plugin.closed == ["storage"]
    assert containers.container("acme", Configuration(tmp_path)) is not built


def test_use_cases_wake_the_engine_that_runs_their_tasks(plugin: CountingPlugin, tmp_path: Path) -> None:
    built = containers.container("acme", Configuration(tmp_path))
    engine = built.queue()
    assert built.tenant().queue is engine
    engine.wake("n1")
    assert engine.snapshot().waiting == 1
    assert engine.run_until_idle(5)
    assert not engine.failures
    assert plugin.storage_calls == 1


def test_worker_tasks_call_the_use_cases(plugin: CountingPlugin, tmp_path: Path) -> None:
    built = containers.container("acme", Configuration(tmp_path))
    tasks = built.worker_tasks()
    assert list(tasks.due(5)) == []
    assert tasks.next_due_at() is None
    tasks.sweep()
    with pytest.raises(NotFound):
        tasks.perform("none", "w1")
    assert plugin.storage_calls == 1


def test_wrong_configuration_is_reported_at_first_use(tmp_path: Path) -> None:
    built = container_of(manager_with(built_in=False), tmp_path)
    with pytest.raises(ConfigurationError):
        built.negativations()
