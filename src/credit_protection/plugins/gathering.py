"""What plugins contribute to one tenant, gathered from the hooks, and the events that they are notified of."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pluggy

from credit_protection.domain.actors import Actor
from credit_protection.domain.alarms import Alarm
from credit_protection.domain.divergences import Divergence
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.events import Event
from credit_protection.domain.guards import Guard
from credit_protection.domain.queries import CreditQuery
from credit_protection.ports.bureau import GatewayProvider

log = logging.getLogger(__name__)


def gateway_providers(tenant: str, manager: pluggy.PluginManager) -> Sequence[GatewayProvider]:
    """Return the gateway providers of all plugins. Raises `ConfigurationError`: two of them have one code."""
    providers: list[GatewayProvider] = _all(manager, "bureaus", tenant)
    codes = [provider.code for provider in providers]
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        raise ConfigurationError(
            f"Dois plugins oferecem o gateway {repeated[0]!r}. Desinstale um deles.", code="gateway_repetido"
        )
    return providers


def guards(tenant: str, manager: pluggy.PluginManager) -> Sequence[Guard]:
    """Return the extra guards of all plugins."""
    return _all(manager, "guards", tenant)


def navigation(tenant: str, manager: pluggy.PluginManager, actor: Actor) -> Sequence[Mapping[str, str]]:
    """Return the menu entries of all plugins that declare no permission, or one that the actor has."""
    allowed = {"", *(permission.value for permission in actor.permissions)}
    return [entry for entry in _all(manager, "navigation", tenant) if entry.get("permission", "") in allowed]


def single_implementation(manager: pluggy.PluginManager, name: str, **arguments: object) -> Any:  # noqa: ANN401
    """Return what the first plugin gives that implements an adapter's hook, or raise `ConfigurationError`."""
    given = getattr(manager.hook, f"credit_protection_{name}")(**arguments)
    if given is None:
        raise ConfigurationError(f"Nenhum plugin oferece {name}.", code="plugin_ausente")
    return given


def _all(manager: pluggy.PluginManager, name: str, tenant: str) -> list[Any]:
    given = getattr(manager.hook, f"credit_protection_{name}")(tenant=tenant)
    return [item for items in given if items for item in items]


class PluginListeners:
    """`ports.events.Listeners` over the event hooks: each plugin is called apart, and what it raises is logged."""

    def __init__(self, tenant: str, manager: pluggy.PluginManager) -> None:
        self._tenant = tenant
        self._hook = manager.hook

    def negativation_event(self, events: Iterable[Event]) -> None:
        """Report each event of a negativation, in order."""
        for event in events:
            self._call("credit_protection_negativation_event", event=event)

    def query_answered(self, query: CreditQuery) -> None:
        """Report the outcome of a credit query."""
        self._call("credit_protection_query_answered", query=query)

    def divergence(self, divergences: Iterable[Divergence]) -> None:
        """Report each divergence, as it is stored now."""
        for divergence in divergences:
            self._call("credit_protection_divergence", divergence=divergence)

    def alarm(self, alarm: Alarm) -> None:
        """Report what needs a person."""
        self._call("credit_protection_alarm", alarm=alarm)

    def _call(self, hook: str, **arguments: object) -> None:
        arguments["tenant"] = self._tenant
        for implementation in reversed(getattr(self._hook, hook).get_hookimpls()):
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception:
                log.exception("an event hook failed", extra={"hook": hook, "plugin": implementation.plugin_name})
