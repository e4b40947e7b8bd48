"""The one plugin manager of a process."""

from __future__ import annotations

import functools

import pluggy

from credit_protection.plugins import builtin, hookspecs

GROUP = "credit_protection.plugins"


@functools.cache
def plugin_manager() -> pluggy.PluginManager:
    """Return the plugin manager: hooks declared, built-in adapters registered.

    Cheap: no adapter, no SQLAlchemy, no httpx, no container is loaded, and no installed package is searched yet.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(builtin, "credit_protection.builtin")
    return manager


@functools.cache
def all_plugins() -> pluggy.PluginManager:
    """Return the plugin manager with the installed plugins (entry points) too; they are searched for once.

    Raises:
        pluggy.PluginValidationError: a plugin implements a hook that does not exist.
    """
    manager = plugin_manager()
    manager.load_setuptools_entrypoints(GROUP)
    manager.check_pending()
    return manager
