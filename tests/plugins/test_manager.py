"""The one manager of a process: cheap at start-up, strict about names."""

from __future__ import annotations

import subprocess
import sys

import pluggy
import pytest

from credit_protection import plugin_manager
from credit_protection.plugins import builtin, hookimpl, manager
from tests.plugins.plugin_fixtures import manager_with

HEAVY = (
    "sqlalchemy",
    "httpx",
    "dependency_injector",
    "alembic",
    "cryptography",
    "holidays",
    "credit_protection.adapters",
    "credit_protection.containers",
)


class Misspelt:
    @hookimpl
    def credit_protection_beraus(self) -> None:
        """No such hook exists."""


class AsksTooMuch:
    @hookimpl
    def credit_protection_bureaus(self, tenant: str, database: str) -> None:
        """There is no such argument."""


def test_misspelt_hook_is_an_error() -> None:
    with pytest.raises(pluggy.PluginValidationError, match="credit_protection_beraus"):
        manager_with(Misspelt())


def test_misspelt_hook_is_an_error_when_all_plugins_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = manager_with()
    fresh.register(Misspelt())
    monkeypatch.setattr(manager, "plugin_manager", lambda: fresh)
    with pytest.raises(pluggy.PluginValidationError, match="credit_protection_beraus"):
        manager.all_plugins.__wrapped__()


def test_hook_with_an_unknown_argument_is_an_error() -> None:
    with pytest.raises(pluggy.PluginValidationError, match="database"):
        manager_with(AsksTooMuch())


def test_process_has_one_manager_with_the_built_in_adapters() -> None:
    assert plugin_manager() is plugin_manager()
    assert plugin_manager().get_plugin("credit_protection.builtin") is builtin


def test_start_up_loads_no_heavy_library() -> None:
    program = (
        "import sys, credit_protection\n"
        "credit_protection.plugin_manager()\n"
        "credit_protection.CreditProtection('acme')\n"
        f"heavy = [name for name in sys.modules if name.startswith({HEAVY!r})]\n"
        "print(','.join(sorted(heavy)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
