"""Each hook of the contract does what its docstring says: a test is named after each, and the last tests see to it."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

import pytest

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.vault import FernetVault
from credit_protection.application.negativations import NegativationRequest
from credit_protection.application.rereading import Rereading
from credit_protection.containers import Container
from credit_protection.domain.actors import Actor
from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.errors import ConfigurationError, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.queries import CreditQuery, QueryStatus
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Observed
from credit_protection.plugins import hookimpl, hookspecs
from credit_protection.plugins.configuration import Configuration
from credit_protection.testing.contracts.queue.tasks import InMemoryTasks
from credit_protection.testing.fakes import FakeBureau, FakeErp
from tests.plugins.plugin_fixtures import FakesPlugin, container_of, manager_with

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from credit_protection.domain.guards import Candidate, Guard, InclusionTerms
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.queue import WorkerEngine, WorkerTasks

ANA = Actor.with_role("ana", "Ana", "administrador")
HOOKS = [name for name, what in vars(hookspecs).items() if hasattr(what, f"{hookspecs.PROJECT}_spec")]
A_SENTENCE_OR_TWO = 120


@pytest.fixture
def plugin() -> FakesPlugin:
    return FakesPlugin()


def registered(container: Container) -> str:
    """An integration over the fakes, with one customer who owes `i1`."""
    erp = container.host()
    assert isinstance(erp, FakeErp)
    erp.add_customer("c1", "90010020055")
    erp.add_invoice("i1", "c1", date(2026, 10, 5))
    integrations = container.integrations()
    made = integrations.register(
        ANA, gateway="fake", description="Conta", creditor_id="1", parameters={"user": "u", "password": "secret"}
    )
    integrations.synchronise(ANA, made.id)
    return made.id


def negativate(container: Container, integration_id: str) -> Negativation:
    return container.negativations().create(ANA, NegativationRequest(integration_id, "c1", ["i1"], "DEV"))[0]


# ------------------------------------------------------------------------------------------------ adapters


def test_credit_protection_bureaus_offers_the_providers_of_all_plugins(tmp_path: Path, plugin: FakesPlugin) -> None:
    class Aside:
        @hookimpl
        def credit_protection_bureaus(self) -> None:
            return None

    container = container_of(manager_with(plugin, Aside()), tmp_path)
    assert sorted(container.gateways().providers) == ["credito_na_medida", "fake"]


def test_credit_protection_bureaus_refuses_two_providers_of_one_code(tmp_path: Path, plugin: FakesPlugin) -> None:
    class Twin:
        @hookimpl
        def credit_protection_bureaus(self) -> list[FakeBureau]:
            return [FakeBureau()]

    container = container_of(manager_with(plugin, Twin()), tmp_path)
    with pytest.raises(ConfigurationError, match="'fake'") as refused:
        container.integrations()
    assert refused.value.code == "gateway_repetido"


def test_credit_protection_host_is_that_of_the_plugin_registered_last(tmp_path: Path, plugin: FakesPlugin) -> None:
    class Later:
        erp = FakeErp(code="later")

        @hookimpl
        def credit_protection_host(self, tenant: str) -> FakeErp | None:
            return self.erp if tenant == "acme" else None

    manager = manager_with(plugin, Later())
    assert container_of(manager, tmp_path).host() is Later.erp
    assert container_of(manager, tmp_path, "other").host() is plugin.erp


def test_credit_protection_storage_is_the_plugins_or_the_configured_database(
    tmp_path: Path, plugin: FakesPlugin
) -> None:
    assert container_of(manager_with(plugin), tmp_path).storage() is plugin.storage
    assert not list(tmp_path.iterdir())

    storage = container_of(manager_with(), tmp_path).storage()
    with sqlite3.connect(tmp_path / "credit_protection.sqlite") as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    storage.close()
    assert "cp_negativation" in tables


def test_credit_protection_vault_is_the_plugins_or_one_with_a_key_file(tmp_path: Path, plugin: FakesPlugin) -> None:
    assert container_of(manager_with(plugin), tmp_path).vault() is plugin.vault
    ours = container_of(manager_with(), tmp_path).vault()
    assert isinstance(ours, FernetVault)
    assert ours.decrypt(ours.encrypt("segredo")) == "segredo"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_credit_protection_queue_is_the_plugins_or_the_configured_one(tmp_path: Path, plugin: FakesPlugin) -> None:
    class Engine:
        asked: ClassVar[list[str]] = []
        given = EmbeddedQueue(InMemoryTasks, SystemClock())

        @hookimpl
        def credit_protection_queue(self, tenant: str, tasks: Callable[[], WorkerTasks]) -> WorkerEngine | None:
            assert callable(tasks)
            self.asked.append(tenant)
            return self.given if tenant == "acme" else None

    manager = manager_with(plugin, Engine())
    assert container_of(manager, tmp_path).queue() is Engine.given
    assert isinstance(container_of(manager, tmp_path, "other").queue(), EmbeddedQueue)
    assert Engine.asked == ["acme", "other"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"queue": "rabbit"}, "embedded ou procrastinate, e não 'rabbit'"),
        ({"queue": "procrastinate"}, "precisa do PostgreSQL"),
    ],
)
def test_credit_protection_queue_that_is_impossible_is_refused(
    tmp_path: Path, plugin: FakesPlugin, settings: dict[str, str], says: str
) -> None:
    configuration = replace(Configuration(tmp_path), **settings)  # type: ignore[arg-type] # all are strings
    container = Container(name="acme", configuration=configuration, manager=manager_with(plugin))
    with pytest.raises(ConfigurationError, match=says):
        container.queue()


def test_credit_protection_queue_over_postgresql_is_built_without_connecting(
    tmp_path: Path, plugin: FakesPlugin
) -> None:
    configuration = replace(
        Configuration(tmp_path),
        queue="procrastinate",
        database_url="postgresql://nobody@127.0.0.1:1/nothing",
    )
    container = Container(name="acme", configuration=configuration, manager=manager_with(plugin))
    assert container.queue().capabilities.distributed


@pytest.mark.parametrize("what", ["host", "queue", "storage", "vault"])
def test_missing_adapter_is_named(tmp_path: Path, what: str) -> None:
    container = container_of(manager_with(built_in=False), tmp_path)
    with pytest.raises(ConfigurationError, match=what) as missing:
        getattr(container, what)()
    assert missing.value.code == "plugin_ausente"


# ------------------------------------------------------------------------------------------------ rules, screens


def test_credit_protection_guards_veto(tmp_path: Path, plugin: FakesPlugin) -> None:
    def neighbour(candidate: Candidate, _: InclusionTerms) -> list[Finding]:
        return [Finding("vizinho", Severity.BLOCK, f"{candidate.customer.name} mora ao lado.", "customer")]

    class GuardPlugin:
        @hookimpl
        def credit_protection_guards(self) -> Sequence[Guard]:
            return [neighbour]

    container = container_of(manager_with(plugin, GuardPlugin()), tmp_path)
    with pytest.raises(RuleViolation) as refused:
        negativate(container, registered(container))
    assert [finding.code for finding in refused.value.findings] == ["vizinho"]


def test_credit_protection_navigation_collects_the_entries_of_all_plugins() -> None:
    class Menu:
        @hookimpl
        def credit_protection_navigation(self, tenant: str) -> list[dict[str, str]]:
            return [{"label": f"Cobrança de {tenant}", "screen": "billing", "permission": "negativate", "under": ""}]

    class NoMenu:
        @hookimpl
        def credit_protection_navigation(self) -> None:
            return None

    given = manager_with(Menu(), NoMenu()).hook.credit_protection_navigation(tenant="acme")
    assert [entry["label"] for entries in given for entry in entries] == ["Cobrança de acme"]


# ------------------------------------------------------------------------------------------------ events


class Broken:
    """A plugin whose event hooks fail."""

    @hookimpl
    def credit_protection_negativation_event(self) -> None:
        raise RuntimeError("the hook is broken")

    @hookimpl
    def credit_protection_query_answered(self) -> None:
        raise RuntimeError("the hook is broken")

    @hookimpl
    def credit_protection_divergence(self) -> None:
        raise RuntimeError("the hook is broken")

    @hookimpl
    def credit_protection_alarm(self) -> None:
        raise RuntimeError("the hook is broken")


def test_credit_protection_negativation_event_is_called_after_commit_with_the_tenant(
    tmp_path: Path, plugin: FakesPlugin
) -> None:
    class Reader:
        seen: list[tuple[str, EventKind, Observed]]

        @hookimpl
        def credit_protection_negativation_event(self, tenant: str, event: Event) -> None:
            with plugin.storage.unit() as unit:  # no transaction is open any more
                stored = unit.negativations.get(event.negativation_id)
            self.seen.append((tenant, event.kind, stored.observed))

    reader = Reader()
    reader.seen = []
    container = container_of(manager_with(plugin, reader), tmp_path)
    made = negativate(container, registered(container))
    container.transmissions().perform(made.id, "w1")
    assert reader.seen == [
        ("acme", EventKind.CREATED, Observed.ABSENT),
        ("acme", EventKind.CLAIMED, Observed.PRESENT),  # told after the call
        ("acme", EventKind.INCLUDED, Observed.PRESENT),
    ]


def test_credit_protection_negativation_event_that_fails_is_logged_and_changes_nothing(
    tmp_path: Path, plugin: FakesPlugin, caplog: pytest.LogCaptureFixture
) -> None:
    container = container_of(manager_with(plugin, Broken()), tmp_path)
    made = negativate(container, registered(container))
    performed = container.transmissions().perform(made.id, "w1")
    assert performed is not None
    assert performed.negativation.observed is Observed.PRESENT
    assert "the hook is broken" in caplog.text
    assert [what.kind for _, what in plugin.received if isinstance(what, Event)] == [
        EventKind.CREATED,
        EventKind.CLAIMED,
        EventKind.INCLUDED,
    ]  # the other plugins are called all the same


def test_credit_protection_query_answered_is_called_after_commit_and_may_fail(
    tmp_path: Path, plugin: FakesPlugin
) -> None:
    container = container_of(manager_with(plugin, Broken()), tmp_path)
    integration_id = registered(container)
    answered = container.queries().run(ANA, integration_id=integration_id, product_code="BASIC", document="90010020055")
    assert answered.status is QueryStatus.ANSWERED
    assert [(tenant, what.id) for tenant, what in plugin.received if isinstance(what, CreditQuery)] == [
        ("acme", answered.id)
    ]
    assert not hasattr(answered, "content")


def test_credit_protection_divergence_is_called_when_one_opens_changes_or_closes_and_may_fail(
    tmp_path: Path, plugin: FakesPlugin, caplog: pytest.LogCaptureFixture
) -> None:
    container = container_of(manager_with(plugin, Broken()), tmp_path)
    made = negativate(container, registered(container))
    container.transmissions().perform(made.id, "w1")
    owed = plugin.erp.invoices_by_id["i1"]
    rereading = Rereading(container.tenant())
    for invoice in (owed, replace(owed, creditor_id="2"), replace(owed, creditor_id="3"), owed):
        plugin.erp.invoices_by_id["i1"] = invoice
        rereading.reread_all()
    told = [(tenant, each.code, each.theirs, each.closed_at is None) for tenant, each in plugin.divergences]
    code = DivergenceCode.OTHER_CREDITOR
    assert told == [("acme", code, "2", True), ("acme", code, "3", True), ("acme", code, "3", False)]
    assert {each.negativation_id for _, each in plugin.divergences} == {made.id}
    assert "the hook is broken" in caplog.text


def test_credit_protection_alarm_is_called_by_the_sweep_once_a_day_and_may_fail(
    tmp_path: Path, plugin: FakesPlugin, caplog: pytest.LogCaptureFixture
) -> None:
    container = container_of(manager_with(plugin, Broken()), tmp_path)
    integration_id = registered(container)
    made = negativate(container, integration_id)
    container.transmissions().perform(made.id, "w1")
    container.negativations().delete(ANA, made.id, reason=RemovalReason.COURT_ORDER)
    assert [container.sweep().run(by_worker=True).alarms for _ in range(3)] == [1, 0, 0]
    ((tenant, alarm),) = plugin.alarms  # the other plugins are called all the same
    assert (tenant, alarm.code, alarm.subject) == ("acme", AlarmCode.DEADLINE_REACHED, integration_id)
    assert alarm.negativation_ids == (made.id,)
    assert "the hook is broken" in caplog.text
    with plugin.storage.unit() as unit:  # a day has passed
        (name,) = unit.watermarks.all("alarm.notified.")
        unit.watermarks.set(name, unit.watermarks.all("alarm.notified.")[name] - timedelta(days=1))
        unit.commit()
    assert container.sweep().run(by_worker=True).alarms == 1


# ------------------------------------------------------------------------------------------------ the contract itself


def test_hookspecs_has_hooks() -> None:
    assert len(HOOKS) >= 8


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_when_it_is_called_and_what_it_may_not_do(hook: str) -> None:
    text = getattr(hookspecs, hook).__doc__
    assert len(text) >= A_SENTENCE_OR_TWO
    assert "Called" in text
    assert "tenant" in getattr(hookspecs, hook).__annotations__


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test_named_after_it(hook: str) -> None:
    here = vars(sys.modules[__name__])
    assert [name for name in here if name.startswith(f"test_{hook}_")], f"write test_{hook}_... here"
