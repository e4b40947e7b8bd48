"""The composition root: the only module that may import everything.

One container per tenant, that is per database, built lazily; its singletons are thread-safe. No `@inject`, no wiring.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from operator import methodcaller
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.adapters.clock import RandomIdentifiers, SystemClock
from credit_protection.adapters.limits.buckets import BucketLimits
from credit_protection.application.adoption import Adoption
from credit_protection.application.alarms import Alarms
from credit_protection.application.audit_trail import AuditTrail
from credit_protection.application.customers import Customers
from credit_protection.application.divergences import Divergences
from credit_protection.application.gateway_registry import GatewayRegistry
from credit_protection.application.host_identity import HostIdentity, known_tenant
from credit_protection.application.integrations import Integrations
from credit_protection.application.negativations import Negativations
from credit_protection.application.payments import Payments
from credit_protection.application.queries import Queries
from credit_protection.application.reconciliation import Reconciliation
from credit_protection.application.sweep import Sweep
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.application.transmissions import Transmissions
from credit_protection.application.users import Users
from credit_protection.application.worker_tasks import TenantWorkerTasks
from credit_protection.plugins import configuration as configurations
from credit_protection.plugins import gathering
from credit_protection.plugins.configuration import Configuration
from credit_protection.plugins.manager import all_plugins
from credit_protection.ports.bureau import GatewayProvider
from credit_protection.ports.queue import WorkerEngine
from credit_protection.ports.storage import Storage
from credit_protection.ports.troubles import Troubles
from credit_protection.ports.vault import Vault

if TYPE_CHECKING:
    import pluggy


class Resources:
    """What was built and has threads or connections: only that is closed."""

    def __init__(self) -> None:
        self._built: dict[str, tuple[object, str]] = {}

    def register(self, name: str, resource: object, method: str = "close") -> None:
        """Have it closed by this method."""
        self._built[name] = (resource, method)

    def close(self) -> None:
        """Close the workers first and the storage last; where one fails, the others are closed all the same."""
        with ExitStack() as in_reverse:
            for name in ("storage", "limits", "gateways", "queue"):
                if name in self._built:
                    resource, method = self._built[name]
                    in_reverse.callback(methodcaller(method), resource)


def _storage(resources: Resources, tenant: str, manager: pluggy.PluginManager, configuration: Configuration) -> Storage:
    storage: Storage = gathering.single_implementation(manager, "storage", tenant=tenant, configuration=configuration)
    resources.register("storage", storage)
    return storage


def _gateways(resources: Resources, gateway_providers: Sequence[GatewayProvider], vault: Vault) -> GatewayRegistry:
    gateways = GatewayRegistry(gateway_providers, vault)
    resources.register("gateways", gateways)
    return gateways


def _queue(
    built: Container, tenant: str, manager: pluggy.PluginManager, clock: SystemClock, configuration: Configuration
) -> WorkerEngine:
    """The engine gets the tasks when it starts: the use cases behind them need the queue themselves."""
    queue: WorkerEngine = gathering.single_implementation(
        manager, "queue", tenant=tenant, configuration=configuration, tasks=built.worker_tasks, clock=clock
    )
    built.resources().register("queue", queue, "stop")
    return queue


def _limits(resources: Resources, clock: SystemClock, configuration: Configuration, troubles: Troubles) -> BucketLimits:
    schema = configuration.queue_schema or None
    limits = BucketLimits(clock, configuration.database_url, configuration.home, schema=schema, troubles=troubles)
    resources.register("limits", limits)
    return limits


class Container(containers.DeclarativeContainer):
    """Everything of one tenant."""

    __self__ = providers.Self()
    name: providers.Dependency[str] = providers.Dependency(instance_of=str)
    configuration: providers.Dependency[Configuration] = providers.Dependency()
    manager: providers.Dependency[pluggy.PluginManager] = providers.Dependency()

    resources = providers.ThreadSafeSingleton(Resources)
    clock = providers.ThreadSafeSingleton(SystemClock)
    troubles = providers.ThreadSafeSingleton(Troubles)
    identifiers = providers.ThreadSafeSingleton(RandomIdentifiers)
    calendars = providers.ThreadSafeSingleton(BrazilianCalendars)
    limits = providers.ThreadSafeSingleton(_limits, resources, clock, configuration, troubles)
    queue = providers.ThreadSafeSingleton(_queue, __self__, name, manager, clock, configuration)
    listeners = providers.ThreadSafeSingleton(gathering.PluginListeners, name, manager, troubles)
    storage = providers.ThreadSafeSingleton(_storage, resources, name, manager, configuration)
    vault = providers.ThreadSafeSingleton(
        gathering.single_implementation, manager, "vault", tenant=name, configuration=configuration
    )
    host = providers.ThreadSafeSingleton(
        gathering.single_implementation, manager, "host", tenant=name, configuration=configuration
    )
    guards = providers.ThreadSafeSingleton(gathering.guards, name, manager, troubles)
    gateway_providers = providers.ThreadSafeSingleton(gathering.gateway_providers, name, manager, troubles)
    gateways = providers.ThreadSafeSingleton(_gateways, resources, gateway_providers, vault)
    tenant = providers.ThreadSafeSingleton(
        TenantPorts,
        storage=storage,
        gateways=gateways,
        host=host,
        vault=vault,
        clock=clock,
        identifiers=identifiers,
        calendars=calendars,
        listeners=listeners,
        queue=queue,
        extra_guards=guards,
        limits=limits,
        troubles=troubles,
    )
    host_identity = providers.ThreadSafeSingleton(HostIdentity, tenant)
    known_tenant = providers.ThreadSafeSingleton(known_tenant, tenant, host_identity)
    integrations = providers.ThreadSafeSingleton(Integrations, known_tenant)
    customers = providers.ThreadSafeSingleton(Customers, known_tenant)
    queries = providers.ThreadSafeSingleton(Queries, known_tenant)
    negativations = providers.ThreadSafeSingleton(Negativations, known_tenant)
    payments = providers.ThreadSafeSingleton(Payments, tenant)
    transmissions = providers.ThreadSafeSingleton(Transmissions, known_tenant)
    adoption = providers.ThreadSafeSingleton(Adoption, known_tenant)
    audit_trail = providers.ThreadSafeSingleton(AuditTrail, tenant)
    users = providers.ThreadSafeSingleton(Users, storage, clock)
    divergences = providers.ThreadSafeSingleton(Divergences, known_tenant)
    alarms = providers.ThreadSafeSingleton(Alarms, tenant, configuration.provided.alarm_settings)
    reconciliation = providers.ThreadSafeSingleton(Reconciliation, known_tenant)
    sweep = providers.ThreadSafeSingleton(Sweep, known_tenant, payments, transmissions, queries, alarms, reconciliation)
    worker_tasks = providers.ThreadSafeSingleton(TenantWorkerTasks, transmissions, sweep, payments)
    navigation = providers.Callable(gathering.navigation, name, manager)


_containers: dict[str, Container] = {}
_lock = threading.Lock()


def container(tenant: str = "default", configuration: Configuration | None = None) -> Container:
    """Return the container of a tenant, built at the first call.

    Args:
        tenant: the database's name.
        configuration: for the first call; by default read from the environment.

    Raises:
        ConfigurationError: the configuration, or a plugin, is wrong.
    """
    with _lock:
        if tenant not in _containers:
            _containers[tenant] = Container(
                name=tenant, configuration=configuration or configurations.load(), manager=all_plugins()
            )
        return _containers[tenant]


def close_container(tenant: str = "default") -> None:
    """Stop a tenant's workers and close its connections; the next call of `container` builds a new one.

    What was never used is not built in order to be closed.
    """
    with _lock:
        closing = _containers.pop(tenant, None)
    if closing is not None:
        closing.resources().close()
