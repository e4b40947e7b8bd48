"""The command line in this process, and what an installation has stored."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from credit_protection import CreditProtection
from credit_protection.domain.actors import Actor
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.queries import CreditQuery
from credit_protection.entrypoints.cli.app import app
from credit_protection.plugins.configuration import Configuration
from tests.entrypoints import json_schemas

SECRET = "demo-secret"
ADMINISTRATOR = Actor.with_role("test", "Teste", "administrador")

# What a command prints as JSON is read key by key: Any is what that means.
Document = dict[str, Any]


@dataclass(frozen=True)
class CommandResult:
    """The result of one command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Document:
        """The one JSON document on stdout."""
        read: Document = json.loads(self.stdout)
        return read

    @property
    def error(self) -> Document:
        """The error document."""
        error: Document = self.document["error"]
        return error

    @property
    def codes(self) -> list[str]:
        """The codes of the findings of an error."""
        return [finding["code"] for finding in self.error["findings"]]


@dataclass(frozen=True)
class Cli:
    """Runs commands on an installation."""

    home: Path

    def run(self, *arguments: str, expect: int = 0, answers: str | None = None) -> CommandResult:
        """Run a command, and check its exit code."""
        result = CliRunner().invoke(app, list(arguments), input=answers)
        assert result.exit_code == expect, f"{arguments}: {result.exit_code}\n{result.stdout}\n{result.stderr}"
        return CommandResult(result.exit_code, result.stdout, result.stderr)

    def json(self, *arguments: str, expect: int = 0) -> CommandResult:
        """Run a command with `--json`, and check what it prints against its schema."""
        result = self.run(*arguments, "--json", expect=expect)
        json_schemas.check(arguments, result.document)
        return result

    def id_of(self, *arguments: str) -> str:
        """The id in a command's document."""
        return str(self.json(*arguments).document["id"])

    def negativate(self, customer: str, invoice: str, nature: str, *further: str, expect: int = 0) -> CommandResult:
        """Negativate one invoice, with `--json`."""
        asked = ("--customer", customer, "--invoice", invoice, "--nature", nature, "--yes")
        return self.json("negativate", *asked, *further, expect=expect)


@dataclass(frozen=True)
class StoredData:
    """What an installation has stored, read without the command line."""

    home: Path

    def _facade(self) -> CreditProtection:
        url = f"sqlite:///{self.home / 'credit_protection.sqlite'}"
        return CreditProtection("stored", Configuration(self.home, url))

    def negativations(self) -> list[Negativation]:
        """All negativations, newest first."""
        protection = self._facade()
        try:
            return list(protection.negativations.list(ADMINISTRATOR).items)
        finally:
            protection.close()

    def queries(self) -> list[CreditQuery]:
        """All credit queries, newest first."""
        protection = self._facade()
        try:
            return list(protection.queries.list(ADMINISTRATOR).items)
        finally:
            protection.close()

    def count(self, table: str) -> int:
        """How many rows one of our tables has."""
        with sqlite3.connect(self.home / "credit_protection.sqlite") as connection:
            ((count,),) = connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name from the test
        return int(count)

    def pause(self, until: str, reason: str) -> None:
        """Pause the integrations, as the circuit breaker does."""
        with sqlite3.connect(self.home / "credit_protection.sqlite") as connection:
            connection.execute("UPDATE cp_integration SET paused_until = ?, pause_reason = ?", (until, reason))

    def change_erp(self, sql: str, *values: object) -> None:
        """Write into the local ERP what only a faulty ERP has."""
        with sqlite3.connect(self.home / "erp.sqlite") as connection:
            connection.execute(sql, values)
