"""The facade: use cases by name, who may call them without an actor, and no blocking of an event loop."""

from __future__ import annotations

import asyncio
import inspect
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

import pytest

from credit_protection import CreditProtection, containers
from credit_protection.application.integrations import Integrations
from credit_protection.application.payments import RecordResult
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.errors import ConfigurationError, NotFound
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.facade import CreditProtection as Facade
from credit_protection.plugins import hookimpl, hookspecs
from credit_protection.plugins.configuration import Configuration
from credit_protection.ports.host import OverdueFilter
from credit_protection.testing.tenants import sqlite_storage
from tests.plugins.plugin_fixtures import FakesPlugin, manager_with

if TYPE_CHECKING:
    from collections.abc import Iterator

ANA = Actor.with_role("ana", "Ana", "administrador")
ATTENDANT = Actor.with_role("davi", "Davi", "atendente")
RECORDING = {"payments.record", "payments.reverse"}
"""Use cases with an actor that the docstring names besides."""
NOT_USE_CASES = {"gateways", "worker"}
EXAMPLES = Path(__file__).parents[2] / "examples"


class MenuPlugin(FakesPlugin):
    """Gives menu entries too."""

    @hookimpl
    def credit_protection_navigation(self, tenant: str) -> list[dict[str, str]]:
        return [
            {"label": f"Negativar em {tenant}", "screen": "negativate", "permission": "negativate", "under": ""},
            {"label": "Consultar", "screen": "query", "permission": "query", "under": ""},
            {"label": "Ajuda", "screen": "help", "under": ""},
            {"label": "Folha", "screen": "payroll", "permission": "payroll", "under": ""},
        ]


@pytest.fixture
def facade(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CreditProtection]:
    """Over the fakes."""
    manager = manager_with(MenuPlugin())
    monkeypatch.setattr(containers, "all_plugins", lambda: manager)
    monkeypatch.setattr(containers, "_containers", {})
    facade = CreditProtection("acme", Configuration(tmp_path))
    yield facade
    facade.close()


# ------------------------------------------------------------------------------------------------ by name


def test_facade_builds_nothing_before_it_is_used(facade: CreditProtection) -> None:
    assert containers._containers == {}
    assert facade.negativations.list(ANA).items == []
    assert list(containers._containers) == ["acme"]
    facade.close()
    assert containers._containers == {}


def test_facade_gives_the_use_cases_of_its_container(facade: CreditProtection, tmp_path: Path) -> None:
    built = containers.container("acme", Configuration(tmp_path))
    for name in sorted(use_cases()):
        expected = getattr(built, "transmissions" if name == "removals" else name)()
        given = getattr(facade, name)
        assert given is getattr(facade, name)
        assert given._built() is expected
        for method in methods_of(type(expected)):
            assert getattr(given, method).__wrapped__ is getattr(type(expected), method)
    assert facade.worker is built.queue()


def test_gateways_come_by_code_with_their_parameters(facade: CreditProtection) -> None:
    assert [gateway.code for gateway in facade.gateways] == ["credito_na_medida", "fake"]
    assert [spec.name for spec in facade.gateways[1].parameters if spec.secret] == ["password"]
    assert facade.gateways[1].name
    assert facade.gateways[1].capabilities.alphanumeric_cnpj in {True, False}


def test_navigation_leaves_out_entries_whose_permission_the_actor_lacks(facade: CreditProtection) -> None:
    assert [entry["label"] for entry in facade.navigation(ANA)] == ["Negativar em acme", "Consultar", "Ajuda"]
    assert [entry["label"] for entry in facade.navigation(ATTENDANT)] == ["Consultar", "Ajuda"]
    assert [entry["label"] for entry in facade.navigation(SYSTEM)] == ["Ajuda"]


# ------------------------------------------------------------------------------------------------ actors


def use_cases() -> dict[str, type]:
    """The classes of use cases, by the facade's attribute."""
    found = {}
    for name, member in vars(Facade).items():
        if isinstance(member, property) and not name.startswith("_") and name not in NOT_USE_CASES:
            module = sys.modules["credit_protection.containers"]
            assert member.fget is not None
            found[name] = get_type_hints(member.fget, vars(module))["return"]
    return found


def methods_of(use_cases: type) -> list[str]:
    return [name for name, member in vars(use_cases).items() if inspect.isfunction(member) and not name.startswith("_")]


def test_use_cases_without_an_actor_are_those_of_the_docstring() -> None:
    assert len(use_cases()) == 14
    without = {
        f"{attribute}.{name}"
        for attribute, cases in use_cases().items()
        for name in methods_of(cases)
        if [*inspect.signature(getattr(cases, name)).parameters][1:2] != ["actor"]
    }
    documented = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", inspect.getdoc(Facade).partition("take\nnone")[2]))  # type: ignore[union-attr] # it has one
    assert without == {name for name in documented if name.partition(".")[0] in use_cases() and name not in RECORDING}


# ------------------------------------------------------------------------------------------------ event loops


def test_use_case_in_an_event_loop_is_refused_and_works_in_a_thread(facade: CreditProtection) -> None:
    async def host() -> None:
        with pytest.raises(ConfigurationError, match="em uma thread") as refused:
            facade.negativations.list(ANA)
        assert refused.value.code == "laco_de_eventos"
        assert (await asyncio.to_thread(facade.negativations.list, ANA)).items == []

    asyncio.run(host())
    assert facade.negativations.list(ANA).items == []  # the loop has ended


def test_nothing_is_built_in_the_thread_of_an_event_loop(facade: CreditProtection) -> None:
    async def host() -> None:
        for name in sorted(use_cases()):
            given = getattr(facade, name)
            for method in methods_of(use_cases()[name]):
                with pytest.raises(ConfigurationError):
                    getattr(given, method)()
        assert containers._containers == {}

    asyncio.run(host())


def test_iterator_of_a_use_case_is_not_read_in_an_event_loop(facade: CreditProtection) -> None:
    erp = containers.container("acme", facade._configuration).host()
    erp.add_customer("c1", "90010020055")
    for number in (1, 2):
        erp.add_invoice(f"i{number}", "c1", date(2026, 10, number), Money(119_90))

    async def host() -> None:
        listed = await asyncio.to_thread(facade.customers.overdue_invoices, ANA, OverdueFilter(date(2026, 11, 24)))
        with pytest.raises(ConfigurationError, match="em uma thread"):
            next(listed)
        assert (await asyncio.to_thread(next, listed)).id == "i1"
        with pytest.raises(ConfigurationError):
            list(listed)
        assert [invoice.id for invoice in await asyncio.to_thread(list, listed)] == ["i2"]

    asyncio.run(host())


def test_payment_is_recorded_on_the_hosts_connection_even_in_an_event_loop(
    facade: CreditProtection, tmp_path: Path
) -> None:
    database = tmp_path / "credit_protection.sqlite"
    containers.container("acme", facade._configuration).storage.override(sqlite_storage(database))
    payment = Settlement("p1", "i1", SettlementKind.PAYMENT, date(2026, 11, 24), Money(119_90))

    async def host() -> None:
        for act in (
            facade.payments.after_commit,
            lambda: facade.payments.record(SYSTEM, payment),
            lambda: facade.payments.reverse(SYSTEM, "p1", "i1", payment.paid_on),
        ):
            with pytest.raises(ConfigurationError) as refused:
                act()
            assert refused.value.code == "laco_de_eventos"
        results = [
            facade.payments.record(SYSTEM, payment, connection=connection),
            facade.payments.reverse(SYSTEM, "p1", "i1", payment.paid_on, connection=connection),
        ]
        assert results == [RecordResult.RECORDED, RecordResult.RECORDED]

    with closing(sqlite3.connect(database)) as connection:
        asyncio.run(host())


def test_wrapped_use_case_keeps_its_signature_and_its_errors(facade: CreditProtection) -> None:
    assert list(inspect.signature(facade.integrations.get).parameters) == ["actor", "integration_id"]
    with pytest.raises(NotFound):
        facade.integrations.get(ANA, "none")
    for name in ("no_such_use_case", "_tenant"):
        with pytest.raises(AttributeError, match=name):
            getattr(facade.integrations, name)


def test_attribute_of_use_cases_that_is_no_method_is_given_as_it_is(
    facade: CreditProtection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Integrations, "page_size", 20, raising=False)
    assert facade.integrations.page_size == 20  # type: ignore[attr-defined] # set above


# ------------------------------------------------------------------------------------------------ the example


def test_example_implements_every_hook_and_runs() -> None:
    hooks = {name for name, what in vars(hookspecs).items() if hasattr(what, f"{hookspecs.PROJECT}_spec")}
    implemented = set(re.findall(r"    def (credit_protection_\w+)\(", (EXAMPLES / "hooks.py").read_text()))
    assert implemented == hooks
    done = subprocess.run(
        [sys.executable, EXAMPLES / "hooks.py"], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines() == [
        "credit_protection_queue: embedded",
        "credit_protection_query_answered: ***.100.200-** answered",
        "credit_protection_negativation_event: matriz created",
        "credit_protection_negativation_event: matriz claimed",
        "credit_protection_negativation_event: matriz included",
        (
            "credit_protection_divergence: empresa_difere No ERP a fatura é de outra empresa. Confira qual é a credora "
            "e remova o registro se não for esta."
        ),
        "credit_protection_alarm: empresa_difere",
        "credit_protection_negativation_event: matriz removal_wanted",
        "credit_protection_alarm: prazo_atingido",
        "navigation: ['Ajuda']",
    ]
