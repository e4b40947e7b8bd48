"""The one manager of a process: cheap at start-up, strict about names."""

from __future__ import annotations

import subprocess
import sys

import pluggy
import pytest

from credit_protection import plugin_manager
from credit_protection.plugins import builtin, hookimpl, manager
from tests.plugins.plugged import manager_with

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
        """Nobody would ever call it."""


class AsksTooMuch:
    @hookimpl
    def credit_protection_bureaus(self, tenant: str, database: str) -> None:
        """There is no such argument."""


def test_a_misspelt_hook_is_an_error() -> None:
    with pytest.raises(pluggy.PluginValidationError, match="credit_protection_beraus"):
        manager_with(Misspelt())


def test_a_misspelt_hook_is_an_error_when_all_plugins_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = manager_with()
    fresh.register(Misspelt())
    monkeypatch.setattr(manager, "plugin_manager", lambda: fresh)
    with pytest.raises(pluggy.PluginValidationError, match="credit_protection_beraus"):
        manager.all_plugins.__wrapped__()


def test_a_hook_that_asks_for_what_is_not_given_is_an_error() -> None:
    with pytest.raises(pluggy.PluginValidationError, match="database"):
        manager_with(AsksTooMuch())


def test_there_is_one_manager_a_process_with_our_own_adapters_in_it() -> None:
    assert plugin_manager() is plugin_manager()
    assert plugin_manager().get_plugin("credit_protection.builtin") is builtin


def test_starting_loads_nothing_that_an_erp_would_pay_for() -> None:
    program = (
        "import sys, credit_protection\n"
        "credit_protection.plugin_manager()\n"
        "credit_protection.CreditProtection('acme')\n"
        f"heavy = [name for name in sys.modules if name.startswith({HEAVY!r})]\n"
        "print(','.join(sorted(heavy)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
