"""Plugins: how an ERP or a bureau is plugged in.

`hookspecs` is the whole contract on one page; `hookimpl` marks an implementation.
"""

from credit_protection.plugins.hookspecs import PROJECT, hookimpl
from credit_protection.plugins.manager import all_plugins, plugin_manager

__all__ = ["PROJECT", "all_plugins", "hookimpl", "plugin_manager"]
