"""What plugins contribute to one tenant, gathered from the hooks, and the events that they are notified of."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pluggy

from credit_protection.domain.actors import Actor
from credit_protection.domain.alarms import Alarm
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.divergences import Divergence
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.events import Event
from credit_protection.domain.findings import Finding
from credit_protection.domain.guards import Candidate, Guard, InclusionTerms
from credit_protection.domain.queries import CreditQuery
from credit_protection.domain.troubles import TroubleKind
from credit_protection.plugins.hook_runner import HookRunner
from credit_protection.ports.bureau import GatewayProvider
from credit_protection.ports.troubles import Troubles

log = logging.getLogger(__name__)


def gateway_providers(
    tenant: str, manager: pluggy.PluginManager, troubles: Troubles | None = None
) -> Sequence[GatewayProvider]:
    """Return the gateway providers of all plugins, without those of a plugin that fails.

    Raises:
        ConfigurationError: two of them have one code.
    """
    troubles = troubles or Troubles()
    providers: list[GatewayProvider] = []
    codes: list[str] = []
    for plugin, given in _given(manager, "bureaus", tenant, troubles):
        for provider in given or ():
            try:
                code: object = provider.code
                capabilities: object = provider.capabilities
            except Exception as error:
                log.exception("a gateway of the plugin %s can't be used", plugin)
                _report(troubles, plugin, f"um gateway falhou: {type(error).__name__}")
                continue
            if isinstance(code, str) and isinstance(capabilities, Capabilities):
                providers.append(provider)
                codes.append(code)
            else:
                _report(troubles, plugin, "um gateway não diz seu código ou o que sabe fazer")
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        raise ConfigurationError(
            f"Dois plugins oferecem o gateway {repeated[0]!r}. Desinstale um deles.", code="gateway_repetido"
        )
    return providers


def guards(tenant: str, manager: pluggy.PluginManager, troubles: Troubles | None = None) -> Sequence[Guard]:
    """Return the extra guards of all plugins; for a plugin that fails to give its own, one that always fails."""
    found: list[Guard] = []
    for plugin, given in _given(manager, "guards", tenant, troubles or Troubles()):
        if given is None:
            found.append(_MissingGuards(plugin))
        else:
            found += given
    return found


class _MissingGuards:
    """Stands for the guards of a plugin that gave none: what it would have vetoed must not be sent."""

    def __init__(self, plugin: str) -> None:
        self.__module__, self.__qualname__ = "plugin", plugin

    def __call__(self, _candidate: Candidate, _terms: InclusionTerms) -> list[Finding]:
        raise ConfigurationError(f"O plugin {self.__qualname__} não dá as suas verificações.", code="plugin_defeituoso")


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


def _given(
    manager: pluggy.PluginManager, name: str, tenant: str, troubles: Troubles
) -> Iterator[tuple[str, list[Any] | None]]:
    """What each plugin gives, by its name; None where it failed, or gave no list. The others count all the same."""
    for implementation in reversed(getattr(manager.hook, f"credit_protection_{name}").get_hookimpls()):
        plugin = implementation.plugin_name
        try:
            given = implementation.function(*({"tenant": tenant}[each] for each in implementation.argnames))
            if isinstance(given, (str, bytes)):
                raise TypeError(type(given).__name__)  # noqa: TRY301 - reported below, as what it raises itself
            found = [] if given is None else list(given)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            log.exception("the plugin %s failed to give its %s", plugin, name)
            _report(troubles, plugin, f"falhou em credit_protection_{name}: {type(error).__name__}")
            yield plugin, None
        else:
            yield plugin, found


def _report(troubles: Troubles, plugin: str, what: str) -> None:
    message = f"O plugin {plugin} {what}. O que ele daria não está aqui. Corrija-o ou desinstale-o, e reinicie."
    troubles.report(TroubleKind.PLUGIN, plugin, message)


class PluginListeners:
    """`ports.events.Listeners` over the event hooks: each plugin is called apart, and what it raises is logged.

    Args:
        tenant: passed to the hooks.
        manager: gives the hooks.
        troubles: where a hook is reported that does not return.
        time_limit: seconds after which a hook that has not returned is no longer waited for, nor called.
    """

    def __init__(
        self, tenant: str, manager: pluggy.PluginManager, troubles: Troubles | None = None, time_limit: float = 10.0
    ) -> None:
        self._tenant = tenant
        self._hook = manager.hook
        self._runner = HookRunner(troubles or Troubles(), time_limit)

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
            given = [arguments[name] for name in implementation.argnames]
            self._runner.run(implementation.plugin_name, hook, partial(implementation.function, *given))
