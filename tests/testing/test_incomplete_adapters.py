"""An adapter that lacks a required member fails at construction; one that lacks a declared capability when called."""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import TypeGuard

import pytest

from credit_protection import ports
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Customer, Invoice
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.bureau import BureauGateway, GatewayProvider
from credit_protection.ports.clock import Clock
from credit_protection.ports.host import HostCapabilities, HostErp, OverdueFilter
from credit_protection.ports.limits import RateLimits
from credit_protection.ports.queue import TransmissionQueue, WorkerEngine
from credit_protection.ports.storage import Storage, UnitOfWork
from credit_protection.ports.vault import Vault
from credit_protection.testing.contracts.host import ErpDriver
from credit_protection.testing.fakes import FakeBureau

TODAY = date(2026, 10, 5)
NOTHING = HostCapabilities(settlements=False, holds=False, subscriptions=False, overdue=False)
OPTIONAL: dict[str, Callable[[HostErp], object]] = {
    "settlements": lambda host: list(host.settlements_since(TODAY)),
    "holds": lambda host: host.holds(["1"]),
    "subscriptions": lambda host: host.subscriptions(["1"]),
    "settled_invoices": lambda host: host.invoices_due(["1"], [TODAY]),
    "overdue": lambda host: list(host.overdue(OverdueFilter(TODAY))),
}


class MinimalErp(HostErp):
    code = "minimal"
    capabilities = NOTHING

    def creditors(self) -> Sequence[Creditor]:
        return []

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:  # noqa: ARG002 - there are none
        return {}

    def customers_with_document(self, document: str) -> Sequence[Customer]:  # noqa: ARG002 - there are none
        return []

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:  # noqa: ARG002 - there are none
        return {}


def required(port: type) -> list[str]:
    return sorted(port.__abstractmethods__)  # type: ignore[attr-defined]  # every port has ABCMeta


PORTS_WITH_DEFAULTS = (BureauGateway, ErpDriver, GatewayProvider, HostErp)


def protocols() -> list[type]:
    """All ports of the package."""
    modules = [import_module(each.name) for each in pkgutil.walk_packages(ports.__path__, f"{ports.__name__}.")]
    found = [(each, module) for module in modules for each in vars(module).values()]
    return [each for each, module in found if is_protocol(each) and each.__module__ == module.__name__]


def is_protocol(each: object) -> TypeGuard[type]:
    return bool(getattr(each, "_is_protocol", False))


PORTS = [port for port in protocols() if port not in PORTS_WITH_DEFAULTS]
"""Every member of these is required."""


@pytest.mark.parametrize(
    ("port", "missing"), [(port, name) for port in (*PORTS, *PORTS_WITH_DEFAULTS) for name in required(port)]
)
def test_adapter_without_a_required_member_fails_at_construction(port: type, missing: str) -> None:
    members = {name: None for name in required(port) if name != missing}
    incomplete = type("Incomplete", (port,), members)
    with pytest.raises(TypeError, match=rf"Can't instantiate abstract class Incomplete .*{missing}"):
        incomplete()
    type("Complete", (port,), {**members, missing: None})()


@pytest.mark.parametrize("port", PORTS)
def test_every_member_is_required(port: type) -> None:
    assert required(port) == sorted(name for name in dir(port) if not name.startswith("_"))


def test_every_port_is_tested() -> None:
    assert {Vault, Storage, UnitOfWork, TransmissionQueue, WorkerEngine, RateLimits, Clock} < set(PORTS)


def test_required_members_of_a_host_are_those_without_a_default() -> None:
    assert required(HostErp) == [
        "capabilities",
        "code",
        "creditors",
        "customers",
        "customers_with_document",
        "invoice_statuses",
    ]
    assert "list_records" not in required(BureauGateway)


@pytest.mark.parametrize("capability", OPTIONAL)
def test_undeclared_capability_gives_an_empty_answer(capability: str) -> None:
    assert not OPTIONAL[capability](MinimalErp())


@pytest.mark.parametrize("capability", OPTIONAL)
def test_declared_capability_without_its_method_is_an_error(capability: str) -> None:
    class Declares(MinimalErp):
        capabilities = replace(NOTHING, **{capability: True})  # type: ignore[arg-type] # a flag

    with pytest.raises(ConfigurationError, match=rf"declara {capability} e não implementa .*Declares\.") as caught:
        OPTIONAL[capability](Declares())
    assert caught.value.code == "erp_incompleto"


def test_gateway_that_declares_a_list_without_implementing_it_is_an_error() -> None:
    members = {name: getattr(FakeBureau, name) for name in required(BureauGateway)}
    gateway: BureauGateway = type("Gateway", (BureauGateway,), members)()
    with pytest.raises(ConfigurationError, match=r"Gateway\.list_records"):
        gateway.list_records()
    gateway.close()
