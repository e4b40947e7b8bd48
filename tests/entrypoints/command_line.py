"""The command line in this process, and the stores behind its back."""

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

SECRET = "demo-secret"
ADMINISTRATOR = Actor.with_role("test", "Teste", "administrador")

# What a command prints as JSON is read key by key: Any is what that means.
Document = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """One command's run."""

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
        """What went wrong, as JSON."""
        error: Document = self.document["error"]
        return error

    @property
    def codes(self) -> list[str]:
        """Of the findings."""
        return [finding["code"] for finding in self.error["findings"]]


@dataclass(frozen=True)
class Cli:
    """Runs commands on an installation."""

    home: Path

    def run(self, *arguments: str, expect: int = 0, answers: str | None = None) -> Ran:
        """Run a command, and check its exit code."""
        result = CliRunner().invoke(app, list(arguments), input=answers)
        assert result.exit_code == expect, f"{arguments}: {result.exit_code}\n{result.stdout}\n{result.stderr}"
        return Ran(result.exit_code, result.stdout, result.stderr)

    def json(self, *arguments: str, expect: int = 0) -> Ran:
        """Run a command for a program."""
        return self.run(*arguments, "--json", expect=expect)

    def id_of(self, *arguments: str) -> str:
        """The id that a command's JSON has."""
        return str(self.json(*arguments).document["id"])

    def negativate(self, customer: str, invoice: str, nature: str, *further: str, expect: int = 0) -> Ran:
        """Ask for one negativation, for a program."""
        asked = ("--customer", customer, "--invoice", invoice, "--nature", nature, "--yes")
        return self.json("negativate", *asked, *further, expect=expect)


@dataclass(frozen=True)
class Stores:
    """What is stored, read behind the command line's back."""

    home: Path

    def _facade(self) -> CreditProtection:
        url = f"sqlite:///{self.home / 'credit_protection.sqlite'}"
        return CreditProtection("behind", Configuration(self.home, url))

    def negativations(self) -> list[Negativation]:
        """All, the newest first."""
        protection = self._facade()
        try:
            return list(protection.negativations.list(ADMINISTRATOR).items)
        finally:
            protection.close()

    def queries(self) -> list[CreditQuery]:
        """All, the newest first."""
        protection = self._facade()
        try:
            return list(protection.queries.list(ADMINISTRATOR).items)
        finally:
            protection.close()

    def count(self, table: str) -> int:
        """Rows of one of our tables."""
        with sqlite3.connect(self.home / "credit_protection.sqlite") as connection:
            ((count,),) = connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name from the test
        return int(count)

    def pause(self, until: str, why: str) -> None:
        """Pause the integrations, as the breaker does."""
        with sqlite3.connect(self.home / "credit_protection.sqlite") as connection:
            connection.execute("UPDATE cp_integration SET paused_until = ?, pause_reason = ?", (until, why))

    def change_erp(self, sql: str, *values: object) -> None:
        """Make the local ERP hold what a bad ERP would."""
        with sqlite3.connect(self.home / "erp.sqlite") as connection:
            connection.execute(sql, values)
