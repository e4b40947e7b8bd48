"""What plugins contribute to one tenant, gathered from the hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credit_protection.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pluggy

    from credit_protection.domain.actors import Actor
    from credit_protection.domain.guards import Guard
    from credit_protection.ports.bureau import GatewayProvider


def gateway_providers(tenant: str, manager: pluggy.PluginManager) -> Sequence[GatewayProvider]:
    """Return the gateway providers of all plugins.

    Raises:
        ConfigurationError: two of them have one code.
    """
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
    """Return what the first plugin gives that implements an adapter's hook.

    Raises:
        ConfigurationError: no plugin gives one.
    """
    given = getattr(manager.hook, f"credit_protection_{name}")(**arguments)
    if given is None:
        raise ConfigurationError(f"Nenhum plugin oferece {name}.", code="plugin_ausente")
    return given


def _all(manager: pluggy.PluginManager, name: str, tenant: str) -> list[Any]:
    given = getattr(manager.hook, f"credit_protection_{name}")(tenant=tenant)
    return [item for items in given if items for item in items]
