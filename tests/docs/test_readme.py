"""The README's blocks are run: the shell sessions through the real CLI, the Python block over a fake ERP."""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from credit_protection import Actor, CreditProtection, hookimpl, plugin_manager
from credit_protection.entrypoints.cli.app import app
from credit_protection.hosts import Settlement, SettlementKind
from credit_protection.testing import BureauSimulator, FakeErp

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def sessions() -> list[list[tuple[str, list[str]]]]:
    """Each block of shell commands, as (command, printed lines)."""
    found = []
    for block in re.findall(r"^```\n(\$ .*?)^```", README, re.MULTILINE | re.DOTALL):
        commands: list[tuple[str, list[str]]] = []
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                commands.append((line[2:].partition("  # ")[0].strip(), []))
            else:
                commands[-1][1].append(line)
        found.append(commands)
    return found


def expected(line: str) -> str:
    """A printed line as a pattern: ids of settlements and run-in spaces vary."""
    words = [re.escape(word) for word in line.split()]
    return r"\s+".join("local-[0-9a-f]{6}-1" if word.startswith("local") else word for word in words)


def in_process(line: str, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code and output of a command, without the start of a process."""
    _, *arguments = shlex.split(line)
    done = CliRunner().invoke(app, arguments, input="s\n", env=environment)
    return done.exit_code, done.stdout + done.stderr


def in_a_shell(line: str, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code and output of a command as its reader types it."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S602 - the README's own commands
        line, shell=True, capture_output=True, text=True, check=False, env=os.environ | environment | {"PATH": path},
        input="s\n", timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_shell_session_prints_what_the_readme_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, work, refused = sessions()
    monkeypatch.chdir(tmp_path)
    environment = {"COLUMNS": "160"}
    with BureauSimulator() as bureau:
        code = 0
        for command, printed in [*work, *refused]:
            line = command.replace("http://127.0.0.1:8399", bureau.url)
            if line.startswith(". "):
                continue
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").partition("=")
                environment[name] = str(tmp_path) if name.endswith("HOME") else value
                continue
            if line == "echo $?":
                assert printed == [str(code)]
                continue
            run = in_process if (command, printed) in work else in_a_shell
            code, text = run(line, environment)
            assert code in (0, 1), text
            for each in printed:
                assert re.search(expected(each.removesuffix(" s")), text), (line, each, text)
        assert bureau.counts()["removed"] == 1


class HostPlugin:
    def __init__(self, erp: FakeErp) -> None:
        self.erp = erp

    @hookimpl
    def credit_protection_host(self) -> FakeErp:
        return self.erp


def test_the_python_block_negativates_and_records_the_payment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [block] = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("CREDIT_PROTECTION_HOME", str(tmp_path))
    erp, actor = FakeErp(), Actor.with_role("ana", "Ana", "administrador")
    erp.add_customer("1", "90000900168")
    invoice = erp.add_invoice("10", "1", date.today() - timedelta(days=60))  # noqa: DTZ011
    manager = plugin_manager()
    before = set(manager.get_plugins())
    manager.register(HostPlugin(erp))
    protection = CreditProtection()
    try:
        with BureauSimulator() as bureau:
            login = {"client_id": "demo-client", "client_secret": "demo-secret", "base_url": bureau.url}
            made = protection.integrations.register(
                actor, gateway="credito_na_medida", description="Birô", creditor_id=erp.creditor.id, parameters=login
            )
            protection.integrations.synchronise(actor, made.id)
            names = {
                "my_erp": erp,
                "actor": actor,
                "integration_id": made.id,
                "customer_id": "1",
                "invoice_ids": ["10"],
                "nature_code": "DEV",
                "settlement": Settlement("pay-1", "10", SettlementKind.PAYMENT, date.today(), invoice.amount),  # noqa: DTZ011
                "your_connection": sqlite3.connect(tmp_path / "credit_protection.sqlite"),
            }
            exec(block, names)  # noqa: S102 - the README's own block
            [negativation] = protection.negativations.list(actor).items
            assert negativation.desired.value == "removed"
    finally:
        protection.close()
        for plugin in set(manager.get_plugins()) - before:
            manager.unregister(plugin)


def test_links_to_each_kind_of_user_are_there() -> None:
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert [each for each in headings if each.startswith("You ")] == [
        "You operate it",
        "You develop an ERP",
        "You integrate a bureau",
        "You write property-based tests",
    ]
