"""The composition root: the only module that may import everything.

One container per tenant, that is per database, built lazily; its singletons are thread-safe. No `@inject`, no wiring.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from datetime import timedelta
from operator import methodcaller
from typing import TYPE_CHECKING, cast

from dependency_injector import containers, providers

from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.adapters.clock import RandomIdentifiers, SystemClock
from credit_protection.adapters.limits import BucketLimits
from credit_protection.application.adoption import Adoption
from credit_protection.application.alarms import Alarms
from credit_protection.application.integrations import Integrations
from credit_protection.application.negativations import Negativations
from credit_protection.application.payments import Payments
from credit_protection.application.queries import Queries
from credit_protection.application.sweep import Sweep
from credit_protection.application.tenant import Gateways, Tenant
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.alarms import AlarmSettings
from credit_protection.domain.errors import ConfigurationError
from credit_protection.plugins import configuration as configurations
from credit_protection.plugins.manager import all_plugins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import pluggy

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.events import Event
    from credit_protection.domain.guards import Guard
    from credit_protection.domain.queries import CreditQuery
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.bureau import GatewayKind
    from credit_protection.ports.queue import WorkerEngine
    from credit_protection.ports.storage import DueTransmission, Storage
    from credit_protection.ports.vault import Vault

log = logging.getLogger(__name__)


class PluginListeners:
    """Passes happenings to the event hooks; what a hook raises is logged and changes nothing."""

    def __init__(self, tenant: str, manager: pluggy.PluginManager) -> None:
        self._tenant = tenant
        self._hook = manager.hook

    def happened(self, events: Iterable[Event]) -> None:
        """To negativations, in order."""
        for event in events:
            self._tell("credit_protection_happened", event=event)

    def query_answered(self, query: CreditQuery) -> None:
        """A credit query has its outcome."""
        self._tell("credit_protection_query_answered", query=query)

    def alarm(self, alarm: Alarm) -> None:
        """Something needs a person."""
        self._tell("credit_protection_alarm", alarm=alarm)

    def _tell(self, hook: str, **told: object) -> None:
        """Each plugin apart: one that fails keeps no other from being told."""
        told["tenant"] = self._tenant
        for heard in reversed(getattr(self._hook, hook).get_hookimpls()):
            try:
                heard.function(*(told[name] for name in heard.argnames))
            except Exception:
                log.exception("an event hook failed", extra={"hook": hook, "plugin": heard.plugin_name})


class Work:
    """What a worker does, put together from the use cases."""

    def __init__(self, transmissions: Transmissions, sweep: Sweep) -> None:
        self._transmissions = transmissions
        self._sweep = sweep

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now."""
        return self._transmissions.due(limit)

    def next_due_at(self) -> datetime | None:
        """When to look again."""
        return self._transmissions.next_due_at()

    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim, call, store."""
        return self._transmissions.perform(negativation_id, worker)

    def sweep(self) -> object:
        """The only liveness rule."""
        return self._sweep.run(by_worker=True)


def _bureaus(tenant: str, manager: pluggy.PluginManager) -> Sequence[GatewayKind]:
    kinds = [kind for given in manager.hook.credit_protection_bureaus(tenant=tenant) if given for kind in given]
    codes = [kind.code for kind in kinds]
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        raise ConfigurationError(
            f"Dois plugins oferecem o gateway {repeated[0]!r}. Desinstale um deles.", code="gateway_repetido"
        )
    return kinds


def _guards(tenant: str, manager: pluggy.PluginManager) -> Sequence[Guard]:
    return [guard for given in manager.hook.credit_protection_guards(tenant=tenant) if given for guard in given]


class _Opened:
    """What was built and holds threads or connections: only that is to be closed."""

    def __init__(self) -> None:
        self._closing: dict[str, tuple[object, str]] = {}

    def keep(self, name: str, thing: object, how: str = "close") -> None:
        """To be closed by this method."""
        self._closing[name] = (thing, how)

    def close(self) -> None:
        """The workers first, the storage last; where one fails, the others are closed all the same."""
        with ExitStack() as in_reverse:
            for name in ("storage", "limits", "gateways", "queue"):
                if name in self._closing:
                    thing, how = self._closing[name]
                    in_reverse.callback(methodcaller(how), thing)


def _storage(opened: _Opened, tenant: str, manager: pluggy.PluginManager, configuration: Configuration) -> Storage:
    storage = cast("Storage", _one(tenant, manager, configuration, "storage"))
    opened.keep("storage", storage)
    return storage


def _gateways(opened: _Opened, kinds: Sequence[GatewayKind], vault: Vault) -> Gateways:
    gateways = Gateways(kinds, vault)
    opened.keep("gateways", gateways)
    return gateways


def _one(tenant: str, manager: pluggy.PluginManager, configuration: Configuration, what: str) -> object:
    given = getattr(manager.hook, f"credit_protection_{what}")(tenant=tenant, configuration=configuration)
    if given is None:
        raise ConfigurationError(f"Nenhum plugin oferece {what}.", code="plugin_ausente")
    return given


def _alarms(tenant: Tenant, configuration: Configuration) -> Alarms:
    hours, minutes = (
        timedelta(hours=configuration.alarm_host_hours),
        timedelta(minutes=configuration.alarm_worker_minutes),
    )
    return Alarms(tenant, AlarmSettings(host_silence=hours, worker_silence=minutes))


def _queue(
    held: Container, tenant: str, manager: pluggy.PluginManager, clock: SystemClock, configuration: Configuration
) -> WorkerEngine:
    """The engine asks for the use cases when it starts: they know the queue in their turn."""
    given = manager.hook.credit_protection_queue(
        tenant=tenant, configuration=configuration, work=held.work, clock=clock
    )
    if given is None:
        raise ConfigurationError("Nenhum plugin oferece queue.", code="plugin_ausente")
    held.opened().keep("queue", given, "stop")
    return cast("WorkerEngine", given)


def _limits(opened: _Opened, clock: SystemClock, configuration: Configuration) -> BucketLimits:
    schema = configuration.queue_schema or None
    limits = BucketLimits(clock, configuration.database_url, configuration.home, schema=schema)
    opened.keep("limits", limits)
    return limits


class Container(containers.DeclarativeContainer):
    """Everything of one tenant."""

    __self__ = providers.Self()
    name: providers.Dependency[str] = providers.Dependency(instance_of=str)
    configuration: providers.Dependency[Configuration] = providers.Dependency()
    manager: providers.Dependency[pluggy.PluginManager] = providers.Dependency()

    opened = providers.ThreadSafeSingleton(_Opened)
    clock = providers.ThreadSafeSingleton(SystemClock)
    identifiers = providers.ThreadSafeSingleton(RandomIdentifiers)
    calendars = providers.ThreadSafeSingleton(BrazilianCalendars)
    queue = providers.ThreadSafeSingleton(_queue, __self__, name, manager, clock, configuration)
    limits = providers.ThreadSafeSingleton(_limits, opened, clock, configuration)
    listeners = providers.ThreadSafeSingleton(PluginListeners, name, manager)
    storage = providers.ThreadSafeSingleton(_storage, opened, name, manager, configuration)
    vault = providers.ThreadSafeSingleton(_one, name, manager, configuration, "vault")
    host = providers.ThreadSafeSingleton(_one, name, manager, configuration, "host")
    bureaus = providers.ThreadSafeSingleton(_bureaus, name, manager)
    guards = providers.ThreadSafeSingleton(_guards, name, manager)
    gateways = providers.ThreadSafeSingleton(_gateways, opened, bureaus, vault)
    tenant = providers.ThreadSafeSingleton(
        Tenant,
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
    )
    integrations = providers.ThreadSafeSingleton(Integrations, tenant)
    queries = providers.ThreadSafeSingleton(Queries, tenant)
    negativations = providers.ThreadSafeSingleton(Negativations, tenant)
    payments = providers.ThreadSafeSingleton(Payments, tenant)
    transmissions = providers.ThreadSafeSingleton(Transmissions, tenant)
    adoption = providers.ThreadSafeSingleton(Adoption, tenant)
    alarms = providers.ThreadSafeSingleton(_alarms, tenant, configuration)
    sweep = providers.ThreadSafeSingleton(Sweep, tenant, payments, transmissions, queries, alarms)
    work = providers.ThreadSafeSingleton(Work, transmissions, sweep)


_containers: dict[str, Container] = {}
_lock = threading.Lock()


def container(tenant: str = "default", configuration: Configuration | None = None) -> Container:
    """The container of a tenant, built at the first call.

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


def forget(tenant: str = "default") -> None:
    """Stop a tenant's workers and let go of its connections; the next `container()` builds anew.

    What was never used is not built in order to be closed.
    """
    with _lock:
        held = _containers.pop(tenant, None)
    if held is not None:
        held.opened().close()
